//! One HTTP request as it passes through the ASGI middleware: when it began, what its messages say, how long it took.
//!
//! `python/tykmetrics/middleware/asgi.py` passes the messages and finds the endpoint of a route that is new. What it would
//! do in bytecode for each request is here: all of the middleware should cost a hundredth or two of a small one. Absent: how
//! frameworks name routes (`templates.py`), and which families there are (`families.py`).

use crate::clock;
use crate::metric::{Gauge, Histogram};
use crate::requests::Route;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyFrozenSet, PyString, PyTuple};
use pyo3::{PyTraverseError, PyVisit};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// nginx's status of a client that left before the answer, as `GONE_AWAY` in `python/tykmetrics/status.py`.
const GONE_AWAY: i64 = 499;

/// The status of an application that gives none that can be read, as `ERROR` there.
const ERROR: i64 = 500;

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
    route: Py<Route>,
    received: Py<Histogram>,
    sent: Py<Histogram>,
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
        if text(&scope.get_item(intern!(py, "type"))?) != "http" {
            return Ok(None);
        }
        let path = scope.get_item(intern!(py, "path"))?;
        let root = get(scope, intern!(py, "root_path"))?;
        if this.is_skipped(&path, root.as_ref())? {
            return Ok(None);
        }
        let method = scope.get_item(intern!(py, "method"))?;
        let known = match method.cast_exact::<PyString>() {
            Ok(method) => this.known.bind(py).get_item(method)?,
            Err(_) => None,
        };
        let in_flight = match known {
            Some(known) => known,
            None => this.find.bind(py).call1((method,))?,
        };
        let in_flight = in_flight.cast::<PyTuple>()?;
        let exchange = Exchange {
            exchanges: slf.clone().unbind(),
            scope: scope.clone().unbind(),
            receive,
            send,
            application: get(scope, intern!(py, "app"))?.map(Bound::unbind),
            root: root.map(Bound::unbind),
            outer_params: get(scope, intern!(py, "path_params"))?.map(Bound::unbind),
            begun: now(py)?,
            method: in_flight.get_item(0)?.unbind(),
            in_flight: in_flight.get_item(1)?.cast_into::<Gauge>()?.unbind(),
            passed: Mutex::default(),
        };
        exchange.moved(1.0);
        Ok(Some(exchange))
    }

    /// Remember what records the requests to this exchange's route by its method.
    #[pyo3(signature = (exchange, route, received, sent, /))]
    fn remember(
        &self,
        exchange: &Exchange,
        route: &Bound<'_, Route>,
        received: Py<Histogram>,
        sent: Py<Histogram>,
    ) -> PyResult<()> {
        let py = route.py();
        let scope = exchange.scope.bind(py);
        let Some(held) = exchange.named(scope)? else { return Ok(()) };
        let roots = [get(scope, intern!(py, "root_path"))?.map(Bound::unbind), clone(py, &exchange.root)];
        let mut endpoints = self.endpoints();
        let key = key(&held);
        // The first root path of a route is remembered: one that changes with every request would never be found again.
        if endpoints.len() < ENDPOINTS && !endpoints.contains_key(&key) {
            let held = held.map(|object| object.map(Bound::unbind));
            let route = route.clone().unbind();
            endpoints.insert(key, Arc::new(Endpoint { held, roots, route, received, sent }));
        }
        Ok(())
    }

    fn __clear__(&self) {
        // Bound, so that it is dropped after the lock was let go: that may run the user's code.
        let _endpoints = std::mem::take(&mut *self.endpoints());
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.skip)?;
        visit.call(&self.known)?;
        visit.call(&self.find)?;
        // Whoever holds it may be waiting for the collection to end.
        let Ok(endpoints) = self.endpoints.try_lock() else { return Ok(()) };
        endpoints.values().try_for_each(|endpoint| {
            let Endpoint { held, roots, route, received, sent } = &**endpoint;
            held.iter().chain(roots).try_for_each(|object| visit.call(object))?;
            visit.call(route)?;
            visit.call(received)?;
            visit.call(sent)
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
    fn endpoints(&self) -> MutexGuard<'_, HashMap<Named, Arc<Endpoint>>> {
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
    /// The parameters of the path that are in the root path.
    #[pyo3(get)]
    outer_params: Option<Py<PyAny>>,
    /// Nanoseconds of the performance counter.
    begun: i64,
    /// The method, or what stands for it.
    #[pyo3(get)]
    method: Py<PyAny>,
    in_flight: Py<Gauge>,
    /// Not held while anything of Python's is asked.
    passed: Mutex<Passed>,
}

/// What was seen of a request's messages.
#[derive(Default)]
struct Passed {
    /// Of the response, if it could be read.
    status: Option<i64>,
    received: u64,
    sent: u64,
    /// The last message of the response was passed.
    is_complete: bool,
    /// The client left before.
    is_gone: bool,
    /// It was recorded.
    is_over: bool,
}

#[pymethods]
impl Exchange {
    /// The root path that the server or an application around this one set.
    #[getter]
    fn outer(&self, py: Python<'_>) -> Py<PyAny> {
        self.root.as_ref().map_or_else(|| intern!(py, "").clone().into_any().unbind(), |root| root.clone_ref(py))
    }

    /// True if the client left before the response was complete.
    #[getter]
    fn gone(&self) -> bool {
        self.passed().is_gone
    }

    /// True once the last message of the response was passed.
    #[getter]
    fn complete(&self) -> bool {
        self.passed().is_complete
    }

    /// True once the request was ended.
    #[getter]
    fn over(&self) -> bool {
        self.passed().is_over
    }

    /// Look at a message of the application before the server gets it, and tell whether it is the last one.
    ///
    /// Before, since a server may tell a listening application of the end while it sends.
    #[pyo3(signature = (message, /))]
    fn sends(&self, message: &Bound<'_, PyAny>) -> PyResult<bool> {
        let py = message.py();
        let kind = message.get_item(intern!(py, "type"))?;
        let (size, is_count) = match text(&kind) {
            "http.response.start" => {
                let status = message.get_item(intern!(py, "status"))?.extract()?;
                self.passed().status = Some(status);
                return Ok(false);
            }
            "http.response.body" => (intern!(py, "body"), false),
            "http.response.zerocopysend" => (intern!(py, "count"), true),
            "http.response.pathsend" => {
                self.passed().is_complete = true;
                return Ok(true);
            }
            _ => return Ok(false),
        };
        // First, since it matters more: the size may be none.
        let is_last = match get(message, intern!(py, "more_body"))? {
            Some(more) => !more.is_truthy()?,
            None => true,
        };
        self.passed().is_complete = is_last;
        if let Some(size) = get(message, size)? {
            let size = if is_count { size.extract::<f64>()? as u64 } else { size.len()? as u64 };
            self.passed().sent += size;
        }
        Ok(is_last)
    }

    /// Look at a message that the application gets.
    #[pyo3(signature = (message, /))]
    fn receives(&self, message: &Bound<'_, PyAny>) -> PyResult<()> {
        let py = message.py();
        let kind = message.get_item(intern!(py, "type"))?;
        match text(&kind) {
            "http.request" => {
                if let Some(body) = get(message, intern!(py, "body"))? {
                    let size = body.len()? as u64;
                    self.passed().received += size;
                }
            }
            "http.disconnect" => {
                let mut passed = self.passed();
                passed.is_gone |= !passed.is_complete;
            }
            _ => {}
        }
        Ok(())
    }

    /// Take note that the client left.
    fn lost(&self) {
        self.passed().is_gone = true;
    }

    /// End the request with this status, or with None with its response's (499 if the client left before its end).
    ///
    /// If its endpoint is remembered, record it; else return the seconds, the status and the bytes that were received and
    /// sent, for the caller to record. None if there is nothing left to do.
    #[pyo3(signature = (status, /))]
    fn end(&self, py: Python<'_>, status: Option<i64>) -> PyResult<Option<(f64, i64, u64, u64)>> {
        let mut passed = self.passed();
        if std::mem::replace(&mut passed.is_over, true) {
            return Ok(None);
        }
        let answered = if passed.is_gone { GONE_AWAY } else { passed.status.unwrap_or(ERROR) };
        let (status, received, sent) = (status.unwrap_or(answered), passed.received, passed.sent);
        drop(passed);
        self.moved(-1.0);
        let seconds = (now(py)?.saturating_sub(self.begun)).max(0) as f64 / 1e9;
        // A lookup that fails is left to the caller, who asks for the same and tells of it.
        let Ok(Some(endpoint)) = self.remembered(py) else { return Ok(Some((seconds, status, received, sent))) };
        endpoint.route.get().record(u32::try_from(status).unwrap_or(0), seconds);
        observe(&endpoint.received, received);
        observe(&endpoint.sent, sent);
        Ok(None)
    }

    // Without a `__clear__`: what it refers to was there before it, so a cycle that it is on is broken elsewhere.
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.exchanges)?;
        visit.call(&self.outer_params)?;
        [&self.scope, &self.receive, &self.send].into_iter().try_for_each(|object| visit.call(object))?;
        visit.call(&self.application)?;
        visit.call(&self.root)?;
        visit.call(&self.method)?;
        visit.call(&self.in_flight)
    }
}

