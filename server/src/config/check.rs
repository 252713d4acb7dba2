//! What must hold between values, for a configuration that is to be served: whoever made it, the loader or code.
//!
//! Called by [`Loader::load`](super::Loader::load) and by the server before it binds anything.

use super::{Config, ConfigError, Hygiene};
use tykmetrics::hygiene::Kind;

impl Config {
    /// Checks what single keys cannot say: that pairs are whole, that what is required is there. A configuration that is
    /// not enabled needs nothing.
    ///
    /// # Errors
    /// One that names the keys and the way out.
    pub fn check(&self) -> Result<(), ConfigError> {
        if !self.enabled {
            return Ok(());
        }
        let fail = |key, message: &str| Err(ConfigError::new(Some(key), message.to_owned()));
        let tls = &self.tls;
        match (&tls.cert, &tls.key) {
            (Some(_), None) => {
                return fail("tls.key", "tls.cert is given and tls.key is not: give the certificate's private key");
            }
            (None, Some(_)) => {
                return fail("tls.cert", "tls.key is given and tls.cert is not: give the certificate chain");
            }
            _ => {}
        }
        if tls.cert.is_none() && tls.required {
            return fail(
                "tls.required",
                "tls.required is true without a certificate: give tls.cert and tls.key, or set it to false",
            );
        }
        if tls.cert.is_none() && tls.client_ca.is_some() {
            return fail(
                "tls.client_ca",
                "tls.client_ca is given without a certificate of the server's own: give tls.cert and tls.key",
            );
        }
        if self.routes.reset && self.auth.basic.is_none() && self.auth.bearer.is_none() && tls.client_ca.is_none() {
            return fail(
                "routes.reset",
                "routes.reset is true and nobody can be authenticated: give auth.bearer, auth.basic_name with a password, \
                 or tls.client_ca",
            );
        }
        self.hygiene.rules().map(drop)
    }
}

impl Hygiene {
    /// What is to be replaced, compiled; nothing if it is not enabled.
    ///
    /// # Errors
    /// One that names the pattern or the kind.
    pub fn rules(&self) -> Result<Option<tykmetrics::Hygiene>, ConfigError> {
        if !self.enabled {
            return Ok(None);
        }
        let fail = |key| move |error: tykmetrics::Error| ConfigError::new(Some(key), format!("{key}: {error}"));
        let mut options = tykmetrics::Hygiene::options();
        for kind in &self.keep {
            options = options.keep(kind.parse::<Kind>().map_err(fail("hygiene.keep"))?);
        }
        let options = self.patterns.iter().fold(options, |options, pattern| options.pattern(pattern));
        options.build().map(Some).map_err(fail("hygiene.patterns"))
    }
}
