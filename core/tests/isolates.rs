//! What a host whose numbers are doubles builds on: cells it writes itself, memory it attaches in many blocks, series it
//! holds by number, and the text that its users know.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use tykmetrics::render::{Exposition, Style};
use tykmetrics::{Attachment, CellEncoding, Escaping, Format, Gateway, Metric, Owner, Registry, Shard, UpDown};

/// Memory as a host has it.
struct Memory(Box<[AtomicU64]>);

impl Memory {
    fn new(cells: usize) -> Memory {
        Memory((0..cells).map(|_| AtomicU64::new(0)).collect())
    }

    fn attach(&self, first: u32) -> Attachment {
        // SAFETY: zeroes, which outlive the attachment in every test here, written by the test's thread alone.
        unsafe { Attachment::new(CellEncoding::F64, first, self.0.as_ptr().cast_mut().cast(), self.0.len() as u32) }
            .expect("attached")
    }

    fn add(&self, at: u32, v: f64) {
        let cell = &self.0[at as usize];
        cell.store((f64::from_bits(cell.load(Relaxed)) + v).to_bits(), Relaxed);
    }
}

fn set(shard: &Shard, number: u32, v: f64) {
    assert!(number < shard.limit());
    // SAFETY: below the limit, and this thread is the shard's only writer.
    unsafe { shard.cells().add(number as usize).cast::<f64>().write(v) };
}

fn text(registry: &Registry) -> String {
    String::from_utf8(registry.render(Format::Text)).expect("text is UTF-8")
}

#[test]
fn many_counters_of_doubles_are_printed_as_they_are_read_one_by_one() {
    let registry = Registry::new();
    let family = registry.counter("jobs_total", "").labels(["queue"]).private_series(u32::MAX).register().expect("ok");
    let shard = Shard::open(Owner::Isolate, CellEncoding::F64).expect("a shard");
    let mut expected = Vec::new();
    for at in 0..2000u32 {
        let jobs = family.with([&at.to_string()]);
        // Whole numbers, fractions, and what a thread of the process adds beside.
        let own = f64::from(at) + if at % 7 == 0 { 0.5 } else { 0.0 };
        set(&shard, jobs.cell(), own);
        jobs.add(u64::from(at % 3));
        expected.push(format!("jobs_total{{queue=\"{at}\"}} {}", own + f64::from(at % 3)));
    }
    let text = text(&registry);
    assert_eq!(text.lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>(), expected);
}

#[test]
fn a_gauge_of_doubles_holds_any_double() {
    let registry = Registry::new();
    let family = registry.up_down("level", "").label_names(["a"]).private_series(u32::MAX).register().expect("ok");
    let gauge: UpDown = family.with(&["x"]).expect("one label");
    let shard = Shard::open(Owner::Isolate, CellEncoding::F64).expect("a shard");
    for v in [0.1, -0.25, 1e300, -1e300, 9e15, 1e16, f64::INFINITY, f64::NEG_INFINITY, -3.0, 0.0] {
        set(&shard, gauge.cell(), v);
        assert_eq!(family.level(&["x"]), Ok(v));
        assert_eq!(registry.snapshot().value("level", &[]), Some(v));
    }
    set(&shard, gauge.cell(), f64::NAN);
    assert!(family.level(&["x"]).expect("one label").is_nan());
    assert!(family.level(&["y"]).expect("one label").is_nan(), "there is none");
    assert!(family.level(&[]).is_err());
}

