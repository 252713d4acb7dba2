//! From when to when a certificate is valid: the two times of its DER, and nothing else of it.
//!
//! rustls judges the certificates of others, and shows its own whatever they are. Pure; no input panics.

/// The first and the last second of a certificate, in Unix time.
pub(super) fn of(certificate: &[u8]) -> Option<(i64, i64)> {
    // RFC 5280, 4.1: Certificate and TBSCertificate are sequences; the latter begins with an optional version, and
    // serial number, algorithm and issuer stand before the validity.
    let (_, whole, _) = element(certificate)?;
    let (_, signed, _) = element(whole)?;
    let (first, _, behind) = element(signed)?;
    let mut rest = if first == VERSION { behind } else { signed };
    for _ in 0..3 {
        rest = element(rest)?.2;
    }
    let (tag, validity, _) = element(rest)?;
    if tag != SEQUENCE {
        return None;
    }
    let (tag, begins, rest) = element(validity)?;
    let begins = time(tag, begins)?;
    let (tag, ends, _) = element(rest)?;
    Some((begins, time(tag, ends)?))
}

const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// The tag and the contents of the first element, and what stands behind it.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&length, rest) = rest.split_first()?;
    let (length, rest) = match length {
        0..=0x7f => (usize::from(length), rest),
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(length - 0x80))?;
            (digits.iter().fold(0, |sum, &digit| sum << 8 | usize::from(digit)), rest)
        }
        _ => return None,
    };
    let (contents, behind) = rest.split_at_checked(length)?;
    Some((tag, contents, behind))
}

fn time(tag: u8, text: &[u8]) -> Option<i64> {
    let digits = text.strip_suffix(b"Z")?;
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number = |digits: &[u8]| digits.iter().fold(0_i64, |sum, digit| sum * 10 + i64::from(digit - b'0'));
    let (year, rest) = match (tag, digits.len()) {
        // Two digits of a year stand for 1950 to 2049.
        (UTC_TIME, 12) => ((number(&digits[..2]) + 50) % 100 + 1950, &digits[2..]),
        (GENERALIZED_TIME, 14) => (number(&digits[..4]), &digits[4..]),
        _ => return None,
    };
    let part = |at: usize| number(&rest[at..at + 2]);
    let (month, day) = (part(0), part(2));
    if !(1..=12).contains(&month) {
        return None;
    }
    Some(days(year, month, day) * 86_400 + part(4) * 3_600 + part(6) * 60 + part(8))
}

/// Days from 1970 to a day of the Gregorian calendar.
fn days(year: i64, month: i64, day: i64) -> i64 {
    // A year that begins in March has its leap day at the end, and its months' lengths are a line.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leaps = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    // 719,468 days are between the first of March of the year 0 and 1970.
    year * 365 + leaps + (month * 153 + 2) / 5 + day - 1 - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_the_unix_clock() {
        // `date -u -d '...' +%s`.
        for (tag, text, expected) in [
            (UTC_TIME, "700101000000Z", 0),
            (UTC_TIME, "000229120000Z", 951_825_600),
            (UTC_TIME, "491231235959Z", 2_524_607_999),
            (UTC_TIME, "500101000000Z", -631_152_000),
            (GENERALIZED_TIME, "20500101000000Z", 2_524_608_000),
            (GENERALIZED_TIME, "99991231235959Z", 253_402_300_799),
        ] {
            assert_eq!(time(tag, text.as_bytes()), Some(expected), "{text}");
        }
        for (tag, text) in [
            (UTC_TIME, "700101000000"),
            (UTC_TIME, "20700101000000Z"),
            (UTC_TIME, "70010100000xZ"),
            (GENERALIZED_TIME, "700101000000Z"),
            (GENERALIZED_TIME, "20501301000000Z"),
            (0x16, "700101000000Z"),
            (UTC_TIME, "Z"),
        ] {
            assert_eq!(time(tag, text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn a_certificate_of_another_maker_is_read_and_no_prefix_of_it() {
        let mut parameters = rcgen::CertificateParams::new(["localhost".to_owned()]).expect("a name");
        parameters.not_before = rcgen::date_time_ymd(2024, 2, 29);
        parameters.not_after = rcgen::date_time_ymd(2051, 1, 1);
        let key = rcgen::KeyPair::generate().expect("a key");
        let made = parameters.self_signed(&key).expect("a certificate");
        let der = made.der().as_ref();
        assert_eq!(of(der), Some((1_709_164_800, 2_556_144_000)));
        for end in 0..der.len() {
            assert_eq!(of(&der[..end]), None, "{end} bytes");
        }
        // Any byte may be wrong: there is an answer or there is none.
        for at in 0..der.len() {
            let mut wrong = der.to_vec();
            wrong[at] ^= 0x81;
            let _ = of(&wrong);
        }
    }
}
