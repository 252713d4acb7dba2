//! A lock-free metrics engine: recording is one plain add, and everything else happens when somebody scrapes.

pub mod collect;
mod clock;
mod error;
pub mod merge;
#[cfg(all(test, loom))]
mod models;
mod record;
mod registry;
pub mod shape;
mod shard;
mod sync;

pub use collect::{Collector, EngineCollector};
pub use error::{Error, ErrorCode, Result};
pub use merge::snapshot;
pub use record::{Counter, Gauge, Histogram, Info, Metric, StateSet, Summary, Timer, UpDown};
pub use registry::{Builder, Family, FamilyVec, Labelled, NameRule, Registry, RegistryOptions, VecOf};
pub use shape::{Buckets, Store};
pub use shard::{Attachment, Encoding, Owner, Shard};
