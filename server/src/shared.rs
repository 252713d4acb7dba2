//! What all connections of a server share.

use crate::auth::Guard;
use crate::config::{Config, Limits, Routes};
use crate::error::{StartError, StartErrorCode as Code};
use crate::rate::Rate;
use crate::source::Source;
use crate::status::Kept;
use crate::tls::Certificates;
use crate::turns::Turns;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Where a server says what its operator should know.
pub(crate) type Log = Arc<dyn Fn(&str) + Send + Sync>;

/// The right to have something rendered.
pub(crate) type Permit = OwnedSemaphorePermit;

/// Reads of all numbers at the same time that are no scrapes: for the status, the page, a reset.
pub(crate) const LOOKS: usize = 2;

/// No time is longer: clocks end somewhere.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);

/// The share of the process's descriptors that connections may have: one in so many. The others are the host's.
const SHARE: u64 = 4;

/// The least that the protocol's reader works with.
pub(crate) const LEAST_HEADER_BYTES: usize = 8 * 1024;

pub(crate) struct Shared {
    pub(crate) source: Arc<dyn Source>,
    pub(crate) path: String,
    pub(crate) routes: Routes,
    pub(crate) limits: Limits,
    pub(crate) grace: Duration,
    pub(crate) guard: Guard,
    pub(crate) certificates: Option<Arc<Certificates>>,
    pub(crate) rate: Rate,
    pub(crate) scrapes: Arc<Semaphore>,
    pub(crate) looks: Arc<Semaphore>,
    pub(crate) turns: Arc<Turns>,
    pub(crate) log: Log,
    /// True until the sockets that listen are closed.
    pub(crate) listening: Arc<AtomicBool>,
    pub(crate) began: Instant,
    pub(crate) scraped: AtomicU64,
    pub(crate) status: Kept,
    pub(crate) overview: Kept,
    pub(crate) page: Kept,
}

/// What a configuration comes to that a server can start with, as far as can be said without listening.
pub(crate) struct Checked {
    path: String,
    limits: Limits,
    guard: Guard,
    certificates: Option<Certificates>,
}

impl Checked {
    pub(crate) fn of(config: &Config) -> Result<Checked, StartError> {
        if !config.enabled {
            let message = "the server is disabled by its configuration; set enabled to true, or do not start it";
            return Err(StartError::new(Code::Disabled, message));
        }
        config.check()?;
        Ok(Checked {
            path: checked_path(&config.path)?,
            limits: checked_limits(config.limits.clone())?,
            guard: Guard::new(&config.auth)?,
            certificates: Certificates::load(&config.tls)?,
        })
    }
}

impl Shared {
    /// Checks everything but the address.
    pub(crate) fn new(config: Config, source: Arc<dyn Source>, log: Log) -> Result<Shared, StartError> {
        let Checked { path, limits, guard, certificates } = Checked::of(&config)?;
        let certificates = certificates.map(Arc::new);
        Ok(Shared {
            source,
            path,
            routes: config.routes,
            rate: Rate::new(limits.requests_per_second),
            scrapes: Arc::new(Semaphore::new(limits.concurrent_scrapes)),
            looks: Arc::new(Semaphore::new(LOOKS)),
            turns: Arc::new(Turns::of_this_machine()),
            limits,
            grace: config.shutdown_grace.min(LONGEST),
            guard,
            certificates,
            log,
            listening: Arc::new(AtomicBool::new(true)),
            began: Instant::now(),
            scraped: AtomicU64::new(0),
            status: Kept::default(),
            overview: Kept::default(),
            page: Kept::default(),
        })
    }

    /// True if nobody is kept out.
    pub(crate) fn is_open(&self) -> bool {
        !self.guard.is_set() && !self.certificates.as_ref().is_some_and(|certificates| certificates.asks_clients())
    }
}

