//! A family, and what one isolate holds of it.
//!
//! A family is the process's: isolates that register the same metric in the same registry share it. What an isolate looked
//! up it holds, so that the cells it writes are nobody else's, until it hears that something was removed and forgets what it
//! knew.

use crate::error::OrThrow;
use crate::isolate;
use crate::raw::{self, Given, Word, floats, whole_numbers};
use engine::render::Exposition;
use engine::{
    Buckets, Builder, Counter, FamilyVec, Held, Histogram, Metric as Kind, Registry, Store, Summary, UpDown, VecOf,
};
use engine::{shape, snapshot};
use napi::bindgen_prelude::{External, Float64Array, JsValue as _, Object};
use napi::{Env, Error, Result, Status};
use napi_derive::napi;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What a family of any kind can do.
pub(crate) trait Series: Send + Sync {
    fn name(&self) -> &str;
    fn hold(&self, labels: &[&str]) -> engine::Result<Held>;
    fn number(&self, labels: &[&str]) -> engine::Result<Option<u32>>;
    fn let_go(&self, number: u32);
    fn remove(&self, labels: &[&str]) -> engine::Result<bool>;
    fn clear(&self);
    /// The value of a gauge's series.
    fn level(&self, labels: &[&str]) -> engine::Result<f64>;
    fn shape(&self) -> Option<&Arc<shape::Shape>>;
    /// What is another number when other secrets are looked for, and a text without any.
    fn cleaned_by(&self) -> u32;
    fn clean(&self, text: String) -> String;
    fn snapshot(&self) -> snapshot::Family;
    fn render_into(&self, exposition: Exposition, out: &mut Vec<u8>);
    fn list(&self, registry: &Registry) -> engine::Result<()>;
}

impl<M: Kind> Series for FamilyVec<M> {
    fn name(&self) -> &str {
        FamilyVec::name(self)
    }
    fn hold(&self, labels: &[&str]) -> engine::Result<Held> {
        FamilyVec::hold(self, labels)
    }
    fn number(&self, labels: &[&str]) -> engine::Result<Option<u32>> {
        FamilyVec::number(self, labels)
    }
    fn let_go(&self, number: u32) {
        FamilyVec::let_go(self, number);
    }
    fn remove(&self, labels: &[&str]) -> engine::Result<bool> {
        FamilyVec::remove(self, labels)
    }
    fn clear(&self) {
        FamilyVec::clear(self);
    }
    fn level(&self, labels: &[&str]) -> engine::Result<f64> {
        FamilyVec::level(self, labels)
    }
    fn shape(&self) -> Option<&Arc<shape::Shape>> {
        FamilyVec::shape(self)
    }
    fn cleaned_by(&self) -> u32 {
        FamilyVec::cleaned_by(self)
    }
    fn clean(&self, text: String) -> String {
        FamilyVec::clean_label(self, &text).into_owned()
    }
    fn snapshot(&self) -> snapshot::Family {
        FamilyVec::snapshot(self)
    }
    fn render_into(&self, exposition: Exposition, out: &mut Vec<u8>) {
        FamilyVec::render_into(self, exposition, out);
    }
    fn list(&self, registry: &Registry) -> engine::Result<()> {
        registry.list(self)
    }
}

/// A family as the process has it.
pub(crate) struct Family {
    pub(crate) series: Box<dyn Series>,
    /// The words of the isolates that look its series up.
    listeners: Mutex<Vec<Word>>,
}

impl Family {
    pub(crate) fn new(series: Box<dyn Series>) -> Arc<Family> {
        Arc::new(Family { series, listeners: Mutex::default() })
    }

