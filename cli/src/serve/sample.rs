//! A gateway that does not exist: a little traffic with a daily life of its own, for who has no metrics yet.

use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;
use tykmetrics::{EngineCollector, ProcessCollector, Registry};

/// The traffic, which ends with this.
pub(super) struct Traffic {
    end: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Traffic {
    fn drop(&mut self) {
        self.end.take();
        if let Some(thread) = self.thread.take() {
            // A panic there was told where it happened.
            let _ = thread.join();
        }
    }
}

/// Routes, how often each is asked for of a hundred requests, and how long it takes in the middle.
const ROUTES: [(&str, &str, u64, f64); 5] = [
    ("GET", "/", 30, 0.004),
    ("GET", "/users/{id}", 35, 0.012),
    ("POST", "/orders", 20, 0.045),
    ("GET", "/search", 10, 0.120),
    ("POST", "/v1/chat/completions", 5, 0.900),
];

/// Between two requests: about 25 a second, which no machine feels.
const PAUSE: Duration = Duration::from_millis(40);

/// A registry whose numbers move while the traffic lives.
pub(super) fn gateway() -> tykmetrics::Result<(Registry, Traffic)> {
    let registry = Registry::new();
    let requests = registry
        .counter("http_requests_total", "Requests answered by the sample gateway (made up).")
        .labels(["method", "route", "status"])
        .register()?;
    let latency = registry
        .histogram("http_request_duration_seconds", "Time to answer, of the sample gateway (made up).")
        .labels(["route"])
        .unit("seconds")
        .register()?;
    let running =
        registry.gauge("http_requests_in_flight", "Requests that run, of the sample gateway (made up).").register()?;
    let cache = registry
        .counter("cache_lookups_total", "Looks into the sample gateway's cache (made up).")
        .labels(["result"])
        .register()?;
    registry.info("sample_build", "That all of this is made up.").register()?.set(&[("synthetic", "true")])?;
    registry.register_collector(ProcessCollector::new());
    registry.register_collector(EngineCollector::new(&registry));
    let (end, ended) = mpsc::channel::<()>();
    let thread = std::thread::Builder::new().name("sample-traffic".to_owned()).spawn(move || {
        let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
        // The other end is dropped and never sends.
        while ended.recv_timeout(PAUSE) == Err(mpsc::RecvTimeoutError::Timeout) {
            let mut pick = dice.below(100);
            let route = ROUTES.iter().find(|(_, _, share, _)| {
                let here = pick < *share;
                pick = pick.saturating_sub(*share);
                here
            });
            let Some((method, route, _, middle)) = route else { continue };
            let status = match dice.below(1000) {
                0..=9 => "500",
                10..=39 => "404",
                _ => "200",
            };
            requests.inc([*method, *route, status]);
            // Most are near the middle, a few are ten times as slow.
            let slow = if dice.below(50) == 0 { 10.0 } else { 1.0 };
            latency.observe([*route], middle * slow * (0.5 + dice.below(1000) as f64 / 1000.0));
            cache.inc([if dice.below(10) < 7 { "hit" } else { "miss" }]);
            running.set(dice.below(8) as f64);
        }
    });
    let thread = thread.ok();
    Ok((registry, Traffic { end: Some(end), thread }))
}

/// Numbers that look like chance and are the same in every run (xorshift64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) % end
    }
}
