//! What the engine knows of itself: series, overflow, invalid records, shards, scrapes.

use super::Collector;
use crate::merge::snapshot::{Family, Kind, Meta, Snapshot, Value};
use crate::registry::{Inner, Registry};
use crate::shard::Owner;
use crate::sync::Ordering::Relaxed;
use std::sync::{Arc, Weak};

/// Shows a registry's own numbers as metrics, all beginning with `tykmetrics_`.
///
/// ```
/// use tykmetrics::{EngineCollector, Registry};
///
/// let registry = Registry::new();
/// registry.register_collector(EngineCollector::new(&registry));
/// assert!(registry.snapshot().family("tykmetrics_series").is_some());
/// ```
#[derive(Debug)]
pub struct EngineCollector {
    /// Weak, since the registry holds its collectors.
    registry: Weak<Inner>,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inner").finish_non_exhaustive()
    }
}

fn family(name: &str, help: &str, kind: Kind, label: Option<&str>) -> Family {
    let label_names = label.map(str::to_owned).into_iter().collect();
    Family::new(Meta { name: name.into(), help: help.into(), kind, label_names, ..Meta::default() })
}

fn count(whole: u64) -> Value {
    Value::Counter { whole, part: 0.0 }
}

impl EngineCollector {
    /// Of `registry`, which it does not keep alive.
    pub fn new(registry: &Registry) -> EngineCollector {
        EngineCollector { registry: Arc::downgrade(&registry.inner) }
    }
}

impl Collector for EngineCollector {
    fn collect(&self, into: &mut Snapshot) {
        let Some(inner) = self.registry.upgrade() else { return };
        let registry = Registry { inner };
        let inner = &registry.inner;
        let families = registry.families();

        let mut series = family("tykmetrics_series", "Series of each family.", Kind::Gauge, Some("family"));
        let mut overflow = family(
            "tykmetrics_overflow_total",
            "Lookups of label sets beyond a limit, answered with the overflow series.",
            Kind::Counter,
            Some("family"),
        );
        let mut invalid = family(
            "tykmetrics_invalid_records_total",
            "Records that were not counted: negative adds, values that are not finite.",
            Kind::Counter,
            Some("family"),
        );
        for core in families.iter() {
            let name = core.meta.name.as_str();
            // Relaxed: counts that are only shown.
            series.push(&[name], Value::Gauge(f64::from(core.live.load(Relaxed))));
            // What cannot happen to a family is not shown for it.
            if !core.meta.label_names.is_empty() {
                overflow.push(&[name], count(core.overflowed.load(Relaxed)));
            }
            if matches!(core.meta.kind, Kind::Counter | Kind::Histogram | Kind::Summary) {
                invalid.push(&[name], count(core.invalid.load(Relaxed)));
            }
        }

        #[cfg(feature = "hygiene")]
        if let Some(counts) = registry.guard().counts() {
            let mut redacted = family(
                "tykmetrics_label_values_redacted_total",
                "Secrets that were replaced in label values, by what they looked like.",
                Kind::Counter,
                Some("kind"),
            );
            for (kind, number) in counts {
                redacted.push(&[kind.as_str()], count(number));
            }
            into.families.push(redacted);
        }

        let mut shards = family(
            "tykmetrics_shards",
            "Slabs of cells, by who writes them; idle ones wait for the next writer.",
            Kind::Gauge,
            Some("owner"),
        );
        let owners: Vec<Owner> = inner.space.slabs().map(|slab| slab.owner()).collect();
        for owner in Owner::ALL {
            let number = owners.iter().filter(|o| **o == owner).count();
            shards.push(&[owner.as_str()], Value::Gauge(number as f64));
        }

        let single = |name: &str, help: &str, kind, value| {
            let mut family = family(name, help, kind, None);
            family.push(&[], value);
            family
        };
        let scrapes = &inner.scrapes;
        // Relaxed: counts that are only shown.
        let [scraped, nanos, bytes, failures] =
            [&scrapes.count, &scrapes.nanos, &scrapes.bytes, &scrapes.failures].map(|count| count.load(Relaxed));
        let (seconds, rest) = (nanos / 1_000_000_000, nanos % 1_000_000_000);
        into.families.extend([
            series,
            overflow,
            invalid,
            shards,
            single("tykmetrics_scrapes_total", "Scrapes of this registry.", Kind::Counter, count(scraped)),
            single(
                "tykmetrics_scrape_seconds_total",
                "Time spent in scrapes.",
                Kind::Counter,
                Value::Counter { whole: seconds, part: rest as f64 / 1e9 },
            ),
            single(
                "tykmetrics_scrape_bytes_total",
                "Bytes of exposition made, before compression.",
                Kind::Counter,
                count(bytes),
            ),
            single(
                "tykmetrics_scrape_failures_total",
                "Callbacks and collectors that panicked or named a family that exists.",
                Kind::Counter,
                count(failures),
            ),
        ]);
    }
}
