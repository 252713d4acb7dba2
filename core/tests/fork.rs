//! A forked child of a busy process: its counts begin at zero, and everything works in it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Barrier, mpsc};
use std::thread::Scope;
use std::time::Duration;
use tykmetrics::{CellEncoding, Collector, Counter, Family, Format, Histogram, Owner, Registry, Shard, Snapshot};

/// Seconds after which a child is taken to wait for ever; it needs milliseconds.
const ALARM: u32 = 20;

/// Ends a child with what it found. It runs nothing that belongs to the parent.
fn leave(as_it_should: impl FnOnce() -> Result<(), String>) -> ! {
    let found = catch_unwind(AssertUnwindSafe(as_it_should)).unwrap_or_else(|_| Err("it panicked".into()));
    let code = match found {
        Ok(()) => 0,
        Err(what) => {
            let line = format!("a child: {what}\n");
            // SAFETY: the line is as long as that. Not `eprintln`, whose lock another thread may have had.
            unsafe { libc::write(2, line.as_ptr().cast(), line.len()) };
            1
        }
    };
    // SAFETY: ends the child, and nothing else.
    unsafe { libc::_exit(code) }
}

fn wait_for(child: i32) {
    let mut status = 0;
    // SAFETY: the child is this process's own, and the status is written to.
    let waited = unsafe { libc::waitpid(child, &mut status, 0) };
    assert!(child > 0 && waited == child, "fork or wait failed: {}", std::io::Error::last_os_error());
    assert!(!libc::WIFSIGNALED(status) || libc::WTERMSIG(status) != libc::SIGALRM, "the child waits for ever");
    assert!(libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0, "the child ended with status {status}");
}

fn fork() -> i32 {
    // SAFETY: what a child of a process with threads may do is what is tested here. The alarm is the child's own.
    unsafe {
        let child = libc::fork();
        if child == 0 {
            libc::alarm(ALARM);
        }
        child
    }
}

/// Forks, has the child do this, and waits for it.
fn in_a_child(does: impl FnOnce() -> Result<(), String>) {
    match fork() {
        0 => leave(does),
        child => wait_for(child),
    }
}

/// Fails if `what` does not end: the parent waits for ever as well if a fork does.
fn ends(what: impl FnOnce() + Send + 'static) {
    let (done, wait) = mpsc::channel();
    std::thread::spawn(move || {
        let result = catch_unwind(AssertUnwindSafe(what));
        let _ = done.send(result);
    });
    match wait.recv_timeout(Duration::from_secs(120)) {
        Ok(Ok(())) => {}
        Ok(Err(panic)) => std::panic::resume_unwind(panic),
        Err(_) => panic!("the parent waits for ever"),
    }
}

fn check(as_it_should: bool, what: impl FnOnce() -> String) -> Result<(), String> {
    if as_it_should { Ok(()) } else { Err(what()) }
}

/// A collector that has nothing to show.
struct Asks<F>(F);

impl<F: Fn() + Send + Sync> Collector for Asks<F> {
    fn collect(&self, _: &mut Snapshot) {
        self.0();
    }
}

/// A registry whose every part somebody is busy with.
struct Busy {
    registry: Registry,
    churned: Family<Counter, 1>,
    known: Family<Counter, 1>,
    times: Histogram,
    bound: Counter,
    done: AtomicBool,
}

impl Busy {
    fn new() -> Busy {
        let registry = Registry::new();
        let churned = registry.counter("churned_total", "").labels(["l"]).private_series(50).register().unwrap();
        let known = registry.counter("known_total", "").labels(["l"]).register().unwrap();
        let times = registry.histogram("times_seconds", "").register().unwrap();
        let bound = registry.counter("bound_total", "").register().unwrap();
        known.add(["here"], 5);
        bound.add(7);
        // SAFETY: tells a number.
        registry.gauge("pid", "").register().unwrap().callback(|| f64::from(unsafe { libc::getpid() }));
        Busy { registry, churned, known, times, bound, done: AtomicBool::new(false) }
    }

