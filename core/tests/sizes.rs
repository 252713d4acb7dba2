//! Sizes are golden: a change must edit the number here and say why.

use tykmetrics::{Counter, Family, Gauge, Histogram, Registry, Shard, Summary, UpDown};

#[test]
fn handles_are_small() {
    assert_eq!(size_of::<Counter>(), 24);
    assert_eq!(size_of::<Gauge>(), 24);
    assert_eq!(size_of::<UpDown>(), 24);
    assert_eq!(size_of::<Histogram>(), 32);
    assert_eq!(size_of::<Summary>(), 32);
    assert_eq!(size_of::<Family<Counter, 3>>(), 8);
    assert_eq!(size_of::<Registry>(), 8);
    assert_eq!(size_of::<Shard>(), 16);
    // A handle that may be missing costs nothing more.
    assert_eq!(size_of::<Option<Counter>>(), 24);
}

#[test]
fn a_default_histogram_has_the_cells_it_is_known_for() {
    let registry = Registry::new();
    let shape = |name: &str, compact: bool| {
        let builder = registry.histogram(name, "");
        let histogram = if compact { builder.compact() } else { builder }.register().expect("registered");
        histogram.distribution().shape().clone()
    };
    let hdr = shape("a", false);
    // 30 octaves of 32, each cut by 7 native bounds, 7 more by classic ones: three pages, of which a service touches one.
    assert_eq!((hdr.slots(), hdr.cells()), (1177, 1536));
    let compact = shape("b", true);
    assert_eq!((compact.slots(), compact.cells()), (12, 13));
}
