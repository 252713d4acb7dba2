//! A lock-free metrics engine: recording is one plain add, and everything else happens when somebody scrapes.

pub mod collect;
mod clock;
mod error;
#[cfg(feature = "metrics")]
pub mod facade;
pub mod merge;
mod record;
mod registry;
pub mod render;
mod scrape;
pub mod shape;
mod shard;
mod sync;
#[cfg(feature = "tower")]
pub mod tower;

pub use collect::{Collector, EngineCollector, ProcessCollector};
pub use error::{Error, ErrorCode, Result};
pub use merge::snapshot;
pub use record::{Counter, Gauge, Histogram, Info, Metric, StateSet, Summary, Timer, UpDown};
pub use registry::{Builder, Family, FamilyVec, Labelled, NameRule, Registry, RegistryOptions, VecOf};
pub use render::{Encoding as ContentEncoding, Escaping, Exposition, Format, negotiate};
pub use shape::{Buckets, Store};
pub use shard::{Attachment, Encoding, Owner, Shard};
