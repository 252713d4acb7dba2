//! Histograms and summaries as OpenMetrics 2.0 has them: one line, with a composite value.
//!
//! Written after the text of version 2.0.0-rc0 (prometheus/docs, `open_metrics_spec_2_0.md`, March 2026): fields in the
//! order `count`, `sum`, then the native buckets, then the classic ones; the start timestamp behind the value; exemplars
//! last. Native bucket values are counts, where the snapshot has differences.

use super::{Lines, exemplar};
use crate::merge::distribution::{Distribution, Native};
use crate::merge::snapshot::{Quantiles, Row};
use crate::render::exposition::Histograms;
use crate::render::number;

impl Lines {
    /// Prints the line of a histogram; the label block of the row is in `self.labels`.
    pub(super) fn composite_histogram(&self, out: &mut Vec<u8>, row: &Row<'_>, histogram: &Distribution) {
        let native = match self.exposition.histograms {
            Histograms::Classic => None,
            Histograms::Native | Histograms::Both => {
                histogram.native(self.exposition.native_schema, self.exposition.native_buckets)
            }
        };
        self.open(out, "");
        count_and_sum(out, histogram.count(), histogram.sum());
        if let Some(native) = &native {
            native_buckets(out, native);
        }
        if native.is_none() || self.exposition.histograms == Histograms::Both {
            out.extend_from_slice(b",bucket:[");
            for (bound, cumulative) in histogram.cumulative() {
                number::canonical(out, bound);
                out.push(b':');
                number::integer(out, cumulative);
                out.push(b',');
            }
            out.extend_from_slice(b"+Inf:");
            number::integer(out, histogram.count());
            out.push(b']');
        }
        out.push(b'}');
        self.start_timestamp(out, row.created_ms);
        exemplar::all(out, row.exemplars, self.flavour, self.exposition.escaping);
        out.push(b'\n');
    }

    /// Prints the line of a summary; the label block of the row is in `self.labels`.
    pub(super) fn composite_summary(&self, out: &mut Vec<u8>, row: &Row<'_>, summary: &Quantiles) {
        self.open(out, "");
        count_and_sum(out, summary.count, summary.sum);
        out.extend_from_slice(b",quantile:[");
        let mut first = true;
        for &(quantile, value) in &summary.values {
            if value < 0.0 || !(0.0..=1.0).contains(&quantile) {
                continue;
            }
            out.extend_from_slice(if first { b"" } else { b"," });
            first = false;
            number::canonical(out, quantile);
            out.push(b':');
            number::value(out, value);
        }
        out.extend_from_slice(b"]}");
        self.start_timestamp(out, row.created_ms);
        out.push(b'\n');
    }

    /// Appends ` st@` and the moment the series began, if it is known.
    pub(super) fn start_timestamp(&self, out: &mut Vec<u8>, created_ms: u64) {
        if created_ms != 0 {
            out.extend_from_slice(b" st@");
            number::seconds(out, created_ms);
        }
    }
}

fn count_and_sum(out: &mut Vec<u8>, count: u64, sum: f64) {
    out.extend_from_slice(b"{count:");
    number::integer(out, count);
    out.extend_from_slice(b",sum:");
    number::value(out, sum);
}

fn native_buckets(out: &mut Vec<u8>, native: &Native) {
    out.extend_from_slice(b",schema:");
    number::signed(out, i64::from(native.schema));
    out.extend_from_slice(b",zero_threshold:");
    number::value(out, native.zero_threshold);
    out.extend_from_slice(b",zero_count:");
    number::integer(out, native.zero_count);
    if native.deltas.is_empty() {
        return;
    }
    out.extend_from_slice(b",positive_spans:[");
    let mut first = true;
    // A span without buckets has no place in the grammar; its gap belongs to the next one.
    let mut gap = 0;
    for &(offset, length) in &native.spans {
        gap += i64::from(offset);
        if length == 0 {
            continue;
        }
        out.extend_from_slice(if first { b"" } else { b"," });
        first = false;
        number::signed(out, gap);
        out.push(b':');
        number::integer(out, u64::from(length));
        gap = 0;
    }
    out.extend_from_slice(b"],positive_buckets:[");
    let mut count: i64 = 0;
    for (i, delta) in native.deltas.iter().enumerate() {
        out.extend_from_slice(if i > 0 { b"," } else { b"" });
        count = count.wrapping_add(*delta);
        number::signed(out, count);
    }
    out.push(b']');
}
