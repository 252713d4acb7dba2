//! `tyk_distribution`: what a histogram or a summary counted, and the lists of bounds.

use crate::bytes::tyk_bytes;
use crate::error::tyk_error;
use crate::{guard, handle};
use engine::{Buckets, Distribution, Result};

/// What was counted, as plain data.
pub struct tyk_distribution(pub(crate) Distribution);

/// Frees a distribution and writes NULL to `*distribution`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_distribution_free(distribution: *mut *mut tyk_distribution) {
    // SAFETY: the rules of the header.
    guard::quiet(|| drop(unsafe { handle::take(distribution) }));
}

/// How many observations there are.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_distribution_count(
    distribution: *const tyk_distribution,
    out: *mut u64,
) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        let (of, out) = unsafe { (handle::given(distribution, "distribution")?, handle::place(out, "out")?) };
        out.write(of.0.count());
        Ok(())
    })
}

/// The sum of the observed values.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_distribution_sum(distribution: *const tyk_distribution, out: *mut f64) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        let (of, out) = unsafe { (handle::given(distribution, "distribution")?, handle::place(out, "out")?) };
        out.write(of.0.sum());
        Ok(())
    })
}

/// The quantile `q`, from 0 to 1, within 1.6 %; NaN if nothing was observed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_distribution_quantile(
    distribution: *const tyk_distribution,
    q: f64,
    out: *mut f64,
) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        let (of, out) = unsafe { (handle::given(distribution, "distribution")?, handle::place(out, "out")?) };
        out.write(of.0.quantile(q));
        Ok(())
    })
}

/// The finite classic bounds, and for each the number of observations that are at most that. Writes as many as there
/// is room for, and how many there are to `*count`. With no room, `bounds` and `counts` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_distribution_cumulative(
    distribution: *const tyk_distribution,
    bounds: *mut f64,
    counts: *mut u64,
    capacity: usize,
    count: *mut usize,
) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        let (of, bounds, counts, count) = unsafe {
            (
                handle::given(distribution, "distribution")?,
                handle::room(bounds, capacity, "bounds")?,
                handle::room(counts, capacity, "counts")?,
                handle::place(count, "count")?,
            )
        };
        for ((bound, n), (to_bound, to_n)) in of.0.cumulative().zip(bounds.iter_mut().zip(counts)) {
            to_bound.write(bound);
            to_n.write(n);
        }
        count.write(of.0.cumulative().count());
        Ok(())
    })
}

/// HdrHistogram's V2 encoding of the counts, with values as whole multiples of `1 / scale` (1e9: nanoseconds of
/// seconds) to `digits` significant digits, 1 to 5.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_distribution_encode(
    distribution: *const tyk_distribution,
    scale: f64,
    digits: u8,
    out: *mut tyk_bytes,
) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        let (of, out) = unsafe { (handle::given(distribution, "distribution")?, handle::given_mut(out, "out")?) };
        out.fill(|bytes| {
            bytes.extend(of.0.to_v2(scale, digits)?);
            Ok(())
        })
    })
}

/// Writes the bounds of a rule.
///
/// # Safety
/// `out` is NULL, or has room for `count` numbers.
unsafe fn write_bounds(buckets: &Buckets, count: usize, out: *mut f64) -> Result<()> {
    let bounds = buckets.bounds()?;
    // SAFETY: passed on to the caller.
    let room = unsafe { handle::room(out, count, "out") }?;
    room.iter_mut().zip(bounds).for_each(|(place, bound)| {
        place.write(bound);
    });
    Ok(())
}

/// `count` bounds from `start`, each `width` above the one before.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_buckets_linear(start: f64, width: f64, count: usize, out: *mut f64) -> *mut tyk_error {
    // SAFETY: the rules of the header.
    guard::run(|| unsafe { write_bounds(&Buckets::linear(start, width, count), count, out) })
}

/// `count` bounds from `start`, each `factor` times the one before.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_buckets_exponential(
    start: f64,
    factor: f64,
    count: usize,
    out: *mut f64,
) -> *mut tyk_error {
    // SAFETY: the rules of the header.
    guard::run(|| unsafe { write_bounds(&Buckets::exponential(start, factor, count), count, out) })
}

/// `count` bounds from `min` to `max`, at the same ratio from one to the next.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_buckets_exponential_range(
    min: f64,
    max: f64,
    count: usize,
    out: *mut f64,
) -> *mut tyk_error {
    // SAFETY: the rules of the header.
    guard::run(|| unsafe { write_bounds(&Buckets::exponential_range(min, max, count), count, out) })
}
