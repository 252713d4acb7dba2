//! Golden texts: one small family at a time, in each format that prints it differently.

mod support;

use support::*;
use tykmetrics::render::{Escaping, Exposition, Format, Histograms};
use tykmetrics::snapshot::{Exemplar, Family, Kind, Meta, Quantiles, Snapshot, Value};

fn text(snapshot: &Snapshot, exposition: impl Into<Exposition>) -> String {
    String::from_utf8(snapshot.render(exposition)).unwrap()
}

fn created(format: Format) -> Exposition {
    Exposition { created: true, ..format.into() }
}

fn requests() -> Snapshot {
    let mut family = Family::new(Meta {
        const_labels: pairs(&[("zone", "eu")]),
        ..meta(Kind::Counter, "requests_total", "All \\ \"of\"\nthem.", &["method"])
    });
    add(&mut family, &["GET"], &counter(1027), BEGAN, &[exemplar("x", 2.0, BEGAN)]);
    add(&mut family, &["a\"b"], &Value::Counter { whole: 2, part: 0.5 }, 0, &[]);
    snapshot([family])
}

#[test]
fn a_counter_in_every_text_format() {
    let classic = r#"# HELP requests_total All \\ "of"\nthem.
# TYPE requests_total counter
requests_total{method="GET",zone="eu"} 1027
requests_total{method="a\"b",zone="eu"} 2.5
"#;
    assert_eq!(text(&requests(), Format::Text), classic);
    assert_eq!(text(&requests(), Format::TextV1), classic);
    let open = r#"# HELP requests All \\ \"of\"\nthem.
# TYPE requests counter
requests_total{method="GET",zone="eu"} 1027 # {trace_id="x"} 2 1700000000.125
requests_total{method="a\"b",zone="eu"} 2.5
# EOF
"#;
    assert_eq!(text(&requests(), Format::OpenMetrics), open);
    assert_eq!(text(&requests(), Format::OpenMetrics0), open);
    assert_eq!(
        text(&requests(), Format::OpenMetrics2),
        r#"# TYPE requests_total counter
# HELP requests_total All \\ \"of\"\nthem.
requests_total{method="GET",zone="eu"} 1027 st@1700000000.125 # {trace_id="x"} 2 1700000000.125
requests_total{method="a\"b",zone="eu"} 2.5
# EOF
"#
    );
}

#[test]
fn a_moment_of_creation_is_a_series_when_asked_for() {
    assert_eq!(
        text(&requests(), created(Format::Text)),
        r#"# HELP requests_total All \\ "of"\nthem.
# TYPE requests_total counter
requests_total{method="GET",zone="eu"} 1027
requests_total{method="a\"b",zone="eu"} 2.5
# TYPE requests_created gauge
requests_created{method="GET",zone="eu"} 1700000000.125
"#
    );
    assert_eq!(
        text(&requests(), created(Format::OpenMetrics)),
        r#"# HELP requests All \\ \"of\"\nthem.
# TYPE requests counter
requests_total{method="GET",zone="eu"} 1027 # {trace_id="x"} 2 1700000000.125
requests_created{method="GET",zone="eu"} 1700000000.125
requests_total{method="a\"b",zone="eu"} 2.5
# EOF
"#
    );
}

#[test]
fn a_counter_without_its_suffix_gets_it_where_it_must() {
    let zoo = snapshot([family(meta(Kind::Counter, "retries", "", &[]), &[(&[], counter(5))])]);
    assert_eq!(text(&zoo, Format::Text), "# TYPE retries counter\nretries 5\n");
    assert_eq!(text(&zoo, Format::OpenMetrics), "# TYPE retries counter\nretries_total 5\n# EOF\n");
    assert_eq!(text(&zoo, Format::OpenMetrics2), "# TYPE retries counter\nretries 5\n# EOF\n");
}

