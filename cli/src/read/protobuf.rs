//! `io.prometheus.client.MetricFamily` messages, each behind its length: client_model's `metrics.proto`, read by hand.
//!
//! The wire format is four kinds of fields, and a schema of nine messages does not need a compiler's help. Nothing is read
//! ahead, nothing recurses beyond the schema's own depth, and a length is believed only as far as there are bytes.

use super::{Budget, Document, Format, Place, Places, Refusal, with};
use tykmetrics::samples::{Exemplar, Family, Kind, Labels, NativeHistogram, Number, Sample, Timestamp};

mod histogram;
mod wire;

use wire::Message;

type Result<T> = std::result::Result<T, Refusal>;

fn refuse<T>(at: usize, message: impl Into<String>) -> Result<T> {
    Err(Refusal::new(Place::Byte(at), message))
}

/// Whether this begins as a length does, and a family with a name in it.
pub(super) fn looks_like(bytes: &[u8]) -> bool {
    let mut stream = Message::new(bytes, 0);
    let Ok(length) = stream.varint() else { return false };
    // Field 1, as text, and within the message.
    let rest = stream.rest();
    matches!(rest, [0x0a, name, ..] if *name > 0 && u64::from(*name) + 2 <= length && *name < 0x80)
        && length <= rest.len() as u64
}

pub(super) fn read(bytes: &[u8]) -> Result<Document<'_>> {
    let mut stream = Message::new(bytes, 0);
    let mut budget = Budget::of(bytes);
    let (mut families, mut starts) = (Vec::new(), Vec::new());
    while !stream.rest().is_empty() {
        starts.push(stream.at());
        families.push(family(stream.delimited()?, &mut budget)?);
    }
    Ok(Document { format: Format::Protobuf, families, places: Places::Bytes(starts) })
}

fn family<'a>(mut message: Message<'a>, budget: &mut Budget) -> Result<Family<'a>> {
    let start = message.at();
    let mut family = Family::default();
    let mut kind = Some(0);
    let mut metrics = Vec::new();
    while let Some((number, field)) = message.next()? {
        match number {
            1 => family.name = field.text("a family's name")?.into(),
            2 => family.help = field.text("a help text")?.into(),
            3 => kind = Some(field.varint("a type")?),
            4 => metrics.push(field.message("a metric")?),
            5 => family.unit = field.text("a unit")?.into(),
            _ => {}
        }
    }
    if family.name.is_empty() {
        return refuse(start, "found a family without a name: every family has one");
    }
    family.kind = match kind {
        Some(0) => Kind::Counter,
        Some(1) => Kind::Gauge,
        Some(2) => Kind::Summary,
        Some(3) => Kind::Unknown,
        Some(4) => Kind::Histogram,
        Some(5) => Kind::GaugeHistogram,
        other => {
            let types = "0 (counter), 1 (gauge), 2 (summary), 3 (untyped), 4 (histogram) or 5 (gauge histogram)";
            let other = other.unwrap_or_default();
            return refuse(
                start,
                format!("found the type {other} of {}: it must be {types}", super::shown(&family.name)),
            );
        }
    };
    for message in metrics {
        metric(&mut family, message, budget)?;
    }
    Ok(family)
}

/// One metric: its samples are added to the family.
fn metric<'a>(family: &mut Family<'a>, mut message: Message<'a>, budget: &mut Budget) -> Result<()> {
    let start = message.at();
    let mut labels = Labels::new();
    let mut timestamp = None;
    let mut values: [Option<Message<'a>>; 5] = [const { None }; 5];
    while let Some((number, field)) = message.next()? {
        let place = match number {
            1 => {
                label(&mut labels, field.message("a label")?)?;
                continue;
            }
            6 => {
                // Milliseconds, as a two's complement.
                timestamp = Some(Timestamp::Seconds(field.varint("a timestamp")? as i64 as f64 / MILLIS));
                continue;
            }
            2 => 0,
            3 => 1,
            4 => 2,
            5 => 3,
            7 => 4,
            _ => continue,
        };
        values[place] = Some(field.message("a value")?);
    }
    let (wanted, word) = match family.kind {
        Kind::Gauge => (0, "gauge"),
        Kind::Counter => (1, "counter"),
        Kind::Summary => (2, "summary"),
        Kind::Histogram | Kind::GaugeHistogram => (4, "histogram"),
        _ => (3, "untyped"),
    };
    let Some(value) = values[wanted].take() else {
        let name = super::shown(&family.name);
        return refuse(start, format!("found a metric of {name} without the field `{word}`: it is of that type"));
    };
    let base = Sample { name: family.name.clone(), labels, timestamp, ..Sample::default() };
    // Buckets and quantiles have the same number; sum, count and the bucket without a bound are three more.
    budget.take(&base, value.count(3)? + 3).or_else(|why| refuse(start, why))?;
    match family.kind {
        Kind::Summary => summary(family, &base, value),
        Kind::Histogram | Kind::GaugeHistogram => histogram::read(family, &base, value),
        _ => {
            let mut sample = base;
            (sample.value, sample.exemplar) = plain(value)?;
            family.samples.push(sample);
            Ok(())
        }
    }
}

