//! A scrape: the merge's rows go to a renderer, the renderer's bytes to a sink.
//!
//! The only place that knows both `merge` and `render`. Memory is bounded by a step of the merge, whatever the number of
//! series: rows are printed while the ledger is held and given out when it is not, so a slow sink holds up nobody. A
//! protobuf family is the exception, since its length stands before it.

use crate::merge::snapshot::{Meta, Row};
use crate::merge::{Counters, Visitor};
use crate::record::Metric;
use crate::registry::{FamilyVec, Registry};
use crate::render::{Exposition, Renderer};
use crate::sync::{Ordering::Relaxed, is_outside};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Instant;

/// Bytes are given out once there are this many: what a socket takes at once, and small enough to stay in the cache.
const CHUNK: usize = 64 * 1024;

/// True for families that are wanted.
type Wanted<'a> = &'a dyn Fn(&Meta) -> bool;

struct Stream<'a, S, E> {
    begun: Instant,
    wanted: Wanted<'a>,
    renderer: Renderer,
    out: Vec<u8>,
    /// How many bytes `out` may hold before they are given out.
    chunk: usize,
    sink: S,
    failed: Option<E>,
    bytes: u64,
    /// The family that is being printed: the renderer knows its label names by their address.
    meta: Option<Arc<Meta>>,
}

impl<'a, S: FnMut(&[u8]) -> Result<(), E>, E> Stream<'a, S, E> {
    fn new(exposition: Exposition, out: Vec<u8>, chunk: usize, sink: S) -> Self {
        let renderer = Renderer::new(exposition);
        let wanted = &|_: &Meta| true;
        Stream { begun: Instant::now(), wanted, renderer, out, chunk, sink, failed: None, bytes: 0, meta: None }
    }

    /// Renders what is wanted of the registry. What is left in `out` was not given out yet.
    fn run(&mut self, registry: &Registry) {
        registry.visit(self);
        if self.failed.is_none() {
            self.renderer.finish(&mut self.out);
        }
    }

    /// Gives out what there is.
    fn flush(&mut self) -> bool {
        debug_assert!(is_outside(), "a sink is given bytes while no lock is held");
        self.bytes += self.out.len() as u64;
        match (self.sink)(&self.out) {
            Ok(()) => self.out.clear(),
            Err(error) => self.failed = Some(error),
        }
        self.failed.is_none()
    }
}

impl<S: FnMut(&[u8]) -> Result<(), E>, E> Visitor for Stream<'_, S, E> {
    fn wants(&self, meta: &Meta) -> bool {
        (self.wanted)(meta)
    }

    fn begin(&mut self, meta: &Arc<Meta>) {
        self.renderer.begin(&mut self.out, meta);
        self.meta = Some(Arc::clone(meta));
    }

    #[inline]
    fn row(&mut self, row: &Row<'_>) {
        self.renderer.row(&mut self.out, row);
    }

    fn counters(&mut self, meta: &Meta, counters: &Counters<'_>) {
        let columns = (&counters.texts[..], &counters.wholes[..]);
        if !self.renderer.counters(&mut self.out, &meta.label_names, columns) {
            counters.for_each_row(meta, |row| self.row(row));
        }
    }

    fn step(&mut self) -> bool {
        self.out.len() < self.chunk || self.flush()
    }

    fn end(&mut self) {
        self.renderer.end(&mut self.out);
    }
}

impl<M: Metric> FamilyVec<M> {
    /// Appends the family by itself, without what begins and ends a document. For hosts that put documents together.
    pub fn render_into(&self, exposition: impl Into<Exposition>, out: &mut Vec<u8>) {
        let never = |_: &[u8]| Ok::<(), Infallible>(());
        let mut stream = Stream::new(exposition.into(), std::mem::take(out), usize::MAX, never);
        self.core().ask_callbacks();
        self.core().visit(&self.core().meta, &mut stream);
        *out = stream.out;
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
    #[must_use]
    pub fn render(&self, exposition: impl Into<Exposition>) -> Vec<u8> {
        let mut all = Vec::new();
        self.render_into(exposition, &mut all);
        all
    }

    /// As [`render`](Self::render), appended to a buffer that can be used again: its memory is then touched already,
    /// which costs more than the rendering.
    pub fn render_into(&self, exposition: impl Into<Exposition>, out: &mut Vec<u8>) {
        let before = out.len();
        let whole = std::mem::take(out);
        let never = |_: &[u8]| Ok::<(), Infallible>(());
        let mut stream = Stream::new(exposition.into(), whole, usize::MAX, never);
        stream.run(self);
        *out = stream.out;
        self.count_scrape(stream.begun, (out.len() - before) as u64);
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
        self.render_only_to(exposition, &|_| true, sink)
    }

    /// As [`render_to`](Self::render_to), of the families that are wanted.
    ///
    /// # Errors
    /// The first error of `sink`; nothing is given to it afterwards.
    pub fn render_only_to<E>(
        &self,
        exposition: impl Into<Exposition>,
        wanted: &dyn Fn(&Meta) -> bool,
        sink: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let out = Vec::with_capacity(2 * CHUNK);
        let mut stream = Stream { wanted, ..Stream::new(exposition.into(), out, CHUNK, sink) };
        stream.run(self);
        if stream.failed.is_none() && !stream.out.is_empty() {
            stream.flush();
        }
        self.count_scrape(stream.begun, stream.bytes);
        stream.failed.map_or(Ok(()), Err)
    }

    /// Counts a scrape among the registry's own metrics.
    pub(crate) fn count_scrape(&self, begun: Instant, bytes: u64) {
        let scrapes = &self.inner.scrapes;
        // Relaxed: counts that are only shown.
        scrapes.count.fetch_add(1, Relaxed);
        scrapes.bytes.fetch_add(bytes, Relaxed);
        scrapes.nanos.fetch_add(begun.elapsed().as_nanos() as u64, Relaxed);
    }
}
