//! Starting and ending a server. What the doors call.

use crate::accept;
use crate::config::{Config, Limits, Listen};
use crate::error::{StartError, StartErrorCode as Code};
use crate::listen::{self, Address};
use crate::shared::{Checked, LOOKS, Log, Shared};
use crate::signal::Blocked;
use crate::source::Source;
use std::cell::Cell;
use std::io::Write as _;
use std::net::IpAddr;
use std::os::fd::RawFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::watch;

/// How long a thread of the pool waits for more work.
const KEEP_ALIVE: Duration = Duration::from_secs(5);

/// Steps of connections between two looks at the sockets; a step writes some chunks, a look is a system call.
const LOOK_EVERY: u32 = 2;

/// How long a source may take to notice, at the end, that nobody waits for it any more.
const LAST: Duration = Duration::from_secs(1);

thread_local! {
    /// True on threads of a server's: such a thread does not wait for itself to end.
    static OURS: Cell<bool> = const { Cell::new(false) };
}

/// A server that runs. Ends when it is closed or dropped.
///
/// In a child that was forked this is only a copy: closing and dropping it do nothing, and the parent's server goes on.
pub struct Running {
    /// Always there but in a drop.
    handle: Option<Handle>,
    address: Address,
    url: String,
    descriptors: Vec<RawFd>,
    listening: Arc<AtomicBool>,
    /// Whose threads these are.
    process: u32,
}

