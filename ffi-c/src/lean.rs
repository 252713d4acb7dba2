//! The server that a lean library has (`--no-default-features`): none. Its functions are there, so that a program which is
//! linked with either library starts, and starting a server is an error.

use engine::{Error, ErrorCode, Registry, Result};

/// A server that cannot be.
pub(crate) enum Serving {}

pub(crate) fn start(_: &Registry, _: &str, _: impl Fn(&str) + Send + Sync + 'static) -> Result<Serving> {
    let message = "this libtykmetrics was built without the server: build it with the feature `serve`, or serve what \
                   tyk_render gives";
    Err(Error::new(ErrorCode::Unsupported, message))
}

impl Serving {
    pub(crate) fn url(&self) -> &str {
        match *self {}
    }

    pub(crate) fn address(&self) -> String {
        match *self {}
    }

    pub(crate) fn port(&self) -> u16 {
        match *self {}
    }
}
