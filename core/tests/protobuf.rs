//! The protobuf format is decoded by `prost`, with message types written after the schema by hand.

mod support;

use prost::Message;
use std::collections::HashSet;
use support::*;
use tykmetrics::render::{Escaping, Exposition, Format, Histograms};
use tykmetrics::snapshot::{Kind, Snapshot};

/// `io/prometheus/client/metrics.proto` of client_model 0.6.3.
mod schema {
    #[derive(Clone, PartialEq, prost::Message)]
    pub(crate) struct LabelPair {
        #[prost(string, optional, tag = "1")]
        pub(crate) name: Option<String>,
        #[prost(string, optional, tag = "2")]
        pub(crate) value: Option<String>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub(crate) struct Timestamp {
        #[prost(int64, tag = "1")]
        pub(crate) seconds: i64,
        #[prost(int32, tag = "2")]
        pub(crate) nanos: i32,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub(crate) struct Exemplar {
        #[prost(message, repeated, tag = "1")]
        pub(crate) label: Vec<LabelPair>,
        #[prost(double, optional, tag = "2")]
        pub(crate) value: Option<f64>,
        #[prost(message, optional, tag = "3")]
        pub(crate) timestamp: Option<Timestamp>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub(crate) struct Gauge {
        #[prost(double, optional, tag = "1")]
        pub(crate) value: Option<f64>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub(crate) struct Counter {
        #[prost(double, optional, tag = "1")]
        pub(crate) value: Option<f64>,
        #[prost(message, optional, tag = "2")]
        pub(crate) exemplar: Option<Exemplar>,
        #[prost(message, optional, tag = "3")]
        pub(crate) created_timestamp: Option<Timestamp>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub(crate) struct Quantile {
        #[prost(double, optional, tag = "1")]
        pub(crate) quantile: Option<f64>,
        #[prost(double, optional, tag = "2")]
        pub(crate) value: Option<f64>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub(crate) struct Summary {
        #[prost(uint64, optional, tag = "1")]
        pub(crate) sample_count: Option<u64>,
        #[prost(double, optional, tag = "2")]
        pub(crate) sample_sum: Option<f64>,
        #[prost(message, repeated, tag = "3")]
        pub(crate) quantile: Vec<Quantile>,
        #[prost(message, optional, tag = "4")]
        pub(crate) created_timestamp: Option<Timestamp>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub(crate) struct Bucket {
        #[prost(uint64, optional, tag = "1")]
        pub(crate) cumulative_count: Option<u64>,
        #[prost(double, optional, tag = "2")]
        pub(crate) upper_bound: Option<f64>,
        #[prost(message, optional, tag = "3")]
        pub(crate) exemplar: Option<Exemplar>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub(crate) struct BucketSpan {
        #[prost(sint32, optional, tag = "1")]
        pub(crate) offset: Option<i32>,
        #[prost(uint32, optional, tag = "2")]
        pub(crate) length: Option<u32>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub(crate) struct Histogram {
        #[prost(uint64, optional, tag = "1")]
        pub(crate) sample_count: Option<u64>,
        #[prost(double, optional, tag = "2")]
        pub(crate) sample_sum: Option<f64>,
        #[prost(message, repeated, tag = "3")]
        pub(crate) bucket: Vec<Bucket>,
        #[prost(sint32, optional, tag = "5")]
        pub(crate) schema: Option<i32>,
        #[prost(double, optional, tag = "6")]
        pub(crate) zero_threshold: Option<f64>,
        #[prost(uint64, optional, tag = "7")]
        pub(crate) zero_count: Option<u64>,
        #[prost(message, repeated, tag = "12")]
        pub(crate) positive_span: Vec<BucketSpan>,
        #[prost(sint64, repeated, packed = "false", tag = "13")]
        pub(crate) positive_delta: Vec<i64>,
        #[prost(message, optional, tag = "15")]
        pub(crate) created_timestamp: Option<Timestamp>,
        #[prost(message, repeated, tag = "16")]
        pub(crate) exemplars: Vec<Exemplar>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub(crate) struct Metric {
        #[prost(message, repeated, tag = "1")]
        pub(crate) label: Vec<LabelPair>,
        #[prost(message, optional, tag = "2")]
        pub(crate) gauge: Option<Gauge>,
        #[prost(message, optional, tag = "3")]
        pub(crate) counter: Option<Counter>,
        #[prost(message, optional, tag = "4")]
        pub(crate) summary: Option<Summary>,
        #[prost(message, optional, tag = "5")]
        pub(crate) untyped: Option<Gauge>,
        #[prost(message, optional, tag = "7")]
        pub(crate) histogram: Option<Histogram>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub(crate) struct MetricFamily {
        #[prost(string, optional, tag = "1")]
        pub(crate) name: Option<String>,
        #[prost(string, optional, tag = "2")]
        pub(crate) help: Option<String>,
        #[prost(int32, optional, tag = "3")]
        pub(crate) kind: Option<i32>,
        #[prost(message, repeated, tag = "4")]
        pub(crate) metric: Vec<Metric>,
        #[prost(string, optional, tag = "5")]
        pub(crate) unit: Option<String>,
    }
}

use schema::{Histogram, Metric, MetricFamily, Timestamp};

fn decode(snapshot: &Snapshot, exposition: impl Into<Exposition>) -> Vec<MetricFamily> {
    let bytes = snapshot.render(exposition);
    let mut rest = bytes.as_slice();
    let mut families = Vec::new();
    while !rest.is_empty() {
        families.push(MetricFamily::decode_length_delimited(&mut rest).unwrap());
    }
    // Nothing was said that the schema does not know: encoding what was understood takes as many bytes.
    let again: usize = families.iter().map(|family| family.encode_length_delimited_to_vec().len()).sum();
    assert_eq!(again, bytes.len());
    families
}

fn labels(metric: &Metric) -> Vec<(&str, &str)> {
    metric.label.iter().map(|label| (label.name(), label.value())).collect()
}

const MOMENT: Timestamp = Timestamp { seconds: 1_700_000_000, nanos: 125_000_000 };

#[test]
fn every_family_is_decoded_as_the_snapshot_has_it() {
    let families = decode(&classic_zoo(), Format::Protobuf);
    let of = |name: &str| families.iter().find(|family| family.name() == name).unwrap();

    let requests = of("http_requests_total");
    assert_eq!((requests.help(), requests.kind()), ("Requests \\ answered,\n\"all\" of them.", 0));
    let first = &requests.metric[0];
    assert_eq!(labels(first), [("method", "GET"), ("status", "200"), ("zone", "eu-1"), ("odd", "a\"b\\c\nd")]);
    let value = first.counter.as_ref().unwrap();
    assert_eq!((value.value(), &value.created_timestamp), (1027.0, &Some(MOMENT)));
    let exemplar = value.exemplar.as_ref().unwrap();
    assert_eq!((exemplar.label[0].value(), exemplar.value()), ("4bf92f", 1.0));
    assert_eq!(requests.metric[1].counter.as_ref().unwrap().value(), 3.25);
    assert_eq!(requests.metric[1].counter.as_ref().unwrap().created_timestamp, None);
    assert_eq!(labels(&requests.metric[3])[0], ("otel_metric_overflow", "true"));

    assert_eq!((of("queue_bytes").kind(), of("queue_bytes").unit()), (1, "bytes"));
    assert!(of("queue_bytes").metric[4].gauge.as_ref().unwrap().value().is_nan());
    assert_eq!(of("foreign").metric[0].untyped.as_ref().unwrap().value(), 2.5);
    assert_eq!(of("foreign").kind(), 3);

    let summary = of("rpc_seconds").metric[0].summary.as_ref().unwrap();
    assert_eq!((summary.sample_count(), summary.sample_sum(), summary.quantile.len()), (12, 4.5, 3));
    assert_eq!((summary.quantile[1].quantile(), summary.quantile[1].value()), (0.9, 1.0));
    assert_eq!((of("rpc_seconds").kind(), &summary.created_timestamp), (2, &Some(MOMENT)));

    assert_eq!(labels(&of("build_info").metric[0])[2], ("version", "1.2.3"));
    assert_eq!((of("build_info").kind(), of("build_info").metric[0].gauge.as_ref().unwrap().value()), (1, 1.0));
    let states: Vec<f64> = of("unit_state").metric.iter().map(|m| m.gauge.as_ref().unwrap().value()).collect();
    assert_eq!(states, [0.0, 1.0, 0.0]);
    assert_eq!(labels(&of("unit_state").metric[1]), [("part", "db"), ("unit_state", "up")]);
    assert!(!families.iter().any(|family| family.name() == "nobody"));
    let names: HashSet<&str> = families.iter().map(MetricFamily::name).collect();
    assert_eq!(names.len(), families.len());
}

fn latency(histograms: Histograms) -> Vec<Histogram> {
    let families = decode(&classic_zoo(), Exposition { histograms, ..Format::Protobuf.into() });
    let family = families.into_iter().find(|family| family.name() == "http_request_duration_seconds").unwrap();
    assert_eq!(family.kind(), 4);
    family.metric.into_iter().map(|metric| metric.histogram.unwrap()).collect()
}

#[test]
fn a_histogram_has_classic_and_native_buckets() {
    let histogram = latency(Histograms::Both).swap_remove(0);
    assert_eq!((histogram.sample_count(), &histogram.created_timestamp), (7, &Some(MOMENT)));
    assert!((histogram.sample_sum() - 32.453).abs() < 1e-9);
    let classic: Vec<(f64, u64)> = histogram.bucket.iter().map(|b| (b.upper_bound(), b.cumulative_count())).collect();
    assert_eq!(classic, [(0.005, 2), (0.1, 3), (1.0, 6), (2.5, 6), (f64::INFINITY, 7)]);
    assert_eq!(histogram.bucket[2].exemplar.as_ref().unwrap().label[0].value(), "b");
    assert_eq!(histogram.bucket[4].exemplar.as_ref().unwrap().timestamp, None);
    // Only those with a moment.
    assert_eq!(histogram.exemplars.len(), 2);

    // The native buckets, told again: each value lies in the bucket whose bounds are powers of 2^(2^-schema).
    let mut counts = std::collections::BTreeMap::new();
    for value in [0.001f64, 0.002, 0.05, 0.7, 0.8, 0.9, 30.0] {
        *counts.entry((value.log2() * 8.0).ceil() as i32).or_insert(0i64) += 1;
    }
    assert_eq!(histogram.schema(), 3);
    let mut decoded = std::collections::BTreeMap::new();
    let (mut index, mut count, mut deltas) = (0, 0, histogram.positive_delta.iter());
    for (i, span) in histogram.positive_span.iter().enumerate() {
        index = if i == 0 { span.offset() } else { index + span.offset() };
        for _ in 0..span.length() {
            count += deltas.next().unwrap();
            if count > 0 {
                decoded.insert(index, count);
            }
            index += 1;
        }
    }
    assert_eq!(decoded, counts);
    assert_eq!((deltas.next(), histogram.zero_count()), (None, 0));
}

#[test]
fn the_kinds_of_buckets_can_be_chosen() {
    let classic = latency(Histograms::Classic).swap_remove(0);
    assert_eq!((classic.bucket.len(), classic.schema, classic.exemplars.len()), (5, None, 0));
    assert!(classic.positive_span.is_empty() && classic.positive_delta.is_empty());
    let native = latency(Histograms::Native).swap_remove(0);
    assert_eq!((native.bucket.len(), native.schema), (0, Some(3)));
    assert!(!native.positive_delta.is_empty());
}

#[test]
fn a_native_histogram_without_observations_has_a_span_that_says_nothing() {
    let empty = latency(Histograms::Native).swap_remove(1);
    assert_eq!((empty.sample_count, empty.schema, empty.positive_span.len()), (Some(0), Some(3), 1));
    assert_eq!((empty.positive_span[0].offset, empty.positive_span[0].length), (Some(0), Some(0)));
}

#[test]
fn a_histogram_without_native_buckets_shows_the_classic_ones() {
    let families = decode(&classic_zoo(), Exposition { histograms: Histograms::Native, ..Format::Protobuf.into() });
    let of = |name: &str| families.iter().find(|f| f.name() == name).unwrap().metric[0].histogram.clone().unwrap();
    assert_eq!((of("temperature_celsius").bucket.len(), of("temperature_celsius").schema), (3, None));
    // No bounds at all: the one bucket that is always there.
    assert_eq!((of("only_inf").bucket.len(), of("only_inf").bucket[0].cumulative_count()), (1, 2));
}

#[test]
fn names_are_escaped_as_asked() {
    let names = |escaping| {
        let families = decode(&utf8_zoo(), Exposition { escaping, ..Format::Protobuf.into() });
        let first = &families[0];
        (first.name().to_owned(), first.metric[0].label[0].name().to_owned())
    };
    assert_eq!(names(Escaping::AllowUtf8), ("http.server.requests_total".into(), "http.method".into()));
    assert_eq!(names(Escaping::Underscores), ("http_server_requests_total".into(), "http_method".into()));
    assert_eq!(names(Escaping::Values).1, "U__http_2e_method");
}

#[test]
fn a_long_message_has_its_whole_length() {
    let long = "x".repeat(100_000);
    let zoo = snapshot([family(meta(Kind::Counter, "c_total", &long, &["a"]), &[(&[&long], counter(1))])]);
    let families = decode(&zoo, Format::Protobuf);
    assert_eq!((families[0].help().len(), families[0].metric[0].label[0].value().len()), (100_000, 100_000));
}
