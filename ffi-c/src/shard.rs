//! Shards: cells that one writer alone adds to, the calling thread's or a host's own.

use crate::error::tyk_error;
use crate::guard;
use crate::handle::{self, View};
use engine::{Attachment, CellEncoding, Error, ErrorCode, Owner, Result, Shard, ThreadCells};

/// Cells hold whole numbers; the sums of histograms hold doubles.
pub const TYK_CELLS_U64: u32 = 0;
/// Cells hold doubles.
pub const TYK_CELLS_F64: u32 = 1;
/// A shard's writer is an OS thread.
pub const TYK_OWNER_THREAD: u32 = 1;
/// A shard's writer is an interpreter with a global lock.
pub const TYK_OWNER_INTERPRETER: u32 = 2;
/// A shard's writer is an isolate.
pub const TYK_OWNER_ISOLATE: u32 = 3;
/// A shard's writer is a slot of a scheduler.
pub const TYK_OWNER_PROCESSOR: u32 = 4;
/// A shard's writer is whoever holds it.
pub const TYK_OWNER_HOLDER: u32 = 5;

/// The cells of one writer: number n is at cells[n], if n < limit.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tyk_cells {
    /// The cell of number 0.
    pub cells: *mut u64,
    /// One past the highest number that has a cell here; 0 if there are none.
    pub limit: u32,
    /// TYK_CELLS_U64 or TYK_CELLS_F64.
    pub encoding: u32,
}

/// Cells of a host's own writer. One writer at a time: adding to it through two threads at once loses records.
#[repr(C)]
pub struct tyk_shard {
    /// Where they are.
    pub cells: tyk_cells,
}

/// Memory of a host that holds cells.
pub struct tyk_attachment {
    /// Gives the memory back when it is dropped.
    _attachment: Attachment,
}

impl View for tyk_shard {
    type Behind = Shard;
}

fn encoding_of(encoding: u32) -> Result<CellEncoding> {
    match encoding {
        TYK_CELLS_U64 => Ok(CellEncoding::U64),
        TYK_CELLS_F64 => Ok(CellEncoding::F64),
        _ => Err(Error::new(
            ErrorCode::InvalidOption,
            format!("encoding {encoding} is not known: give TYK_CELLS_U64 or TYK_CELLS_F64"),
        )),
    }
}

/// Where the calling thread's own cells are. The address stays the same and may be read by this thread as long as it
/// lives. Its limit is 0 until the thread's first record, and again once the thread is ending: let a function record
/// then. Numbers below the limit may be added to plainly, by this thread alone.
#[unsafe(no_mangle)]
pub extern "C" fn tyk_thread_cells() -> *const tyk_cells {
    static NONE: tyk_none = tyk_none(tyk_cells { cells: std::ptr::null_mut(), limit: 0, encoding: 0 });
    guard::or(&raw const NONE.0, || ThreadCells::address().cast())
}

struct tyk_none(tyk_cells);

// SAFETY: it has no cells and never changes.
unsafe impl Sync for tyk_none {}

/// Opens cells for a writer of the host's own, or adopts those that a writer before left, counts in place. An error of
/// code TYK_ERROR_PLATFORM if there are as many as a process may have: record by the functions then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_shard_open(owner: u32, encoding: u32, out: *mut *mut tyk_shard) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        let out = unsafe { handle::place(out, "out") }?;
        let Some(who) = Owner::ALL.into_iter().skip(1).find(|known| *known as u32 == owner) else {
            let message = format!("owner {owner} is not known: give one of TYK_OWNER_THREAD to TYK_OWNER_HOLDER");
            return Err(Error::new(ErrorCode::InvalidOption, message));
        };
        let Some(shard) = Shard::open(who, encoding_of(encoding)?) else {
            let message = "no shard is left for one more writer; record by the functions, or release a shard";
            return Err(Error::new(ErrorCode::Platform, message));
        };
        let cells = tyk_cells { cells: shard.cells(), limit: shard.limit(), encoding: shard.encoding() as u32 };
        out.write(handle::hold(tyk_shard { cells }, shard));
        Ok(())
    })
}

/// Gives a shard back, counts in place, and writes NULL to `*shard`. Its cells may not be written any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_shard_release(shard: *mut *mut tyk_shard) {
    // SAFETY: the rules of the header.
    guard::quiet(|| drop(unsafe { handle::take_held(shard) }));
}

/// Lets the host's own memory hold the cells of the numbers from `first` to `first + count`: what is in there is part of
/// every scrape until the attachment is released. The memory is zeroed, aligned to 8 bytes, stays valid until then, and
/// is written by one writer at a time in whole 8-byte stores, not before this returns. If a host before left counts for
/// the same numbers, the memory begins with them. In a forked child memory from before the fork does not count: attach
/// other memory there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_shard_attach(
    encoding: u32,
    first: u32,
    memory: *mut u64,
    count: u32,
    out: *mut *mut tyk_attachment,
) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        let (_, out) = unsafe { (handle::given(memory, "memory")?, handle::place(out, "out")?) };
        // SAFETY: what the description asks of the caller.
        let attachment = unsafe { Attachment::new(encoding_of(encoding)?, first, memory, count) }?;
        out.write(handle::give(tyk_attachment { _attachment: attachment }));
        Ok(())
    })
}

/// Keeps a copy of the counts, lets the memory go, and writes NULL to `*attachment`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_attachment_release(attachment: *mut *mut tyk_attachment) {
    // SAFETY: the rules of the header.
    guard::quiet(|| drop(unsafe { handle::take(attachment) }));
}

const _: () = assert!(size_of::<tyk_cells>() == size_of::<ThreadCells>());

// The numbers of the header are the engine's.
const _: () = {
    assert!(TYK_CELLS_U64 == CellEncoding::U64 as u32 && TYK_CELLS_F64 == CellEncoding::F64 as u32);
    assert!(TYK_OWNER_THREAD == Owner::Thread as u32 && TYK_OWNER_INTERPRETER == Owner::Interpreter as u32);
    assert!(TYK_OWNER_ISOLATE == Owner::Isolate as u32 && TYK_OWNER_PROCESSOR == Owner::Processor as u32);
    assert!(TYK_OWNER_HOLDER == Owner::Holder as u32);
};
