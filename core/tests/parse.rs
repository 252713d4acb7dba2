//! The parsers, judged by cases that nobody here wrote: those of the OpenMetrics project, and what expfmt refuses. They lie
//! outside the repository; where they are not, a test says so and is left out. What the lenient reader takes is told by
//! `bindings-python/tests/test_samples.py`, which asks prometheus_client itself.

use base64::prelude::{BASE64_STANDARD, Engine};
use serde_json::Value;
use std::path::{Path, PathBuf};
use tykmetrics::samples::{Dialect, Kind, ParseError, Reading, Timestamp, parse, parse_bytes};

fn judges(name: &str) -> Option<PathBuf> {
    let outside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/judges");
    let path = std::env::var_os("TYKMETRICS_JUDGES").map_or(outside, PathBuf::from).join(name);
    if !path.exists() {
        eprintln!("left out: there is no {}", path.display());
        return None;
    }
    Some(path)
}

#[test]
fn every_case_of_openmetrics_is_read_or_refused_as_it_says() {
    let Some(folder) = judges("openmetrics") else { return };
    let (mut read, mut refused) = (0, 0);
    for case in std::fs::read_dir(folder).unwrap() {
        let case = case.unwrap().path();
        let told: Value = serde_json::from_slice(&std::fs::read(case.join("test.json")).unwrap()).unwrap();
        let text = std::fs::read(case.join(told["file"].as_str().unwrap())).unwrap();
        let result = parse_bytes(&text, Dialect::OpenMetrics);
        assert_eq!(result.is_ok(), told["shouldParse"].as_bool().unwrap(), "{}: {result:?}", case.display());
        *if result.is_ok() { &mut read } else { &mut refused } += 1;
    }
    println!("OpenMetrics: {read} cases read, {refused} refused, all as they should be");
    assert!(read > 0 && refused > 0);
}

/// The line in `… error in line 3: …`.
fn line_of(error: &str) -> usize {
    let (_, rest) = error.split_once("in line ").unwrap();
    rest.split(':').next().unwrap().parse().unwrap()
}

#[test]
fn every_bad_text_of_expfmt_is_refused_at_the_line_where_expfmt_refuses_it() {
    let Some(file) = judges("expfmt.jsonl") else { return };
    let mut refused = 0;
    for line in std::fs::read_to_string(file).unwrap().lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let Some(text) = case["in_text"].as_str() else { continue };
        let text = BASE64_STANDARD.decode(text).unwrap();
        let (utf8, legacy) = (case["err_utf8"].as_str().unwrap(), case["err_legacy"].as_str().unwrap());
        // Where no other error is given for names of the classic kind alone, it is the same.
        let legacy = if legacy.is_empty() { utf8 } else { legacy };
        for (expected, legacy_names) in [(utf8, false), (legacy, true)] {
            let result = parse_bytes(&text, Reading { dialect: Dialect::StrictText, legacy_names });
            match (expected, result) {
                ("", Ok(_)) => {}
                (expected, Err(error)) if !expected.is_empty() => {
                    assert_eq!(error.line(), line_of(expected), "{error}")
                }
                (expected, result) => panic!("{case}: {expected:?}, but {result:?}"),
            }
        }
        refused += 1;
    }
    println!("expfmt: {refused} bad texts refused, each at its line");
    assert!(refused > 0);
}

fn line_and_words(result: Result<impl Sized, ParseError>) -> (usize, String) {
    let error = result.err().expect("it is refused");
    (error.line(), error.message().to_owned())
}

#[test]
fn an_error_says_where_what_and_what_is_allowed() {
    assert_eq!(
        line_and_words(parse("a 1\nb{c=\"d\"} x\n", Dialect::Text)),
        (2, "found the value \"x\": it must be a decimal number, NaN, +Inf or -Inf".into())
    );
    assert_eq!(
        line_and_words(parse("# TYPE a gauges\n", Dialect::StrictText)),
        (
            1,
            "found the type \"gauges\": it must be counter, gauge, histogram, summary, gauge_histogram or untyped"
                .into()
        )
    );
    let (line, words) = line_and_words(parse("# TYPE a counter\na_total -1\n# EOF\n", Dialect::OpenMetrics));
    assert_eq!((line, words.as_str()), (2, "found \"a_total\": its value is not negative"));
    // What is wrong with a whole family is told where it begins, and long texts are cut.
    let text = format!("a 1\n# TYPE {} histogram\n{0}_count 1\n{0}_sum 1\n# EOF\n", "h".repeat(200));
    let (line, words) = line_and_words(parse(&text, Dialect::OpenMetrics));
    assert_eq!(line, 2);
    assert!(words.len() < 200 && words.contains('…') && words.contains("+Inf"), "{words}");
    let (line, words) = line_and_words(parse_bytes(b"a 1\nb \xff\n", Dialect::Text));
    assert_eq!((line, words.starts_with("found the byte 0xff")), (2, true));
}

