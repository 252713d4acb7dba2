//! `tyk_counter`: it only goes up.

use crate::callback::tyk_callback;
use crate::error::tyk_error;
use crate::family::tyk_family;
use crate::handle::View;
use crate::options::{Options, tyk_options};
use crate::registry::tyk_registry;
use crate::series::{self, OnSeries, tyk_series};
use crate::shard::tyk_shard;
use crate::text::{self, tyk_label, tyk_str};
use crate::{guard, handle};
use engine::{Counter, ThreadCells};

/// A handle on a counter.
#[repr(C)]
pub struct tyk_counter {
    /// Where it is.
    pub series: tyk_series,
}

impl View for tyk_counter {
    type Behind = Counter;
}

impl OnSeries for tyk_counter {}

fn hold(counter: Counter) -> *mut tyk_counter {
    handle::hold(tyk_counter { series: tyk_series::of(&counter) }, counter)
}

/// A counter without labels, new or the one that was registered the same way before.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_counter_new(
    registry: *mut tyk_registry,
    options: *const tyk_options,
    out: *mut *mut tyk_counter,
) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        let (registry, options, out) =
            unsafe { (handle::given(registry, "registry")?, Options::read(options)?, handle::place(out, "out")?) };
        out.write(hold(options.without_labels()?.counter(&registry.0)?.with(&[])?));
        Ok(())
    })
}

/// The series of these label values, in the order of the family's label names; made if there is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_counter_with(
    family: *const tyk_family,
    values: *const tyk_str,
    count: usize,
    out: *mut *mut tyk_counter,
) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        let (family, out) = unsafe { (handle::given(family, "family")?, handle::place(out, "out")?) };
        let family = family.counter()?;
        // SAFETY: the rules of the header.
        out.write(hold(unsafe { text::with_values(values, count, |values| family.with(values)) }?));
        Ok(())
    })
}

/// The series of these label values if there is one, else NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_counter_get(
    family: *const tyk_family,
    values: *const tyk_str,
    count: usize,
    out: *mut *mut tyk_counter,
) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        let (family, out) = unsafe { (handle::given(family, "family")?, handle::place(out, "out")?) };
        let family = family.counter()?;
        // SAFETY: the rules of the header.
        let found = unsafe { text::with_values(values, count, |values| family.get(values)) }?;
        out.write(found.map_or(std::ptr::null_mut(), hold));
        Ok(())
    })
}

/// Frees a handle and writes NULL to `*counter`. The series stays.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_counter_free(counter: *mut *mut tyk_counter) {
    // SAFETY: the rules of the header.
    guard::quiet(|| drop(unsafe { handle::take_held(counter) }));
}

/// Adds `n`. Hot.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_counter_add(counter: *const tyk_counter, n: u64) {
    guard::quiet(|| {
        // SAFETY: the rules of the header.
        let Some(behind) = (unsafe { handle::behind_or_none(counter) }) else { return guard::ignore() };
        // SAFETY: not NULL, so a handle.
        if !ThreadCells::add(unsafe { series::cell(counter) }, n) {
            // SAFETY: as above.
            unsafe { add_elsewhere(counter, behind, n) };
        }
    });
}

/// Adds for a thread or a series without a private cell, and looks whether the series has one by now.
///
/// # Safety
/// As for [`series::follow`].
#[inline(never)]
unsafe fn add_elsewhere(counter: *const tyk_counter, behind: &Counter, n: u64) {
    behind.add(n);
    // SAFETY: passed on to the caller.
    unsafe { series::follow(counter, behind) };
}

/// Adds a number that need not be whole. What is negative or not finite is counted as invalid and not added. Hot.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_counter_add_double(counter: *const tyk_counter, v: f64) {
    // SAFETY: the rules of the header.
    guard::quiet(|| match unsafe { handle::behind_or_none(counter) } {
        Some(counter) => counter.add_f64(v),
        None => guard::ignore(),
    });
}

/// Adds with one atomic instruction, whatever the thread: for signal handlers. Hot.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_counter_add_shared(counter: *const tyk_counter, n: u64) {
    // SAFETY: the rules of the header.
    guard::quiet(|| match unsafe { handle::behind_or_none(counter) } {
        Some(counter) => counter.add_shared(n),
        None => guard::ignore(),
    });
}

/// Adds through a shard that the caller alone writes. Hot.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_counter_add_on(counter: *const tyk_counter, shard: *const tyk_shard, n: u64) {
    // SAFETY: the rules of the header.
    guard::quiet(|| match unsafe { (handle::behind_or_none(counter), handle::behind_or_none(shard)) } {
        (Some(counter), Some(shard)) => counter.add_on(shard, n),
        _ => guard::ignore(),
    });
}

/// Adds, and keeps an exemplar of it in the place of the one before. If the exemplar is not allowed the add is made all
/// the same.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_counter_add_exemplar(
    counter: *const tyk_counter,
    v: f64,
    labels: *const tyk_label,
    count: usize,
) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        let (counter, labels) = unsafe { (handle::behind(counter, "counter")?, text::labels(labels, count)?) };
        counter.add_f64_with_exemplar(v, &text::pairs(&labels))
    })
}

/// Reads the counter from a function at every scrape, for as long as the series exists. What the function tells should
/// only grow, and is added to what was counted.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_counter_callback(
    counter: *const tyk_counter,
    callback: *const tyk_callback,
) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        let (counter, callback) =
            unsafe { (handle::behind(counter, "counter")?, handle::given(callback, "callback")?) };
        counter.callback(callback.reader()?);
        Ok(())
    })
}

/// The value now, over all threads.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_counter_value(counter: *const tyk_counter, out: *mut f64) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        let (counter, out) = unsafe { (handle::behind(counter, "counter")?, handle::place(out, "out")?) };
        out.write(counter.value());
        Ok(())
    })
}

/// The sum of the whole adds, exact above 2^53.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_counter_whole(counter: *const tyk_counter, out: *mut u64) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        let (counter, out) = unsafe { (handle::behind(counter, "counter")?, handle::place(out, "out")?) };
        out.write(counter.whole());
        Ok(())
    })
}
