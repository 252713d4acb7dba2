//! `tyk_snapshot`: everything a registry said at one moment, as plain numbers.

use crate::bytes::tyk_bytes;
use crate::distribution::tyk_distribution;
use crate::error::tyk_error;
use crate::exposition::{self, tyk_exposition};
use crate::family::kind_number;
use crate::registry::tyk_registry;
use crate::text::{self, tyk_label, tyk_str};
use crate::{guard, handle};
use engine::render::Compressor;
use engine::snapshot::{Family, Series, Snapshot, Value};
use engine::{Encoding, Error, ErrorCode, Result};
use std::ffi::c_char;

/// Everything a registry said at one moment. Not changed by what is recorded later.
pub struct tyk_snapshot(Snapshot);

/// What is true of a family. Its texts live as long as the snapshot.
#[repr(C)]
pub struct tyk_family_view {
    /// The full name.
    pub name: tyk_str,
    /// The help text.
    pub help: tyk_str,
    /// The unit.
    pub unit: tyk_str,
    /// TYK_UNKNOWN to TYK_STATE_SET; an up_down is a TYK_GAUGE.
    pub kind: u32,
    /// Zero.
    pub reserved: u32,
    /// How many series it has.
    pub series_count: usize,
}

/// The numbers of a series.
#[repr(C)]
pub struct tyk_series_view {
    /// How many labels it has: its own, the constant ones, and those of an info metric.
    pub label_count: usize,
    /// Of a summary: how many quantiles.
    pub quantile_count: usize,
    /// How many exemplars.
    pub exemplar_count: usize,
    /// Of a state set: how many states.
    pub state_count: usize,
    /// When it began, Unix time in milliseconds; 0 if not known.
    pub created_ms: u64,
    /// Of a counter or a gauge: the value. NaN for other kinds.
    pub value: f64,
    /// Of a histogram or a summary: how many observations.
    pub count: u64,
    /// Of a histogram or a summary: their sum.
    pub sum: f64,
}

/// An exemplar without its labels.
#[repr(C)]
pub struct tyk_exemplar_view {
    /// The observed value, or what was added.
    pub value: f64,
    /// Unix time in milliseconds; 0 if not known.
    pub at_ms: u64,
    /// How many labels it has.
    pub label_count: usize,
}

fn missing(what: &str, at: usize, of: usize) -> Error {
    Error::new(ErrorCode::NotFound, format!("there is no {what} {at}: there are {of}, counted from 0"))
}

fn nth<'a, T>(list: &'a [T], at: usize, what: &str) -> Result<&'a T> {
    list.get(at).ok_or_else(|| missing(what, at, list.len()))
}

impl tyk_snapshot {
    fn family(&self, at: usize) -> Result<&Family> {
        nth(&self.0.families, at, "family")
    }

    fn series(&self, family: usize, at: usize) -> Result<(&Family, Series<'_>)> {
        let family = self.family(family)?;
        let series = family.series().nth(at).ok_or_else(|| missing("series", at, family.len()))?;
        Ok((family, series))
    }
}

/// All labels of a series.
fn labels_of<'a>(family: &'a Family, series: Series<'a>) -> impl Iterator<Item = (&'a str, &'a str)> {
    let pairs = |pairs: &'a [(String, String)]| pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let info = match series.value() {
        Value::Info(labels) => labels.as_slice(),
        _ => &[],
    };
    series.labels().chain(pairs(&family.meta.const_labels)).chain(pairs(info))
}

fn label((name, value): (&str, &str)) -> tyk_label {
    tyk_label { name: name.into(), value: value.into() }
}

/// Takes a snapshot of a registry.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_snapshot_new(
    registry: *const tyk_registry,
    out: *mut *mut tyk_snapshot,
) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        let (registry, out) = unsafe { (handle::given(registry, "registry")?, handle::place(out, "out")?) };
        out.write(handle::give(tyk_snapshot(registry.0.snapshot())));
        Ok(())
    })
}

/// Frees a snapshot and writes NULL to `*snapshot`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_snapshot_free(snapshot: *mut *mut tyk_snapshot) {
    // SAFETY: the rules of the header.
    guard::quiet(|| drop(unsafe { handle::take(snapshot) }));
}

