//! Clocks, calibrated loops and rounds.
//!
//! A contender runs as many operations as fill a round; rounds take all contenders in turn, each round starting
//! with another one, so that drift of the machine hits all alike. Kept are the best round (what the code can do)
//! and the median (what this machine gave). Nothing here knows what is being timed.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use crate::engines::{Run, Work};
use crate::machine;

/// The share of a round that each of two threads must have had its core for it to count.
const PRESENT: f64 = 0.9;

/// How long two threads run: below the some milliseconds that a scheduler gives to other work at a time.
const PAIR_ROUND: Duration = Duration::from_millis(1);

/// How often a round of two threads is tried on a machine that has other work.
const TRIES: usize = 16;

/// How long and how often to measure.
#[derive(Clone, Copy)]
pub(crate) struct Effort {
    pub(crate) rounds: usize,
    pub(crate) round: Duration,
}

/// The best and the median of some rounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Stat {
    pub(crate) best: f64,
    pub(crate) median: f64,
}

impl Stat {
    /// Of samples of which less is better; NaN of none.
    pub(crate) fn of(mut samples: Vec<f64>) -> Self {
        samples.sort_by(f64::total_cmp);
        let best = samples.first().copied().unwrap_or(f64::NAN);
        let median = samples.get(samples.len() / 2).copied().unwrap_or(f64::NAN);
        Self { best, median }
    }

    /// A single figure that is both.
    pub(crate) fn exact(value: f64) -> Self {
        Self { best: value, median: value }
    }

    pub(crate) fn map(self, f: impl Fn(f64) -> f64) -> Self {
        Self { best: f(self.best), median: f(self.median) }
    }
}

/// Calls `op` `n` times. Between two calls the compiler must assume that all memory has changed, so that no
/// contender keeps in a register what a program would have to load again.
#[inline(always)]
pub(crate) fn repeat(n: u64, mut op: impl FnMut(usize)) {
    for i in 0..n {
        // Of a value without size this is a compiler fence and no instruction.
        black_box(());
        op(i as usize);
    }
}

impl Run {
    fn call(&mut self, n: u64) {
        match self {
            Self::Shared(run) => run(n),
            Self::Single(run) => run(n),
        }
    }
}

impl Work {
    /// The time of `n` operations on this thread.
    fn time(&mut self, n: u64) -> Duration {
        let start = Instant::now();
        self.run.call(n);
        let elapsed = start.elapsed();
        if let Some(settle) = &mut self.settle {
            settle();
        }
        elapsed
    }

    /// How many operations fill `round`.
    fn calibrate(&mut self, round: Duration) -> u64 {
        let mut n = 1000;
        loop {
            let elapsed = self.time(n);
            // 2 ms is long against the clock's own 20 ns and short against a round.
            if elapsed >= Duration::from_millis(2) {
                return ((n as f64 * round.as_secs_f64() / elapsed.as_secs_f64()) as u64).max(1);
            }
            n *= 4;
        }
    }

    /// Wall time per operation of two threads that look at the clock every `chunk` operations. None for one-thread
    /// work, and none if the machine took a core away meanwhile: a thread alone is no contention.
    fn time_pair(&mut self, chunk: u64) -> Option<Pair> {
        let Run::Shared(run) = &self.run else { return None };
        let ready = Arc::new(AtomicUsize::new(0));
        let done = Arc::new(AtomicBool::new(false));
        let threads: Vec<_> = (0..2)
            .map(|core| {
                let (run, ready, done) = (Arc::clone(run), Arc::clone(&ready), Arc::clone(&done));
                std::thread::spawn(move || {
                    machine::pin(core);
                    // A thread's first operations set its own state up.
                    run(1000);
                    // Spinning, because waking a sleeper takes as long as a short round. Relaxed here and below: the
                    // flags start and end loops and publish nothing.
                    ready.fetch_add(1, Relaxed);
                    while ready.load(Relaxed) < 2 {
                        std::hint::spin_loop();
                    }
                    Turn::take(|n| run(n), chunk, &done)
                })
            })
            .collect();
        let turns: Vec<Turn> = threads.into_iter().filter_map(|thread| thread.join().ok()).collect();
        if let Some(settle) = &mut self.settle {
            settle();
        }
        let wall = turns.iter().map(|turn| turn.end).max()? - turns.iter().map(|turn| turn.start).min()?;
        let undisturbed = turns.iter().all(|turn| turn.cpu.as_secs_f64() >= PRESENT * wall.as_secs_f64());
        let operations: u64 = turns.iter().map(|turn| turn.operations).sum();
        let slower = turns.iter().map(|turn| turn.operations).min()?;
        let nanos = wall.as_nanos() as f64 / operations as f64;
        undisturbed.then(|| Pair { nanos, slower: slower as f64 / operations as f64 })
    }
}

/// A round of two threads.
struct Pair {
    nanos: f64,
    /// The share of the operations that the slower thread did: half where the two are treated alike.
    slower: f64,
}

