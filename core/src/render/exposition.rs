//! Which bytes are wanted: the format, and what may differ within it.
//!
//! An [`Exposition`] is made from a [`Format`], or by [`negotiate`](super::negotiate()) from what a client asks for, and
//! is all a [`Renderer`](super::Renderer) needs to know. Nothing here looks at a metric.

use super::escape::Escaping;
use crate::error::{Error, ErrorCode};
use std::str::FromStr;

/// A wire format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Format {
    /// The Prometheus text format, version 0.0.4.
    #[default]
    Text,
    /// The Prometheus text format, version 1.0.0: the same lines, and names may be any UTF-8.
    TextV1,
    /// OpenMetrics 0.0.1, which is written as 1.0.0 is.
    OpenMetrics0,
    /// OpenMetrics 1.0.0.
    OpenMetrics,
    /// OpenMetrics 2.0.0 (a draft: release candidate 0). Only a client that names the version gets it.
    OpenMetrics2,
    /// Protobuf: `io.prometheus.client.MetricFamily` messages, each behind its length.
    Protobuf,
    /// The same messages as protobuf's text, for people.
    ProtobufText,
    /// The same messages as protobuf's text, one to a line.
    ProtobufCompact,
    /// One JSON document.
    Json,
}

impl Format {
    /// Every format.
    pub const ALL: [Format; 9] = [
        Format::Text,
        Format::TextV1,
        Format::OpenMetrics0,
        Format::OpenMetrics,
        Format::OpenMetrics2,
        Format::Protobuf,
        Format::ProtobufText,
        Format::ProtobufCompact,
        Format::Json,
    ];

    /// The name that [`from_name`](Self::from_name) takes.
    pub const fn as_str(self) -> &'static str {
        match self {
            Format::Text => "text",
            Format::TextV1 => "text1",
            Format::OpenMetrics0 => "openmetrics0",
            Format::OpenMetrics => "openmetrics",
            Format::OpenMetrics2 => "openmetrics2",
            Format::Protobuf => "protobuf",
            Format::ProtobufText => "protobuf-text",
            Format::ProtobufCompact => "protobuf-compact",
            Format::Json => "json",
        }
    }

    /// The format with this name.
    ///
    /// # Errors
    /// [`ErrorCode::InvalidText`] if there is none.
    pub fn from_name(name: &str) -> Result<Self, Error> {
        Format::ALL.into_iter().find(|format| format.as_str() == name).ok_or_else(|| {
            let known = Format::ALL.map(Format::as_str).join(", ");
            Error::new(ErrorCode::InvalidText, format!("format {name:?} is not known; use one of {known}"))
        })
    }

    /// What stands in `Content-Type` before the `escaping` parameter.
    const fn media_type(self) -> &'static str {
        match self {
            Format::Text => "text/plain; version=0.0.4; charset=utf-8",
            Format::TextV1 => "text/plain; version=1.0.0; charset=utf-8",
            Format::OpenMetrics0 => "application/openmetrics-text; version=0.0.1; charset=utf-8",
            Format::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Format::OpenMetrics2 => "application/openmetrics-text; version=2.0.0; charset=utf-8",
            Format::Protobuf => {
                "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
            }
            Format::ProtobufText => {
                "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=text"
            }
            Format::ProtobufCompact => {
                "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=compact-text"
            }
            Format::Json => "application/json; charset=utf-8",
        }
    }
}

impl FromStr for Format {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        Format::from_name(name)
    }
}

/// Which buckets of a histogram are shown, where a format can show both kinds (protobuf, OpenMetrics 2.0).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Histograms {
    /// Those with the bounds the user chose.
    Classic,
    /// Those of the native histogram; the classic ones where there is none.
    Native,
    /// Both, and the reader takes what it understands.
    #[default]
    Both,
}

/// How a text is laid out where the format leaves it open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Style {
    /// As Prometheus' own libraries do.
    #[default]
    Prometheus,
    /// As npm's prom-client does: `le` and `quantile` come first, and numbers are spelled as JavaScript spells them.
    PromClient,
}

/// A format and its options.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exposition {
    /// The wire format.
    pub format: Format,
    /// What happens to names that are not of the classic kind. JSON keeps all names.
    pub escaping: Escaping,
    /// How the text formats up to OpenMetrics 1.0 are laid out.
    pub style: Style,
    /// Shows no label whose value is empty, which is the same series to Prometheus.
    pub omit_empty_labels: bool,
    /// Adds `_created` series to the text formats. (Protobuf and OpenMetrics 2.0 say the moment within the series, always.)
    pub created: bool,
    /// Shows families that have no series.
    pub empty_families: bool,
    /// Which buckets are shown where both kinds can be.
    pub histograms: Histograms,
    /// The finest schema of native histograms; `None` for the finest they have.
    pub native_schema: Option<i32>,
    /// How many buckets a native histogram may show before it gets coarser.
    pub native_buckets: usize,
}

/// The number of native buckets that the Prometheus documentation advises as a limit.
const NATIVE_BUCKETS: usize = 160;

impl From<Format> for Exposition {
    fn from(format: Format) -> Self {
        let escaping = match format {
            // These two were made for names in UTF-8; readers of the others know them only if they say so.
            Format::TextV1 | Format::OpenMetrics2 | Format::Json => Escaping::AllowUtf8,
            _ => Escaping::Underscores,
        };
        Exposition {
            format,
            escaping,
            style: Style::default(),
            omit_empty_labels: false,
            created: false,
            empty_families: false,
            histograms: Histograms::default(),
            native_schema: None,
            native_buckets: NATIVE_BUCKETS,
        }
    }
}

impl Default for Exposition {
    fn default() -> Self {
        Format::default().into()
    }
}

impl Exposition {
    /// The value of the `Content-Type` header.
    pub fn content_type(&self) -> String {
        let media_type = self.format.media_type();
        match self.format {
            Format::Json => media_type.to_owned(),
            _ => format!("{media_type}; escaping={}", self.escaping.as_str()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_is_known_by_its_name() {
        for format in Format::ALL {
            assert_eq!(Format::from_name(format.as_str()), Ok(format));
            assert_eq!(format.as_str().parse(), Ok(format));
        }
    }

    #[test]
    fn an_unknown_format_is_an_error_that_lists_the_known_ones() {
        let error = Format::from_name("xml").unwrap_err();
        assert_eq!(error.code(), ErrorCode::InvalidText);
        assert!(error.message().contains("\"xml\"") && error.message().contains("openmetrics2, protobuf"));
    }

    #[test]
    fn the_content_type_names_version_and_escaping() {
        let content_type = |format: Format| Exposition::from(format).content_type();
        assert_eq!(content_type(Format::Text), "text/plain; version=0.0.4; charset=utf-8; escaping=underscores");
        assert_eq!(content_type(Format::TextV1), "text/plain; version=1.0.0; charset=utf-8; escaping=allow-utf-8");
        assert_eq!(content_type(Format::Json), "application/json; charset=utf-8");
    }
}
