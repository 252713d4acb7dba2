//! The requests of a gateway: what `record_request` and the routes of decorators and middleware record through.

use crate::clock;
use crate::error::OrRaise;
use crate::hot::{self, Call, Requested};
use crate::metric::Teller;
use crate::raised::{self, Raises};
use crate::registry::Registry;
use engine::{Gateway, Outcome};
use pyo3::exceptions::PyOverflowError;
use pyo3::prelude::*;
use pyo3::types::PyList;
use pyo3::{PyTraverseError, PyVisit};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Outcomes that are known by text at most. Beyond it they are looked up anew.
const OUTCOMES: usize = 4096;

/// The families of a gateway in a registry.
#[pyclass(frozen, subclass, weakref, module = "tykmetrics._native")]
pub(crate) struct Requests {
    /// Has the families and what is derived from them, and nothing else, so that it can tell them apart.
    home: engine::Registry,
    gateway: Gateway,
    pub(crate) known: Requested<Outcome>,
    by_text: Mutex<HashMap<Request, Arc<Outcome>>>,
}

#[derive(PartialEq, Eq, Hash, Clone)]
struct Request {
    endpoint: String,
    method: String,
    status: u32,
    provider: Option<String>,
    model: Option<String>,
}

impl Requests {
    /// The outcome, the seconds and the status of a call of `record_request`.
    pub(crate) fn resolve(
        &self,
        [endpoint, method, latency, status, provider, model]: &[Option<&Bound<'_, PyAny>>; 6],
    ) -> PyResult<(Arc<Outcome>, f64, u64)> {
        let text = |value: &Option<&Bound<'_, PyAny>>| match value {
            Some(value) if !value.is_none() => text(value).map(Some),
            _ => Ok(None),
        };
        let seconds = latency.map_or(Ok(f64::NAN), |latency| latency.extract::<f64>())?;
        let status = status.map_or(Ok(0), status_code)?;
        let request = Request {
            endpoint: text(endpoint)?.unwrap_or_default(),
            method: text(method)?.unwrap_or_default(),
            status,
            provider: text(provider)?,
            model: text(model)?,
        };
        Ok((self.outcome(request), seconds, u64::from(status)))
    }

    fn outcome(&self, request: Request) -> Arc<Outcome> {
        let mut known = self.by_text.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(outcome) = known.get(&request) {
            return Arc::clone(outcome);
        }
        let Request { endpoint, method, status, provider, model } = &request;
        let outcome = Arc::new(self.gateway.outcome(endpoint, method, *status, provider.as_deref(), model.as_deref()));
        if known.len() < OUTCOMES {
            known.insert(request, Arc::clone(&outcome));
        }
        outcome
    }
}

/// A status as it is counted: 0 for a number that no status can be.
fn status_code(status: &Bound<'_, PyAny>) -> PyResult<u32> {
    match status.extract::<u32>() {
        Err(error) if error.is_instance_of::<PyOverflowError>(status.py()) => Ok(0),
        status => status,
    }
}

fn text(value: &Bound<'_, PyAny>) -> PyResult<String> {
    Ok(value.str()?.to_string_lossy().into_owned())
}

#[pymethods]
impl Requests {
    #[new]
    #[pyo3(signature = (registry=None))]
    fn new(registry: Option<&Registry>) -> PyResult<Self> {
        let home = engine::Registry::new();
        let gateway = Gateway::new(&home).or_raise()?;
        let requests = Requests { home, gateway, known: Requested::default(), by_text: Mutex::default() };
        if let Some(registry) = registry {
            requests._list(registry);
        }
        Ok(requests)
    }

    /// Show the families in a registry, and return the number to remove them by, as a collector's.
    fn _list(&self, registry: &Registry) -> u64 {
        registry.registry.register_collector(Shown(self.home.clone()))
    }

