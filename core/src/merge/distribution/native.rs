//! The same counts as a Prometheus native histogram: buckets of a schema, as spans and deltas.
//!
//! The protobuf renderer calls this. Buckets are exact because the shape cut its slots at their bounds; coarser schemas
//! follow by joining buckets in pairs. Negative buckets do not exist here: the HDR store counts what is not positive
//! in its underflow, which is the zero bucket.

use super::Distribution;
use crate::shape::native;

/// Zero buckets in a row that cost less written out than as a new span: a span is two numbers, a bucket one.
const GAP: i32 = 2;

/// A native histogram, in the form that the Prometheus protobuf message has.
#[derive(Debug, Clone, PartialEq)]
pub struct Native {
    /// The resolution: 2^schema buckets per power of two.
    pub schema: i32,
    /// The zero bucket counts everything up to this.
    pub zero_threshold: f64,
    /// How many observations are in the zero bucket.
    pub zero_count: u64,
    /// Runs of buckets: how far the run starts after the last one ended (the first: its bucket's index), and its length.
    pub spans: Vec<(i32, u32)>,
    /// For every bucket of the spans, by how much its count differs from the one before (the first: from 0).
    pub deltas: Vec<i64>,
}

impl Distribution {
    /// The counts as a native histogram: none if the shape was not made for one.
    ///
    /// The schema is the shape's, or `max_schema` if that is coarser; it is made coarser still until at most `max_buckets`
    /// buckets have a count, or the coarsest is reached. 0 buckets mean no limit. What is above the shape's range
    /// is in the bucket right above it. Without observations there are no spans.
    pub fn native(&self, max_schema: Option<i32>, max_buckets: usize) -> Option<Native> {
        let finest = self.shape.native_schema()?;
        let (zero_threshold, top) = self.shape.range()?;
        let mut schema = max_schema.map_or(finest, |max| max.clamp(native::MIN_SCHEMA, finest));
        // One bit above the range, to be in the bucket above it.
        let overflow = native::index(schema, top.next_up());

        let mut zero_count = 0u64;
        let mut buckets: Vec<(i32, u64)> = Vec::new();
        for (slot, n) in self.counts() {
            let (lower, upper) = self.shape.slot_range(slot);
            if upper <= zero_threshold {
                zero_count = zero_count.saturating_add(n);
            } else {
                push(&mut buckets, if lower >= top { overflow } else { native::index(schema, upper) }, n);
            }
        }
        while max_buckets > 0 && buckets.len() > max_buckets && schema > native::MIN_SCHEMA {
            schema -= 1;
            let finer = std::mem::take(&mut buckets);
            for (index, n) in finer {
                push(&mut buckets, native::coarsen(index, 1), n);
            }
        }
        let (spans, deltas) = spans(&buckets);
        Some(Native { schema, zero_threshold, zero_count, spans, deltas })
    }
}

/// Adds to the last bucket, or starts the next one. Indexes never go down.
fn push(buckets: &mut Vec<(i32, u64)>, index: i32, n: u64) {
    match buckets.last_mut() {
        Some((last, count)) if *last == index => *count = count.saturating_add(n),
        _ => buckets.push((index, n)),
    }
}

fn spans(buckets: &[(i32, u64)]) -> (Vec<(i32, u32)>, Vec<i64>) {
    let mut spans: Vec<(i32, u32)> = Vec::new();
    let mut deltas = Vec::with_capacity(buckets.len());
    let (mut next, mut before) = (0, 0u64);
    for &(index, count) in buckets {
        let gap = index - next;
        match spans.last_mut() {
            Some((_, len)) if gap <= GAP => {
                for _ in 0..gap {
                    deltas.push(0u64.wrapping_sub(before) as i64);
                    before = 0;
                }
                *len += gap as u32 + 1;
            }
            _ => spans.push((gap, 1)),
        }
        deltas.push(count.wrapping_sub(before) as i64);
        before = count;
        next = index + 1;
    }
    (spans, deltas)
}
