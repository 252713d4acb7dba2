//! What a text exposition says, sample by sample: read from text, written as text, made from the engine's own numbers.
//!
//! A [`Family`] here is a list of [`Sample`]s, each with its own full name and labels, and nothing is merged: the buckets of
//! a histogram are samples like any other. That is the view of `prometheus_client`, whose parsers, writers and data
//! classes these types stand for, and the only one in which a text of unknown origin can be kept as it is.
//!
//! * [`parse`] reads the classic text format (leniently, as `prometheus_client` does, or strictly, as expfmt does) and
//!   OpenMetrics 1.0. Time and memory are proportional to the text, and no text makes it panic.
//! * [`gather`] makes families of a snapshot of samples, so that collectors that tell samples are rendered in every format.
//! * [`of`] shows a family of a [`snapshot`](crate::snapshot) in this way.
//! * [`write_text`] and [`write_openmetrics`] print families byte for byte as `prometheus_client` prints them.
//!
//! The Python door is the caller; what scrapes get comes from [`render`](crate::render), which is many times faster.

mod gather;
mod model;
mod of;
mod parse;
mod write;

pub use gather::gather;
pub use model::{Exemplar, Family, Kind, Labels, NativeHistogram, Number, Sample, Timestamp};
pub use of::of;
pub use parse::{Dialect, ParseError, Reading, parse, parse_bytes};
pub use write::{Version, WriteError, write_openmetrics, write_text};
