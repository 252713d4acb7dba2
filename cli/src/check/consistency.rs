//! What a valid exposition keeps beyond its grammar: no series twice, and histograms that add up.

use super::rules::Found;
use crate::read::{inner_label, label, shown, sorted};
use std::collections::{HashMap, HashSet};
use tykmetrics::samples::{Family, Kind, Sample};

pub(super) fn check(found: &mut Found<'_, '_>) {
    duplicates(found);
    if matches!(found.current().kind, Kind::Histogram | Kind::GaugeHistogram) {
        histograms(found);
    }
}

fn duplicates(found: &mut Found<'_, '_>) {
    let family = found.current();
    let mut seen = HashSet::with_capacity(family.samples.len());
    for sample in &family.samples {
        // At another moment, and as a native histogram beside a classic one, it is another sample.
        let moment = sample.timestamp.map(|moment| moment.seconds().to_bits());
        let key = (&*sample.name, sorted(sample, None), moment, sample.native_histogram.is_some());
        if !seen.insert(key) {
            let message = format!("{} is told twice with the same labels", shown(&sample.name));
            let fix = "a series is told once: merge the two, or tell them apart by a label";
            found.error("duplicate-series", Some(sample), message, fix);
        }
    }
}

/// One histogram of a family.
#[derive(Default)]
struct One<'d, 'a> {
    first: Option<&'d Sample<'a>>,
    buckets: Vec<(f64, &'d Sample<'a>)>,
    sum: bool,
    count: Option<&'d Sample<'a>>,
}

fn histograms<'d>(found: &mut Found<'d, '_>) {
    let family: &'d Family<'_> = found.current();
    let mut order = Vec::new();
    let mut all: HashMap<_, One<'_, '_>> = HashMap::new();
    for sample in family.samples.iter().filter(|sample| sample.native_histogram.is_none()) {
        let moment = sample.timestamp.map(|moment| moment.seconds().to_bits());
        let key = (sorted(sample, inner_label(family, &sample.name)), moment);
        let one = all.entry(key.clone()).or_insert_with(|| {
            order.push(key);
            One::default()
        });
        one.first.get_or_insert(sample);
        match sample.name.strip_prefix(&*family.name) {
            Some("_bucket") => match label(&sample.labels, "le").and_then(|le| le.parse().ok()) {
                Some(bound) => one.buckets.push((bound, sample)),
                None => {
                    let message = format!("{} has no label le with a number", shown(&sample.name));
                    found.error("histogram-bound", Some(sample), message, "each bucket has its upper bound in le");
                }
            },
            Some("_sum" | "_gsum") => one.sum = true,
            Some("_count" | "_gcount") => one.count = Some(sample),
            _ => {}
        }
    }
    for key in order {
        if let Some(mut one) = all.remove(&key) {
            histogram(found, &mut one);
        }
    }
}

fn histogram(found: &mut Found<'_, '_>, one: &mut One<'_, '_>) {
    let name = shown(&found.current().name);
    let Some(first) = one.first else { return };
    if one.buckets.is_empty() {
        // OpenMetrics' and protobuf's have them by then; a text of `_count` and `_sum` alone is a summary's.
        let message = format!("the histogram {name} has no buckets");
        found.error("histogram-inf", Some(first), message, "it has at least the bucket le=\"+Inf\"");
        return;
    }
    one.buckets.sort_by(|(one, _), (other, _)| one.total_cmp(other));
    for pair in one.buckets.windows(2) {
        let [(below, low), (bound, high)] = pair else { continue };
        if below == bound {
            let message = format!("the histogram {name} has the bound {} twice", spelled(*bound));
            found.error("histogram-bound", Some(high), message, "a bound is told once, however it is spelled");
        } else if low.value > high.value {
            let message = format!(
                "the histogram {name} counts {} up to {} and only {} up to {}",
                low.value,
                spelled(*below),
                high.value,
                spelled(*bound)
            );
            found.error(
                "histogram-falls",
                Some(high),
                message,
                "buckets are cumulative: each counts those below it, too",
            );
        }
    }
    let last = one.buckets.last().filter(|(bound, _)| *bound == f64::INFINITY);
    match (last, one.count) {
        (None, _) => {
            let message = format!("the histogram {name} has no bucket le=\"+Inf\"");
            found.error("histogram-inf", Some(first), message, "it comes last and counts everything, as _count does");
        }
        (Some((_, all)), Some(count)) if all.value != count.value => {
            let message = format!("the histogram {name} has the count {} and {} in +Inf", count.value, all.value);
            found.error("histogram-count", Some(count), message, "both count everything: read them at one moment");
        }
        _ => {}
    }
    if one.count.is_none() || !one.sum {
        let message = format!("the histogram {name} has no {}", if one.sum { "count" } else { "sum" });
        found.warn("histogram-sum", Some(first), message, "give _sum and _count: averages need them");
    }
}

/// A bound as labels spell it.
fn spelled(bound: f64) -> String {
    if bound == f64::INFINITY { "+Inf".to_owned() } else { bound.to_string() }
}
