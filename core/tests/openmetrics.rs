//! The rules of OpenMetrics 1.0, each by a text that keeps it and texts that break it. (The cases of the OpenMetrics project
//! itself are in `parse.rs`.)

use tykmetrics::samples::{Dialect, Number, parse};

/// A text with its end.
fn refused(lines: &str) -> Option<String> {
    parse(&format!("{lines}\n# EOF\n"), Dialect::OpenMetrics).err().map(|error| error.to_string())
}

/// Fails unless the first text is read, and each of the others is refused with a sentence that has its word.
fn rule(good: &str, bad: &[(&str, &str)]) {
    assert_eq!(refused(good), None, "{good}");
    for (text, word) in bad {
        let error = refused(text).unwrap_or_else(|| panic!("this is read: {text}"));
        assert!(error.contains(word), "{text}\n{error}");
    }
}

#[test]
fn the_samples_of_a_metric_stand_together() {
    rule(
        "# TYPE a gauge\na{b=\"1\"} 1\na{b=\"2\"} 1",
        &[("# TYPE a gauge\na{b=\"1\"} 1\na{b=\"2\"} 1\na{b=\"1\"} 2", "stand together")],
    );
    rule(
        "# TYPE a summary\na_count{b=\"1\"} 1\na_sum{b=\"1\"} 1\na{b=\"1\",quantile=\"0.5\"} 1\na_count{b=\"2\"} 1",
        &[("# TYPE a summary\na_count{b=\"1\"} 1\na_count{b=\"2\"} 1\na_sum{b=\"1\"} 1", "stand together")],
    );
}

#[test]
fn time_does_not_go_backwards() {
    rule(
        "# TYPE a gauge\na 1 1\na 2 1.5\na 3 1e9",
        &[
            ("# TYPE a gauge\na 1 1.5\na 2 1.25", "before"),
            ("# TYPE a gauge\na 1 1\na 2", "all samples"),
            ("# TYPE a gauge\na 1\na 2 1", "all samples"),
        ],
    );
    assert_eq!(
        refused("# TYPE a info\na_info{b=\"1\"} 1 2\na_info{b=\"2\"} 1 1"),
        None,
        "an info's labels are its value"
    );
}

#[test]
fn a_repeated_sample_counts_once_at_a_moment() {
    let text = "# TYPE a gauge\na 1 1\na 2 1\na 3 2\n# EOF\n";
    let families = parse(text, Dialect::OpenMetrics).unwrap();
    assert_eq!(families[0].samples.iter().map(|sample| sample.value).collect::<Vec<_>>(), [1.0, 3.0]);
}

#[test]
fn a_histogram_comes_to_what_its_buckets_say() {
    let histogram = |buckets: &str| format!("# TYPE h histogram\n{buckets}");
    let bad: Vec<(String, &str)> = [
        ("h_bucket{le=\"+Inf\"} 3\nh_count 4\nh_sum 1", "its count must be"),
        ("h_bucket{le=\"+Inf\"} 3\nh_count 2\nh_sum 1", "its count must be"),
        ("h_bucket{le=\"1.0\"} 3\nh_count 3\nh_sum 1", "+Inf"),
        ("h_bucket{le=\"+Inf\"} 3\nh_sum 1", "must have a count"),
        ("h_bucket{le=\"+Inf\"} 3\nh_count 3", "must have a sum"),
        ("h_bucket{le=\"2.0\"} 1\nh_bucket{le=\"1.0\"} 1\nh_bucket{le=\"+Inf\"} 3", "do not rise"),
        ("h_bucket{le=\"1.0\"} 2\nh_bucket{le=\"+Inf\"} 1", "fall"),
        ("h_bucket{le=\"-1.0\"} 2\nh_bucket{le=\"+Inf\"} 2\nh_count 2\nh_sum 1", "no sum"),
        ("h_bucket{le=\"+Inf\"} 1.5", "integer"),
        ("h_bucket{le=\"inf\"} 1", "label le"),
        ("h_bucket 1", "label le"),
    ]
    .map(|(text, word)| (histogram(text), word))
    .into();
    let bad: Vec<(&str, &str)> = bad.iter().map(|(text, word)| (text.as_str(), *word)).collect();
    let good = histogram("h_bucket{le=\"1.0\"} 1\nh_bucket{le=\"+Inf\"} 3\nh_count 3\nh_sum 5\nh_created 1");
    rule(&good, &bad);
    rule(
        "# TYPE g gaugehistogram\ng_bucket{le=\"-1.0\"} 1\ng_bucket{le=\"+Inf\"} 3\ng_gcount 3\ng_gsum -5",
        &[
            ("# TYPE g gaugehistogram\ng_bucket{le=\"+Inf\"} 3\ng_gcount 3\ng_gsum -5", "not negative"),
            ("# TYPE g gaugehistogram\ng_bucket{le=\"+Inf\"} 3\ng_gsum 5", "must have a count"),
        ],
    );
}