/// What came between two snapshots of a registry: the difference of what only grows, the later value of what does not.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_snapshot_delta(
    now: *const tyk_snapshot,
    before: *const tyk_snapshot,
    out: *mut *mut tyk_snapshot,
) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        let (now, before, out) =
            unsafe { (handle::given(now, "now")?, handle::given(before, "before")?, handle::place(out, "out")?) };
        out.write(handle::give(tyk_snapshot(now.0.delta(&before.0))));
        Ok(())
    })
}

/// A snapshot as bytes, as tyk_render has it of a registry.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_snapshot_render(
    snapshot: *const tyk_snapshot,
    exposition: *const tyk_exposition,
    out: *mut tyk_bytes,
) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        let (snapshot, (exposition, encoding), out) = unsafe {
            (handle::given(snapshot, "snapshot")?, exposition::wanted(exposition)?, handle::given_mut(out, "out")?)
        };
        out.fill(|bytes| {
            if encoding == Encoding::Identity {
                bytes.extend(snapshot.0.render(exposition));
                return Ok(());
            }
            let mut packer = Compressor::new(encoding, |chunk: &[u8]| {
                bytes.extend_from_slice(chunk);
                Ok::<(), Error>(())
            })?;
            snapshot.0.render_to(exposition, &mut |chunk| packer.write(chunk))?;
            packer.finish()
        })
    })
}

/// The number of the first counter or gauge of this name that carries all of these labels. An error of code
/// TYK_ERROR_NOT_FOUND if there is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_snapshot_value(
    snapshot: *const tyk_snapshot,
    name: *const c_char,
    labels: *const tyk_label,
    count: usize,
    out: *mut f64,
) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        let (snapshot, name, labels, out) = unsafe {
            (
                handle::given(snapshot, "snapshot")?,
                handle::text(name, "name")?,
                text::labels(labels, count)?,
                handle::place(out, "out")?,
            )
        };
        let labels = text::pairs(&labels);
        let Some(value) = snapshot.0.value(name, &labels) else {
            let message = format!("no counter or gauge {name:?} carries the labels {labels:?}");
            return Err(Error::new(ErrorCode::NotFound, message));
        };
        out.write(value);
        Ok(())
    })
}

/// The sum over the counters or gauges of this name that carry all of these labels; 0 if there are none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_snapshot_sum(
    snapshot: *const tyk_snapshot,
    name: *const c_char,
    labels: *const tyk_label,
    count: usize,
    out: *mut f64,
) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        let (snapshot, name, labels, out) = unsafe {
            (
                handle::given(snapshot, "snapshot")?,
                handle::text(name, "name")?,
                text::labels(labels, count)?,
                handle::place(out, "out")?,
            )
        };
        out.write(snapshot.0.sum(name, &text::pairs(&labels)));
        Ok(())
    })
}

/// How many families there are.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_snapshot_len(snapshot: *const tyk_snapshot, out: *mut usize) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        let (snapshot, out) = unsafe { (handle::given(snapshot, "snapshot")?, handle::place(out, "out")?) };
        out.write(snapshot.0.families.len());
        Ok(())
    })
}

/// A family, by its place.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_snapshot_family(
    snapshot: *const tyk_snapshot,
    family: usize,
    out: *mut tyk_family_view,
) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        let (snapshot, out) = unsafe { (handle::given(snapshot, "snapshot")?, handle::place(out, "out")?) };
        let family = snapshot.family(family)?;
        let meta = &family.meta;
        out.write(tyk_family_view {
            name: meta.name.as_str().into(),
            help: meta.help.as_str().into(),
            unit: meta.unit.as_str().into(),
            kind: kind_number(meta.kind),
            reserved: 0,
            series_count: family.len(),
        });
        Ok(())
    })
}

/// A series, by the places of its family and its own.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_snapshot_series(
    snapshot: *const tyk_snapshot,
    family: usize,
    series: usize,
    out: *mut tyk_series_view,
) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        let (snapshot, out) = unsafe { (handle::given(snapshot, "snapshot")?, handle::place(out, "out")?) };
        let (family, series) = snapshot.series(family, series)?;
        let value = series.value();
        out.write(tyk_series_view {
            label_count: labels_of(family, series).count(),
            quantile_count: value.as_summary().map_or(0, |summary| summary.values.len()),
            exemplar_count: series.exemplars().len(),
            state_count: if let Value::StateSet(states) = value { states.len() } else { 0 },
            created_ms: series.created_ms(),
            value: value.as_f64().unwrap_or(f64::NAN),
            count: value.count().unwrap_or(0),
            sum: match value {
                Value::Histogram(histogram) => histogram.sum(),
                Value::Summary(summary) => summary.sum,
                _ => 0.0,
            },
        });
        Ok(())
    })
}

