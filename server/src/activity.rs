//! What a connection is at, and how long it may stay so. One per connection, told by its bytes, its requests and their bodies.
//!
//! A connection is closed that takes too long for a request, rests too long between two, or does not read its answer.

use crate::config::Limits;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Between the end of a scrape that takes too long, which is told in the protocol's own way, and of its connection.
const SLACK: Duration = Duration::from_secs(1);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// A request is awaited at once (the connection is new), or has begun to arrive.
    Asking,
    /// The last answer is given, no request has begun.
    Resting,
    /// Requests are being answered.
    Answering,
}

/// What a connection is at.
#[derive(Debug)]
pub(crate) struct Activity {
    now: Mutex<Now>,
    header_timeout: Duration,
    idle_timeout: Duration,
    scrape_timeout: Duration,
}

#[derive(Debug)]
struct Now {
    phase: Phase,
    /// When the phase began.
    since: Instant,
    /// Since when bytes wait to be taken.
    stalled: Option<Instant>,
    /// Requests that are being answered, by number, and when something of each moved: streams of HTTP/2 do not excuse each
    /// other.
    running: Vec<(u64, Instant)>,
    requests: u64,
    /// HTTP/2, where bytes may be no request: a ping, a window.
    streams: bool,
}

impl Activity {
    pub(crate) fn new(limits: &Limits) -> Arc<Activity> {
        let now = Now {
            phase: Phase::Asking,
            since: Instant::now(),
            stalled: None,
            running: Vec::new(),
            requests: 0,
            streams: false,
        };
        Arc::new(Activity {
            now: Mutex::new(now),
            header_timeout: limits.header_timeout,
            idle_timeout: limits.idle_timeout,
            scrape_timeout: limits.scrape_timeout,
        })
    }

    fn now(&self) -> MutexGuard<'_, Now> {
        // Valid between any two steps.
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection speaks HTTP/2.
    pub(crate) fn has_streams(&self) {
        self.now().streams = true;
    }

    /// Bytes arrived.
    pub(crate) fn arrived(&self) {
        let mut now = self.now();
        if now.phase == Phase::Resting && !now.streams {
            now.phase = Phase::Asking;
            now.since = Instant::now();
        }
    }

    /// Bytes were written, or could not be.
    pub(crate) fn left(&self, any: bool) {
        let mut now = self.now();
        if any {
            now.stalled = None;
        } else if now.stalled.is_none() {
            now.stalled = Some(Instant::now());
        }
    }

    /// A request is being answered for as long as what this gives lives.
    pub(crate) fn answering(self: &Arc<Self>) -> Answering {
        let mut now = self.now();
        now.requests += 1;
        let number = now.requests;
        now.running.push((number, Instant::now()));
        now.phase = Phase::Answering;
        Answering { activity: Arc::clone(self), number }
    }

    /// True if nothing would be lost by closing now: no request has arrived that is not answered.
    pub(crate) fn awaits_request(&self) -> bool {
        self.now().phase == Phase::Asking
    }

    /// When the connection is to be closed if it goes on like this.
    pub(crate) fn deadline(&self) -> Instant {
        let now = self.now();
        let phase = match now.phase {
            Phase::Asking => now.since + self.header_timeout,
            Phase::Resting => now.since + self.idle_timeout,
            Phase::Answering => {
                let since = now.running.iter().map(|(_, moved)| *moved).min().unwrap_or(now.since);
                // What a body may take to arrive comes before what the scrape may take.
                since + self.scrape_timeout + self.header_timeout + SLACK
            }
        };
        now.stalled.map_or(phase, |stalled| phase.min(stalled + self.header_timeout))
    }
}

/// A request that is being answered.
#[derive(Debug)]
pub(crate) struct Answering {
    activity: Arc<Activity>,
    number: u64,
}

impl Answering {
    /// A part of the answer was asked for.
    pub(crate) fn moved(&self) {
        let mut now = self.activity.now();
        if let Some((_, moved)) = now.running.iter_mut().find(|(number, _)| *number == self.number) {
            *moved = Instant::now();
        }
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        let mut now = self.activity.now();
        now.running.retain(|(number, _)| *number != self.number);
        if now.running.is_empty() {
            now.phase = Phase::Resting;
            now.since = Instant::now();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> Limits {
        Limits {
            header_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(60),
            scrape_timeout: Duration::from_secs(30),
            ..Limits::default()
        }
    }

    fn left(activity: &Activity) -> u64 {
        (activity.deadline() - Instant::now()).as_secs_f64().round() as u64
    }

    #[test]
    fn each_phase_has_its_own_time() {
        let activity = Activity::new(&limits());
        assert_eq!(left(&activity), 10, "a new connection has to ask");
        let (one, other) = (activity.answering(), activity.answering());
        assert_eq!(left(&activity), 41, "it is answered");
        drop(one);
        assert_eq!(left(&activity), 41, "another request is still answered");
        drop(other);
        assert_eq!(left(&activity), 60, "it rests");
        activity.arrived();
        assert_eq!(left(&activity), 10, "it asks again");
    }

    #[test]
    fn an_answer_that_is_not_read_ends_the_connection_until_it_is() {
        let activity = Activity::new(&limits());
        let _answering = activity.answering();
        activity.left(false);
        assert_eq!(left(&activity), 10);
        activity.left(true);
        assert_eq!(left(&activity), 41);
    }

    #[test]
    fn an_answer_that_nobody_asks_for_is_not_excused_by_others() {
        let activity = Activity::new(&limits());
        let stuck = activity.answering();
        activity.now().running[0].1 -= Duration::from_secs(20);
        let other = activity.answering();
        other.moved();
        drop(other);
        assert_eq!(left(&activity), 21);
        stuck.moved();
        assert_eq!(left(&activity), 41);
    }

    #[test]
    fn a_ping_is_no_request() {
        let activity = Activity::new(&limits());
        activity.has_streams();
        drop(activity.answering());
        activity.arrived();
        assert_eq!(left(&activity), 60);
    }
}
