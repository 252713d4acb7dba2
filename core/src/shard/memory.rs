//! The one place that maps memory for cells.
//!
//! A [`Mapping`] is a run of zeroed 8-byte cells that never moves: address space is reserved at once and the kernel
//! gives pages at first touch, so a pointer handed to a host stays valid as long as the mapping lives. Private mappings
//! start from zero in a forked child, at the same addresses, but for the parts that are to be kept. Shared ones put the
//! same cells on a file (tmpfs, memfd) that other processes can map. Under loom and Miri, which know no `mmap`, the cells
//! are a boxed slice.

use crate::error::{Error, ErrorCode, Result};
use crate::sync::AtomicU64;
use std::ops::Range;
use std::ptr::NonNull;
#[cfg(loom)]
use std::sync::atomic::{AtomicU64 as MarkedCells, Ordering::SeqCst};

/// Where the cells of a mapping live.
#[derive(Debug, Clone, Copy)]
#[cfg_attr(any(loom, miri, not(unix)), allow(dead_code))]
pub(crate) enum Source<'a> {
    /// Memory of this process alone.
    Private,
    /// A file that other processes may map, from this byte on. It must live in memory (tmpfs, memfd): a disk's
    /// write-back would stall writers.
    #[cfg(unix)]
    #[cfg_attr(not(test), expect(dead_code, reason = "segments shared between processes are built on this"))]
    Shared(std::os::fd::BorrowedFd<'a>, u64),
    #[cfg(not(unix))]
    #[doc(hidden)]
    _Lifetime(std::marker::PhantomData<&'a ()>),
}

/// A run of cells that never moves.
pub(crate) struct Mapping {
    base: NonNull<AtomicU64>,
    cells: usize,
    /// True if every cell may be touched; else only those that were committed.
    promised: bool,
    /// The file behind a shared mapping, and where in it the cells begin.
    #[cfg(all(unix, not(loom), not(miri)))]
    file: Option<(std::os::fd::OwnedFd, u64)>,
    /// A bit for each cell that was committed: models treat every mapping as one whose pages were not promised.
    #[cfg(loom)]
    committed: MarkedCells,
}

// SAFETY: a mapping is a fixed run of atomics; the pointer is never changed and is valid until the last owner drops it.
unsafe impl Send for Mapping {}
// SAFETY: as above; every access through `base` is atomic.
unsafe impl Sync for Mapping {}

impl Mapping {
    pub(crate) fn base(&self) -> NonNull<AtomicU64> {
        self.base
    }

    pub(crate) fn len(&self) -> usize {
        self.cells
    }

    /// Where the cells from `index` on begin, which must be below [`len`](Self::len).
    #[inline]
    pub(crate) fn run(&self, index: usize) -> NonNull<AtomicU64> {
        debug_assert!(index < self.cells);
        // SAFETY: the caller keeps `index` inside the mapping.
        unsafe { self.base.add(index) }
    }

    /// The cell at `index`, which must be below [`len`](Self::len) and committed.
    #[inline]
    pub(crate) fn cell(&self, index: usize) -> &AtomicU64 {
        debug_assert!(index < self.cells);
        #[cfg(loom)]
        assert!(self.is_committed(index), "cell {index} was touched before its page was committed");
        // SAFETY: the caller keeps `index` inside the mapping, whose cells are valid for as long as it lives.
        unsafe { self.base.add(index).as_ref() }
    }
}

fn refused(cells: usize, why: impl std::fmt::Display) -> Error {
    let bytes = cells.saturating_mul(8);
    Error::new(
        ErrorCode::Platform,
        format!("cannot map {bytes} bytes for cells: {why}; raise the limit on address space (ulimit -v)"),
    )
}

#[cfg(all(unix, not(loom), not(miri)))]
mod pages {
    use super::*;
    use std::io;
    use std::os::fd::AsRawFd;

    impl Mapping {
        /// Reserves `cells` zeroed cells. Where the kernel refuses to promise them all, they are committed in steps.
        pub(crate) fn reserve(cells: usize, source: Source<'_>) -> Result<Mapping> {
            let bytes = cells * 8;
            let (flags, fd, offset) = match source {
                Source::Private => (libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE, -1, 0),
                Source::Shared(file, offset) => (libc::MAP_SHARED, file.as_raw_fd(), offset),
            };
            let map = |protection| {
                // SAFETY: a fresh mapping at an address of the kernel's choice touches nothing that exists.
                let at =
                    unsafe { libc::mmap(std::ptr::null_mut(), bytes, protection, flags, fd, offset as libc::off_t) };
                (at != libc::MAP_FAILED).then_some(at).ok_or_else(io::Error::last_os_error)
            };
            // A kernel that counts every promise (vm.overcommit_memory = 2) refuses the first form and grants the
            // second, which promises nothing until it is committed.
            let (at, promised) = match map(libc::PROT_READ | libc::PROT_WRITE) {
                Ok(at) => (at, matches!(source, Source::Private)),
                Err(_) => (map(libc::PROT_NONE).map_err(|e| refused(cells, e))?, false),
            };
            if let Source::Private = source {
                // One touched cell must cost a 4 KiB page, not a 2 MiB one, and a forked child must start from zero.
                // A kernel without either advice still counts correctly, so the results are not looked at.
                // SAFETY: advice about the mapping just made.
                unsafe {
                    #[cfg(target_os = "linux")]
                    libc::madvise(at, bytes, libc::MADV_NOHUGEPAGE);
                    #[cfg(target_os = "linux")]
                    libc::madvise(at, bytes, libc::MADV_WIPEONFORK);
                }
            }
            let file = match source {
                Source::Private => None,
                Source::Shared(file, offset) => {
                    Some((file.try_clone_to_owned().map_err(|e| refused(cells, e))?, offset))
                }
            };
            let base = NonNull::new(at.cast()).ok_or_else(|| refused(cells, "address zero"))?;
            Ok(Mapping { base, cells, promised, file })
        }

        /// Lets a forked child find these cells as they were, and not zeroed.
        pub(crate) fn keep_on_fork(&self, cells: Range<usize>) {
            debug_assert!(cells.end <= self.cells);
            // SAFETY: advice about a part of this mapping. Where it is not taken, a child finds zeroes.
            #[cfg(target_os = "linux")]
            unsafe {
                let at = self.base.as_ptr().add(cells.start);
                libc::madvise(at.cast(), cells.len() * 8, libc::MADV_KEEPONFORK);
            }
        }

        /// Makes a range of cells usable; false if the kernel refuses. Calling it again for the same cells is harmless.
        pub(crate) fn commit(&self, cells: Range<usize>) -> bool {
            if self.promised || cells.is_empty() {
                return true;
            }
            // Steps of 64 KiB keep the number of calls low and the unused promise small; they are also a multiple of
            // every page size in use.
            const STEP: usize = 64 * 1024 / 8;
            let from = cells.start / STEP * STEP;
            let upto = cells.end.next_multiple_of(STEP).min(self.cells);
            if cells.end > upto {
                return false;
            }
            let bytes = (upto - from) * 8;
            if let Some((file, offset)) = &self.file {
                // A page of a sparse file that cannot be had at first touch is a SIGBUS; asking for it here is an error.
                let start = offset + from as u64 * 8;
                // SAFETY: plain integers and an open descriptor.
                let given =
                    unsafe { libc::posix_fallocate(file.as_raw_fd(), start as libc::off_t, bytes as libc::off_t) };
                if given != 0 {
                    return false;
                }
            }
            // SAFETY: the range lies inside the mapping, which was reserved without a promise of its pages.
            let done = unsafe {
                libc::mprotect(self.base.as_ptr().add(from).cast(), bytes, libc::PROT_READ | libc::PROT_WRITE)
            };
            done == 0
        }
    }

    impl Drop for Mapping {
        fn drop(&mut self) {
            // SAFETY: the mapping was made by `reserve` with this address and length, and nothing can reach it now.
            unsafe { libc::munmap(self.base.as_ptr().cast(), self.cells * 8) };
        }
    }
}

#[cfg(any(not(unix), loom, miri))]
mod pages {
    use super::*;

    impl Mapping {
        pub(crate) fn reserve(cells: usize, _: Source<'_>) -> Result<Mapping> {
            let cells_box: Box<[AtomicU64]> = (0..cells).map(|_| AtomicU64::new(0)).collect();
            let base = NonNull::new(Box::into_raw(cells_box).cast()).ok_or_else(|| refused(cells, "no memory"))?;
            Ok(Mapping {
                base,
                cells,
                promised: !cfg!(loom),
                #[cfg(loom)]
                committed: MarkedCells::new(0),
            })
        }

        /// Nobody forks.
        pub(crate) fn keep_on_fork(&self, _: Range<usize>) {}

        pub(crate) fn commit(&self, cells: Range<usize>) -> bool {
            // SeqCst: not part of the model, so it must not add an order that is not there: it is a plain lock to loom.
            #[cfg(loom)]
            cells.clone().for_each(|cell| {
                self.committed.fetch_or(1 << cell, SeqCst);
            });
            (self.promised || cfg!(loom)) && cells.end <= self.cells
        }

        /// Whether a model may touch the cell. Models have at most 64.
        #[cfg(loom)]
        pub(super) fn is_committed(&self, cell: usize) -> bool {
            // SeqCst: as above.
            self.committed.load(SeqCst) >> cell & 1 == 1
        }
    }

    impl Drop for Mapping {
        fn drop(&mut self) {
            // SAFETY: `reserve` made this box with this length, and nothing can reach it now.
            drop(unsafe { Box::from_raw(std::ptr::slice_from_raw_parts_mut(self.base.as_ptr(), self.cells)) });
        }
    }
}

#[cfg(all(test, unix, not(loom), not(miri)))]
mod tests {
    use super::*;
    use crate::sync::Ordering::Relaxed;
    use std::os::fd::{AsFd, FromRawFd, OwnedFd};

    #[test]
    fn a_private_mapping_is_zero_and_keeps_what_is_written() {
        let mapping = Mapping::reserve(1 << 30, Source::Private).expect("8 GiB of address space, untouched");
        assert!(mapping.commit(0..10) && mapping.commit((1 << 30) - 1..1 << 30));
        for at in [0, 1, 511, 512, (1 << 30) - 1] {
            assert_eq!(mapping.cell(at).fetch_add(at as u64, Relaxed), 0);
            assert_eq!(mapping.cell(at).load(Relaxed), at as u64);
        }
    }

    #[test]
    fn what_cannot_be_mapped_is_an_error_that_says_so() {
        let error = Mapping::reserve(1 << 52, Source::Private).err().expect("more than the address space");
        assert_eq!(error.code(), ErrorCode::Platform);
        assert!(error.message().contains("ulimit -v"), "{error}");
    }

    #[test]
    fn a_shared_mapping_is_one_memory_however_often_it_is_mapped() {
        const CELLS: usize = 64 * 1024;
        const OFFSET: u64 = 64 * 1024;
        // SAFETY: plain system calls; the descriptor is owned from here on.
        let file = unsafe {
            let fd = libc::memfd_create(c"cells".as_ptr(), libc::MFD_CLOEXEC);
            assert!(fd >= 0 && libc::ftruncate(fd, OFFSET as i64 + CELLS as i64 * 8) == 0);
            OwnedFd::from_raw_fd(fd)
        };
        let map = || Mapping::reserve(CELLS, Source::Shared(file.as_fd(), OFFSET)).expect("mapped");
        let (one, other) = (map(), map());
        assert!(one.commit(100..200) && other.commit(100..200));
        one.cell(100).store(7, Relaxed);
        assert_eq!(other.cell(100).load(Relaxed), 7);
        assert_eq!(other.cell(101).load(Relaxed), 0);
    }
}
