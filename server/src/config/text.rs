//! How values are written: durations, sizes, addresses, yes and no. Read here, and written so that they are read again.
//!
//! Called by `place.rs`, and by whoever has an address as text. Nothing here panics or allocates much on any input.

use super::{ConfigError, Listen};
use std::net::Ipv6Addr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

/// The longest path of a socket in the file system: `sun_path` of Linux has 108 bytes, the last of which is zero.
const SOCKET_PATH: usize = 107;

/// What Go's `strconv.ParseBool` takes, and the words of YAML 1.1, which the gateways' files are written in.
pub(super) fn yes_or_no(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "t" | "1" => Some(true),
        "false" | "no" | "off" | "f" | "0" => Some(false),
        _ => None,
    }
}

/// Units of time as Go writes them, and how many of each make a second.
const TIMES: [(&str, f64); 7] =
    [("ns", 1e9), ("us", 1e6), ("µs", 1e6), ("ms", 1e3), ("s", 1.0), ("m", 1.0 / 60.0), ("h", 1.0 / 3600.0)];

/// `30s`, `500ms`, `1h30m`; a number by itself is seconds.
pub(super) fn duration(text: &str) -> Option<Duration> {
    if let Some(seconds) = number(text) {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let (mut rest, mut all) = (text, Duration::ZERO);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let unit = rest[digits..].find(|c: char| c.is_ascii_digit()).map_or(rest.len(), |end| digits + end);
        let (_, per_second) = TIMES.iter().find(|(name, _)| *name == &rest[digits..unit])?;
        let part = Duration::try_from_secs_f64(number(&rest[..digits])? / per_second).ok()?;
        all = all.checked_add(part)?;
        rest = &rest[unit..];
    }
    (!text.is_empty()).then_some(all)
}

/// A number without sign and exponent.
pub(super) fn number(text: &str) -> Option<f64> {
    let plain = text.bytes().all(|b| b.is_ascii_digit() || b == b'.') && text.bytes().any(|b| b.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

/// In the largest unit that says it whole.
pub(super) fn duration_text(duration: Duration) -> String {
    let nanos = duration.as_nanos();
    let units =
        [("h", 3_600_000_000_000), ("m", 60_000_000_000), ("s", 1_000_000_000), ("ms", 1_000_000), ("us", 1_000)];
    match units.iter().find(|(_, unit)| nanos > 0 && nanos.is_multiple_of(*unit)) {
        Some((name, unit)) => format!("{}{name}", nanos / unit),
        None if nanos == 0 => "0s".to_owned(),
        None => format!("{nanos}ns"),
    }
}

const SIZES: [(&str, usize); 7] = [
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("KB", 1_000),
    ("B", 1),
];

/// `16384`, `16KiB`, `64kB`.
pub(super) fn size(text: &str) -> Option<usize> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: usize = text[..digits].parse().ok()?;
    let unit = text[digits..].trim_start();
    let unit = match unit {
        "" => 1,
        _ => SIZES.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit))?.1,
    };
    number.checked_mul(unit)
}

/// In the largest binary unit that says it whole.
pub(super) fn size_text(size: usize) -> String {
    match SIZES[..3].iter().find(|(_, unit)| size > 0 && size.is_multiple_of(*unit)) {
        Some((name, unit)) => format!("{}{name}", size / unit),
        None => size.to_string(),
    }
}

/// What [`Listen`] is written as.
pub(super) const LISTEN: &str =
    "`HOST:PORT`, `[IPv6]:PORT`, `:PORT` for every interface (port 0 for any that is free), or `unix:PATH`";

pub(super) fn listen(text: &str) -> Option<Listen> {
    if let Some(path) = text.strip_prefix("unix:") {
        let fits = !path.is_empty() && path.len() <= SOCKET_PATH && !path.contains('\0');
        return fits.then(|| Listen::Unix(PathBuf::from(path)));
    }
    let (host, port) = text.rsplit_once(':')?;
    // `parse` would take a sign.
    let port = port.bytes().all(|b| b.is_ascii_digit()).then(|| port.parse().ok()).flatten()?;
    let host = match host.strip_prefix('[') {
        Some(inner) => {
            let inner = inner.strip_suffix(']')?;
            let (address, zone) = inner.split_once('%').unwrap_or((inner, "0"));
            let is_name = !zone.is_empty() && zone.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
            (address.parse::<Ipv6Addr>().is_ok() && is_name).then_some(inner)?
        }
        None => host.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b)).then_some(host)?,
    };
    Some(Listen::Tcp(host.to_owned(), port))
}

