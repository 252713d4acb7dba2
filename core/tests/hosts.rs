//! What hosts build on: places of series, the thread's cells, families that several registries list, collectors that
//! come and go.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use tykmetrics::snapshot::{Family, Kind, Meta, Snapshot, Value};
use tykmetrics::{Collector, ErrorCode, Format, Metric, Registry, ThreadCells};

fn text(registry: &Registry) -> String {
    String::from_utf8(registry.render(Format::Text)).expect("text is UTF-8")
}

#[test]
fn a_host_adds_where_the_thread_would() {
    let registry = Registry::new();
    let jobs = registry.counter("jobs_total", "").register().expect("registered");
    jobs.inc();
    // SAFETY: read on the thread whose it is.
    let mine = unsafe { *ThreadCells::address() };
    assert!(mine.are_open());
    let place = jobs.place();
    // As a host reads it: the base, then the limit.
    // SAFETY: the layout is fixed, and the pair is the thread's own.
    let (cells, limit) = unsafe {
        let words = ThreadCells::address().cast::<usize>();
        (*words as *mut u64, *words.add(1) as u32)
    };
    assert!(place.cell < limit);
    // SAFETY: the number is below the limit, and this thread alone writes its cells.
    unsafe { *cells.add(place.cell as usize) += 41 };
    assert_eq!(jobs.value(), 42.0);
    // SAFETY: shared cells live as long as the process.
    unsafe { AtomicU64::from_ptr(place.shared) }.fetch_add(8, Relaxed);
    assert_eq!(jobs.value(), 50.0);
}

#[test]
fn a_thread_without_records_has_no_cells() {
    std::thread::spawn(|| {
        // SAFETY: read on the thread whose it is.
        assert!(!unsafe { *ThreadCells::address() }.are_open());
    })
    .join()
    .expect("the thread ends well");
}

#[test]
fn a_place_says_when_its_series_is_gone() {
    let registry = Registry::new();
    let family = registry.counter("jobs_total", "").labels(["queue"]).limit(1).register().expect("registered");
    let mail = family.with(["mail"]);
    assert!(mail.place().is_live());
    // SAFETY: the handle holds the series.
    let state = |handle: &tykmetrics::Counter| unsafe { *handle.place().state };
    let beyond = family.with(["beyond"]);
    assert_eq!(state(&beyond) & tykmetrics::Place::OVERFLOW, tykmetrics::Place::OVERFLOW);
    assert_eq!(state(&mail) & tykmetrics::Place::OVERFLOW, 0);
    family.remove(["mail"]);
    assert!(!mail.place().is_live());
}

#[test]
fn a_handle_goes_on_in_the_private_cell_that_its_series_is_given() {
    let registry = Registry::new();
    let family = registry.counter("jobs_total", "").labels(["queue"]).private_series(0).register().expect("registered");
    let hot = family.with(["hot"]);
    let before = hot.place().cell;
    let add = || (0..200_000).for_each(|_| hot.inc());
    add();
    registry.upkeep();
    add();
    let after = hot.place().cell;
    assert_ne!(before, after, "the series was given a private cell");
    // SAFETY: the handle holds the series.
    let shared = unsafe { AtomicU64::from_ptr(family.with(["hot"]).place().shared) };
    let (seen, value) = (shared.load(Relaxed), hot.value());
    add();
    assert_eq!(shared.load(Relaxed), seen, "the handle that is older uses it");
    assert_eq!((value, hot.value()), (400_000.0, 600_000.0));
}

#[test]
fn an_unlisted_family_is_shown_where_it_is_listed() {
    let (home, one, two) = (Registry::new(), Registry::new(), Registry::new());
    let make = || home.counter("jobs_total", "Jobs").label_names(["queue"]).unlisted().register().expect("registered");
    let (first, second) = (make(), make());
    first.inc(&["a"]).expect("one label");
    second.add(&["a"], 5).expect("one label");
    assert_eq!(text(&home), "");
    one.list(&first).expect("a free name");
    one.list(&first).expect("listed already");
    two.list(&first).expect("a free name");
    let taken = one.list(&second).expect_err("another family has the name");
    assert_eq!(taken.code(), ErrorCode::Conflict);
    let wanted = "# HELP jobs_total Jobs\n# TYPE jobs_total counter\njobs_total{queue=\"a\"} 1\n";
    assert_eq!((text(&one), text(&two)), (wanted.to_owned(), wanted.to_owned()));
    assert!(one.unregister("jobs_total"));
    one.list(&second).expect("the name is free again");
    assert_eq!(one.snapshot().value("jobs_total", &[]), Some(5.0));
    assert_eq!(two.snapshot().value("jobs_total", &[]), Some(1.0));
}

#[test]
fn a_family_is_only_listed_under_names_that_the_registry_takes() {
    let legacy = Registry::options().names(tykmetrics::NameRule::Legacy).build();
    let dotted =
        Registry::new().gauge("a.b", "").label_names(Vec::<String>::new()).unlisted().register().expect("registered");
    assert_eq!(legacy.list(&dotted).expect_err("a dot").code(), ErrorCode::InvalidName);
    assert_eq!(text(&legacy), "");
}

#[test]
fn families_of_two_registries_are_kept_up_once() {
    let (one, two) = (Registry::new(), Registry::new());
    let family = one.counter("jobs_total", "").label_names(["q"]).unlisted().register().expect("registered");
    one.list(&family).expect("a free name");
    two.list(&family).expect("a free name");
    std::thread::scope(|scope| {
        for registry in [&one, &two] {
            scope.spawn(move || (0..300).for_each(|_| registry.upkeep()));
        }
        for i in 0..3000 {
            let name = (i % 50).to_string();
            family.inc(&[&name]).expect("one label");
            if i % 3 == 0 {
                family.remove(&[&name]).expect("one label");
            }
        }
    });
    family.clear();
    one.upkeep();
    two.upkeep();
    family.inc(&["last"]).expect("one label");
    assert_eq!((family.len(), one.snapshot().value("jobs_total", &[("q", "last")])), (1, Some(1.0)));
}

