//! The rules for the samples of a family: what each kind of sample must have, and that those of a metric stand together,
//! in the order of time.

use crate::samples::parse::{Result, number, shown};
use crate::samples::{Kind, Sample, Timestamp};
use std::borrow::Cow;
use std::collections::HashSet;

/// Labels in the order of their names, so that equal sets are equal.
type Sorted<'a> = Vec<(Cow<'a, str>, Cow<'a, str>)>;

/// What was seen of a family's metrics.
#[derive(Debug, Default)]
pub(super) struct Groups<'a> {
    /// The labels of the metric that the last sample belongs to.
    last: Option<Sorted<'a>>,
    /// When that sample was taken.
    at: Option<Timestamp>,
    seen: HashSet<Sorted<'a>>,
    /// The samples of the last metric, by name and labels.
    samples: HashSet<(Cow<'a, str>, Sorted<'a>)>,
}

/// The label that tells the samples of one metric apart, for a sample of this name.
pub(super) fn inner_label<'n>(kind: Kind, family: &'n str, sample: &str) -> Option<&'n str> {
    match (kind, sample.strip_prefix(family)) {
        (Kind::Summary, Some("")) => Some("quantile"),
        (Kind::StateSet, _) => Some(family),
        (Kind::Histogram | Kind::GaugeHistogram, Some("_bucket")) => Some("le"),
        _ => None,
    }
}

/// The labels but `inner`, by name.
pub(super) fn sorted<'a>(sample: &Sample<'a>, inner: Option<&str>) -> Sorted<'a> {
    let mut sorted: Sorted<'a> = sample.labels.iter().filter(|(name, _)| Some(&**name) != inner).cloned().collect();
    sorted.sort_unstable();
    sorted
}

pub(super) fn label<'s>(sample: &'s Sample<'_>, name: &str) -> Option<&'s str> {
    sample.labels.iter().find(|(known, _)| known == name).map(|(_, value)| &**value)
}

/// The number in a label, if it is one and spelled as it must be: infinity only as `+Inf`.
fn canonical(text: &str) -> Option<f64> {
    number::label_float(text).filter(|number| *number != f64::INFINITY || text == "+Inf")
}

impl<'a> Groups<'a> {
    /// Checks a sample by itself. `integer`: whether its value was written as one.
    pub(super) fn check(&self, family: &str, kind: Kind, sample: &Sample<'a>, integer: bool) -> Result<()> {
        let value = sample.value;
        let suffix = sample.name.strip_prefix(family).unwrap_or("");
        let refuse = |why: &str| Err(format!("found {}: {why}", shown(&sample.name)));
        match (kind, suffix) {
            (Kind::StateSet, _) if label(sample, family).is_none() => {
                return refuse("each sample of a stateset has the label of the set's own name");
            }
            (Kind::StateSet, _) if value != 0.0 && value != 1.0 => return refuse("a state is 0 or 1"),
            (Kind::Info, _) if value != 1.0 => return refuse("the value of an info is 1"),
            (Kind::Summary, "") => {
                let quantile = label(sample, "quantile").and_then(canonical);
                if !quantile.is_some_and(|quantile| (0.0..=1.0).contains(&quantile)) {
                    return refuse("its label quantile must be a number from 0 to 1");
                }
                if value < 0.0 {
                    return refuse("the value of a quantile is not negative");
                }
            }
            (_, "_bucket") => {
                let le = label(sample, "le").filter(|le| *le != "NaN");
                if le.and_then(canonical).is_none() {
                    return refuse("its label le must be a number, or +Inf");
                }
            }
            _ => {}
        }
        let whole = integer || value.fract() == 0.0;
        if matches!(suffix, "_bucket" | "_count" | "_gcount") && !whole {
            return refuse("the count of a bucket, a histogram or a summary is an integer");
        }
        let counts = matches!(suffix, "_total" | "_sum" | "_count" | "_bucket" | "_gcount");
        if (counts || suffix == "_gsum") && value.is_nan() {
            return refuse("its value is not NaN");
        }
        if counts && value < 0.0 {
            return refuse("its value is not negative");
        }
        let may_have_exemplar = match kind {
            Kind::Histogram | Kind::GaugeHistogram => suffix == "_bucket",
            Kind::Counter => suffix == "_total",
            _ => false,
        };
        if sample.exemplar.is_some() && !may_have_exemplar {
            return refuse("only buckets and the _total of counters have exemplars");
        }
        Ok(())
    }

    /// Checks where a sample stands. False for one that was there already, at the same moment: times may be truncated.
    pub(super) fn is_new(&mut self, family: &str, kind: Kind, sample: &Sample<'a>) -> Result<bool> {
        let group = match kind {
            // The labels of an info are its value.
            Kind::Info => Vec::new(),
            _ => sorted(sample, inner_label(kind, family, &sample.name)),
        };
        let refuse = |why: &str| Err(format!("found {}: {why}", shown(&sample.name)));
        match &self.last {
            Some(last) if *last == group => match (self.at, sample.timestamp) {
                (None, None) => {}
                (Some(before), Some(now)) if kind == Kind::Info || !before.is_after(now) => {}
                (Some(_), Some(_)) => return refuse("its timestamp is before that of the sample above"),
                _ => return refuse("either all samples of a metric have a timestamp or none"),
            },
            _ => {
                if self.last.is_some() && self.seen.contains(&group) {
                    return refuse("the samples of a metric stand together, and other labels came between");
                }
                self.samples.clear();
            }
        }
        let series = (sample.name.clone(), sorted(sample, None));
        let known = !self.samples.insert(series);
        let new = !known || sample.timestamp != self.at;
        if self.last.as_ref() != Some(&group) {
            self.seen.insert(group.clone());
            self.last = Some(group);
        }
        self.at = sample.timestamp;
        Ok(new)
    }
}
