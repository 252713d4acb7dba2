//! OpenMetrics 1.0.0 and 2.0.0 as `prometheus_client.openmetrics.exposition.generate_latest` prints them.

use super::{Version, WriteError, by_name, each, labels, metadata, names};
use crate::render::{Escaping, escape, number};
use crate::samples::{Exemplar, Family, Kind, NativeHistogram, Number, Sample, Timestamp};

/// Families in OpenMetrics.
///
/// # Errors
/// Where a sample has an exemplar that is neither a bucket, a histogram nor the `_total` of a counter.
pub fn write_openmetrics(families: &[Family<'_>], version: Version, escaping: Escaping) -> Result<Vec<u8>, WriteError> {
    let mut out = Vec::new();
    each(families, |family| {
        metadata(&mut out, "HELP", &family.name, escaping, |out| escape::help(out, &family.help, true));
        let word = family.kind.as_str().as_bytes();
        metadata(&mut out, "TYPE", &family.name, escaping, |out| out.extend_from_slice(word));
        if !family.unit.is_empty() {
            metadata(&mut out, "UNIT", &family.name, escaping, |out| out.extend_from_slice(family.unit.as_bytes()));
        }
        family.samples.iter().try_for_each(|sample| line(&mut out, family, sample, version, escaping))
    })?;
    out.extend_from_slice(b"# EOF\n");
    Ok(out)
}

fn may_have_exemplar(family: &Family<'_>, sample: &Sample<'_>) -> bool {
    match family.kind {
        Kind::Counter => sample.name.ends_with("_total"),
        Kind::GaugeHistogram => sample.name.ends_with("_bucket"),
        Kind::Histogram => sample.name.ends_with("_bucket") || sample.name == family.name,
        _ => false,
    }
}

fn line(
    out: &mut Vec<u8>,
    family: &Family<'_>,
    sample: &Sample<'_>,
    version: Version,
    escaping: Escaping,
) -> Result<(), String> {
    let native = sample.native_histogram.as_deref();
    let many = native.map_or(&[][..], |native| &native.exemplars);
    let shown = version >= Version::V2 || native.is_none();
    if (sample.exemplar.is_some() || (shown && !many.is_empty())) && !may_have_exemplar(family, sample) {
        let why = "only buckets, histograms and the _total of counters have exemplars";
        return Err(format!("{} of the {} {} has an exemplar: {why}", sample.name, family.kind.as_str(), family.name));
    }
    if !shown {
        return Ok(());
    }
    let inside = escaping == Escaping::AllowUtf8 && !escape::is_classic_name(&sample.name);
    match inside {
        true => {
            out.push(b'{');
            names::metric(out, &sample.name, escaping);
            out.extend_from_slice(if sample.labels.is_empty() { b"" } else { b"," });
        }
        false => {
            out.extend_from_slice(escape::rewritten(&sample.name, escaping).as_bytes());
            out.extend_from_slice(if sample.labels.is_empty() { b"" } else { b"{" });
        }
    }
    labels(out, &sample.labels, escaping);
    out.extend_from_slice(if inside || !sample.labels.is_empty() { b"} " } else { b" " });
    match native {
        Some(native) => histogram(out, native),
        None => number::go_string(out, sample.value),
    }
    if let Some(moment) = sample.timestamp {
        out.push(b' ');
        timestamp(out, moment);
    }
    sample.exemplar.as_deref().into_iter().chain(many).for_each(|shown| exemplar(out, shown));
    out.push(b'\n');
    Ok(())
}

fn timestamp(out: &mut Vec<u8>, moment: Timestamp) {
    match moment {
        Timestamp::Seconds(seconds) => number::python(out, seconds),
        Timestamp::Whole(seconds) => number::signed(out, seconds),
        Timestamp::Nanos { seconds, nanos } => {
            out.extend_from_slice(format!("{seconds}.{nanos:09}").as_bytes());
        }
    }
}

fn exemplar(out: &mut Vec<u8>, exemplar: &Exemplar<'_>) {
    out.extend_from_slice(b" # {");
    let mut first = true;
    // The names are printed as they are, whatever they are.
    by_name(&exemplar.labels, |(name, value)| {
        out.extend_from_slice(if first { b"" } else { b"," });
        first = false;
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b"=\"");
        escape::label_value(out, value);
        out.push(b'"');
    });
    out.extend_from_slice(b"} ");
    number::go_string(out, exemplar.value);
    if let Some(moment) = exemplar.timestamp {
        out.push(b' ');
        timestamp(out, moment);
    }
}

fn plain(out: &mut Vec<u8>, number: Number) {
    match number {
        Number::Whole(number) => number::signed(out, number),
        Number::Float(number) => number::python(out, number),
    }
}

fn histogram(out: &mut Vec<u8>, native: &NativeHistogram<'_>) {
    let fields = [
        ("{count:", native.count),
        (",sum:", native.sum),
        (",schema:", Number::Whole(native.schema)),
        (",zero_threshold:", native.zero_threshold),
        (",zero_count:", native.zero_count),
    ];
    for (field, number) in fields {
        out.extend_from_slice(field.as_bytes());
        plain(out, number);
    }
    let sides = [
        ("negative", &native.negative_spans, &native.negative_deltas),
        ("positive", &native.positive_spans, &native.positive_deltas),
    ];
    for (side, spans, deltas) in sides {
        let Some(spans) = spans.as_deref().filter(|spans| !spans.is_empty()) else { continue };
        let spans: Vec<String> = spans.iter().map(|(offset, length)| format!("{offset}:{length}")).collect();
        out.extend_from_slice(format!(",{side}_spans:[{}],{side}_deltas:[", spans.join(",")).as_bytes());
        for (at, delta) in deltas.iter().flatten().enumerate() {
            out.extend_from_slice(if at > 0 { b"," } else { b"" });
            plain(out, *delta);
        }
        out.push(b']');
    }
    out.push(b'}');
}
