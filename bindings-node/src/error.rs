//! The engine's errors as what JavaScript is given: `lib/native.js` makes errors of the caller's realm of them.

use napi::{Error, Status};

/// An error of the engine, by its message.
pub(crate) fn thrown(error: engine::Error) -> Error {
    Error::new(Status::GenericFailure, error.message())
}

/// The same, for `?`.
pub(crate) trait OrThrow<T> {
    fn or_throw(self) -> napi::Result<T>;
}

impl<T> OrThrow<T> for engine::Result<T> {
    fn or_throw(self) -> napi::Result<T> {
        self.map_err(thrown)
    }
}
