//! `tyk_up_down`: a gauge that is only moved, by whole steps, as cheap as a counter.

use crate::error::tyk_error;
use crate::family::tyk_family;
use crate::handle::View;
use crate::options::{Options, tyk_options};
use crate::registry::tyk_registry;
use crate::series::{self, OnSeries, tyk_series};
use crate::shard::tyk_shard;
use crate::text::{self, tyk_str};
use crate::{guard, handle};
use engine::{ThreadCells, UpDown};

/// A handle on a gauge of things in flight. Its cells are added to in two's complement.
#[repr(C)]
pub struct tyk_up_down {
    /// Where it is.
    pub series: tyk_series,
}

impl View for tyk_up_down {
    type Behind = UpDown;
}

impl OnSeries for tyk_up_down {}

fn hold(up_down: UpDown) -> *mut tyk_up_down {
    handle::hold(tyk_up_down { series: tyk_series::of(&up_down) }, up_down)
}

/// A gauge of things in flight without labels, new or the one that was registered the same way before.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_up_down_new(
    registry: *mut tyk_registry,
    options: *const tyk_options,
    out: *mut *mut tyk_up_down,
) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        let (registry, options, out) =
            unsafe { (handle::given(registry, "registry")?, Options::read(options)?, handle::place(out, "out")?) };
        out.write(hold(options.without_labels()?.up_down(&registry.0)?.with(&[])?));
        Ok(())
    })
}

/// The series of these label values, in the order of the family's label names; made if there is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_up_down_with(
    family: *const tyk_family,
    values: *const tyk_str,
    count: usize,
    out: *mut *mut tyk_up_down,
) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        let (family, out) = unsafe { (handle::given(family, "family")?, handle::place(out, "out")?) };
        let family = family.up_down()?;
        // SAFETY: the rules of the header.
        out.write(hold(unsafe { text::with_values(values, count, |values| family.with(values)) }?));
        Ok(())
    })
}

/// The series of these label values if there is one, else NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_up_down_get(
    family: *const tyk_family,
    values: *const tyk_str,
    count: usize,
    out: *mut *mut tyk_up_down,
) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        let (family, out) = unsafe { (handle::given(family, "family")?, handle::place(out, "out")?) };
        let family = family.up_down()?;
        // SAFETY: the rules of the header.
        let found = unsafe { text::with_values(values, count, |values| family.get(values)) }?;
        out.write(found.map_or(std::ptr::null_mut(), hold));
        Ok(())
    })
}

/// Frees a handle and writes NULL to `*up_down`. The series stays.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_up_down_free(up_down: *mut *mut tyk_up_down) {
    // SAFETY: the rules of the header.
    guard::quiet(|| drop(unsafe { handle::take_held(up_down) }));
}

/// Adds `n`, which may be negative. Hot.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_up_down_add(up_down: *const tyk_up_down, n: i64) {
    guard::quiet(|| {
        // SAFETY: the rules of the header.
        let Some(behind) = (unsafe { handle::behind_or_none(up_down) }) else { return guard::ignore() };
        // Two's complement: adding the bits of a negative number takes away.
        // SAFETY: not NULL, so a handle.
        if !ThreadCells::add(unsafe { series::cell(up_down) }, n as u64) {
            // SAFETY: as above.
            unsafe { add_elsewhere(up_down, behind, n) };
        }
    });
}

/// Adds for a thread or a series without a private cell, and looks whether the series has one by now.
///
/// # Safety
/// As for [`series::follow`].
#[inline(never)]
unsafe fn add_elsewhere(up_down: *const tyk_up_down, behind: &UpDown, n: i64) {
    behind.add(n);
    // SAFETY: passed on to the caller.
    unsafe { series::follow(up_down, behind) };
}

/// Adds through a shard that the caller alone writes. Hot.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_up_down_add_on(up_down: *const tyk_up_down, shard: *const tyk_shard, n: i64) {
    // SAFETY: the rules of the header.
    guard::quiet(|| match unsafe { (handle::behind_or_none(up_down), handle::behind_or_none(shard)) } {
        (Some(up_down), Some(shard)) => up_down.add_on(shard, n),
        _ => guard::ignore(),
    });
}

/// The value now, over all threads.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_up_down_value(up_down: *const tyk_up_down, out: *mut i64) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        let (up_down, out) = unsafe { (handle::behind(up_down, "up_down")?, handle::place(out, "out")?) };
        out.write(up_down.value());
        Ok(())
    })
}