#[test]
fn blocks_of_attached_memory_are_found_wherever_they_lie_and_however_they_overlap() {
    let registry = Registry::new();
    let family = registry.counter("hits_total", "").labels(["page"]).private_series(0).register().expect("ok");
    let handles: Vec<_> = (0..600).map(|at| family.with([&at.to_string()])).collect();
    let lowest = handles.iter().map(|handle| handle.cell()).min().expect("some");
    let span = handles.iter().map(|handle| handle.cell() - lowest + 1).max().expect("some") as usize;
    let mut expected = vec![0.0; handles.len()];
    // Long ones and short ones, later ones before earlier ones, several for the same numbers.
    let blocks: Vec<(u32, usize)> = vec![(64, 16), (0, span), (300, 1), (301, 1), (8, 512), (300, 300), (64, 16)];
    let memories: Vec<_> = blocks.iter().map(|(first, len)| (lowest + first, Memory::new(*len))).collect();
    let attachments: Vec<_> = memories.iter().map(|(first, memory)| memory.attach(*first)).collect();
    let mut step = 1.0;
    for (first, memory) in &memories {
        for (handle, sum) in handles.iter().zip(&mut expected) {
            let Some(at) = handle.cell().checked_sub(*first).filter(|at| (*at as usize) < memory.0.len()) else {
                continue;
            };
            memory.add(at, step);
            *sum += step;
        }
        step *= 2.0;
    }
    let seen = |when: &str| {
        for (handle, sum) in handles.iter().zip(&expected) {
            assert_eq!(handle.value(), *sum, "{when}");
        }
        let shown = text(&registry).lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(shown, handles.len());
        let total = registry.snapshot().sum("hits_total", &[]);
        assert_eq!(total, expected.iter().sum::<f64>(), "{when}");
    };
    seen("attached");
    drop(attachments);
    drop(memories);
    seen("let go");
    // The next host adopts what was left.
    let memory = Memory::new(span);
    let attachment = memory.attach(lowest);
    seen("adopted");
    drop(attachment);
}

#[test]
fn histograms_of_attached_doubles_keep_every_bucket() {
    let registry = Registry::new();
    let sizes = registry.histogram("size", "").buckets([1.0, 2.0, 4.0]).private_series(0).register().expect("ok");
    let first = sizes.known_cell();
    let shape = sizes.distribution().shape().clone();
    let table = shape.table();
    let memory = Memory::new(shape.cells() as usize);
    let attachment = memory.attach(first);
    for v in [0.5, 1.0, 1.5, 3.0, 9.0] {
        let at = table.locate(v);
        memory.add(at, 1.0);
        memory.add(table.sum_cell(at), v);
    }
    let expected: Vec<_> = vec![(1.0, 2), (2.0, 3), (4.0, 4)];
    assert_eq!(sizes.distribution().cumulative().collect::<Vec<_>>(), expected);
    assert_eq!((sizes.distribution().count(), sizes.distribution().sum()), (5, 15.0));
    drop(attachment);
}

#[test]
fn a_series_that_is_held_by_number_is_nobody_elses() {
    let registry = Registry::new();
    let family = registry
        .counter("jobs_total", "")
        .label_names(["queue"])
        .limit(2)
        .private_series(u32::MAX)
        .register()
        .expect("ok");
    let held = family.hold(&["mail"]).expect("one label");
    assert_eq!(family.number(&["mail"]), Ok(Some(held.number)));
    assert_eq!(family.number(&["none"]), Ok(None));
    assert!(!held.overflow && held.place.is_live());
    assert_eq!(family.remove(&["mail"]), Ok(true));
    registry.maintain();
    let fresh = family.hold(&["mail"]).expect("one label");
    assert_ne!(fresh.place.cell, held.place.cell, "its cells are still held");
    family.let_go(fresh.number);
    family.remove(&["mail"]).expect("one label");
    family.let_go(held.number);
    registry.maintain();
    // Both come back.
    let again: Vec<u32> = (0..2).map(|at| family.hold(&[&at.to_string()]).expect("one label").place.cell).collect();
    assert!(again.contains(&held.place.cell) && again.contains(&fresh.place.cell), "{again:?}");
    assert!(family.hold(&["beyond"]).expect("one label").overflow);
    assert!(family.hold(&[]).is_err());
}

