//! Values and moments as the formats spell them. Hexadecimal digits, underscores and blanks are in none of them.

use super::{Result, shown};
use crate::samples::Timestamp;

/// What a value may be.
const ALLOWED: &str = "a decimal number, NaN, +Inf or -Inf";

/// A value, and whether it was written as an integer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Value {
    pub(super) number: f64,
    pub(super) integer: bool,
}

/// Reads a sample's value. Integers beyond 2^53 are rounded to a float, and numbers beyond its range are infinite.
pub(super) fn value(text: &str) -> Result<Value> {
    // Rust reads the same decimal floats as Python does, in any case of `nan`, `inf` and `infinity`.
    let number = text.parse().map_err(|_| format!("found the value {}: it must be {ALLOWED}", shown(text)))?;
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    Ok(Value { number, integer: digits.bytes().all(|b| b.is_ascii_digit()) })
}

/// Reads a float as Go does: out of range is an error, and so is a NaN with a sign.
pub(super) fn go_float(text: &str) -> Result<f64> {
    let Value { number, .. } = value(text)?;
    let signed = text.starts_with(['+', '-']);
    if (number.is_infinite() && text.contains(|c: char| c.is_ascii_digit())) || (number.is_nan() && signed) {
        return Err(format!("found the value {}: it must be {ALLOWED}, within the range of a float", shown(text)));
    }
    Ok(number)
}

/// Reads the text of an `le` or a `quantile` as Python's `float()` does: blanks around it, and single underscores between
/// digits, do not matter.
pub(super) fn label_float(text: &str) -> Option<f64> {
    let text = super::scan::trim(text);
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    if !text.contains('_') {
        return text.parse().ok();
    }
    let between = |at: usize| at > 0 && digit(at - 1) && digit(at + 1);
    let separates = bytes.iter().enumerate().all(|(at, byte)| *byte != b'_' || between(at));
    if separates { text.replace('_', "").parse().ok() } else { None }
}

/// Digits of a nanosecond.
const NANO_DIGITS: usize = 9;

/// Reads a moment of OpenMetrics. Plain decimals are kept to the nanosecond.
pub(super) fn timestamp(text: &str) -> Result<Timestamp> {
    let exact = || {
        let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
        let digits = whole.strip_prefix(['+', '-']).unwrap_or(whole);
        let plain = |digits: &str| digits.bytes().all(|b| b.is_ascii_digit());
        if digits.is_empty() || !plain(digits) || !plain(rest) {
            return None;
        }
        let seconds: i128 = whole.parse().ok()?;
        let shown = &rest[..rest.len().min(NANO_DIGITS)];
        // At most nine digits, so neither the number nor the power overflows.
        let nanos = shown.parse().unwrap_or(0) * 10i32.pow((NANO_DIGITS - shown.len()) as u32);
        match (seconds, whole.starts_with('-')) {
            // The sign would be lost with the zero.
            (0, true) if nanos != 0 => None,
            (_, true) => Some(Timestamp::Nanos { seconds, nanos: -nanos }),
            (_, false) => Some(Timestamp::Nanos { seconds, nanos }),
        }
    };
    exact().map(Ok).unwrap_or_else(|| match text.parse::<f64>() {
        Ok(seconds) if seconds.is_finite() => Ok(Timestamp::Seconds(seconds)),
        _ => Err(format!("found the timestamp {}: it must be a decimal number of seconds, and finite", shown(text))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_a_decimal_number() {
        for (text, expected, integer) in [
            ("1", 1.0, true),
            ("-17", -17.0, true),
            ("+5", 5.0, true),
            ("1.", 1.0, false),
            (".5", 0.5, false),
            ("1e3", 1000.0, false),
            ("Inf", f64::INFINITY, false),
            ("-infinity", f64::NEG_INFINITY, false),
            ("123456789012345678901234567890", 1.2345678901234568e29, true),
        ] {
            assert_eq!(value(text), Ok(Value { number: expected, integer }), "{text}");
        }
        assert!(value("NaN").unwrap().number.is_nan());
        for text in ["", " 1", "1_0", "0x1", "0x1p-3", "1e", "--1", "one", "1\t", "\u{661}"] {
            assert!(value(text).is_err(), "{text}");
        }
    }

    #[test]
    fn go_has_a_range() {
        assert_eq!(go_float("+Inf"), Ok(f64::INFINITY));
        assert!(go_float("1e400").is_err());
        assert!(go_float("+nan").is_err());
        assert!(go_float("nan").unwrap().is_nan());
    }

    #[test]
    fn a_label_may_have_blanks_and_underscores() {
        assert_eq!(label_float(" 1_000.5\n"), Some(1000.5));
        for text in ["_1", "1_", "1__0", "1_.5", "", "x"] {
            assert_eq!(label_float(text), None, "{text}");
        }
    }

    #[test]
    fn a_moment_is_kept_to_the_nanosecond() {
        let nanos = |seconds, nanos| Ok(Timestamp::Nanos { seconds, nanos });
        assert_eq!(timestamp("12"), nanos(12, 0));
        assert_eq!(timestamp("1.5"), nanos(1, 500_000_000));
        assert_eq!(timestamp("1."), nanos(1, 0));
        assert_eq!(timestamp("0.0000000019"), nanos(0, 1));
        assert_eq!(timestamp("-1.25"), nanos(-1, -250_000_000));
        assert_eq!(timestamp("-0.5"), Ok(Timestamp::Seconds(-0.5)));
        assert_eq!(timestamp("1.5e3"), Ok(Timestamp::Seconds(1500.0)));
        assert_eq!(timestamp("12345678901234567890.1234567890"), nanos(12_345_678_901_234_567_890, 123_456_789));
        assert_eq!(timestamp(&"9".repeat(40)), Ok(Timestamp::Seconds(1e40)));
        for text in ["", "NaN", "Inf", "1.1.1", "1_2", "0x1p-3", "1 ", "1.+5", "-"] {
            assert!(timestamp(text).is_err(), "{text}");
        }
    }
}
