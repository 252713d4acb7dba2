//! The classic text format, 0.0.4 and 1.0.0, as `prometheus_client.exposition.generate_latest` prints it.

use super::{WriteError, each, labels, metadata, names};
use crate::render::{Escaping, escape, number};
use crate::samples::{Family, Kind, Sample};

/// Samples that only OpenMetrics has: each suffix is a gauge family of its own, behind its family.
const APART: [&str; 3] = ["_created", "_gcount", "_gsum"];

/// Families in the classic text format.
///
/// # Errors
/// Where a timestamp is not finite, or a sample has a native histogram, for which the format has no words.
///
/// ```
/// use tykmetrics::render::Escaping;
/// use tykmetrics::samples::{Dialect, parse, write_text};
///
/// let text = "# HELP hits_total Hits\n# TYPE hits_total counter\nhits_total{route=\"/a\"} 3.0\n";
/// let families = parse(text, Dialect::Text)?;
/// assert_eq!(write_text(&families, Escaping::Underscores)?, text.as_bytes());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn write_text(families: &[Family<'_>], escaping: Escaping) -> Result<Vec<u8>, WriteError> {
    let mut out = Vec::new();
    let mut apart: [Vec<u8>; 3] = Default::default();
    each(families, |family| {
        let (suffix, word) = match family.kind {
            Kind::Counter => ("_total", "counter"),
            Kind::Info => ("_info", "gauge"),
            Kind::StateSet => ("", "gauge"),
            Kind::GaugeHistogram => ("", "histogram"),
            Kind::Unknown => ("", "untyped"),
            kind => ("", kind.as_str()),
        };
        header(&mut out, family, suffix, word, escaping);
        for sample in &family.samples {
            let suffix = sample.name.strip_prefix(&*family.name);
            let place = suffix.and_then(|suffix| APART.iter().position(|apart| *apart == suffix));
            let out = match place {
                Some(place) => &mut apart[place],
                None => &mut out,
            };
            line(out, sample, escaping)?;
        }
        for (suffix, lines) in APART.iter().zip(&mut apart) {
            if !lines.is_empty() {
                header(&mut out, family, suffix, "gauge", escaping);
                out.append(lines);
            }
        }
        Ok(())
    })?;
    Ok(out)
}

fn header(out: &mut Vec<u8>, family: &Family<'_>, suffix: &str, word: &str, escaping: Escaping) {
    let name = [&*family.name, suffix].concat();
    metadata(out, "HELP", &name, escaping, |out| escape::help(out, &family.help, false));
    metadata(out, "TYPE", &name, escaping, |out| out.extend_from_slice(word.as_bytes()));
}

fn line(out: &mut Vec<u8>, sample: &Sample<'_>, escaping: Escaping) -> Result<(), String> {
    if sample.native_histogram.is_some() {
        let why = "the text format has no native histograms; OpenMetrics 2.0.0 has";
        return Err(format!("{} cannot be written: {why}", sample.name));
    }
    // A name that is kept as it is and needs quotes stands between the braces.
    let inside = escaping == Escaping::AllowUtf8 && !escape::is_classic_name(&sample.name);
    let braces = inside || !sample.labels.is_empty();
    out.extend_from_slice(if inside { b"{" } else { b"" });
    names::metric(out, &sample.name, escaping);
    match (inside, sample.labels.is_empty()) {
        (true, false) => out.push(b','),
        (false, false) => out.push(b'{'),
        (_, true) => {}
    }
    labels(out, &sample.labels, escaping);
    out.extend_from_slice(if braces { b"} " } else { b" " });
    number::go_string(out, sample.value);
    if let Some(timestamp) = sample.timestamp {
        let millis = timestamp.seconds() * MILLIS;
        if !millis.is_finite() {
            return Err(format!("{} has the timestamp {}: it must be finite", sample.name, timestamp.seconds()));
        }
        out.push(b' ');
        // Adding zero takes the sign off a zero.
        out.extend_from_slice(format!("{:.0}", millis.trunc() + 0.0).as_bytes());
    }
    out.push(b'\n');
    Ok(())
}

/// Milliseconds in a second.
const MILLIS: f64 = 1000.0;
