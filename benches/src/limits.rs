//! Bare loops that do only the memory work: what no engine can beat.
//!
//! They are timed in the same rounds as the counters, so that a ratio against them is one of the same minute.

use std::cell::Cell;
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Instant;

use crate::engines::Work;
use crate::measure::{Ticks, repeat};

/// The loop that a bound counter is held against.
pub(crate) const ONE_WRITER: &str = "one writer, one cell";

// As many cells as a family has private ones by default; 4 KB stay in the first-level cache.
const CELLS: usize = 512;

thread_local! {
    static BASE: Cell<Option<&'static AtomicU64>> = const { Cell::new(None) };
}

/// Every limit with its name.
pub(crate) fn limits() -> Vec<(&'static str, Work)> {
    vec![
        (ONE_WRITER, one_cell()),
        ("one writer, 512 cells", many_cells()),
        ("thread-local base, one writer", thread_local_base()),
        ("f64 sum, one cell", float_sum(1)),
        ("f64 sum, 8 cells in turn", float_sum(8)),
        ("lock xadd", locked()),
        ("Instant::now", instant()),
        ("cycle counter", ticks()),
    ]
}

// Relaxed throughout: nothing is published but the number itself.
#[inline(always)]
fn add_alone(cell: &AtomicU64) {
    cell.store(cell.load(Relaxed).wrapping_add(1), Relaxed);
}

fn one_cell() -> Work {
    let cell = Box::new(AtomicU64::new(0));
    Work::single(move |n| {
        let cell: &AtomicU64 = black_box(&cell);
        repeat(n, |_| add_alone(cell));
    })
}

fn many_cells() -> Work {
    let cells: Box<[AtomicU64; CELLS]> = Box::new([const { AtomicU64::new(0) }; CELLS]);
    Work::single(move |n| {
        let cells: &[AtomicU64; CELLS] = black_box(&cells);
        repeat(n, |i| add_alone(&cells[i % CELLS]));
    })
}

fn thread_local_base() -> Work {
    Work::single(|n| {
        // One cell per thread for the life of the process; limits run on one thread.
        if BASE.get().is_none() {
            BASE.set(Some(Box::leak(Box::default())));
        }
        repeat(n, |_| {
            if let Some(cell) = BASE.get() {
                add_alone(cell);
            }
        });
    })
}

/// What a histogram's sum costs: each add waits for the one before to the same cell.
fn float_sum(cells: usize) -> Work {
    let sums: Box<[AtomicU64]> = (0..cells).map(|_| AtomicU64::new(0)).collect();
    Work::single(move |n| {
        let sums: &[AtomicU64] = black_box(&sums);
        let mask = sums.len() - 1;
        repeat(n, |i| {
            let sum = &sums[i & mask];
            sum.store((f64::from_bits(sum.load(Relaxed)) + 0.25).to_bits(), Relaxed);
        });
    })
}

fn locked() -> Work {
    let cell = Box::new(AtomicU64::new(0));
    Work::shared(move |n| {
        let cell: &AtomicU64 = black_box(&cell);
        repeat(n, |_| {
            cell.fetch_add(1, Relaxed);
        });
    })
}

fn instant() -> Work {
    Work::single(|n| {
        repeat(n, |_| {
            black_box(Instant::now());
        });
    })
}

fn ticks() -> Work {
    Work::single(|n| {
        repeat(n, |_| {
            black_box(Ticks::now());
        });
    })
}
