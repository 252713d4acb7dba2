//! What holds in every format: the calls of a renderer, chunks, families without series, values that do not belong.

mod support;

use support::*;
use tykmetrics::render::{Exposition, Format, Renderer};
use tykmetrics::snapshot::{Family, Kind, Row, Snapshot, Text, Value};

fn text(snapshot: &Snapshot, exposition: impl Into<Exposition>) -> String {
    String::from_utf8(snapshot.render(exposition)).unwrap()
}

#[test]
fn a_value_of_another_kind_is_left_out_or_printed_as_a_number() {
    let wrong = Value::Histogram(histogram(&[1.0], None, &[0.5]));
    let zoo = snapshot([
        family(meta(Kind::Gauge, "g", "", &[]), &[(&[], wrong.clone()), (&[], counter(3))]),
        family(meta(Kind::Histogram, "h", "", &[]), &[(&[], Value::Gauge(1.0))]),
        family(meta(Kind::StateSet, "s", "", &[]), &[(&[], wrong)]),
    ]);
    let lines = |format| {
        text(&zoo, format).lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(lines(Format::Text), ["g 3"]);
    assert_eq!(lines(Format::OpenMetrics2), ["g 3"]);
    assert_eq!(text(&zoo, Format::ProtobufCompact), "name:\"g\" type:GAUGE metric:{gauge:{value:3}}\n");
    let json: serde_json::Value = serde_json::from_str(&text(&zoo, Format::Json)).unwrap();
    assert_eq!(json["families"].as_array().unwrap().len(), 1);
}

#[test]
fn the_calls_of_a_renderer_may_come_in_any_order() {
    for format in Format::ALL {
        let mut renderer = Renderer::new(format);
        let (mut odd, mut right) = (Vec::new(), Vec::new());
        let meta = meta(Kind::Gauge, "g", "", &["a"]);
        let values = [Text::new("x")];
        let value = Value::Gauge(1.0);
        let row = Row { names: &meta.label_names, values: &values, value: &value, created_ms: 0, exemplars: &[] };
        // A row and an end outside a family, and a family that is not ended.
        renderer.row(&mut odd, &row);
        renderer.end(&mut odd);
        for _ in 0..2 {
            renderer.begin(&mut odd, &meta);
            renderer.row(&mut odd, &row);
        }
        renderer.finish(&mut odd);

        let mut renderer = Renderer::new(format);
        for _ in 0..2 {
            renderer.begin(&mut right, &meta);
            renderer.row(&mut right, &row);
            renderer.end(&mut right);
        }
        renderer.finish(&mut right);
        assert_eq!(odd, right, "{format:?}");
        assert!(!right.is_empty());
    }
}

#[test]
fn chunks_make_the_whole() {
    let many: Vec<(String, u64)> = (0..5000).map(|i| (format!("value-{i}"), i)).collect();
    let mut family = Family::new(meta(Kind::Counter, "many_total", "H", &["label"]));
    for (label, value) in &many {
        family.push(&[label], counter(*value));
    }
    let mut zoo = classic_zoo();
    zoo.families.push(family);
    for format in Format::ALL {
        let mut chunks: Vec<Vec<u8>> = Vec::new();
        let streamed: Result<(), ()> = zoo.render_to(format, &mut |chunk| {
            chunks.push(chunk.to_vec());
            Ok(())
        });
        assert_eq!(streamed, Ok(()));
        assert_eq!(chunks.concat(), zoo.render(format), "{format:?}");
        let streams = !matches!(format, Format::Protobuf | Format::ProtobufText | Format::ProtobufCompact);
        assert!(!streams || chunks.len() > 2 && chunks.iter().all(|chunk| chunk.len() < 70_000), "{format:?}");
    }
}

#[test]
fn a_sink_that_refuses_is_not_asked_again() {
    let mut family = Family::new(meta(Kind::Counter, "many_total", "H", &["label"]));
    for i in 0..10_000 {
        family.push(&[&format!("value-{i}")], counter(i));
    }
    let mut asked = 0;
    let result = snapshot([family]).render_to(Format::Text, &mut |_| {
        asked += 1;
        Err("no")
    });
    assert_eq!((result, asked), (Err("no"), 1));
}

#[test]
fn a_family_without_series_is_shown_only_when_asked_for() {
    let zoo = snapshot([family(meta(Kind::Gauge, "nobody", "H", &["a"]), &[])]);
    for (format, without, with) in [
        (Format::Text, "", "# HELP nobody H\n# TYPE nobody gauge\n"),
        (Format::OpenMetrics, "# EOF\n", "# HELP nobody H\n# TYPE nobody gauge\n# EOF\n"),
        (Format::ProtobufCompact, "", "name:\"nobody\" help:\"H\" type:GAUGE\n"),
        (
            Format::Json,
            "{\"families\":[]}\n",
            "{\"families\":[{\"name\":\"nobody\",\"help\":\"H\",\"type\":\"gauge\",\"unit\":\"\",\"series\":[]}]}\n",
        ),
    ] {
        assert_eq!(text(&zoo, format), without);
        assert_eq!(text(&zoo, Exposition { empty_families: true, ..format.into() }), with);
        assert_eq!(text(&Snapshot::default(), format), without);
    }
    assert_eq!(zoo.render(Format::Protobuf), b"");
    assert_eq!(zoo.render(Exposition { empty_families: true, ..Format::Protobuf.into() }).len(), 14);
}