    /// Threads that hold every lock of the engine now and then, until `done`.
    fn churn<'s>(&'s self, scope: &'s Scope<'s, '_>) {
        let until_done = |work: Box<dyn Fn(u64) + Send + 's>| {
            scope.spawn(move || (0..).take_while(|_| !self.done.load(SeqCst)).for_each(work));
        };
        let (churned, times) = (&self.churned, &self.times);
        until_done(Box::new(move |n| {
            let (label, other) = ((n % 300).to_string(), (n % 211).to_string());
            churned.add([&label], 20_000);
            churned.with([&other]).add_f64(0.5);
            churned.remove([&other]);
            if n % 500 == 0 {
                churned.clear();
            }
        }));
        until_done(Box::new(move |n| {
            times.observe_with_exemplar((n % 100) as f64, &[("trace", &n.to_string())]).unwrap()
        }));
        until_done(Box::new(|_| drop(self.registry.render(Format::OpenMetrics))));
        until_done(Box::new(|_| {
            let made = self.registry.counter("come_and_gone_total", "").register().unwrap();
            made.inc();
            self.registry.unregister("come_and_gone_total");
            let collector = self.registry.register_collector(Asks(|| {}));
            self.registry.unregister_collector(collector);
        }));
        // Threads that begin and end, with slabs and lookup caches of their own.
        until_done(Box::new(move |_| {
            std::thread::scope(|threads| {
                threads.spawn(|| churned.inc(["of a short thread"]));
            });
        }));
    }

    /// What a program may do, in a child.
    fn live(&self) -> Result<(), String> {
        self.known.inc(["here"]);
        self.known.add(["new"], 2);
        self.churned.add(["of the child"], 3);
        self.bound.inc();
        self.times.observe_with_exemplar(0.5, &[("trace", "child")]).map_err(|e| e.to_string())?;
        let own = self.registry.counter("own_total", "").register().map_err(|e| e.to_string())?;
        own.add(4);
        let value = self.bound.value();
        check(value == 1.0, || format!("the bound counter is {value}"))?;
        drop(Shard::open(Owner::Holder, CellEncoding::U64));
        let text = String::from_utf8(self.registry.render(Format::Text)).map_err(|e| e.to_string())?;
        let pid = format!("pid {}", std::process::id());
        let lines = [
            "known_total{l=\"here\"} 1",
            "known_total{l=\"new\"} 2",
            "churned_total{l=\"of the child\"} 3",
            "bound_total 1",
            "times_seconds_count 1",
            "own_total 4",
            &pid,
        ];
        for line in lines {
            check(text.lines().any(|is| is == line), || format!("no {line:?} in\n{text}"))?;
        }
        check(self.churned.remove(["of the child"]), || "its series was not there to remove".into())?;
        self.churned.clear();
        self.registry.upkeep();
        check(self.churned.is_empty(), || "series outlived the clearing".into())?;
        check(self.registry.unregister("own_total"), || "its family was not there to remove".into())
    }
}

/// What was set is a state that the child has as well; what was counted is the parent's to show.
#[test]
fn a_child_keeps_levels_and_counts_from_zero() {
    let r = Registry::new();
    let level = r.gauge("level", "").labels(["l"]).register().unwrap();
    let handles: Vec<_> = (0..1000).map(|n| level.with([&n.to_string()])).collect();
    handles.iter().enumerate().for_each(|(n, handle)| handle.set(n as f64));
    let states = r.state_set("state", "", ["on", "off"]).register().unwrap();
    states.enter("off").unwrap();
    let in_flight = r.up_down("in_flight", "").register().unwrap();
    in_flight.add(3);
    let counted = r.counter("counted_total", "").register().unwrap();
    counted.add(5);
    in_a_child(|| {
        let text = String::from_utf8(r.render(Format::Text)).map_err(|e| e.to_string())?;
        let lines = [
            "level{l=\"1\"} 1",
            "level{l=\"999\"} 999",
            "state{state=\"on\"} 0",
            "state{state=\"off\"} 1",
            "in_flight 0",
            "counted_total 0",
        ];
        for line in lines {
            check(text.lines().any(|is| is == line), || format!("no {line:?} in\n{text}"))?;
        }
        handles[1].add(1.5);
        check(handles[1].value() == 2.5, || format!("a level went on to {}", handles[1].value()))?;
        level.with(["short"]).set(4.0);
        check(level.remove(["short"]), || "no level to remove".into())?;
        r.upkeep();
        let again = level.with(["another"]).value();
        check(again == 0.0, || format!("a new level begins at {again}"))
    });
    assert_eq!((handles[1].value(), counted.value()), (1.0, 5.0), "the parent's are its own");
}

