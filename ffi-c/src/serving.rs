//! The server that a whole library has: the crate `server` as `server.rs` wants it. `lean.rs` stands in its place in a
//! library that is built without the feature `serve`.

use endpoint::{Address, Running};
use engine::{Registry, Result};

/// A server that runs until it is dropped.
pub(crate) struct Serving(Running);

pub(crate) fn start(
    registry: &Registry,
    settings: &str,
    log: impl Fn(&str) + Send + Sync + 'static,
) -> Result<Serving> {
    Ok(Serving(endpoint::start_host(settings, registry.clone(), log)?))
}

impl Serving {
    pub(crate) fn url(&self) -> &str {
        self.0.url()
    }

    pub(crate) fn address(&self) -> String {
        self.0.address().to_string()
    }

    pub(crate) fn port(&self) -> u16 {
        match self.0.address() {
            Address::Tcp(address) => address.port(),
            Address::Unix(_) => 0,
        }
    }
}
