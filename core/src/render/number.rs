//! Numbers as text.
//!
//! Every float is printed with the fewest digits that read back as the same float. Two spellings exist: [`value`] for
//! what a series holds, where whole numbers are plain digits and every reader takes them; and [`bound`] for the text of
//! `le` and `quantile`, which is part of a series' identity and therefore spelled as Go's `%g` does, so that a series
//! keeps its name when a service changes its client. All formats print through here; nothing here can fail.

/// The longest text any function here writes: a sign, 17 digits, a point and a four-letter exponent, or a float below
/// [`PLAIN_BELOW`] written out.
pub(crate) const WIDEST: usize = 32;

/// Whole floats below this magnitude (2^53) are exact integers.
const EXACT_BELOW: f64 = 9_007_199_254_740_992.0;

/// Appends an integer.
pub(crate) fn integer(out: &mut Vec<u8>, number: u64) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// Appends a signed integer.
pub(crate) fn signed(out: &mut Vec<u8>, number: i64) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// `number` as an integer, if it is one that a float holds exactly. Negative zero is zero.
#[inline]
pub(crate) fn whole(number: f64) -> Option<i64> {
    // The cast saturates, and what saturates is out of the range that is asked for.
    let truncated = number as i64;
    (truncated as f64 == number && number.abs() < EXACT_BELOW).then_some(truncated)
}

/// A number that is not whole, printed into `buffer`, if that is already how it is to be spelled: finite, and short
/// enough to need no exponent.
#[inline]
pub(crate) fn plain(buffer: &mut zmij::Buffer, number: f64) -> Option<&str> {
    // Between these the printer writes no exponent, and a whole number is not printed through here.
    let plain = (1e-5..1e16).contains(&number.abs());
    plain.then(|| {
        let text = buffer.format_finite(number);
        text.strip_suffix(".0").unwrap_or(text)
    })
}

/// Appends a series' value: digits if it is whole and below 2^53, else the shortest text that reads back the same.
pub(crate) fn value(out: &mut Vec<u8>, number: f64) {
    if let Some(whole) = whole(number) {
        return signed(out, whole);
    }
    let mut buffer = zmij::Buffer::new();
    if let Some(text) = plain(&mut buffer, number) {
        return out.extend_from_slice(text.as_bytes());
    }
    match number.is_finite() {
        true => spelled(out, buffer.format_finite(number), PLAIN_BELOW),
        false => not_finite(out, number),
    }
}

/// From this power of ten on, a value is written with an exponent.
const PLAIN_BELOW: i32 = 21;

/// From this power of ten on, Go's shortest `%g` writes an exponent.
const GO_PLAIN_BELOW: i32 = 6;

/// Appends a bucket's bound or a quantile as Go prints a float: `1`, `0.005`, `1e+06`, `+Inf`.
pub(crate) fn bound(out: &mut Vec<u8>, number: f64) {
    match number.is_finite() {
        // Go prints the sign of a zero, but no two series may differ by it.
        true if number == 0.0 => out.push(b'0'),
        true => spelled(out, zmij::Buffer::new().format_finite(number), GO_PLAIN_BELOW),
        false => not_finite(out, number),
    }
}

/// Appends a bound as OpenMetrics wants it (its "canonical numbers"): as [`bound`], and never without point or exponent.
pub(crate) fn canonical(out: &mut Vec<u8>, number: f64) {
    let start = out.len();
    bound(out, number);
    if number.is_finite() && !out[start..].iter().any(|b| matches!(b, b'.' | b'e')) {
        out.extend_from_slice(b".0");
    }
}

/// From this power of ten on, Python's `repr` writes an exponent.
const PYTHON_PLAIN_BELOW: i32 = 16;

/// Appends a finite or infinite number, or NaN, as Python's `repr` of a float has it: `1.0`, `1e-05`, `1e+16`, `nan`.
pub(crate) fn python(out: &mut Vec<u8>, number: f64) {
    if !number.is_finite() {
        return out.extend_from_slice(match number {
            n if n.is_nan() => b"nan",
            n if n > 0.0 => b"inf",
            _ => b"-inf",
        });
    }
    if number == 0.0 {
        return out.extend_from_slice(if number.is_sign_negative() { b"-0.0" } else { b"0.0" });
    }
    let start = out.len();
    spelled(out, zmij::Buffer::new().format_finite(number), PYTHON_PLAIN_BELOW);
    if !out[start..].iter().any(|b| matches!(b, b'.' | b'e')) {
        out.extend_from_slice(b".0");
    }
}

/// Appends a number as prometheus_client prints values: Python's spelling, but positive ones from a million on are spelled
/// as Go spells them.
pub(crate) fn go_string(out: &mut Vec<u8>, number: f64) {
    // What most values are: small and whole.
    if let Some(whole) = whole(number).filter(|whole| (1..1_000_000).contains(whole)) {
        signed(out, whole);
        return out.extend_from_slice(b".0");
    }
    match number {
        n if !n.is_finite() => not_finite(out, n),
        n if n > 0.0 => canonical(out, n),
        n => python(out, n),
    }
}

