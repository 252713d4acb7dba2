//! The last step of loading: what several keys say together, and what is read from the files that they name.
//!
//! Called by `load.rs`, once the layers are put together. What does not depend on how a configuration was made is in
//! `check.rs`.

use super::ConfigError;
use super::keys::{Draft, keys};
use super::load::Origin;
use super::place::is_secret;
use std::io::Read;
use std::path::Path;

/// Bytes of a file with a secret.
const SECRET_BYTES: u64 = 64 << 10;

/// The keys that say one secret each: itself, and the file that holds it.
const WAYS: [[&str; 2]; 2] = [["auth.basic_password", "auth.basic_password_file"], ["auth.bearer", "auth.bearer_file"]];

/// The key that says the same as this one in another way: of two that were said, the stronger replaces the weaker.
pub(super) fn other_way(key: &str) -> Option<&'static str> {
    WAYS.iter().find_map(|[text, file]| match key {
        _ if key == *text => Some(*file),
        _ if key == *file => Some(*text),
        _ => None,
    })
}

/// What is put together from several keys, and what is read from files they name.
pub(super) fn finish(draft: &mut Draft, origins: &[Origin]) -> Result<(), ConfigError> {
    let fail = |key: &'static str, message: &str| Err(ConfigError::new(Some(key), message.to_owned()));
    if draft.config.enabled {
        if draft.basic_password.is_some() && draft.basic_password_file.is_some() {
            return fail(
                "auth.basic_password",
                "auth.basic_password and auth.basic_password_file are both given: keep one",
            );
        }
        if draft.config.auth.bearer.is_some() && draft.bearer_file.is_some() {
            return fail("auth.bearer", "auth.bearer and auth.bearer_file are both given: keep one");
        }
        let from = |key: &'static str| keys().iter().position(|known| known.name == key).map(|at| &origins[at]);
        if let Some(path) = draft.basic_password_file.clone() {
            draft.basic_password = Some(secret("auth.basic_password_file", &path, from)?);
        }
        if let Some(path) = draft.bearer_file.clone() {
            draft.config.auth.bearer = Some(secret("auth.bearer_file", &path, from)?);
        }
        draft.config.auth.basic = match (draft.basic_name.clone(), draft.basic_password.clone()) {
            (Some(name), Some(password)) => Some((name, password)),
            (None, None) => None,
            (Some(_), None) => {
                return fail(
                    "auth.basic_password",
                    "auth.basic_name is given without a password: give auth.basic_password or auth.basic_password_file",
                );
            }
            (None, Some(_)) => {
                return fail("auth.basic_name", "a password is given without auth.basic_name: give the name");
            }
        };
    }
    draft.config.check()
}

/// A secret that a file holds, without the line's end.
fn secret<'a>(
    key: &'static str,
    path: &Path,
    origin: impl Fn(&'static str) -> Option<&'a Origin>,
) -> Result<String, ConfigError> {
    let place = origin(key).map(|origin| format!("{origin}: ")).unwrap_or_default();
    let told = |what: String| format!("{place}{key}: {} {what}", path.display());
    let text = read(path, SECRET_BYTES).map_err(|what| ConfigError::unreadable(Some(key), told(what)))?;
    let secret = text.trim_end_matches(['\r', '\n']);
    match is_secret(secret) {
        true => Ok(secret.to_owned()),
        false => Err(ConfigError::new(Some(key), told("must hold one line of visible ASCII characters".to_owned()))),
    }
}

/// The text of a file of at most so many bytes.
pub(super) fn read(path: &Path, most: u64) -> Result<String, String> {
    let file = std::fs::File::open(path).map_err(|error| format!("cannot be read: {error}"))?;
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes).map_err(|error| format!("cannot be read: {error}"))?;
    if bytes.len() as u64 > most {
        return Err(format!("is larger than {most} bytes"));
    }
    String::from_utf8(bytes).map_err(|_| "is not UTF-8".to_owned())
}
