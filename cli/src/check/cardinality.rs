//! How many series a family has, and which label makes it grow.

use crate::read::{inner_label, sorted};
use std::collections::hash_map::DefaultHasher;
use std::collections::{HashMap, HashSet};
use std::hash::{Hash, Hasher};
use tykmetrics::samples::Family;

/// The size of a family.
#[derive(Debug)]
pub(super) struct Cardinality {
    pub(super) name: String,
    /// Its series; a histogram is one, however many buckets it has.
    pub(super) series: usize,
    /// What a Prometheus server would store.
    pub(super) samples: usize,
    pub(super) grows: Option<Growth>,
}

/// The label that makes a family grow: without it, there would be the fewest series.
#[derive(Debug)]
pub(super) struct Growth {
    pub(super) label: String,
    pub(super) values: usize,
    pub(super) without: usize,
}

fn hash(value: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// How many labels are tried as the one that makes a family grow; those with most values come first.
const TRIED: usize = 5;

pub(super) fn count(family: &Family<'_>) -> Cardinality {
    // Hashes stand for label sets: with 64 bits, a family of a million has one pair of equal ones in 37 million cases.
    let mut series = HashSet::new();
    let mut sets: Vec<Vec<(&str, u64)>> = Vec::new();
    let mut values: HashMap<&str, HashSet<u64>> = HashMap::new();
    for sample in &family.samples {
        let labels = sorted(sample, inner_label(family, &sample.name));
        if series.insert(hash(&labels)) {
            let hashed: Vec<(&str, u64)> = labels.into_iter().map(|(name, value)| (name, hash(value))).collect();
            for (name, value) in &hashed {
                values.entry(name).or_default().insert(*value);
            }
            sets.push(hashed);
        }
    }
    let mut labels: Vec<(&str, usize)> = values.iter().map(|(name, values)| (*name, values.len())).collect();
    labels.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(other.0)));
    let tried = labels.iter().take(TRIED).filter(|(_, values)| *values > 1).map(|(label, values)| {
        let others = |set: &Vec<(&str, u64)>| hash(set.iter().filter(|(name, _)| name != label).collect::<Vec<_>>());
        let without = sets.iter().map(others).collect::<HashSet<_>>().len();
        Growth { label: (*label).to_owned(), values: *values, without }
    });
    let grows = tried.min_by_key(|growth| growth.without);
    Cardinality { name: family.name.to_string(), series: series.len(), samples: family.samples.len(), grows }
}
