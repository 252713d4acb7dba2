//! `tyk_families`: what a collector of the host adds to.

use crate::error::tyk_error;
use crate::family::{TYK_COUNTER, TYK_GAUGE, TYK_HISTOGRAM, TYK_SUMMARY, TYK_UNKNOWN, TYK_UP_DOWN, unknown_kind};
use crate::options::{Options, tyk_options};
use crate::text::{self, tyk_label, tyk_str};
use crate::{guard, handle};
use engine::shape::{Shape, ShapeOptions};
use engine::snapshot::{Exemplar, Family, Kind, Meta, Quantiles, Value};
use engine::{Buckets, Distribution, Error, ErrorCode, NameRule, Result, Store, full_name};
use std::sync::Arc;

/// What a collector adds to. Only valid while the collector is called.
pub struct tyk_families {
    names: NameRule,
    families: Vec<Family>,
}

impl tyk_families {
    pub(crate) fn new(names: NameRule) -> tyk_families {
        tyk_families { names, families: Vec::new() }
    }

    pub(crate) fn made(self) -> Vec<Family> {
        self.families
    }

    fn add(&mut self, kind: u32, options: Options) -> Result<usize> {
        let kind = match kind {
            TYK_UNKNOWN => Kind::Unknown,
            TYK_COUNTER => Kind::Counter,
            TYK_GAUGE | TYK_UP_DOWN => Kind::Gauge,
            TYK_HISTOGRAM => Kind::Histogram,
            TYK_SUMMARY => Kind::Summary,
            other => return Err(unknown_kind(other)),
        };
        let name = full_name(&options.namespace, &options.subsystem, &options.name, &options.unit, kind);
        let shape = match kind {
            Kind::Histogram => {
                let buckets = options.buckets.map_or_else(Buckets::seconds, Buckets::from);
                let shape = Shape::new(ShapeOptions { store: Store::Compact, buckets, range: None, native: None })
                    .map_err(|e| Error::new(e.code(), format!("metric {name:?}: {e}")))?;
                Some(Arc::new(shape))
            }
            _ => None,
        };
        let meta = Meta {
            name,
            help: options.help,
            unit: options.unit,
            kind,
            label_names: options.label_names,
            const_labels: options.const_labels,
            shape,
            states: Vec::new(),
        };
        self.names.check(&meta)?;
        self.families.push(Family::new(meta));
        Ok(self.families.len() - 1)
    }

    /// The series of a family that was pushed last.
    fn last(&mut self, family: usize) -> Result<&mut Family> {
        match self.families.get_mut(family) {
            Some(family) if !family.is_empty() => Ok(family),
            _ => Err(Error::new(ErrorCode::NotFound, format!("family {family} has no series yet: push one first"))),
        }
    }

    /// A family, if it is of one of these kinds and has so many labels.
    fn family(&mut self, family: usize, kinds: &[Kind], values: usize) -> Result<&mut Family> {
        let made = self.families.len();
        let Some(family) = self.families.get_mut(family) else {
            let message = format!("there is no family {family}: {made} were added in this call");
            return Err(Error::new(ErrorCode::NotFound, message));
        };
        let (name, wanted) = (&family.meta.name, family.meta.label_names.len());
        if !kinds.contains(&family.meta.kind) {
            let kind = format!("{:?}", family.meta.kind).to_lowercase();
            let message = format!("family {name:?} is a {kind}, which has another tyk_families_push…");
            return Err(Error::new(ErrorCode::Conflict, message));
        }
        if values != wanted {
            let message = format!("family {name:?} has {wanted} labels, but {values} values were given");
            return Err(Error::new(ErrorCode::LabelCount, message));
        }
        Ok(family)
    }
}

/// Adds a family: TYK_UNKNOWN, TYK_COUNTER, TYK_GAUGE, TYK_HISTOGRAM (with the classic bounds of the options) or
/// TYK_SUMMARY. `*family` is its number for the pushes of this call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_families_add(
    families: *mut tyk_families,
    kind: u32,
    options: *const tyk_options,
    family: *mut usize,
) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        let (families, options, family) = unsafe {
            (handle::given_mut(families, "families")?, Options::read(options)?, handle::place(family, "family")?)
        };
        family.write(families.add(kind, options)?);
        Ok(())
    })
}

