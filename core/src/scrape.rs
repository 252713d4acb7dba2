//! A scrape: the merge's rows go to a renderer, the renderer's bytes to a sink.
//!
//! The only place that knows both `merge` and `render`. Memory is bounded by a step of the merge, whatever the number of
//! series: rows are printed while the ledger is held and given out when it is not, so a slow sink holds up nobody. A
//! protobuf family is the exception, since its length stands before it.

use crate::merge::Visitor;
use crate::merge::snapshot::{Meta, Row};
use crate::registry::Registry;
use crate::render::{Exposition, Renderer};
use crate::sync::Ordering::Relaxed;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Instant;

/// Bytes are given out once there are this many: what a socket takes at once, and small enough to stay in the cache.
const CHUNK: usize = 64 * 1024;

struct Stream<S, E> {
    renderer: Renderer,
    out: Vec<u8>,
    sink: S,
    failed: Option<E>,
    bytes: u64,
    /// The family that is being printed: the renderer knows its label names by their address.
    meta: Option<Arc<Meta>>,
}

impl<S: FnMut(&[u8]) -> Result<(), E>, E> Stream<S, E> {
    /// Gives out what there is.
    fn flush(&mut self) -> bool {
        self.bytes += self.out.len() as u64;
        match (self.sink)(&self.out) {
            Ok(()) => self.out.clear(),
            Err(error) => self.failed = Some(error),
        }
        self.failed.is_none()
    }
}

impl<S: FnMut(&[u8]) -> Result<(), E>, E> Visitor for Stream<S, E> {
    fn begin(&mut self, meta: &Arc<Meta>) {
        self.renderer.begin(&mut self.out, meta);
        self.meta = Some(Arc::clone(meta));
    }

    #[inline]
    fn row(&mut self, row: &Row<'_>) {
        self.renderer.row(&mut self.out, row);
    }

    fn step(&mut self) -> bool {
        self.out.len() < CHUNK || self.flush()
    }

    fn end(&mut self) {
        self.renderer.end(&mut self.out);
    }
}

impl Registry {
    /// Everything the registry holds now, as bytes.
    ///
    /// ```
    /// use tykmetrics::{Format, Registry};
    ///
    /// let registry = Registry::new();
    /// registry.gauge("temperature_celsius", "Outside").register()?.set(21.5);
    /// let text = registry.render(Format::Text);
    /// assert_eq!(
    ///     String::from_utf8_lossy(&text),
    ///     "# HELP temperature_celsius Outside\n# TYPE temperature_celsius gauge\ntemperature_celsius 21.5\n",
    /// );
    /// # Ok::<(), tykmetrics::Error>(())
    /// ```
    pub fn render(&self, exposition: impl Into<Exposition>) -> Vec<u8> {
        let mut all = Vec::new();
        let rendered: Result<(), Infallible> = self.render_to(exposition, |chunk| {
            all.extend_from_slice(chunk);
            Ok(())
        });
        match rendered {
            Ok(()) => all,
        }
    }

    /// Gives everything the registry holds to `sink`, in chunks of about 64 KiB, made as they are given.
    ///
    /// # Errors
    /// The first error of `sink`; nothing is given to it afterwards.
    pub fn render_to<E>(
        &self,
        exposition: impl Into<Exposition>,
        sink: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let begun = Instant::now();
        let renderer = Renderer::new(exposition);
        let mut stream =
            Stream { renderer, out: Vec::with_capacity(2 * CHUNK), sink, failed: None, bytes: 0, meta: None };
        self.visit(&mut stream);
        if stream.failed.is_none() {
            stream.renderer.finish(&mut stream.out);
            if !stream.out.is_empty() {
                stream.flush();
            }
        }
        let scrapes = &self.inner.scrapes;
        // Relaxed: counts that are only shown.
        scrapes.count.fetch_add(1, Relaxed);
        scrapes.bytes.fetch_add(stream.bytes, Relaxed);
        scrapes.nanos.fetch_add(begun.elapsed().as_nanos() as u64, Relaxed);
        stream.failed.map_or(Ok(()), Err)
    }
}
