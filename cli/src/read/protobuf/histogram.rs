//! A histogram's message: classic buckets, a native histogram, or both.

use super::super::with;
use super::{Family, Kind, NativeHistogram, Sample};
use super::{Message, Number, Result, exemplar, refuse};

/// What was read of a native histogram's one side.
#[derive(Default)]
struct Side {
    spans: Vec<(i64, i64)>,
    deltas: Vec<i64>,
    counts: Vec<f64>,
}

impl Side {
    fn span(&mut self, mut message: Message<'_>) -> Result<()> {
        let (mut offset, mut length) = (0, 0);
        while let Some((number, field)) = message.next()? {
            match number {
                1 => offset = field.zigzag("a span's offset")?,
                2 => length = i64::from(field.varint("a span's length")? as u32),
                _ => {}
            }
        }
        self.spans.push((offset, length));
        Ok(())
    }

    /// The differences from bucket to bucket, however they were told; refused unless there is one for each bucket.
    fn finish(&self, at: usize) -> Result<Vec<Number>> {
        let whole = !self.deltas.is_empty();
        let told = if whole { self.deltas.len() } else { self.counts.len() };
        // The sum of 32-bit lengths fits; there are no more of them than bytes.
        let spanned: i64 = self.spans.iter().map(|(_, length)| length).sum();
        if spanned != told as i64 {
            return refuse(
                at,
                format!("found native buckets for {spanned} places in spans and {told} counts: they must be as many"),
            );
        }
        if whole {
            return Ok(self.deltas.iter().map(|delta| Number::Whole(*delta)).collect());
        }
        let before = [0.0].into_iter().chain(self.counts.iter().copied());
        Ok(self.counts.iter().zip(before).map(|(count, before)| Number::Float(count - before)).collect())
    }
}

/// The schemas that Prometheus knows: from 2^16 down to 2^(1/256), and custom bounds.
const SCHEMAS: std::ops::RangeInclusive<i64> = -4..=8;
const CUSTOM: i64 = -53;

pub(super) fn read<'a>(family: &mut Family<'a>, base: &Sample<'a>, mut message: Message<'a>) -> Result<()> {
    let start = message.at();
    let (mut count, mut sum) = (0.0, 0.0);
    let mut native = NativeHistogram::default();
    let mut is_native = false;
    let (mut negative, mut positive) = (Side::default(), Side::default());
    let mut buckets = Vec::new();
    while let Some((number, field)) = message.next()? {
        is_native |= matches!(number, 5..=7 | 9 | 12);
        match number {
            1 => count = field.varint("a count")? as f64,
            2 => sum = field.double("a sum")?,
            3 => buckets.push(bucket(base, field.message("a bucket")?)?),
            4 => count = field.double("a count")?,
            5 => native.schema = field.zigzag("a schema")?,
            6 => native.zero_threshold = Number::Float(field.double("a zero threshold")?),
            7 => native.zero_count = Number::Whole(field.varint("a zero count")? as i64),
            8 => native.zero_count = Number::Float(field.double("a zero count")?),
            9 => negative.span(field.message("a span")?)?,
            10 => field.zigzags("a delta", &mut negative.deltas)?,
            11 => field.doubles("a count", &mut negative.counts)?,
            12 => positive.span(field.message("a span")?)?,
            13 => field.zigzags("a delta", &mut positive.deltas)?,
            14 => field.doubles("a count", &mut positive.counts)?,
            16 => native.exemplars.push(exemplar(field.message("an exemplar")?)?),
            _ => {}
        }
    }
    if is_native {
        if !SCHEMAS.contains(&native.schema) && native.schema != CUSTOM {
            let schema = native.schema;
            return refuse(start, format!("found a native histogram of schema {schema}: it is from -4 to 8, or -53"));
        }
        native.positive_deltas = Some(positive.finish(start)?);
        native.negative_deltas = Some(negative.finish(start)?);
        native.positive_spans = Some(positive.spans);
        native.negative_spans = Some(negative.spans);
        (native.count, native.sum) = (Number::Float(count), Number::Float(sum));
        let native_histogram = Some(Box::new(native));
        family.samples.push(Sample { value: f64::NAN, native_histogram, ..base.clone() });
    }
    if !is_native || !buckets.is_empty() {
        let (total, of) = match family.kind {
            Kind::GaugeHistogram => ("_gsum", "_gcount"),
            _ => ("_sum", "_count"),
        };
        // The bucket without a bound may be left out, as it says what the count says.
        let infinite = |sample: &Sample<'_>| super::super::label(&sample.labels, "le") == Some("+Inf");
        if !buckets.iter().any(infinite) {
            buckets.push(with(base, "_bucket", Some(("le", f64::INFINITY)), count));
        }
        family.samples.append(&mut buckets);
        family.samples.push(with(base, total, None, sum));
        family.samples.push(with(base, of, None, count));
    }
    Ok(())
}

fn bucket<'a>(base: &Sample<'a>, mut message: Message<'a>) -> Result<Sample<'a>> {
    let (mut count, mut bound, mut seen) = (0.0, 0.0, None);
    while let Some((number, field)) = message.next()? {
        match number {
            1 => count = field.varint("a count")? as f64,
            2 => bound = field.double("a bound")?,
            3 => seen = Some(Box::new(exemplar(field.message("an exemplar")?)?)),
            4 => count = field.double("a count")?,
            _ => {}
        }
    }
    let mut sample = with(base, "_bucket", Some(("le", bound)), count);
    sample.exemplar = seen;
    Ok(sample)
}
