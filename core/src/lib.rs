//! A metrics engine for gateways: recording is one plain add, and everything else happens when somebody scrapes.
//!
//! Every thread that records has a slab of 8-byte cells of its own, and a series is a number that indexes every slab. To
//! record is to add to one cell (two for a histogram), without a lock, an atomic read-modify-write or a system call. A
//! scrape sums the same cell over all slabs, while the writers go on, and renders what it finds:
//!
//! ```text
//! record ──> shard ──> merge ──> render ──> bytes
//!    ▲                   ▲
//!    └──── registry ─────┘
//! ```
//!
//! ```
//! use std::time::Duration;
//! use tykmetrics::{Format, Registry};
//!
//! let registry = Registry::new();
//! let requests = registry
//!     .counter("http_requests_total", "Requests served")
//!     .labels(["method", "status"])
//!     .register()?;
//! let latency = registry.histogram("http_request_duration_seconds", "Time to answer").register()?;
//!
//! // Where the route is set up: a handle on one series.
//! let ok = requests.with(["GET", "200"]);
//! // Per request.
//! ok.inc();
//! latency.observe_duration(Duration::from_millis(12));
//!
//! // To a scraper, in the format it asked for.
//! let exposition = tykmetrics::negotiate("application/openmetrics-text; version=1.0.0");
//! let body = registry.render(exposition);
//! assert!(String::from_utf8(body)?.ends_with("# EOF\n"));
//!
//! // Quantiles without a server.
//! assert!((0.011..0.013).contains(&latency.distribution().quantile(0.99)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Where to look
//! * [`Registry`] makes metrics; [`Counter`], [`Gauge`], [`UpDown`], [`Histogram`], [`Summary`], [`Info`] and
//!   [`StateSet`] record; [`Family`] and [`FamilyVec`] are their labelled forms.
//! * [`Registry::render`], [`Registry::render_to`] and [`negotiate`] serve a scrape; [`Registry::snapshot`] gives it as
//!   plain numbers, with deltas and quantiles.
//! * [`Collector`] adds families made at scrape; [`ProcessCollector`] and [`EngineCollector`] are two.
//! * [`Shard`] is for hosts that serialise their own records: an interpreter, an isolate, a scheduler's slot.
//!
//! # Features
//! `gzip` and `zstd` (default) compress scrapes. `metrics` adds a recorder for the `metrics` facade, `tower` an HTTP
//! request layer. `hygiene` keeps secrets out of label values. No feature brings an async runtime.

mod clock;
pub mod collect;
mod error;
#[cfg(feature = "metrics")]
pub mod facade;
mod gateway;
#[cfg(feature = "hygiene")]
pub mod hygiene;
pub mod merge;
#[cfg(all(loom, test))]
mod models;
mod record;
mod registry;
pub mod render;
mod requests;
pub mod samples;
mod scrape;
pub mod shape;
mod shard;
mod sync;
#[cfg(feature = "tower")]
pub mod tower;

pub use collect::{Collector, EngineCollector, ProcessCollector};
pub use error::{Error, ErrorCode, Result};
pub use gateway::{Gateway, Outcome};
#[cfg(feature = "hygiene")]
pub use hygiene::Hygiene;
pub use merge::distribution::Distribution;
pub use merge::snapshot::{self, Snapshot};
pub use record::{Counter, Gauge, Histogram, Info, Metric, Place, StateSet, Summary, Timer, Tracked, UpDown};
#[cfg(not(loom))]
pub use registry::Held;
pub use registry::{Builder, Family, FamilyVec, Labelled, NameRule, Registry, RegistryOptions, VecOf, full_name};
pub use render::{Encoding, Escaping, Exposition, Format, negotiate};
pub use requests::Requests;
pub use shape::{Buckets, Store};
pub use shard::{Attachment, CellEncoding, Owner, Shard, ThreadCells};