/// An expired series in a forked child: what it held before the fork is not taken away from its heir, whose cells are
/// zero.
#[test]
fn an_expired_series_and_a_fork() {
    let r = Registry::new();
    let f = r.counter("c_total", "").labels(["l"]).expire_after(Duration::from_millis(1)).register().unwrap();
    f.add(["a"], 100); // the lookup cache keeps a lease
    r.upkeep();
    std::thread::sleep(Duration::from_millis(10));
    r.upkeep();
    assert_eq!(f.len(), 0, "expired");
    in_a_child(|| {
        let v = r.snapshot().value("c_total", &[("l", "a")]);
        check(v.is_none_or(|v| v == 0.0), || format!("it shows {v:?}, which nobody counted"))
    });
}

#[test]
fn a_child_of_a_busy_process_lives_like_any_other() {
    ends(|| {
        let busy = Busy::new();
        std::thread::scope(|scope| {
            busy.churn(scope);
            // Another that forks, and a child that is busy itself and forks.
            scope.spawn(|| {
                while !busy.done.load(SeqCst) {
                    in_a_child(|| {
                        busy.known.inc(["here"]);
                        in_a_child(|| busy.live());
                        Ok(())
                    });
                }
            });
            let forks = catch_unwind(AssertUnwindSafe(|| (0..200).for_each(|_| in_a_child(|| busy.live()))));
            busy.done.store(true, SeqCst);
            forks.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        });
        assert_eq!(busy.bound.value(), 7.0, "the parent's own");
    });
}

/// A callback, a collector and a sink each fork, and both processes go on with the scrape.
#[test]
fn what_a_scrape_calls_may_fork() {
    ends(|| {
        let busy = Busy::new();
        let (wanted, child) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicI32::new(-1)));
        let fork_at = {
            let (wanted, child) = (Arc::clone(&wanted), Arc::clone(&child));
            move |place| {
                if wanted.compare_exchange(place, 0, SeqCst, SeqCst).is_ok() {
                    child.store(fork(), SeqCst);
                }
            }
        };
        // A registry apart, so that it is this thread that is asked.
        let scraped = Registry::new();
        let (in_callback, in_collector) = (fork_at.clone(), fork_at.clone());
        scraped.gauge("asked", "").register().unwrap().callback(move || {
            in_callback(1);
            1.0
        });
        scraped.register_collector(Asks(move || in_collector(2)));
        std::thread::scope(|scope| {
            busy.churn(scope);
            let forks = catch_unwind(AssertUnwindSafe(|| {
                for place in (1..=3).cycle().take(60) {
                    wanted.store(place, SeqCst);
                    let mut text = Vec::new();
                    let sink = |bytes: &[u8]| {
                        fork_at(3);
                        text.extend_from_slice(bytes);
                        Ok::<(), ()>(())
                    };
                    scraped.render_to(Format::Text, sink).unwrap();
                    let whole = || check(text.ends_with(b"\nasked 1\n"), || "its scrape is not whole".into());
                    match child.load(SeqCst) {
                        0 => leave(|| {
                            whole()?;
                            // The turns that were held at the fork were ended by this process.
                            let again = scraped.render(Format::Text);
                            check(again == text, || "the next scrape is another".into())?;
                            busy.live()
                        }),
                        child => wait_for(child),
                    }
                    whole().unwrap();
                }
            }));
            busy.done.store(true, SeqCst);
            forks.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        });
    });
}

