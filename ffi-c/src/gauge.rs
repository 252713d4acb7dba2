//! `tyk_gauge`: a value that is set, or moved either way.

use crate::callback::tyk_callback;
use crate::error::tyk_error;
use crate::family::tyk_family;
use crate::handle::View;
use crate::options::{Options, tyk_options};
use crate::registry::tyk_registry;
use crate::series::{OnSeries, tyk_series};
use crate::text::{self, tyk_str};
use crate::{guard, handle};
use engine::Gauge;

/// A handle on a gauge. Its first shared cell holds the bits of a double.
#[repr(C)]
pub struct tyk_gauge {
    /// Where it is.
    pub series: tyk_series,
}

impl View for tyk_gauge {
    type Behind = Gauge;
}

impl OnSeries for tyk_gauge {}

fn hold(gauge: Gauge) -> *mut tyk_gauge {
    handle::hold(tyk_gauge { series: tyk_series::of(&gauge) }, gauge)
}

/// A gauge without labels, new or the one that was registered the same way before.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_gauge_new(
    registry: *mut tyk_registry,
    options: *const tyk_options,
    out: *mut *mut tyk_gauge,
) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        let (registry, options, out) =
            unsafe { (handle::given(registry, "registry")?, Options::read(options)?, handle::place(out, "out")?) };
        out.write(hold(options.without_labels()?.gauge(&registry.0)?.with(&[])?));
        Ok(())
    })
}

/// The series of these label values, in the order of the family's label names; made if there is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_gauge_with(
    family: *const tyk_family,
    values: *const tyk_str,
    count: usize,
    out: *mut *mut tyk_gauge,
) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        let (family, out) = unsafe { (handle::given(family, "family")?, handle::place(out, "out")?) };
        let family = family.gauge()?;
        // SAFETY: the rules of the header.
        out.write(hold(unsafe { text::with_values(values, count, |values| family.with(values)) }?));
        Ok(())
    })
}

/// The series of these label values if there is one, else NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_gauge_get(
    family: *const tyk_family,
    values: *const tyk_str,
    count: usize,
    out: *mut *mut tyk_gauge,
) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        let (family, out) = unsafe { (handle::given(family, "family")?, handle::place(out, "out")?) };
        let family = family.gauge()?;
        // SAFETY: the rules of the header.
        let found = unsafe { text::with_values(values, count, |values| family.get(values)) }?;
        out.write(found.map_or(std::ptr::null_mut(), hold));
        Ok(())
    })
}

/// Frees a handle and writes NULL to `*gauge`. The series stays.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_gauge_free(gauge: *mut *mut tyk_gauge) {
    // SAFETY: the rules of the header.
    guard::quiet(|| drop(unsafe { handle::take_held(gauge) }));
}

/// Sets the value. NaN and infinities are values a gauge may have. Hot.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_gauge_set(gauge: *const tyk_gauge, v: f64) {
    // SAFETY: the rules of the header.
    guard::quiet(|| match unsafe { handle::behind_or_none(gauge) } {
        Some(gauge) => gauge.set(v),
        None => guard::ignore(),
    });
}

/// Adds `v`, which may be negative. Hot.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_gauge_add(gauge: *const tyk_gauge, v: f64) {
    // SAFETY: the rules of the header.
    guard::quiet(|| match unsafe { handle::behind_or_none(gauge) } {
        Some(gauge) => gauge.add(v),
        None => guard::ignore(),
    });
}

/// Sets the value to `v` if that is more. Hot.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_gauge_set_max(gauge: *const tyk_gauge, v: f64) {
    // SAFETY: the rules of the header.
    guard::quiet(|| match unsafe { handle::behind_or_none(gauge) } {
        Some(gauge) => gauge.set_max(v),
        None => guard::ignore(),
    });
}

/// Sets the value to `v` if that is less. Hot.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_gauge_set_min(gauge: *const tyk_gauge, v: f64) {
    // SAFETY: the rules of the header.
    guard::quiet(|| match unsafe { handle::behind_or_none(gauge) } {
        Some(gauge) => gauge.set_min(v),
        None => guard::ignore(),
    });
}

/// Sets the value to the time of day, Unix time in seconds. Hot.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_gauge_set_now(gauge: *const tyk_gauge) {
    // SAFETY: the rules of the header.
    guard::quiet(|| match unsafe { handle::behind_or_none(gauge) } {
        Some(gauge) => gauge.set_to_current_time(),
        None => guard::ignore(),
    });
}

/// Reads the gauge from a function at every scrape, for as long as the series exists.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_gauge_callback(gauge: *const tyk_gauge, callback: *const tyk_callback) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        let (gauge, callback) = unsafe { (handle::behind(gauge, "gauge")?, handle::given(callback, "callback")?) };
        gauge.callback(callback.reader()?);
        Ok(())
    })
}

/// The value now.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_gauge_value(gauge: *const tyk_gauge, out: *mut f64) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        let (gauge, out) = unsafe { (handle::behind(gauge, "gauge")?, handle::place(out, "out")?) };
        out.write(gauge.value());
        Ok(())
    })
}
