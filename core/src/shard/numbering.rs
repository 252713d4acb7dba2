//! Which cell numbers exist, and which are free.
//!
//! One number space serves both tiers. Numbers below [`Layout::private`] have a cell in every slab and one in the
//! shared mapping; the rest only have the shared one. Each tier has room for single cells and for whole pages, and what
//! is set rather than counted lies apart, since a forked child keeps it:
//!
//! ```text
//! 0 ......... scalars ......... private ........ shared scalars ........ levels ..... end
//! | private scalars | private pages | shared scalars   |   shared pages   |   levels   |
//! ```
//!
//! A record looks at one number only: below the limit of its writer's slab it adds plainly, else to the shared cell.

use super::cell::CellId;
use crate::sync::{AtomicU32, Mutex, Ordering::Relaxed, held};
use std::collections::BTreeMap;

/// Cells in a page. A histogram's pages start at multiples of this.
pub(crate) const PAGE_CELLS: u32 = crate::shape::PAGE_CELLS as u32;

/// How many numbers each part of the space has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Layout {
    /// Private single cells; a whole number of pages.
    pub(crate) scalars: u32,
    /// Private pages.
    pub(crate) pages: u32,
    /// Shared single cells; a whole number of pages.
    pub(crate) shared_scalars: u32,
    /// Shared pages.
    pub(crate) shared_pages: u32,
    /// Cells of gauges and states.
    pub(crate) levels: u32,
}

impl Layout {
    /// What a process starts with: 65 MiB of address space per writer, 10 GiB shared, none of it touched.
    /// 131,072 scalars are the first 512 series of 256 counter families; 16,384 pages the first 64 series of 85 families
    /// of histograms of three pages; 268 million shared cells are beyond any memory budget this engine is asked to fit, and
    /// 16 million levels are the most series that a family has.
    #[cfg(all(unix, not(miri)))]
    pub(crate) const DEFAULT: Layout =
        Layout { scalars: 1 << 17, pages: 1 << 14, shared_scalars: 1 << 28, shared_pages: 1 << 21, levels: 1 << 24 };

    /// Where memory cannot be reserved without being had, a process starts with little and stays with it.
    #[cfg(not(all(unix, not(miri))))]
    pub(crate) const DEFAULT: Layout =
        Layout { scalars: 1 << 13, pages: 64, shared_scalars: 1 << 18, shared_pages: 1 << 8, levels: 1 << 13 };

    /// The first number that has no cell in a slab.
    pub(crate) const fn private(&self) -> u32 {
        self.scalars + self.pages * PAGE_CELLS
    }

    /// The first number of a level. With as many numbers as a process has, it starts a page of any size in use (64 KiB),
    /// as advice to the kernel wants it.
    pub(crate) const fn first_level(&self) -> u32 {
        self.private() + self.shared_scalars + self.shared_pages * PAGE_CELLS
    }

    /// One past the last number.
    pub(crate) const fn end(&self) -> u32 {
        self.first_level() + self.levels
    }

    /// The same with half the shared part, for a kernel that refuses the whole.
    pub(crate) fn halved(&self) -> Layout {
        let half = |n: u32| (n / 2).next_multiple_of(PAGE_CELLS);
        Layout {
            shared_scalars: half(self.shared_scalars),
            shared_pages: self.shared_pages / 2,
            levels: half(self.levels),
            ..*self
        }
    }
}

/// Which tier a series is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tier {
    Private,
    Shared,
    /// One shared cell that a forked child keeps.
    Level,
}

/// A run of numbers handed out from its start, and those that came back.
struct Region {
    next: AtomicU32,
    end: u32,
    /// Free runs by their length.
    free: Mutex<BTreeMap<u32, Vec<CellId>>>,
}

impl Region {
    fn new(start: u32, end: u32) -> Region {
        Region { next: AtomicU32::new(start), end, free: Mutex::new(BTreeMap::new()) }
    }

    /// A run that nobody had before. Takes no lock.
    fn fresh(&self, len: u32) -> Option<CellId> {
        // Relaxed: the number alone is exchanged; what its cells mean is published by whoever asked for it.
        self.next.fetch_update(Relaxed, Relaxed, |at| at.checked_add(len).filter(|end| *end <= self.end)).ok()
    }

    /// As [`take`](Self::take), without ever waiting: a free list that somebody else is at is passed by.
    fn take_at_once(&self, len: u32) -> Option<CellId> {
        let used = self.free.try_lock().and_then(|mut free| free.get_mut(&len).and_then(Vec::pop));
        used.or_else(|| self.fresh(len))
    }

    fn take(&self, len: u32) -> Option<CellId> {
        let used = held(self.free.lock()).get_mut(&len).and_then(Vec::pop);
        used.or_else(|| self.fresh(len))
    }

    fn give_back(&self, at: CellId, len: u32) {
        held(self.free.lock()).entry(len).or_default().push(at);
    }
}

/// What so many numbers are given: a run of a page or more has whole pages, so that the next one starts at a page.
fn whole_pages(len: u32) -> u32 {
    if len < PAGE_CELLS { len } else { len.next_multiple_of(PAGE_CELLS) }
}

/// The numbers of one space.
pub(crate) struct Numbering {
    layout: Layout,
    scalars: Region,
    pages: Region,
    shared_scalars: Region,
    shared_pages: Region,
    levels: Region,
}

