//! Families that are made when somebody scrapes, and the collectors that come with the crate.
//!
//! [`ProcessCollector`] says what the operating system knows of this process, [`EngineCollector`] what the registry knows
//! of itself.

mod engine;
mod process;
mod procfs;

pub use engine::EngineCollector;
pub use process::ProcessCollector;

use crate::merge::snapshot::Snapshot;

/// Makes families at scrape.
///
/// Called on the scraping thread, with no lock held. A panic leaves the collector's families out of that scrape and is
/// counted. A family whose name a registered one has is left out too.
///
/// ```
/// use tykmetrics::snapshot::{Family, Kind, Meta, Snapshot, Value};
/// use tykmetrics::{Collector, Registry};
///
/// struct Queue;
///
/// impl Collector for Queue {
///     fn collect(&self, into: &mut Snapshot) {
///         let mut family = Family::new(Meta {
///             name: "queue_depth".into(),
///             help: "Jobs that wait".into(),
///             kind: Kind::Gauge,
///             label_names: vec!["queue".into()],
///             ..Meta::default()
///         });
///         family.push(&["mail"], Value::Gauge(3.0));
///         into.families.push(family);
///     }
/// }
///
/// let registry = Registry::new();
/// registry.register_collector(Queue);
/// let snapshot = registry.snapshot();
/// let depth = snapshot.family("queue_depth").and_then(|family| family.find(&[("queue", "mail")]));
/// assert_eq!(depth.map(|series| series.value().clone()), Some(Value::Gauge(3.0)));
/// ```
pub trait Collector: Send + Sync {
    /// Adds families to a scrape.
    fn collect(&self, into: &mut Snapshot);
}
