//! `tyk_info`: text that describes the target.

use crate::error::tyk_error;
use crate::family::tyk_family;
use crate::options::{Options, tyk_options};
use crate::registry::tyk_registry;
use crate::text::{self, tyk_label, tyk_str};
use crate::{guard, handle};
use engine::Info;

/// A handle on an info metric.
pub struct tyk_info(Info);

fn hold(info: Info) -> *mut tyk_info {
    handle::give(tyk_info(info))
}

/// An info metric without labels, new or the one that was registered the same way before.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_info_new(
    registry: *mut tyk_registry,
    options: *const tyk_options,
    out: *mut *mut tyk_info,
) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        let (registry, options, out) =
            unsafe { (handle::given(registry, "registry")?, Options::read(options)?, handle::place(out, "out")?) };
        out.write(hold(options.without_labels()?.info(&registry.0)?.with(&[])?));
        Ok(())
    })
}

/// The series of these label values, in the order of the family's label names; made if there is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_info_with(
    family: *const tyk_family,
    values: *const tyk_str,
    count: usize,
    out: *mut *mut tyk_info,
) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        let (family, out) = unsafe { (handle::given(family, "family")?, handle::place(out, "out")?) };
        let family = family.info()?;
        // SAFETY: the rules of the header.
        out.write(hold(unsafe { text::with_values(values, count, |values| family.with(values)) }?));
        Ok(())
    })
}

/// The series of these label values if there is one, else NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_info_get(
    family: *const tyk_family,
    values: *const tyk_str,
    count: usize,
    out: *mut *mut tyk_info,
) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        let (family, out) = unsafe { (handle::given(family, "family")?, handle::place(out, "out")?) };
        let family = family.info()?;
        // SAFETY: the rules of the header.
        let found = unsafe { text::with_values(values, count, |values| family.get(values)) }?;
        out.write(found.map_or(std::ptr::null_mut(), hold));
        Ok(())
    })
}

/// Frees a handle and writes NULL to `*info`. The series stays.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_info_free(info: *mut *mut tyk_info) {
    // SAFETY: the rules of the header.
    guard::quiet(|| drop(unsafe { handle::take(info) }));
}

/// Replaces the labels. Not hot: it locks and allocates.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_info_set(info: *const tyk_info, labels: *const tyk_label, count: usize) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        let (info, labels) = unsafe { (handle::given(info, "info")?, text::labels(labels, count)?) };
        info.0.set(&text::pairs(&labels))
    })
}