impl Numbering {
    pub(crate) fn new(layout: Layout) -> Numbering {
        let private = layout.private();
        let pages = private + layout.shared_scalars;
        Numbering {
            layout,
            // Number 0 stays unused, so that a zeroed handle names no series.
            scalars: Region::new(1, layout.scalars),
            pages: Region::new(layout.scalars, private),
            shared_scalars: Region::new(private, pages),
            shared_pages: Region::new(pages, layout.first_level()),
            levels: Region::new(layout.first_level(), layout.end()),
        }
    }

    pub(crate) fn layout(&self) -> Layout {
        self.layout
    }

    fn region(&self, tier: Tier, len: u32) -> &Region {
        let paged = len >= PAGE_CELLS;
        match (tier, paged) {
            (Tier::Private, false) => &self.scalars,
            (Tier::Private, true) => &self.pages,
            (Tier::Shared, false) => &self.shared_scalars,
            (Tier::Shared, true) => &self.shared_pages,
            (Tier::Level, _) => &self.levels,
        }
    }

    /// `len` numbers in a row, of the tier if it has any left, else shared ones.
    pub(crate) fn take(&self, tier: Tier, len: u32) -> Option<CellId> {
        let len = whole_pages(len);
        self.region(tier, len).take(len).or_else(|| self.region(Tier::Shared, len).take(len))
    }

    /// One number in the tier that `beside` is in. Waits for nobody and allocates nothing, for the record path.
    pub(crate) fn take_beside(&self, beside: CellId) -> Option<CellId> {
        let private = (beside < self.layout.private()).then(|| self.scalars.take_at_once(1)).flatten();
        private.or_else(|| self.shared_scalars.take_at_once(1))
    }

    /// Takes numbers back. Their cells must be zero in every slab, and nobody may write them.
    pub(crate) fn give_back(&self, at: CellId, len: u32) {
        let tier = match at {
            at if at < self.layout.private() => Tier::Private,
            at if at < self.layout.first_level() => Tier::Shared,
            _ => Tier::Level,
        };
        let len = whole_pages(len);
        self.region(tier, len).give_back(at, len);
    }

    /// One past the highest number ever given out in the private scalars, private pages, shared scalars and shared
    /// pages.
    pub(crate) fn used(&self) -> [u32; 4] {
        // Relaxed: an estimate for committing memory and for the self metrics.
        [&self.scalars, &self.pages, &self.shared_scalars, &self.shared_pages].map(|r| r.next.load(Relaxed))
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    const LAYOUT: Layout = Layout { scalars: 512, pages: 2, shared_scalars: 512, shared_pages: 1, levels: 2 };

    #[test]
    fn numbers_go_to_their_tier_and_on_to_the_shared_one() {
        let numbers = Numbering::new(LAYOUT);
        let take = |tier, len| numbers.take(tier, len).expect("a number");
        assert_eq!((take(Tier::Private, 1), take(Tier::Private, 10)), (1, 2), "0 is never given");
        assert_eq!(take(Tier::Private, 512), 512);
        assert_eq!(take(Tier::Shared, 1), LAYOUT.private());
        assert_eq!(take(Tier::Private, 500), 12, "the rest of the private scalars");
        assert_eq!(take(Tier::Private, 1), LAYOUT.private() + 1, "the shared tier takes what does not fit");
        assert_eq!(take(Tier::Private, 512), 1024);
        assert_eq!(take(Tier::Private, 512), LAYOUT.private() + 512, "a shared page");
        assert_eq!(numbers.take(Tier::Private, 512), None);
    }

    #[test]
    fn no_number_is_given_twice_and_those_given_back_are_given_again() {
        let numbers = Numbering::new(LAYOUT);
        let mut given = std::collections::HashSet::new();
        for len in [1, 3, 13].into_iter().cycle() {
            let Some(at) = numbers.take(Tier::Private, len) else { break };
            assert!((at..at + len).all(|number| given.insert(number)), "{at} + {len}");
        }
        numbers.give_back(20, 13);
        numbers.give_back(LAYOUT.private() + 5, 1);
        assert_eq!(numbers.take(Tier::Private, 13), Some(20));
        assert_eq!(numbers.take_beside(LAYOUT.private()), Some(LAYOUT.private() + 5));
    }

    #[test]
    fn levels_lie_apart_and_on_pages_of_their_own() {
        let numbers = Numbering::new(LAYOUT);
        let first = LAYOUT.first_level();
        assert_eq!([1, 1, 1].map(|len| numbers.take(Tier::Level, len)), [first, first + 1, LAYOUT.private()].map(Some));
        numbers.give_back(first, 1);
        assert_eq!(numbers.take(Tier::Level, 1), Some(first), "what is given back goes where it came from");
        let mut layout = Layout::DEFAULT;
        while layout.shared_scalars >= 1 << 18 {
            assert_eq!(layout.first_level() % (64 * 1024 / 8), 0, "{layout:?}");
            layout = layout.halved();
        }
    }

    #[test]
    fn pages_start_where_pages_start() {
        let numbers = Numbering::new(Layout::DEFAULT);
        numbers.take(Tier::Shared, 7);
        for tier in [Tier::Private, Tier::Shared, Tier::Private] {
            assert_eq!(numbers.take(tier, 1536).map(|at| at % PAGE_CELLS), Some(0));
        }
    }
}
