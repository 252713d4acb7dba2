//! The native half of `tykmetrics.server`: a server of the crate `server` over a registry of the engine.
//!
//! It runs on threads of its own, which attach to the interpreter for what is written in Python and for nothing else:
//! collectors and functions, metrics whose series expire, and the log. Promised: whatever waits for the server has let go
//! of the interpreter; a forked child has nothing of it.

use crate::attach::{self, attach, unknown};
use crate::expiring::Expiring;
use crate::registry::Registry;
use engine::snapshot::Family;
use engine::{Exposition, Hygiene, Snapshot};
use pyo3::exceptions::{PyOSError, PyValueError};
use pyo3::prelude::*;
use server::config::Config;
use server::{Address, Gone, Running, Source, StartError, StartErrorCode as Code};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};

/// What is kept of the log while Python is busy; what comes then is lost, as it is for a disk that is full.
const MESSAGES: usize = 64;

/// A registry of Python's.
struct PythonSource {
    registry: engine::Registry,
    expiring: Arc<Expiring>,
}

impl PythonSource {
    fn forget(&self) {
        if self.expiring.is_any() {
            // A process that ends has nothing that expires.
            attach(|py| self.expiring.forget(py).unwrap_or_else(|error| error.write_unraisable(py, None)));
        }
    }
}

impl Source for PythonSource {
    fn render(&self, exposition: Exposition, sink: &mut dyn FnMut(&[u8]) -> Result<(), Gone>) -> Result<(), Gone> {
        unknown(|| {
            self.forget();
            Source::render(&self.registry, exposition, sink)
        })
    }

    fn render_only(
        &self,
        names: &[String],
        exposition: Exposition,
        sink: &mut dyn FnMut(&[u8]) -> Result<(), Gone>,
    ) -> Result<(), Gone> {
        unknown(|| {
            self.forget();
            Source::render_only(&self.registry, names, exposition, sink)
        })
    }

    fn snapshot(&self) -> Snapshot {
        unknown(|| {
            self.forget();
            Source::snapshot(&self.registry)
        })
    }

    fn parts(&self, part: &mut dyn FnMut(&Family)) {
        unknown(|| {
            self.forget();
            Source::parts(&self.registry, part);
        });
    }

    fn reset(&self) {
        Source::reset(&self.registry);
    }

    fn set_hygiene(&self, hygiene: Hygiene) {
        Source::set_hygiene(&self.registry, hygiene);
    }
}

/// What a server says, on its way to `logging`.
struct Log {
    /// The thread that starts the server, which tells by itself what is said meanwhile.
    starter: ThreadId,
    said: Mutex<Said>,
}

#[derive(Default)]
struct Said {
    messages: Vec<String>,
    /// True while a thread tells them.
    telling: bool,
}

impl Log {
    fn said(&self) -> MutexGuard<'_, Said> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a message, and has a thread tell it: none of the server's may wait for the interpreter.
    fn say(self: &Arc<Self>, message: &str) {
        let mut said = self.said();
        if said.messages.len() < MESSAGES {
            said.messages.push(message.to_owned());
        }
        if said.telling || thread::current().id() == self.starter {
            return;
        }
        let log = Arc::clone(self);
        let tell = move || {
            // A process that ends has nobody to tell.
            unknown(|| attach(|py| log.tell(py)));
        };
        // Where the system has no thread, the next message has one that tells both.
        said.telling = thread::Builder::new().name("tykmetrics-log".to_owned()).spawn(tell).is_ok();
    }

    /// Tells what is kept, until there is nothing.
    fn tell(&self, py: Python<'_>) {
        loop {
            let messages = {
                let mut said = self.said();
                said.telling = !said.messages.is_empty();
                std::mem::take(&mut said.messages)
            };
            if messages.is_empty() {
                return;
            }
            for message in messages {
                if let Err(error) = warn(py, &message) {
                    error.write_unraisable(py, None);
                }
            }
        }
    }
}

fn warn(py: Python<'_>, message: &str) -> PyResult<()> {
    let logger = py.import("logging")?.call_method1("getLogger", ("tykmetrics",))?;
    logger.call_method1("warning", ("%s", message))?;
    Ok(())
}

/// A server that runs.
#[pyclass(frozen, module = "tykmetrics._native")]
pub(crate) struct Server {
    running: Running,
}

#[pymethods]
impl Server {
    /// Start serving a registry, by settings in JSON. The interpreter is free while the host is looked up and files are
    /// read.
    #[new]
    fn new(py: Python<'_>, registry: &Registry, settings: &str) -> PyResult<Self> {
        // The environment is read while attached, since Python's threads write it so.
        let loaded = Config::from_host(settings).map_err(|error| exception(py, &error.into()))?;
        let source = PythonSource { registry: registry.registry.clone(), expiring: Arc::clone(&registry.expiring) };
        let log = Arc::new(Log { starter: thread::current().id(), said: Mutex::default() });
        attach::begin();
        loaded.warnings.iter().chain(&loaded.unheard(&[])).for_each(|warning| log.say(warning));
        let for_server = Arc::clone(&log);
        let started =
            py.detach(|| server::start_logged(loaded.config, source, move |message: &str| for_server.say(message)));
        log.tell(py);
        Ok(Server { running: started.map_err(|error| exception(py, &error))? })
    }

    /// The IP address or the `unix:PATH` at which it listens.
    #[getter]
    fn addr(&self) -> String {
        match self.running.address() {
            Address::Tcp(address) => address.ip().to_string(),
            path => path.to_string(),
        }
    }

    /// The port that it has; 0 for a socket in the file system.
    #[getter]
    fn port(&self) -> u16 {
        match self.running.address() {
            Address::Tcp(address) => address.port(),
            Address::Unix(_) => 0,
        }
    }

    /// Its address for programs and people.
    #[getter]
    fn url(&self) -> &str {
        self.running.url()
    }

    /// End it, and wait until it has ended, the interpreter being free meanwhile. In a forked child, give its sockets up.
    fn close(&self, py: Python<'_>) {
        py.detach(|| self.running.close());
    }
}

/// Why a server did not start, as Python says it.
fn exception(py: Python<'_>, error: &StartError) -> PyErr {
    let message = error.message().to_owned();
    let os = |name: &str| match error.os_error() {
        Some(number) => PyOSError::new_err((number, message.clone())),
        None => match py.import("errno").and_then(|errno| errno.getattr(name)?.extract::<i32>()) {
            Ok(number) => PyOSError::new_err((number, message.clone())),
            Err(error) => error,
        },
    };
    match error.code() {
        Code::AddressInUse => os("EADDRINUSE"),
        // A host that nobody knows has no address.
        Code::InvalidAddress | Code::AddressNotAvailable => os("EADDRNOTAVAIL"),
        Code::PermissionDenied => os("EACCES"),
        Code::Unreadable => os("EIO"),
        Code::Platform => os("EAGAIN"),
        Code::InvalidCertificate | Code::Expired | Code::KeyMismatch => {
            // SSL_ERROR_SSL, without which the message would be shown as a tuple.
            named(py, "ssl", "SSLError", (1, message))
        }
        Code::Disabled => named(py, "tykmetrics.server", "ServerDisabled", (message,)),
        _ => PyValueError::new_err(message),
    }
}

/// An exception of a module's.
fn named<'py>(py: Python<'py>, module: &str, name: &str, arguments: impl pyo3::call::PyCallArgs<'py>) -> PyErr {
    match py.import(module).and_then(|module| module.getattr(name)?.call1(arguments)) {
        Ok(exception) => PyErr::from_value(exception),
        Err(error) => error,
    }
}