    /// Tells every isolate that something was removed.
    pub(crate) fn tell(&self) {
        Word::bump_all(&locked(&self.listeners));
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What an isolate has of a family.
pub(crate) struct Metric {
    pub(crate) family: Arc<Family>,
    word: Word,
    /// The series it holds.
    held: Mutex<Numbers>,
}

/// A set of numbers that follow each other, mostly: a bit for each.
#[derive(Default)]
struct Numbers(Vec<u64>);

impl Numbers {
    /// False if it was there.
    fn insert(&mut self, number: u32) -> bool {
        let (word, bit) = (number as usize / 64, 1 << (number % 64));
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        let is_new = self.0[word] & bit == 0;
        self.0[word] |= bit;
        is_new
    }

    /// True if it was there.
    fn remove(&mut self, number: u32) -> bool {
        let Some(word) = self.0.get_mut(number as usize / 64) else { return false };
        let bit = 1 << (number % 64);
        std::mem::replace(word, *word & !bit) & bit != 0
    }

    fn drain(&mut self) -> impl Iterator<Item = u32> {
        let words = std::mem::take(&mut self.0).into_iter().zip(0u32..);
        words.flat_map(|(word, at)| (0..64).filter(move |bit| word >> bit & 1 == 1).map(move |bit| at * 64 + bit))
    }
}

impl Metric {
    fn new(env: &Env, family: Arc<Family>) -> Result<(Metric, u32)> {
        let (at, word) = isolate::word(env)?;
        locked(&family.listeners).push(word);
        Ok((Metric { family, word, held: Mutex::default() }, at))
    }

    fn forget(&self) {
        locked(&self.held).drain().for_each(|number| self.family.series.let_go(number));
    }
}

impl Drop for Metric {
    fn drop(&mut self) {
        let mut listeners = locked(&self.family.listeners);
        if let Some(at) = listeners.iter().position(|word| *word == self.word) {
            listeners.swap_remove(at);
        }
        drop(listeners);
        self.forget();
    }
}

/// What a metric is made of, as `lib/metric.js` checked it.
#[napi(object)]
pub(crate) struct Definition {
    /// `counter`, `gauge`, `histogram` or `summary`.
    pub kind: String,
    pub name: String,
    pub help: String,
    pub label_names: Vec<String>,
    pub limit: Option<u32>,
    pub buckets: Option<Vec<f64>>,
    pub compact: Option<bool>,
    pub quantiles: Option<Vec<f64>>,
    pub window_seconds: Option<f64>,
}

/// Series of a family that get cells in every shard: as many as there are, since an isolate writes those it has and no
/// others.
const PRIVATE: u32 = u32::MAX;

impl Definition {
    /// The family, registered or by itself.
    pub(crate) fn family(&self, registry: &Registry, listed: bool) -> engine::Result<Box<dyn Series>> {
        let (name, help) = (self.name.as_str(), self.help.as_str());
        match self.kind.as_str() {
            "counter" => self.register::<Counter>(registry.counter(name, help), listed, |builder| builder),
            "gauge" => self.register::<UpDown>(registry.up_down(name, help), listed, |builder| builder),
            "histogram" => self.register::<Histogram>(registry.histogram(name, help), listed, |builder| {
                let builder = match &self.buckets {
                    Some(bounds) if bounds.is_empty() => builder.buckets(Buckets::none()),
                    Some(bounds) => builder.buckets(bounds.as_slice()),
                    None => builder,
                };
                match self.compact {
                    Some(true) => builder.store(Store::Compact),
                    _ => builder,
                }
            }),
            _ => self.register::<Summary>(registry.summary(name, help), listed, |builder| {
                let builder = match &self.quantiles {
                    Some(quantiles) => builder.quantiles(quantiles.clone()),
                    None => builder,
                };
                match self.window_seconds {
                    Some(seconds) => builder.window(std::time::Duration::from_secs_f64(seconds)),
                    None => builder,
                }
            }),
        }
    }

    fn register<M: Kind>(
        &self,
        builder: Builder<M>,
        listed: bool,
        options: impl FnOnce(Builder<M, VecOf>) -> Builder<M, VecOf>,
    ) -> engine::Result<Box<dyn Series>> {
        let builder = options(builder.label_names(self.label_names.iter().cloned())).private_series(PRIVATE);
        let builder = match self.limit {
            Some(limit) => builder.limit(limit),
            None => builder,
        };
        let builder = if listed { builder } else { builder.unlisted() };
        Ok(Box::new(builder.register()?))
    }
}

/// A metric, and the number of the word that moves on when something of it is removed.
pub(crate) fn given(env: &Env, family: Arc<Family>, listed: bool) -> Result<Given> {
    let (metric, word) = Metric::new(env, family)?;
    let mut object = Object::new(env)?;
    object.set("metric", External::new(metric))?;
    object.set("word", word)?;
    object.set("listed", listed)?;
    Ok(Given(object.raw()))
}

/// The number of a series' first cell, below zero if it is the overflow series'. The isolate holds the series from now on,
/// but for the overflow series, which is there for good.
#[napi(catch_unwind)]
pub(crate) fn hold(metric: &External<Metric>, values: Vec<String>) -> Result<i32> {
    let labels: Vec<&str> = values.iter().map(String::as_str).collect();
    let held = metric.family.series.hold(&labels).or_throw()?;
    let cell = i32::try_from(held.place.cell).map_err(|_| Error::new(Status::GenericFailure, "no such cell"))?;
    if held.overflow || !locked(&metric.held).insert(held.number) {
        // Held by this isolate already, or never given to another series.
        metric.family.series.let_go(held.number);
    }
    Ok(if held.overflow { -cell } else { cell })
}

/// The value of a gauge's series over all isolates; NaN if there is none.
#[napi(catch_unwind)]
pub(crate) fn level(metric: &External<Metric>, values: Vec<String>) -> Result<f64> {
    let labels: Vec<&str> = values.iter().map(String::as_str).collect();
    metric.family.series.level(&labels).or_throw()
}

/// Sets a gauge that other isolates may have moved: this isolate's cell, `cells[at]`, becomes what is missing. Isolates that
/// set at the same time take turns. Where no number is exactly what is missing, the series is removed, with what others moved it
/// by, and false is given: whoever calls looks it up again, and sets that.
#[napi(catch_unwind)]
pub(crate) fn set(
    metric: &External<Metric>,
    values: Vec<String>,
    mut cells: Float64Array,
    at: u32,
    level: f64,
) -> Result<bool> {
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = locked(&TURN);
    let labels: Vec<&str> = values.iter().map(String::as_str).collect();
    let series = &metric.family.series;
    if series.number(&labels).or_throw()?.is_none() {
        let held = series.hold(&labels).or_throw()?;
        series.let_go(held.number);
        if held.overflow {
            // It stands for many, and whoever sets one of them sets all.
            raw::change(&mut cells, at, |_| level);
        }
        // Else it was removed a moment ago, and is there again.
        return Ok(held.overflow);
    }
    let all = series.level(&labels).or_throw()?;
    let before = raw::change(&mut cells, at, |own| if all == own { level } else { level - (all - own) });
    let reached = series.level(&labels).or_throw()?;
    if reached == level || level.is_nan() && reached.is_nan() || all == before {
        return Ok(true);
    }
    remove(metric, values)?;
    Ok(false)
}

/// What is another number when other secrets are looked for in what labels of the metric say; 0 where none ever were.
#[napi(catch_unwind)]
pub(crate) fn cleaned_by(metric: &External<Metric>) -> u32 {
    metric.family.series.cleaned_by()
}

/// Texts without secrets.
#[napi(catch_unwind)]
pub(crate) fn clean(metric: &External<Metric>, texts: Vec<String>) -> Vec<String> {
    texts.into_iter().map(|text| metric.family.series.clean(text)).collect()
}

/// Lets go of every series the isolate held: it heard of a removal.
#[napi(catch_unwind)]
pub(crate) fn forget(metric: &External<Metric>) {
    metric.forget();
}

/// Removes a series, which the isolate holds no more: whoever calls forgets its cell.
#[napi(catch_unwind)]
pub(crate) fn remove(metric: &External<Metric>, values: Vec<String>) -> Result<bool> {
    let labels: Vec<&str> = values.iter().map(String::as_str).collect();
    let number = metric.family.series.number(&labels).or_throw()?;
    let removed = metric.family.series.remove(&labels).or_throw()?;
    if removed {
        metric.family.tell();
        if let Some(number) = number.filter(|number| locked(&metric.held).remove(*number)) {
            metric.family.series.let_go(number);
        }
    }
    Ok(removed)
}

/// Removes every series.
#[napi(catch_unwind)]
pub(crate) fn clear(metric: &External<Metric>) {
    metric.family.series.clear();
    metric.family.tell();
}

/// Where a value of a histogram or a summary is counted, for JavaScript to do.
///
/// The compact store has `bounds`: a value is in the cell 1 + the number of bounds below it, its sum in cell 0. The HDR
/// store has `first`, and for each entry `splits`, `cells` and `more`, as `engine::shape::HdrTable` describes them.
#[napi(catch_unwind)]
pub(crate) fn table(env: Env, metric: &External<Metric>) -> Result<Given> {
    let shape = metric.family.series.shape().ok_or_else(|| Error::new(Status::InvalidArg, "no table"))?;
    let mut object = Object::new(&env)?;
    object.set("width", shape.cells())?;
    match shape.table() {
        shape::Table::Compact(table) => object.set("bounds", Given(floats(&env, table.bounds().iter().copied())?))?,
        shape::Table::Hdr(table) => {
            let entries = table.entries();
            // Keys of doubles are below 2^17 in magnitude.
            object.set("first", table.first() as f64)?;
            object.set("splits", Given(floats(&env, entries.iter().map(|entry| entry.split))?))?;
            object.set("cells", Given(whole_numbers(&env, entries.iter().map(|entry| entry.cell))?))?;
            object.set("more", Given(whole_numbers(&env, entries.iter().map(|entry| entry.more))?))?;
            object.set("furtherSplits", Given(floats(&env, table.more().iter().copied())?))?;
        }
    }
    Ok(Given(object.raw()))
}
