//! An allocator that counts.
//!
//! `scenarios` asks how often a thread allocated while it looked series up. The count is a plain thread-local
//! cell, so that a contender that allocates a lot pays the same for its allocations as without it.
//! Frees are not counted: a path that only frees has allocated before.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    // No destructor and no lazy start: both would allocate or fail inside the allocator.
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

/// The system's allocator with a count of its calls, per thread.
pub(crate) struct Counting;

/// How many allocations this thread has made since it started.
pub(crate) fn allocations() -> u64 {
    COUNT.with(Cell::get)
}

fn count() {
    // A thread that is being torn down has no count any more; it still gets its memory.
    let _ = COUNT.try_with(|count| count.set(count.get() + 1));
}

// SAFETY: every call goes to `System` unchanged; the count touches no memory that the allocator hands out.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's promise about `layout` is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's promise about `layout` is passed on.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: `pointer` came from `System` through `alloc` above, with this `layout`.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: `pointer` came from `System` through `alloc` above, with this `layout`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[cfg(test)]
mod tests {
    use super::allocations;
    use std::hint::black_box;

    #[test]
    fn a_box_is_one_allocation_and_an_integer_is_none() {
        let before = allocations();
        black_box(7_u64);
        assert_eq!(allocations(), before);
        black_box(Box::new(7_u64));
        assert_eq!(allocations(), before + 1);
    }
}
