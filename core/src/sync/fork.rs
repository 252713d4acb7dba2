//! Forks happen while no other thread is in the middle of anything.
//!
//! A child has the thread that forked and a copy of everything else. A lock that another thread held would be held there
//! for good, and what it was changing would stay half changed. So whoever holds one of the engine's locks is inside a
//! [`Section`], and a fork begins by announcing itself and waiting until nobody is inside; who wants to enter meanwhile
//! waits until the fork is over. Sections hold no code of the host, nest, and are left within a step of a merge or the
//! making of a series, so neither wait is long. Bound records and lookups that hit a thread's cache are in no section.
//!
//! Waiting is a look, a yield, and soon a short sleep between two looks: words that are looked at can be set right in the
//! child, where a queue of waiting threads would be left to threads that are gone. The sleep lets those inside finish who
//! have a lower priority.
//!
//! A fork by a thread that is inside itself (only a signal handler or an allocator of the host can do that) waits for
//! nobody, since those inside may wait for a lock of this very thread. Such a child may record, and must exec for more.

use super::{AtomicUsize, Ordering::*};
use crossbeam::utils::CachePadded;
use std::marker::PhantomData;

#[cfg(all(unix, not(loom)))]
pub(crate) use unix::{is_gone, is_outside, lifetime, thread, watch};

/// Words that count threads inside, as many as the stripes of a family's index: entering must not be a narrower place
/// than what is entered for.
const STRIPES: usize = if cfg!(loom) { 1 } else { 16 };

/// What keeps forks and sections apart.
pub(crate) struct Gate {
    /// 1 from the announcement of a fork until it is over.
    announced: AtomicUsize,
    inside: [CachePadded<AtomicUsize>; STRIPES],
}

#[cfg_attr(any(not(unix), all(loom, not(test))), allow(dead_code))]
impl Gate {
    #[cfg(not(loom))]
    const fn new() -> Gate {
        Gate { announced: AtomicUsize::new(0), inside: [const { CachePadded::new(AtomicUsize::new(0)) }; STRIPES] }
    }

    #[cfg(loom)]
    pub(crate) fn new() -> Gate {
        Gate { announced: AtomicUsize::new(0), inside: std::array::from_fn(|_| CachePadded::default()) }
    }

    /// Counts a thread in, unless a fork is announced that it does not make itself.
    pub(crate) fn try_enter(&self, stripe: usize, forks_itself: bool) -> bool {
        // SeqCst, here and in `announce` and `wait_until_empty`: each side writes its word and then reads the other's, so
        // one of them sees the other. Either the fork waits for this thread, or this thread finds it announced.
        self.inside[stripe].fetch_add(1, SeqCst);
        cross();
        if forks_itself || self.announced.load(SeqCst) == 0 {
            return true;
        }
        self.leave(stripe);
        false
    }

    pub(crate) fn leave(&self, stripe: usize) {
        // AcqRel: Release, so that the fork finds done what was done inside; Acquire, so that the thread does not take
        // itself for outside, where a signal may have it wait for itself, before this.
        self.inside[stripe].fetch_sub(1, AcqRel);
    }

    /// Waits until no fork is announced.
    pub(crate) fn wait_until_over(&self) {
        let mut looks = 0;
        // Relaxed: only a guess, which `try_enter` confirms.
        while self.announced.load(Relaxed) != 0 {
            pause(&mut looks);
        }
    }

    /// Announces a fork; one at a time.
    pub(crate) fn announce(&self) {
        // SeqCst: as in `try_enter`. Relaxed where another fork is announced: it is tried again.
        while self.announced.compare_exchange(0, 1, SeqCst, Relaxed).is_err() {
            self.wait_until_over();
        }
        cross();
    }

    /// Waits until nobody is inside. Who was not counted when a word was read finds the announcement.
    pub(crate) fn wait_until_empty(&self) {
        for inside in &self.inside {
            let mut looks = 0;
            // SeqCst: as in `try_enter`, and with it Acquire: what those did who left is done.
            while inside.load(SeqCst) != 0 {
                pause(&mut looks);
            }
        }
    }

