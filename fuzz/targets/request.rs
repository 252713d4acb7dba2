//! Any bytes as what the endpoint reads of a request: no panic, and answers that follow from each other.
#![no_main]

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use std::time::Duration;
use tykmetrics_server::request::{Credentials, credentials, is_cross_site, query, scrape_timeout};

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    authorization: &'a [u8],
    secret: &'a [u8],
    timeout: &'a [u8],
    ours_ms: u32,
    query: &'a str,
    name: &'a str,
    host: &'a [u8],
    origin: Option<&'a [u8]>,
}

/// RFC 4648, written from its tables and not from ours.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let bits = group.iter().enumerate().fold(0_u32, |bits, (at, &byte)| bits | u32::from(byte) << (16 - 8 * at));
        for at in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * at)) as usize % 64] as char;
            text.push(if at <= group.len() { letter } else { '=' });
        }
    }
    text
}

fuzz_target!(|input: Input<'_>| {
    let _ = credentials(input.authorization);
    let offered = credentials(format!("Basic {}", base64(input.secret)).as_bytes());
    let expected = input.secret.contains(&b':').then(|| Credentials::Basic(input.secret.to_vec()));
    assert_eq!(offered, expected);

    let ours = Duration::from_millis(u64::from(input.ours_ms));
    assert!(scrape_timeout(Some(input.timeout), ours) <= ours);

    let _ = query(input.query);
    let encoded: String = input.name.bytes().map(|byte| format!("%{byte:02x}")).collect();
    assert_eq!(query(&format!("name[]={encoded}")).map(|read| read.names), Ok(vec![input.name.to_owned()]));

    assert!(!is_cross_site(Some(input.host), None, None));
    let own = [b"http://", input.host].concat();
    assert!(!is_cross_site(Some(input.host), Some(&own), Some(b"same-origin")));
    let _ = is_cross_site(Some(input.host), input.origin, None);
});