impl Exchange {
    fn passed(&self) -> MutexGuard<'_, Passed> {
        self.passed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts one request more or less that is being served.
    fn moved(&self, by: f64) {
        if let Some(series) = self.in_flight.get().inner.series.get() {
            series.add(by);
        }
    }

    /// What names the endpoint, or None if the scope has no route.
    fn named<'py>(&self, scope: &Bound<'py, PyAny>) -> PyResult<Option<[Option<Bound<'py, PyAny>>; 3]>> {
        let py = scope.py();
        let Some(route) = get(scope, intern!(py, "route"))? else { return Ok(None) };
        let context = match get(scope, intern!(py, "fastapi"))? {
            Some(fastapi) if fastapi.is_truthy()? => get(&fastapi, intern!(py, "effective_route_context"))?,
            _ => None,
        };
        let method = self.method.bind(py).clone();
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

fn observe(sizes: &Py<Histogram>, bytes: u64) {
    if let Some(series) = sizes.get().inner.series.get() {
        Histogram::observe(series, bytes as f64);
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

/// A text, and no text for what is none.
fn text<'a>(value: &'a Bound<'_, PyAny>) -> &'a str {
    value.cast::<PyString>().ok().and_then(|text| text.to_str().ok()).unwrap_or("")
}

/// What a scope or a message has under a name, unless it is `None`.
fn get<'py>(mapping: &Bound<'py, PyAny>, name: &Bound<'py, PyString>) -> PyResult<Option<Bound<'py, PyAny>>> {
    let found = match mapping.cast::<PyDict>() {
        // Also of dictionaries that make what they have not.
        Ok(dict) => dict.get_item(name)?,
        Err(_) => Some(mapping.call_method1(intern!(mapping.py(), "get"), (name,))?),
    };
    Ok(found.filter(|value| !value.is_none()))
}
