//! The endpoint: a metrics server that runs on a thread of its own in the host's process.
//!
//! Every door starts it (`tyk_serve`, Go's `Serve`, Python's `start_http_server`, Node's `startHttpServer`, the program
//! `tykmetrics`). One direction: a request is admitted (limits, TLS, authentication), routed, and answered from a [`Source`].

pub mod config;
mod source;

pub use config::Config;
pub use source::{Gone, Source};
