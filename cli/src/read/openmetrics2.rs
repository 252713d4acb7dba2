//! OpenMetrics 2.0 by the text of its release candidate 0 (prometheus/docs, `open_metrics_spec_2_0.md`): names as they are,
//! a histogram or a summary in one line with a composite value, start timestamps, any number of exemplars.
//!
//! `line` has the grammar of a line; this file the order of lines and what each kind of family may have. Composite values
//! become the samples they would be in 1.0, so that whoever judges a document need not know the version.

use super::{Budget, Document, Format, Place, Places, Refusal, not_utf8, shown, with};
use std::borrow::Cow;
use std::collections::HashSet;
use tykmetrics::samples::{Family, Kind, NativeHistogram, Number, Sample};

mod line;

use line::{Composite, Line, Read};

pub(super) fn read(bytes: &[u8]) -> Result<Document<'_>, Refusal> {
    let text = std::str::from_utf8(bytes).map_err(|error| not_utf8(bytes, error))?;
    let mut reader = Reader { budget: Budget::of(bytes), families: Vec::new(), taken: HashSet::new(), open: None };
    let mut ended = false;
    let mut number = 0;
    for content in text.split_inclusive('\n') {
        number += 1;
        let line = content.strip_suffix('\n').unwrap_or(content);
        let result = match line {
            _ if ended => Err((0, format!("found {} behind # EOF, which must be the last line", shown(line)))),
            "" => Err((0, "found a blank line, which OpenMetrics does not have".to_owned())),
            "# EOF" => {
                ended = true;
                Ok(())
            }
            _ if line.starts_with('#') => reader.metadata(line),
            _ => reader.sample(line),
        };
        let column = |at: usize| 1 + line.get(..at).unwrap_or(line).chars().count();
        result.map_err(|(at, message)| Refusal::new(Place::Text { line: number, column: column(at) }, message))?;
    }
    if !ended {
        let place = Place::Text { line: number.max(1), column: 1 };
        return Err(Refusal::new(place, "found no # EOF: it must be the last line"));
    }
    reader.close();
    Ok(Document { format: Format::OpenMetrics2, families: reader.families, places: Places::text(text) })
}

/// The family that lines are added to.
struct Open<'a> {
    name: Cow<'a, str>,
    help: Option<Cow<'a, str>>,
    kind: Option<Kind>,
    unit: Option<Cow<'a, str>>,
    samples: Vec<Sample<'a>>,
}

struct Reader<'a> {
    budget: Budget,
    families: Vec<Family<'a>>,
    taken: HashSet<Cow<'a, str>>,
    open: Option<Open<'a>>,
}

impl<'a> Reader<'a> {
    fn close(&mut self) {
        if let Some(Open { name, help, kind, unit, samples }) = self.open.take() {
            let (help, unit) = (help.unwrap_or_default(), unit.unwrap_or_default());
            self.families.push(Family { name, help, kind: kind.unwrap_or_default(), unit, samples });
        }
    }

