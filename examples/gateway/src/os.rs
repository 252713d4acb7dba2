//! What the gateway asks of the system: a sign on Ctrl-C, and the CPU time of a thread.
//!
//! The only unsafe code of the example. Elsewhere than on Unix, Ctrl-C ends the program at once and time is wall time.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// True once Ctrl-C was pressed.
pub(crate) fn interrupted() -> bool {
    // Relaxed: the flag publishes nothing else.
    INTERRUPTED.load(Relaxed)
}

/// From here on, Ctrl-C sets a flag; pressed again, it ends the program.
#[cfg(unix)]
pub(crate) fn catch_interrupts() {
    extern "C" fn interrupt(signal: libc::c_int) {
        // Relaxed: as above.
        INTERRUPTED.store(true, Relaxed);
        // SAFETY: `signal` may be called in a signal handler (POSIX, "Async-signal-safe functions").
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
    // SAFETY: the handler has the signature that `signal` asks for, and only does what a handler may.
    unsafe { libc::signal(libc::SIGINT, interrupt as extern "C" fn(libc::c_int) as libc::sighandler_t) };
}

#[cfg(not(unix))]
pub(crate) fn catch_interrupts() {}

/// CPU time of the calling thread so far.
#[cfg(unix)]
pub(crate) fn thread_nanos() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the place it writes to is a timespec of our own. A system without the clock leaves it at zero.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

#[cfg(not(unix))]
pub(crate) fn thread_nanos() -> u64 {
    static BEGUN: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    BEGUN.get_or_init(std::time::Instant::now).elapsed().as_nanos() as u64
}
