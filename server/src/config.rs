//! What a server is told: one typed structure, the same from code, environment and files.
//!
//! [`Loader`] reads it, by the one table of keys in `keys.rs`, and keeps where every value came from. The server takes a
//! [`Config`], however it was made; [`Config::check`] is what holds between its values. Absent: what the values do.

mod check;
mod dialect;
mod error;
mod finish;
mod keys;
mod load;
mod place;
mod text;
mod tree;

pub use dialect::Dialect;
pub use error::ConfigError;
pub use keys::{Key, keys};
pub use load::{Loaded, Loader, Origin, Setting};

use std::path::PathBuf;
use std::time::Duration;

/// Everything that can be said to a server. [`Default`] is safe: loopback, no reset, everything bounded.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Whether to serve at all.
    pub enabled: bool,
    /// Where to listen.
    pub listen: Listen,
    /// The path of the metrics; the routes below it follow (`/metrics/json`).
    pub path: String,
    /// What is served beside the metrics.
    pub routes: Routes,
    /// Certificates.
    pub tls: Tls,
    /// Who may ask.
    pub auth: Auth,
    /// How much is allowed.
    pub limits: Limits,
    /// How long a scrape that runs may go on once the server is told to end.
    pub shutdown_grace: Duration,
    /// What is replaced in label values.
    pub hygiene: Hygiene,
    /// What the names of the host's own metrics begin with, if it is said. Not the server's: for doors to honour.
    pub metric_prefix: Option<String>,
    /// Labels that every series carries. Not the server's: for doors to honour.
    pub labels: Vec<(String, String)>,
    /// What is collected beside the host's metrics. Not the server's: for doors to honour.
    pub collectors: Collectors,
    /// Requests that take longer are slow, if it is said. Not the server's: for doors to honour.
    pub slow_request: Option<Duration>,
}

/// Families that nobody records: they are read at scrape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collectors {
    /// `process_*`: processor time, memory, open files.
    pub process: bool,
    /// What the host's runtime tells of itself: Go's, Python's, Node's.
    pub runtime: bool,
}

/// An address to listen at: `127.0.0.1:9090`, `[::1]:9090`, `localhost:0`, `:9090` (every interface), `unix:/run/metrics.sock`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listen {
    /// A host (a name or an IP address, without brackets; empty for every interface) and a port (0 for any that is free).
    Tcp(String, u16),
    /// A socket in the file system.
    Unix(PathBuf),
}

/// Which routes there are beside the metrics and `/health`, `/healthz`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Routes {
    /// `/metrics/json`.
    pub json: bool,
    /// `/metrics/health`.
    pub health: bool,
    /// `/metrics/reset`, by POST, for who is authenticated.
    pub reset: bool,
    /// `/`, the page for people.
    pub page: bool,
}

/// TLS; plain if there is no certificate.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tls {
    /// The certificate chain, PEM.
    pub cert: Option<PathBuf>,
    /// Its private key, PEM.
    pub key: Option<PathBuf>,
    /// The authorities whose clients are let in, PEM: mutual TLS.
    pub client_ca: Option<PathBuf>,
    /// Refuse to start without TLS.
    pub required: bool,
    /// How often the files are looked at for new ones.
    pub reload: Duration,
}

/// Who may ask for what is not `/health` or `/healthz`. Either is enough where both are set.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Auth {
    /// A name and a password.
    pub basic: Option<(String, String)>,
    /// A token.
    pub bearer: Option<String>,
}

/// Bounds on everything that comes from outside.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// Scrapes at the same time; one more is answered with 503 and Retry-After.
    pub concurrent_scrapes: usize,
    /// How long a scrape may take; a shorter `X-Prometheus-Scrape-Timeout-Seconds` is honoured.
    pub scrape_timeout: Duration,
    /// Bytes of a request's line and headers.
    pub header_bytes: usize,
    /// Bytes of a request's body.
    pub body_bytes: usize,
    /// How long a client may take for its request.
    pub header_timeout: Duration,
    /// How long a connection may rest between requests.
    pub idle_timeout: Duration,
    /// Connections at the same time.
    pub connections: usize,
    /// Requests per second of one client (an address); 0 for as many as it likes.
    pub requests_per_second: f64,
}

/// Secrets in label values, replaced before they become series.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hygiene {
    /// Keys, tokens, bearer headers and e-mail addresses are replaced.
    pub enabled: bool,
    /// More regular expressions whose matches are replaced.
    pub patterns: Vec<String>,
    /// Kinds that are left as they are: `email`, …
    pub keep: Vec<String>,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            enabled: true,
            listen: Listen::Tcp("127.0.0.1".to_owned(), 9090),
            path: "/metrics".to_owned(),
            routes: Routes::default(),
            tls: Tls { reload: Duration::from_secs(10), ..Tls::default() },
            auth: Auth::default(),
            limits: Limits::default(),
            shutdown_grace: Duration::from_secs(5),
            hygiene: Hygiene::default(),
            metric_prefix: None,
            labels: Vec::new(),
            collectors: Collectors { process: true, runtime: true },
            slow_request: None,
        }
    }
}

impl Default for Routes {
    fn default() -> Self {
        Routes { json: true, health: true, reset: false, page: true }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            concurrent_scrapes: 10,
            scrape_timeout: Duration::from_secs(30),
            header_bytes: 16 * 1024,
            body_bytes: 64 * 1024,
            header_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(60),
            connections: 1024,
            requests_per_second: 0.0,
        }
    }
}

impl std::fmt::Debug for Auth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Secrets do not belong in logs.
        f.debug_struct("Auth")
            .field("basic", &self.basic.as_ref().map(|(name, _)| name))
            .field("bearer", &self.bearer.as_ref().map(|_| "..."))
            .finish()
    }
}
