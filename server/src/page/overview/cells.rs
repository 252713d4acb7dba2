//! Counts by latency on one fixed grid: 16 cells per power of two, made of the cells of histograms.
//!
//! The cells of the HDR store are halves of these, so its counts are regrouped and not guessed at. Because the grid is
//! fixed, two overviews can be taken from each other cell by cell. A row that spans too many cells is written with 8, 4,
//! 2 or 1 per power of two, each of which holds whole cells of the finer ones.

use super::json;
use tykmetrics::Distribution;

/// Cells per power of two, as a power of two.
const FINEST: u32 = 4;

/// What one row is written with at most.
const MOST: usize = 100;

/// Powers of two that are told apart, in seconds: from a picosecond to ages. With one cell for each, all fit in [`MOST`].
const OCTAVES: std::ops::Range<i32> = -40..40;

/// Counts by cell. Cell `i` of `n` per octave holds what is at most `2^(i div n) * (1 + (i mod n + 1) / n)` and above that
/// of the cell before.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Cells {
    /// The cell of `counts[0]`.
    first: i32,
    counts: Vec<u64>,
}

/// The cell that `value` is in, whose upper end belongs to it.
fn cell_of(value: f64) -> i32 {
    let (lowest, highest) = (OCTAVES.start << FINEST, (OCTAVES.end << FINEST) - 1);
    if value.is_nan() || value <= 0.0 {
        return lowest;
    }
    let below = 52 - FINEST;
    let bits = value.to_bits();
    let cell = (bits >> below) as i64 - (1023 << FINEST);
    // The lower end is the upper end of the cell before.
    let exact = bits & ((1 << below) - 1) == 0;
    (cell - i64::from(exact)).clamp(i64::from(lowest), i64::from(highest)) as i32
}

impl Cells {
    pub(super) fn add(&mut self, cell: i32, count: u64) {
        if self.counts.is_empty() {
            self.first = cell;
        }
        if cell < self.first {
            let missing = (self.first - cell) as usize;
            self.counts.splice(..0, std::iter::repeat_n(0, missing));
            self.first = cell;
        }
        let at = (cell - self.first) as usize;
        if at >= self.counts.len() {
            self.counts.resize(at + 1, 0);
        }
        self.counts[at] = self.counts[at].saturating_add(count);
    }

    /// Adds what a histogram counted, whose unit is `unit` seconds.
    pub(super) fn add_all(&mut self, histogram: &Distribution, unit: f64) {
        for (slot, count) in histogram.counts() {
            let cell = match histogram.shape().slot_range(slot) {
                (below, upper) if upper == f64::INFINITY => cell_of(below * unit) + 1,
                (_, upper) if unit == 1.0 => cell_of(upper),
                // In another unit a slot may lie across two cells: its middle decides.
                (below, upper) if below > 0.0 => cell_of((below / 2.0 + upper / 2.0) * unit),
                (_, upper) => cell_of(upper * unit),
            };
            self.add(cell.min((OCTAVES.end << FINEST) - 1), count);
        }
    }

    /// Writes the members `per_octave`, `first` and `counts`.
    pub(super) fn write(&self, out: &mut json::Object) {
        let last = self.first + self.counts.len().saturating_sub(1) as i32;
        let span = |shift: u32| ((last >> shift) - (self.first >> shift)) as usize + 1;
        let shift = (0..FINEST).find(|shift| span(*shift) <= MOST).unwrap_or(FINEST);
        let first = self.first >> shift;
        let mut counts = vec![0u64; if self.counts.is_empty() { 0 } else { span(shift) }];
        for (cell, count) in (self.first..).zip(&self.counts) {
            let coarse = &mut counts[((cell >> shift) - first) as usize];
            *coarse = coarse.saturating_add(*count);
        }
        out.integer("per_octave", 1 << (FINEST - shift));
        out.raw("first", first.to_string().as_bytes());
        out.raw("counts", &json::array(counts, |out, count| out.extend_from_slice(count.to_string().as_bytes())));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tykmetrics::Registry;

    fn upper(cell: i64, per_octave: i64) -> f64 {
        2f64.powi(cell.div_euclid(per_octave) as i32)
            * (1.0 + (cell.rem_euclid(per_octave) + 1) as f64 / per_octave as f64)
    }

    #[test]
    fn a_value_is_at_most_the_upper_end_of_its_cell_and_above_that_of_the_one_before() {
        for value in [1e-9, 2f64.powi(-20), 0.001, 0.0625, 0.25, 0.3, 1.0, 1.5, 1.75, 2.0, 900.0] {
            let cell = i64::from(cell_of(value));
            assert!(upper(cell - 1, 16) < value && value <= upper(cell, 16), "{value} in {cell}");
        }
        assert_eq!(cell_of(0.0), cell_of(-1.0));
        assert_eq!(cell_of(f64::MAX), (40 << 4) - 1);
    }

    #[test]
    fn the_cells_of_a_histogram_are_regrouped_exactly() {
        let registry = Registry::new();
        let seconds = registry.histogram("t_seconds", "").register().unwrap();
        let values: Vec<f64> = (0..5_000).map(|n| 0.000_2 * 1.002f64.powi(n)).collect();
        values.iter().for_each(|value| seconds.observe(*value));
        let snapshot = registry.snapshot();
        let series = snapshot.families[0].series().next().unwrap();
        let mut cells = Cells::default();
        cells.add_all(series.value().as_histogram().unwrap(), 1.0);

        let mut naive = Cells::default();
        for value in values.iter().filter(|value| **value <= 1e-6f64.max(histogram_end(series.value()))) {
            naive.add(cell_of(*value), 1);
        }
        for (cell, count) in (naive.first..).zip(&naive.counts) {
            assert_eq!(cells.counts.get((cell - cells.first) as usize), Some(count), "cell {cell}");
        }
        assert_eq!(cells.counts.iter().sum::<u64>(), 5_000);
    }

    fn histogram_end(value: &tykmetrics::snapshot::Value) -> f64 {
        value.as_histogram().and_then(|histogram| histogram.shape().range()).map_or(0.0, |(_, end)| end)
    }

    #[test]
    fn a_wide_row_is_written_with_fewer_cells_that_hold_the_same_counts() {
        let mut cells = Cells::default();
        (-200..600).for_each(|cell| cells.add(cell, 1));
        let mut out = json::Object::new();
        cells.write(&mut out);
        let written: serde_json::Value = serde_json::from_slice(&out.finish()).unwrap();
        assert_eq!(written["per_octave"], 2);
        assert_eq!(written["first"], -25);
        assert_eq!(written["counts"].as_array().unwrap().len(), 100);
        assert!(written["counts"].as_array().unwrap().iter().all(|count| count == 8));
    }
}
