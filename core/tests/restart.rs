//! Series that begin again, and starts that a host's clock says.

use tykmetrics::{CellEncoding, Format, Metric, Owner, Registry, Shard};

#[test]
fn a_counter_that_is_reset_counts_from_zero_and_began_later() {
    let registry = Registry::new();
    let jobs = registry.counter("jobs_total", "Jobs").label_names(["queue"]).register().unwrap();
    let mail = jobs.with(&["mail"]).unwrap();
    let other = jobs.with(&["other"]).unwrap();
    mail.add(7);
    mail.add_f64(0.5);
    other.add(2);
    let created = |queue: &str| {
        let snapshot = registry.snapshot();
        let family = snapshot.family("jobs_total").unwrap();
        family.find(&[("queue", queue)]).unwrap().created_ms()
    };
    let before = created("mail");
    std::thread::sleep(std::time::Duration::from_millis(60));
    mail.reset();
    assert_eq!((mail.value(), mail.whole(), other.value()), (0.0, 0, 2.0));
    assert!(created("mail") > before && created("other") <= before + 32);
    mail.inc();
    mail.add_f64(0.25);
    assert_eq!(registry.snapshot().value("jobs_total", &[("queue", "mail")]), Some(1.25));
    mail.reset();
    mail.add(3);
    assert_eq!(mail.value(), 3.0);
    let text = String::from_utf8(registry.render(Format::Text)).unwrap();
    assert!(text.contains("jobs_total{queue=\"mail\"} 3\n"), "{text}");
}

#[test]
fn adds_that_are_made_while_a_counter_is_reset_are_before_or_after() {
    let registry = Registry::new();
    let jobs = registry.counter("jobs_total", "Jobs").register().unwrap();
    const ADDS: u64 = 200_000;
    let taken = std::thread::scope(|scope| {
        let adder = scope.spawn(|| (0..ADDS).for_each(|_| jobs.inc()));
        let mut resets = 0;
        while !adder.is_finished() {
            jobs.reset();
            resets += 1;
        }
        resets
    });
    assert!(taken > 0);
    // Whatever was taken off was added before, so what is left is between nothing and all, and goes on exactly.
    let left = jobs.whole();
    assert!(left <= ADDS, "{left}");
    jobs.add(5);
    assert_eq!(jobs.whole(), left + 5);
}

#[test]
fn a_histogram_and_a_summary_that_are_reset_forget_what_they_saw() {
    let registry = Registry::new();
    let latency = registry.histogram("latency_seconds", "Latency").register().unwrap();
    let sizes = registry.summary("size_bytes", "Sizes").register().unwrap();
    for v in [0.001, 0.2, 3.0] {
        latency.observe(v);
        sizes.observe(v * 1000.0);
    }
    latency.reset();
    sizes.reset();
    latency.observe(0.5);
    sizes.observe(64.0);
    assert_eq!((latency.distribution().count(), latency.distribution().sum()), (1, 0.5));
    let snapshot = registry.snapshot();
    let of = |name: &str| snapshot.family(name).unwrap().series().next().unwrap().value().clone();
    assert_eq!(of("latency_seconds").count(), Some(1));
    let quantiles = of("size_bytes");
    let (quantile, median) = quantiles.as_summary().unwrap().values[0];
    assert!(quantile == 0.5 && (median - 64.0).abs() < 2.0, "{median}");
}

#[test]
fn a_start_that_a_host_gives_is_shown() {
    let registry = Registry::new();
    let jobs = registry.counter("jobs_total", "Jobs").register().unwrap();
    jobs.began(123_456);
    assert_eq!(registry.snapshot().families[0].series().next().unwrap().created_ms(), 123_456);
    jobs.add(2);
    jobs.reset();
    jobs.began(124_000);
    let series = registry.snapshot();
    let series = series.families[0].series().next().unwrap();
    assert_eq!((series.created_ms(), series.value().as_f64()), (124_000, Some(0.0)));
}

#[test]
fn a_series_that_was_removed_takes_its_start_along() {
    let registry = Registry::new();
    let jobs = registry.counter("jobs_total", "Jobs").label_names(["queue"]).register().unwrap();
    let mail = jobs.with(&["mail"]).unwrap();
    mail.add(9);
    mail.reset();
    mail.began(1);
    drop(mail);
    assert!(jobs.remove(&["mail"]).unwrap());
    registry.upkeep();
    let again = jobs.with(&["mail"]).unwrap();
    again.add(4);
    assert_eq!(again.value(), 4.0);
    assert_ne!(registry.snapshot().families[0].series().next().unwrap().created_ms(), 1);
}

#[test]
fn a_summary_without_quantiles_is_a_count_and_a_sum_of_values_of_any_size() {
    let registry = Registry::new();
    let sizes = registry.summary("sizes", "Sizes").quantiles([]).register().unwrap();
    for v in [-2.0, 1e-30, 1e30, 5.0] {
        sizes.observe(v);
    }
    let text = String::from_utf8(registry.render(Format::Text)).unwrap();
    assert!(text.ends_with("sizes_sum 1e+30\nsizes_count 4\n"), "{text}");
}

#[test]
fn a_shared_series_that_a_shard_makes_hot_is_promoted_and_its_handle_follows() {
    let registry = Registry::new();
    let jobs = registry.counter("jobs_total", "Jobs").label_names(["n"]).private_series(0).register().unwrap();
    let hot = jobs.with(&["1"]).unwrap();
    let shard = Shard::open(Owner::Holder, CellEncoding::U64).unwrap();
    let before = hot.known_cell();
    let mut adds = 0_u64;
    // Enough for two signs of heat between scrapes, several times over.
    for _ in 0..4 {
        (0..40_000).for_each(|_| hot.add_on(&shard, 1));
        adds += 40_000;
        registry.upkeep();
    }
    assert_ne!(hot.known_cell(), before, "the handle goes on with the private cell");
    assert_eq!(hot.whole(), adds);
}

#[test]
fn fractions_are_added_through_a_shard() {
    let registry = Registry::new();
    let jobs = registry.counter("jobs_total", "Jobs").register().unwrap();
    for encoding in [CellEncoding::U64, CellEncoding::F64] {
        let shard = Shard::open(Owner::Holder, encoding).unwrap();
        for v in [0.5, 2.0, f64::NAN, -1.0] {
            jobs.add_f64_on(&shard, v);
        }
    }
    assert_eq!(jobs.value(), 5.0);
}

#[test]
fn an_infinity_that_is_meant_is_counted_above_every_bound() {
    let registry = Registry::new();
    let wide = registry.histogram("wide", "Wide").buckets([1.0, 2.0]).register().unwrap();
    let compact = registry.histogram("compact", "Compact").buckets([-1.0, 2.0]).register().unwrap();
    for histogram in [&wide, &compact] {
        histogram.observe(1.5);
        histogram.observe(f64::INFINITY);
        histogram.observe_infinity();
        let seen = histogram.distribution();
        assert_eq!(seen.cumulative().map(|(_, count)| count).collect::<Vec<_>>()[1], 1);
        assert_eq!((seen.count(), seen.sum()), (2, f64::INFINITY));
    }
}
