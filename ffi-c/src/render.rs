//! A scrape: into memory, or streamed to a function of the host.

use crate::bytes::tyk_bytes;
use crate::error::tyk_error;
use crate::exposition::{self, tyk_exposition};
use crate::registry::tyk_registry;
use crate::{guard, handle};
use engine::render::Compressor;
use engine::{Encoding, Error, ErrorCode, Exposition, Registry, Result};
use std::ffi::c_void;

/// Takes the bytes of a render, a chunk at a time; false ends it.
pub type tyk_sink = Option<unsafe extern "C" fn(user: *mut c_void, data: *const u8, len: usize) -> bool>;

/// Renders in chunks, packed if that is wanted.
fn stream(
    registry: &Registry,
    (exposition, encoding): (Exposition, Encoding),
    sink: impl FnMut(&[u8]) -> Result<()>,
) -> Result<()> {
    let mut packer = Compressor::new(encoding, sink)?;
    registry.render_to(exposition, |chunk| packer.write(chunk))?;
    packer.finish()
}

/// Everything the registry holds now, as bytes. `exposition` may be NULL, for plain text. Memory that `*out` has is used
/// again, which is quicker than new memory; on an error `*out` is empty.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_render(
    registry: *const tyk_registry,
    exposition: *const tyk_exposition,
    out: *mut tyk_bytes,
) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        let (registry, wanted, out) = unsafe {
            (handle::given(registry, "registry")?, exposition::wanted(exposition)?, handle::given_mut(out, "out")?)
        };
        out.fill(|bytes| match wanted {
            (exposition, Encoding::Identity) => {
                registry.0.render_into(exposition, bytes);
                Ok(())
            }
            packed => stream(&registry.0, packed, |chunk| {
                bytes.extend_from_slice(chunk);
                Ok(())
            }),
        })
    })
}

/// As tyk_render, in chunks of up to about 64 KiB that `sink` is given as they are made: memory stays bounded whatever
/// the number of series. An error of code TYK_ERROR_SINK if `sink` returned false.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_render_to(
    registry: *const tyk_registry,
    exposition: *const tyk_exposition,
    sink: tyk_sink,
    user: *mut c_void,
) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        let (registry, wanted) = unsafe { (handle::given(registry, "registry")?, exposition::wanted(exposition)?) };
        let Some(sink) = sink else {
            return Err(Error::new(ErrorCode::NullPointer, "argument `sink` is NULL, and must not be"));
        };
        stream(&registry.0, wanted, |chunk| {
            // SAFETY: the rules of the header; the chunk lives as long as the call.
            match unsafe { sink(user, chunk.as_ptr(), chunk.len()) } {
                true => Ok(()),
                false => Err(Error::new(ErrorCode::Sink, "the sink refused the bytes; the render was ended")),
            }
        })
    })
}
