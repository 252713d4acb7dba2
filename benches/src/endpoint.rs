//! A scrape as a scraper has it: over loopback, from the server to the last byte.
//!
//! Servers run in this process and are asked in turn: ours, the listener of `metrics-exporter-prometheus`, and a loop that
//! writes the same bytes from memory, which no server can beat. Then, in children, ten scrape a million series at once while
//! somebody looks at the page, and ten scrape beside a writer.

mod client;
mod servers;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use crate::engines::{Role, Scraped};
use crate::machine;
use crate::measure::{Stat, interleave};
use crate::memory::{self, Named};
use crate::results::{self, Results};
use crate::scrape::compare as windowed;
use client::{Connection, ask_afar, scrape, scrape_afar};

/// The loop that a scrape is held against.
pub(crate) const FROM_MEMORY: &str = "the same bytes from memory";

/// The loop that a packed scrape is held against.
pub(crate) const PACKED_FROM_MEMORY: &str = "the same bytes from memory, packed on the way";

/// Scrapes at the same time.
const CROWD: usize = 10;

/// A scrape of the family that has one series.
const ONE_OF_THEM: &str = "/metrics?name[]=bench_level";

/// Fewer bytes are no overview and no family.
const MIN_ANSWER: usize = 100;

/// Time per scrape of `n` counters, from each server in turn.
pub(crate) fn measure(n: usize, rounds: usize, results: &mut Results) {
    // Servers and scrapers are threads of this one.
    machine::run_free();
    let outcome = (|| {
        let registry = servers::registry(n)?;
        let text = registry.render(tykmetrics::Format::Text);
        let ours = servers::ours(registry)?;
        let address = ours.1;
        let memory = servers::from_memory(text.clone(), false)?;
        let packed = servers::from_memory(text, true)?;
        let exporter = servers::exporter(n)?;
        let plain =
            [("tykmetrics", Role::Ours, address), (FROM_MEMORY, Role::Limit, memory), (EXPORTER, Role::Peer, exporter)];
        // The peer takes a hundred times as long as the others. How three threads share two cores is chance, so these are asked
        // more often.
        time(&plain, &[0, 1, 2, 0, 1, 0, 1], (rounds, false), results::SERVED, results);
        // The exporter's listener packs nothing.
        time(
            &[("tykmetrics", Role::Ours, address), (PACKED_FROM_MEMORY, Role::Limit, packed)],
            &[0, 1],
            (rounds, true),
            results::SERVED_GZIP,
            results,
        );
        Some(())
    })();
    if outcome.is_none() {
        eprintln!("left out: a server of the endpoint did not start");
    }
    machine::pin(machine::cores() - 1);
}

const EXPORTER: &str = "metrics-exporter-prometheus 0.18, its listener";

