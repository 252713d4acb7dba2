//! `tyk_server`: the endpoint, from a thread of its own in the host's process.
//!
//! What a server does is `serving`'s, of which a lean library (built without the feature `serve`) has another that refuses.

use crate::callback::User;
use crate::error::{c_text, tyk_error};
use crate::registry::tyk_registry;
use crate::serving::{self, Serving};
use crate::{guard, handle};
use engine::{Error, ErrorCode, Result};
use std::ffi::{CStr, CString, c_char, c_void};
use std::io::Write as _;
use std::sync::{Arc, OnceLock};

/// Who is told what the operator of a server should know: that anybody may ask, that certificates changed.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tyk_log {
    /// Takes a message, a text that ends in NUL and lives as long as the call. Called rarely, by the thread that calls
    /// tyk_serve and by threads of the server's, which it must not keep waiting.
    pub write: Option<unsafe extern "C" fn(user: *mut c_void, message: *const c_char)>,
    /// Called once, when the log is used no more; not if tyk_serve failed. May be NULL.
    pub drop: Option<unsafe extern "C" fn(user: *mut c_void)>,
    /// Given to both.
    pub user: *mut c_void,
}

/// A server that runs. Ended and freed with tyk_server_close.
pub struct tyk_server {
    /// Ends with it.
    _serving: Serving,
    url: CString,
    address: CString,
    port: u16,
}

/// A host's log as it is called.
struct Log {
    write: unsafe extern "C" fn(user: *mut c_void, message: *const c_char),
    user: User,
    /// Calls the host's `drop`. Only of a server that started: until then everything is the caller's, even in a panic.
    ends: OnceLock<User>,
}

impl tyk_log {
    fn host(&self) -> Result<Log> {
        let Some(write) = self.write else {
            return Err(Error::new(ErrorCode::NullPointer, "argument `log->write` is NULL, and must not be"));
        };
        Ok(Log { write, user: User::new(self.user, None), ends: OnceLock::new() })
    }
}

impl Log {
    fn tell(&self, message: &str) {
        let message = c_text(message);
        // SAFETY: the rules of the header; the message lives as long as the call.
        unsafe { (self.write)(self.user.pointer, message.as_ptr()) };
    }
}

/// Starts a server by which the registry is scraped over HTTP: at /metrics by the format that a client accepts, with a
/// page for people at / and the other routes of server/README.md. It runs on threads of its own, on which callbacks and
/// collectors of the registry are called. The registry may be freed meanwhile.
///
/// It is told what to do by the environment and, stronger, by `settings`: a JSON object with the keys of
/// docs/configuration.md, such as {"listen": "127.0.0.1:0", "tls.required": true}, or NULL. Without either it listens at
/// 127.0.0.1:9090. `log` is told what the operator should know; NULL is standard error. Everything that can be wrong (a
/// setting, a certificate, a port in use) is an error, after which nothing is left behind; code TYK_ERROR_DISABLED says
/// that the settings want no server. A library that was built without the server says TYK_ERROR_UNSUPPORTED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_serve(
    registry: *const tyk_registry,
    settings: *const c_char,
    log: *const tyk_log,
    out: *mut *mut tyk_server,
) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        let (registry, settings, log, out) = unsafe {
            (
                handle::given(registry, "registry")?,
                handle::optional_secret(settings, "settings")?.unwrap_or("{}"),
                handle::optional(log),
                handle::place(out, "out")?,
            )
        };
        let host = log.map(tyk_log::host).transpose()?.map(Arc::new);
        let told = host.clone();
        let serving = serving::start(&registry.0, settings, move |message| match &told {
            Some(log) => log.tell(message),
            // Not eprintln!, which panics where standard error is closed.
            None => drop(writeln!(std::io::stderr(), "tykmetrics: {message}")),
        })?;
        if let (Some(host), Some(log)) = (host, log) {
            // Nobody else sets it.
            let _ = host.ends.set(User::new(log.user, log.drop));
        }
        let (url, address, port) = (c_text(serving.url()), c_text(&serving.address()), serving.port());
        out.write(handle::give(tyk_server { _serving: serving, url, address, port }));
        Ok(())
    })
}

const NOTHING: &CStr = c"";

/// Where people and programs find the server: "http://127.0.0.1:9090", "https://localhost:9090", "unix:/run/metrics.sock".
/// "" for NULL. Lives as long as the server.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_server_url(server: *const tyk_server) -> *const c_char {
    // SAFETY: the rules of the header.
    guard::or(NOTHING.as_ptr(), || unsafe { handle::optional(server) }.map_or(NOTHING, |server| &server.url).as_ptr())
}

/// The address that it listens at: "127.0.0.1:9090", "[::]:9090", "unix:/run/metrics.sock". "" for NULL. Lives as long
/// as the server.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_server_address(server: *const tyk_server) -> *const c_char {
    // SAFETY: the rules of the header.
    guard::or(NOTHING.as_ptr(), || {
        // SAFETY: the rules of the header.
        unsafe { handle::optional(server) }.map_or(NOTHING, |server| &server.address).as_ptr()
    })
}

/// The port that it listens at, which the system chose if port 0 was asked for; 0 for a Unix socket and for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_server_port(server: *const tyk_server) -> u16 {
    // SAFETY: the rules of the header.
    guard::or(0, || unsafe { handle::optional(server) }.map_or(0, |server| server.port))
}

/// Ends a server, frees it, and writes NULL to `*server`; NULL is no server, and nothing happens. The port is free at
/// once. Scrapes that run may finish for as long as `shutdown_grace` says (5 seconds), and this waits for them; a
/// collector that hangs costs a second more. On a thread of the server's (in its log, in a collector) it does not wait.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_server_close(server: *mut *mut tyk_server) {
    // SAFETY: the rules of the header.
    guard::quiet(|| drop(unsafe { handle::take(server) }));
}
