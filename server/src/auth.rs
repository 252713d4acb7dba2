//! Who may ask. Holds no secret, only what recognises one, and compares in the same time whatever is offered.

use crate::config::Auth;
use crate::error::{StartError, StartErrorCode as Code};
use crate::request::{Credentials, credentials};
use ring::hmac;

/// What recognises the credentials that are let in.
pub(crate) struct Guard {
    basic: Option<Known>,
    bearer: Option<Known>,
}

/// A secret's tag under a key of its own that nobody else knows: compared instead of the secret, it tells by the time
/// that the comparison takes neither the secret nor its length.
struct Known {
    key: hmac::Key,
    tag: hmac::Tag,
}

impl Known {
    fn new(secret: &[u8]) -> Result<Known, StartError> {
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &ring::rand::SystemRandom::new())
            .map_err(|_| StartError::new(Code::Platform, "the system gives no random numbers for authentication"))?;
        let tag = hmac::sign(&key, secret);
        Ok(Known { key, tag })
    }

    fn is(&self, offered: &[u8]) -> bool {
        hmac::verify(&self.key, offered, self.tag.as_ref()).is_ok()
    }
}

impl Guard {
    pub(crate) fn new(auth: &Auth) -> Result<Guard, StartError> {
        let invalid = |message: &str| Err(StartError::new(Code::InvalidConfig, message));
        let basic = match &auth.basic {
            Some((name, _)) if name.contains(':') => {
                return invalid("auth.basic: the name holds a colon, which ends a name on the wire; use another name");
            }
            Some((name, password)) if name.is_empty() || password.is_empty() => {
                return invalid("auth.basic: the name or the password is empty; give both or neither");
            }
            Some((name, password)) => Some(Known::new(format!("{name}:{password}").as_bytes())?),
            None => None,
        };
        let bearer = match &auth.bearer {
            // Header values are trimmed on their way, and control characters are not carried.
            Some(token) if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) => {
                return invalid(
                    "auth.bearer: the token is empty, or has characters that no header carries; use printable ASCII without spaces",
                );
            }
            Some(token) => Some(Known::new(token.as_bytes())?),
            None => None,
        };
        Ok(Guard { basic, bearer })
    }

    /// True if anybody has to say who they are.
    pub(crate) fn is_set(&self) -> bool {
        self.basic.is_some() || self.bearer.is_some()
    }

    /// True if the bearer of this `Authorization` header may ask.
    pub(crate) fn admits(&self, header: Option<&[u8]>) -> bool {
        if !self.is_set() {
            return true;
        }
        let known = |known: &Option<Known>, offered: &[u8]| known.as_ref().is_some_and(|known| known.is(offered));
        match header.and_then(credentials) {
            Some(Credentials::Basic(pair)) => known(&self.basic, &pair),
            Some(Credentials::Bearer(token)) => known(&self.bearer, &token),
            None => false,
        }
    }

    /// What `WWW-Authenticate` says to who was not admitted: one challenge per scheme.
    pub(crate) fn challenges(&self) -> impl Iterator<Item = &'static str> {
        let basic = self.basic.as_ref().map(|_| "Basic realm=\"metrics\", charset=\"UTF-8\"");
        let bearer = self.bearer.as_ref().map(|_| "Bearer realm=\"metrics\"");
        basic.into_iter().chain(bearer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guard(basic: Option<(&str, &str)>, bearer: Option<&str>) -> Result<Guard, StartError> {
        let owned = |(name, password): (&str, &str)| (name.to_owned(), password.to_owned());
        Guard::new(&Auth { basic: basic.map(owned), bearer: bearer.map(str::to_owned) })
    }

    #[test]
    fn without_secrets_everybody_is_admitted() {
        let guard = guard(None, None).expect("nothing is wrong");
        assert!(guard.admits(None) && guard.admits(Some(b"Basic Og==")));
        assert_eq!(guard.challenges().count(), 0);
    }

    #[test]
    fn either_secret_is_enough_and_neither_passes_for_the_other() {
        let guard = guard(Some(("a", "b")), Some("a:b")).expect("nothing is wrong");
        assert!(guard.admits(Some(b"Basic YTpi")) && guard.admits(Some(b"Bearer a:b")));
        for header in [&b"Basic YTpj"[..], b"Basic YTpiYg==", b"Bearer a", b"Bearer YTpi", b"a:b", b""] {
            assert!(!guard.admits(Some(header)), "{header:?}");
        }
        assert!(!guard.admits(None));
        assert_eq!(guard.challenges().count(), 2);
    }

    #[test]
    fn a_secret_that_nobody_can_offer_is_refused_at_the_start() {
        for (basic, bearer) in [
            (Some(("a:b", "c")), None),
            (Some(("", "c")), None),
            (Some(("a", "")), None),
            (None, Some("")),
            (None, Some("two words")),
            (None, Some("line\n")),
        ] {
            let error = guard(basic, bearer).err().expect("it is refused");
            assert_eq!(error.code(), Code::InvalidConfig);
            assert!(error.message().starts_with("auth."), "{error}");
        }
    }
}
