//! What a server asks of JavaScript: the metrics that only it can tell. Asked on the event loop, from threads of the server's,
//! which wait a bounded time.
//!
//! Called by `serving`; answered by `lib/server-telling.js`. Promised: no scrape waits longer than [`PATIENCE`], and none at all
//! while a question before it is overdue, so that a loop that is busy holds up one scrape and not each; at most as many questions
//! lie with the loop as scrapes run. Where nothing is JavaScript's to tell, nobody waits: the loop is only told to look whether
//! that is so still. Absent: what the metrics are.

use crate::metric::Family;
use engine::snapshot;
use napi::Status;
use napi::bindgen_prelude::FnArgs;
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode::NonBlocking};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a scrape waits for JavaScript.
pub(crate) const PATIENCE: Duration = Duration::from_secs(1);

/// A function of JavaScript's that any thread may have called: with a word, and a number. It keeps no loop running.
pub(crate) type Call = ThreadsafeFunction<FnArgs<(String, u32)>, (), FnArgs<(String, u32)>, Status, false, true>;

/// What the loop is asked for.
const TELL: &str = "tell";
const LOOK: &str = "look";
const RESET: &str = "reset";

/// What JavaScript told.
#[derive(Default)]
pub(crate) struct Answer {
    /// Metrics of the engine's that were told, and are not shown twice.
    pub(crate) except: Vec<Arc<Family>>,
    pub(crate) families: Vec<snapshot::Family>,
    /// Some metric failed, or took too long.
    pub(crate) is_partial: bool,
}

/// What the loop last said of what there is.
#[derive(Default, Clone)]
pub(crate) struct Known {
    /// Some metrics are JavaScript's to tell, or have functions that are to be called.
    pub(crate) is_needed: bool,
    /// Labels of every series that does not have them.
    pub(crate) labels: Vec<(String, String)>,
}

pub(crate) struct Asker {
    state: Mutex<State>,
    /// Scrapes that went without something.
    untold: AtomicU64,
}

struct State {
    /// None once the server is closed.
    call: Option<Call>,
    known: Known,
    looks: bool,
    asked: u32,
    questions: HashMap<u32, Question>,
}

struct Question {
    at: Instant,
    answer: SyncSender<Answer>,
}

impl Asker {
    pub(crate) fn new(call: Call) -> Asker {
        let state =
            State { call: Some(call), known: Known::default(), looks: false, asked: 0, questions: HashMap::new() };
        Asker { state: Mutex::new(state), untold: AtomicU64::new(0) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What JavaScript has to tell now, if it has something and tells it in time; and what is known without.
    pub(crate) fn ask(&self) -> (Option<Answer>, Known) {
        let mut state = self.state();
        let known = state.known.clone();
        if !known.is_needed {
            state.look();
            return (Some(Answer::default()), known);
        }
        if state.questions.values().any(|question| question.at.elapsed() >= PATIENCE) {
            return (None, known);
        }
        let (answer, answered) = sync_channel(1);
        state.asked = state.asked.wrapping_add(1);
        let number = state.asked;
        state.questions.insert(number, Question { at: Instant::now(), answer });
        if !state.send(TELL, number) {
            state.questions.remove(&number);
            return (None, known);
        }
        drop(state);
        // One that is late stays among the questions, by which the next scrape knows.
        (answered.recv_timeout(PATIENCE).ok(), known)
    }

    /// The loop answers; whoever asked may be gone.
    pub(crate) fn answer(&self, number: u32, answer: Answer) {
        let question = self.state().questions.remove(&number);
        if let Some(question) = question {
            let _ = question.answer.try_send(answer);
        }
    }

    /// The loop says what there is.
    pub(crate) fn know(&self, known: Known) {
        let mut state = self.state();
        state.looks = false;
        state.known = known;
    }

    /// Has JavaScript reset what the engine does not have. Nobody waits for it.
    pub(crate) fn reset(&self) {
        self.state().send(RESET, 0);
    }

    /// One more scrape went without something.
    pub(crate) fn miss(&self) {
        // Relaxed: a count that is only shown.
        self.untold.fetch_add(1, Relaxed);
    }

    /// How many did.
    pub(crate) fn missed(&self) -> u64 {
        // Relaxed: as above.
        self.untold.load(Relaxed)
    }

    /// Asks no more, and lets go whoever waits.
    pub(crate) fn close(&self) {
        let mut state = self.state();
        let gone = (state.call.take(), std::mem::take(&mut state.questions));
        drop(state);
        drop(gone);
    }
}

impl State {
    /// Has the loop look whether something is JavaScript's to tell now, unless it is about to.
    fn look(&mut self) {
        if !self.looks {
            self.looks = self.send(LOOK, 0);
        }
    }

    /// False where the loop is not there any more.
    fn send(&self, what: &str, number: u32) -> bool {
        let call = |call: &Call| call.call(FnArgs::from((what.to_owned(), number)), NonBlocking);
        self.call.as_ref().map(call) == Some(Status::Ok)
    }
}