#[test]
fn the_strict_reader_gathers_families_and_the_lenient_one_does_not() {
    let text = "# TYPE a counter\na{b=\"1\"} 1\nc 2 1500\na{b=\"2\"} 3\n# HELP c Late\n";
    let strict = parse(text, Dialect::StrictText).unwrap();
    let told: Vec<_> =
        strict.iter().map(|family| (&*family.name, family.kind, &*family.help, family.samples.len())).collect();
    assert_eq!(told, [("a", Kind::Counter, "", 2), ("c", Kind::Unknown, "Late", 1)]);
    assert_eq!(strict[0].samples[1].name, "a_total");
    assert_eq!(strict[1].samples[0].timestamp, Some(Timestamp::Seconds(1.5)));
    let lenient = parse(text, Dialect::Text).unwrap();
    let told: Vec<_> = lenient.iter().map(|family| (&*family.name, family.kind, family.samples.len())).collect();
    assert_eq!(
        told,
        [("a", Kind::Counter, 1), ("c", Kind::Unknown, 1), ("a", Kind::Unknown, 1), ("c", Kind::Unknown, 0)]
    );
}

/// The first sample of a text, as the lenient reader takes it: name, labels, value.
fn first(text: &str) -> (String, Vec<(String, String)>, f64) {
    let families = parse(text, Dialect::Text).unwrap_or_else(|error| panic!("{text:?}: {error}"));
    let sample = families.into_iter().find_map(|family| family.into_owned().samples.into_iter().next()).unwrap();
    let labels = sample.labels.into_iter().map(|(name, value)| (name.into_owned(), value.into_owned()));
    (sample.name.into_owned(), labels.collect(), sample.value)
}

/// White space and commas of every kind, as the tests of prometheus_client have them.
#[test]
fn the_lenient_reader_takes_spaces_and_commas_where_they_do_no_harm() {
    let labels =
        |labels: &[(&str, &str)]| labels.iter().map(|(n, v)| (n.to_string(), v.to_string())).collect::<Vec<_>>();
    for text in [
        "a{foo=\"bar\"} 1",
        "a { foo = \"bar\" } 1",
        "a\t\t{\t\tfoo\t\t=\t\t\"bar\"\t\t}\t\t1",
        "a{foo=\"bar\"}1",
        "a{foo=\"bar\",} 1",
        "a{,foo=\"bar\" ,  } 1\r",
        "  {\"a\",foo=\"bar\"} 1 \u{a0}",
        "{foo=\"bar\",\"a\"} 1",
    ] {
        assert_eq!(first(text), ("a".into(), labels(&[("foo", "bar")]), 1.0), "{text:?}");
    }
    for text in ["b{,} 2", "b{  ,} 2", "b{,  } 2", "b{} 2", "b  2", "b\t2", "b{c=} 2"] {
        assert_eq!(first(text), ("b".into(), labels(&[]), 2.0), "{text:?}");
    }
    for text in [
        "a{b=\"c\",,} 1",
        "a{b=\"c\"d} 1",
        "a{b=c} 1",
        "a{b} 1",
        "a{b=\"c\",b=\"c\"} 1",
        "a{__b=\"c\"} 1",
        "{} 1",
        "a 1_0",
        "a",
        "a{b=\"c\" 1",
        "a 1 x",
        "a{\"b\"} 1",
        "a.b 1",
        "a{b.c=\"d\"} 1",
        "a{\"b=\"c\"} 1",
        "a{=\"c\"} 1",
        "NaN",
        "# TYPE a",
        "# HELP a.b c",
    ] {
        assert!(parse(text, Dialect::Text).is_err(), "{text:?}");
    }
}

