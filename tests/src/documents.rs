//! The project's documents, so that their Rust snippets are compiled and run with the documentation tests. A document
//! with such a snippet that is missing here fails a test in `docs.rs`.

#[doc = include_str!("../../README.md")]
struct Readme;

#[doc = include_str!("../../server/README.md")]
struct Server;
