//! The native half of the Node package: it converts and never computes.
//!
//! JavaScript finds a series' cell here once and adds to it by itself ever after, through a typed array that lies over the
//! cells; a scrape reads them on a thread of its own. Everything is a function over externals, with no classes, so that the
//! addon can be loaded again by another module registry of the same isolate.
//!
//! * [`isolate`]: the calling thread's shard, the memory that its JavaScript lends, and how it hears of removals.
//! * [`metric`]: a family, and what an isolate holds of it. [`registry`]: what is scraped together.
//! * [`reading`]: a family as plain numbers. [`rendering`]: scrapes, off the event loop or on it. [`told`]: metrics that are
//!   JavaScript's.
//! * [`serving`]: the server. [`asking`]: what it asks of JavaScript.
//! * [`raw`]: every raw pointer of this crate.
//!
//! Absent: whatever is pleasant to type. `lib/` has that, and says what each function here is for.

// A test build has no addon, and so nobody who calls its functions.
#![cfg_attr(test, allow(dead_code))]

mod asking;
mod error;
mod isolate;
mod metric;
mod raw;
mod reading;
mod registry;
mod rendering;
mod serving;
mod told;
