//! `tyk_histogram`: one record yields exact classic buckets, native buckets and quantiles.

use crate::distribution::tyk_distribution;
use crate::error::tyk_error;
use crate::family::tyk_family;
use crate::handle::View;
use crate::options::{Options, tyk_options};
use crate::registry::tyk_registry;
use crate::series::{self, OnSeries, tyk_series};
use crate::shard::tyk_shard;
use crate::table::tyk_table;
use crate::text::{self, tyk_label, tyk_str};
use crate::{guard, handle};
use engine::Histogram;

/// A handle on a histogram.
#[repr(C)]
pub struct tyk_histogram {
    /// Where it is.
    pub series: tyk_series,
    /// From a value to its cells.
    pub table: *const tyk_table,
}

impl View for tyk_histogram {
    type Behind = Behind;
}

impl OnSeries for tyk_histogram {}

/// What stands behind: the handle of the engine, and a view of its table for hosts.
pub struct Behind {
    metric: Histogram,
    table: tyk_table,
}

fn hold(histogram: Histogram) -> *mut tyk_histogram {
    let (series, table) = (tyk_series::of(&histogram), tyk_table::of(histogram.hdr_table()));
    let held = handle::hold(tyk_histogram { series, table: std::ptr::null() }, Behind { metric: histogram, table });
    // SAFETY: just made, and C has not seen it; from now on its table is where it is.
    unsafe {
        (*held).table = &raw const (*held.cast::<handle::Held<tyk_histogram>>()).behind.table;
    }
    held
}

/// A histogram without labels, new or the one that was registered the same way before.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_histogram_new(
    registry: *mut tyk_registry,
    options: *const tyk_options,
    out: *mut *mut tyk_histogram,
) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        let (registry, options, out) =
            unsafe { (handle::given(registry, "registry")?, Options::read(options)?, handle::place(out, "out")?) };
        out.write(hold(options.without_labels()?.histogram(&registry.0)?.with(&[])?));
        Ok(())
    })
}

/// The series of these label values, in the order of the family's label names; made if there is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_histogram_with(
    family: *const tyk_family,
    values: *const tyk_str,
    count: usize,
    out: *mut *mut tyk_histogram,
) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        let (family, out) = unsafe { (handle::given(family, "family")?, handle::place(out, "out")?) };
        let family = family.histogram()?;
        // SAFETY: the rules of the header.
        out.write(hold(unsafe { text::with_values(values, count, |values| family.with(values)) }?));
        Ok(())
    })
}

/// The series of these label values if there is one, else NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_histogram_get(
    family: *const tyk_family,
    values: *const tyk_str,
    count: usize,
    out: *mut *mut tyk_histogram,
) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        let (family, out) = unsafe { (handle::given(family, "family")?, handle::place(out, "out")?) };
        let family = family.histogram()?;
        // SAFETY: the rules of the header.
        let found = unsafe { text::with_values(values, count, |values| family.get(values)) }?;
        out.write(found.map_or(std::ptr::null_mut(), hold));
        Ok(())
    })
}

/// Frees a handle and writes NULL to `*histogram`. The series stays.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_histogram_free(histogram: *mut *mut tyk_histogram) {
    // SAFETY: the rules of the header.
    guard::quiet(|| drop(unsafe { handle::take_held(histogram) }));
}

/// Records a value. What is not finite is counted as invalid and not recorded. Hot.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_histogram_observe(histogram: *const tyk_histogram, v: f64) {
    // SAFETY: the rules of the header.
    guard::quiet(|| match unsafe { handle::behind_or_none(histogram) } {
        Some(behind) => {
            behind.metric.observe(v);
            // SAFETY: not NULL, so a handle.
            if unsafe { series::cell(histogram) } >= engine::ThreadCells::PRIVATE {
                // SAFETY: as above.
                unsafe { series::follow(histogram, &behind.metric) };
            }
        }
        None => guard::ignore(),
    });
}

/// Records a duration in seconds, given in nanoseconds. Hot.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_histogram_observe_nanos(histogram: *const tyk_histogram, nanos: u64) {
    // SAFETY: the rules of the header.
    guard::quiet(|| match unsafe { handle::behind_or_none(histogram) } {
        Some(histogram) => histogram.metric.observe_nanos(nanos),
        None => guard::ignore(),
    });
}

/// Records a value through a shard that the caller alone writes. Hot.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_histogram_observe_on(histogram: *const tyk_histogram, shard: *const tyk_shard, v: f64) {
    // SAFETY: the rules of the header.
    guard::quiet(|| match unsafe { (handle::behind_or_none(histogram), handle::behind_or_none(shard)) } {
        (Some(histogram), Some(shard)) => histogram.metric.observe_on(shard, v),
        _ => guard::ignore(),
    });
}

/// Records a value that was seen `n` times. Hot.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_histogram_observe_many(histogram: *const tyk_histogram, v: f64, n: u64) {
    // SAFETY: the rules of the header.
    guard::quiet(|| match unsafe { handle::behind_or_none(histogram) } {
        Some(histogram) => histogram.metric.observe_many(v, n),
        None => guard::ignore(),
    });
}

/// Records a value, and keeps an exemplar of it in the place of the last one in its bucket. If the exemplar is not
/// allowed the value is recorded all the same.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_histogram_observe_exemplar(
    histogram: *const tyk_histogram,
    v: f64,
    labels: *const tyk_label,
    count: usize,
) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        let (histogram, labels) = unsafe { (handle::behind(histogram, "histogram")?, text::labels(labels, count)?) };
        histogram.metric.observe_with_exemplar(v, &text::pairs(&labels))
    })
}

/// What was recorded so far, of all time and over all threads.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_histogram_distribution(
    histogram: *const tyk_histogram,
    out: *mut *mut tyk_distribution,
) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        let (histogram, out) = unsafe { (handle::behind(histogram, "histogram")?, handle::place(out, "out")?) };
        out.write(handle::give(tyk_distribution(histogram.metric.distribution())));
        Ok(())
    })
}
