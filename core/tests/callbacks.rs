//! Whatever a callback owns is dropped where no lock is held.

use std::sync::mpsc;
use std::time::Duration;
use tykmetrics::Registry;

fn ends(what: impl FnOnce() + Send + 'static) -> bool {
    let (done, wait) = mpsc::channel();
    std::thread::spawn(move || {
        what();
        let _ = done.send(());
    });
    wait.recv_timeout(Duration::from_secs(5)).is_ok()
}

#[test]
fn reclaiming_a_series_whose_callback_holds_the_last_handle_of_another_family() {
    assert!(
        ends(|| {
            let (a, b) = (Registry::new(), Registry::new());
            let inner = b.counter("inner_total", "").register().unwrap();
            let outer = a.gauge("outer", "").labels(["l"]).register().unwrap();
            outer.with(["x"]).callback(move || inner.value());
            drop(b); // the callback's handle is all that is left of `inner_total`
            outer.remove(["x"]);
            a.upkeep();
        }),
        "deadlock in reclaim"
    );
}

/// One registry, two families, one callback: dropping the registry.
#[test]
fn dropping_a_registry_whose_callback_reads_another_of_its_families() {
    let (done, wait) = mpsc::channel();
    std::thread::spawn(move || {
        for _ in 0..64 {
            let r = Registry::new();
            let hits = r.counter("hits_total", "").register().unwrap();
            let ratio = r.gauge("ratio", "").register().unwrap();
            ratio.callback(move || hits.value());
            drop(ratio);
            let _ = r.render(tykmetrics::Format::Text);
            drop(r);
        }
        let _ = done.send(());
    });
    assert!(wait.recv_timeout(Duration::from_secs(10)).is_ok(), "deadlock in Core::drop");
}
