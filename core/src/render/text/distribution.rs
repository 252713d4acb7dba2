//! Histograms and summaries as one line per number: the classic format and OpenMetrics 1.0.
//!
//! Everything a series' bucket lines share is written once into a scratch buffer, and the text of a bound is made once
//! for a family, so a bucket costs two copies and an integer.

use super::{Flavour, Lines, exemplar};
use crate::merge::distribution::Distribution;
use crate::merge::snapshot::{Quantiles, Row};
use crate::render::exposition::Style;
use crate::render::{buffer, number};

/// The text of the bounds that were printed last, in order.
#[derive(Debug, Default)]
pub(super) struct Bounds {
    texts: Vec<(u64, Vec<u8>)>,
}

impl Bounds {
    /// The text of the bound at this place of its series; made anew if the last one here was another.
    fn text(&mut self, index: usize, bound: f64, spelling: (Flavour, Style)) -> &[u8] {
        if index >= self.texts.len() {
            self.texts.resize(index + 1, (f64::NAN.to_bits(), Vec::new()));
        }
        let (bits, text) = &mut self.texts[index];
        if *bits != bound.to_bits() || text.is_empty() {
            *bits = bound.to_bits();
            text.clear();
            spell(text, bound, spelling);
        }
        text
    }

    pub(super) fn clear(&mut self) {
        self.texts.clear();
    }
}

fn spell(out: &mut Vec<u8>, bound: f64, spelling: (Flavour, Style)) {
    match spelling {
        (_, Style::PromClient) => number::script(out, bound),
        (Flavour::Classic, _) => number::bound(out, bound),
        (Flavour::Open1 | Flavour::Open2, _) => number::canonical(out, bound),
    }
}

impl Lines {
    /// Prints `_bucket`, `_sum` and `_count`; the label block of the row is in `self.labels`.
    pub(super) fn histogram(&mut self, out: &mut Vec<u8>, row: &Row<'_>, histogram: &Distribution) {
        let mut start = std::mem::take(&mut self.start);
        start.clear();
        self.open_with(&mut start, "_bucket", "le");
        let close = self.close_with();
        let style = self.exposition.style;
        let spelling = (self.flavour, style);

        let count = histogram.count();
        let mut below = f64::NEG_INFINITY;
        let mut negative = false;
        for (index, (bound, cumulative)) in histogram.cumulative().enumerate() {
            negative |= bound < 0.0;
            let mut digits = itoa::Buffer::new();
            let digits = digits.format(cumulative).as_bytes();
            buffer::append(out, [&start, self.bounds.text(index, bound, spelling), &close, digits]);
            self.end_of_bucket(out, row, (below, bound));
            below = bound;
        }
        buffer::append(out, [&start, b"+Inf", &close]);
        number::integer(out, count);
        self.end_of_bucket(out, row, (below, f64::INFINITY));
        self.start = start;

        // OpenMetrics 1.0: the sum is a counter, so it is neither NaN nor negative nor there beside negative bounds, and
        // without a sum there is no count.
        let sum = histogram.sum();
        if self.flavour == Flavour::Classic || style == Style::PromClient || (sum >= 0.0 && !negative) {
            self.part(out, "_sum", |out| style.value(out, sum));
            self.part(out, "_count", |out| number::integer(out, count));
        }
    }

    fn end_of_bucket(&self, out: &mut Vec<u8>, row: &Row<'_>, range: (f64, f64)) {
        if !row.exemplars.is_empty() {
            exemplar::one(out, row.exemplars, range, self.flavour, self.exposition.escaping);
        }
        out.push(b'\n');
    }

    /// Prints the quantiles, `_sum` and `_count`; the label block of the row is in `self.labels`.
    pub(super) fn summary(&mut self, out: &mut Vec<u8>, summary: &Quantiles) {
        let classic = self.flavour == Flavour::Classic;
        let mut start = std::mem::take(&mut self.start);
        start.clear();
        self.open_with(&mut start, "", "quantile");
        let close = self.close_with();
        let style = self.exposition.style;
        for &(quantile, value) in &summary.values {
            // OpenMetrics 1.0 has no negative quantile values, and no quantiles that are not between 0 and 1.
            if !classic && (value < 0.0 || !(0.0..=1.0).contains(&quantile)) {
                continue;
            }
            out.extend_from_slice(&start);
            spell(out, quantile, (self.flavour, style));
            out.extend_from_slice(&close);
            // prom-client has no word for a quantile of nothing.
            let value = if style == Style::PromClient && value.is_nan() { 0.0 } else { value };
            style.value(out, value);
            out.push(b'\n');
        }
        self.start = start;
        if classic || summary.sum >= 0.0 {
            self.part(out, "_sum", |out| style.value(out, summary.sum));
        }
        self.part(out, "_count", |out| number::integer(out, summary.count));
    }
}
