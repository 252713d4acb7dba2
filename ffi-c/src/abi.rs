//! Version, and whether a caller was built with a header of the same layout.

use crate::exposition::tyk_exposition;
use crate::options::{tyk_options, tyk_registry_options};
use crate::snapshot::{tyk_family_view, tyk_series_view};
use crate::{
    bytes, callback, collector, counter, gauge, guard, handle, histogram, series, server, shard, summary, table, text,
    up_down,
};
use engine::{Error, ErrorCode};
use std::ffi::{CStr, c_char};
use std::io::Write as _;

/// The number of the layout: raised when a structure or a function changes in a way that programs built before do not
/// know.
pub const TYK_ABI: u32 = 1;

/// Sizes that a layout lists.
pub const TYK_ABI_SIZES: usize = 21;

/// What a program was built with; TYK_ABI_LAYOUT fills it.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tyk_abi {
    /// TYK_ABI.
    pub version: u32,
    /// How many sizes follow.
    pub count: u32,
    /// The sizes of the structures that both sides know, in the order of TYK_ABI_LAYOUT.
    pub sizes: [u32; TYK_ABI_SIZES],
}

/// The structures of a layout: name, size, and whether an earlier, smaller one is understood, since it says its size.
const OWN: [(&str, usize, bool); TYK_ABI_SIZES] = [
    ("tyk_str", size_of::<text::tyk_str>(), false),
    ("tyk_label", size_of::<text::tyk_label>(), false),
    ("tyk_bytes", size_of::<bytes::tyk_bytes>(), false),
    ("tyk_cells", size_of::<shard::tyk_cells>(), false),
    ("tyk_shard", size_of::<shard::tyk_shard>(), false),
    ("tyk_series", size_of::<series::tyk_series>(), false),
    ("tyk_counter", size_of::<counter::tyk_counter>(), false),
    ("tyk_gauge", size_of::<gauge::tyk_gauge>(), false),
    ("tyk_up_down", size_of::<up_down::tyk_up_down>(), false),
    ("tyk_histogram", size_of::<histogram::tyk_histogram>(), false),
    ("tyk_summary", size_of::<summary::tyk_summary>(), false),
    ("tyk_entry", size_of::<table::tyk_entry>(), false),
    ("tyk_table", size_of::<table::tyk_table>(), false),
    ("tyk_callback", size_of::<callback::tyk_callback>(), false),
    ("tyk_collector", size_of::<collector::tyk_collector>(), false),
    ("tyk_options", size_of::<tyk_options>(), true),
    ("tyk_registry_options", size_of::<tyk_registry_options>(), true),
    ("tyk_exposition", size_of::<tyk_exposition>(), false),
    ("tyk_family_view", size_of::<tyk_family_view>(), false),
    ("tyk_series_view", size_of::<tyk_series_view>(), false),
    ("tyk_log", size_of::<server::tyk_log>(), false),
];

const VERSION: &CStr = match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
    Ok(version) => version,
    Err(_) => c"",
};

/// The version of the library, such as "1.2.3". Compare with TYK_VERSION, that of the header.
#[unsafe(no_mangle)]
pub extern "C" fn tyk_version() -> *const c_char {
    guard::or(VERSION.as_ptr(), || VERSION.as_ptr())
}

/// # Safety
/// `built_with` has as many sizes as it says.
unsafe fn check(built_with: *const tyk_abi) -> engine::Result<()> {
    // SAFETY: the two numbers are always there.
    let (version, count) = unsafe { ((*built_with).version, (*built_with).count as usize) };
    let library = env!("CARGO_PKG_VERSION");
    let wrong = |what: String| {
        let message = format!(
            "{what}, and the library is {library}: build it with the header that came with the library, \
             all of it (a cache of compiled objects may keep an old one: `go clean -cache`, `ccache -C`)"
        );
        Err(Error::new(ErrorCode::Abi, message))
    };
    if version != TYK_ABI {
        return wrong(format!("the program was built with a header of ABI {version}, not {TYK_ABI}"));
    }
    // A later header may list more; what this library knows of it must fit.
    // SAFETY: as promised.
    let sizes = unsafe { handle::list((&raw const (*built_with).sizes).cast::<u32>(), count, "built_with->sizes") }?;
    for (theirs, (name, ours, grows)) in sizes.iter().zip(OWN) {
        let theirs = *theirs as usize;
        if theirs != ours && !(grows && theirs < ours) {
            return wrong(format!("the program was built with a {name} of {theirs} bytes, not {ours}"));
        }
    }
    Ok(())
}

/// Whether a program was built with the header of this library. For programs that load the library by themselves; the
/// header calls tyk_abi_require for the others.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_abi_check(built_with: *const tyk_abi) -> *mut crate::error::tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        unsafe {
            handle::given(built_with.cast::<u32>(), "built_with")?;
            check(built_with)
        }
    })
}

/// Ends the process with a message if it was built with another header. The header calls it when a program or a library
/// that includes it is loaded, before any of its code runs.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_abi_require(built_with: *const tyk_abi) {
    guard::quiet(|| {
        // SAFETY: the rules of the header.
        let checked = if built_with.is_null() { Ok(()) } else { unsafe { check(built_with) } };
        if let Err(error) = checked {
            // Whether or not anybody can be told, the program must not start.
            let _ = writeln!(std::io::stderr(), "tykmetrics: {error}");
            std::process::abort();
        }
    });
}
