//! From cells to numbers: the only code that looks at more than one slab.
//!
//! A scrape walks the families in the order they were registered, and each family's series in steps of a few hundred.
//! For the length of a step it holds the ledger, so that counts do not move and text is not reused; no writer ever waits
//! for it. What it reads goes to a visitor row by row: [`Registry::snapshot`] copies the rows, `parts` a step of them at a
//! time, `render` prints them.
//!
//! The merge of two slabs is addition, so it does not matter in which order they are read, nor who wrote them.

mod counters;
pub mod distribution;
mod parts;
pub mod snapshot;
mod value;
pub(crate) mod window;

use crate::clock::{now_ms, steady_ms};
use crate::registry::Registry;
use crate::registry::bound::Slot;
use crate::registry::family::{Core, OVERFLOW_LABEL};
use crate::registry::name::classic;
use crate::registry::restart::Start;
use crate::registry::series::{ANSWERED, LIVE, OVERFLOW, Record};
use crate::registry::spec::Cells;
use crate::shard::view::{Sum, View};
use crate::sync::{Ordering::Relaxed, held, is_outside, made_once};
pub(crate) use counters::Counters;
use distribution::Distribution;
use snapshot::{Exemplar, Family, Kind, Meta, Quantiles, Row, Snapshot, Text, Value};
use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};
use std::time::Instant;
use window::Window;

/// Series merged in one hold of the ledger: at the time a series takes in `make bench` (stream) it is some 15 µs, which is how long the release of a host's
/// memory may have to wait.
const STEP: u32 = 512;
/// The same for series of whole pages.
const STEP_PAGED: u32 = 16;

/// What a scrape tells of what it finds.
pub(crate) trait Visitor {
    /// False for a family to be left out. Asked while no lock is held.
    fn wants(&self, _: &Meta) -> bool {
        true
    }
    /// A family begins. It may turn out to have no series.
    fn begin(&mut self, meta: &Arc<Meta>);
    /// A series of it.
    fn row(&mut self, row: &Row<'_>);
    /// Counters of it that have nothing but labels and a whole number, many at once. They are rows like any other.
    fn counters(&mut self, meta: &Meta, counters: &Counters<'_>) {
        counters.for_each_row(meta, |row| self.row(row));
    }
    /// A step ended; no lock is held. False ends the scrape.
    fn step(&mut self) -> bool;
    /// The family ends.
    fn end(&mut self);
}

fn overflow_names() -> &'static [String] {
    static NAMES: OnceLock<Vec<String>> = OnceLock::new();
    made_once(&NAMES, || vec![OVERFLOW_LABEL.to_owned()]).as_slice()
}

