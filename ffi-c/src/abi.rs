//! Version, and whether a caller was built with a header of the same layout.

use crate::exposition::tyk_exposition;
use crate::options::{tyk_options, tyk_registry_options};
use crate::snapshot::{tyk_family_view, tyk_series_view};
use crate::{bytes, counter, guard, handle, histogram, series, shard, table, text};
use engine::{Error, ErrorCode};
use std::ffi::{CStr, c_char};

/// The number of the layout: raised when a structure or a function changes in a way that programs built before do not
/// know.
pub const TYK_ABI: u32 = 1;

/// Sizes that a layout lists.
pub const TYK_ABI_SIZES: usize = 15;

/// What a program was built with; TYK_ABI_LAYOUT fills it.
#[repr(C)]
#[derive(Clone, Copy, PartialEq)]
pub struct tyk_abi {
    /// TYK_ABI.
    pub version: u32,
    /// The sizes of the structures that both sides know, in the order of TYK_ABI_LAYOUT.
    pub sizes: [u32; TYK_ABI_SIZES],
}

const OWN: tyk_abi = tyk_abi {
    version: TYK_ABI,
    sizes: [
        size_of::<text::tyk_str>() as u32,
        size_of::<text::tyk_label>() as u32,
        size_of::<bytes::tyk_bytes>() as u32,
        size_of::<shard::tyk_cells>() as u32,
        size_of::<shard::tyk_shard>() as u32,
        size_of::<series::tyk_series>() as u32,
        size_of::<counter::tyk_counter>() as u32,
        size_of::<histogram::tyk_histogram>() as u32,
        size_of::<table::tyk_entry>() as u32,
        size_of::<table::tyk_table>() as u32,
        size_of::<tyk_options>() as u32,
        size_of::<tyk_registry_options>() as u32,
        size_of::<tyk_exposition>() as u32,
        size_of::<tyk_family_view>() as u32,
        size_of::<tyk_series_view>() as u32,
    ],
};

const VERSION: &CStr = match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
    Ok(version) => version,
    Err(_) => c"",
};

/// The version of the library, such as "1.2.3". Compare with TYK_VERSION, that of the header.
#[unsafe(no_mangle)]
pub extern "C" fn tyk_version() -> *const c_char {
    guard::or(VERSION.as_ptr(), || VERSION.as_ptr())
}

fn check(built_with: &tyk_abi) -> engine::Result<()> {
    if *built_with == OWN {
        return Ok(());
    }
    let message = match built_with.version == TYK_ABI {
        false => format!(
            "the program was built with a header of ABI {}, and the library {} has ABI {TYK_ABI}",
            built_with.version,
            env!("CARGO_PKG_VERSION")
        ),
        true => format!(
            "the program was built with structures of the sizes {:?}, and the library {} has {:?}",
            built_with.sizes,
            env!("CARGO_PKG_VERSION"),
            OWN.sizes
        ),
    };
    Err(Error::new(ErrorCode::Abi, format!("{message}: build it with the header that came with the library")))
}

/// Whether a program was built with the header of this library. For programs that load the library by themselves; the
/// header calls tyk_abi_require for the others.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_abi_check(built_with: *const tyk_abi) -> *mut crate::error::tyk_error {
    // SAFETY: the rules of the header.
    guard::run(|| check(unsafe { handle::given(built_with, "built_with") }?))
}

/// Ends the process with a message if it was built with another header. The header calls it when a program or a library
/// that includes it is loaded, before any of its code runs.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_abi_require(built_with: *const tyk_abi) {
    guard::quiet(|| {
        // SAFETY: the rules of the header.
        if let Some(Err(error)) = unsafe { handle::optional(built_with) }.map(check) {
            eprintln!("tykmetrics: {error}");
            std::process::abort();
        }
    });
}
