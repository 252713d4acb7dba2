//! What secrets look like. Called by `hygiene.rs`, in the order of the table: what has a sign of its own comes before what
//! is only long.

use super::Kind;

/// One form of a secret.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) kind: Kind,
    /// The first group is what is replaced, or all of it if there is none.
    pub(super) pattern: &'static str,
    pub(super) replacement: &'static str,
    /// What the pattern cannot say: of the text that was found and the one before it.
    pub(super) is_secret: fn(&str, &str) -> bool,
}

const fn rule(kind: Kind, pattern: &'static str, replacement: &'static str) -> Rule {
    Rule { kind, pattern, replacement, is_secret: |_, _| true }
}

impl Rule {
    const fn only(self, is_secret: fn(&str, &str) -> bool) -> Rule {
        Rule { kind: self.kind, pattern: self.pattern, replacement: self.replacement, is_secret }
    }
}

// Written in ASCII where what they are of is: `(?-u:…)` of Unicode's classes is what they do not need.
pub(super) const RULES: &[Rule] = &[
    rule(Kind::Key, r"(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)", "[key]"),
    rule(Kind::Jwt, r"(?-u:\b)eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){2,4}", "[jwt]"),
    rule(Kind::Password, r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#\s:@]*:([^/?#\s]+)@", "[password]")
        // Replaced already, by one of the rules before.
        .only(|found, _| found != "[password]"),
    rule(
        Kind::Query,
        r#"(?i-u:(?:^|[?&;\s])(?:x-amz-)?(?:api[_-]?key|key|auth|authorization|password|passwd|pwd|secret|client[_-]?secret|sig|signature|credential|security[_-]token|session(?:[_-]?id)?|(?:(?:access|refresh|id|auth|csrf)[_-]?)?token)=)([^&;#\s]+)"#,
        "[redacted]",
    ),
    rule(Kind::Authorization, r"(?i-u:\bbearer[ \t:]+)([A-Za-z0-9._~+/-]{8,}=*)", "[authorization]")
        .only(|found, _| has_digit(found) || found.contains('.') || transitions(found) * 3 > found.len()),
    rule(Kind::Authorization, r"(?i-u:\bbasic[ \t]+)([A-Za-z0-9+/]{4,}={0,2})", "[authorization]")
        .only(|found, _| is_name_and_password(found)),
    rule(Kind::Key, r"(?-u:\b)(?:sk|rk|pk)[-_][A-Za-z0-9_-]{16,}", "[key]").only(|found, _| has_digit(found)),
    rule(
        Kind::Key,
        r"(?-u:\b)(?:gh[oprsu]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|gl(?:pat|rt|ptt|dt)-[A-Za-z0-9_-]{16,}|xox[a-z]-[A-Za-z0-9-]{10,}|xapp-[A-Za-z0-9-]{10,}|AIza[A-Za-z0-9_-]{35}|ya29\.[A-Za-z0-9_-]{20,}|GOCSPX-[A-Za-z0-9_-]{20,}|npm_[A-Za-z0-9]{30,}|pypi-[A-Za-z0-9_-]{30,}|hf_[A-Za-z0-9]{30,}|SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}|shp(?:at|ca|pa|ss)_[A-Fa-f0-9]{32}|do[opr]_v1_[a-f0-9]{64}|hv[sb]\.[A-Za-z0-9_-]{20,}|gsk_[A-Za-z0-9]{20,}|xai-[A-Za-z0-9]{20,}|AGE-SECRET-KEY-1[0-9A-Z]{20,}|whsec_[A-Za-z0-9+/=]{20,})",
        "[key]",
    ),
    rule(Kind::Aws, r"(?-u:\b)(?:AKIA|ASIA|ABIA|ACCA|AGPA|AIDA|AIPA|ANPA|ANVA|AROA)[A-Z0-9]{16}(?-u:\b)", "[aws]"),
    // A local part is whatever is not a separator, so that one beyond ASCII goes whole; its sign may be escaped.
    rule(
        Kind::Email,
        r#"[^\s@/:;,<>()\[\]"?&=#%|]+(?:@|(?i:%40))[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*\.[A-Za-z]{2,24}"#,
        "[email]",
    ),
    rule(Kind::Secret, r"(?-u:\b)[0-9A-Fa-f]{48,}(?-u:\b)", "[secret]")
        .only(|found, before| has_digit(found) && !is_digest(before)),
    rule(Kind::Secret, r"[A-Za-z0-9+/_-]{32,}={0,2}", "[secret]").only(|found, before| {
        let name = found.split_inclusive(['-', '=']).next().unwrap_or("");
        has_no_pattern(found) && !is_digest(before) && !is_digest(name)
    }),
];

fn has_digit(text: &str) -> bool {
    text.bytes().any(|b| b.is_ascii_digit())
}

/// Changes between capitals, small letters, digits and signs. Base64 of random bytes changes at 6 in 10 of its places, names and paths
/// at 1 or 2.
fn transitions(text: &str) -> usize {
    let class = |b: u8| (b.is_ascii_uppercase(), b.is_ascii_lowercase(), b.is_ascii_digit());
    text.as_bytes().windows(2).filter(|pair| class(pair[0]) != class(pair[1])).count()
}

/// Long, of capitals, small letters and digits without an order that a person would make, in one piece that is long too:
/// paths and ids with dashes are made of short ones.
fn has_no_pattern(text: &str) -> bool {
    let text = text.trim_end_matches('=');
    let any = |is: fn(&u8) -> bool| text.bytes().filter(is).count() >= 2;
    let longest = text.split(['/', '-', '_', '+']).map(str::len).max().unwrap_or(0);
    any(u8::is_ascii_uppercase)
        && any(u8::is_ascii_lowercase)
        && any(u8::is_ascii_digit)
        && longest >= 12
        && transitions(text) * 10 >= text.len() * 4
        && entropy(text) >= 4.0
}

/// Bits a character. 40 characters of random base64 have 4.7 or so, hex has at most 4.
fn entropy(text: &str) -> f64 {
    let mut counts = [0_u32; 256];
    text.bytes().for_each(|b| counts[usize::from(b)] += 1);
    let length = text.len() as f64;
    let bits = |n: &u32| {
        let share = f64::from(*n) / length;
        -share * share.log2()
    };
    counts.iter().filter(|n| **n > 0).map(bits).sum()
}

/// The text before says that a digest follows, which is no secret.
fn is_digest(before: &str) -> bool {
    let name = before.strip_suffix([':', '-', '=']).unwrap_or("").to_ascii_lowercase();
    ["sha1", "sha224", "sha256", "sha384", "sha512", "blake2b", "blake3", "md5"]
        .iter()
        .any(|algorithm| name.ends_with(algorithm))
}

/// Base64 of `name:password`, which tells it from a word behind «basic».
fn is_name_and_password(text: &str) -> bool {
    let mut bytes = Vec::with_capacity(text.len());
    let (mut word, mut bits) = (0_u32, 0);
    for b in text.trim_end_matches('=').bytes() {
        let digit = match b {
            b'A'..=b'Z' => b - b'A',
            b'a'..=b'z' => b - b'a' + 26,
            b'0'..=b'9' => b - b'0' + 52,
            b'+' => 62,
            _ => 63,
        };
        word = word << 6 | u32::from(digit);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push((word >> bits) as u8);
        }
    }
    bytes.contains(&b':') && bytes.iter().all(|b| *b >= b' ')
}
