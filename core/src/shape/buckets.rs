//! Lists of classic bucket bounds, and the rules that make them.
//!
//! Users and the doors build [`Buckets`]; a shape reads them once. A list is checked when the shape is made, so that
//! building one never fails and the error can name position and values. No infinities come out of here.

use crate::error::{Error, ErrorCode, Result};

/// The most classic bounds a family may have: each is one more line per series and scrape.
pub const MAX_BOUNDS: usize = 1000;

/// The classic bounds of a histogram, without the `+Inf` that every histogram has.
#[derive(Debug, Clone, PartialEq)]
pub struct Buckets(Rule);

#[derive(Debug, Clone, PartialEq)]
enum Rule {
    None,
    Explicit(Vec<f64>),
    Linear { start: f64, width: f64, count: usize },
    Exponential { start: f64, factor: f64, count: usize },
    Between { min: f64, max: f64, count: usize },
}

impl Default for Buckets {
    /// [`Buckets::seconds`].
    fn default() -> Self {
        Buckets::seconds()
    }
}

impl From<Vec<f64>> for Buckets {
    fn from(bounds: Vec<f64>) -> Self {
        Buckets::explicit(bounds)
    }
}

impl<const N: usize> From<[f64; N]> for Buckets {
    fn from(bounds: [f64; N]) -> Self {
        Buckets::explicit(bounds)
    }
}

impl From<&[f64]> for Buckets {
    fn from(bounds: &[f64]) -> Self {
        Buckets::explicit(bounds)
    }
}

impl Buckets {
    /// These bounds, which rise. A `+Inf` at the end is accepted and means nothing.
    pub fn explicit(bounds: impl Into<Vec<f64>>) -> Buckets {
        Buckets(Rule::Explicit(bounds.into()))
    }

    /// `count` bounds from `start`, each `width` above the one before.
    pub fn linear(start: f64, width: f64, count: usize) -> Buckets {
        Buckets(Rule::Linear { start, width, count })
    }

    /// `count` bounds from `start`, each `factor` times the one before.
    pub fn exponential(start: f64, factor: f64, count: usize) -> Buckets {
        Buckets(Rule::Exponential { start, factor, count })
    }

    /// `count` bounds from `min` to `max`, at the same ratio from one to the next.
    pub fn exponential_range(min: f64, max: f64, count: usize) -> Buckets {
        Buckets(Rule::Between { min, max, count })
    }

    /// 5 ms to 10 s, the default of Prometheus' Go client, for latencies of network services in seconds.
    pub fn seconds() -> Buckets {
        Buckets::explicit([0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0])
    }

    /// 64 B to 4 GiB by powers of four, for sizes of requests and responses.
    pub fn bytes() -> Buckets {
        Buckets::exponential(64.0, 4.0, 14)
    }

    /// No bounds: only `+Inf`.
    pub fn none() -> Buckets {
        Buckets(Rule::None)
    }

    /// The finite bounds, rising.
    ///
    /// # Errors
    /// `InvalidBuckets`, with the position and the values, if the list is empty, too long, does not rise or has a NaN
    /// or an infinity in it, or if a rule's numbers cannot make a list.
    pub fn bounds(&self) -> Result<Vec<f64>> {
        match &self.0 {
            Rule::None => Ok(Vec::new()),
            Rule::Explicit(list) => check(list.strip_suffix(&[f64::INFINITY]).unwrap_or(list).to_vec()),
            &Rule::Linear { start, width, count } => {
                require(count, "linear")?;
                if width.is_nan() || width <= 0.0 {
                    return Err(invalid(format!("linear buckets need a width above zero, not {width}")));
                }
                check((0..count).map(|i| start + width * i as f64).collect())
            }
            &Rule::Exponential { start, factor, count } => {
                require(count, "exponential")?;
                if !(start > 0.0 && factor > 1.0) {
                    return Err(invalid(format!(
                        "exponential buckets need a start above 0 and a factor above 1, not {start} and {factor}"
                    )));
                }
                // Multiplied step by step, as the Go and the Node clients do, so that `le` texts stay the same.
                check(std::iter::successors(Some(start), |b| Some(b * factor)).take(count).collect())
            }
            &Rule::Between { min, max, count } => {
                require(count, "exponential_range")?;
                if !(min > 0.0 && min < max && max.is_finite() && count > 1) {
                    return Err(invalid(format!(
                        "exponential_range buckets need 0 < min < max and two bounds or more, not {min}, {max} and {count}"
                    )));
                }
                let growth = (max / min).powf(1.0 / (count - 1) as f64);
                let mut bounds: Vec<f64> = (0..count - 1).map(|i| min * growth.powi(i as i32)).collect();
                bounds.push(max);
                check(bounds)
            }
        }
    }
}

fn invalid(message: String) -> Error {
    Error::new(ErrorCode::InvalidBuckets, message)
}

/// Before a list is made, so that a count from outside cannot ask for all memory.
fn require(count: usize, rule: &str) -> Result<()> {
    if (1..=MAX_BOUNDS).contains(&count) {
        return Ok(());
    }
    Err(invalid(format!("{rule} buckets need a count from 1 to {MAX_BOUNDS}, not {count}")))
}

fn check(mut bounds: Vec<f64>) -> Result<Vec<f64>> {
    if bounds.is_empty() {
        return Err(invalid("a bucket list needs a finite bound: name one, or ask for no buckets".to_owned()));
    }
    if bounds.len() > MAX_BOUNDS {
        return Err(invalid(format!("{} buckets are too many: at most {MAX_BOUNDS} are allowed", bounds.len())));
    }
    for (i, bound) in bounds.iter().enumerate() {
        if !bound.is_finite() {
            return Err(invalid(format!("buckets[{i}] is {bound}: bounds are finite, but for a +Inf at the very end")));
        }
    }
    for (i, pair) in bounds.windows(2).enumerate() {
        if pair[0] >= pair[1] {
            let (at, next) = (i, i + 1);
            return Err(invalid(format!(
                "buckets[{next}] is {}, not above buckets[{at}], which is {}: bounds rise and do not repeat",
                pair[1], pair[0]
            )));
        }
    }
    for bound in &mut bounds {
        // -0.0 and 0.0 are one bound, and only the latter prints without a sign.
        *bound += 0.0;
    }
    Ok(bounds)
}
