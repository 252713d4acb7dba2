//! Samples from the engine's families, and text from samples: exact texts, and what is written read back.

mod support;

use proptest::prelude::*;
use std::borrow::Cow;
use support::*;
use tykmetrics::Registry;
use tykmetrics::render::Escaping;
use tykmetrics::samples::{
    Dialect, Exemplar, Family, Kind, Labels, NativeHistogram, Number, Sample, Timestamp, Version, of, parse,
    write_openmetrics, write_text,
};
use tykmetrics::snapshot;

fn text(families: &[Family<'_>]) -> String {
    String::from_utf8(write_text(families, Escaping::AllowUtf8).unwrap()).unwrap()
}

fn open(families: &[Family<'_>]) -> String {
    String::from_utf8(write_openmetrics(families, Version::V1, Escaping::AllowUtf8).unwrap()).unwrap()
}

/// The families of a registry as they are written.
fn shown(registry: &Registry, created: bool) -> String {
    let snapshot = registry.snapshot();
    open(&snapshot.families.iter().map(|family| of(family, created)).collect::<Vec<_>>())
}

#[test]
fn a_counter_is_called_without_its_suffix_and_its_sample_with_it() {
    for name in ["hits_total", "hits"] {
        let registry = Registry::new();
        let hits = registry.counter(name, "Hits").labels(["route"]).const_label("zone", "a").register().unwrap();
        hits.add(["/a"], 3);
        assert_eq!(
            shown(&registry, false),
            "# HELP hits Hits\n# TYPE hits counter\nhits_total{route=\"/a\",zone=\"a\"} 3.0\n# EOF\n"
        );
        let snapshot = registry.snapshot();
        let family = of(&snapshot.families[0], false);
        let labels: Vec<_> = family.samples[0].labels.iter().map(|(name, value)| (&**name, &**value)).collect();
        assert_eq!(labels, [("route", "/a"), ("zone", "a")], "the series' own labels come first");
        assert!(name == "hits" || matches!(family.samples[0].name, Cow::Borrowed(_)), "a known name is not copied");
    }
}

#[test]
fn a_histogram_is_cumulative_buckets_a_count_and_a_sum() {
    let registry = Registry::new();
    let sizes = registry.histogram("sizes", "").buckets([0.005, 1.0, 1e6]).register().unwrap();
    [0.001, 0.5, 0.7, 2e6].into_iter().for_each(|size| sizes.observe(size));
    assert_eq!(
        shown(&registry, false),
        "# HELP sizes \n# TYPE sizes histogram\nsizes_bucket{le=\"0.005\"} 1.0\nsizes_bucket{le=\"1.0\"} 3.0\n\
         sizes_bucket{le=\"1e+06\"} 3.0\nsizes_bucket{le=\"+Inf\"} 4.0\nsizes_count 4.0\nsizes_sum 2.000001201e+06\n# EOF\n"
    );
}

#[test]
fn a_histogram_with_negative_bounds_has_no_sum() {
    let registry = Registry::new();
    let changes = registry.histogram("changes", "").buckets([-1.0, 1.0]).register().unwrap();
    changes.observe(0.5);
    let shown = shown(&registry, false);
    assert!(shown.contains("changes_bucket{le=\"-1.0\"} 0.0\n") && shown.contains("changes_count 1.0\n"), "{shown}");
    assert!(!shown.contains("changes_sum"), "{shown}");
}

#[test]
fn what_began_is_told_if_it_is_asked_for() {
    let began = |kind, value| {
        let mut family = snapshot::Family::new(meta(kind, "m", "", &[]));
        family.push(&[], value).began(1_500);
        let samples = of(&family, true).samples;
        samples.iter().find(|sample| sample.name == "m_created").map(|sample| sample.value)
    };
    assert_eq!(began(snapshot::Kind::Counter, counter(1)), Some(1.5));
    assert_eq!(began(snapshot::Kind::Summary, snapshot::Value::Summary(Default::default())), Some(1.5));
    assert_eq!(began(snapshot::Kind::Gauge, snapshot::Value::Gauge(1.0)), None);
    let mut unknown = snapshot::Family::new(meta(snapshot::Kind::Counter, "m", "", &[]));
    unknown.push(&[], counter(1));
    assert_eq!(of(&unknown, true).samples.len(), 1, "a beginning that is not known is not told");
    unknown.began(1_500);
    assert_eq!(of(&unknown, false).samples.len(), 1);
}

#[test]
fn summaries_infos_and_state_sets_have_prometheus_clients_samples() {
    let mut summary = snapshot::Family::new(meta(snapshot::Kind::Summary, "s", "", &[]));
    let values = vec![(0.5, 2.0), (0.99, 8.5)];
    summary.push(&[], snapshot::Value::Summary(snapshot::Quantiles { values, count: 3, sum: 7.5 }));
    let mut info = snapshot::Family::new(meta(snapshot::Kind::Info, "build_info", "", &["zone"]));
    info.push(&["a"], snapshot::Value::Info(vec![("version".into(), "1.2".into())]));
    let states =
        snapshot::Meta { states: vec!["on".into(), "off".into()], ..meta(snapshot::Kind::StateSet, "t", "", &[]) };
    let mut set = snapshot::Family::new(states);
    set.push(&[], snapshot::Value::StateSet(vec![false, true]));
    assert_eq!(
        open(&[of(&summary, false), of(&info, false), of(&set, false)]),
        "# HELP s \n# TYPE s summary\ns{quantile=\"0.5\"} 2.0\ns{quantile=\"0.99\"} 8.5\ns_count 3.0\ns_sum 7.5\n\
         # HELP build \n# TYPE build info\nbuild_info{version=\"1.2\",zone=\"a\"} 1.0\n\
         # HELP t \n# TYPE t stateset\nt{t=\"on\"} 0.0\nt{t=\"off\"} 1.0\n# EOF\n"
    );
}

#[test]
fn exemplars_are_on_the_samples_that_may_have_them() {
    let seen = |value, at_ms| snapshot::Exemplar { labels: vec![("id".into(), "x".into())], value, at_ms };
    let mut hits = snapshot::Family::new(meta(snapshot::Kind::Counter, "hits_total", "", &[]));
    hits.push(&[], counter(2)).exemplar(seen(1.0, 1_000)).exemplar(seen(2.0, 2_500));
    assert!(open(&[of(&hits, false)]).contains("hits_total 2.0 # {id=\"x\"} 2.0 2.5\n"), "the newest is shown");
    let registry = Registry::new();
    registry.histogram("h", "").buckets([1.0, 2.0]).register().unwrap().observe(1.5);
    let mut family = registry.snapshot().families.remove(0);
    family.exemplar(seen(1.5, 0));
    let shown = open(&[of(&family, false)]);
    assert!(shown.contains("h_bucket{le=\"2.0\"} 1.0 # {id=\"x\"} 1.5\nh_bucket{le=\"+Inf\"} 1.0\n"), "{shown}");
}

#[test]
fn what_the_classic_format_does_not_have_becomes_gauges() {
    let sample = |name: &'static str| Sample { name: name.into(), value: 1.0, ..Sample::default() };
    let family = Family {
        name: "q".into(),
        help: "Queue\n".into(),
        kind: Kind::GaugeHistogram,
        samples: vec![sample("q_gsum"), sample("q_bucket"), sample("q_gcount"), sample("q_created")],
        ..Family::default()
    };
    assert_eq!(
        text(&[family]),
        "# HELP q Queue\\n\n# TYPE q histogram\nq_bucket 1.0\n# HELP q_created Queue\\n\n# TYPE q_created gauge\n\
         q_created 1.0\n# HELP q_gcount Queue\\n\n# TYPE q_gcount gauge\nq_gcount 1.0\n\
         # HELP q_gsum Queue\\n\n# TYPE q_gsum gauge\nq_gsum 1.0\n"
    );
}

#[test]
fn each_kind_has_a_word_in_each_format() {
    for (kind, classic, name, word) in [
        (Kind::Counter, "counter", "m_total", "counter"),
        (Kind::Gauge, "gauge", "m", "gauge"),
        (Kind::Histogram, "histogram", "m", "histogram"),
        (Kind::GaugeHistogram, "histogram", "m", "gaugehistogram"),
        (Kind::Summary, "summary", "m", "summary"),
        (Kind::Info, "gauge", "m_info", "info"),
        (Kind::StateSet, "gauge", "m", "stateset"),
        (Kind::Unknown, "untyped", "m", "unknown"),
    ] {
        let family = [Family { name: "m".into(), kind, unit: "s".into(), ..Family::default() }];
        assert_eq!(text(&family), format!("# HELP {name} \n# TYPE {name} {classic}\n"));
        assert_eq!(open(&family), format!("# HELP m \n# TYPE m {word}\n# UNIT m s\n# EOF\n"));
        assert_eq!((Kind::from_name(word), kind.as_str()), (Some(kind), word));
    }
}

#[test]
fn what_cannot_be_written_names_its_family() {
    let with = |sample: Sample<'static>| {
        [Family::default(), Family { name: "m".into(), samples: vec![sample], ..Family::default() }]
    };
    let late = Sample { name: "m".into(), timestamp: Some(Timestamp::Seconds(f64::INFINITY)), ..Sample::default() };
    let error = write_text(&with(late), Escaping::Underscores).unwrap_err();
    assert_eq!((error.family(), error.to_string().as_str()), (1, "m has the timestamp inf: it must be finite"));
    let shown = Sample { name: "m".into(), exemplar: Some(Box::default()), ..Sample::default() };
    let error = write_openmetrics(&with(shown), Version::V1, Escaping::Underscores).unwrap_err();
    assert!(error.family() == 1 && error.to_string().starts_with("m of the unknown m has an exemplar"), "{error}");
    let native = Sample { name: "m".into(), native_histogram: Some(Box::default()), ..Sample::default() };
    assert!(write_text(&with(native), Escaping::Underscores).is_err());
}

// ---- what is written is read back ------------------------------------------------------------------------------------

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z]{0,8}", "\\PC{0,12}", any::<String>(), "[\\\\\"\\n{}=,# ]{0,8}"]
}

