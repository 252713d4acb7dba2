//! Sources that do what a registry does not: wait, panic, never end.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Condvar, Mutex};
use tykmetrics::{Exposition, Snapshot};
use tykmetrics_server::{Gone, Source};

type Sink<'a> = &'a mut dyn FnMut(&[u8]) -> Result<(), Gone>;

/// Gives a line, waits until it is let go, gives another.
#[derive(Clone, Default)]
pub(crate) struct Waiting(Arc<Gate>);

#[derive(Default)]
struct Gate {
    open: Mutex<bool>,
    changed: Condvar,
    inside: AtomicUsize,
}

impl Waiting {
    /// Scrapes that wait now.
    pub(crate) fn inside(&self) -> usize {
        self.0.inside.load(SeqCst)
    }

    pub(crate) fn let_go(&self) {
        *self.0.open.lock().expect("no panic") = true;
        self.0.changed.notify_all();
    }
}

impl Source for Waiting {
    fn render(&self, _: Exposition, sink: Sink<'_>) -> Result<(), Gone> {
        sink(b"before 1\n")?;
        self.0.inside.fetch_add(1, SeqCst);
        let open = self.0.open.lock().expect("no panic");
        drop(self.0.changed.wait_while(open, |open| !*open).expect("no panic"));
        self.0.inside.fetch_sub(1, SeqCst);
        sink(b"after 1\n")
    }

    fn snapshot(&self) -> Snapshot {
        Snapshot::default()
    }

    fn reset(&self) {}
}

/// As [`Waiting`], without a word before.
#[derive(Clone, Default)]
pub(crate) struct Silent(pub(crate) Waiting);

impl Source for Silent {
    fn render(&self, exposition: Exposition, sink: Sink<'_>) -> Result<(), Gone> {
        self.0.render(exposition, &mut |_| Ok(()))?;
        sink(b"at last 1\n")
    }

    fn snapshot(&self) -> Snapshot {
        Snapshot::default()
    }

    fn reset(&self) {}
}

/// Gives so many bytes in chunks, then panics; or gives them for ever.
pub(crate) struct Endless {
    pub(crate) panics_after: Option<usize>,
    /// Scrapes that ended because nobody read on.
    pub(crate) gone: Arc<AtomicUsize>,
}

impl Endless {
    pub(crate) fn panics_after(bytes: usize) -> Endless {
        Endless { panics_after: Some(bytes), gone: Arc::default() }
    }

    pub(crate) fn new() -> (Endless, Arc<AtomicUsize>) {
        let endless = Endless { panics_after: None, gone: Arc::default() };
        let gone = Arc::clone(&endless.gone);
        (endless, gone)
    }
}

impl Source for Endless {
    fn render(&self, _: Exposition, sink: Sink<'_>) -> Result<(), Gone> {
        let chunk = "endless 1\n".repeat(6_000);
        let mut given = 0;
        loop {
            if self.panics_after.is_some_and(|most| given >= most) {
                panic!("as the test asks");
            }
            sink(chunk.as_bytes()).inspect_err(|_| {
                self.gone.fetch_add(1, SeqCst);
            })?;
            given += chunk.len();
        }
    }

    fn snapshot(&self) -> Snapshot {
        panic!("as the test asks")
    }

    fn reset(&self) {
        panic!("as the test asks")
    }
}
