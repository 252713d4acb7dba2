//! The load: a few connections to each gateway, and a plain count of every answer.
//!
//! `main` starts it and `show` reads its tallies while it runs. Promised: it stops when it is told to, after the answers
//! that are under way; an answer is counted once, by what came back and not by what was asked. Absent: what the gateways say
//! of themselves.

use crate::http::Client;
use crate::traffic::{Dice, ROUTES};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::thread::{JoinHandle, spawn};
use std::time::Duration;

/// Connections to each gateway.
const CONNECTIONS: u64 = 6;
/// The longest pause of a connection between two requests: about 500 requests a second of all connections to a gateway,
/// which leaves time for four gateways and a browser on two cores.
const PAUSE_MICROS: u64 = 20_000;
/// The longest time to wait for an answer: the slowest takes a fraction of a second, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(10);

/// What tells answers apart: the route's place, the status, the model's place.
pub(crate) type Key = (usize, u16, Option<usize>);

/// What was sent to a gateway and answered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) answers: BTreeMap<Key, u64>,
    /// Requests without an answer, and answers that were not what was asked for: the first few, in words.
    pub(crate) troubles: Vec<String>,
}

impl Tally {
    pub(crate) fn requests(&self) -> u64 {
        self.answers.values().sum()
    }

    pub(crate) fn errors(&self) -> u64 {
        self.answers.iter().filter(|((_, status, _), _)| *status >= 400).map(|(_, count)| count).sum()
    }

    fn trouble(&mut self, text: String) {
        const KEPT: usize = 5;
        if self.troubles.len() < KEPT {
            self.troubles.push(text);
        }
    }
}

/// The load of one gateway, under way.
pub(crate) struct Load {
    tally: Arc<Mutex<Tally>>,
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Load {
    /// Begins; `seed` decides what is sent over each connection, and time how much of it.
    pub(crate) fn start(address: SocketAddr, seed: u64) -> Load {
        let tally = Arc::new(Mutex::new(Tally::default()));
        let stop = Arc::new(AtomicBool::new(false));
        let threads = (0..CONNECTIONS)
            .map(|connection| {
                let (tally, stop) = (Arc::clone(&tally), Arc::clone(&stop));
                spawn(move || send(address, seed * CONNECTIONS + connection, &tally, &stop))
            })
            .collect();
        Load { tally, stop, threads }
    }

    pub(crate) fn tally(&self) -> Tally {
        self.tally.lock().expect("nothing panics while it holds the tally").clone()
    }

    /// Stops sending, without waiting.
    pub(crate) fn stop(&self) {
        // Relaxed: the flag publishes nothing else.
        self.stop.store(true, Relaxed);
    }

    /// Waits for the answers that are under way, and tells what there was.
    pub(crate) fn end(mut self) -> Tally {
        self.stop();
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                self.tally.lock().expect("the tally is only added to").trouble("a client panicked".to_owned());
            }
        }
        self.tally()
    }
}

fn send(address: SocketAddr, seed: u64, tally: &Mutex<Tally>, stop: &AtomicBool) {
    let mut client = Client::new(address, PATIENCE);
    let mut dice = Dice::new(seed);
    // Relaxed: as above.
    while !stop.load(Relaxed) {
        let request = dice.request();
        let method = ROUTES[request.route].method;
        let answer = client.ask(method, &request.target, request.body.as_deref());
        let mut tally = tally.lock().expect("nothing panics while it holds the tally");
        match answer {
            Ok(answer) => {
                *tally.answers.entry((request.route, answer.status, request.model)).or_default() += 1;
                if answer.status != request.status {
                    let (asked, came) = (request.status, answer.status);
                    tally.trouble(format!("{method} {} was answered {came} and not {asked}", request.target));
                }
            }
            Err(error) => {
                // Whether it was counted there is not known, so that no comparison can come out right.
                tally.trouble(format!("{method} {} had no answer: {error}", request.target));
                return;
            }
        }
        drop(tally);
        std::thread::sleep(Duration::from_micros(dice.below(PAUSE_MICROS)));
    }
}