impl FromStr for Listen {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Listen, ConfigError> {
        listen(text).ok_or_else(|| ConfigError::new(None, format!("{text:?} is no address: {LISTEN} is")))
    }
}

impl std::fmt::Display for Listen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Listen::Tcp(host, port) if host.contains(':') => write!(f, "[{host}]:{port}"),
            Listen::Tcp(host, port) => write!(f, "{host}:{port}"),
            Listen::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// A path that metrics can be served at: below it are routes of ours, beside it `/`, `/health` and `/healthz`.
pub(super) fn is_route(text: &str) -> bool {
    let plain = text.bytes().all(|b| b.is_ascii_graphic() && !b"?#%\"<>\\".contains(&b));
    let parts = text.strip_prefix('/').is_some_and(|rest| rest.split('/').all(|p| !matches!(p, "" | "." | "..")));
    plain && parts && text.len() <= 256 && !["/health", "/healthz"].contains(&text)
}

/// What the names of metrics and labels may begin with in every format.
pub(super) fn is_name(text: &str) -> bool {
    let first = text.bytes().next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_');
    first && text.len() <= 128 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// What a path is shown as.
pub(super) fn path_text(path: &Path) -> String {
    path.display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn durations_are_gos_or_seconds() {
        let of = |text| duration(text).map(|d| d.as_nanos());
        assert_eq!(of("30"), Some(30_000_000_000));
        assert_eq!(of("0.25"), Some(250_000_000));
        assert_eq!(of("1h30m"), Some(5_400_000_000_000));
        assert_eq!(of("100ms"), Some(100_000_000));
        assert_eq!(of("1.5us"), Some(1_500));
        for wrong in
            ["", "s", "30 s", "-1s", "1e3", "soon", "1s2", "1.2.3s", ".", "99999999999999999999h", "inf", "NaN"]
        {
            assert_eq!(of(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn sizes_are_bytes_or_have_a_unit() {
        assert_eq!(size("16384"), Some(16384));
        assert_eq!(size("16KiB"), Some(16384));
        assert_eq!(size("16 kib"), Some(16384));
        assert_eq!(size("2kB"), Some(2000));
        for wrong in ["", "KiB", "16K", "-1", "1.5KiB", "99999999999999999999", "99999999999999GiB"] {
            assert_eq!(size(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn addresses_are_a_host_and_a_port_or_a_socket() {
        let tcp = |host: &str, port| Some(Listen::Tcp(host.to_owned(), port));
        assert_eq!(listen("127.0.0.1:9090"), tcp("127.0.0.1", 9090));
        assert_eq!(listen(":9090"), tcp("", 9090));
        assert_eq!(listen("[::1]:0"), tcp("::1", 0));
        assert_eq!(listen("[fe80::1%eth0]:80"), tcp("fe80::1%eth0", 80));
        assert_eq!(listen("unix:/run/m.sock"), Some(Listen::Unix("/run/m.sock".into())));
        let long = format!("unix:/{}", "s".repeat(SOCKET_PATH));
        for wrong in
            ["9090", "::1:9090", "[::1]", "host:", "host:70000", "host:+1", "a b:1", "unix:", "[host]:1", &long]
        {
            assert_eq!(listen(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn a_route_hides_none_of_the_servers_own() {
        assert!(["/metrics", "/a/b", "/internal/metrics.txt"].iter().all(|path| is_route(path)));
        let wrong = ["", "/", "metrics", "/m/", "//m", "/health", "/healthz", "/a?b", "/a b", "/..", "/a/../b", "/é"];
        assert!(wrong.iter().all(|path| !is_route(path)));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(nanos in 0u64..10_000_000_000_000, bytes: u32, port: u16, v6: u128) {
            let time = Duration::from_nanos(nanos);
            prop_assert_eq!(duration(&duration_text(time)), Some(time));
            prop_assert_eq!(size(&size_text(bytes as usize)), Some(bytes as usize));
            let address = Listen::Tcp(Ipv6Addr::from(v6).to_string(), port);
            prop_assert_eq!(listen(&address.to_string()), Some(address));
        }

        #[test]
        fn no_text_is_too_odd_to_be_refused(text: String) {
            let _ = (duration(&text), size(&text), listen(&text), is_route(&text), yes_or_no(&text));
        }
    }
}