/// As npm's prom-client 15.1.3 prints the same.
#[test]
fn the_style_of_prom_client_has_its_order_of_labels_and_its_numbers() {
    let registry = Registry::new();
    let seconds = registry
        .histogram("h", "a \"b\"\\")
        .label_names(["m", "n"])
        .buckets([1e-7, 0.25, 1e6, 1e21])
        .register()
        .expect("ok");
    seconds.observe(&["GET", ""], 0.5).expect("two labels");
    let level = registry.gauge("g", "g").label_names(["m"]).register().expect("ok");
    for (label, v) in [("a", 1e-6), ("b", 1.5e-7), ("c", 1e21), ("d", f64::NAN), ("e", f64::INFINITY), ("", 123456.75)]
    {
        level.set(&[label], v).expect("one label");
    }
    let quantiles = registry.summary("s", "s").label_names(["m"]).quantiles([0.5]).register().expect("ok");
    quantiles.observe(&["GET"], 2.0).expect("one label");
    let counted = registry.counter("c_total", "c").label_names(["m"]).register().expect("ok");
    counted.add(&["a"], 3).expect("one label");
    counted.add(&[""], 4).expect("one label");
    let mut exposition = Exposition::from(Format::Text);
    (exposition.style, exposition.omit_empty_labels) = (Style::PromClient, true);
    exposition.escaping = Escaping::AllowUtf8;
    let text = String::from_utf8(registry.render(exposition)).expect("text is UTF-8");
    let expected = "\
# HELP h a \"b\"\\\\
# TYPE h histogram
h_bucket{le=\"1e-7\",m=\"GET\"} 0
h_bucket{le=\"0.25\",m=\"GET\"} 0
h_bucket{le=\"1000000\",m=\"GET\"} 1
h_bucket{le=\"1e+21\",m=\"GET\"} 1
h_bucket{le=\"+Inf\",m=\"GET\"} 1
h_sum{m=\"GET\"} 0.5
h_count{m=\"GET\"} 1
# HELP g g
# TYPE g gauge
g{m=\"a\"} 0.000001
g{m=\"b\"} 1.5e-7
g{m=\"c\"} 1e+21
g{m=\"d\"} Nan
g{m=\"e\"} +Inf
g 123456.75
# HELP s s
# TYPE s summary
s{quantile=\"0.5\",m=\"GET\"} 2
s_sum{m=\"GET\"} 2
s_count{m=\"GET\"} 1
# HELP c_total c
# TYPE c_total counter
c_total{m=\"a\"} 3
c_total 4
";
    let masked = text.lines().map(|line| match line.starts_with("s{") {
        // Within 1.6 %, which other tests ask.
        true => "s{quantile=\"0.5\",m=\"GET\"} 2".to_owned(),
        false => line.to_owned(),
    });
    assert_eq!(masked.map(|line| line + "\n").collect::<String>(), expected);
    // One family by itself is its part of the whole.
    let mut part = Vec::new();
    counted.render_into(exposition, &mut part);
    let part = String::from_utf8(part).expect("text is UTF-8");
    assert!(text.ends_with(&part) && part.starts_with("# HELP c_total"), "{part}");
}

#[test]
fn labels_without_text_are_left_out_of_every_format_that_is_asked_to() {
    let registry = Registry::new();
    let family = registry.counter("c_total", "").label_names(["a", "b"]).register().expect("ok");
    family.add(&["", "x"], 1).expect("two labels");
    for format in [Format::Text, Format::OpenMetrics, Format::OpenMetrics2, Format::ProtobufText, Format::Json] {
        let mut exposition = Exposition::from(format);
        let shown = |exposition| String::from_utf8(registry.render(exposition)).expect("text is UTF-8");
        let quoted = |text: &str| text.contains("a=\"\"") || text.contains("\"a\"");
        assert!(quoted(&shown(exposition)), "{format:?}");
        exposition.omit_empty_labels = true;
        assert!(!quoted(&shown(exposition)) && shown(exposition).contains('x'), "{format:?}");
    }
}

#[test]
fn what_is_derived_from_requests_is_had_by_itself() {
    let registry = Registry::new();
    let gateway = Gateway::new(&registry).expect("ok");
    gateway.record_request("/a", "GET", 0.5, 200, Some("p"), None);
    let derived = gateway.derived();
    assert_eq!(derived.value("provider_error_rate", &[("provider", "p")]), Some(0.0));
    let all = registry.snapshot();
    assert!(derived.families.iter().all(|family| all.family(&family.meta.name).is_some()));
    assert!(gateway.hide_derived(&registry) && !gateway.hide_derived(&registry));
    let all = registry.snapshot();
    assert!(derived.families.iter().all(|family| all.family(&family.meta.name).is_none()));
    assert_eq!(all.sum("http_requests_total", &[]), 1.0);
}
