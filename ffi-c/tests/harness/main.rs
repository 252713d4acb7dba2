//! The C door from outside: real C programs, compiled against the installed header and run against the installed library.
//!
//! `TYKMETRICS_PREFIX` says where it is installed; without it, `target/prefix`, which `make prefix` fills. Each test
//! compiles what it runs, from the sources in `ffi-c/tests/c` and `examples`, with every warning an error.

mod abi;
mod code;
mod exports;
mod header;
mod kit;
mod lua;
mod nulls;
mod programs;
mod serve;
mod server;
