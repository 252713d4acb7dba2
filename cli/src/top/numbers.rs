//! From two scrapes to numbers: what came per second, which part of it were errors, and how long it took.

use super::buckets::{self, Bound, Bucket};
use crate::read::{Document, inner_label, label, sorted};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::time::Instant;
use tykmetrics::samples::{Family, Kind, Sample};
use tykmetrics_server::page::roles;

/// What one scrape came to.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    pub(super) requests: Vec<Request>,
    pub(super) families: Vec<Size>,
    pub(super) values: Vec<Shown>,
    /// Whether there was a scrape before it.
    pub(super) rates: bool,
    /// Of all counters of requests that tell a status: what comes per second, and which part are errors.
    pub(super) rate: f64,
    pub(super) errors: Option<f64>,
    pub(super) samples: usize,
}

/// One family and one endpoint: what happens there.
#[derive(Debug, Clone, Default)]
pub(super) struct Request {
    pub(super) family: String,
    pub(super) endpoint: String,
    pub(super) rate: f64,
    /// The part that are errors, where a label tells.
    pub(super) errors: Option<f64>,
    /// p50, p90, p99.
    pub(super) quantiles: [Option<f64>; 3],
    pub(super) seconds: bool,
    pub(super) total: f64,
}

/// How many series a family has.
#[derive(Debug, Clone)]
pub(super) struct Size {
    pub(super) family: String,
    pub(super) kind: &'static str,
    pub(super) series: usize,
    pub(super) samples: usize,
    pub(super) grows: Option<(String, usize)>,
}

/// A value that stands for itself.
#[derive(Debug, Clone)]
pub(super) struct Shown {
    pub(super) name: String,
    pub(super) value: f64,
    /// By how much it changed since the last scrape.
    pub(super) change: Option<f64>,
}

/// What is kept of a scrape for the next: cumulative values by a hash of their series.
#[derive(Debug, Default)]
pub(super) struct Past {
    values: HashMap<u64, f64>,
    at: Option<Instant>,
    hasher: RandomState,
}

const QUANTILES: [f64; 3] = [0.5, 0.9, 0.99];

/// Values that are shown by themselves; more would not be read.
const MOST_VALUES: usize = 10_000;

/// Works out a scrape, and keeps what the next one needs.
pub(super) fn of(document: &Document<'_>, past: &mut Past, at: Instant) -> Numbers {
    let seconds =
        past.at.map(|before| at.saturating_duration_since(before).as_secs_f64()).filter(|seconds| *seconds > 0.0);
    let mut now = Now { past, values: HashMap::new(), seconds };
    let mut numbers = Numbers { rates: seconds.is_some(), ..Numbers::default() };
    let (mut ended, mut failed) = (0.0, None);
    for family in &document.families {
        numbers.samples += family.samples.len();
        numbers.families.push(size(family));
        match family.kind {
            Kind::Histogram | Kind::Summary | Kind::Counter if is_of_requests(family) => {
                let counts = family.kind == Kind::Counter && has_request_in_name(family);
                for group in groups(family, &mut now) {
                    if counts && let Some(part) = group.errors {
                        ended += group.rate;
                        *failed.get_or_insert(0.0) += part * group.rate;
                    }
                    numbers.requests.push(group);
                }
            }
            _ => {
                let left = MOST_VALUES.saturating_sub(numbers.values.len());
                for sample in family.samples.iter().filter(|sample| sample.native_histogram.is_none()).take(left) {
                    let (value, change) = (sample.value, now.change(sample));
                    numbers.values.push(Shown { name: series_name(sample), value, change });
                }
            }
        }
    }
    numbers.rate = ended;
    numbers.errors = failed.map(|failed: f64| if ended > 0.0 { failed / ended } else { 0.0 });
    let values = now.values;
    past.values = values;
    past.at = Some(at);
    numbers
}

/// The values of this scrape beside those of the last.
struct Now<'p> {
    past: &'p Past,
    values: HashMap<u64, f64>,
    seconds: Option<f64>,
}

impl Now<'_> {
    fn key(&self, sample: &Sample<'_>, part: i64) -> u64 {
        self.past.hasher.hash_one((&*sample.name, sorted(sample, None), part))
    }

    /// By how much a value that only goes up went up. One that fell began again, so all of it is new.
    fn rise(&mut self, key: u64, value: f64) -> f64 {
        self.values.insert(key, value);
        match self.past.values.get(&key) {
            Some(before) if *before <= value => value - before,
            Some(_) => value,
            // A series that was not there begins with its first record; before the first scrape, nothing is known.
            None if self.seconds.is_some() => value,
            None => 0.0,
        }
    }

    fn change(&mut self, sample: &Sample<'_>) -> Option<f64> {
        let key = self.key(sample, 0);
        self.values.insert(key, sample.value);
        self.past.values.get(&key).map(|before| sample.value - before)
    }
}

