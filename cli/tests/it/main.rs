//! The program as its users start it. What needs data or programs from elsewhere says so and is left out where they are not.

mod check;
mod config;
mod docs;
mod formats;
mod http;
mod judge;
mod promtool;
mod serve;
mod support;
mod top;
