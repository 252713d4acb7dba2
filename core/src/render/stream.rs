//! Rendering a snapshot: all at once, or in chunks.
//!
//! The only place where `render` and `merge` meet: the methods of [`Snapshot`] that the rest of the crate, and users, call.

use super::{Exposition, Renderer};
use crate::merge::snapshot::{Row, Snapshot, Text};
use std::convert::Infallible;

/// A chunk is given out once it is this long. What a socket takes at once, and small enough to stay in the cache.
const CHUNK: usize = 64 * 1024;

impl Snapshot {
    /// The snapshot as bytes.
    pub fn render(&self, exposition: impl Into<Exposition>) -> Vec<u8> {
        let mut all = Vec::new();
        let rendered: Result<(), Infallible> = self.walk(exposition.into(), &mut all, |_| Ok(()));
        match rendered {
            Ok(()) => all,
        }
    }

    /// Gives the snapshot to `sink` in chunks of about 64 KiB. (A protobuf family is one chunk, whatever its length.)
    ///
    /// # Errors
    /// The first error of `sink`; nothing is given to it afterwards.
    pub fn render_to<E>(
        &self,
        exposition: impl Into<Exposition>,
        sink: &mut dyn FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut chunk = Vec::with_capacity(CHUNK + CHUNK / 4);
        self.walk(exposition.into(), &mut chunk, |chunk| {
            if chunk.len() >= CHUNK {
                sink(chunk)?;
                chunk.clear();
            }
            Ok(())
        })?;
        if chunk.is_empty() { Ok(()) } else { sink(&chunk) }
    }

    /// Renders everything into `out`, with a look at it after each series.
    fn walk<E>(
        &self,
        exposition: Exposition,
        out: &mut Vec<u8>,
        mut look: impl FnMut(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut renderer = Renderer::new(exposition);
        let mut values = Vec::new();
        for family in &self.families {
            renderer.begin(out, &family.meta);
            for series in family.series() {
                values.clear();
                values.extend(series.labels().map(|(_, value)| Text::new(value)));
                renderer.row(
                    out,
                    &Row {
                        names: series.names(),
                        values: &values,
                        value: series.value(),
                        created_ms: series.created_ms(),
                        exemplars: series.exemplars(),
                    },
                );
                look(out)?;
            }
            renderer.end(out);
            look(out)?;
        }
        renderer.finish(out);
        Ok(())
    }
}
