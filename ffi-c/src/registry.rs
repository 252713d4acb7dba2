//! `tyk_registry`: a set of metrics that are scraped together.

use crate::collector::{HostCollector, tyk_collector};
use crate::error::tyk_error;
use crate::family::tyk_family;
use crate::options::{self, tyk_registry_options};
use crate::{guard, handle};
use engine::{EngineCollector, ProcessCollector, Registry};
use std::ffi::c_char;

/// A set of metrics that are scraped together.
pub struct tyk_registry(pub(crate) Registry);

/// A registry of its own. `options` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_registry_new(
    options: *const tyk_registry_options,
    out: *mut *mut tyk_registry,
) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        let out = unsafe { handle::place(out, "out") }?;
        // SAFETY: the rules of the header.
        out.write(handle::give(tyk_registry(unsafe { options::registry(options) }?)));
        Ok(())
    })
}

/// The registry of the process, which all parts of a program share. It is freed like any other and lives on.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_registry_global(out: *mut *mut tyk_registry) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        unsafe { handle::place(out, "out") }?.write(handle::give(tyk_registry(Registry::global().clone())));
        Ok(())
    })
}

/// Frees a registry and writes NULL to `*registry`. Families and handles of it go on working.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_registry_free(registry: *mut *mut tyk_registry) {
    // SAFETY: the rules of the header.
    guard::quiet(|| drop(unsafe { handle::take(registry) }));
}

/// Lists a family in this registry too, beside those it is listed in. Nothing happens if it is listed already.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_registry_list(registry: *mut tyk_registry, family: *const tyk_family) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        let (registry, family) = unsafe { (handle::given(registry, "registry")?, handle::given(family, "family")?) };
        family.list_in(&registry.0)
    })
}

/// Takes the family of this full name out. Handles on it keep working and are no longer rendered. `*found` says whether
/// there was one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_registry_unregister(
    registry: *mut tyk_registry,
    name: *const c_char,
    found: *mut bool,
) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        let (registry, name, found) = unsafe {
            (handle::given(registry, "registry")?, handle::text(name, "name")?, handle::place(found, "found")?)
        };
        found.write(registry.0.unregister(name));
        Ok(())
    })
}

/// How many series there are, over all families.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_registry_series(registry: *const tyk_registry, out: *mut u64) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        let (registry, out) = unsafe { (handle::given(registry, "registry")?, handle::place(out, "out")?) };
        out.write(registry.0.series());
        Ok(())
    })
}

/// Promotes, expires and reclaims, as the start of every scrape does: for programs that nobody scrapes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_registry_upkeep(registry: *mut tyk_registry) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        unsafe { handle::given(registry, "registry") }?.0.upkeep();
        Ok(())
    })
}

/// Adds families that a function of the host makes at every scrape. `*id` is what tyk_registry_uncollect takes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_registry_collect(
    registry: *mut tyk_registry,
    collector: *const tyk_collector,
    id: *mut u64,
) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        let (registry, collector, id) = unsafe {
            (handle::given(registry, "registry")?, handle::given(collector, "collector")?, handle::place(id, "id")?)
        };
        id.write(registry.0.register_collector(HostCollector::new(collector, registry.0.name_rule())?));
        Ok(())
    })
}

/// Takes a collector out. `*found` says whether there was one of that number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_registry_uncollect(
    registry: *mut tyk_registry,
    id: u64,
    found: *mut bool,
) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        let (registry, found) = unsafe { (handle::given(registry, "registry")?, handle::place(found, "found")?) };
        found.write(registry.0.unregister_collector(id));
        Ok(())
    })
}

/// Adds what the operating system knows of this process: CPU, memory, file descriptors, start, threads, network.
/// `namespace_` goes before the names and may be NULL. `*id` is what tyk_registry_uncollect takes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_registry_collect_process(
    registry: *mut tyk_registry,
    namespace_: *const c_char,
    id: *mut u64,
) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        let (registry, namespace, id) = unsafe {
            (
                handle::given(registry, "registry")?,
                handle::optional_text(namespace_, "namespace_")?,
                handle::place(id, "id")?,
            )
        };
        let collector = ProcessCollector::new();
        let collector = match namespace {
            Some(namespace) => collector.namespace(namespace),
            None => collector,
        };
        id.write(registry.0.register_collector(collector));
        Ok(())
    })
}

/// Adds what the registry knows of itself: series by family, overflows, invalid records, scrapes, shards. `*id` is what
/// tyk_registry_uncollect takes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_registry_collect_engine(registry: *mut tyk_registry, id: *mut u64) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        let (registry, id) = unsafe { (handle::given(registry, "registry")?, handle::place(id, "id")?) };
        id.write(registry.0.register_collector(EngineCollector::new(&registry.0)));
        Ok(())
    })
}
