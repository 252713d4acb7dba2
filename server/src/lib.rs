//! The endpoint: a metrics server that runs on a thread of its own in the host's process.
//!
//! Every door starts it (`tyk_serve`, Go's `Serve`, Python's `start_http_server`, Node's `startHttpServer`, the program
//! `tykmetrics`). One direction: a request is admitted (limits, TLS, authentication), routed, and answered from a [`Source`].
//!
//! ```
//! use tykmetrics::Registry;
//! use tykmetrics_server::config::{Config, Listen};
//!
//! let registry = Registry::new();
//! registry.counter("requests_total", "Requests.").register()?.inc();
//! let config = Config { listen: Listen::Tcp("127.0.0.1".into(), 0), ..Config::default() };
//! let running = tykmetrics_server::start(config, registry)?;
//! println!("{}/metrics", running.url());
//! running.close();
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Promised: everything that can be wrong is an error of [`start`], before a thread is left behind; nothing that a client
//! does blocks the host or grows without bound; no work is done while nobody asks. Absent: metrics of the server's own.

mod accept;
mod activity;
mod answer;
mod auth;
mod body;
pub mod config;
mod connection;
mod error;
mod listen;
pub mod page;
mod rate;
pub mod request;
mod scrape;
mod serve;
mod shared;
mod signal;
mod source;
mod status;
mod tls;
mod turns;
mod view;
mod wire;

pub use config::Config;
pub use error::{StartError, StartErrorCode};
pub use listen::Address;
pub use serve::{Running, check, start, start_host, start_logged};
pub use source::{Gone, Source};
