//! Answers over HTTP/2 to clients that give them no room.

use crate::support::certificates::Authority;
use crate::support::http2::{DATA, END_STREAM, HEADERS, Http2};
use crate::support::sources::Endless;
use crate::support::*;
use crate::tls::curl;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;
use tykmetrics_server::config::Config;

/// `:status: 200` in HPACK.
const OK: u8 = 0x88;

#[test]
fn a_scrape_whose_time_is_over_gives_its_place_up_though_nobody_asks_for_it() {
    let authority = Authority::new();
    let mut config = Config { tls: authority.tls(), ..config() };
    config.limits.concurrent_scrapes = 3;
    config.limits.scrape_timeout = Duration::from_secs(1);
    // Longer than the test: it is not the connection's end that frees the places.
    config.limits.header_timeout = PATIENCE * 3;
    let (source, gone) = Endless::new();
    let running = start(config, source);
    let mut client = Http2::connect(&running, &authority, 0);
    for _ in 0..3 {
        let stream = client.ask("GET", "/metrics").expect("sent");
        let head = client.read_until(|frame| frame.kind == HEADERS && frame.stream == stream);
        assert_eq!(head.payload[0], OK);
    }
    until("the sources are told", || {
        // Other requests go on.
        client.ask("HEAD", "/health").expect("sent");
        gone.load(SeqCst) == 3
    });
    // The thread's own hold goes a moment after its source is told. This one has no end either, and is cut off.
    until("others may scrape", || matches!(curl(&running, &authority.file, &["--http1.1"]), Err(18 | 56)));
    client.ask("HEAD", "/health").expect("the connection goes on");
}

#[test]
fn a_connection_is_closed_that_has_an_answer_of_which_nothing_is_taken() {
    let authority = Authority::new();
    let mut config = Config { tls: authority.tls(), ..config() };
    config.limits.scrape_timeout = Duration::from_millis(200);
    config.limits.header_timeout = Duration::from_secs(2);
    let running = start(config, large(4_000));
    let mut client = Http2::connect(&running, &authority, 0);
    client.ask("GET", "/metrics").expect("sent");
    until("it is closed, whatever else it asks", || {
        std::thread::sleep(Duration::from_millis(50));
        client.ask("HEAD", "/health").is_err()
    });
}

#[test]
fn a_scrape_has_its_place_until_its_last_chunk_is_taken() {
    let authority = Authority::new();
    let mut config = Config { tls: authority.tls(), ..config() };
    config.limits.concurrent_scrapes = 1;
    config.limits.scrape_timeout = PATIENCE * 3;
    // A batch, and no more.
    let registry = large(4_000);
    let length = registry.render(tykmetrics::Format::Text).len();
    assert!((70_000..250_000).contains(&length), "{length}");
    let running = start(config, registry);
    let scrape = || curl(&running, &authority.file, &[]);
    let mut client = Http2::connect(&running, &authority, 0);
    for _ in 0..2 {
        let stream = client.ask("GET", "/metrics").expect("sent");
        let head = client.read_until(|frame| frame.kind == HEADERS && frame.stream == stream);
        assert_eq!(head.payload[0], OK, "a place is free");
        assert_eq!(scrape().as_deref(), Ok("503 2"));
        client.give(stream, 1 << 20);
        client.give(0, 1 << 20);
        let is_last = |flags| flags & END_STREAM != 0;
        client.read_until(|frame| frame.kind == DATA && frame.stream == stream && is_last(frame.flags));
    }
    assert_eq!(scrape().as_deref(), Ok("200 2"));
}
