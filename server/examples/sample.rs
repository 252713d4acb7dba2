//! A gateway that is not there, so that the page has something to show: `cargo run -p tykmetrics-server --example sample`.
//!
//! Its traffic changes as time goes by. It prints the address it serves at, and ends when its standard input does, so that
//! it does not outlive the test that started it.

use std::f64::consts::TAU;
use std::io;
use std::time::{Duration, Instant};
use tykmetrics::{Gateway, ProcessCollector, Registry};
use tykmetrics_server::config::{Config, Listen};

/// Paths, their share of the traffic, their usual latency in seconds, and one in how many fails.
const ENDPOINTS: [(&str, f64, f64, u64); 9] = [
    ("/v1/chat/completions", 0.30, 0.180, 90),
    ("/v1/embeddings", 0.22, 0.022, 400),
    ("/v1/models", 0.15, 0.004, 5000),
    ("/v1/images/generations", 0.04, 1.400, 25),
    ("/v1/audio/transcriptions", 0.05, 0.620, 60),
    ("/v1/moderations", 0.10, 0.009, 900),
    ("/auth/token", 0.08, 0.002, 40),
    ("/admin/keys", 0.02, 0.006, 300),
    ("/healthz", 0.04, 0.0004, u64::MAX),
];
const PROVIDERS: [(&str, &str); 3] = [("openai", "gpt-4o"), ("anthropic", "claude"), ("mistral", "large")];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let port = std::env::args().nth(1).and_then(|port| port.parse().ok()).unwrap_or(0);
    let registry = Registry::new();
    registry.register_collector(ProcessCollector::new());
    let config = Config { listen: Listen::Tcp("127.0.0.1".to_owned(), port), ..Config::default() };
    let running = tykmetrics_server::start(config, registry.clone())?;
    println!("{}/", running.url());
    std::thread::spawn(move || record(&registry).expect("the names are free"));
    io::copy(&mut io::stdin(), &mut io::sink())?;
    running.close();
    Ok(())
}

/// A stream of numbers that look random and are the same each time.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// From 0 to 1, neither included.
    fn share(&mut self) -> f64 {
        ((self.next() >> 12) as f64 + 0.5) / (1u64 << 52) as f64
    }

    /// Normal, by Box and Muller.
    fn normal(&mut self) -> f64 {
        (-2.0 * self.share().ln()).sqrt() * (TAU * self.share()).cos()
    }
}

fn record(registry: &Registry) -> tykmetrics::Result<()> {
    let gateway = Gateway::new(registry)?;
    let in_flight = registry.gauge("http_requests_in_flight", "Requests that have begun and not ended.").register()?;
    let queue = registry.gauge("queue_depth", "Jobs that wait.").labels(["queue"]).register()?;
    let sent = registry.counter("sent_bytes_total", "Bytes that were sent.").register()?;
    let tokens = registry.counter("tokens_total", "Tokens, by key and model.").labels(["key", "model"]).register()?;
    let (mut dice, begun) = (Dice(0x9e37_79b9_7f4a_7c15), Instant::now());
    loop {
        std::thread::sleep(Duration::from_millis(50));
        let at = begun.elapsed().as_secs_f64();
        let wave = 1.0 + 0.45 * (at / 17.0).sin() + 0.15 * (at / 3.1).sin();
        // Every minute the slow ones become slower for a while.
        let slow = if at % 60.0 > 42.0 { 2.6 } else { 1.0 };
        let requests = (22.0 * wave) as usize;
        for _ in 0..requests {
            let mut left = dice.share();
            let found = ENDPOINTS.iter().find(|(_, share, ..)| {
                left -= share;
                left < 0.0
            });
            let (path, _, usual, failing) = found.unwrap_or(&ENDPOINTS[0]);
            let seconds = usual * (0.38 * dice.normal()).exp() * if *usual > 0.1 { slow } else { 1.0 };
            let failed = dice.next() % failing == 0;
            let status = if !failed {
                200
            } else if dice.next() % 3 == 0 {
                429
            } else {
                502
            };
            let (provider, model) = PROVIDERS[(dice.next() % 7 % 3) as usize];
            let upstream = path.starts_with("/v1").then_some(provider);
            gateway.record_request(path, "POST", seconds, status, upstream, upstream.map(|_| model));
            sent.add(200 + dice.next() % 4000);
            tokens.add([&format!("key-{:03}", dice.next() % 700), model], dice.next() % 900);
        }
        in_flight.set((requests as f64 * 0.7 * slow + 2.0 * dice.share()).round());
        queue.set(["images"], (6.0 * slow + 3.0 * (at / 9.0).sin()).round());
        queue.set(["audio"], (3.0 + 2.0 * (at / 5.0).cos()).round());
        gateway.cache_hits().add(dice.next() % 9);
        gateway.record_db_query(0.001 * dice.normal().exp());
    }
}
