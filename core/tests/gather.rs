//! Samples that a collector tells, as families of the engine.

use tykmetrics::samples::{Dialect, gather, parse};
use tykmetrics::snapshot::Snapshot;
use tykmetrics::{Collector, Format, Registry};

/// A collector of what a text says.
struct Told(&'static str);

impl Collector for Told {
    fn collect(&self, into: &mut Snapshot) {
        let families = parse(self.0, Dialect::OpenMetrics).expect("the text is OpenMetrics");
        into.families.extend(families.iter().flat_map(gather));
    }
}

fn rendered(text: &'static str) -> String {
    let registry = Registry::new();
    registry.register_collector(Told(text));
    String::from_utf8(registry.render(Format::OpenMetrics)).unwrap()
}

#[test]
fn what_is_told_sample_by_sample_is_rendered_as_it_was_told() {
    let text = "\
# HELP jobs Jobs
# TYPE jobs counter
jobs_total{queue=\"mail\"} 3
jobs_total{queue=\"web\"} 2.5 # {trace=\"x\"} 1 5.250
# HELP depth Depth
# TYPE depth gauge
depth{queue=\"mail\"} -4
depth 7
# HELP latency_seconds Latency
# TYPE latency_seconds histogram
# UNIT latency_seconds seconds
latency_seconds_bucket{le=\"0.1\"} 1
latency_seconds_bucket{le=\"2.5\"} 3 # {trace=\"y\"} 1.5 6.500
latency_seconds_bucket{le=\"+Inf\"} 4
latency_seconds_sum 9.75
latency_seconds_count 4
# HELP size Sizes
# TYPE size summary
size{quantile=\"0.5\"} 12
size{quantile=\"0.9\"} 30
size_sum 90
size_count 5
# HELP build Build
# TYPE build info
build_info{version=\"1\"} 1
# HELP light Light
# TYPE light stateset
light{street=\"a\",light=\"red\"} 0
light{street=\"a\",light=\"green\"} 1
# HELP odd Odd
# TYPE odd unknown
odd{a=\"b\"} 1
# EOF
";
    assert_eq!(rendered(text), text);
}

#[test]
fn what_fits_no_kind_is_shown_under_its_own_names() {
    let text = "\
# TYPE wait gaugehistogram
wait_bucket{le=\"1\"} 2
wait_bucket{le=\"+Inf\"} 5
wait_gsum 7
wait_gcount 5
# EOF
";
    let text = text.replace("le=\"1\"", "le=\"1.0\"");
    let shown = rendered(Box::leak(text.into_boxed_str()));
    for line in ["# TYPE wait_bucket unknown\n", "wait_bucket{le=\"1.0\"} 2\n", "wait_gsum 7\n", "wait_gcount 5\n"] {
        assert!(shown.contains(line), "{line} is not in {shown}");
    }
}

#[test]
fn no_sample_is_renamed_and_no_number_is_made_up() {
    use tykmetrics::samples::{Family, Kind, Sample};
    let family = |name: &str, kind: Kind, samples: &[(&str, f64)]| Family {
        name: name.to_owned().into(),
        kind,
        samples: samples
            .iter()
            .map(|(name, value)| Sample { name: (*name).to_owned().into(), value: *value, ..Sample::default() })
            .collect(),
        ..Family::default()
    };
    struct Made(Family<'static>);
    impl Collector for Made {
        fn collect(&self, into: &mut Snapshot) {
            into.families.extend(gather(&self.0));
        }
    }
    let shown = |name: &str, kind: Kind, samples: &[(&str, f64)]| {
        let registry = Registry::new();
        registry.register_collector(Made(family(name, kind, samples)));
        String::from_utf8(registry.render(Format::Text)).unwrap()
    };
    let text = shown("jobs_total", Kind::Counter, &[("jobs_total", 1.0)]);
    assert!(text.contains("# TYPE jobs_total counter\njobs_total 1\n"), "{text}");
    let text = shown("jobs", Kind::Counter, &[("jobs", 1.0)]);
    assert!(text.contains("\njobs 1\n") && !text.contains("jobs_total"), "{text}");
    let text = shown("jobs", Kind::Counter, &[("jobs", 1.0), ("jobs_total", 2.0)]);
    assert!(text.contains("\njobs 1\n") && text.contains("\njobs_total 2\n"), "{text}");
    assert_eq!(text.matches("# TYPE jobs ").count(), 1, "{text}");
    let text = shown("build", Kind::Info, &[("build", 1.0)]);
    assert!(text.contains("\nbuild 1\n") && !text.contains("build_info"), "{text}");
    let text = shown("size", Kind::Summary, &[("size_sum", 3.0)]);
    assert!(text.contains("size_sum 3\n") && !text.contains("size_count"), "{text}");
}