/// Appends milliseconds as seconds with three decimals.
pub(crate) fn seconds(out: &mut Vec<u8>, millis: u64) {
    integer(out, millis / 1000);
    let rest = (millis % 1000) as u16;
    out.extend_from_slice(&[b'.', digit(rest / 100), digit(rest / 10 % 10), digit(rest % 10)]);
}

fn digit(number: u16) -> u8 {
    b'0' + (number % 10) as u8
}

/// From this power of ten on, JavaScript writes an exponent, and below the other one too.
const SCRIPT_PLAIN: std::ops::Range<i32> = -6..21;

/// Appends a number as JavaScript's `String` spells it, but infinities as Prometheus does, and NaN as `Nan`: what npm's
/// prom-client prints.
pub(crate) fn script(out: &mut Vec<u8>, number: f64) {
    if let Some(whole) = whole(number) {
        return signed(out, whole);
    }
    match number {
        n if n.is_nan() => out.extend_from_slice(b"Nan"),
        n if n.is_infinite() => not_finite(out, n),
        n => Spelling { plain: SCRIPT_PLAIN, wide: false }.write(out, zmij::Buffer::new().format_finite(n)),
    }
}

fn not_finite(out: &mut Vec<u8>, number: f64) {
    out.extend_from_slice(match number {
        n if n.is_nan() => b"NaN",
        n if n > 0.0 => b"+Inf",
        _ => b"-Inf",
    });
}

/// Appends the number that `text` says, with an exponent of two digits at least if it is below 1e-4 or has more than
/// `plain_below` digits before the point.
fn spelled(out: &mut Vec<u8>, text: &str, plain_below: i32) {
    Spelling { plain: -4..plain_below, wide: true }.write(out, text);
}

/// Where a number has an exponent, and how that is written.
struct Spelling {
    /// The powers of ten, of the first digit, that are written out.
    plain: std::ops::Range<i32>,
    /// Whether an exponent has two digits at least.
    wide: bool,
}