#[test]
fn series_are_removed_by_some_of_their_labels() {
    let registry = Registry::new();
    let family = registry.counter("hits_total", "").labels(["method", "code"]).register().expect("registered");
    for (method, code) in [("GET", "200"), ("GET", "500"), ("PUT", "200"), ("PUT", "500")] {
        family.inc([method, code]);
    }
    assert_eq!(family.remove_matching(&[("nothing", "GET")]), 0);
    assert_eq!(family.remove_matching(&[("method", "GET"), ("code", "404")]), 0);
    assert_eq!(family.remove_matching(&[("method", "GET")]), 2);
    assert_eq!(family.remove_matching(&[("code", "200"), ("method", "PUT")]), 1);
    assert_eq!(family.len(), 1);
    assert_eq!(family.remove_matching(&[]), 1, "every series carries no label at all");
}

struct Level(Arc<AtomicU64>);

impl Collector for Level {
    fn collect(&self, into: &mut Snapshot) {
        let mut family = Family::new(Meta { name: "level".into(), kind: Kind::Gauge, ..Meta::default() });
        family.push(&[], Value::Gauge(1.0));
        into.families.push(family);
    }
}

impl Drop for Level {
    fn drop(&mut self) {
        self.0.fetch_add(1, Relaxed);
    }
}

#[test]
fn a_collector_goes_when_it_is_taken_out() {
    let registry = Registry::new();
    let dropped = Arc::new(AtomicU64::new(0));
    let id = registry.register_collector(Level(Arc::clone(&dropped)));
    assert!(text(&registry).contains("level 1\n"));
    assert!(registry.unregister_collector(id));
    assert_eq!((text(&registry), dropped.load(Relaxed)), (String::new(), 1));
    assert!(!registry.unregister_collector(id));
}

#[test]
fn a_fractional_add_keeps_its_exemplar() {
    let registry = Registry::new();
    let spent = registry.counter("spent_total", "").register().expect("registered");
    spent.add_f64_with_exemplar(0.25, &[("trace_id", "a")]).expect("a short exemplar");
    spent.add_f64_with_exemplar(-1.0, &[("trace_id", "b")]).expect("a short exemplar");
    let snapshot = registry.snapshot();
    let series = snapshot.family("spent_total").and_then(|family| family.series().next()).expect("the series");
    assert_eq!((series.value().as_f64(), series.exemplars().len()), (Some(0.25), 1));
    assert_eq!(series.exemplars()[0].labels, [("trace_id".to_owned(), "a".to_owned())]);
}

#[test]
fn a_listed_family_carries_the_labels_of_both_registries() {
    let home = Registry::options().const_label("home", "a").build();
    let shown = Registry::options().const_label("env", "prod").build();
    let jobs = home.counter("jobs_total", "").label_names(["queue"]).unlisted().register().expect("registered");
    jobs.inc(&["mail"]).expect("one label");
    shown.list(&jobs).expect("a free name");
    assert!(text(&shown).ends_with("jobs_total{queue=\"mail\",home=\"a\",env=\"prod\"} 1\n"), "{}", text(&shown));
    let clash = home.counter("clash_total", "").label_names(["env"]).unlisted().register().expect("registered");
    assert_eq!(shown.list(&clash).expect_err("env would be there twice").code(), ErrorCode::InvalidLabel);
}

#[test]
fn every_scrape_asks_the_callbacks_also_beside_another() {
    let registry = Registry::new();
    let gauge = registry.gauge("level", "").register().expect("registered");
    let asked = Arc::new(AtomicU64::new(0));
    let (begun, wait) = std::sync::mpsc::channel();
    let (go, held) = std::sync::mpsc::channel::<()>();
    let held = std::sync::Mutex::new(held);
    let count = Arc::clone(&asked);
    gauge.callback(move || {
        let nth = count.fetch_add(1, Relaxed) + 1;
        if nth == 1 {
            begun.send(()).expect("the test listens");
            held.lock().expect("not poisoned").recv().expect("the test lets go");
        }
        nth as f64
    });
    std::thread::scope(|scope| {
        let slow = scope.spawn(|| text(&registry));
        wait.recv().expect("the first scrape asks");
        assert!(text(&registry).ends_with("level 2\n"), "a scrape beside a slow one asks by itself");
        go.send(()).expect("the first scrape waits");
        slow.join().expect("it ends well");
    });
    assert_eq!(asked.load(Relaxed), 2);
}

#[test]
fn requests_whose_names_are_taken_are_an_error_until_they_are_free() {
    let registry = Registry::new();
    registry.gauge("t_gateway_requests_total", "").register().expect("registered");
    assert_eq!(tykmetrics::Requests::new(&registry, "t").expect_err("taken").code(), ErrorCode::Conflict);
    assert!(registry.unregister("t_gateway_requests_total"));
    tykmetrics::Requests::new(&registry, "t").expect("free again").record("1", "a", "GET", 404, 5_000_000);
    let snapshot = registry.snapshot();
    assert_eq!(snapshot.value("t_gateway_request_errors_total", &[("error_type", "client_error")]), Some(1.0));
    assert_eq!(snapshot.value("t_gateway_requests_total", &[("status_code", "404")]), Some(1.0));
}