#[test]
fn what_is_escaped_is_told_plainly() {
    for (escaped, plain) in
        [(r"\\foo", r"\foo"), (r"\n", "\n"), (r"\\n", r"\n"), (r"\\\n", "\\\n"), (r#"\""#, "\""), (r"\z", r"\z")]
    {
        assert_eq!(first(&format!("a{{b=\"{escaped}\"}} 1")).1[0].1, plain, "{escaped}");
        assert_eq!(first(&format!("{{\"a{escaped}\",b=\"c\"}} 1")).0, format!("a{plain}"), "{escaped}");
        let help = format!("# HELP a {escaped}\n# EOF\n");
        let read = |dialect| parse(&help, dialect).unwrap()[0].help.clone().into_owned();
        assert_eq!(read(Dialect::OpenMetrics), plain, "{escaped}");
        assert_eq!(read(Dialect::Text), if escaped == r#"\""# { escaped } else { plain }, "{escaped}");
    }
}

#[test]
fn a_counters_family_is_called_without_its_suffix_wherever_that_stands() {
    for text in ["# TYPE a counter\na 1\n", "# HELP a_total x\n# TYPE a_total counter\na_total 1\n"] {
        for dialect in [Dialect::Text, Dialect::StrictText] {
            let families = parse(text, dialect).unwrap();
            assert_eq!(
                (&*families[0].name, families[0].kind, &*families[0].samples[0].name),
                ("a", Kind::Counter, "a_total")
            );
        }
    }
}

#[test]
fn the_lenient_reader_knows_which_samples_belong_to_a_family() {
    for (word, suffixes) in [
        ("counter", &[""][..]),
        ("gauge", &[""]),
        ("summary", &["", "_sum", "_count"]),
        ("histogram", &["_bucket", "_sum", "_count"]),
        ("untyped", &[""]),
    ] {
        for suffix in ["", "_sum", "_count", "_bucket", "_created"] {
            let text = format!("# TYPE a {word}\na{suffix} 1\n");
            let families = parse(&text, Dialect::Text).unwrap();
            assert_eq!(families.len() == 1, suffixes.contains(&suffix), "{text}");
        }
    }
}

#[test]
fn milliseconds_and_seconds_are_moments() {
    let moment = |text, dialect| parse(text, dialect).unwrap()[0].samples[0].timestamp;
    assert_eq!(moment("a 2  1234567890\n", Dialect::Text), Some(Timestamp::Seconds(1234567.89)));
    assert_eq!(moment("a 2 middle 5e3\n", Dialect::Text), Some(Timestamp::Seconds(5.0)), "the last word counts");
    assert_eq!(moment("a 2\n", Dialect::Text), None);
    let exact = Timestamp::Nanos { seconds: 12_345_678_901_234_567_890, nanos: 123_456_789 };
    assert_eq!(moment("a 2 12345678901234567890.1234567890\n# EOF\n", Dialect::OpenMetrics), Some(exact));
    assert_eq!(moment("a 2 1.5e3\n# EOF\n", Dialect::OpenMetrics), Some(Timestamp::Seconds(1500.0)));
}

#[test]
fn an_exemplar_may_have_any_text_between_its_quotes() {
    let text = "# TYPE a counter\na_total{b=\" # {\"} 1 2 # {c=\"}\\\"\",d=\"\"} 0.5 1.5\n# EOF\n";
    let families = parse(text, Dialect::OpenMetrics).unwrap();
    let exemplar = families[0].samples[0].exemplar.as_deref().unwrap();
    assert_eq!(exemplar.labels, [("c".into(), "}\"".into()), ("d".into(), "".into())]);
    assert_eq!((exemplar.value, exemplar.timestamp), (0.5, Some(Timestamp::Nanos { seconds: 1, nanos: 500_000_000 })));
}

#[test]
fn legacy_names_are_asked_for() {
    for (text, dialect) in [
        ("{\"a.b\"} 1\n", Dialect::Text),
        ("a{\"b.c\"=\"d\"} 1\n", Dialect::Text),
        ("{\"a.b\"} 1\n", Dialect::StrictText),
        ("# TYPE \"a.b\" gauge\n{\"a.b\"} 1\n# EOF\n", Dialect::OpenMetrics),
        ("a{\"b.c\"=\"d\"} 1\n# EOF\n", Dialect::OpenMetrics),
    ] {
        assert!(parse(text, dialect).is_ok(), "{text}");
        assert!(parse(text, Reading { dialect, legacy_names: true }).is_err(), "{text}");
    }
}

/// A reader that went over a line more than a few times would not come to the end of these.
#[test]
fn megabytes_of_one_line_come_to_an_end() {
    for piece in
        ["a{b=\"\\\\", "a{b=\"c\",", "{\"", "# HELP \\", "a\\\\", "a{b=\"c\"} 1 # {", "{{{{", "a 1 1 1", ",", "}"]
    {
        let text = format!("a{{{}", piece.repeat(100_000));
        for dialect in [Dialect::Text, Dialect::StrictText, Dialect::OpenMetrics] {
            assert!(parse(&text, dialect).is_err());
        }
    }
    let many: String = (0..200_000).map(|n| format!("l{n}=\"v\",")).collect();
    for dialect in [Dialect::Text, Dialect::StrictText] {
        assert_eq!(parse(&format!("a{{{many}}} 1\n"), dialect).unwrap()[0].samples[0].labels.len(), 200_000);
    }
    let samples: String = (0..200_000).map(|n| format!("a{{b=\"{n}\"}} 1\n")).collect();
    assert_eq!(parse(&format!("{samples}# EOF\n"), Dialect::OpenMetrics).unwrap()[0].samples.len(), 200_000);
}

#[test]
fn a_counter_is_called_what_the_text_calls_it_if_that_is_asked_for() {
    for name in ["hits", "hits_total"] {
        let text = format!("# TYPE {name} counter\n{name} 3\n");
        let told = parse(&text, Dialect::TextAsWritten).unwrap();
        assert_eq!((&*told[0].name, &*told[0].samples[0].name), (name, name));
        let told = parse(&text, Dialect::StrictText).unwrap();
        assert_eq!((&*told[0].name, &*told[0].samples[0].name), ("hits", "hits_total"));
    }
}

#[test]
fn a_blank_behind_the_value_is_refused_where_expfmt_refuses_it() {
    assert!(parse("a 1 \n", Dialect::StrictText).unwrap_err().message().contains("timestamp"));
    assert!(parse("a 1\n", Dialect::StrictText).is_ok());
    assert!(parse("a 1 \n", Dialect::Text).is_ok());
}