/// A label of a series. Its texts live as long as the snapshot.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_snapshot_label(
    snapshot: *const tyk_snapshot,
    family: usize,
    series: usize,
    at: usize,
    out: *mut tyk_label,
) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        let (snapshot, out) = unsafe { (handle::given(snapshot, "snapshot")?, handle::place(out, "out")?) };
        let (family, series) = snapshot.series(family, series)?;
        let mut labels = labels_of(family, series);
        out.write(label(labels.nth(at).ok_or_else(|| missing("label", at, labels_of(family, series).count()))?));
        Ok(())
    })
}

/// A quantile of a summary, and the value at it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_snapshot_quantile(
    snapshot: *const tyk_snapshot,
    family: usize,
    series: usize,
    at: usize,
    quantile: *mut f64,
    value: *mut f64,
) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        let (snapshot, quantile, value) = unsafe {
            (handle::given(snapshot, "snapshot")?, handle::place(quantile, "quantile")?, handle::place(value, "value")?)
        };
        let (_, series) = snapshot.series(family, series)?;
        let values = series.value().as_summary().map_or(&[][..], |summary| &summary.values);
        let (q, at_q) = nth(values, at, "quantile")?;
        quantile.write(*q);
        value.write(*at_q);
        Ok(())
    })
}

/// A state of a state set, and whether it holds. The text lives as long as the snapshot.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_snapshot_state(
    snapshot: *const tyk_snapshot,
    family: usize,
    series: usize,
    at: usize,
    state: *mut tyk_str,
    holds: *mut bool,
) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        let (snapshot, state, holds) = unsafe {
            (handle::given(snapshot, "snapshot")?, handle::place(state, "state")?, handle::place(holds, "holds")?)
        };
        let (family, series) = snapshot.series(family, series)?;
        let states = if let Value::StateSet(states) = series.value() { states.as_slice() } else { &[] };
        let it_holds = nth(states, at, "state")?;
        state.write(nth(&family.meta.states, at, "state")?.as_str().into());
        holds.write(*it_holds);
        Ok(())
    })
}

/// An exemplar of a series.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_snapshot_exemplar(
    snapshot: *const tyk_snapshot,
    family: usize,
    series: usize,
    at: usize,
    out: *mut tyk_exemplar_view,
) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        let (snapshot, out) = unsafe { (handle::given(snapshot, "snapshot")?, handle::place(out, "out")?) };
        let (_, series) = snapshot.series(family, series)?;
        let exemplar = nth(series.exemplars(), at, "exemplar")?;
        let (value, at_ms, label_count) = (exemplar.value, exemplar.at_ms, exemplar.labels.len());
        out.write(tyk_exemplar_view { value, at_ms, label_count });
        Ok(())
    })
}

/// A label of an exemplar. Its texts live as long as the snapshot.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_snapshot_exemplar_label(
    snapshot: *const tyk_snapshot,
    family: usize,
    series: usize,
    exemplar: usize,
    at: usize,
    out: *mut tyk_label,
) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        let (snapshot, out) = unsafe { (handle::given(snapshot, "snapshot")?, handle::place(out, "out")?) };
        let (_, series) = snapshot.series(family, series)?;
        let (name, value) = nth(&nth(series.exemplars(), exemplar, "exemplar")?.labels, at, "label")?;
        out.write(label((name, value)));
        Ok(())
    })
}

/// What a histogram of the snapshot counted. An error of code TYK_ERROR_NOT_FOUND if the series is no histogram.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_snapshot_distribution(
    snapshot: *const tyk_snapshot,
    family: usize,
    series: usize,
    out: *mut *mut tyk_distribution,
) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        let (snapshot, out) = unsafe { (handle::given(snapshot, "snapshot")?, handle::place(out, "out")?) };
        let (family, series) = snapshot.series(family, series)?;
        let Some(histogram) = series.value().as_histogram() else {
            let message = format!("series {:?} of metric {:?} is no histogram", series, family.meta.name);
            return Err(Error::new(ErrorCode::NotFound, message));
        };
        out.write(handle::give(tyk_distribution(histogram.clone())));
        Ok(())
    })
}
