//! The server against real sockets and real clients: what is served, what is refused, how it begins and ends.
//!
//! One program, so that it is linked once. Each test has a server of its own at a port of its own.

mod clients;
mod crowds;
mod ending;
mod limits;
mod processes;
mod reload;
mod routes;
mod sockets;
mod streams;
mod support;
mod tls;
