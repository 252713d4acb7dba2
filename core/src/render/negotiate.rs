//! Which format a client wants: reading `Accept`.
//!
//! The answers are those of expfmt's `NegotiateIncludingOpenMetrics` (prometheus/common 0.73), and on top of it three
//! formats that it does not offer: text 1.0.0, OpenMetrics 2.0.0 and JSON, each only to a client that names it. The
//! best clause that names a format wins; wildcards name none; the escaping is the winning clause's own. A clause with
//! `q=0` is a refusal. Without any match the answer is the classic text format, which every client reads.

use super::escape::Escaping;
use super::exposition::{Exposition, Format};

/// The exposition that an `Accept` header asks for. Every text has an answer.
pub fn negotiate(accept: &str) -> Exposition {
    let mut best: Option<(f32, Exposition)> = None;
    for clause in accept.split(',') {
        let clause = Clause::read(clause);
        let Some(exposition) = clause.exposition() else { continue };
        let better = match best {
            // The first of equals wins.
            Some((quality, _)) => clause.quality > quality,
            None => clause.quality > 0.0,
        };
        if better {
            best = Some((clause.quality, exposition));
        }
    }
    best.map_or_else(Exposition::default, |(_, exposition)| exposition)
}

/// One alternative of an `Accept` header.
#[derive(Debug, Default)]
struct Clause<'a> {
    media_type: String,
    quality: f32,
    version: &'a str,
    proto: &'a str,
    encoding: &'a str,
    escaping: Option<Escaping>,
}

impl<'a> Clause<'a> {
    fn read(clause: &'a str) -> Self {
        let (media_type, parameters) = clause.split_once(';').unwrap_or((clause, ""));
        let mut read = Clause {
            media_type: media_type.trim().to_ascii_lowercase(),
            quality: quality(parameters),
            ..Clause::default()
        };
        for (name, value) in each_parameter(parameters) {
            match name.to_ascii_lowercase().as_str() {
                "version" => read.version = value,
                "proto" => read.proto = value,
                "encoding" => read.encoding = value,
                "escaping" => read.escaping = Escaping::from_name(value),
                _ => {}
            }
        }
        read
    }

    fn exposition(&self) -> Option<Exposition> {
        let format = self.format()?;
        let mut exposition = Exposition::from(format);
        // Underscores for all who do not say that they read more, but those of the version that implies it.
        let unsaid = if format == Format::TextV1 { Escaping::default() } else { exposition.escaping };
        exposition.escaping = match format {
            Format::Json => exposition.escaping,
            _ => self.escaping.unwrap_or(unsaid),
        };
        Some(exposition)
    }

    fn format(&self) -> Option<Format> {
        match (self.media_type.as_str(), self.version) {
            ("text/plain", "" | "0.0.4") => Some(Format::Text),
            ("text/plain", "1.0.0") => Some(Format::TextV1),
            ("application/openmetrics-text", "" | "0.0.1") => Some(Format::OpenMetrics0),
            ("application/openmetrics-text", "1.0.0") => Some(Format::OpenMetrics),
            ("application/openmetrics-text", "2.0.0") => Some(Format::OpenMetrics2),
            ("application/vnd.google.protobuf", _) if self.proto == "io.prometheus.client.MetricFamily" => {
                match self.encoding {
                    "delimited" => Some(Format::Protobuf),
                    "text" => Some(Format::ProtobufText),
                    "compact-text" => Some(Format::ProtobufCompact),
                    _ => None,
                }
            }
            ("application/json", _) => Some(Format::Json),
            _ => None,
        }
    }
}

/// The parameters of a clause: name and value, without spaces and quotes.
fn each_parameter(parameters: &str) -> impl Iterator<Item = (&str, &str)> {
    parameters.split(';').filter_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        Some((name.trim(), value.trim().trim_matches('"')))
    })
}

