//! Which octaves the HDR store tells apart: the rule that turns bounds and a wish into two powers of two.
//!
//! Called once per shape, at construction. The result covers every bound that is a normal number, and never more than
//! [`MAX_OCTAVES`].

use super::native::pow2;
use crate::error::{Error, ErrorCode, Result};

/// The most octaves a shape tells apart, about 19 decimal places: 5 pages at native schema 3.
pub const MAX_OCTAVES: i32 = 64;
/// Octaves below the smallest positive bound: 1 µs for the default bounds' 5 ms.
pub(super) const BELOW: i32 = 12;
/// Octaves above the largest bound: 17 minutes for the default bounds' 10 s.
const ABOVE: i32 = 6;
/// Without bounds: 1 µs to 17 minutes in seconds.
const DEFAULT: Range = Range { lo: -20, hi: 10 };

/// Powers of two: values up to `2^lo` are underflow, those above `2^hi` overflow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) lo: i32,
    pub(super) hi: i32,
}

/// True of rising bounds that no range of the HDR store covers.
pub(crate) fn is_too_wide(bounds: &[f64]) -> bool {
    Range::needed(bounds).is_some_and(|Range { lo, hi }| hi - lo > MAX_OCTAVES)
}

impl Range {
    /// The octaves of the bounds above zero, if there are any.
    fn needed(bounds: &[f64]) -> Option<Range> {
        bounds.iter().find(|b| **b > 0.0).zip(bounds.last()).map(|(min, max)| {
            let (lo, hi) = (floor_log2(*min), ceil_log2(*max));
            // A lone power of two would span nothing.
            Range { lo: lo.min(hi - 1), hi }
        })
    }

    /// The range for these bounds (rising, none negative), or the one that was asked for, widened to cover them.
    pub(super) fn choose(bounds: &[f64], wish: Option<(f64, f64)>) -> Result<Range> {
        let needed = Self::needed(bounds);
        if let Some(Range { lo, hi }) = needed
            && hi - lo > MAX_OCTAVES
        {
            let message = format!(
                "the bounds reach over {} powers of two, and the HDR store has {MAX_OCTAVES}: use fewer, or the compact store",
                hi - lo
            );
            return Err(Error::new(ErrorCode::InvalidBuckets, message));
        }
        match wish {
            Some((min, max)) => Self::wished(min, max, needed),
            None => Ok(needed.map_or(DEFAULT, Self::with_margins)),
        }
    }

    fn wished(min: f64, max: f64, needed: Option<Range>) -> Result<Range> {
        if !(min > 0.0 && min < max && max.is_finite()) {
            let message =
                format!("the range {min} to {max} needs two finite numbers above zero, the smaller one first");
            return Err(Error::new(ErrorCode::InvalidOption, message));
        }
        let (lo, hi) = (floor_log2(min), ceil_log2(max));
        let range = Range { lo: needed.map_or(lo, |n| n.lo.min(lo)), hi: needed.map_or(hi, |n| n.hi.max(hi)) };
        // Two subnormal numbers end up on the same power of two.
        let range = Range { lo: range.lo.min(range.hi - 1).max(-1022), hi: range.hi.max(-1021) };
        if range.hi - range.lo > MAX_OCTAVES {
            let message = format!(
                "the range {min} to {max}, with the bounds, reaches over {} powers of two: at most {MAX_OCTAVES} are allowed",
                range.hi - range.lo
            );
            return Err(Error::new(ErrorCode::InvalidOption, message));
        }
        Ok(range)
    }

    /// As much margin as the octaves allow, above first: a value beyond the last bound is what quantiles are asked for.
    fn with_margins(self) -> Range {
        let room = MAX_OCTAVES - (self.hi - self.lo);
        let above = ABOVE.min(room);
        let below = BELOW.min(room - above);
        Range { lo: (self.lo - below).max(-1022), hi: (self.hi + above).clamp(-1021, 1023) }
    }
}

/// The largest power of two, at least -1022, that is not above a positive finite value.
pub(super) fn floor_log2(value: f64) -> i32 {
    ((value.to_bits() >> 52) as i32 - 1023).max(-1022)
}

/// The smallest power of two, at most 1023, that is not below a positive finite value.
fn ceil_log2(value: f64) -> i32 {
    let floor = floor_log2(value);
    if value > pow2(floor) { (floor + 1).min(1023) } else { floor }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_of_two_are_their_own_floor_and_ceiling() {
        for exponent in [-1022, -20, 0, 10, 1023] {
            let power = pow2(exponent);
            assert_eq!((floor_log2(power), ceil_log2(power)), (exponent, exponent));
            assert_eq!(ceil_log2(power.next_up()), (exponent + 1).min(1023));
        }
        assert_eq!((floor_log2(5e-324), ceil_log2(f64::MAX)), (-1022, 1023));
    }
}