impl Spelling {
    /// Appends the number that `text` (digits, perhaps a point, perhaps an exponent) says.
    fn write(&self, out: &mut Vec<u8>, text: &str) {
        let text = match text.strip_prefix('-') {
            Some(rest) => {
                out.push(b'-');
                rest
            }
            None => text,
        };
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (before, after) = mantissa.split_once('.').unwrap_or((mantissa, ""));

        // The digits that count, and the power of ten of the first of them. A shortest text has at most 17 of them, and at
        // most 21 zeros around those.
        let mut digits = [b'0'; 48];
        let mut used = 0;
        let mut leading = 0;
        for &byte in before.as_bytes().iter().chain(after.as_bytes()) {
            if used == 0 && byte == b'0' {
                leading += 1;
            } else if used < digits.len() {
                digits[used] = byte;
                used += 1;
            }
        }
        while used > 1 && digits[used - 1] == b'0' {
            used -= 1;
        }
        let power = exponent.parse::<i32>().unwrap_or(0) + before.len() as i32 - 1 - leading;
        let digits = &digits[..used];

        if !self.plain.contains(&power) {
            out.push(digits.first().copied().unwrap_or(b'0'));
            if digits.len() > 1 {
                out.push(b'.');
                out.extend_from_slice(&digits[1..]);
            }
            out.extend_from_slice(if power < 0 { b"e-" } else { b"e+" });
            if self.wide && power.unsigned_abs() < 10 {
                out.push(b'0');
            }
            integer(out, u64::from(power.unsigned_abs()));
        } else if power < 0 {
            out.extend_from_slice(b"0.");
            out.extend(std::iter::repeat_n(b'0', (-1 - power) as usize));
            out.extend_from_slice(digits);
        } else {
            let before = power as usize + 1;
            out.extend_from_slice(&digits[..before.min(used)]);
            out.extend(std::iter::repeat_n(b'0', before.saturating_sub(used)));
            if used > before {
                out.push(b'.');
                out.extend_from_slice(&digits[before..]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(print: fn(&mut Vec<u8>, f64), number: f64) -> String {
        let mut out = Vec::new();
        print(&mut out, number);
        assert!(out.len() <= WIDEST, "{out:?}");
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_whole_value_is_plain_digits() {
        for (number, expected) in [
            (0.0, "0"),
            (-0.0, "0"),
            (1.0, "1"),
            (-17.0, "-17"),
            (1e6, "1000000"),
            (9_007_199_254_740_991.0, "9007199254740991"),
            (9_007_199_254_740_992.0, "9007199254740992"),
            (1e20, "100000000000000000000"),
            (1e21, "1e+21"),
            (-1e300, "-1e+300"),
        ] {
            assert_eq!(text(value, number), expected);
        }
    }

    #[test]
    fn a_fraction_is_the_shortest_text() {
        for (number, expected) in [
            (0.1, "0.1"),
            (-2.5, "-2.5"),
            (1234567.5, "1234567.5"),
            (1e-7, "1e-07"),
            (1.25e-10, "1.25e-10"),
            (f64::MIN_POSITIVE, "2.2250738585072014e-308"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "+Inf"),
            (f64::NEG_INFINITY, "-Inf"),
        ] {
            assert_eq!(text(value, number), expected);
        }
    }

    #[test]
    fn what_is_printed_as_it_is_has_no_exponent() {
        for power in -5..16 {
            for number in [1.5, 9.999_999_999_999_999, 1.000_000_000_000_000_2].map(|n| n * 10f64.powi(power)) {
                let mut buffer = zmij::Buffer::new();
                assert!(plain(&mut buffer, number).is_none_or(|text| !text.contains('e')), "{number}");
            }
        }
    }

    /// Each pair is what `strconv.FormatFloat(x, 'g', -1, 64)` answers.
    #[test]
    fn a_bound_is_spelled_as_go_spells_it() {
        for (number, expected) in [
            (0.0, "0"),
            (1.0, "1"),
            (-1.0, "-1"),
            (0.005, "0.005"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (100_000.0, "100000"),
            (1e6, "1e+06"),
            (1_234_567.0, "1.234567e+06"),
            (123_456.7, "123456.7"),
            (1e23, "1e+23"),
            (1.1e23, "1.1e+23"),
            (2.5, "2.5"),
            (10.0, "10"),
            (f64::INFINITY, "+Inf"),
        ] {
            assert_eq!(text(bound, number), expected);
        }
    }

    /// The bounds of the OpenMetrics specification's own example.
    #[test]
    fn a_canonical_bound_has_a_point_or_an_exponent() {
        for (number, expected) in [
            (0.0, "0.0"),
            (1e-5, "1e-05"),
            (0.0001, "0.0001"),
            (0.1, "0.1"),
            (1.0, "1.0"),
            (10.0, "10.0"),
            (100_000.0, "100000.0"),
            (1e6, "1e+06"),
            (1e23, "1e+23"),
            (1.1e23, "1.1e+23"),
            (f64::INFINITY, "+Inf"),
        ] {
            assert_eq!(text(canonical, number), expected);
        }
    }

    /// Each pair is what `repr(x)` of Python and `floatToGoString(x)` of prometheus_client answer.
    #[test]
    fn a_number_is_spelled_as_python_spells_it() {
        for (number, repr, go) in [
            (0.0, "0.0", "0.0"),
            (-0.0, "-0.0", "-0.0"),
            (1.0, "1.0", "1.0"),
            (-17.0, "-17.0", "-17.0"),
            (999_999.0, "999999.0", "999999.0"),
            (1e6, "1000000.0", "1e+06"),
            (-1e6, "-1000000.0", "-1000000.0"),
            (1_234_567.25, "1234567.25", "1.23456725e+06"),
            (1e15, "1000000000000000.0", "1e+15"),
            (1e16, "1e+16", "1e+16"),
            (1.5e16, "1.5e+16", "1.5e+16"),
            (-1e16, "-1e+16", "-1e+16"),
            (0.0001, "0.0001", "0.0001"),
            (0.00001, "1e-05", "1e-05"),
            (-0.000015, "-1.5e-05", "-1.5e-05"),
            (f64::NAN, "nan", "NaN"),
            (f64::INFINITY, "inf", "+Inf"),
            (f64::NEG_INFINITY, "-inf", "-Inf"),
        ] {
            assert_eq!((text(python, number).as_str(), text(go_string, number).as_str()), (repr, go));
        }
    }

    #[test]
    fn milliseconds_are_seconds_with_three_decimals() {
        for (millis, expected) in [(0, "0.000"), (7, "0.007"), (1_520_879_607_789, "1520879607.789"), (999, "0.999")] {
            let mut out = Vec::new();
            seconds(&mut out, millis);
            assert_eq!(out, expected.as_bytes());
        }
        for millis in 0..1000u64 {
            let mut out = Vec::new();
            seconds(&mut out, millis);
            assert_eq!(out, format!("0.{millis:03}").as_bytes());
        }
    }

    proptest! {
        #[test]
        fn every_float_reads_back_the_same(bits: u64) {
            let number = f64::from_bits(bits);
            for print in [value, bound, canonical, python, go_string] {
                let read: f64 = text(print, number).parse().unwrap();
                prop_assert!(read == number || (read.is_nan() && number.is_nan()));
            }
        }

        #[test]
        fn every_short_decimal_reads_back_the_same(mantissa in -100_000i64..100_000, power in -30i32..30) {
            let number: f64 = format!("{mantissa}e{power}").parse().unwrap();
            for print in [value, bound, canonical, python, go_string] {
                prop_assert_eq!(text(print, number).parse::<f64>().unwrap(), number);
            }
        }
    }
}
