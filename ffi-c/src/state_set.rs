//! `tyk_state_set`: which of a fixed set of states hold.

use crate::error::tyk_error;
use crate::family::tyk_family;
use crate::options::{Options, tyk_options};
use crate::registry::tyk_registry;
use crate::text::{self, tyk_str};
use crate::{guard, handle};
use engine::StateSet;
use std::ffi::c_char;

/// A handle on a state set.
pub struct tyk_state_set(StateSet);

fn hold(state_set: StateSet) -> *mut tyk_state_set {
    handle::give(tyk_state_set(state_set))
}

/// A state set without labels, new or the one that was registered the same way before.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_state_set_new(
    registry: *mut tyk_registry,
    options: *const tyk_options,
    out: *mut *mut tyk_state_set,
) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        let (registry, options, out) =
            unsafe { (handle::given(registry, "registry")?, Options::read(options)?, handle::place(out, "out")?) };
        out.write(hold(options.without_labels()?.state_set(&registry.0)?.with(&[])?));
        Ok(())
    })
}

/// The series of these label values, in the order of the family's label names; made if there is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_state_set_with(
    family: *const tyk_family,
    values: *const tyk_str,
    count: usize,
    out: *mut *mut tyk_state_set,
) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        let (family, out) = unsafe { (handle::given(family, "family")?, handle::place(out, "out")?) };
        let family = family.state_set()?;
        // SAFETY: the rules of the header.
        out.write(hold(unsafe { text::with_values(values, count, |values| family.with(values)) }?));
        Ok(())
    })
}

/// The series of these label values if there is one, else NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_state_set_get(
    family: *const tyk_family,
    values: *const tyk_str,
    count: usize,
    out: *mut *mut tyk_state_set,
) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        let (family, out) = unsafe { (handle::given(family, "family")?, handle::place(out, "out")?) };
        let family = family.state_set()?;
        // SAFETY: the rules of the header.
        let found = unsafe { text::with_values(values, count, |values| family.get(values)) }?;
        out.write(found.map_or(std::ptr::null_mut(), hold));
        Ok(())
    })
}

/// Frees a handle and writes NULL to `*state_set`. The series stays.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_state_set_free(state_set: *mut *mut tyk_state_set) {
    // SAFETY: the rules of the header.
    guard::quiet(|| drop(unsafe { handle::take(state_set) }));
}

/// Makes `state` the one that holds, and no other.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_state_set_enter(state_set: *const tyk_state_set, state: *const c_char) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        let (state_set, state) = unsafe { (handle::given(state_set, "state_set")?, handle::text(state, "state")?) };
        state_set.0.enter(state)
    })
}

/// Says of one state whether it holds; the others stay as they are.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_state_set_set(
    state_set: *const tyk_state_set,
    state: *const c_char,
    holds: bool,
) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        let (state_set, state) = unsafe { (handle::given(state_set, "state_set")?, handle::text(state, "state")?) };
        state_set.0.set(state, holds)
    })
}

/// Whether a state holds; false if there is none of that name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_state_set_holds(
    state_set: *const tyk_state_set,
    state: *const c_char,
    out: *mut bool,
) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        let (state_set, state, out) = unsafe {
            (handle::given(state_set, "state_set")?, handle::text(state, "state")?, handle::place(out, "out")?)
        };
        out.write(state_set.0.holds(state));
        Ok(())
    })
}
