//! What a removed series leaves is used again.
//!
//! One test: cells belong to the process, and counting them wants no other test beside it.

use tykmetrics::Registry;

#[test]
fn cells_of_removed_series_are_used_again() {
    let registry = Registry::new();
    let hits = registry.counter("hits_total", "").labels(["user"]).register().expect("registered");
    let mut cells = std::collections::HashSet::new();
    for round in 0..50 {
        let user = format!("user-{round:04}");
        let handle = hits.with([&user]);
        assert_eq!(handle.value(), 0.0, "a reused cell is zero");
        handle.add(7);
        handle.add_f64(0.5);
        cells.insert(handle.cell());
        drop(handle);
        assert!(hits.remove([&user]));
        registry.upkeep();
    }
    // One for the whole adds and one for the fractions.
    assert!(cells.len() <= 2, "{} cells for one series at a time", cells.len());
}