fn any_number() -> impl Strategy<Value = f64> {
    prop_oneof![any::<f64>().prop_filter("equal to itself", |n| !n.is_nan()), (0..1u32 << 30).prop_map(f64::from)]
}

fn any_labels() -> impl Strategy<Value = Labels<'static>> {
    let name = prop_oneof!["[a-z_][a-z0-9_]{0,6}", "\\PC{1,6}", "[\\\\\"\\n{}=,# ]{1,6}"];
    let name = name.prop_filter("not reserved", |name: &String| !name.starts_with("__"));
    prop::collection::btree_map(name, any_text(), 0..5)
        .prop_map(|labels| labels.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
}

/// Moments since 1970: prometheus_client writes earlier ones with a second sign, which no parser takes.
fn any_moment() -> impl Strategy<Value = Option<Timestamp>> {
    let nanos = |(seconds, nanos): (i64, i32)| Timestamp::Nanos { seconds: i128::from(seconds), nanos };
    prop::option::of((0..i64::MAX, 0..1_000_000_000i32).prop_map(nanos))
}

fn any_exemplar() -> impl Strategy<Value = Option<Box<Exemplar<'static>>>> {
    let labels = "[a-z]{1,5}".prop_map(|name| vec![(Cow::from(name), Cow::from("trace \"1\""))]);
    prop::option::of((labels, any_number(), any_moment()))
        .prop_map(|given| given.map(|(labels, value, timestamp)| Box::new(Exemplar { labels, value, timestamp })))
}

