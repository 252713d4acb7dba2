//! The project's documents, so that their Rust snippets are compiled and run with the documentation tests.
