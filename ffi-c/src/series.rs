//! What every handle begins with: where its series is, for hosts that write cells by themselves.

use crate::handle::View;
use engine::{Metric, Place};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// The bit of `*state` that is set while a series is listed. A series that was removed has it no more: look it up again.
pub const TYK_LIVE: u32 = 1;
/// The bit of `*state` of an overflow series, which takes the records of all label sets beyond a limit.
pub const TYK_OVERFLOW: u32 = 4;

/// Where a series is. Read by inline functions and by hosts; never written by them. Valid as long as its handle.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tyk_series {
    /// The first of its shared cells: atomic adds only.
    pub shared: *mut u64,
    /// Its state, to be read atomically: TYK_LIVE, TYK_OVERFLOW.
    pub state: *const u32,
    /// The number of its first cell, to be read atomically: it changes once if the series turns hot.
    pub cell: u32,
    /// Zero.
    pub reserved: u32,
}

impl tyk_series {
    pub(crate) fn of(metric: &impl Metric) -> tyk_series {
        let Place { shared, state, cell } = metric.place();
        tyk_series { shared, state, cell, reserved: 0 }
    }
}

/// A handle that begins with its series.
pub(crate) trait OnSeries: View {}

/// The number of the series' first cell, as the handle says.
///
/// # Safety
/// `handle` was made by `hold` and is not freed meanwhile.
#[inline(always)]
pub(crate) unsafe fn cell<V: OnSeries>(handle: *const V) -> u32 {
    // SAFETY: the handle begins with the series, which `host_cell` alone writes.
    unsafe { host_cell(handle) }.load(Relaxed)
}

/// Shows hosts the private cells that the metric goes on with since it was given them.
///
/// # Safety
/// As for [`cell`].
#[inline]
pub(crate) unsafe fn follow<V: OnSeries>(handle: *const V, metric: &impl Metric) {
    // SAFETY: as in `cell`.
    let (shown, known) = (unsafe { host_cell(handle) }, metric.known_cell());
    // Relaxed: either number is the series' own, and a merge reads the cells of both.
    if shown.load(Relaxed) != known {
        // Relaxed: as above. Only written if it changed, as other threads read the line.
        shown.store(known, Relaxed);
    }
}

/// # Safety
/// As for [`cell`].
#[inline(always)]
unsafe fn host_cell<'a, V: OnSeries>(handle: *const V) -> &'a AtomicU32 {
    let series = handle.cast::<tyk_series>().cast_mut();
    // SAFETY: inside the handle, aligned, and read and written through atomics only once the handle is given out.
    unsafe { AtomicU32::from_ptr(&raw mut (*series).cell) }
}

// The bits of the header are the engine's.
const _: () = assert!(TYK_LIVE == Place::LIVE && TYK_OVERFLOW == Place::OVERFLOW);
const _: () = assert!(size_of::<tyk_series>() == 24);
const _: () = assert!(std::mem::offset_of!(tyk_series, cell) == 16);
