//! The page that people look at: `/`, and the JSON that it asks for every two seconds.
//!
//! Everything here is a pure function of what a registry holds: no socket, no clock, no state between two calls, so the server
//! may answer any number of them at a time. What the page shows as a rate it works out itself, from the differences
//! between two answers. Absent: routes, authentication and compression, which are the server's, as for all it serves.

mod escape;
mod index;
mod overview;
mod policy;

pub use index::{About, html};
pub use overview::{Parts, overview, roles};
pub use policy::policy;

/// The content type of [`html`].
pub const HTML_TYPE: &str = "text/html; charset=utf-8";

/// The content type of [`overview`].
pub const OVERVIEW_TYPE: &str = "application/json; charset=utf-8";
