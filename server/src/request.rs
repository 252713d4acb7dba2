//! What is read out of a request: pure functions over bytes that a client sent. Called by `answer` and `auth`, and fuzzed.
//!
//! Promised: no input panics or takes time beyond its length. What is not understood does not count, except in a query
//! about what to show, where it is an error.

use std::time::Duration;
use tykmetrics::Format;

/// What is offered as proof of who asks.
#[derive(Clone, PartialEq, Eq)]
pub enum Credentials {
    /// A name and a password, with the colon between them, as they were encoded.
    Basic(Vec<u8>),
    /// A token.
    Bearer(Vec<u8>),
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Secrets do not belong in logs.
        f.write_str(match self {
            Credentials::Basic(_) => "Basic(..)",
            Credentials::Bearer(_) => "Bearer(..)",
        })
    }
}

/// The credentials of an `Authorization` header.
pub fn credentials(header: &[u8]) -> Option<Credentials> {
    let space = header.iter().position(|&byte| byte == b' ')?;
    let (scheme, rest) = header.split_at(space);
    let rest = rest.trim_ascii();
    if scheme.eq_ignore_ascii_case(b"basic") {
        let pair = decode_base64(rest)?;
        pair.contains(&b':').then_some(Credentials::Basic(pair))
    } else if scheme.eq_ignore_ascii_case(b"bearer") && !rest.is_empty() {
        Some(Credentials::Bearer(rest.to_vec()))
    } else {
        None
    }
}

/// RFC 4648's base 64, with or without padding.
fn decode_base64(text: &[u8]) -> Option<Vec<u8>> {
    let unpadded = text.strip_suffix(b"==").or_else(|| text.strip_suffix(b"=")).unwrap_or(text);
    if unpadded.len() % 4 == 1 || (unpadded.len() < text.len() && !text.len().is_multiple_of(4)) {
        return None;
    }
    let mut decoded = Vec::with_capacity(unpadded.len() / 4 * 3 + 2);
    for group in unpadded.chunks(4) {
        let mut bits = 0_u32;
        for &letter in group {
            bits = bits << 6 | u32::from(sextet(letter)?);
        }
        // Letters that are not there are zeros, whose bytes are not there either.
        bits <<= 6 * (4 - group.len());
        let bytes = bits.to_be_bytes();
        decoded.extend_from_slice(&bytes[1..group.len()]);
    }
    Some(decoded)
}

fn sextet(letter: u8) -> Option<u8> {
    Some(match letter {
        b'A'..=b'Z' => letter - b'A',
        b'a'..=b'z' => letter - b'a' + 26,
        b'0'..=b'9' => letter - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    })
}

/// How long a scrape may take: `ours`, or less if `X-Prometheus-Scrape-Timeout-Seconds` says so.
pub fn scrape_timeout(header: Option<&[u8]>, ours: Duration) -> Duration {
    let seconds = header.and_then(|header| std::str::from_utf8(header).ok()?.trim().parse::<f64>().ok());
    match seconds {
        Some(seconds) if seconds > 0.0 => Duration::try_from_secs_f64(seconds).map_or(ours, |theirs| theirs.min(ours)),
        _ => ours,
    }
}

/// What a query asks of a scrape.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Query {
    /// Only these families (`name[]=`); all if there is none.
    pub names: Vec<String>,
    /// The format by its name (`format=`), stronger than `Accept`.
    pub format: Option<Format>,
}

/// The query of a scrape's address. Parameters that mean nothing here are ignored, as other exporters do.
///
/// # Errors
/// What is wrong with a parameter that means something, for the client to read.
pub fn query(text: &str) -> Result<Query, String> {
    let mut read = Query::default();
    for pair in text.split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        match decode_percent(name).as_slice() {
            b"name[]" => {
                let name = String::from_utf8(decode_percent(value))
                    .map_err(|_| "name[] is not UTF-8; give the name of a family".to_owned())?;
                read.names.push(name);
            }
            b"format" => {
                let name = decode_percent(value);
                let format = Format::from_name(&String::from_utf8_lossy(&name));
                read.format = Some(format.map_err(|error| error.message().to_owned())?);
            }
            _ => {}
        }
    }
    Ok(read)
}