    /// Return the families as `(name, documentation, type, unit, samples)`.
    fn _tell<'py>(&self, py: Python<'py>, created: bool) -> PyResult<Bound<'py, PyList>> {
        let snapshot = raised::scrape(py, Raises::Everything, || self.home.snapshot())?;
        let told: Vec<_> = snapshot.families.iter().map(|family| engine::samples::of(family, created)).collect();
        crate::samples::list(py, &told)
    }

    /// Count a lookup that the cache answered.
    fn record_cache_hit(&self) {
        self.gateway.cache_hits().inc();
    }

    /// Count a lookup that the cache did not answer.
    fn record_cache_miss(&self) {
        self.gateway.cache_misses().inc();
    }

    /// Count a database query that took so many seconds.
    fn record_db_query(&self, latency_seconds: f64) {
        self.gateway.record_db_query(latency_seconds);
    }

    /// Count a call to another service, and whether it failed.
    #[pyo3(signature = (service, error=false))]
    fn record_external_api_call(&self, service: &Bound<'_, PyAny>, error: bool) -> PyResult<()> {
        self.gateway.record_external_api_call(&text(service)?, error);
        Ok(())
    }

    /// Return a route: the requests to one endpoint, to be begun and ended.
    #[pyo3(signature = (endpoint, method, provider=None, model=None))]
    fn route(
        slf: Py<Self>,
        endpoint: String,
        method: String,
        provider: Option<String>,
        model: Option<String>,
    ) -> Route {
        let request = Request { endpoint, method, status: 0, provider, model };
        Route { requests: slf, request, known: Default::default() }
    }
}

impl Teller for Shown {
    fn tell(&self) -> Vec<engine::snapshot::Family> {
        self.0.snapshot().families
    }
}

/// The families of an object that is a collector of requests.
pub(crate) fn teller(object: &Bound<'_, PyAny>) -> Option<Arc<dyn Teller>> {
    Some(Arc::new(Shown(object.cast::<Requests>().ok()?.get().home.clone())))
}

/// The families of a registry, shown in another.
struct Shown(engine::Registry);

impl engine::Collector for Shown {
    fn collect(&self, into: &mut engine::snapshot::Snapshot) {
        into.families.append(&mut self.0.snapshot().families);
    }
}

/// The statuses that HTTP has: 100 to 599.
const STATUSES: usize = 500;
const FIRST_STATUS: u64 = 100;

/// The requests to one endpoint, by one method, to one provider and model.
#[pyclass(frozen, module = "tykmetrics._native")]
pub(crate) struct Route {
    requests: Py<Requests>,
    request: Request,
    /// Its outcomes by status.
    known: OnceLock<Box<[OnceLock<Arc<Outcome>>; STATUSES]>>,
}

#[pymethods]
impl Route {
    // Without a `__clear__`: a cycle that it is on is broken elsewhere.
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.requests)
    }
}

impl Route {
    /// The outcome of a status that was had before.
    #[inline(always)]
    pub(crate) fn known(&self, status: u64) -> Option<&Outcome> {
        let at = status.checked_sub(FIRST_STATUS)? as usize;
        self.known.get()?.get(at)?.get().map(|outcome| &**outcome)
    }

    pub(crate) fn end_slowly(this: &Bound<'_, Self>, call: &Call<'_>) -> PyResult<Py<PyAny>> {
        let py = this.py();
        let [begin, status] = call.bind("end", ["begin", "status_code"], 2)?;
        let (Some(begin), Some(status)) = (begin, status) else { return Ok(py.None()) };
        let (begin, status) = (begin.extract::<i64>()?, status_code(status)?);
        let now = match clock::perf_counter_ns() {
            Some(now) => now,
            None => clock::patched_perf_counter_ns(py)?,
        };
        this.get().record(status, now.saturating_sub(begin).max(0) as f64 / 1e9);
        Ok(py.None())
    }

    /// Counts a request that was answered with this status.
    pub(crate) fn record(&self, status: u32, seconds: f64) {
        if let Some(outcome) = self.known(u64::from(status)) {
            return hot::record(outcome, seconds);
        }
        let outcome = self.requests.get().outcome(Request { status, ..self.request.clone() });
        hot::record(&outcome, seconds);
        if let Some(at) = u64::from(status).checked_sub(FIRST_STATUS)
            && let Some(place) =
                self.known.get_or_init(|| Box::new(std::array::from_fn(|_| OnceLock::new()))).get(at as usize)
        {
            let _ = place.set(outcome);
        }
    }
}