#[test]
fn each_kind_has_its_values() {
    rule(
        "# TYPE a counter\na_total 1",
        &[("# TYPE a counter\na_total -1", "negative"), ("# TYPE a counter\na_total NaN", "NaN")],
    );
    rule("# TYPE a info\na_info{b=\"c\"} 1", &[("# TYPE a info\na_info{b=\"c\"} 2", "is 1")]);
    rule(
        "# TYPE a stateset\na{a=\"on\"} 1\na{a=\"off\"} 0",
        &[("# TYPE a stateset\na{a=\"on\"} 2", "0 or 1"), ("# TYPE a stateset\na{b=\"on\"} 1", "own name")],
    );
    rule(
        "# TYPE a summary\na{quantile=\"0.5\"} NaN\na_count 1\na_sum 1",
        &[
            ("# TYPE a summary\na{quantile=\"1.5\"} 1", "quantile"),
            ("# TYPE a summary\na{quantile=\"0.5\"} -1", "not negative"),
            ("# TYPE a summary\na 1", "quantile"),
            ("# TYPE a summary\na_count 1.5", "integer"),
        ],
    );
    rule(
        "# TYPE a counter\na_total 1 # {b=\"c\"} 1",
        &[
            ("# TYPE a gauge\na 1 # {b=\"c\"} 1", "exemplars"),
            ("# TYPE a counter\na_created 1 # {b=\"c\"} 1", "exemplars"),
        ],
    );
}

#[test]
fn metadata_stands_first_and_once() {
    rule(
        "# HELP a_s x\n# TYPE a_s gauge\n# UNIT a_s s\na_s 1",
        &[
            ("# HELP a x\n# HELP a x", "one such line"),
            ("a 1\n# HELP a x", "before the samples"),
            ("# UNIT a s", "its unit"),
            ("# TYPE a_s info\n# UNIT a_s s", "has none"),
            ("# TYPE a untyped", "type"),
            ("# TYPE a counter\n# TYPE a_total gauge", "two families"),
            ("# TYPE a_created gauge\n# TYPE a counter", "two families"),
            ("a 1\nb 1\na 1", "two families"),
            ("# HELP a", "metadata is"),
            ("# NOTE a x", "HELP, TYPE, UNIT"),
            ("", "blank line"),
            ("# EOF", "last line"),
        ],
    );
}

#[test]
fn a_native_histogram_has_its_fields() {
    let text = "# TYPE h histogram\nh{a=\"b\"} {count:24,sum:100.5,schema:-1,zero_threshold:0.001,zero_count:4,\
                positive_spans:[0:2,1:2],negative_spans:[-3:1],positive_deltas:[2,1,-3,3],negative_deltas:[2]}\n# EOF\n";
    let families = parse(text, Dialect::OpenMetrics).unwrap();
    let native = families[0].samples[0].native_histogram.as_deref().unwrap();
    assert_eq!((native.count, native.sum, native.schema), (Number::Whole(24), Number::Float(100.5), -1));
    assert_eq!((native.zero_threshold, native.zero_count), (Number::Float(0.001), Number::Whole(4)));
    assert_eq!(
        (native.positive_spans.as_deref(), native.negative_spans.as_deref()),
        (Some(&[(0, 2), (1, 2)][..]), Some(&[(-3, 1)][..]))
    );
    assert_eq!(native.positive_deltas, Some([2, 1, -3, 3].map(Number::Whole).to_vec()));
    assert_eq!(native.negative_deltas, Some(vec![Number::Whole(2)]));
    for (fields, word) in [
        ("count:1,sum:1,schema:0,zero_threshold:0", "without zero_count"),
        ("count:1.5,sum:1,schema:0,zero_threshold:0,zero_count:0", "integer"),
        ("count:1,sum:x,schema:0,zero_threshold:0,zero_count:0", "number"),
        ("count:1,sum:1,schema:0,zero_threshold:0,zero_count:0,positive_spans:[1]", "offset:length"),
        ("count:1,sum:1,schema:0,zero_threshold:0,zero_count:0,positive_deltas:1", "list"),
        ("count", "key:value"),
    ] {
        let error = refused(&format!("# TYPE h histogram\nh {{{fields}}}")).unwrap();
        assert!(error.contains(word), "{fields}: {error}");
    }
}
