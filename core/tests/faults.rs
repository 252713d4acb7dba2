//! Faults that a reader found once, and that must not come back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;
use tykmetrics::snapshot::{Family, Kind, Meta, Row, Snapshot, Text, Value};
use tykmetrics::{Collector, Format, Registry};

#[test]
fn histogram_pages_start_at_pages() {
    let r = Registry::new();
    let many: Vec<f64> = (1..=600).map(f64::from).collect();
    let _c = r.histogram("compact", "").compact().buckets(many).register().unwrap();
    let h = r.histogram("hdr", "").register().unwrap();
    assert_eq!(h.cell() % 512, 0);
}

/// Taking back series with exemplars is linear: 16 times the series take 16 times the work, where a fault once made it
/// 256 times. This thread's own processor time, the least of three, so that a busy neighbour changes nothing.
#[test]
fn reclaiming_series_with_exemplars() {
    let processor = || {
        let mut t = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: the clock writes one timespec, which is there.
        assert_eq!(unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut t) }, 0);
        Duration::new(t.tv_sec as u64, t.tv_nsec as u32)
    };
    let once = |n: usize| {
        let r = Registry::new();
        let f = r.counter("c_total", "").labels(["l"]).limit(1_000_000).register().unwrap();
        (0..n)
            .for_each(|i| f.with([&i.to_string()]).add_with_exemplar(1, &[("trace_id", "0123456789abcdef")]).unwrap());
        f.clear();
        let begun = processor();
        r.upkeep();
        processor() - begun
    };
    let least = |n| (0..3).map(|_| once(n)).min().unwrap();
    let (small, large) = (least(1_000), least(16_000));
    eprintln!("reclaim: 1000 series {small:?}, 16000 series {large:?}");
    assert!(large < 64 * small, "1000 series {small:?}, 16000 series {large:?}");
}

/// A user's own label `otel_metric_overflow="true"` and the overflow series are two series of one name.
#[test]
fn the_overflow_label_is_reserved() {
    let r = Registry::new();
    let f = r.counter("c_total", "").labels(["otel_metric_overflow"]).limit(1).register();
    let Ok(f) = f else { return };
    f.with(["true"]).add(1);
    f.with(["beyond"]).add(2);
    let text = String::from_utf8(r.render(Format::Text)).unwrap();
    assert_eq!(text.matches("c_total{otel_metric_overflow=\"true\"}").count(), 1, "{text}");
}

/// A slow client's scrape, and an expiry or a removal by somebody else meanwhile: no series twice.
#[test]
fn no_series_twice_in_one_scrape() {
    let r = Registry::new();
    let f = r.counter("c_total", "").labels(["l"]).register().unwrap();
    let pad = "x".repeat(100);
    (0..3000).for_each(|i| f.with([&format!("{pad}{i}")]).add(1));
    let mut first = true;
    let mut text = Vec::new();
    r.render_to(Format::Text, |chunk| {
        text.extend_from_slice(chunk);
        if std::mem::take(&mut first) {
            f.remove([&format!("{pad}0")]);
            f.with([&format!("{pad}0")]).add(1);
        }
        Ok::<(), ()>(())
    })
    .unwrap();
    let text = String::from_utf8(text).unwrap();
    assert_eq!(text.matches(&format!("{pad}0\"")).count(), 1);
}

/// Info labels go by the registry's rule like any other.
#[test]
fn info_labels_go_by_the_rule() {
    let r = Registry::options().names(tykmetrics::NameRule::Legacy).build();
    let i = r.info("build", "").register().unwrap();
    assert!(i.set(&[("not legacy", "1")]).is_err());
    assert!(i.set(&[("__reserved", "1")]).is_err());
}

/// What a callback holds may itself register a callback when it is dropped.
#[test]
fn replacing_a_callback_whose_state_uses_the_family() {
    struct OnDrop(tykmetrics::Family<tykmetrics::Gauge, 1>);
    impl Drop for OnDrop {
        fn drop(&mut self) {
            self.0.with(["b"]).callback(|| 1.0);
        }
    }
    let (done, wait) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let r = Registry::new();
        let f = r.gauge("g", "").labels(["l"]).register().unwrap();
        let state = OnDrop(f.clone());
        f.with(["a"]).callback(move || {
            let _ = &state;
            0.0
        });
        f.with(["a"]).callback(|| 2.0);
        let _ = done.send(());
    });
    assert!(wait.recv_timeout(std::time::Duration::from_secs(3)).is_ok(), "deadlock in call_for");
}