impl Registry {
    /// Everything the registry holds now, as plain numbers.
    ///
    /// ```
    /// let registry = tykmetrics::Registry::new();
    /// let jobs = registry.counter("jobs_total", "Jobs").register()?;
    /// jobs.add(3);
    /// let before = registry.snapshot();
    /// jobs.add(4);
    /// let delta = registry.snapshot().delta(&before);
    /// let series = delta.family("jobs_total").and_then(|family| family.series().next());
    /// assert_eq!(series.map(|s| s.value().as_f64()), Some(Some(4.0)));
    /// # Ok::<(), tykmetrics::Error>(())
    /// ```
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let begun = Instant::now();
        let mut copy = Copy(Snapshot { at_ms: now_ms(), ..Snapshot::default() });
        self.visit(&mut copy);
        self.count_scrape(begun, 0);
        copy.0
    }

    /// Walks all there is. Upkeep first; collectors last.
    pub(crate) fn visit(&self, visitor: &mut impl Visitor) {
        self.upkeep();
        let families = self.families();
        for family in families.iter() {
            let meta = self.labelled(&family.meta);
            if visitor.wants(&meta) && !family.visit(&meta, visitor) {
                return;
            }
        }
        let collected = self.collect();
        let mut names: HashSet<String> = match collected.families.is_empty() {
            true => HashSet::new(),
            false => families.iter().map(|family| classic(&family.meta.name)).collect(),
        };
        for family in &collected.families {
            if !names.insert(classic(&family.meta.name)) {
                // Relaxed: a count that is only shown.
                self.inner.scrapes.failures.fetch_add(1, Relaxed);
                continue;
            }
            let meta = self.labelled(&family.meta);
            if !visitor.wants(&meta) {
                continue;
            }
            visitor.begin(&meta);
            family.for_each_row(|row| visitor.row(row));
            visitor.end();
            if !visitor.step() {
                return;
            }
        }
    }

    /// A family's meta with the registry's constant labels, which collectors and other registries need not know.
    fn labelled(&self, meta: &Arc<Meta>) -> Arc<Meta> {
        let has = |name: &String| {
            meta.label_names.contains(name) || meta.const_labels.iter().any(|(constant, _)| constant == name)
        };
        let missing: Vec<_> = self.const_labels().iter().filter(|(name, _)| !has(name)).cloned().collect();
        if missing.is_empty() {
            return Arc::clone(meta);
        }
        let mut meta = Meta::clone(meta);
        meta.const_labels.extend(missing);
        Arc::new(meta)
    }

    /// What the collectors have to say.
    fn collect(&self) -> Snapshot {
        let collectors = held(self.inner.collectors.read()).clone();
        let mut all = Snapshot::default();
        for (_, collector) in collectors {
            let mut one = Snapshot::default();
            debug_assert!(is_outside(), "a collector is asked while no lock is held");
            // A collector is the host's code: its panic must not reach the scrape.
            match catch_unwind(AssertUnwindSafe(|| collector.collect(&mut one))) {
                Ok(()) => all.families.append(&mut one.families),
                Err(_) => {
                    // Relaxed: a count that is only shown.
                    self.inner.scrapes.failures.fetch_add(1, Relaxed);
                }
            }
        }
        all
    }
}

/// A visitor that copies what it is told.
struct Copy(Snapshot);

impl Visitor for Copy {
    fn begin(&mut self, meta: &Arc<Meta>) {
        self.0.families.push(Family::new(Arc::clone(meta)));
    }
    fn row(&mut self, row: &Row<'_>) {
        if let Some(family) = self.0.families.last_mut() {
            family.push_row(row);
        }
    }
    fn step(&mut self) -> bool {
        true
    }
    fn end(&mut self) {}
}

/// Room that the rows of a family are put together in.
struct Scratch {
    now_ms: u64,
    counts: Vec<u64>,
    exemplars: Vec<Exemplar>,
}

impl Core {
    /// The family and its series as plain numbers, its callbacks asked.
    pub(crate) fn snapshot(&self) -> Family {
        self.ask_callbacks();
        let mut copy = Copy(Snapshot::default());
        self.visit(&self.meta, &mut copy);
        copy.0.families.pop().unwrap_or_default()
    }

    /// Walks the family's series, the overflow series last; `meta` is the family's with the labels of the registry that
    /// shows it. False if the visitor has had enough.
    pub(crate) fn visit(&self, meta: &Arc<Meta>, visitor: &mut impl Visitor) -> bool {
        let mut scratch = Scratch { now_ms: steady_ms(), counts: Vec::new(), exemplars: Vec::new() };
        // Series that are made while this walk waits for its sink are left to the next one: such a series may be the heir of
        // one that was shown already, and no series may be there twice.
        let (made, began) = (self.series_made(), self.tick());
        let paged = self.width() >= crate::shard::numbering::PAGE_CELLS;
        let step = if paged { STEP_PAGED } else { STEP };
        let mut overflow = Vec::new();
        let mut batch = Counters::new(self);
        visitor.begin(meta);
        let mut from: Slot = 0;
        loop {
            let to = made.min(from.saturating_add(step));
            if from >= to {
                break;
            }
            let view = self.space.view();
            let batched = self.spec.cells == Cells::Count && !self.side.has_exemplars();
            for record in (from..to).map(|slot| self.record(slot)) {
                let state = record.state();
                if state & LIVE == 0 || record.tick() > began {
                    continue;
                }
                if state & OVERFLOW != 0 {
                    overflow.push(record.slot);
                } else if batched && record.is_plain_counter(state) {
                    batch.texts.extend(self.label_texts(record));
                    batch.cells.push(record.first_number());
                    batch.slots.push(record.slot);
                } else {
                    self.give(meta, &view, &mut batch, &mut scratch, visitor);
                    let values: Vec<_> = self.label_texts(record).collect();
                    self.give_row(&view, record, (&meta.label_names, &values), &mut scratch, visitor);
                }
            }
            self.give(meta, &view, &mut batch, &mut scratch, visitor);
            drop(view);
            if !visitor.step() {
                return false;
            }
            from = to;
        }
        for slot in overflow {
            let view = self.space.view();
            let labels: (&[_], &[_]) = (overflow_names(), &[Text { raw: "true", plain: true }]);
            let record = self.record(slot);
            // The family may have been cleared since.
            if record.state() & (LIVE | OVERFLOW) == LIVE | OVERFLOW {
                self.give_row(&view, record, labels, &mut scratch, visitor);
            }
        }
        visitor.end();
        visitor.step()
    }