fn checked_path(path: &str) -> Result<String, StartError> {
    let invalid = |why: &str| {
        Err(StartError::new(Code::InvalidConfig, format!("path {path:?}: {why}; the usual one is \"/metrics\"")))
    };
    if !path.starts_with('/') {
        return invalid("it begins with a slash");
    }
    if !path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/-._~!$&'()*+,;=:@%".contains(&byte)) {
        return invalid("it has a character that no path of an address has; write it percent-encoded");
    }
    if path == "/health" || path == "/healthz" {
        return invalid("it is the path of the server's own health");
    }
    Ok(path.to_owned())
}

fn checked_limits(mut limits: Limits) -> Result<Limits, StartError> {
    let zero = [
        ("concurrent_scrapes", limits.concurrent_scrapes == 0, "10"),
        ("connections", limits.connections == 0, "1024"),
        ("scrape_timeout", limits.scrape_timeout.is_zero(), "30 s"),
        ("header_timeout", limits.header_timeout.is_zero(), "10 s"),
        ("idle_timeout", limits.idle_timeout.is_zero(), "60 s"),
    ];
    if let Some((name, _, usual)) = zero.iter().find(|(_, is_zero, _)| *is_zero) {
        let message = format!("limits.{name} is 0, with which nothing is ever served; use {usual} or leave it out");
        return Err(StartError::new(Code::InvalidConfig, message));
    }
    if !limits.requests_per_second.is_finite() || limits.requests_per_second < 0.0 {
        let message = format!(
            "limits.requests_per_second is {}; use a number from 0 (any number of requests)",
            limits.requests_per_second
        );
        return Err(StartError::new(Code::InvalidConfig, message));
    }
    if limits.header_bytes < LEAST_HEADER_BYTES {
        let message = format!(
            "limits.header_bytes is {}; browsers need some: use {LEAST_HEADER_BYTES} or more",
            limits.header_bytes
        );
        return Err(StartError::new(Code::InvalidConfig, message));
    }
    for time in [&mut limits.scrape_timeout, &mut limits.header_timeout, &mut limits.idle_timeout] {
        *time = (*time).min(LONGEST);
    }
    limits.concurrent_scrapes = limits.concurrent_scrapes.min(Semaphore::MAX_PERMITS);
    if let Some(descriptors) = crate::signal::descriptors() {
        let most = usize::try_from(descriptors / SHARE).unwrap_or(usize::MAX);
        limits.connections = limits.connections.min(most.max(1));
    }
    Ok(limits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_no_request_has_is_refused_by_name() {
        for path in ["", "metrics", "/a b", "/a?b", "/h\u{e4}", "/health", "/healthz"] {
            let error = checked_path(path).expect_err(path);
            assert_eq!(error.code(), Code::InvalidConfig);
            assert!(error.message().contains(&format!("{path:?}")), "{error}");
        }
        for path in ["/", "/metrics", "/internal/metrics", "/a%20b"] {
            assert_eq!(checked_path(path).as_deref(), Ok(path));
        }
    }

    #[test]
    fn a_limit_of_nothing_is_refused_by_name() {
        let mut all = Vec::new();
        for change in [
            (|limits: &mut Limits| limits.concurrent_scrapes = 0) as fn(&mut Limits),
            |limits| limits.connections = 0,
            |limits| limits.scrape_timeout = Duration::ZERO,
            |limits| limits.header_timeout = Duration::ZERO,
            |limits| limits.idle_timeout = Duration::ZERO,
            |limits| limits.requests_per_second = f64::NAN,
            |limits| limits.header_bytes = 100,
        ] {
            let mut limits = Limits::default();
            change(&mut limits);
            all.push(checked_limits(limits).expect_err("it is refused").message().to_owned());
        }
        assert!(all.iter().all(|message| message.starts_with("limits.")), "{all:?}");
        let most = Limits { scrape_timeout: Duration::MAX, concurrent_scrapes: usize::MAX, ..Limits::default() };
        assert!(checked_limits(most).expect("much is allowed").scrape_timeout < Duration::MAX);
    }
}