    /// The fork is over.
    pub(crate) fn over(&self) {
        // Release: what the thread did at its fork comes before what others do inside.
        self.announced.store(0, Release);
    }

    /// In a child: nobody is left but the calling thread, which is inside or not.
    #[cfg(all(unix, not(loom)))]
    fn begin_again(&self, stripe: usize, inside: bool) {
        // Relaxed: the child has no other thread yet.
        self.inside.iter().for_each(|stripe| stripe.store(0, Relaxed));
        self.inside[stripe].store(usize::from(inside), Relaxed);
        self.over();
    }
}

/// Between a write and the read that crosses another's. Loom takes accesses that are SeqCst for AcqRel, and fences for
/// what they are; the accesses alone are enough for a processor, and cost less.
#[inline(always)]
fn cross() {
    // SeqCst: as in `try_enter`.
    #[cfg(loom)]
    crate::sync::fence(SeqCst);
}

/// Between two looks at a word of the gate.
#[cfg_attr(any(not(unix), all(loom, not(test))), allow(dead_code))]
fn pause(looks: &mut u32) {
    #[cfg(loom)]
    loom::thread::yield_now();
    // A section is microseconds long, so a few dozen yields see most of them end; then the processor is left to others for
    // about as long as a timer can be set.
    #[cfg(not(loom))]
    match *looks < 64 {
        true => std::thread::yield_now(),
        false => std::thread::sleep(std::time::Duration::from_micros(50)),
    }
    *looks = looks.saturating_add(1);
}

/// As long as one lives, no other thread's fork happens. What has to be whole in a child is done within one.
pub(crate) struct Section(PhantomData<*const ()>);

#[cfg(all(unix, not(loom)))]
mod unix {
    use super::*;
    use crate::sync::AtomicU64;
    use std::cell::Cell;

    static GATE: Gate = Gate::new();
    /// The number that the next thread is given. Never given twice, in no descendant either.
    static THREADS: AtomicU64 = AtomicU64::new(1);
    /// In a child, the first number that was not given to a thread before the fork, and the thread that made it.
    static FIRST: AtomicU64 = AtomicU64::new(0);
    static FORKER: AtomicU64 = AtomicU64::new(0);

    struct Here {
        thread: Cell<u64>,
        /// Sections that the thread is in.
        depth: Cell<usize>,
        /// Forks that it is making: more than one if a handler was registered twice.
        forks: Cell<usize>,
    }

    thread_local! {
        // `const` and without a destructor: good at any time in a thread's life.
        static HERE: Here = const { Here { thread: Cell::new(0), depth: Cell::new(0), forks: Cell::new(0) } };
    }

    impl Here {
        fn number(&self) -> u64 {
            if self.thread.get() == 0 {
                // Relaxed: only uniqueness matters.
                self.thread.set(THREADS.fetch_add(1, Relaxed));
            }
            self.thread.get()
        }

        fn stripe(&self) -> usize {
            self.number() as usize % STRIPES
        }
    }

    impl Section {
        /// Waits while another thread forks, unless this one is inside already.
        #[inline]
        pub(crate) fn enter() -> Section {
            HERE.with(|here| {
                let depth = here.depth.replace(here.depth.get() + 1);
                if depth == 0 {
                    while !GATE.try_enter(here.stripe(), here.forks.get() > 0) {
                        GATE.wait_until_over();
                    }
                }
            });
            Section(PhantomData)
        }

        /// As [`enter`](Self::enter); `None` where it would wait.
        #[inline]
        pub(crate) fn try_enter() -> Option<Section> {
            HERE.with(|here| {
                let depth = here.depth.replace(here.depth.get() + 1);
                if depth > 0 || GATE.try_enter(here.stripe(), here.forks.get() > 0) {
                    return Some(Section(PhantomData));
                }
                here.depth.set(depth);
                None
            })
        }
    }

