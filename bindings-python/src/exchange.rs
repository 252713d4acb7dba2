//! One HTTP request as it passes through the ASGI middleware: when it began, what its messages say, how long it took.
//!
//! `python/tykmetrics/middleware/asgi.py` passes the messages and finds the endpoint of a route that is new. What it would
//! do in bytecode for each request is here: all of the middleware should cost under a hundredth or two of a small one.
//! Absent: how frameworks name routes (`templates.py`), and the families (`families.py`), which are called as Python is.

use crate::clock;
use pyo3::exceptions::PyKeyError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyFrozenSet, PyString, PyTuple};
use pyo3::{PyTraverseError, PyVisit};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

/// nginx's status of a client that left before the answer, as `GONE_AWAY` in `python/tykmetrics/status.py`.
const GONE_AWAY: i64 = 499;

/// The places of an `InFlight`.
const METHOD: usize = 0;
const BEGIN: usize = 1;
const END: usize = 2;

/// Endpoints that are remembered: as many as a family has series before it overflows.
const ENDPOINTS: usize = 10_000;

/// The requests to one application.
#[pyclass(frozen, module = "tykmetrics._native")]
pub(crate) struct Exchanges {
    /// Paths that are not counted.
    skip: Py<PyFrozenSet>,
    /// What counts the requests of a method while they are served, by the method (`InFlight` in `families.py`).
    known: Py<PyDict>,
    /// Tells it of a method that is not among them.
    find: Py<PyAny>,
    endpoints: Mutex<HashMap<Named, Arc<Endpoint>>>,
}

/// By what a request's endpoint is remembered, as addresses: the method, and what its route and FastAPI's context of the
/// route are in the scope.
#[derive(PartialEq, Eq, Hash)]
struct Named(usize, usize, usize);

/// An endpoint, and what records its requests.
struct Endpoint {
    /// What the addresses are of, held so that they stay theirs.
    held: [Option<Py<PyAny>>; 3],
    /// The root path after the application ran, and before: a route may be reached in several ways.
    roots: [Option<Py<PyAny>>; 2],
    /// Gets the endpoint, the method, the seconds and the status.
    record: Py<PyAny>,
    endpoint: Py<PyAny>,
    /// Get a size in bytes.
    received: Py<PyAny>,
    sent: Py<PyAny>,
}

#[pymethods]
impl Exchanges {
    #[new]
    fn new(skip: Py<PyFrozenSet>, known: Py<PyDict>, find: Py<PyAny>) -> Self {
        Exchanges { skip, known, find, endpoints: Mutex::default() }
    }

    /// Begin a request, unless the scope is of something else or its path is to be skipped.
    #[pyo3(signature = (scope, receive, send, /))]
    fn begin(
        slf: &Bound<'_, Self>,
        scope: &Bound<'_, PyAny>,
        receive: Py<PyAny>,
        send: Py<PyAny>,
    ) -> PyResult<Option<Exchange>> {
        let (py, this) = (slf.py(), slf.get());
        if !is(&scope.get_item(intern!(py, "type"))?, "http")? {
            return Ok(None);
        }
        let path = scope.get_item(intern!(py, "path"))?;
        let root = get(scope, intern!(py, "root_path"))?;
        if this.is_skipped(&path, root.as_ref())? {
            return Ok(None);
        }
        let method = scope.get_item(intern!(py, "method"))?;
        let in_flight = match this.known.bind(py).get_item(&method) {
            Ok(Some(known)) => known,
            // A method that cannot be looked up is one for the function to name.
            Ok(None) | Err(_) => this.find.bind(py).call1((method,))?,
        };
        let exchange = Exchange {
            exchanges: slf.clone().unbind(),
            scope: scope.clone().unbind(),
            receive,
            send,
            application: get(scope, intern!(py, "app"))?.map(Bound::unbind),
            root: root.map(Bound::unbind),
            begun: now(py)?,
            in_flight: in_flight.cast_into::<PyTuple>()?.unbind(),
            status: AtomicI64::new(0),
            received: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            is_complete: AtomicBool::new(false),
            is_gone: AtomicBool::new(false),
            is_over: AtomicBool::new(false),
        };
        exchange.in_flight(py, BEGIN)?.call0()?;
        Ok(Some(exchange))
    }

    /// Remember what records the requests to this exchange's route by its method.
    #[pyo3(signature = (exchange, record, endpoint, received, sent, /))]
    fn remember(
        &self,
        exchange: &Exchange,
        record: &Bound<'_, PyAny>,
        endpoint: Py<PyAny>,
        received: Py<PyAny>,
        sent: Py<PyAny>,
    ) -> PyResult<()> {
        let py = record.py();
        let scope = exchange.scope.bind(py);
        let Some(held) = exchange.named(scope)? else { return Ok(()) };
        let roots = [get(scope, intern!(py, "root_path"))?.map(Bound::unbind), clone(py, &exchange.root)];
        let mut endpoints = self.endpoints();
        let key = key(&held);
        if endpoints.len() < ENDPOINTS || endpoints.contains_key(&key) {
            let held = held.map(|object| object.map(Bound::unbind));
            let record = record.clone().unbind();
            let endpoint = Arc::new(Endpoint { held, roots, record, endpoint, received, sent });
            let before = endpoints.insert(key, endpoint);
            // In this order: what is let go of may run the user's code.
            drop(endpoints);
            drop(before);
        }
        Ok(())
    }