/// Milliseconds in a second.
const MILLIS: f64 = 1000.0;

/// Each label is compared with those before it; nobody has as many.
const MOST_LABELS: usize = 1000;

fn label<'a>(labels: &mut Labels<'a>, mut message: Message<'a>) -> Result<()> {
    let start = message.at();
    let (mut name, mut value) = ("", "");
    while let Some((number, field)) = message.next()? {
        match number {
            1 => name = field.text("a label's name")?,
            2 => value = field.text("a label's value")?,
            _ => {}
        }
    }
    if name.is_empty() || name == "__name__" {
        return refuse(start, format!("found the label name {name:?}: it is reserved or not a name"));
    }
    if labels.len() >= MOST_LABELS {
        return refuse(start, format!("found more than {MOST_LABELS} labels on one series"));
    }
    if super::label(labels, name).is_some() {
        return refuse(start, format!("found the label {} twice", super::shown(name)));
    }
    labels.push((name.into(), value.into()));
    Ok(())
}

/// A counter, a gauge or an untyped: a value, and a counter's exemplar.
fn plain(mut message: Message<'_>) -> Result<(f64, Option<Box<Exemplar<'_>>>)> {
    let (mut value, mut seen) = (0.0, None);
    while let Some((number, field)) = message.next()? {
        match number {
            1 => value = field.double("a value")?,
            2 => seen = Some(Box::new(exemplar(field.message("an exemplar")?)?)),
            _ => {}
        }
    }
    Ok((value, seen))
}

fn summary<'a>(family: &mut Family<'a>, base: &Sample<'a>, mut message: Message<'a>) -> Result<()> {
    let (mut count, mut sum) = (0, 0.0);
    while let Some((number, field)) = message.next()? {
        match number {
            1 => count = field.varint("a count")?,
            2 => sum = field.double("a sum")?,
            3 => {
                let (mut quantile, mut value) = (0.0, 0.0);
                let mut message = field.message("a quantile")?;
                while let Some((number, field)) = message.next()? {
                    match number {
                        1 => quantile = field.double("a quantile")?,
                        2 => value = field.double("a value")?,
                        _ => {}
                    }
                }
                family.samples.push(with(base, "", Some(("quantile", quantile)), value));
            }
            _ => {}
        }
    }
    family.samples.push(with(base, "_sum", None, sum));
    family.samples.push(with(base, "_count", None, count as f64));
    Ok(())
}

fn exemplar(mut message: Message<'_>) -> Result<Exemplar<'_>> {
    let mut exemplar = Exemplar::default();
    while let Some((number, field)) = message.next()? {
        match number {
            1 => label(&mut exemplar.labels, field.message("a label")?)?,
            2 => exemplar.value = field.double("a value")?,
            3 => {
                let (mut seconds, mut nanos) = (0, 0);
                let mut message = field.message("a timestamp")?;
                while let Some((number, field)) = message.next()? {
                    match number {
                        1 => seconds = field.varint("seconds")? as i64,
                        2 => nanos = field.varint("nanoseconds")? as i32,
                        _ => {}
                    }
                }
                exemplar.timestamp = Some(Timestamp::Nanos { seconds: i128::from(seconds), nanos });
            }
            _ => {}
        }
    }
    Ok(exemplar)
}