struct Handle {
    ending: watch::Sender<bool>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// Starts a server, which says on standard error what its operator should know.
///
/// # Errors
/// Everything that can be wrong with the configuration, its files and its address. Nothing is left behind then.
pub fn start(config: Config, source: impl Source) -> Result<Running, StartError> {
    start_logged(config, source, |message| {
        // Not eprintln!, which panics where standard error is closed.
        let _ = writeln!(std::io::stderr(), "tykmetrics: {message}");
    })
}

/// As [`start`]; `log` is told what the operator should know: that anybody may ask, that certificates changed. It may be
/// called on any thread of the server's, rarely, and must not wait for the server.
///
/// # Errors
/// As [`start`].
pub fn start_logged(
    config: Config,
    source: impl Source,
    log: impl Fn(&str) + Send + Sync + 'static,
) -> Result<Running, StartError> {
    // A panic of the host's log must not end the server, on whose thread it may be called.
    let log: Log = Arc::new(move |message: &str| drop(catch_unwind(AssertUnwindSafe(|| log(message)))));
    let (listen, connections) = (config.listen.clone(), config.limits.connections);
    let hygiene = config.hygiene.rules()?;
    let shared = Arc::new(Shared::new(config, Arc::new(source), log)?);
    let platform = |what: &str, error: std::io::Error| {
        StartError::new(Code::Platform, format!("the system gives no {what}: {error}; raise the limits of the process"))
            .because(&error)
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        // Sockets are looked at between a few steps of scrapes, not 61: who asks `/health` is heard soon.
        .event_interval(LOOK_EVERY)
        .max_blocking_threads(shared.limits.concurrent_scrapes.saturating_add(LOOKS + 1))
        .thread_keep_alive(KEEP_ALIVE)
        .thread_name("tykmetrics-work")
        .on_thread_start(|| OURS.set(true))
        .build()
        .map_err(|error| platform("poll", error))?;
    let (listeners, address) = {
        // Sockets belong to the runtime from the beginning.
        let _context = runtime.enter();
        listen::bind(&listen)?
    };
    let url = url(&listen, &address, shared.certificates.is_some());
    let warnings = [warning(&shared, &address), fewer(&shared, connections)];
    let descriptors = listeners.descriptors();
    let listening = Arc::clone(&shared.listening);
    let (log, source) = (Arc::clone(&shared.log), Arc::clone(&shared.source));
    let (ending, told) = watch::channel(false);
    let (ready, begin) = mpsc::channel::<()>();
    // The server's thread begins with what is blocked here, and so do those that it starts.
    let blocked = Blocked::sigpipe();
    let thread = std::thread::Builder::new()
        .name("tykmetrics-http".to_owned())
        .spawn(move || {
            OURS.set(true);
            // Ends in an error once everything is ready.
            let _ = begin.recv();
            runtime.block_on(accept::run(shared, listeners, told));
            // Threads of the pool end when their scrapes find nobody to give to. One that a source holds is left to it.
            runtime.shutdown_timeout(LAST);
        })
        .map_err(|error| platform("thread", error))?;
    drop(blocked);
    // Last of all that can fail, since it changes what is recorded; before anything is served.
    if let Some(hygiene) = hygiene {
        source.set_hygiene(hygiene);
    }
    drop(ready);
    warnings.iter().flatten().for_each(|warning| log(warning));
    let handle = Handle { ending, thread: Mutex::new(Some(thread)) };
    Ok(Running { handle: Some(handle), address, url, descriptors, listening, process: std::process::id() })
}

/// As [`start_logged`], with what the environment says and, stronger, the host's `code`: JSON or YAML with the keys of
/// [`config::keys`](crate::config::keys). What every door calls.
///
/// # Errors
/// As [`start`].
pub fn start_host(
    code: &str,
    source: impl Source,
    log: impl Fn(&str) + Send + Sync + 'static,
) -> Result<Running, StartError> {
    let loaded = Config::from_host(code)?;
    loaded.warnings.iter().chain(&loaded.unheard(&[])).for_each(|warning| log(warning));
    start_logged(loaded.config, source, log)
}

/// Whether [`start`] would start: everything that it looks at is, its certificates too, but the address, which only listening tells.
///
/// # Errors
/// As [`start`], but for those of an address.
pub fn check(config: &Config) -> Result<(), StartError> {
    Checked::of(config).map(drop)
}

/// Where people and programs find the server.
fn url(listen: &Listen, address: &Address, is_tls: bool) -> String {
    let scheme = if is_tls { "https" } else { "http" };
    match address {
        Address::Unix(_) => address.to_string(),
        Address::Tcp(bound) => {
            let host = match (listen, bound.ip()) {
                (_, ip) if ip.is_unspecified() => "localhost".to_owned(),
                // A certificate is of a name.
                (Listen::Tcp(host, _), _) if host.parse::<IpAddr>().is_err() => host.clone(),
                (_, IpAddr::V4(ip)) => ip.to_string(),
                (_, IpAddr::V6(ip)) => format!("[{ip}]"),
            };
            format!("{scheme}://{host}:{}", bound.port())
        }
    }
}

/// What is to be said of a server that takes fewer connections than somebody configured it to. The default is nobody's wish.
fn fewer(shared: &Shared, configured: usize) -> Option<String> {
    let most = shared.limits.connections;
    (most < configured && configured != Limits::default().connections).then(|| {
        format!(
            "at most {most} connections are served at a time, a quarter of the descriptors that this process may have, and not \
             limits.connections, {configured}; raise the process's limit of open files (ulimit -n) or lower limits.connections"
        )
    })
}

/// What is to be said of a server that others than this machine reach.
fn warning(shared: &Shared, address: &Address) -> Option<String> {
    let Address::Tcp(bound) = address else { return None };
    let loopback = match bound.ip().to_canonical() {
        IpAddr::V4(ip) => ip.is_loopback(),
        IpAddr::V6(ip) => ip.is_loopback(),
    };
    if loopback {
        return None;
    }
    if shared.is_open() {
        return Some(format!(
            "metrics are served at {address} to anybody who reaches it; set auth.basic, auth.bearer or tls.client_ca, or \
             listen at 127.0.0.1"
        ));
    }
    (shared.certificates.is_none())
        .then(|| format!("credentials cross the network in the clear at {address}; set tls.cert and tls.key"))
}

impl Running {
    /// Where the server listens: with the port that it was given if it asked for any.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// The server's address as people and programs write it, without a path: `http://127.0.0.1:9090`,
    /// `unix:/run/metrics.sock`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Ends the server: accepts nothing more, lets scrapes that run finish for as long as `shutdown_grace` says, gives the
    /// port back, and waits for the threads. From any thread, any number of times; each returns when all is over.
    ///
    /// Waits at most a second longer than the grace. A thread in which a source hangs is left to it. In a forked child it closes the
    /// child's copies of the sockets that listen, so that the port is free when the parent's server ends.
    pub fn close(&self) {
        if self.process != std::process::id() {
            // SeqCst: pairs with the store before they are closed. Once: the numbers are somebody else's afterwards.
            if self.listening.swap(false, Ordering::SeqCst) {
                self.descriptors.iter().for_each(|descriptor| crate::signal::close(*descriptor));
            }
            return;
        }
        let Some(handle) = &self.handle else { return };
        // Fails where the server's thread has ended by itself.
        let _ = handle.ending.send(true);
        if OURS.get() {
            return;
        }
        let mut thread = handle.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(thread) = thread.take() {
            // A panic there was told where it happened.
            let _ = thread.join();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.close();
        if self.process != std::process::id() {
            // Its locks may be held, and its threads waited for, by threads that a child does not have.
            std::mem::forget(self.handle.take());
        }
    }
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Running").field("url", &self.url).finish_non_exhaustive()
    }
}
