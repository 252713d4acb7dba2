//! Which compression a client wants: reading `Accept-Encoding`.
//!
//! Called by servers once per scrape, with whatever bytes the client sent. What is not understood does not count.

use super::negotiate::quality;

/// How a body is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Encoding {
    /// Not at all.
    #[default]
    Identity,
    /// Gzip.
    Gzip,
    /// Zstandard.
    Zstd,
}

impl Encoding {
    /// The value of the `Content-Encoding` header, which a body that is not packed goes without.
    pub const fn content_encoding(self) -> Option<&'static str> {
        match self {
            Encoding::Identity => None,
            packed => Some(packed.as_str()),
        }
    }

    /// The name that `Accept-Encoding` has for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Encoding::Identity => "identity",
            Encoding::Gzip => "gzip",
            Encoding::Zstd => "zstd",
        }
    }

    /// True if this build can write it (Cargo features `gzip` and `zstd`).
    pub const fn is_available(self) -> bool {
        match self {
            Encoding::Identity => true,
            Encoding::Gzip => cfg!(feature = "gzip"),
            Encoding::Zstd => cfg!(feature = "zstd"),
        }
    }

    /// The available encoding that an `Accept-Encoding` header likes best; zstd before gzip before identity where it
    /// likes them equally. Identity if there is no header (an empty text), or none that it accepts is available.
    pub fn negotiate(accept_encoding: &str) -> Self {
        let mut best = Encoding::Identity;
        // Without a word about it, identity is acceptable, and what the client names is better.
        let mut best_quality = 0.0;
        for encoding in [Encoding::Zstd, Encoding::Gzip, Encoding::Identity] {
            if encoding.is_available() && quality_of(accept_encoding, encoding) > best_quality {
                best_quality = quality_of(accept_encoding, encoding);
                best = encoding;
            }
        }
        best
    }
}

/// How much a header likes an encoding: what it says of it by name, else what it says of `*`, else nothing.
fn quality_of(accept_encoding: &str, wanted: Encoding) -> f32 {
    let mut of_others = 0.0;
    for clause in accept_encoding.split(',') {
        let (name, parameters) = clause.split_once(';').unwrap_or((clause, ""));
        let named = match name.trim().to_ascii_lowercase().as_str() {
            "*" => {
                of_others = quality(parameters);
                continue;
            }
            "gzip" | "x-gzip" => Encoding::Gzip,
            "zstd" => Encoding::Zstd,
            "identity" => Encoding::Identity,
            _ => continue,
        };
        if named == wanted {
            return quality(parameters);
        }
    }
    of_others
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[cfg(all(feature = "gzip", feature = "zstd"))]
    #[test]
    fn the_encoding_with_the_best_quality_is_taken() {
        for (header, expected) in [
            ("", Encoding::Identity),
            ("gzip", Encoding::Gzip),
            ("x-gzip", Encoding::Gzip),
            ("GZIP ; Q=0.5", Encoding::Gzip),
            ("gzip, zstd", Encoding::Zstd),
            ("gzip, deflate, br, zstd", Encoding::Zstd),
            ("gzip;q=1.0, zstd;q=0.9", Encoding::Gzip),
            ("gzip;q=0, zstd;q=0", Encoding::Identity),
            ("identity;q=0, gzip;q=0.1", Encoding::Gzip),
            ("identity;q=0", Encoding::Identity),
            ("identity, gzip;q=0.5", Encoding::Identity),
            ("*", Encoding::Zstd),
            ("*;q=0.5, zstd;q=0", Encoding::Gzip),
            ("gzip;q=0.5, *;q=0", Encoding::Gzip),
            ("br", Encoding::Identity),
            ("gzip;q=nonsense", Encoding::Identity),
            ("gzip;q=NaN", Encoding::Identity),
            (";;,,=;q", Encoding::Identity),
        ] {
            assert_eq!(Encoding::negotiate(header), expected, "{header:?}");
        }
    }

    proptest! {
        #[test]
        fn any_header_is_answered(header in any::<String>(), tail in "[gzip,;q=0.9* zstdentiy]{0,40}") {
            prop_assert!(Encoding::negotiate(&header).is_available());
            prop_assert!(Encoding::negotiate(&tail).is_available());
        }
    }
}
