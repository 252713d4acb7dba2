//! Functions of the host that the engine calls at a scrape.

use std::ffi::c_void;

/// A function that a metric is read from at every scrape, on the scraping thread. It may record and render nothing of
/// its own registry.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tyk_callback {
    /// Tells the value.
    pub read: Option<unsafe extern "C" fn(user: *mut c_void) -> f64>,
    /// Called once, when the callback is used no more. May be NULL.
    pub drop: Option<unsafe extern "C" fn(user: *mut c_void)>,
    /// Given to both.
    pub user: *mut c_void,
}

/// A host's pointer and what to call when it is used no more.
pub(crate) struct User {
    pub(crate) pointer: *mut c_void,
    drop: Option<unsafe extern "C" fn(user: *mut c_void)>,
}

// SAFETY: the rules of the header: callbacks are called on any thread, and the host sees to what they point to.
unsafe impl Send for User {}
// SAFETY: as above.
unsafe impl Sync for User {}

impl User {
    pub(crate) fn new(pointer: *mut c_void, drop: Option<unsafe extern "C" fn(user: *mut c_void)>) -> User {
        User { pointer, drop }
    }
}

impl Drop for User {
    fn drop(&mut self) {
        if let Some(drop) = self.drop {
            // SAFETY: the rules of the header; called this once.
            unsafe { drop(self.pointer) };
        }
    }
}

impl tyk_callback {
    /// The callback as the engine takes it.
    pub(crate) fn reader(&self) -> engine::Result<impl Fn() -> f64 + Send + Sync + 'static> {
        let Some(read) = self.read else {
            return Err(engine::Error::new(
                engine::ErrorCode::NullPointer,
                "argument `callback->read` is NULL, and must not be",
            ));
        };
        let user = User::new(self.user, self.drop);
        Ok(move || {
            let user: &User = &user;
            // SAFETY: the rules of the header.
            unsafe { read(user.pointer) }
        })
    }
}