    // Without a `__clear__`: a cycle that it is on is broken elsewhere.
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.skip)?;
        visit.call(&self.known)?;
        visit.call(&self.find)?;
        // Whoever holds it may be waiting for the collection to end.
        let Ok(endpoints) = self.endpoints.try_lock() else { return Ok(()) };
        endpoints.values().try_for_each(|endpoint| {
            let Endpoint { held, roots, record, endpoint, received, sent } = &**endpoint;
            held.iter().chain(roots).try_for_each(|object| visit.call(object))?;
            [record, endpoint, received, sent].into_iter().try_for_each(|object| visit.call(object))
        })
    }
}

/// The addresses of what names an endpoint.
fn key(held: &[Option<Bound<'_, PyAny>>; 3]) -> Named {
    let address = |at: usize| held[at].as_ref().map_or(0, |object| object.as_ptr().addr());
    Named(address(0), address(1), address(2))
}

fn clone(py: Python<'_>, object: &Option<Py<PyAny>>) -> Option<Py<PyAny>> {
    object.as_ref().map(|object| object.clone_ref(py))
}

impl Exchanges {
    fn endpoints(&self) -> std::sync::MutexGuard<'_, HashMap<Named, Arc<Endpoint>>> {
        self.endpoints.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_skipped(&self, path: &Bound<'_, PyAny>, root: Option<&Bound<'_, PyAny>>) -> PyResult<bool> {
        let skip = self.skip.bind(path.py());
        if skip.contains(path)? {
            return Ok(true);
        }
        match root {
            Some(root) if root.is_truthy()? => {
                skip.contains(path.call_method1(intern!(path.py(), "removeprefix"), (root,))?)
            }
            _ => Ok(false),
        }
    }
}

/// A request that is served, and what is kept of its scope before routers write into it.
// One task passes its messages, so nothing is ordered by the atomics: they make it safe to share, which it must be.
#[pyclass(frozen, module = "tykmetrics._native")]
pub(crate) struct Exchange {
    exchanges: Py<Exchanges>,
    #[pyo3(get)]
    scope: Py<PyAny>,
    #[pyo3(get)]
    receive: Py<PyAny>,
    #[pyo3(get)]
    send: Py<PyAny>,
    #[pyo3(get)]
    application: Option<Py<PyAny>>,
    root: Option<Py<PyAny>>,
    /// Nanoseconds of the performance counter.
    begun: i64,
    in_flight: Py<PyTuple>,
    status: AtomicI64,
    received: AtomicU64,
    sent: AtomicU64,
    /// The last message of the response was passed.
    is_complete: AtomicBool,
    /// The client left before.
    is_gone: AtomicBool,
    /// It was recorded.
    is_over: AtomicBool,
}

#[pymethods]
impl Exchange {
    /// The root path that the server or an application around this one set.
    #[getter]
    fn outer(&self, py: Python<'_>) -> Py<PyAny> {
        self.root.as_ref().map_or_else(|| intern!(py, "").clone().into_any().unbind(), |root| root.clone_ref(py))
    }

    /// The method, or what stands for it.
    #[getter]
    fn method<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.in_flight(py, METHOD)
    }

    /// True if the client left before the response was complete.
    #[getter]
    fn gone(&self) -> bool {
        self.is_gone.load(Relaxed)
    }

    /// True once the request was ended.
    #[getter]
    fn over(&self) -> bool {
        self.is_over.load(Relaxed)
    }

    /// Look at a message of the application before the server gets it, and tell whether it is the last one.
    ///
    /// Before, since a server may tell a listening application of the end while it sends.
    #[pyo3(signature = (message, /))]
    fn sends(&self, message: &Bound<'_, PyAny>) -> PyResult<bool> {
        let py = message.py();
        let kind = message.get_item(intern!(py, "type"))?;
        match kind.cast::<PyString>()?.to_str()? {
            "http.response.start" => {
                self.status.store(message.get_item(intern!(py, "status"))?.extract()?, Relaxed);
                return Ok(false);
            }
            "http.response.body" => {
                if let Some(body) = get(message, intern!(py, "body"))? {
                    self.sent.fetch_add(body.len()? as u64, Relaxed);
                }
            }
            "http.response.zerocopysend" => {
                if let Some(count) = get(message, intern!(py, "count"))?
                    && !count.is_none()
                {
                    self.sent.fetch_add(count.extract()?, Relaxed);
                }
            }
            "http.response.pathsend" => {}
            _ => return Ok(false),
        }
        let is_last = match get(message, intern!(py, "more_body"))? {
            Some(more) => !more.is_truthy()?,
            None => true,
        };
        self.is_complete.store(is_last, Relaxed);
        Ok(is_last)
    }

    /// Look at a message that the application gets.
    #[pyo3(signature = (message, /))]
    fn receives(&self, message: &Bound<'_, PyAny>) -> PyResult<()> {
        let py = message.py();
        let kind = message.get_item(intern!(py, "type"))?;
        match kind.cast::<PyString>()?.to_str()? {
            "http.request" => {
                if let Some(body) = get(message, intern!(py, "body"))? {
                    self.received.fetch_add(body.len()? as u64, Relaxed);
                }
            }
            "http.disconnect" if !self.is_complete.load(Relaxed) => self.is_gone.store(true, Relaxed),
            _ => {}
        }
        Ok(())
    }

    /// Take note that the client left.
    fn lost(&self) {
        self.is_gone.store(true, Relaxed);
    }

    /// End the request with this status, or with None with its response's (499 if the client left before its end).
    ///
    /// If its endpoint is remembered, record it; else return the seconds, the status and the bytes that were received and
    /// sent, for the caller to record. None if there is nothing left to do.
    #[pyo3(signature = (status, /))]
    fn end(&self, py: Python<'_>, status: Option<i64>) -> PyResult<Option<(f64, i64, u64, u64)>> {
        if self.is_over.swap(true, Relaxed) {
            return Ok(None);
        }
        self.in_flight(py, END)?.call0()?;
        let seconds = (now(py)?.saturating_sub(self.begun)).max(0) as f64 / 1e9;
        let answered = || if self.is_gone.load(Relaxed) { GONE_AWAY } else { self.status.load(Relaxed) };
        let status = status.unwrap_or_else(answered);
        let (received, sent) = (self.received.load(Relaxed), self.sent.load(Relaxed));
        let Some(endpoint) = self.remembered(py)? else { return Ok(Some((seconds, status, received, sent))) };
        let method = &endpoint.held[0];
        endpoint.record.bind(py).call1((&endpoint.endpoint, method, seconds, status))?;
        endpoint.received.bind(py).call1((received,))?;
        endpoint.sent.bind(py).call1((sent,))?;
        Ok(None)
    }

    // As of `Exchanges`.
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.exchanges)?;
        [&self.scope, &self.receive, &self.send].into_iter().try_for_each(|object| visit.call(object))?;
        visit.call(&self.application)?;
        visit.call(&self.root)?;
        visit.call(&self.in_flight)
    }
}