    /// Reads a series and gives it to the visitor under these label names and values.
    fn give_row(
        &self,
        view: &View<'_>,
        record: Record<'_>,
        (names, values): (&[String], &[Text<'_>]),
        scratch: &mut Scratch,
        visitor: &mut impl Visitor,
    ) {
        let start = self.start(record);
        let value = self.value(view, record, start.as_deref(), (scratch.now_ms, &mut scratch.counts));
        self.side.exemplars(record.slot, self.exemplar_places(), &mut scratch.exemplars);
        let created_ms = self.created_ms(record, start.as_deref());
        visitor.row(&Row { names, values, value: &value, created_ms, exemplars: &scratch.exemplars });
    }

    /// Reads the counters that were put together and gives them to the visitor: all at once if they are whole numbers, which
    /// nearly all are.
    fn give(
        &self,
        meta: &Meta,
        view: &View<'_>,
        batch: &mut Counters<'_>,
        scratch: &mut Scratch,
        visitor: &mut impl Visitor,
    ) {
        if batch.cells.is_empty() {
            return;
        }
        if view.counts(&batch.cells, &mut batch.wholes) {
            visitor.counters(meta, batch);
        } else {
            let labels = meta.label_names.len();
            for (at, slot) in batch.slots.iter().enumerate() {
                let values = &batch.texts[at * labels..(at + 1) * labels];
                self.give_row(view, self.record(*slot), (&meta.label_names, values), scratch, visitor);
            }
        }
        batch.clear();
    }

    /// Places for exemplars that each series has.
    pub(crate) fn exemplar_places(&self) -> u32 {
        self.shape.as_ref().map_or(1, |shape| shape.bounds().len() as u32 + 1)
    }

    /// The value of a series that begins at `start`, which was looked at before.
    fn value(
        &self,
        view: &View<'_>,
        record: Record<'_>,
        start: Option<&Start>,
        (now_ms, counts): (u64, &mut Vec<u64>),
    ) -> Value {
        match self.spec.cells {
            Cells::Count => {
                let counted = self.counted(view, record);
                let (whole, part) = start.map_or(counted, |start| start.since(counted));
                Value::Counter { whole, part }
            }
            Cells::Signed => {
                let (whole, part) = self.counted(view, record);
                Value::Gauge(whole as i64 as f64 + part)
            }
            Cells::Float => Value::Gauge(view.float(record.first_number())),
            Cells::States => {
                let bits = view.count(record.first_number()).whole;
                Value::StateSet((0..self.meta.states.len()).map(|at| bits >> at & 1 == 1).collect())
            }
            Cells::Text => Value::Info(self.side.info(record.slot)),
            Cells::Buckets => {
                let all = self.read_all(view, record, counts);
                let distribution = match start {
                    None => all,
                    Some(start) => start.distribution_since(all),
                };
                match self.spec.kind {
                    Kind::Summary => Value::Summary(self.quantiles(record, start, distribution, now_ms)),
                    _ => Value::Histogram(distribution),
                }
            }
        }
    }

    /// A counter's sum since it began: the whole part and the rest.
    #[inline]
    pub(crate) fn count(&self, view: &View<'_>, record: Record<'_>) -> (u64, f64) {
        let start = self.start(record);
        let counted = self.counted(view, record);
        match start {
            None => counted,
            Some(start) => start.since(counted),
        }
    }

    /// A counter's sum over all its cells.
    #[inline]
    pub(crate) fn counted(&self, view: &View<'_>, record: Record<'_>) -> (u64, f64) {
        let Sum { mut whole, mut part } = view.count(record.first_number());
        if let Some(number) = self.promoted(record) {
            let more = view.count(number);
            whole = whole.wrapping_add(more.whole);
            part += more.part;
        }
        let companion = record.companion();
        if companion != 0 {
            part += view.float(companion);
        }
        if record.state() & ANSWERED != 0 {
            part += self.side.answer(record.slot);
        }
        (whole, part)
    }

    /// A counter's sum, by itself.
    pub(crate) fn count_now(&self, slot: Slot) -> (u64, f64) {
        self.count(&self.space.view(), self.record(slot))
    }

    /// The number of a series, by itself; NaN if it has none.
    #[cfg(not(loom))]
    pub(crate) fn level(&self, slot: Slot) -> f64 {
        let view = self.space.view();
        let (record, counts) = (self.record(slot), &mut Vec::new());
        let start = self.start(record);
        self.value(&view, record, start.as_deref(), (steady_ms(), counts)).as_f64().unwrap_or(f64::NAN)
    }

    /// A histogram's counts over all its cells, by itself.
    pub(crate) fn distribution_now(&self, slot: Slot) -> Distribution {
        self.read_distribution(&self.space.view(), self.record(slot), &mut Vec::new())
    }

    /// A histogram's counts since it began; `counts` is room to work in.
    pub(crate) fn read_distribution(&self, view: &View<'_>, record: Record<'_>, counts: &mut Vec<u64>) -> Distribution {
        let start = self.start(record);
        let all = self.read_all(view, record, counts);
        match start {
            None => all,
            Some(start) => start.distribution_since(all),
        }
    }

    /// A histogram's counts over all its cells; `counts` is room to work in.
    pub(crate) fn read_all(&self, view: &View<'_>, record: Record<'_>, counts: &mut Vec<u64>) -> Distribution {
        let shape = self.shape.as_ref().expect("a histogram's family has a shape");
        counts.clear();
        counts.resize(shape.slots(), 0);
        let mut sum = 0.0;
        for first in std::iter::once(record.first_number()).chain(self.promoted(record)) {
            // Sums first: each was added to after its bucket, so no value is in the sum and not in a bucket.
            sum += shape.sum_cells().iter().map(|cell| view.histogram_sum(first + cell)).sum::<f64>();
            for run in shape.segments() {
                let slots = run.slot_start as usize..(run.slot_start + run.len) as usize;
                let cells = first + run.cell_start..first + run.cell_start + run.len;
                view.add_counts(cells, &mut counts[slots]);
            }
        }
        Distribution::from_counts(Arc::clone(shape), counts, sum)
    }

    /// A summary's numbers: quantiles of its window, or of all time.
    fn quantiles(&self, record: Record<'_>, start: Option<&Start>, all: Distribution, now_ms: u64) -> Quantiles {
        let (count, sum) = (all.count(), all.sum());
        let values = |seen: &Distribution| self.spec.quantiles.iter().map(|q| (*q, seen.quantile(*q))).collect();
        let values = match self.spec.window {
            None => values(&all),
            Some(spec) => {
                let mut windows = held(self.side.windows.lock());
                let round = start.map_or(0, |start| start.round);
                let new = || Window::new(spec, self.created_ms(record, start), round, &all);
                let window = windows.entry(record.slot).or_insert_with(new);
                // A scrape that a reset came in between of may have left one that holds what was counted before.
                if window.round() != round {
                    *window = new();
                }
                values(&window.slide(&all, now_ms))
            }
        };
        Quantiles { values, count, sum }
    }
}