/// Adds a series with one value to a family that is not a histogram or a summary.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_families_push(
    families: *mut tyk_families,
    family: usize,
    values: *const tyk_str,
    count: usize,
    value: f64,
) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        let families = unsafe { handle::given_mut(families, "families") }?;
        // SAFETY: the rules of the header.
        unsafe {
            text::with_values(values, count, |values| {
                let family = families.family(family, &[Kind::Unknown, Kind::Counter, Kind::Gauge], values.len())?;
                let value = match family.meta.kind {
                    Kind::Counter => Value::Counter { whole: 0, part: value },
                    Kind::Gauge => Value::Gauge(value),
                    _ => Value::Unknown(value),
                };
                family.push(values, value);
                Ok(())
            })
        }
    })
}

/// Adds a series to a histogram. `counts` are those of each bucket by itself, the one of +Inf last: one more than there
/// are bounds.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_families_push_histogram(
    families: *mut tyk_families,
    family: usize,
    values: *const tyk_str,
    count: usize,
    counts: *const u64,
    count_count: usize,
    sum: f64,
) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        let (families, counts) =
            unsafe { (handle::given_mut(families, "families")?, handle::list(counts, count_count, "counts")?) };
        // SAFETY: the rules of the header.
        unsafe {
            text::with_values(values, count, |values| {
                let family = families.family(family, &[Kind::Histogram], values.len())?;
                let Some(shape) = family.meta.shape.clone() else { return Err(unknown_kind(TYK_HISTOGRAM)) };
                let buckets = shape.bounds().len() + 1;
                if counts.len() != buckets {
                    let (name, given) = (&family.meta.name, counts.len());
                    let message = format!("histogram {name:?} has {buckets} buckets, but {given} counts were given");
                    return Err(Error::new(ErrorCode::InvalidBuckets, message));
                }
                family.push(values, Value::Histogram(Distribution::from_counts(shape, counts, sum)));
                Ok(())
            })
        }
    })
}

/// Adds a series to a summary: `at[i]` is the value at quantiles[i].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_families_push_summary(
    families: *mut tyk_families,
    family: usize,
    values: *const tyk_str,
    count: usize,
    quantiles: *const f64,
    at: *const f64,
    quantile_count: usize,
    observations: u64,
    sum: f64,
) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        let (families, quantiles, at) = unsafe {
            (
                handle::given_mut(families, "families")?,
                handle::list(quantiles, quantile_count, "quantiles")?,
                handle::list(at, quantile_count, "at")?,
            )
        };
        // SAFETY: the rules of the header.
        unsafe {
            text::with_values(values, count, |values| {
                let family = families.family(family, &[Kind::Summary], values.len())?;
                let mut pairs: Vec<(f64, f64)> = quantiles.iter().copied().zip(at.iter().copied()).collect();
                pairs.sort_by(|one, other| one.0.total_cmp(&other.0));
                family.push(values, Value::Summary(Quantiles { values: pairs, count: observations, sum }));
                Ok(())
            })
        }
    })
}

/// Says when the series that was pushed last to a family began, Unix time in milliseconds.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_families_began(families: *mut tyk_families, family: usize, at_ms: u64) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        unsafe { handle::given_mut(families, "families") }?.last(family)?.began(at_ms);
        Ok(())
    })
}

/// Gives the series that was pushed last to a family an exemplar; `at_ms` is Unix time in milliseconds, or 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_families_exemplar(
    families: *mut tyk_families,
    family: usize,
    labels: *const tyk_label,
    count: usize,
    value: f64,
    at_ms: u64,
) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        let (families, labels) = unsafe { (handle::given_mut(families, "families")?, text::labels(labels, count)?) };
        families.last(family)?.exemplar(Exemplar { labels, value, at_ms });
        Ok(())
    })
}