/// The `q` among a clause's parameters: 1 if there is none, 0 if it is not a number.
pub(super) fn quality(parameters: &str) -> f32 {
    let said = each_parameter(parameters).find(|(name, _)| name.eq_ignore_ascii_case("q"));
    let quality = said.map_or(1.0, |(_, value)| value.parse().unwrap_or(0.0));
    if quality >= 0.0 { f32::min(quality, 1.0) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn answer(accept: &str) -> (Format, Escaping) {
        let exposition = negotiate(accept);
        (exposition.format, exposition.escaping)
    }

    #[test]
    fn no_match_is_the_classic_text() {
        for accept in [
            "",
            "*/*",
            "*",
            "text/*",
            "text/html,application/xhtml+xml,*/*;q=0.8",
            "text/plain;version=0.0.5",
            "application/vnd.google.protobuf",
            "application/vnd.google.protobuf;proto=other;encoding=delimited",
            "application/openmetrics-text;version=3.0.0",
            "application/openmetrics-text;q=0",
            ";;;,,,==",
        ] {
            assert_eq!(answer(accept), (Format::Text, Escaping::Underscores), "{accept:?}");
        }
    }

    /// The headers that Prometheus sends: 2.x, 3.x, and 3.x with native histograms.
    #[test]
    fn prometheus_gets_what_it_likes_best() {
        assert_eq!(
            answer(
                "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,\
                    text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
            ),
            (Format::OpenMetrics, Escaping::Underscores)
        );
        assert_eq!(
            answer("application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"),
            (Format::OpenMetrics0, Escaping::Underscores)
        );
        assert_eq!(
            answer(
                "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
                    application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,\
                    text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
            ),
            (Format::OpenMetrics, Escaping::AllowUtf8)
        );
        assert_eq!(
            answer(
                "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,\
                    application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,\
                    application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,\
                    text/plain;version=0.0.4;q=0.2,*/*;q=0.1"
            ),
            (Format::Protobuf, Escaping::Underscores)
        );
    }

    #[test]
    fn the_best_quality_wins_and_the_first_of_equals() {
        assert_eq!(answer("text/plain;q=0.2,application/json;q=0.9").0, Format::Json);
        assert_eq!(answer("text/plain,application/json").0, Format::Text);
        assert_eq!(answer("application/json,text/plain").0, Format::Json);
        assert_eq!(answer("text/plain;q=0,application/json;q=0.001").0, Format::Json);
        assert_eq!(answer("text/plain;q=0.5,application/json;q=nonsense").0, Format::Text);
        assert_eq!(answer("*/*,application/json;q=0.1").0, Format::Json);
    }

    #[test]
    fn the_escaping_is_that_of_the_clause_that_won() {
        assert_eq!(
            answer("text/plain;escaping=dots;q=0.1,application/openmetrics-text;version=1.0.0;escaping=values"),
            (Format::OpenMetrics, Escaping::Values)
        );
        assert_eq!(answer("text/plain;version=1.0.0"), (Format::TextV1, Escaping::Underscores));
        assert_eq!(answer("text/plain;version=1.0.0;escaping=allow-utf8"), (Format::TextV1, Escaping::AllowUtf8));
        assert_eq!(answer("text/plain;escaping=unheard-of"), (Format::Text, Escaping::Underscores));
        assert_eq!(answer("application/openmetrics-text;version=2.0.0"), (Format::OpenMetrics2, Escaping::AllowUtf8));
        assert_eq!(
            answer("application/openmetrics-text;version=2.0.0;escaping=underscores"),
            (Format::OpenMetrics2, Escaping::Underscores)
        );
    }

    #[test]
    fn spaces_quotes_and_case_do_not_matter() {
        assert_eq!(
            answer(" Text/Plain ; Version = \"1.0.0\" ; escaping = \"dots\" ; Q = 0.5 "),
            (Format::TextV1, Escaping::Dots)
        );
    }

    proptest! {
        #[test]
        fn any_header_is_answered(header in any::<String>()) {
            negotiate(&header);
        }

        #[test]
        fn any_header_of_likely_parts_is_answered(parts in prop::collection::vec(prop::sample::select(vec![
            "text/plain", "application/json", ";", ",", "q=", "0.5", "q=-1", "q=inf", "version=", "1.0.0", "=", "*/*",
            "escaping=", "dots", "\"", " ",
        ]), 0..20)) {
            negotiate(&parts.concat());
        }
    }
}
