//! The bucket table of a histogram, for hosts that find the cell of a value by themselves.

use engine::shape::{Entry, HdrTable};

/// One sub-bucket: its cell, or its cells if bounds cut it.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tyk_entry {
    /// The first bound within; infinite if there is none.
    pub split: f64,
    /// The cell, counted from the series' first, of values up to `split`. Those above are in the cells that follow.
    pub cell: u32,
    /// 0, or 1 + where the further splits start in `more`.
    pub more: u32,
}

/// The table of the HDR store.
///
/// i = clamp(((bits of v + 2^47 - 1) >> 47) - first, 0, entry_count - 1), with a wrapping signed add and an arithmetic
/// shift. The value belongs to cell entries[i].cell, plus one if v > entries[i].split; if so and entries[i].more is not
/// 0, plus one for each of more[entries[i].more - 1 ...] that is below v, up to the first that is not. Its sum belongs
/// to the cell with the bits 3 to 8 of that number cleared (cell & ~504). Add 1 to the former, then v to the latter,
/// which holds a double; both numbers count from the series' first cell. Give what is not finite to the function.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tyk_table {
    /// The key of the first entry.
    pub first: i64,
    /// The entries; NULL for the compact store, for which there is only the function.
    pub entries: *const tyk_entry,
    /// How many there are.
    pub entry_count: usize,
    /// Further splits, in runs that rise and end with infinity.
    pub more: *const f64,
    /// How many there are.
    pub more_count: usize,
}

impl tyk_table {
    /// A view of a table, which must live as long.
    pub(crate) fn of(table: Option<&HdrTable>) -> tyk_table {
        let Some(table) = table else {
            let none = std::ptr::null();
            return tyk_table { first: 0, entries: none, entry_count: 0, more: none.cast(), more_count: 0 };
        };
        tyk_table {
            first: table.first(),
            entries: table.entries().as_ptr().cast(),
            entry_count: table.entries().len(),
            more: table.more().as_ptr(),
            more_count: table.more().len(),
        }
    }
}

// The engine's entries are given out as they lie.
const _: () = {
    assert!(size_of::<tyk_entry>() == size_of::<Entry>());
    assert!(std::mem::offset_of!(tyk_entry, split) == std::mem::offset_of!(Entry, split));
    assert!(std::mem::offset_of!(tyk_entry, cell) == std::mem::offset_of!(Entry, cell));
    assert!(std::mem::offset_of!(tyk_entry, more) == std::mem::offset_of!(Entry, more));
};
