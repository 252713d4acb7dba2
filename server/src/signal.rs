//! What the server asks of the system directly: a signal that must not reach its threads, sockets of a forked child, and how
//! many descriptors there are.
//!
//! Called by `serve` and `shared`. The one file of the crate with unsafe code.

use std::os::fd::RawFd;

/// SIGPIPE does not reach the calling thread until this is dropped. A client that goes away while it is written to would
/// otherwise end the host, where that leaves the signal as it is: C programs do, so does Go on threads of others, and so do
/// command line tools in Python that ask for it.
pub(crate) struct Blocked {
    before: libc::sigset_t,
}

impl Blocked {
    pub(crate) fn sigpipe() -> Blocked {
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

/// Closes a descriptor of a forked child's that nothing of the child's knows of.
pub(crate) fn close(descriptor: RawFd) {
    // SAFETY: the caller has it from a listener that lives on in the parent only; a number that is closed already is an error of the
    // system's and nothing else.
    unsafe { libc::close(descriptor) };
}

/// How many descriptors the process may have; `None` if the system does not say.
#[allow(clippy::unnecessary_cast, reason = "rlim_t is not u64 everywhere")]
pub(crate) fn descriptors() -> Option<u64> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` is a live rlimit that the call may write.
    let done = unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) };
    (done == 0).then_some(limit.rlim_cur as u64)
}