/// What one of two threads did.
struct Turn {
    start: Instant,
    end: Instant,
    cpu: Duration,
    operations: u64,
}

impl Turn {
    /// Runs until the round is over. It ends for both threads at once, because a line of memory that two cores fight
    /// for is not shared fairly: after a given number of operations one thread would go on alone.
    fn take(run: impl Fn(u64), chunk: u64, done: &AtomicBool) -> Self {
        let (start, cpu) = (Instant::now(), machine::cpu_time());
        let mut operations = 0;
        while !done.load(Relaxed) {
            run(chunk);
            operations += chunk;
            if start.elapsed() >= PAIR_ROUND {
                done.store(true, Relaxed);
            }
        }
        let cpu = machine::cpu_time().saturating_sub(cpu);
        Self { start, end: Instant::now(), cpu, operations }
    }
}

/// Nanoseconds per operation of each work, alone on one core.
pub(crate) fn alone(works: &mut [Work], effort: Effort) -> Vec<Stat> {
    let counts: Vec<u64> = works.iter_mut().map(|work| work.calibrate(effort.round)).collect();
    interleave(works.len(), effort.rounds, |i| Some(works[i].time(counts[i]).as_nanos() as f64 / counts[i] as f64))
        .into_iter()
        .map(Stat::of)
        .collect()
}

/// Nanoseconds of wall time per operation of each work, two threads recording into the same thing, and the share that
/// the slower thread did.
pub(crate) fn together(works: &mut [Work], effort: Effort) -> Vec<Option<(Stat, Stat)>> {
    // A 64th of a round bounds what one thread does alone at the end.
    let chunks: Vec<u64> = works.iter_mut().map(|work| (work.calibrate(PAIR_ROUND) / 64).max(1)).collect();
    let mut shares = vec![Vec::new(); works.len()];
    let nanos = interleave(works.len(), effort.rounds, |i| {
        let pair = (0..TRIES).find_map(|_| works[i].time_pair(chunks[i]))?;
        shares[i].push(pair.slower);
        Some(pair.nanos)
    });
    let stats = nanos.into_iter().zip(shares);
    stats.map(|(nanos, shares)| (!nanos.is_empty()).then(|| (Stat::of(nanos), Stat::of(shares)))).collect()
}

/// Takes `rounds` samples of each of `contenders`, every round starting with another one.
pub(crate) fn interleave(
    contenders: usize,
    rounds: usize,
    mut sample: impl FnMut(usize) -> Option<f64>,
) -> Vec<Vec<f64>> {
    let mut samples = vec![Vec::with_capacity(rounds); contenders];
    for round in 0..rounds {
        for turn in 0..contenders {
            let i = (round + turn) % contenders;
            samples[i].extend(sample(i));
        }
    }
    samples
}

/// A clock for batches of some hundred nanoseconds.
#[derive(Clone, Copy)]
pub(crate) struct Ticks {
    nanos_per_tick: f64,
}

impl Ticks {
    /// Compares the tick with the system's clock for 20 ms, or knows it.
    pub(crate) fn calibrated() -> Self {
        let (start, ticks) = (Instant::now(), Self::now());
        while start.elapsed() < Duration::from_millis(20) {}
        let (elapsed, ticks) = (start.elapsed(), Self::now() - ticks);
        Self { nanos_per_tick: elapsed.as_nanos() as f64 / ticks as f64 }
    }

    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    pub(crate) fn now() -> u64 {
        // SAFETY: `rdtsc` reads a register and is part of every x86-64.
        unsafe { std::arch::x86_64::_rdtsc() }
    }

    #[cfg(not(target_arch = "x86_64"))]
    #[inline(always)]
    pub(crate) fn now() -> u64 {
        static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
        START.get_or_init(Instant::now).elapsed().as_nanos() as u64
    }

    pub(crate) fn nanos(self, ticks: u64) -> f64 {
        ticks as f64 * self.nanos_per_tick
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_is_the_least_and_the_median_is_the_middle() {
        assert_eq!(Stat::of(vec![3.0, 1.0, 9.0]), Stat { best: 1.0, median: 3.0 });
        assert!(Stat::of(vec![]).best.is_nan());
    }

    #[test]
    fn every_round_starts_with_another_contender() {
        let mut order = Vec::new();
        interleave(3, 3, |i| {
            order.push(i);
            None
        });
        assert_eq!(order, [0, 1, 2, 1, 2, 0, 2, 0, 1]);
    }

    #[test]
    fn repeat_counts_up_from_nothing() {
        let mut seen = Vec::new();
        repeat(3, |i| seen.push(i));
        assert_eq!(seen, [0, 1, 2]);
    }

    #[test]
    fn work_for_one_thread_has_no_figure_for_two() {
        let effort = Effort { rounds: 1, round: Duration::from_millis(1) };
        let mut works = [Work::single(|n| repeat(n, |_| {})), Work::shared(|n| repeat(n, |_| {}))];
        let figures = together(&mut works, effort);
        assert!(figures[0].is_none() && figures[1].is_some());
    }
}