/// Python's callbacks wait for the interpreter's lock, which a thread that forks has: so a fork must not wait for a
/// callback, and the child, which never hears of it again, asks callbacks by itself.
#[test]
fn a_fork_does_not_wait_for_a_callback_that_waits_for_the_fork() {
    ends(|| {
        let registry = Registry::new();
        let parent = std::process::id();
        let (asked, is_asked) = mpsc::channel();
        let (forked, has_forked) = mpsc::channel::<()>();
        let has_forked = std::sync::Mutex::new(has_forked);
        let gauge = registry.gauge("asked", "").register().unwrap();
        gauge.callback(move || {
            if std::process::id() == parent {
                asked.send(()).unwrap();
                has_forked.lock().unwrap().recv().unwrap();
            }
            f64::from(std::process::id())
        });
        std::thread::scope(|scope| {
            scope.spawn(|| registry.upkeep());
            is_asked.recv().unwrap();
            in_a_child(|| {
                let own = f64::from(std::process::id());
                let value = registry.snapshot().value("asked", &[]);
                check(value == Some(own), || format!("its callback was not asked: {value:?}, not {own}"))
            });
            forked.send(()).unwrap();
        });
        assert_eq!(gauge.value(), f64::from(parent));
    });
}

#[test]
fn the_first_record_of_a_thread_and_a_fork() {
    ends(|| {
        let registry = Registry::new();
        let bound = registry.counter("bound_total", "").register().unwrap();
        let looked_up = registry.counter("looked_up_total", "").labels(["l"]).register().unwrap();
        for round in 0..100 {
            let begin = Barrier::new(4);
            std::thread::scope(|scope| {
                for thread in 0..3 {
                    let (begin, bound, looked_up) = (&begin, &bound, &looked_up);
                    scope.spawn(move || {
                        begin.wait();
                        if thread == 0 { looked_up.inc([&round.to_string()]) } else { bound.inc() }
                    });
                }
                begin.wait();
                in_a_child(|| {
                    bound.inc();
                    looked_up.inc(["child"]);
                    drop(Shard::open(Owner::Holder, CellEncoding::U64));
                    let values = (bound.value(), registry.snapshot().value("looked_up_total", &[("l", "child")]));
                    check(values == (1.0, Some(1.0)), || format!("it counts {values:?}"))
                });
            });
        }
        assert_eq!((bound.value(), looked_up.len()), (200.0, 100), "what the parent's threads recorded");
    });
}

/// What a host's memory holds is the parent's, whether the host is still there or has left.
#[test]
fn a_child_does_not_show_what_the_parent_s_attached_memory_holds() {
    ends(|| {
        let registry = Registry::new();
        let jobs = registry.counter("attached_total", "").register().unwrap();
        let mut memory = vec![0u64; 1];
        let attach = |memory: &mut Vec<u64>| {
            // SAFETY: the memory is zeroed, aligned, outlives the attachment, and this thread alone writes it.
            unsafe { tykmetrics::Attachment::new(CellEncoding::U64, jobs.cell(), memory.as_mut_ptr(), 1) }
                .expect("a cell of this process")
        };
        let attached = attach(&mut memory);
        memory[0] = 7;
        in_a_child(|| {
            check(jobs.value() == 0.0, || format!("it shows {} of its parent", jobs.value()))?;
            let mut own = vec![0u64; 1];
            let attached = attach(&mut own);
            check(own[0] == 0, || format!("its memory begins with {}", own[0]))?;
            own[0] = 2;
            check(jobs.value() == 2.0, || format!("it shows {} of its own 2", jobs.value()))?;
            drop(attached);
            check(jobs.value() == 2.0, || format!("it shows {} once its host has left", jobs.value()))
        });
        assert_eq!(jobs.value(), 7.0, "the parent's");
        drop(attached);
        in_a_child(|| check(jobs.value() == 0.0, || format!("it shows {} of a host that left", jobs.value())));
        assert_eq!(jobs.value(), 7.0, "the parent's");
    });
}