/// `%41` and `+` as what they stand for; what is not whole stands for itself.
fn decode_percent(text: &str) -> Vec<u8> {
    let mut rest = text.as_bytes();
    let mut decoded = Vec::with_capacity(rest.len());
    while let [first, behind @ ..] = rest {
        let byte = match (first, behind) {
            (b'%', [high, low, after @ ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                rest = after;
                hex(*high) << 4 | hex(*low)
            }
            (b'+', _) => {
                rest = behind;
                b' '
            }
            _ => {
                rest = behind;
                *first
            }
        };
        decoded.push(byte);
    }
    decoded
}

fn hex(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => (digit.to_ascii_lowercase() - b'a') + 10,
    }
}

/// True if a browser sends the request on behalf of a page of somebody else's: what changes something is refused then.
pub fn is_cross_site(host: Option<&[u8]>, origin: Option<&[u8]>, fetch_site: Option<&[u8]>) -> bool {
    if fetch_site.is_some_and(|site| site != b"same-origin" && site != b"none") {
        return true;
    }
    let Some(origin) = origin else { return false };
    let of_origin = ["https://", "http://"].iter().find_map(|scheme| origin.strip_prefix(scheme.as_bytes()));
    of_origin.is_none() || of_origin != host
}

#[cfg(test)]
mod tests {
    use super::*;

    fn basic(pair: &str) -> Option<Credentials> {
        Some(Credentials::Basic(pair.into()))
    }

    #[test]
    fn credentials_are_read_whatever_the_case_of_their_scheme() {
        for (header, expected) in [
            // RFC 7617's own example.
            ("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", basic("Aladdin:open sesame")),
            ("basic  dGVzdDoxMjPCow==", basic("test:123\u{a3}")),
            ("BASIC Og==", basic(":")),
            ("Basic Og", basic(":")),
            ("Basic YTpiOmM=", basic("a:b:c")),
            ("Bearer mF_9.B5f-4.1JqM", Some(Credentials::Bearer(b"mF_9.B5f-4.1JqM".to_vec()))),
            ("bearer x", Some(Credentials::Bearer(b"x".to_vec()))),
        ] {
            assert_eq!(credentials(header.as_bytes()), expected, "{header}");
        }
        for header in [
            "",
            "Basic",
            "Basic ",
            "Bearer",
            "Bearer ",
            "Basic YQ==",
            "Basic Og===",
            "Basic O",
            "Basic Og=",
            "Basic O\u{e9}==",
            "Digest a:b",
        ] {
            assert_eq!(credentials(header.as_bytes()), None, "{header}");
        }
    }

    #[test]
    fn the_shorter_timeout_wins_and_nonsense_is_none() {
        let ours = Duration::from_secs(30);
        for (header, expected) in [
            ("10", 10.0),
            (" 0.5 ", 0.5),
            ("60", 30.0),
            ("1e400", 30.0),
            ("inf", 30.0),
            ("1e30", 30.0),
            ("NaN", 30.0),
            ("-1", 30.0),
            ("0", 30.0),
            ("", 30.0),
            ("soon", 30.0),
        ] {
            assert_eq!(scrape_timeout(Some(header.as_bytes()), ours).as_secs_f64(), expected, "{header:?}");
        }
        assert_eq!(scrape_timeout(None, ours), ours);
    }

    #[test]
    fn a_query_names_families_and_a_format() {
        let read = query("name[]=up&name%5B%5D=a%20b+c&collect[]=x&&format=openmetrics&=").expect("all is known");
        assert_eq!(read.names, ["up", "a b c"]);
        assert_eq!(read.format, Some(Format::OpenMetrics));
        assert_eq!(query(""), Ok(Query::default()));
        assert_eq!(query("name[]=100%").expect("a percent sign by itself").names, ["100%"]);
        assert!(query("format=xml").is_err_and(|error| error.contains("openmetrics")));
        assert!(query("name[]=%ff").is_err());
    }

    #[test]
    fn a_page_of_somebody_else_is_known_by_what_its_browser_says() {
        let host = Some(&b"metrics:9090"[..]);
        let cross = |origin: Option<&str>, site: Option<&str>| {
            is_cross_site(host, origin.map(str::as_bytes), site.map(str::as_bytes))
        };
        assert!(!cross(None, None), "a program");
        assert!(!cross(Some("http://metrics:9090"), Some("same-origin")));
        assert!(!cross(Some("https://metrics:9090"), None));
        assert!(cross(Some("http://elsewhere"), None));
        assert!(cross(Some("null"), None));
        assert!(cross(Some("http://metrics:9090"), Some("cross-site")));
        assert!(cross(None, Some("same-site")));
    }
}