/// A panic in the drop of what a callback holds must not end all upkeep for good.
#[test]
fn upkeep_goes_on_after_a_panic() {
    struct Boom;
    impl Drop for Boom {
        fn drop(&mut self) {
            panic!("in drop");
        }
    }
    let r = Registry::new();
    let f = r.gauge("g", "").labels(["l"]).register().unwrap();
    let boom = Boom;
    f.with(["a"]).callback(move || {
        let _ = &boom;
        1.0
    });
    let n = Arc::new(AtomicU64::new(0));
    let m = n.clone();
    f.with(["b"]).callback(move || m.fetch_add(1, Relaxed) as f64);
    f.remove(["a"]);
    let r2 = r.clone();
    let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || r2.upkeep()));
    let before = n.load(Relaxed);
    let _ = r.render(Format::Text);
    assert!(n.load(Relaxed) > before, "callbacks are not asked any more");
}

/// `clear` hides the overflow row after it let the lock of growth go: by then it may be somebody else's row.
#[test]
fn clear_hides_nobody_else() {
    for _ in 0..20 {
        let r = Registry::new();
        let f = r.counter("c_total", "").labels(["l"]).limit(50).register().unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let clearers: Vec<_> = (0..6)
            .map(|_| {
                let (f, stop) = (f.clone(), stop.clone());
                std::thread::spawn(move || {
                    while !stop.load(Relaxed) {
                        f.clear();
                    }
                })
            })
            .collect();
        let users: Vec<_> = (0..6)
            .map(|t| {
                let (f, r, stop) = (f.clone(), r.clone(), stop.clone());
                std::thread::spawn(move || {
                    let mut i = 0u64;
                    while !stop.load(Relaxed) {
                        let _ = f.with([&format!("{t}-{}", i % 5)]);
                        r.upkeep();
                        i += 1;
                    }
                })
            })
            .collect();
        std::thread::sleep(std::time::Duration::from_millis(400));
        stop.store(true, Relaxed);
        clearers.into_iter().chain(users).for_each(|t| t.join().unwrap());
        let snapshot = r.snapshot();
        let shown = snapshot.family("c_total").unwrap().len();
        assert_eq!(f.len(), shown, "series that are there are not shown");
    }
}

#[test]
fn a_delta_over_a_full_second_is_the_difference() {
    let c = |whole, part| Value::Counter { whole, part };
    let d = c(11, 0.1).delta(&c(10, 0.9)).as_f64().unwrap();
    assert!((d - 0.2).abs() < 1e-9, "{d}");
}

/// The overflow slot of a family that is cleared in the middle of a scrape is another series by the time it is printed.
#[test]
fn the_overflow_row_is_still_the_overflow_row() {
    let r = Registry::new();
    let f = r.counter("c_total", "").labels(["l"]).limit(2000).register().unwrap();
    let pad = "x".repeat(60);
    (0..2000).for_each(|i| f.with([&format!("{pad}{i}")]).add(1));
    f.with(["beyond"]).add(5); // overflow is shown now
    let mut first = true;
    let mut text = Vec::new();
    r.render_to(Format::Text, |chunk| {
        text.extend_from_slice(chunk);
        if std::mem::take(&mut first) {
            f.clear();
            r.upkeep();
            f.with(["new"]).add(777);
        }
        Ok::<(), ()>(())
    })
    .unwrap();
    let text = String::from_utf8(text).unwrap();
    assert!(!text.contains("otel_metric_overflow=\"true\"} 777"), "another series is shown as the overflow");
}

#[test]
fn a_counter_that_is_read_from_a_function_does_not_expire_while_it_grows() {
    let r = Registry::new();
    let f = r.counter("c_total", "").labels(["l"]).expire_after(Duration::from_millis(300)).register().unwrap();
    let n = Arc::new(std::sync::atomic::AtomicU64::new(0));
    let m = n.clone();
    f.with(["a"]).callback(move || m.fetch_add(1, std::sync::atomic::Ordering::Relaxed) as f64);
    for _ in 0..6 {
        std::thread::sleep(Duration::from_millis(100));
        assert!(r.snapshot().value("c_total", &[("l", "a")]).is_some(), "gone, though it grew at every scrape");
    }
}

#[test]
fn a_callback_that_says_nan_does_not_spoil_a_counter() {
    let r = Registry::new();
    let c = r.counter("c_total", "").register().unwrap();
    c.add(3);
    c.callback(|| f64::NAN);
    let _ = r.snapshot();
    assert_eq!(c.value(), 3.0);
}

struct Bad;
impl Collector for Bad {
    fn collect(&self, into: &mut Snapshot) {
        let mut f = Family::new(Meta { name: "bad".into(), kind: Kind::Gauge, ..Meta::default() });
        let names = ["a".to_string(), "b".to_string()];
        f.push_row(&Row {
            names: &names,
            values: &[Text::new("1")],
            value: &Value::Gauge(1.0),
            created_ms: 0,
            exemplars: &[],
        });
        into.families.push(f);
    }
}

#[test]
fn a_collector_with_a_short_row_does_not_end_the_scrape() {
    let r = Registry::new();
    r.register_collector(Bad);
    let _ = r.render(Format::Text);
}