fn size(family: &Family<'_>) -> Size {
    let mut sets = HashSet::new();
    let mut values: HashMap<&str, HashSet<&str>> = HashMap::new();
    let hasher = RandomState::new();
    for sample in &family.samples {
        let labels = sorted(sample, inner_label(family, &sample.name));
        if sets.insert(hasher.hash_one(&labels)) {
            for (name, value) in labels {
                values.entry(name).or_default().insert(value);
            }
        }
    }
    let grows = values.into_iter().map(|(name, values)| (name, values.len())).filter(|(_, count)| *count > 1);
    let grows = grows.max_by(|one, other| one.1.cmp(&other.1).then_with(|| other.0.cmp(one.0)));
    Size {
        family: family.name.to_string(),
        kind: family.kind.as_str(),
        series: sets.len(),
        samples: family.samples.len(),
        grows: grows.map(|(name, count)| (name.to_owned(), count)),
    }
}

fn series_name(sample: &Sample<'_>) -> String {
    let labels: Vec<String> = sample.labels.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
    match labels.is_empty() {
        true => sample.name.to_string(),
        false => format!("{}{{{}}}", sample.name, labels.join(",")),
    }
}

/// Names of a family's labels, without those that belong to its kind.
fn label_names<'a>(family: &'a Family<'_>) -> Vec<&'a str> {
    let mut names: Vec<&str> = Vec::new();
    for sample in &family.samples {
        let inner = inner_label(family, &sample.name);
        for (name, _) in &sample.labels {
            if Some(&**name) != inner && !names.contains(&&**name) {
                names.push(name);
            }
        }
    }
    names
}

fn has_request_in_name(family: &Family<'_>) -> bool {
    ["request", "handled", "calls", "responses"].iter().any(|word| family.name.contains(word))
}

/// Whether a family tells of things that happen and end: other counters (bytes, seconds) are values of their own.
fn is_of_requests(family: &Family<'_>) -> bool {
    family.kind != Kind::Counter || has_request_in_name(family) || roles::status_label(&label_names(family)).is_some()
}

/// What is gathered of a group before it is a request.
#[derive(Default)]
struct Group {
    count: f64,
    total: f64,
    failed: Option<f64>,
    cumulative: BTreeMap<Bound, f64>,
    native: Vec<Bucket>,
    told: [Option<f64>; 3],
}

fn groups(family: &Family<'_>, now: &mut Now<'_>) -> Vec<Request> {
    let names = label_names(family);
    let by = roles::endpoint_label(&names).map(|at| names[at]);
    let ended = roles::status_label(&names).map(|at| names[at]);
    let mut order: Vec<String> = Vec::new();
    let mut groups: HashMap<String, Group> = HashMap::new();
    for sample in &family.samples {
        let endpoint = by.and_then(|by| label(&sample.labels, by)).unwrap_or_default();
        if !groups.contains_key(endpoint) {
            order.push(endpoint.to_owned());
        }
        add(groups.entry(endpoint.to_owned()).or_default(), family, (sample, ended), now);
    }
    let seconds = family.unit == "seconds" || family.name.contains("seconds");
    order.sort_unstable();
    let request = |endpoint: String| {
        let group = groups.remove(&endpoint)?;
        // The native one tells more where there are both.
        let mut buckets = if group.native.is_empty() { buckets::classic(&group.cumulative) } else { group.native };
        buckets.sort_by(|one, other| one.high.total_cmp(&other.high));
        let mut quantiles = QUANTILES.map(|q| buckets::quantile(&buckets, q));
        for (quantile, told) in quantiles.iter_mut().zip(group.told) {
            *quantile = quantile.or(told);
        }
        Some(Request {
            family: family.name.to_string(),
            endpoint,
            rate: now.seconds.map_or(0.0, |seconds| group.count / seconds),
            errors: group.failed.map(|failed| if group.count > 0.0 { failed / group.count } else { 0.0 }),
            quantiles,
            seconds,
            total: group.total,
        })
    };
    order.into_iter().filter_map(request).collect()
}

