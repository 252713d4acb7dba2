//! Any names, labels and numbers come through the text formats whole: read back by a small parser of the tests' own.

mod support;

use proptest::prelude::*;
use support::line::{Line, parse};
use support::*;
use tykmetrics::render::{Escaping, Exposition, Format};
use tykmetrics::snapshot::{Family, Kind, Meta, Value};

fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<f64>().prop_map(Value::Gauge),
        (-1e6..1e6).prop_map(Value::Gauge),
        any::<u64>().prop_map(counter),
        (0..1u64 << 50, 0.0..10.0).prop_map(|(whole, part)| Value::Counter { whole, part }),
    ]
}

fn number(value: &Value) -> f64 {
    match value {
        Value::Gauge(value) => *value,
        Value::Counter { whole, part } => *whole as f64 + part,
        _ => unreachable!("not made above"),
    }
}

proptest! {
    #[test]
    fn any_gauge_is_read_back(
        metric in prop_oneof!["[a-z_:][a-z0-9_:]{0,20}", "\\PC{1,20}", any::<String>().prop_filter("a name", |s| !s.is_empty())],
        label_names in prop::collection::btree_set(prop_oneof!["[a-z_][a-z0-9_]{0,40}", "\\PC{1,12}"], 0..5),
        const_value in any::<Option<String>>(),
        rows in prop::collection::vec((prop::collection::vec(any::<String>(), 5), any_value()), 1..8),
        created in any::<bool>(),
    ) {
        let label_names: Vec<String> = label_names.into_iter().collect();
        let const_labels: Vec<_> = const_value.into_iter().map(|value| ("const.label".to_owned(), value)).collect();
        let meta = Meta {
            name: metric.clone(),
            kind: Kind::Gauge,
            label_names: label_names.clone(),
            const_labels: const_labels.clone(),
            ..Meta::default()
        };
        let mut family = Family::new(meta);
        for (values, value) in &rows {
            let values: Vec<&str> = values.iter().take(label_names.len()).map(String::as_str).collect();
            // A known moment takes the slower way through the renderer, which has to say the same.
            add(&mut family, &values, value, if created { BEGAN } else { 0 }, &[]);
        }
        let zoo = snapshot([family]);
        for format in [Format::TextV1, Format::OpenMetrics, Format::OpenMetrics2] {
            let exposition = Exposition { escaping: Escaping::AllowUtf8, created, ..format.into() };
            let text = String::from_utf8(zoo.render(exposition)).unwrap();
            let lines: Vec<Line> = text.split('\n').filter(|l| !l.is_empty() && !l.starts_with('#')).map(parse).collect();
            prop_assert_eq!(lines.len(), rows.len(), "{}", text);
            for (line, (values, value)) in lines.iter().zip(&rows) {
                prop_assert_eq!(&line.name, &metric);
                let own = label_names.iter().cloned().zip(values.iter().cloned());
                prop_assert_eq!(&line.labels, &own.chain(const_labels.iter().cloned()).collect::<Vec<_>>());
                let read: f64 = line.rest.split(' ').next().unwrap().parse().unwrap();
                prop_assert!(read == number(value) || read.is_nan() && number(value).is_nan(), "{} {:?}", line.rest, value);
            }
        }
    }

    #[test]
    fn any_snapshot_is_valid_json(text in any::<String>(), value in any_value()) {
        let meta = Meta { help: text.clone(), ..meta(Kind::Gauge, &text, "", &[&text]) };
        let zoo = snapshot([family(Meta { unit: text.clone(), ..meta }, &[(&[&text], value)])]);
        let parsed: serde_json::Value = serde_json::from_slice(&zoo.render(Format::Json)).unwrap();
        let family = &parsed["families"][0];
        prop_assert_eq!(family["name"].as_str(), Some(text.as_str()));
        prop_assert_eq!(family["series"][0]["labels"][&text].as_str(), Some(text.as_str()));
    }
}
