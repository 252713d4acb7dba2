//! The server that a whole library has: the crate `server` as `server.rs` wants it. `lean.rs` stands in its place in a
//! library that is built without the feature `serve`.

use endpoint::{Address, Running};
use engine::{Registry, Result};

/// A server that runs until it is dropped.
pub(crate) struct Serving(Running);

pub(crate) fn start(
    registry: &Registry,
    settings: &str,
    log: impl Fn(&str) + Send + Sync + 'static,
) -> Result<Serving> {
    // The server's threads begin with what is blocked here, and so do those that they start.
    let _blocked = Blocked::sigpipe();
    Ok(Serving(endpoint::start_host(settings, registry.clone(), log)?))
}

/// SIGPIPE does not reach the calling thread until this is dropped. A client that goes away while it is written to would
/// otherwise end the host, where that leaves the signal as it is: C programs do, and so does Go on threads of others.
struct Blocked {
    before: libc::sigset_t,
}

impl Blocked {
    fn sigpipe() -> Blocked {
        // SAFETY: a set of signals is plain numbers, for which zeroes are valid.
        let (mut pipe, mut before): (libc::sigset_t, libc::sigset_t) =
            unsafe { (std::mem::zeroed(), std::mem::zeroed()) };
        // SAFETY: both sets are this function's own; only the calling thread's mask changes.
        unsafe {
            libc::sigemptyset(&raw mut pipe);
            libc::sigaddset(&raw mut pipe, libc::SIGPIPE);
            libc::pthread_sigmask(libc::SIG_BLOCK, &raw const pipe, &raw mut before);
        }
        Blocked { before }
    }
}

impl Drop for Blocked {
    fn drop(&mut self) {
        // SAFETY: the mask that this thread had: a value of this type stays on the thread that made it.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.before, std::ptr::null_mut()) };
    }
}

impl Serving {
    pub(crate) fn url(&self) -> &str {
        self.0.url()
    }

    pub(crate) fn address(&self) -> String {
        self.0.address().to_string()
    }

    pub(crate) fn port(&self) -> u16 {
        match self.0.address() {
            Address::Tcp(address) => address.port(),
            Address::Unix(_) => 0,
        }
    }
}