#[test]
fn a_unit_is_said_where_the_format_has_room_and_the_name_ends_in_it() {
    let with = |kind, name: &str, value| {
        let meta = Meta { unit: "bytes".into(), ..meta(kind, name, "", &[]) };
        snapshot([family(meta, &[(&[], value)])])
    };
    let gauge = || Value::Gauge(1.0);
    let fits = with(Kind::Gauge, "queue_bytes", gauge());
    assert_eq!(text(&fits, Format::Text), "# TYPE queue_bytes gauge\nqueue_bytes 1\n");
    assert_eq!(
        text(&fits, Format::OpenMetrics),
        "# TYPE queue_bytes gauge\n# UNIT queue_bytes bytes\nqueue_bytes 1\n# EOF\n"
    );
    let total = with(Kind::Counter, "read_bytes_total", counter(1));
    assert!(text(&total, Format::OpenMetrics).contains("# UNIT read_bytes bytes\n"));
    assert!(text(&total, Format::OpenMetrics2).contains("# UNIT read_bytes_total bytes\n"));
    for name in ["queue", "bytes", "queuebytes"] {
        let other = with(Kind::Gauge, name, gauge());
        assert!(!text(&other, Format::OpenMetrics).contains("UNIT"), "{name}");
        assert!(text(&other, Format::OpenMetrics2).contains("UNIT"), "{name}");
    }
}

fn sizes(native: Option<i32>, observed: &[f64]) -> Snapshot {
    let mut family = Family::new(meta(Kind::Histogram, "size", "", &["a"]));
    let exemplars = [exemplar("low", 0.5, BEGAN), exemplar("none", 3.0, 0), exemplar("high", 9.0, BEGAN)];
    add(&mut family, &["x"], &Value::Histogram(histogram(&[1.0, 2.5, 1e6], native, observed)), BEGAN, &exemplars);
    snapshot([family])
}

#[test]
fn a_histogram_in_every_text_format() {
    let sizes = sizes(None, &[0.5, 3.0, 9.0]);
    assert_eq!(
        text(&sizes, Format::Text),
        r#"# TYPE size histogram
size_bucket{a="x",le="1"} 1
size_bucket{a="x",le="2.5"} 1
size_bucket{a="x",le="1e+06"} 3
size_bucket{a="x",le="+Inf"} 3
size_sum{a="x"} 12.5
size_count{a="x"} 3
"#
    );
    assert_eq!(
        text(&sizes, Format::OpenMetrics),
        r#"# TYPE size histogram
size_bucket{a="x",le="1.0"} 1 # {trace_id="low"} 0.5 1700000000.125
size_bucket{a="x",le="2.5"} 1
size_bucket{a="x",le="1e+06"} 3 # {trace_id="high"} 9 1700000000.125
size_bucket{a="x",le="+Inf"} 3
size_sum{a="x"} 12.5
size_count{a="x"} 3
# EOF
"#
    );
    assert_eq!(
        text(&sizes, Format::OpenMetrics2),
        "# TYPE size histogram\n\
         size{a=\"x\"} {count:3,sum:12.5,bucket:[1.0:1,2.5:1,1e+06:3,+Inf:3]} st@1700000000.125 \
         # {trace_id=\"low\"} 0.5 1700000000.125 # {trace_id=\"high\"} 9 1700000000.125\n# EOF\n"
    );
}

#[test]
fn a_native_histogram_is_a_composite_value() {
    // At schema 0 the buckets end at powers of two: 0.5 is in (0.25, 0.5], index -1; 30 and 32 in (16, 32], index 5.
    let sizes = sizes(Some(0), &[0.5, 30.0, 32.0]);
    let shown = |histograms| {
        let all = text(&sizes, Exposition { histograms, ..Format::OpenMetrics2.into() });
        let line = all.lines().nth(1).unwrap().to_owned();
        line.split(" st@").next().unwrap().to_owned()
    };
    let native = "schema:0,zero_threshold:0.000244140625,zero_count:0,positive_spans:[-1:1,5:1],positive_buckets:[1,2]";
    let classic = "bucket:[1.0:1,2.5:1,1e+06:3,+Inf:3]";
    assert_eq!(shown(Histograms::Native), format!("size{{a=\"x\"}} {{count:3,sum:62.5,{native}}}"));
    assert_eq!(shown(Histograms::Classic), format!("size{{a=\"x\"}} {{count:3,sum:62.5,{classic}}}"));
    assert_eq!(shown(Histograms::Both), format!("size{{a=\"x\"}} {{count:3,sum:62.5,{native},{classic}}}"));
}

