//! The requests of a gateway, as Tyk's describes them: rate, errors and duration by API.
//!
//! Every door's `record_request` of this form goes through here or gives the same families. Nothing here knows how a
//! request was served.

use crate::error::Result;
use crate::record::{Counter, Histogram};
use crate::registry::{Family, Registry};
use crate::sync::made_once;
use std::sync::OnceLock;

/// The families of a gateway's requests.
///
/// ```
/// use tykmetrics::{Registry, Requests};
///
/// let registry = Registry::new();
/// let requests = Requests::new(&registry, "tyk_gateway")?;
/// requests.record("a1", "orders", "GET", 502, 12_000_000);
/// let snapshot = registry.snapshot();
/// assert_eq!(snapshot.value("tyk_gateway_gateway_requests_total", &[("status_code", "502")]), Some(1.0));
/// assert_eq!(snapshot.value("tyk_gateway_gateway_request_errors_total", &[("error_type", "server_error")]), Some(1.0));
/// # Ok::<(), tykmetrics::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Requests {
    total: Family<Counter, 4>,
    duration: Family<Histogram, 3>,
    errors: Family<Counter, 4>,
}

impl Requests {
    /// The families under a prefix, new or those that were registered before.
    ///
    /// # Errors
    /// When the prefix makes no name that the registry takes, or the names are taken by other metrics.
    pub fn new(registry: &Registry, prefix: &str) -> Result<Requests> {
        const SUBSYSTEM: &str = "gateway";
        Ok(Requests {
            total: registry
                .counter("requests_total", "Total number of requests processed")
                .namespace(prefix)
                .subsystem(SUBSYSTEM)
                .labels(["api_id", "api_name", "method", "status_code"])
                .register()?,
            duration: registry
                .histogram("request_duration_seconds", "Request duration in seconds")
                .namespace(prefix)
                .subsystem(SUBSYSTEM)
                .labels(["api_id", "api_name", "method"])
                .register()?,
            errors: registry
                .counter("request_errors_total", "Total number of request errors")
                .namespace(prefix)
                .subsystem(SUBSYSTEM)
                .labels(["api_id", "api_name", "method", "error_type"])
                .register()?,
        })
    }

    /// Those of the process's registry, under `tyk_gateway`.
    ///
    /// # Errors
    /// When the names are taken by other metrics.
    pub fn global() -> Result<&'static Requests> {
        static GLOBAL: OnceLock<Requests> = OnceLock::new();
        match GLOBAL.get() {
            Some(requests) => Ok(requests),
            // Kept once it is right: whoever has the names may give them back.
            None => Requests::new(Registry::global(), "tyk_gateway").map(|made| made_once(&GLOBAL, || made)),
        }
    }

    /// Counts a request. A status of 400 to 499 is an error of the client, one of 500 and above of the server.
    pub fn record(&self, api_id: &str, api_name: &str, method: &str, status_code: u32, nanos: u64) {
        self.total.inc([api_id, api_name, method, itoa::Buffer::new().format(status_code)]);
        // Division is rounded once, as where a histogram is given nanoseconds.
        self.duration.observe([api_id, api_name, method], nanos as f64 / 1e9);
        let error = match status_code {
            0..400 => return,
            400..500 => "client_error",
            _ => "server_error",
        };
        self.errors.inc([api_id, api_name, method, error]);
    }
}
