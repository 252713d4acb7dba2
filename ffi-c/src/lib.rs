//! The C door: libtykmetrics.
//!
//! Every function here converts what C gives, calls the engine, and converts back; nothing is computed. One file a noun,
//! as in the engine. Raw pointers become references in [`handle`] alone, panics end in [`guard`], and the rules that
//! callers keep are the first page of the header (`header/rules.h`), which is the safety section of every function
//! here. The header itself is made from these sources by the test `tests/header.rs`.

// Whoever calls is C: what it owes stands once, at the top of the header.
#![allow(clippy::missing_safety_doc)]
// The names are those of the header.
#![allow(non_camel_case_types)]
// What C sees is exported by its symbol, not by a path.
#![allow(unreachable_pub)]

#[cfg(panic = "abort")]
compile_error!("libtykmetrics keeps panics from its host, which panic=\"abort\" makes impossible");

mod abi;
mod bytes;
mod callback;
mod collector;
mod counter;
mod distribution;
mod error;
mod exposition;
mod families;
mod family;
mod gauge;
mod guard;
mod handle;
mod histogram;
mod info;
mod options;
mod own;
mod registry;
mod render;
mod request;
mod series;
mod server;
#[cfg_attr(not(feature = "serve"), path = "lean.rs")]
mod serving;
mod shard;
mod snapshot;
mod state_set;
mod summary;
mod table;
mod text;
mod up_down;
