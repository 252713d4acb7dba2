//! What is scraped together.
//!
//! A registry of JavaScript has one of these. The one of the process is shared: each isolate's first module instance records
//! to it, so that a worker's metrics are the program's without a message.

use crate::error::OrThrow;
use crate::metric::{self, Definition, Family, Metric};
use crate::raw::Given;
use engine::{ErrorCode, Gateway};
use napi::bindgen_prelude::External;
use napi::{Env, Error, Result, Status};
use napi_derive::napi;
use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// A registry, and the families it lists in their order.
pub(crate) struct Registry {
    pub(crate) engine: engine::Registry,
    listed: Mutex<Vec<Arc<Family>>>,
    /// The families of a gateway's requests, if they were asked for.
    gateway: Mutex<Option<Gateway>>,
    /// How many bytes its last text had.
    last: AtomicUsize,
}

impl Registry {
    fn new() -> Arc<Registry> {
        Arc::new(Registry {
            engine: engine::Registry::new(),
            listed: Mutex::default(),
            gateway: Mutex::default(),
            last: AtomicUsize::new(0),
        })
    }

    /// Room for a text like the last one, and a little more: a large one that grows is moved again and again.
    pub(crate) fn room(&self) -> Vec<u8> {
        // Relaxed: a guess.
        let last = self.last.load(Relaxed);
        Vec::with_capacity(last + last / 8)
    }

    /// Remembers how long a text is.
    pub(crate) fn remember(&self, text: &[u8]) {
        // Relaxed: as above.
        self.last.store(text.len(), Relaxed);
    }

    fn gateway(&self) -> MutexGuard<'_, Option<Gateway>> {
        self.gateway.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is derived from the families of requests, if they were asked for.
    pub(crate) fn derived(&self) -> Vec<engine::snapshot::Family> {
        let gateway = self.gateway().clone();
        gateway.map(|gateway| gateway.derived().families).unwrap_or_default()
    }

    pub(crate) fn listed(&self) -> MutexGuard<'_, Vec<Arc<Family>>> {
        self.listed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

thread_local! {
    /// Whether a module instance of this isolate has the process's registry.
    static TAKEN: Cell<bool> = const { Cell::new(false) };
}

/// The isolate ended: another on this thread may have the process's registry.
pub(crate) fn close() {
    TAKEN.set(false);
}

/// The process's registry for the first module instance of an isolate, and an empty one for every other: a test that resets
/// its modules begins anew.
#[napi(catch_unwind)]
pub(crate) fn default_registry() -> External<Arc<Registry>> {
    static PROCESS: OnceLock<Arc<Registry>> = OnceLock::new();
    if TAKEN.replace(true) {
        return External::new(Registry::new());
    }
    External::new(Arc::clone(PROCESS.get_or_init(Registry::new)))
}

/// A registry of its own.
#[napi(catch_unwind)]
pub(crate) fn registry() -> External<Arc<Registry>> {
    External::new(Registry::new())
}

/// Makes a metric, or finds the one that another isolate registered the same way. Not `listed`, it is only seen through the
/// registries that list it; nor is it where the registry has no such metric and yet prints one of its names, and then `listed`
/// is false in what is given.
#[napi(catch_unwind)]
pub(crate) fn metric(
    env: Env,
    registry: &External<Arc<Registry>>,
    definition: Definition,
    listed: bool,
) -> Result<Given> {
    let mut all = registry.listed();
    let known = listed.then(|| all.iter().find(|family| family.series.name() == definition.name).cloned()).flatten();
    // Asked of the engine even so: it says whether the two are the same.
    let (series, listed) = match definition.family(&registry.engine, listed) {
        Err(error) if listed && known.is_none() && error.code() == ErrorCode::Conflict => {
            (definition.family(&registry.engine, false).or_throw()?, false)
        }
        made => (made.or_throw()?, listed),
    };
    let family = known.unwrap_or_else(|| {
        let family = Family::new(series);
        if listed {
            all.push(Arc::clone(&family));
        }
        family
    });
    drop(all);
    metric::given(&env, family, listed)
}

/// Lists a metric in one more registry.
#[napi(catch_unwind)]
pub(crate) fn list(registry: &External<Arc<Registry>>, metric: &External<Metric>) -> Result<()> {
    let mut all = registry.listed();
    metric.family.series.list(&registry.engine).or_throw()?;
    if !all.iter().any(|family| Arc::ptr_eq(family, &metric.family)) {
        all.push(Arc::clone(&metric.family));
    }
    Ok(())
}

/// Takes a metric out of a registry. False if it is not there.
#[napi(catch_unwind)]
pub(crate) fn unlist(registry: &External<Arc<Registry>>, metric: &External<Metric>) -> bool {
    let mut all = registry.listed();
    let Some(at) = all.iter().position(|family| Arc::ptr_eq(family, &metric.family)) else { return false };
    let gone = all.remove(at);
    registry.engine.unregister(gone.series.name())
}

/// Has a registry work out what is derived from the families of a gateway's requests, which JavaScript made before.
#[napi(catch_unwind)]
pub(crate) fn derive(registry: &External<Arc<Registry>>) -> Result<()> {
    let mut gateway = registry.gateway();
    if gateway.is_none() {
        *gateway = Some(Gateway::new(&registry.engine).or_throw()?);
    }
    Ok(())
}

/// Ends that: the families were taken out.
#[napi(catch_unwind)]
pub(crate) fn underive(registry: &External<Arc<Registry>>) {
    if let Some(gateway) = registry.gateway().take() {
        gateway.hide_derived(&registry.engine);
    }
}

/// What a client asks for by its `Accept` header: the format as `render` takes it, and its `Content-Type`.
#[napi(catch_unwind)]
pub(crate) fn negotiate(accept: String) -> Vec<String> {
    let exposition = engine::negotiate(&accept);
    let format = exposition.format.as_str();
    vec![format!("{format}{ESCAPING}{}", exposition.escaping.as_str()), exposition.content_type()]
}

/// The encoding that a client asks for by its `Accept-Encoding` header.
#[napi(catch_unwind)]
pub(crate) fn negotiate_encoding(accept: String) -> String {
    engine::Encoding::negotiate(&accept).as_str().to_owned()
}

/// Stands between the name of a format and how names are escaped.
const ESCAPING: &str = "; escaping=";

/// An exposition by the name that [`negotiate`] gives it.
pub(crate) fn exposition(format: &str) -> Result<engine::Exposition> {
    let (name, escaping) = match format.split_once(ESCAPING) {
        Some((name, escaping)) => (name, Some(escaping)),
        None => (format, None),
    };
    let mut exposition = engine::Exposition::from(engine::Format::from_name(name).or_throw()?);
    exposition.omit_empty_labels = true;
    if let Some(escaping) = escaping {
        exposition.escaping = engine::Escaping::from_name(escaping).ok_or_else(|| {
            let known = "allow-utf-8, underscores, dots and values";
            Error::new(Status::InvalidArg, format!("no escaping is called {escaping:?}; there are {known}"))
        })?;
    }
    Ok(exposition)
}
