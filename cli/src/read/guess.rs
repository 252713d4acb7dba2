//! Which format an input is of: by the `Content-Type` it came with, by how its file is called, or by looking at it.

use super::protobuf;
use std::path::Path;

/// A format that is read here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, clap::ValueEnum)]
pub enum Format {
    /// The Prometheus text format, versions 0.0.4 and 1.0.0 (they differ in nothing but names between quotes).
    #[value(alias = "text1", alias = "prometheus")]
    Text,
    /// OpenMetrics 1.0.
    #[value(name = "openmetrics", alias = "openmetrics1", alias = "openmetrics0")]
    OpenMetrics,
    /// OpenMetrics 2.0 (release candidate 0).
    #[value(name = "openmetrics2")]
    OpenMetrics2,
    /// Protobuf: MetricFamily messages, each behind its length.
    Protobuf,
    /// The JSON document of tykmetrics.
    Json,
}

impl Format {
    /// Its name for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Format::Text => "text",
            Format::OpenMetrics => "OpenMetrics 1.0",
            Format::OpenMetrics2 => "OpenMetrics 2.0",
            Format::Protobuf => "protobuf",
            Format::Json => "JSON",
        }
    }

    /// The format that a `Content-Type` names.
    ///
    /// # Errors
    /// A sentence, if it names one that is not read here.
    pub fn of_content_type(value: &str) -> Result<Option<Format>, String> {
        let mut parts = value.split(';').map(str::trim);
        let media = parts.next().unwrap_or_default().to_ascii_lowercase();
        let parameter = |wanted: &str| {
            let mut parts = value.split(';').skip(1).filter_map(|part| part.split_once('='));
            parts
                .find(|(name, _)| name.trim().eq_ignore_ascii_case(wanted))
                .map(|(_, value)| value.trim().trim_matches('"'))
        };
        match &*media {
            "text/plain" => Ok(parameter("version").map(|_| Format::Text)),
            "application/openmetrics-text" => match parameter("version") {
                Some(version) if version.starts_with("2.") => Ok(Some(Format::OpenMetrics2)),
                _ => Ok(Some(Format::OpenMetrics)),
            },
            "application/vnd.google.protobuf" => match parameter("encoding") {
                None | Some("delimited") => Ok(Some(Format::Protobuf)),
                Some(other) => Err(format!("found protobuf with the encoding {other:?}: only `delimited` is read")),
            },
            "application/json" => Ok(Some(Format::Json)),
            "text/html" => {
                Err("found an HTML page: give the address of the metrics, which often ends in /metrics".into())
            }
            _ => Ok(None),
        }
    }

    /// The format that a file's name ends in, if that says enough.
    pub fn of_name(path: &Path) -> Option<Format> {
        let name = path.file_name()?.to_str()?.to_ascii_lowercase();
        match name.trim_end_matches(".gz").rsplit_once('.')?.1 {
            "prom" => Some(Format::Text),
            "om" | "openmetrics" => Some(Format::OpenMetrics),
            "om2" => Some(Format::OpenMetrics2),
            "pb" | "protobuf" => Some(Format::Protobuf),
            "json" => Some(Format::Json),
            _ => None,
        }
    }

    /// The format that an input looks like. Text, if it looks like no other: that format then says what is wrong.
    pub fn of_bytes(bytes: &[u8]) -> Format {
        if protobuf::looks_like(bytes) {
            return Format::Protobuf;
        }
        let text = String::from_utf8_lossy(bytes);
        if text.trim_start().strip_prefix('{').is_some_and(|rest| {
            let member = rest.trim_start().strip_prefix("\"families\"");
            rest.trim_start().is_empty() || member.is_some_and(|rest| rest.trim_start().starts_with(':'))
        }) {
            return Format::Json;
        }
        match text.trim_end().rsplit('\n').next() {
            Some("# EOF") => match text.lines().any(is_of_two) {
                true => Format::OpenMetrics2,
                false => Format::OpenMetrics,
            },
            _ => Format::Text,
        }
    }
}

/// Whether a line has what only OpenMetrics 2.0 has: a start timestamp, or a composite value with its own names of fields.
fn is_of_two(line: &str) -> bool {
    let fields = ["bucket:[", "quantile:[", "positive_buckets:[", "negative_buckets:["];
    !line.starts_with('#')
        && (line.contains(" st@") || (line.contains(" {count:") && fields.iter().any(|field| line.contains(field))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_content_type_names_its_format() {
        let of = |value| Format::of_content_type(value).unwrap();
        assert_eq!(of("text/plain; version=0.0.4; charset=utf-8"), Some(Format::Text));
        assert_eq!(of("text/plain; version=1.0.0"), Some(Format::Text));
        // A server of files says this of anything.
        assert_eq!(of("text/plain"), None);
        assert_eq!(of("application/openmetrics-text; version=1.0.0"), Some(Format::OpenMetrics));
        assert_eq!(of("application/openmetrics-text;version=\"2.0.0\""), Some(Format::OpenMetrics2));
        assert_eq!(of("application/json"), Some(Format::Json));
        let protobuf = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=";
        assert_eq!(of(&format!("{protobuf}delimited")), Some(Format::Protobuf));
        assert!(Format::of_content_type(&format!("{protobuf}text")).is_err());
        assert!(Format::of_content_type("text/html").unwrap_err().contains("/metrics"));
    }

    #[test]
    fn a_file_is_known_by_its_end() {
        assert_eq!(Format::of_name(Path::new("a/b.prom")), Some(Format::Text));
        assert_eq!(Format::of_name(Path::new("b.json.gz")), Some(Format::Json));
        assert_eq!(Format::of_name(Path::new("metrics.txt")), None);
        assert_eq!(Format::of_name(Path::new("prom")), None);
    }

    #[test]
    fn an_input_is_known_by_its_looks() {
        assert_eq!(Format::of_bytes(b"a 1\n"), Format::Text);
        assert_eq!(Format::of_bytes(b""), Format::Text);
        assert_eq!(Format::of_bytes(b"{\"a\"} 1\n"), Format::Text);
        assert_eq!(Format::of_bytes(b"a 1\n# EOF\n"), Format::OpenMetrics);
        assert_eq!(Format::of_bytes(b"a 1 st@3\n# EOF\n"), Format::OpenMetrics2);
        assert_eq!(Format::of_bytes(b"a {count:1,sum:2,bucket:[+Inf:1]}\n# EOF\n"), Format::OpenMetrics2);
        assert_eq!(Format::of_bytes(b" {\n \"families\" : []}"), Format::Json);
        assert_eq!(Format::of_bytes(b"\x05\x0a\x01a\x18\x01"), Format::Protobuf);
        assert_eq!(Format::of_bytes(b"\n\na 1\n"), Format::Text);
    }
}
