//! `tyk_summary`: quantiles of all time or of a sliding window, a count and a sum.

use crate::distribution::tyk_distribution;
use crate::error::tyk_error;
use crate::family::tyk_family;
use crate::handle::View;
use crate::options::{Options, tyk_options};
use crate::registry::tyk_registry;
use crate::series::{self, OnSeries, tyk_series};
use crate::shard::tyk_shard;
use crate::table::tyk_table;
use crate::text::{self, tyk_str};
use crate::{guard, handle};
use engine::Summary;

/// A handle on a summary.
#[repr(C)]
pub struct tyk_summary {
    /// Where it is.
    pub series: tyk_series,
    /// From a value to its cells.
    pub table: *const tyk_table,
}

impl View for tyk_summary {
    type Behind = Behind;
}

impl OnSeries for tyk_summary {}

/// What stands behind: the handle of the engine, and a view of its table for hosts.
pub struct Behind {
    metric: Summary,
    table: tyk_table,
}

fn hold(summary: Summary) -> *mut tyk_summary {
    let (series, table) = (tyk_series::of(&summary), tyk_table::of(summary.hdr_table()));
    let held = handle::hold(tyk_summary { series, table: std::ptr::null() }, Behind { metric: summary, table });
    // SAFETY: just made, and C has not seen it; from now on its table is where it is.
    unsafe {
        (*held).table = &raw const (*held.cast::<handle::Held<tyk_summary>>()).behind.table;
    }
    held
}

/// A summary without labels, new or the one that was registered the same way before.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_summary_new(
    registry: *mut tyk_registry,
    options: *const tyk_options,
    out: *mut *mut tyk_summary,
) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        let (registry, options, out) =
            unsafe { (handle::given(registry, "registry")?, Options::read(options)?, handle::place(out, "out")?) };
        out.write(hold(options.without_labels()?.summary(&registry.0)?.with(&[])?));
        Ok(())
    })
}

/// The series of these label values, in the order of the family's label names; made if there is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_summary_with(
    family: *const tyk_family,
    values: *const tyk_str,
    count: usize,
    out: *mut *mut tyk_summary,
) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        let (family, out) = unsafe { (handle::given(family, "family")?, handle::place(out, "out")?) };
        let family = family.summary()?;
        // SAFETY: the rules of the header.
        out.write(hold(unsafe { text::with_values(values, count, |values| family.with(values)) }?));
        Ok(())
    })
}

/// The series of these label values if there is one, else NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_summary_get(
    family: *const tyk_family,
    values: *const tyk_str,
    count: usize,
    out: *mut *mut tyk_summary,
) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        let (family, out) = unsafe { (handle::given(family, "family")?, handle::place(out, "out")?) };
        let family = family.summary()?;
        // SAFETY: the rules of the header.
        let found = unsafe { text::with_values(values, count, |values| family.get(values)) }?;
        out.write(found.map_or(std::ptr::null_mut(), hold));
        Ok(())
    })
}

/// Frees a handle and writes NULL to `*summary`. The series stays.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_summary_free(summary: *mut *mut tyk_summary) {
    // SAFETY: the rules of the header.
    guard::quiet(|| drop(unsafe { handle::take_held(summary) }));
}

/// Records a value. What is not finite is counted as invalid and not recorded. Hot.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_summary_observe(summary: *const tyk_summary, v: f64) {
    // SAFETY: the rules of the header.
    guard::quiet(|| match unsafe { handle::behind_or_none(summary) } {
        Some(behind) => {
            behind.metric.observe(v);
            // SAFETY: not NULL, so a handle.
            if unsafe { series::cell(summary) } >= engine::ThreadCells::PRIVATE {
                // SAFETY: as above.
                unsafe { series::follow(summary, &behind.metric) };
            }
        }
        None => guard::ignore(),
    });
}

/// Records a duration in seconds, given in nanoseconds. Hot.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_summary_observe_nanos(summary: *const tyk_summary, nanos: u64) {
    // SAFETY: the rules of the header.
    guard::quiet(|| match unsafe { handle::behind_or_none(summary) } {
        Some(summary) => summary.metric.observe_nanos(nanos),
        None => guard::ignore(),
    });
}

/// Records a value through a shard that the caller alone writes. Hot.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_summary_observe_on(summary: *const tyk_summary, shard: *const tyk_shard, v: f64) {
    // SAFETY: the rules of the header.
    guard::quiet(|| match unsafe { (handle::behind_or_none(summary), handle::behind_or_none(shard)) } {
        (Some(summary), Some(shard)) => summary.metric.observe_on(shard, v),
        _ => guard::ignore(),
    });
}

/// What was recorded so far, of all time and over all threads.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_summary_distribution(
    summary: *const tyk_summary,
    out: *mut *mut tyk_distribution,
) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        let (summary, out) = unsafe { (handle::behind(summary, "summary")?, handle::place(out, "out")?) };
        out.write(handle::give(tyk_distribution(summary.metric.distribution())));
        Ok(())
    })
}
