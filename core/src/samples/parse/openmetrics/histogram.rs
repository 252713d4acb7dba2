//! What the samples of a histogram must come to: rising buckets up to `+Inf`, and a count that is the last bucket's.

use super::group::{label, sorted};
use crate::samples::parse::{Result, number, shown};
use crate::samples::{Labels, Sample, Timestamp};

/// One histogram: the samples that have the same labels but for `le`, and the same moment.
#[derive(Default)]
struct Metric<'a> {
    labels: Labels<'a>,
    timestamp: Option<Timestamp>,
    /// The bound and the count of the last bucket.
    bucket: Option<(f64, f64)>,
    count: Option<f64>,
    has_sum: bool,
    has_gsum: bool,
    negative_gsum: bool,
    negative_buckets: bool,
}

impl Metric<'_> {
    fn close(&self, family: &str) -> Result<()> {
        let refuse = |why: &str| Err(format!("found the histogram {} ended: {why}", shown(family)));
        let Some((_, last)) = self.bucket.filter(|(bound, _)| *bound == f64::INFINITY) else {
            return refuse("it must have a bucket with le=\"+Inf\"");
        };
        match self.count {
            Some(count) if count != last => refuse("its count must be that of the bucket +Inf"),
            None if self.has_sum || self.has_gsum => refuse("with a sum it must have a count"),
            Some(_) if !(self.has_sum || self.has_gsum) => refuse("with a count it must have a sum"),
            _ if self.negative_buckets && self.has_sum => refuse("with negative buckets it has no sum"),
            _ if !self.negative_buckets && self.negative_gsum => {
                refuse("without negative buckets its sum is not negative")
            }
            _ => Ok(()),
        }
    }
}

pub(super) fn check(samples: &[Sample<'_>], family: &str) -> Result<()> {
    let mut open: Option<Metric<'_>> = None;
    // A native histogram is whole by itself.
    for sample in samples.iter().filter(|sample| sample.native_histogram.is_none()) {
        let suffix = sample.name.strip_prefix(family).unwrap_or("");
        let labels = sorted(sample, (suffix == "_bucket").then_some("le"));
        let same = |metric: &Metric<'_>| metric.labels == labels && metric.timestamp == sample.timestamp;
        if !open.as_ref().is_some_and(same) {
            if let Some(metric) = &open {
                metric.close(family)?;
            }
            open = Some(Metric { labels, timestamp: sample.timestamp, ..Metric::default() });
        }
        let Some(metric) = &mut open else { continue };
        match suffix {
            "_bucket" => {
                let bound = label(sample, "le").and_then(number::label_float).unwrap_or(f64::NAN);
                metric.negative_buckets |= bound < 0.0;
                if let Some((below, count)) = metric.bucket {
                    if bound <= below {
                        return Err(format!("found {} with bounds that do not rise", shown(&sample.name)));
                    }
                    if sample.value < count {
                        return Err(format!(
                            "found {} with counts that fall: buckets are cumulative",
                            shown(&sample.name)
                        ));
                    }
                }
                metric.bucket = Some((bound, sample.value));
            }
            "_count" | "_gcount" => metric.count = Some(sample.value),
            "_sum" => metric.has_sum = true,
            "_gsum" => {
                metric.has_gsum = true;
                metric.negative_gsum |= sample.value < 0.0;
            }
            _ => {}
        }
    }
    open.map_or(Ok(()), |metric| metric.close(family))
}
