//! Series made, recorded to, removed and made again, by any label values: the registry against a map.
#![no_main]

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use std::collections::HashMap;
use tykmetrics::{Counter, Registry};

#[derive(Arbitrary, Debug)]
enum Step {
    Add { labels: (String, String), n: u16 },
    Bind { labels: (String, String) },
    AddToBound { which: u8, n: u16 },
    Drop { which: u8 },
    Remove { labels: (String, String) },
    Clear,
    Scrape,
}

/// A handle, and the round of its label set in which it was made: after a removal it counts for nothing.
struct Bound {
    counter: Counter,
    labels: (String, String),
    round: u32,
}

fuzz_target!(|steps: Vec<Step>| {
    let registry = Registry::new();
    let family = registry.counter("steps_total", "").label_names(["a", "b"]).register().expect("a plain name");
    let mut model: HashMap<(String, String), u64> = HashMap::new();
    let mut rounds: HashMap<(String, String), u32> = HashMap::new();
    let mut bound: Vec<Bound> = Vec::new();
    for step in &steps {
        match step {
            Step::Add { labels, n } => {
                family.add(&[&labels.0, &labels.1], u64::from(*n)).expect("two values");
                *model.entry(labels.clone()).or_default() += u64::from(*n);
            }
            Step::Bind { labels } => {
                let counter = family.with(&[&labels.0, &labels.1]).expect("two values");
                model.entry(labels.clone()).or_default();
                let round = rounds.get(labels).copied().unwrap_or(0);
                bound.push(Bound { counter, labels: labels.clone(), round });
            }
            Step::AddToBound { which, n } => {
                let Some(bound) = bound.get(usize::from(*which)) else { continue };
                bound.counter.add(u64::from(*n));
                if bound.round == rounds.get(&bound.labels).copied().unwrap_or(0) {
                    *model.get_mut(&bound.labels).expect("a bound series") += u64::from(*n);
                }
            }
            Step::Drop { which } => {
                if usize::from(*which) < bound.len() {
                    bound.swap_remove(usize::from(*which));
                }
            }
            Step::Remove { labels } => {
                let found = family.remove(&[&labels.0, &labels.1]).expect("two values");
                assert_eq!(found, model.remove(labels).is_some(), "{labels:?}");
                *rounds.entry(labels.clone()).or_default() += 1;
            }
            Step::Clear => {
                family.clear();
                model.drain().for_each(|(labels, _)| *rounds.entry(labels).or_default() += 1);
            }
            Step::Scrape => compare(&registry, &model),
        }
    }
    compare(&registry, &model);
    assert_eq!(family.len(), model.len());
});

fn compare(registry: &Registry, model: &HashMap<(String, String), u64>) {
    let snapshot = registry.snapshot();
    let family = snapshot.family("steps_total").expect("the family");
    let mut seen = 0;
    for series in family.series() {
        let labels: Vec<&str> = series.labels().map(|(_, value)| value).collect();
        let [a, b] = labels[..] else { panic!("{labels:?}") };
        let expected = model.get(&(a.to_owned(), b.to_owned())).copied();
        assert_eq!(series.value().as_f64(), expected.map(|n| n as f64), "{labels:?}");
        seen += 1;
    }
    assert_eq!(seen, model.len());
}