#[test]
fn a_native_histogram_without_observations_has_no_spans() {
    let empty = sizes(Some(0), &[]);
    let all = text(&empty, Exposition { histograms: Histograms::Native, ..Format::OpenMetrics2.into() });
    assert!(all.contains("{count:0,sum:0,schema:0,zero_threshold:0.000244140625,zero_count:0} st@"), "{all}");
}

#[test]
fn openmetrics_1_has_no_sum_beside_negative_bounds_and_no_negative_sum() {
    for (bounds, observed) in [([-1.0, 1.0], [-3.0, 5.0]), ([0.0, 1.0], [-3.0, 0.5])] {
        let meta = meta(Kind::Histogram, "t", "", &[]);
        let zoo = snapshot([family(meta, &[(&[], Value::Histogram(histogram(&bounds, None, &observed)))])]);
        assert!(!text(&zoo, Format::OpenMetrics).contains("_sum"));
        assert!(!text(&zoo, Format::OpenMetrics).contains("_count"));
        assert!(text(&zoo, Format::Text).contains("t_sum ") && text(&zoo, Format::Text).contains("t_count 2\n"));
    }
}

#[test]
fn a_summary_in_every_text_format() {
    let values = vec![(0.5, 0.25), (1.0, f64::NAN)];
    let value = Value::Summary(Quantiles { values, count: 4, sum: 1.5 });
    let mut family = Family::new(meta(Kind::Summary, "rpc", "", &[]));
    add(&mut family, &[], &value, BEGAN, &[]);
    let rpc = snapshot([family]);
    assert_eq!(
        text(&rpc, Format::Text),
        "# TYPE rpc summary\nrpc{quantile=\"0.5\"} 0.25\nrpc{quantile=\"1\"} NaN\nrpc_sum 1.5\nrpc_count 4\n"
    );
    assert_eq!(
        text(&rpc, created(Format::OpenMetrics)),
        "# TYPE rpc summary\nrpc{quantile=\"0.5\"} 0.25\nrpc{quantile=\"1.0\"} NaN\nrpc_sum 1.5\nrpc_count 4\n\
         rpc_created 1700000000.125\n# EOF\n"
    );
    assert_eq!(
        text(&rpc, Format::OpenMetrics2),
        "# TYPE rpc summary\nrpc {count:4,sum:1.5,quantile:[0.5:0.25,1.0:NaN]} st@1700000000.125\n# EOF\n"
    );
}

#[test]
fn an_info_in_every_text_format() {
    let value = Value::Info(pairs(&[("version", "1.2")]));
    for name in ["build", "build_info"] {
        let build = snapshot([family(meta(Kind::Info, name, "", &["a"]), &[(&["x"], value.clone())])]);
        let line = "build_info{a=\"x\",version=\"1.2\"} 1\n";
        assert_eq!(text(&build, Format::Text), format!("# TYPE build_info gauge\n{line}"));
        assert_eq!(text(&build, Format::OpenMetrics), format!("# TYPE build info\n{line}# EOF\n"));
        assert_eq!(text(&build, Format::OpenMetrics2), format!("# TYPE build_info info\n{line}# EOF\n"));
    }
}

#[test]
fn a_state_set_in_every_text_format() {
    let meta = Meta { states: strings(&["on", "off"]), ..meta(Kind::StateSet, "lamp", "", &["room"]) };
    let lamp = snapshot([family(meta, &[(&["hall"], Value::StateSet(vec![true]))])]);
    let lines = "lamp{room=\"hall\",lamp=\"on\"} 1\nlamp{room=\"hall\",lamp=\"off\"} 0\n";
    assert_eq!(text(&lamp, Format::Text), format!("# TYPE lamp gauge\n{lines}"));
    assert_eq!(text(&lamp, Format::OpenMetrics), format!("# TYPE lamp stateset\n{lines}# EOF\n"));
    assert_eq!(text(&lamp, Format::OpenMetrics2), format!("# TYPE lamp stateset\n{lines}# EOF\n"));
}