impl Exchange {
    fn in_flight<'py>(&self, py: Python<'py>, at: usize) -> PyResult<Bound<'py, PyAny>> {
        self.in_flight.bind(py).get_item(at)
    }

    /// What names the endpoint, or None if the scope has no route.
    fn named<'py>(&self, scope: &Bound<'py, PyAny>) -> PyResult<Option<[Option<Bound<'py, PyAny>>; 3]>> {
        let py = scope.py();
        let Some(route) = get(scope, intern!(py, "route"))? else { return Ok(None) };
        let context = match get(scope, intern!(py, "fastapi"))? {
            Some(fastapi) => get(&fastapi, intern!(py, "effective_route_context"))?,
            None => None,
        };
        let method = self.in_flight(py, METHOD)?;
        Ok(Some([Some(method), Some(route), context]))
    }

    fn remembered(&self, py: Python<'_>) -> PyResult<Option<Arc<Endpoint>>> {
        let scope = self.scope.bind(py);
        let Some(held) = self.named(scope)? else { return Ok(None) };
        let Some(found) = self.exchanges.get().endpoints().get(&key(&held)).map(Arc::clone) else { return Ok(None) };
        let root = get(scope, intern!(py, "root_path"))?;
        let is_same = same(py, &found.roots[0], root.as_ref())?
            && same(py, &found.roots[1], self.root.as_ref().map(|root| root.bind(py)))?;
        Ok(is_same.then_some(found))
    }
}

/// True if two texts are equal, or both are absent.
fn same(py: Python<'_>, one: &Option<Py<PyAny>>, other: Option<&Bound<'_, PyAny>>) -> PyResult<bool> {
    match (one, other) {
        (Some(one), Some(other)) => Ok(one.is(other) || one.bind(py).eq(other)?),
        (one, other) => Ok(one.is_none() && other.is_none()),
    }
}

fn now(py: Python<'_>) -> PyResult<i64> {
    clock::perf_counter_ns().map_or_else(|| clock::patched_perf_counter_ns(py), Ok)
}

fn is(value: &Bound<'_, PyAny>, text: &str) -> PyResult<bool> {
    Ok(value.cast::<PyString>()?.to_str()? == text)
}

/// What a scope or a message has under a name, if it has it.
fn get<'py>(mapping: &Bound<'py, PyAny>, name: &Bound<'py, PyString>) -> PyResult<Option<Bound<'py, PyAny>>> {
    if let Ok(dict) = mapping.cast_exact::<PyDict>() {
        return dict.get_item(name);
    }
    match mapping.get_item(name) {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.is_instance_of::<PyKeyError>(mapping.py()) => Ok(None),
        Err(error) => Err(error),
    }
}
