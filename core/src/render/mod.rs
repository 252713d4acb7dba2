//! Turning plain numbers into bytes.
//!
//! A [`Renderer`] is given families and their rows, one after the other, and appends to a vector that the caller may
//! empty at any time: the registry streams a scrape through one, [`Snapshot::render`](crate::merge::snapshot::Snapshot)
//! feeds it from memory. Rendering is a pure function of what it is given: this folder knows no registry, no atomics, no
//! clock and no sockets, and no input makes it panic. [`negotiate()`] says which [`Exposition`] a client wants,
//! [`Encoding`] and [`Compressor`] how it wants it packed.

mod buffer;
mod compress;
mod encoding;
pub(crate) mod escape;
mod exposition;
mod json;
mod negotiate;
pub(crate) mod number;
mod protobuf;
mod stream;
mod text;

pub use compress::Compressor;
pub use encoding::Encoding;
pub use escape::{Escaping, escape_name};
pub use exposition::{Exposition, Format, Histograms, Style};
pub use negotiate::negotiate;
pub(crate) use text::exemplar::newest as newest_exemplar;

use crate::merge::snapshot::{Meta, Row, Text};

/// Writes families in one format.
///
/// The calls are `begin`, any number of `row`, `end`, for each family, and `finish` at last. A family that is not ended
/// ends when the next one begins or the output is finished; a row outside a family is left out.
#[derive(Debug)]
pub struct Renderer {
    writer: Writer,
    /// Between `begin` and `end`.
    open: bool,
    /// Shows no label whose value is empty.
    omits: bool,
}

#[derive(Debug)]
enum Writer {
    Text(Box<text::Lines>),
    Protobuf(Box<protobuf::Messages>),
    Json(Box<json::Document>),
}

impl Renderer {
    /// A renderer for a whole output.
    pub fn new(exposition: impl Into<Exposition>) -> Self {
        let exposition = exposition.into();
        let writer = match exposition.format {
            Format::Text | Format::TextV1 | Format::OpenMetrics0 | Format::OpenMetrics | Format::OpenMetrics2 => {
                Writer::Text(Box::new(text::Lines::new(exposition)))
            }
            Format::Protobuf | Format::ProtobufText | Format::ProtobufCompact => {
                Writer::Protobuf(Box::new(protobuf::Messages::new(exposition)))
            }
            Format::Json => Writer::Json(Box::new(json::Document::new(exposition.empty_families))),
        };
        Renderer { writer, open: false, omits: exposition.omit_empty_labels }
    }

    /// Begins a family. `meta` must stay where it is until the family ends: rows whose label names are its own slice
    /// are known by the slice's address.
    pub fn begin(&mut self, out: &mut Vec<u8>, meta: &Meta) {
        self.end(out);
        self.open = true;
        match &mut self.writer {
            Writer::Text(lines) => lines.begin(out, meta),
            Writer::Protobuf(messages) => messages.begin(meta),
            Writer::Json(document) => document.begin(out, meta),
        }
    }

    /// Adds a series to the family.
    #[inline]
    pub fn row(&mut self, out: &mut Vec<u8>, row: &Row<'_>) {
        if !self.open {
            return;
        }
        if self.omits && has_empty(row.values) {
            return self.row_without_empty(out, row);
        }
        match &mut self.writer {
            Writer::Text(lines) => lines.row(out, row),
            Writer::Protobuf(messages) => messages.row(row),
            Writer::Json(document) => document.row(out, row),
        }
    }

    #[cold]
    fn row_without_empty(&mut self, out: &mut Vec<u8>, row: &Row<'_>) {
        let shown = row.names.iter().zip(row.values).filter(|(_, value)| !value.raw.is_empty());
        let (names, values): (Vec<String>, Vec<Text<'_>>) = shown.map(|(name, value)| (name.clone(), *value)).unzip();
        self.row(out, &Row { names: &names, values: &values, ..*row });
    }

    /// Adds many counters, given by columns: their label values one after the other, and their whole values. `names` is
    /// the family's own slice. False, with nothing added, where the format has no quicker way than [`row`](Self::row).
    pub(crate) fn counters(&mut self, out: &mut Vec<u8>, names: &[String], columns: (&[Text<'_>], &[u64])) -> bool {
        match &mut self.writer {
            _ if self.omits && has_empty(columns.0) => false,
            Writer::Text(lines) if self.open => lines.counters(out, names, columns),
            _ => false,
        }
    }

    /// Ends the family.
    pub fn end(&mut self, out: &mut Vec<u8>) {
        if !self.open {
            return;
        }
        self.open = false;
        match &mut self.writer {
            Writer::Text(lines) => lines.end(out),
            Writer::Protobuf(messages) => messages.end(out),
            Writer::Json(document) => document.end(out),
        }
    }

    /// Ends the output. The renderer can begin another one.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        self.end(out);
        match &mut self.writer {
            Writer::Text(lines) => lines.finish(out),
            Writer::Protobuf(_) => {}
            Writer::Json(document) => document.finish(out),
        }
    }
}

fn has_empty(values: &[Text<'_>]) -> bool {
    values.iter().any(|value| value.raw.is_empty())
}
