//! `tyk_bytes`: memory that the library gives out and takes back.

use crate::guard;
use std::mem::ManuallyDrop;

/// Bytes that the library owns. All zero at first; freed with tyk_bytes_free. A function that fills it uses the memory it
/// has again.
#[repr(C)]
pub struct tyk_bytes {
    /// The first byte; NULL if there is no memory.
    pub data: *mut u8,
    /// How many bytes there are.
    pub len: usize,
    /// How many there is room for.
    pub capacity: usize,
}

impl tyk_bytes {
    /// Takes the memory out, emptied.
    pub(crate) fn take(&mut self) -> Vec<u8> {
        let (data, capacity) = (std::mem::replace(&mut self.data, std::ptr::null_mut()), self.capacity);
        (self.len, self.capacity) = (0, 0);
        if data.is_null() {
            return Vec::new();
        }
        // SAFETY: by the rules of the header, what is not NULL was put here by `put`, capacity and all.
        unsafe { Vec::from_raw_parts(data, 0, capacity) }
    }

    /// Puts memory in, in the place of what `take` took.
    pub(crate) fn put(&mut self, bytes: Vec<u8>) {
        if bytes.capacity() == 0 {
            return;
        }
        let mut bytes = ManuallyDrop::new(bytes);
        (self.data, self.len, self.capacity) = (bytes.as_mut_ptr(), bytes.len(), bytes.capacity());
    }

    /// Fills it by `fill`. If that fails, it is empty and keeps its memory.
    pub(crate) fn fill(&mut self, fill: impl FnOnce(&mut Vec<u8>) -> engine::Result<()>) -> engine::Result<()> {
        let mut bytes = self.take();
        let filled = fill(&mut bytes);
        if filled.is_err() {
            bytes.clear();
        }
        self.put(bytes);
        filled
    }
}

/// Frees the memory and makes it all zero.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_bytes_free(bytes: *mut tyk_bytes) {
    // SAFETY: the rules of the header.
    guard::quiet(|| drop(unsafe { bytes.as_mut() }.map(tyk_bytes::take)));
}