    /// The open family if it has this name, or a new one.
    fn named(&mut self, name: Cow<'a, str>) -> Read<&mut Open<'a>> {
        if self.open.as_ref().is_none_or(|open| open.name != name) {
            self.close();
            if !self.taken.insert(name.clone()) {
                let why = "the lines of a family stand together, and others came between";
                return Err((0, format!("found {} again: {why}", shown(&name))));
            }
        }
        Ok(self.open.get_or_insert_with(|| Open { name, help: None, kind: None, unit: None, samples: Vec::new() }))
    }

    fn metadata(&mut self, text: &'a str) -> Read<()> {
        let (keyword, name, at) = line::metadata(text)?;
        let rest = &text[at..];
        let open = self.named(name)?;
        if !open.samples.is_empty() {
            return Err((0, format!("found {}: metadata stands before the samples", shown(text))));
        }
        let twice = match keyword {
            "HELP" => open.help.replace(line::unescaped(rest).map_err(|why| (at, why))?).is_some(),
            "UNIT" => open.unit.replace(Cow::Borrowed(rest)).is_some(),
            _ => match Kind::from_name(rest).filter(|_| rest != "untyped") {
                Some(kind) => open.kind.replace(kind).is_some(),
                None => {
                    let kinds = "counter, gauge, histogram, summary, gaugehistogram, info, stateset or unknown";
                    return Err((at, format!("found the type {}: it must be {kinds}", shown(rest))));
                }
            },
        };
        match twice {
            true => Err((0, format!("found {}: a family has one such line", shown(text)))),
            false => Ok(()),
        }
    }

    fn sample(&mut self, text: &'a str) -> Read<()> {
        let Line { sample, composite, value_at } = line::sample(text)?;
        if let Some(composite) = &composite {
            let samples = composite.buckets.len() + composite.quantiles.len() + 3;
            self.budget.take(&sample, samples).map_err(|why| (value_at, why))?;
        }
        let open = self.named(sample.name.clone())?;
        let kind = open.kind.unwrap_or_default();
        let refuse = |why: &str| Err((value_at, format!("found {}: {why}", shown(&text[value_at..]))));
        match (kind, composite) {
            (Kind::Histogram | Kind::GaugeHistogram | Kind::Summary, None) => {
                refuse("the value of a histogram or a summary is composite, as {count:1,sum:2,…}")
            }
            (Kind::Histogram | Kind::GaugeHistogram, Some(value)) => {
                histogram(&sample, value, kind).map(|samples| open.samples.extend(samples)).or_else(|why| refuse(&why))
            }
            (Kind::Summary, Some(value)) => {
                summary(&sample, value).map(|samples| open.samples.extend(samples)).or_else(|why| refuse(&why))
            }
            (_, Some(_)) => refuse("only a histogram or a summary has a composite value: is its TYPE line missing?"),
            (Kind::Counter, None) if sample.value.is_nan() || sample.value < 0.0 => {
                refuse("a counter is not negative and not NaN")
            }
            (Kind::Info, None) if sample.value != 1.0 => refuse("the value of an info is 1"),
            (Kind::StateSet, None) if sample.value != 0.0 && sample.value != 1.0 => refuse("a state is 0 or 1"),
            (Kind::StateSet, None) if super::label(&sample.labels, &open.name).is_none() => {
                refuse("each sample of a stateset has the label of the set's own name")
            }
            _ => {
                open.samples.push(sample);
                Ok(())
            }
        }
    }
}

type Samples<'a> = Result<Vec<Sample<'a>>, String>;

fn histogram<'a>(base: &Sample<'a>, value: Composite, kind: Kind) -> Samples<'a> {
    let (Some(count), Some(sum)) = (value.count, value.sum) else {
        return Err("a histogram has a count and a sum".into());
    };
    if !value.quantiles.is_empty() {
        return Err("a histogram has no quantiles".into());
    }
    if value.schema.is_none() && value.buckets.is_empty() {
        return Err("a histogram has buckets: `bucket:[…]`, or `schema:` and native ones".into());
    }
    let mut samples = Vec::new();
    if let Some(schema) = value.schema {
        let (Some(threshold), Some(zero)) = (value.zero_threshold, value.zero_count) else {
            return Err("a native histogram has a schema, a zero_threshold and a zero_count".into());
        };
        let native_histogram = Some(Box::new(NativeHistogram {
            count: Number::Float(count),
            sum: Number::Float(sum),
            schema,
            zero_threshold: Number::Float(threshold),
            zero_count: Number::Float(zero),
            positive_deltas: Some(deltas(&value.positive_spans, &value.positive_buckets)?),
            negative_deltas: Some(deltas(&value.negative_spans, &value.negative_buckets)?),
            positive_spans: Some(value.positive_spans),
            negative_spans: Some(value.negative_spans),
            exemplars: Vec::new(),
        }));
        samples.push(Sample { value: f64::NAN, native_histogram, ..base.clone() });
    }
    if !value.buckets.is_empty() {
        if value.buckets.last().is_none_or(|(bound, _)| *bound != f64::INFINITY) {
            return Err("the last bucket is +Inf".into());
        }
        let (total, of) = if kind == Kind::GaugeHistogram { ("_gsum", "_gcount") } else { ("_sum", "_count") };
        let buckets = value.buckets.iter().map(|(bound, count)| with(base, "_bucket", Some(("le", *bound)), *count));
        samples.extend(buckets.chain([with(base, total, None, sum), with(base, of, None, count)]));
    }
    Ok(samples)
}

fn deltas(spans: &[(i64, i64)], counts: &[f64]) -> Result<Vec<Number>, String> {
    let spanned = spans.iter().try_fold(0_i64, |sum, (_, length)| sum.checked_add(*length).filter(|_| *length > 0));
    if spanned != Some(counts.len() as i64) {
        return Err(format!("it has {} native counts, and spans for another number of them", counts.len()));
    }
    let before = [0.0].into_iter().chain(counts.iter().copied());
    Ok(counts.iter().zip(before).map(|(count, before)| Number::Float(count - before)).collect())
}

fn summary<'a>(base: &Sample<'a>, value: Composite) -> Samples<'a> {
    let (Some(count), Some(sum)) = (value.count, value.sum) else {
        return Err("a summary has a count and a sum".into());
    };
    if !value.buckets.is_empty() || value.schema.is_some() {
        return Err("a summary has no buckets".into());
    }
    if value.quantiles.iter().any(|(quantile, _)| !(0.0..=1.0).contains(quantile)) {
        return Err("a quantile is a number from 0 to 1".into());
    }
    let quantiles =
        value.quantiles.iter().map(|(quantile, value)| with(base, "", Some(("quantile", *quantile)), *value));
    Ok(quantiles.chain([with(base, "_sum", None, sum), with(base, "_count", None, count)]).collect())
}