proptest! {
    /// Gauges of any names, labels and values, in both formats, leniently and strictly read.
    #[test]
    fn any_gauges_are_read_back(
        names in prop::collection::btree_set(prop_oneof!["[a-z_:][a-z0-9_:]{0,8}", "\\PC{1,8}", "[\\\\\"\\n{}=,# ]{1,6}"], 1..5),
        help in any_text(),
        samples in prop::collection::vec((any_labels(), any_number(), any_moment()), 5),
    ) {
        // White space around a name or a help text is not kept by the lenient reader.
        let spaced = |text: &str| text.trim() != text || text.contains(|c: char| c.is_control() && c != '\n');
        prop_assume!(!names.iter().any(|name| spaced(name)) && !spaced(&help));
        let families: Vec<Family<'_>> = names.into_iter().zip(&samples).map(|(name, (labels, value, moment))| Family {
            samples: vec![Sample {
                name: name.clone().into(),
                labels: labels.clone(),
                value: *value,
                timestamp: *moment,
                ..Sample::default()
            }],
            name: name.into(),
            help: help.clone().into(),
            kind: Kind::Gauge,
            unit: "".into(),
        }).collect();

        let written = open(&families);
        prop_assert_eq!(&parse(&written, Dialect::OpenMetrics).unwrap(), &families, "{}", written);

        let classic: Vec<Family<'_>> = families.into_iter().map(|mut family| {
            family.samples[0].timestamp = None;
            family
        }).collect();
        let written = text(&classic);
        prop_assert_eq!(&parse(&written, Dialect::Text).unwrap(), &classic, "{}", written);
        prop_assert_eq!(&parse(&written, Dialect::StrictText).unwrap(), &classic, "{}", written);
    }

    #[test]
    fn any_exemplar_is_read_back(value in 0.0..1e9, moment in any_moment(), exemplar in any_exemplar()) {
        let name = Cow::from("hits_total");
        let sample = Sample { name, value, timestamp: moment, exemplar, ..Sample::default() };
        let family = Family { name: "hits".into(), kind: Kind::Counter, samples: vec![sample], ..Family::default() };
        let written = open(std::slice::from_ref(&family));
        prop_assert_eq!(parse(&written, Dialect::OpenMetrics).unwrap(), vec![family], "{}", written);
    }

    #[test]
    fn any_native_histogram_is_read_back(
        count in 0..i64::MAX,
        sum in any_number(),
        schema in -4i64..9,
        spans in prop::option::of(prop::collection::vec((-100i64..100, 0i64..100), 1..4)),
        deltas in prop::collection::vec(any::<i32>().prop_map(|delta| Number::Whole(i64::from(delta))), 1..4),
    ) {
        let native = NativeHistogram {
            count: Number::Whole(count),
            sum: Number::Float(sum),
            schema,
            zero_threshold: Number::Float(0.001),
            zero_count: Number::Whole(4),
            positive_deltas: spans.as_ref().map(|_| deltas.clone()),
            positive_spans: spans,
            ..NativeHistogram::default()
        };
        let native_histogram = Some(Box::new(native.clone()));
        let sample = Sample { name: "h".into(), value: f64::NAN, native_histogram, ..Sample::default() };
        let family = Family { name: "h".into(), kind: Kind::Histogram, samples: vec![sample], ..Family::default() };
        let written = write_openmetrics(&[family], Version::V2, Escaping::AllowUtf8).unwrap();
        let written = String::from_utf8(written).unwrap();
        let read = parse(&written, Dialect::OpenMetrics).unwrap();
        prop_assert_eq!(read[0].samples[0].native_histogram.as_deref(), Some(&native), "{}", written);
    }

    /// Whatever is given, a reader answers, names a line of the text, and gives what can be written again.
    #[test]
    fn no_text_is_too_much(pieces in prop::collection::vec(prop_oneof![
        Just("# TYPE a "), Just("# HELP a "), Just("counter\n"), Just("histogram\n"), Just("summary\n"), Just("stateset\n"),
        Just("info\n"), Just("a"), Just("a_total"), Just("a_bucket"), Just("{"), Just("}"), Just("\""), Just("\\"),
        Just("le=\"1\""), Just("le=\"+Inf\""), Just(","), Just(" "), Just("1"), Just("-1.5"), Just("NaN"), Just("\n"),
        Just(" # {a=\"b\"} 1 1"), Just("{count:1,sum:1,schema:0,zero_threshold:0,zero_count:0"), Just(":["), Just("# EOF\n"), Just("é"),
    ], 0..40)) {
        let text = pieces.concat();
        for dialect in [Dialect::Text, Dialect::StrictText, Dialect::OpenMetrics] {
            match parse(&text, dialect) {
                Ok(families) => {
                    for escaping in [Escaping::AllowUtf8, Escaping::Dots, Escaping::Values, Escaping::Underscores] {
                        write_openmetrics(&families, Version::V2, escaping).unwrap();
                    }
                    let cut_loose: Vec<Family<'static>> = families.iter().cloned().map(Family::into_owned).collect();
                    // NaN is not equal to itself.
                    prop_assert_eq!(format!("{cut_loose:?}"), format!("{families:?}"));
                }
                Err(error) => prop_assert!((1..=text.split('\n').count().max(1)).contains(&error.line()), "{error}"),
            }
        }
    }
}
