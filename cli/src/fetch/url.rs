//! Addresses of endpoints, as far as they are needed: scheme, host, port, path and query.

use std::path::PathBuf;

/// Where to ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Url {
    pub(crate) place: Place,
    pub(crate) secure: bool,
    /// Path and query, as the request has them.
    pub(crate) target: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// A host, without the brackets of IPv6, and a port.
    Tcp(String, u16),
    Unix(PathBuf),
}

/// What is asked for where nothing is said.
const PATH: &str = "/metrics";

impl Url {
    /// Whether a name is meant as a URL and not as a file.
    pub(crate) fn is_one(name: &str) -> bool {
        name.contains("://") || name.starts_with("unix:")
    }

    /// Reads `http://host:port/path`, `https://…`, `host:port`, `unix:/socket` and `unix:/socket:/path`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let refused = |why: &str| Err(format!("{text:?} is no address: {why}"));
        if text.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return refused("it has blanks or control characters in it");
        }
        if let Some(rest) = text.strip_prefix("unix:") {
            let (socket, target) = match rest.split_once(":/") {
                Some((socket, path)) => (socket, format!("/{path}")),
                None => (rest, PATH.to_owned()),
            };
            let place = Place::Unix(PathBuf::from(socket.strip_prefix("//").unwrap_or(socket)));
            return Ok(Url { place, secure: false, target });
        }
        let (secure, rest) = match text.split_once("://") {
            None => (false, text),
            Some(("http", rest)) => (false, rest),
            Some(("https", rest)) => (true, rest),
            Some(_) => return refused("it begins with http:// or https://"),
        };
        let (authority, target) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        if authority.contains('@') {
            return refused("names and passwords are given by --basic, where they are not kept in logs");
        }
        let (host, port) = match authority.strip_prefix('[') {
            Some(inner) => match inner.split_once(']') {
                Some((host, port)) => (host, port),
                None => return refused("the bracket of its IPv6 address is not closed"),
            },
            None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
        };
        let port = match port.strip_prefix(':') {
            None if port.is_empty() => Some(if secure { 443 } else { 80 }),
            None => None,
            Some(port) => port.parse().ok().filter(|port| *port > 0),
        };
        let Some(port) = port else { return refused("its port is a number from 1 to 65535") };
        if host.is_empty() {
            return refused("it has no host");
        }
        let target = target.split('#').next().unwrap_or_default();
        let target = match target {
            "" => PATH.to_owned(),
            query if query.starts_with('?') => format!("{PATH}{query}"),
            path => path.to_owned(),
        };
        Ok(Url { place: Place::Tcp(host.to_owned(), port), secure, target })
    }

    /// What a `Host` header says.
    pub(crate) fn host(&self) -> String {
        match &self.place {
            Place::Unix(_) => "localhost".to_owned(),
            Place::Tcp(host, port) => {
                let host = if host.contains(':') { format!("[{host}]") } else { host.clone() };
                if *port == if self.secure { 443 } else { 80 } { host } else { format!("{host}:{port}") }
            }
        }
    }

    /// Where a redirect leads, if that is the same origin: credentials are for no other.
    pub(crate) fn redirected(&self, location: &str) -> Option<Url> {
        if location.starts_with('/') && !location.starts_with("//") {
            return Some(Url { target: location.to_owned(), ..self.clone() });
        }
        let other = Url::parse(location).ok()?;
        (Url::is_one(location) && other.place == self.place && other.secure == self.secure).then_some(other)
    }
}

impl std::fmt::Display for Url {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.place {
            Place::Unix(path) => write!(f, "unix:{}:{}", path.display(), self.target),
            Place::Tcp(..) => write!(f, "http{}://{}{}", if self.secure { "s" } else { "" }, self.host(), self.target),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_and_shown() {
        let shown = |text| Url::parse(text).map(|url| url.to_string());
        for (text, url) in [
            ("http://a:9090/x?y=1#z", "http://a:9090/x?y=1"),
            ("https://a", "https://a/metrics"),
            ("127.0.0.1:9090", "http://127.0.0.1:9090/metrics"),
            ("http://[::1]:80/m", "http://[::1]/m"),
            ("http://a?b", "http://a/metrics?b"),
            ("unix:/run/m.sock", "unix:/run/m.sock:/metrics"),
            ("unix:/run/m.sock:/x", "unix:/run/m.sock:/x"),
        ] {
            assert_eq!(shown(text), Ok(url.to_owned()));
        }
        for bad in [
            "",
            "ftp://a",
            "http://",
            "http://a:0",
            "http://a:b",
            "http://u:p@a",
            "http://[::1",
            "http://a b",
            "http://a\r\nX: y",
        ] {
            assert!(Url::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_redirect_stays_in_its_origin() {
        let url = Url::parse("http://a:1/x").unwrap();
        let to = |location| url.redirected(location).map(|url| url.to_string());
        assert_eq!(to("/y"), Some("http://a:1/y".into()));
        assert_eq!(to("http://a:1/z"), Some("http://a:1/z".into()));
        assert_eq!(to("https://a:1/z"), None);
        assert_eq!(to("//b/y"), None);
        assert_eq!(to("http://b:1/y"), None);
        assert_eq!(to("y"), None);
    }
}