/// Asks servers in these turns, in every round.
fn time(
    servers: &[(&'static str, Role, SocketAddr)],
    turns: &[usize],
    (rounds, gzip): (usize, bool),
    scenario: &'static str,
    results: &mut Results,
) {
    let mut bytes = vec![0; servers.len()];
    let mut samples = vec![Vec::new(); servers.len()];
    let taken = interleave(turns.len(), rounds, |turn| {
        let start = Instant::now();
        bytes[turns[turn]] = scrape(servers[turns[turn]].2, gzip)?;
        Some(start.elapsed().as_secs_f64() * 1e3)
    });
    for (&server, mut taken) in turns.iter().zip(taken) {
        samples[server].append(&mut taken);
    }
    for ((&(name, role, _), samples), bytes) in servers.iter().zip(samples).zip(bytes) {
        let stat = Stat::of(samples);
        let note = format!("{:.2} MB, median {:.2} ms", bytes as f64 / 1e6, stat.median);
        // A limit of this scenario is found by its name among the limits.
        let scenario = if role == Role::Limit { results::LIMIT } else { scenario };
        results.add_noted(scenario, name, role, "ms", stat, None, note);
    }
}

/// In a child: what ten scrapes of `n` counters at once, and the page, do to memory and to `/health`, and what the server does
/// alone.
pub(crate) fn crowd(n: usize, rounds: usize) -> Option<Named> {
    let (running, address) = servers::ours(servers::registry(n)?)?;
    // What is made once, in the server and in this client, is there before.
    scrape(address, false)?;
    let before = memory::resident()?;
    let resets = memory::reset_peak();
    // Alone, since the ten take all places.
    if ask_afar(address, ONE_OF_THEM)? < MIN_ANSWER {
        eprintln!("one family of {n} counters did not come");
        return None;
    }
    let over = AtomicBool::new(false);
    let start = Instant::now();
    let (scrapes, looked, mut waits) = std::thread::scope(|scope| {
        let prober = scope.spawn(|| probe(address, &over));
        let looker = scope.spawn(|| {
            let start = Instant::now();
            (ask_afar(address, "/metrics/overview")? > MIN_ANSWER).then(|| start.elapsed())
        });
        let crowd: Vec<_> = (0..CROWD)
            .map(|_| scope.spawn(|| (0..rounds).all(|_| scrape_afar(address) > Some(n * memory::MIN_LINE))))
            .collect();
        let scrapes = crowd.into_iter().all(|scraper| scraper.join().unwrap_or(false));
        // Relaxed: it ends a loop and publishes nothing.
        over.store(true, Relaxed);
        (scrapes, looker.join().ok().flatten(), prober.join().unwrap_or_default())
    });
    let elapsed = start.elapsed();
    if !scrapes {
        eprintln!("a scrape of {n} counters was not whole");
        return None;
    }
    let Some(looked) = looked else {
        eprintln!("the page's overview of {n} counters did not come");
        return None;
    };
    let growth = memory::peak()?.saturating_sub(before);
    waits.sort_by(f64::total_cmp);
    let p99 = waits.get(waits.len() * 99 / 100).copied()?;
    let mut figures: Named = vec![("health_p99_ms", p99), ("health_asked", waits.len() as f64)];
    figures.push(("scrape_ms", elapsed.as_secs_f64() * 1e3 / (rounds * CROWD) as f64));
    figures.push(("looked_ms", looked.as_secs_f64() * 1e3));
    if resets {
        figures.push(("growth_bytes", growth as f64));
    }
    // The pool's threads leave some seconds after their last scrape, which is no cost of being idle.
    std::thread::sleep(Duration::from_secs(6));
    let cpu = machine::process_cpu_time();
    std::thread::sleep(Duration::from_secs(1));
    figures.push(("idle_ms", (machine::process_cpu_time() - cpu).as_secs_f64() * 1e3));
    running.close();
    Some(figures)
}

/// In a child: a writer, and ten scrapes at once on the other core, as `scrape` has one.
pub(crate) fn recorder(name: &str, n: usize, windows: usize, millis: usize) -> Option<Named> {
    // The server and the scrapers come from this thread and stay on its core: what they do to a writer is asked, and not what a
    // core does that is shared by a dozen threads.
    machine::pin(1);
    let registry = servers::registry(n)?;
    let record = servers::record(&registry, n)?;
    let (running, address) = servers::ours(registry)?;
    let scrape = move || {
        let crowd: Vec<_> = (0..CROWD).map(|_| std::thread::spawn(move || scrape_afar(address))).collect();
        let bytes = crowd.into_iter().map(|scraper| scraper.join().ok().flatten().unwrap_or(0));
        bytes.min().unwrap_or(0)
    };
    let scraped = Scraped { record, scrape: Box::new(scrape), settle: Box::new(|| {}) };
    let figures = windowed(name, scraped, n, (windows, millis));
    running.close();
    figures
}

/// Asks `/health` over and over, with a rest as a prober has it, and says how long each answer took.
fn probe(address: SocketAddr, over: &AtomicBool) -> Vec<f64> {
    let mut waits = Vec::with_capacity(1 << 16);
    let Some(mut connection) = Connection::open(address) else { return waits };
    while !over.load(Relaxed) {
        let start = Instant::now();
        if !connection.is_healthy() {
            break;
        }
        waits.push(start.elapsed().as_secs_f64() * 1e3);
        std::thread::sleep(Duration::from_millis(1));
    }
    waits
}

/// Adds what the child measured.
pub(crate) fn add(name: &'static str, role: Role, figure: &dyn Fn(&str) -> Option<f64>, results: &mut Results) {
    let get = |key| figure(key).unwrap_or(f64::NAN);
    if let Some(bytes) = figure("growth_bytes") {
        let (each, looked) = (get("scrape_ms"), get("looked_ms"));
        let note =
            format!("{each:.0} ms for each scrape of the ten; the page's overview in {looked:.0} ms beside them");
        results.add_noted(results::CROWD_GROWTH, name, role, "MB", Stat::exact(bytes / 1e6), None, note);
    }
    if let Some(p99) = figure("health_p99_ms") {
        let note = format!("asked {} times", get("health_asked"));
        results.add_noted(results::HEALTH, name, role, "ms", Stat::exact(p99), None, note);
    }
    if let Some(idle) = figure("idle_ms") {
        results.add(results::IDLE, name, role, "ms", Stat::exact(idle));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_server_serves_the_same_series() {
        const N: usize = 200;
        let registry = servers::registry(N).expect("a registry");
        let text = registry.render(tykmetrics::Format::Text);
        let (running, ours) = servers::ours(registry).expect("ours");
        let memory = servers::from_memory(text.clone(), false).expect("memory");
        let packed = servers::from_memory(text.clone(), true).expect("memory, packed");
        let exporter = servers::exporter(N).expect("the peer");
        let whole = scrape(ours, false).expect("a scrape");
        assert!(whole > text.len() && scrape(memory, false).expect("a scrape") > text.len());
        assert!(scrape(exporter, false).expect("a scrape") > N * memory::MIN_LINE);
        let (ours, limit) = (scrape(ours, true).expect("a scrape"), scrape(packed, true).expect("a scrape"));
        assert!(ours < whole / 2 && limit < whole / 2, "{ours} and {limit} of {whole}");
        running.close();
    }

    #[test]
    fn a_crowd_is_measured() {
        let figures = crowd(1000, 1).expect("Linux tells");
        assert!(figures.iter().any(|(name, value)| *name == "health_asked" && *value >= 1.0), "{figures:?}");
    }

    #[test]
    fn a_writer_is_measured_beside_a_crowd() {
        let figures = recorder("tykmetrics", 1000, 1, 50).expect("a server");
        assert!(figures.iter().any(|(name, value)| *name == "scrapes" && *value >= 1.0), "{figures:?}");
    }
}
