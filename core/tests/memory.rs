//! Memory that is used once is used again: the text of gone series and families, and pages nobody touched.

use tykmetrics::{CellEncoding, Owner, Registry, Shard};

fn rss_kib() -> u64 {
    let s = std::fs::read_to_string("/proc/self/statm").unwrap();
    s.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4
}

static ONE: std::sync::Mutex<()> = std::sync::Mutex::new(());

/// Dropping a family that was hardly used must not commit the pages that nobody touched.
#[test]
fn removing_series_commits_no_memory() {
    let _one = ONE.lock().unwrap_or_else(|e| e.into_inner());
    let shards: Vec<_> = (0..64).map(|_| Shard::open(Owner::Holder, CellEncoding::U64).unwrap()).collect();
    let r = Registry::new();
    let f = r.histogram("h", "").labels(["l"]).register().unwrap();
    (0..64).for_each(|i| f.with([&i.to_string()]).observe(0.1));
    let before = rss_kib();
    f.clear();
    r.upkeep();
    let grew = rss_kib().saturating_sub(before);
    drop(shards);
    assert!(grew < 4096, "reclaiming 64 idle histograms committed {grew} KiB");
}

/// A family that is taken out gives its label text back.
#[test]
fn unregistered_families_give_their_text_back() {
    let _one = ONE.lock().unwrap_or_else(|e| e.into_inner());
    let r = Registry::new();
    let cycle = |i: usize| {
        let f = r.counter("c_total", "").labels(["l"]).register().unwrap();
        let _ = f.with([&format!("{i:060000}")]);
        drop(f);
        assert!(r.unregister("c_total"));
    };
    (0..10).for_each(cycle);
    let before = rss_kib();
    (10..1500).for_each(cycle);
    let grew = rss_kib().saturating_sub(before);
    assert!(grew < 10_000, "{grew} KiB of text of families that are gone");
}

/// A family that is not listed any more but still used does not grow for ever.
#[test]
fn an_unlisted_family_takes_removed_series_back() {
    let _one = ONE.lock().unwrap_or_else(|e| e.into_inner());
    let r = Registry::new();
    let f = r.counter("c_total", "").labels(["l"]).limit(10).register().unwrap();
    r.unregister("c_total");
    let cycle = |i: usize| {
        let _ = f.with([&format!("{i:060000}")]);
        f.remove([&format!("{i:060000}")]);
        r.upkeep();
    };
    (0..10).for_each(cycle);
    let before = rss_kib();
    (10..1000).for_each(cycle);
    let grew = rss_kib().saturating_sub(before);
    assert!(grew < 10_000, "{grew} KiB of removed series of an unlisted family");
}

/// One live series at a time, whose value is a little longer each time.
#[test]
fn text_of_gone_series_is_used_again_whatever_its_length() {
    let _one = ONE.lock().unwrap_or_else(|e| e.into_inner());
    let r = Registry::new();
    let f = r.counter("c_total", "").labels(["l"]).limit(10).register().unwrap();
    let before = rss_kib();
    for n in (4..16_384).step_by(4) {
        let v = "x".repeat(n);
        drop(f.with([&v]));
        f.remove([&v]);
        r.upkeep();
    }
    let grew = rss_kib().saturating_sub(before);
    assert!(grew < 4_096, "{grew} KiB of text for one live series");
}

/// What a series costs, all in: labels, index, row, cell. The figure of `make bench` at a million is 87 bytes; tables that
/// double are emptier at other numbers, hence the room.
#[test]
fn a_counter_series_costs_what_it_is_known_for() {
    const SERIES: usize = 400_000;
    let _one = ONE.lock().unwrap_or_else(|e| e.into_inner());
    let r = Registry::new();
    let f = r.counter("c_total", "").labels(["method", "route", "id"]).limit(u32::MAX).register().unwrap();
    let routes: Vec<String> = (0..100).map(|route| format!("/api/{route}")).collect();
    let before = rss_kib();
    for id in 0..SERIES {
        let method = ["GET", "POST", "PUT", "DELETE"][id % 4];
        f.with([method, &routes[id % 100], &format!("user-{id:07}")]).inc();
    }
    let bytes = (rss_kib().saturating_sub(before) * 1024) as f64 / SERIES as f64;
    println!("{bytes:.1} bytes a series");
    assert!((40.0..110.0).contains(&bytes), "{bytes:.1} bytes a series");
}

/// A histogram of the HDR store takes address space for three pages and memory for the one it touches.
#[test]
fn a_histogram_costs_the_page_it_touches() {
    const SERIES: usize = 2_000;
    let _one = ONE.lock().unwrap_or_else(|e| e.into_inner());
    let r = Registry::new();
    let f = r.histogram("h", "").labels(["id"]).private_series(u32::MAX).register().unwrap();
    let ids: Vec<String> = (0..SERIES).map(|id| id.to_string()).collect();
    let before = rss_kib();
    ids.iter().for_each(|id| (1..50).for_each(|ms| f.observe([id], f64::from(ms) * 0.001)));
    let bytes = (rss_kib().saturating_sub(before) * 1024) as f64 / SERIES as f64;
    println!("{bytes:.0} bytes a series");
    assert!((4096.0..5000.0).contains(&bytes), "{bytes:.0} bytes a series");
}
