//! The page for people: its HTML, and the numbers it asks for. Pure functions, called by `answer`.

use tykmetrics::Snapshot;

/// The page.
pub(crate) const HTML: &str = "<!doctype html><html lang=\"en\"><title>tykmetrics</title>\
    <p><a href=\"metrics\">metrics</a></html>\n";

/// What the page may load and run: nothing from elsewhere.
pub(crate) const POLICY: &str = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// What the page shows of a snapshot, as JSON.
pub(crate) fn overview(snapshot: &Snapshot) -> Vec<u8> {
    format!("{{\"at_ms\":{},\"families\":{}}}", snapshot.at_ms, snapshot.families.len()).into_bytes()
}
