//! The Content-Security-Policy of the page: its own style and script, by their hashes, and questions to its own server.

use super::index::{SCRIPT, STYLE};
use ring::digest::{SHA256, digest};
use std::sync::OnceLock;

fn hash(text: &str) -> String {
    format!("'sha256-{}'", base64(digest(&SHA256, text.as_bytes()).as_ref()))
}

/// RFC 4648, section 4.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for three in bytes.chunks(3) {
        let bits = (0..3).fold(0, |bits, at| (bits << 8) | usize::from(three.get(at).copied().unwrap_or(0)));
        for digit in 0..4 {
            let there = digit <= three.len();
            out.push(if there { char::from(DIGITS[(bits >> (18 - 6 * digit)) & 63]) } else { '=' });
        }
    }
    out
}

/// The value of the header `Content-Security-Policy` that [`html`](super::html) is served with.
pub fn policy() -> &'static str {
    static POLICY: OnceLock<String> = OnceLock::new();
    POLICY.get_or_init(|| {
        format!(
            "default-src 'none'; script-src {}; style-src {}; img-src data:; connect-src 'self'; base-uri 'none'; \
             form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
            hash(SCRIPT),
            hash(STYLE)
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_standard() {
        // RFC 4648, section 10.
        for (text, digits) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            assert_eq!(base64(text.as_bytes()), digits);
        }
    }

    #[test]
    fn a_hash_is_that_of_the_standard() {
        // The example of CSP Level 3.
        assert_eq!(hash("doSomething();"), "'sha256-RFWPLDbv2BY+rCkDzsE+0fr8ylGr2R2faWMhq4lfEQc='");
    }

    #[test]
    fn nothing_is_allowed_that_is_not_the_pages_own() {
        assert!(policy().starts_with("default-src 'none'; script-src 'sha256-"));
        assert!(!policy().contains("unsafe") && !policy().contains("http") && !policy().contains('*'));
        assert!(policy().is_ascii() && !policy().contains('\n'));
    }
}