    impl Drop for Section {
        #[inline]
        fn drop(&mut self) {
            HERE.with(|here| {
                let depth = here.depth.get() - 1;
                if depth == 0 {
                    GATE.leave(here.stripe());
                }
                here.depth.set(depth);
            });
        }
    }

    /// True if the calling thread is in no section, as it must be where the host's code is called.
    pub(crate) fn is_outside() -> bool {
        HERE.with(|here| here.depth.get() == 0)
    }

    /// The number of the calling thread; never 0.
    pub(crate) fn thread() -> u64 {
        HERE.with(Here::number)
    }

    /// A number that is another one in a forked child.
    pub(crate) fn lifetime() -> u64 {
        // Relaxed: as in `is_gone`.
        FIRST.load(Relaxed)
    }

    /// True of a thread that a forked child does not have.
    pub(crate) fn is_gone(thread: u64) -> bool {
        // Relaxed: written where the child had one thread, and every other was started by it or by one that was.
        thread < FIRST.load(Relaxed) && thread != FORKER.load(Relaxed)
    }

    /// Has forks wait from now on. Called before the first lock there is.
    ///
    /// Not earlier: handlers before a fork run from the latest to the first, and an allocator that has one (jemalloc) must
    /// be asked after this one, since who is inside may allocate.
    pub(crate) fn watch() {
        static WATCHED: AtomicUsize = AtomicUsize::new(0);
        // Relaxed: two threads may both register, and then the handlers run twice, which changes nothing.
        if WATCHED.load(Relaxed) == 0 {
            // SAFETY: the handlers are functions that stay as long as this code. Without memory for them a child is as it
            // is without this module, so the result is not looked at.
            #[cfg(not(miri))]
            unsafe {
                libc::pthread_atfork(Some(before), Some(after_in_parent), Some(after_in_child));
            }
            // Relaxed: as above.
            WATCHED.store(1, Relaxed);
        }
    }

    extern "C" fn before() {
        HERE.with(|here| {
            let forks = here.forks.replace(here.forks.get() + 1);
            if forks == 0 && here.depth.get() == 0 {
                GATE.announce();
                GATE.wait_until_empty();
            }
        });
    }

    extern "C" fn after_in_parent() {
        HERE.with(|here| {
            // 0 if the handlers were registered while the fork had begun.
            let forks = here.forks.get();
            here.forks.set(forks.saturating_sub(1));
            if forks == 1 && here.depth.get() == 0 {
                GATE.over();
            }
        });
    }

    extern "C" fn after_in_child() {
        HERE.with(|here| {
            here.forks.set(0);
            // Relaxed, all of them: the child has no other thread yet.
            FORKER.store(here.number(), Relaxed);
            // A number more, so that it is another one though no thread began since.
            FIRST.store(THREADS.fetch_add(1, Relaxed) + 1, Relaxed);
            GATE.begin_again(here.stripe(), here.depth.get() > 0);
        });
    }
}

/// Where there are no forks, and in models, which have none: a section is nothing.
#[cfg(any(not(unix), loom))]
mod none {
    use super::Section;
    use std::marker::PhantomData;

    impl Section {
        pub(crate) fn enter() -> Section {
            Section(PhantomData)
        }

        pub(crate) fn try_enter() -> Option<Section> {
            Some(Section(PhantomData))
        }
    }

    impl Drop for Section {
        fn drop(&mut self) {}
    }

    pub(crate) fn is_outside() -> bool {
        true
    }

    pub(crate) fn thread() -> u64 {
        1
    }

    pub(crate) fn is_gone(_: u64) -> bool {
        false
    }

    pub(crate) fn lifetime() -> u64 {
        0
    }

    pub(crate) fn watch() {}
}
#[cfg(any(not(unix), loom))]
pub(crate) use none::{is_gone, is_outside, lifetime, thread, watch};