/// Adds a sample to its group; `ended` is the label that says how a request ended.
fn add(group: &mut Group, family: &Family<'_>, (sample, ended): (&Sample<'_>, Option<&str>), now: &mut Now<'_>) {
    if let Some(histogram) = &sample.native_histogram {
        for (number, bucket) in buckets::native(histogram) {
            let count = now.rise(now.key(sample, number), bucket.count);
            group.native.push(Bucket { count, ..bucket });
        }
    }
    let suffix = sample.name.strip_prefix(&*family.name).unwrap_or_default();
    match (family.kind, suffix) {
        (Kind::Counter, "" | "_total") => {
            let rise = now.rise(now.key(sample, 0), sample.value);
            group.count += rise;
            group.total += sample.value;
            if let Some((ended, status)) = ended.and_then(|ended| Some((ended, label(&sample.labels, ended)?))) {
                *group.failed.get_or_insert(0.0) += if roles::is_error(ended, status) { rise } else { 0.0 };
            }
        }
        (Kind::Histogram, "_bucket") => {
            let rise = now.rise(now.key(sample, 0), sample.value);
            if let Some(bound) = label(&sample.labels, "le").and_then(|le| le.parse().ok()) {
                *group.cumulative.entry(Bound(bound)).or_default() += rise;
            }
        }
        (Kind::Histogram | Kind::Summary, "_count") => {
            group.count += now.rise(now.key(sample, 0), sample.value);
            group.total += sample.value;
        }
        (Kind::Summary, "") => {
            let quantile = label(&sample.labels, "quantile").and_then(|text| text.parse().ok());
            if let Some(at) = QUANTILES.iter().position(|known| Some(*known) == quantile) {
                // Quantiles of several series cannot be put together; the worst is shown.
                let worst = group.told[at].map_or(sample.value, |before| before.max(sample.value));
                group.told[at] = Some(worst).filter(|value| !value.is_nan());
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::{Format, read};
    use std::time::Duration;

    fn scrape(text: &str, past: &mut Past, at: Instant) -> Numbers {
        of(&read(text.as_bytes(), Format::Text).unwrap(), past, at)
    }

    #[test]
    fn rates_and_errors_are_those_between_two_scrapes() {
        let (mut past, start) = (Past::default(), Instant::now());
        let text = |good, bad| {
            format!(
                "# TYPE requests_total counter\nrequests_total{{route=\"/x\",code=\"200\"}} {good}\nrequests_total{{route=\"/x\",code=\"503\"}} {bad}\n"
            )
        };
        let first = scrape(&text(100, 5), &mut past, start);
        assert_eq!((first.rates, first.requests[0].rate, first.requests[0].total), (false, 0.0, 105.0));
        let second = scrape(&text(118, 7), &mut past, start + Duration::from_secs(2));
        let request = &second.requests[0];
        assert_eq!((request.endpoint.as_str(), request.rate, request.errors), ("/x", 10.0, Some(0.1)));
        assert_eq!((second.rate, second.errors), (10.0, Some(0.1)));
        // A counter of something else does not count.
        let other = scrape("# TYPE b_bytes_total counter\nb_bytes_total 7\n", &mut Past::default(), start);
        assert_eq!((other.requests.len(), other.values[0].value), (0, 7.0));
        // A server that began again.
        let third = scrape(&text(4, 0), &mut past, start + Duration::from_secs(4));
        assert_eq!((third.requests[0].rate, third.requests[0].errors), (2.0, Some(0.0)));
    }

    #[test]
    fn what_the_help_calls_an_error_is_counted_as_one() {
        assert!(
            crate::args::TOP
                .contains("an error is a status of 4xx or 5xx, a gRPC\ncode that is not OK, or a word that says so")
        );
        let errors = |label: &str, outcome: &str| {
            let (mut past, start) = (Past::default(), Instant::now());
            let text = |all| format!("# TYPE requests_total counter\nrequests_total{{{label}=\"{outcome}\"}} {all}\n");
            scrape(&text(1), &mut past, start);
            scrape(&text(2), &mut past, start + Duration::from_secs(1)).errors
        };
        for (label, failed) in
            [("code", "404"), ("code", "503"), ("status", "4xx"), ("grpc_code", "Internal"), ("outcome", "error")]
        {
            assert_eq!(errors(label, failed), Some(1.0), "{label} {failed}");
        }
        for (label, good) in [("code", "302"), ("status", "2xx"), ("grpc_code", "OK"), ("outcome", "success")] {
            assert_eq!(errors(label, good), Some(0.0), "{label} {good}");
        }
    }

    #[test]
    fn latencies_are_those_between_two_scrapes() {
        let (mut past, start) = (Past::default(), Instant::now());
        let text = |low, high| {
            format!(
                "# TYPE a_seconds histogram\na_seconds_bucket{{le=\"1\"}} {low}\na_seconds_bucket{{le=\"2\"}} {high}\na_seconds_bucket{{le=\"+Inf\"}} {high}\na_seconds_sum 1\na_seconds_count {high}\n"
            )
        };
        assert_eq!(scrape(&text(100, 100), &mut past, start).requests[0].quantiles, [None; 3]);
        let second = scrape(&text(100, 110), &mut past, start + Duration::from_secs(1));
        assert_eq!(second.requests[0].quantiles[0], Some(1.5));
        assert_eq!((second.requests[0].rate, second.requests[0].seconds), (10.0, true));
        // Nothing came, so nothing is known.
        let third = scrape(&text(100, 110), &mut past, start + Duration::from_secs(2));
        assert_eq!(third.requests[0].quantiles, [None; 3]);
    }

    #[test]
    fn families_are_counted_and_values_change() {
        let (mut past, start) = (Past::default(), Instant::now());
        scrape("# TYPE g gauge\ng{a=\"1\"} 1\ng{a=\"2\"} 2\n", &mut past, start);
        let numbers = scrape("# TYPE g gauge\ng{a=\"1\"} 4\ng{a=\"2\"} 2\n", &mut past, start + Duration::from_secs(1));
        assert_eq!((numbers.families[0].series, numbers.families[0].grows.clone()), (2, Some(("a".to_owned(), 2))));
        assert_eq!((numbers.values[0].name.as_str(), numbers.values[0].change), ("g{a=\"1\"}", Some(3.0)));
    }
}