#[test]
fn an_unknown_in_every_text_format() {
    let zoo = snapshot([family(meta(Kind::Unknown, "x", "", &[]), &[(&[], Value::Unknown(f64::NAN))])]);
    assert_eq!(text(&zoo, Format::Text), "# TYPE x untyped\nx NaN\n");
    assert_eq!(text(&zoo, Format::OpenMetrics), "# TYPE x unknown\nx NaN\n# EOF\n");
}

#[test]
fn names_in_utf8_are_quoted_or_escaped() {
    let zoo = snapshot([
        family(meta(Kind::Counter, "http.hits_total", "H", &["http.method", "plain"]), &[(&["GET", "b"], counter(1))]),
        family(meta(Kind::Gauge, "größe", "", &[]), &[(&[], Value::Gauge(1.0))]),
        family(meta(Kind::Histogram, "my.size", "", &[]), &[(&[], Value::Histogram(histogram(&[1.0], None, &[0.5])))]),
    ]);
    assert_eq!(
        text(&zoo, Format::TextV1),
        r#"# HELP "http.hits_total" H
# TYPE "http.hits_total" counter
{"http.hits_total","http.method"="GET",plain="b"} 1
# TYPE "größe" gauge
{"größe"} 1
# TYPE "my.size" histogram
{"my.size_bucket",le="1"} 1
{"my.size_bucket",le="+Inf"} 1
{"my.size_sum"} 0.5
{"my.size_count"} 1
"#
    );
    let lines = |escaping| {
        let all = text(&zoo, Exposition { escaping, ..Format::OpenMetrics.into() });
        let wanted = |line: &&str| line.contains("GET") || line.starts_with("# TYPE");
        all.lines().filter(wanted).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(
        lines(Escaping::Underscores),
        [
            "# TYPE http_hits counter",
            "http_hits_total{http_method=\"GET\",plain=\"b\"} 1",
            "# TYPE gr__e gauge",
            "# TYPE my_size histogram"
        ]
    );
    assert_eq!(lines(Escaping::Dots)[1], "http_dot_hits__total{http_dot_method=\"GET\",plain=\"b\"} 1");
    assert_eq!(lines(Escaping::Values)[1], "U__http_2e_hits__total{U__http_2e_method=\"GET\",plain=\"b\"} 1");
    assert_eq!(lines(Escaping::AllowUtf8)[0], "# TYPE \"http.hits\" counter");
    assert_eq!(lines(Escaping::AllowUtf8)[1], "{\"http.hits_total\",\"http.method\"=\"GET\",plain=\"b\"} 1");
}

#[test]
fn an_exemplar_that_is_too_long_is_left_out_of_openmetrics_1() {
    let of = |length: usize| {
        let mut family = Family::new(meta(Kind::Counter, "c_total", "", &[]));
        // Three characters of two bytes each: the limit counts characters.
        let labels = vec![("abc".to_owned(), "ü".repeat(length - 3))];
        add(&mut family, &[], &counter(1), 0, &[Exemplar { labels, value: 1.0, at_ms: BEGAN }]);
        snapshot([family])
    };
    assert!(text(&of(128), Format::OpenMetrics).contains("# {"));
    assert!(!text(&of(129), Format::OpenMetrics).contains("# {"));
    assert!(text(&of(129), Format::OpenMetrics2).contains("# {"));
}

#[test]
fn an_exemplar_without_a_moment_is_left_out_of_openmetrics_2() {
    let mut family = Family::new(meta(Kind::Counter, "c_total", "", &[]));
    add(&mut family, &[], &counter(1), 0, &[exemplar("x", 1.0, 0)]);
    let zoo = snapshot([family]);
    assert!(text(&zoo, Format::OpenMetrics).contains("c_total 1 # {trace_id=\"x\"} 1\n"));
    assert!(text(&zoo, Format::OpenMetrics2).contains("c_total 1\n"));
    assert!(text(&zoo, Format::Text).contains("c_total 1\n"));
}
