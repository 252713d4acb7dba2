//! `tyk_families`: what a collector of the host adds to.

use crate::error::tyk_error;
use crate::family::{TYK_COUNTER, TYK_GAUGE, TYK_HISTOGRAM, TYK_SUMMARY, TYK_UNKNOWN, TYK_UP_DOWN, unknown_kind};
use crate::options::{Options, tyk_options};
use crate::text::{self, tyk_label, tyk_str};
use crate::{guard, handle};
use engine::shape::{Shape, ShapeOptions};
use engine::snapshot::{Exemplar, Family, Kind, Meta, Quantiles, Value};
use engine::{Buckets, Distribution, Error, ErrorCode, NameRule, Result, Store, full_name};
use std::collections::HashSet;
use std::sync::Arc;

/// What a collector adds to. Only valid while the collector is called.
pub struct tyk_families {
    names: NameRule,
    families: Vec<Family>,
    /// The label values of each family's series, so that none is there twice.
    known: Vec<HashSet<Vec<String>>>,
}

impl tyk_families {
    pub(crate) fn new(names: NameRule) -> tyk_families {
        tyk_families { names, families: Vec::new(), known: Vec::new() }
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
            other => {
                let message = format!(
                    "a collector cannot make a family of kind {other}: give TYK_UNKNOWN, TYK_COUNTER, TYK_GAUGE, \
                     TYK_HISTOGRAM or TYK_SUMMARY"
                );
                return Err(Error::new(ErrorCode::InvalidOption, message));
            }
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
        self.known.push(HashSet::new());
        Ok(self.families.len() - 1)
    }

    /// The series of a family that was pushed last.
    fn last(&mut self, family: usize) -> Result<&mut Family> {
        match self.families.get_mut(family) {
            Some(family) if !family.is_empty() => Ok(family),
            _ => Err(Error::new(ErrorCode::NotFound, format!("family {family} has no series yet: push one first"))),
        }
    }

    /// Adds a series to a family, if it is of one of these kinds, has so many labels and has no series of these values.
    /// `value` is asked for once that is known.
    fn push(
        &mut self,
        family: usize,
        kinds: &[Kind],
        values: &[&str],
        value: impl FnOnce(&Meta) -> Result<Value>,
    ) -> Result<()> {
        let made = self.families.len();
        let (Some(to), Some(known)) = (self.families.get_mut(family), self.known.get_mut(family)) else {
            let message = format!("there is no family {family}: {made} were added in this call");
            return Err(Error::new(ErrorCode::NotFound, message));
        };
        let (name, wanted, given) = (&to.meta.name, to.meta.label_names.len(), values.len());
        if !kinds.contains(&to.meta.kind) {
            let kind = format!("{:?}", to.meta.kind).to_lowercase();
            let message = format!("family {name:?} is a {kind}, which has another tyk_families_push…");
            return Err(Error::new(ErrorCode::Conflict, message));
        }
        if given != wanted {
            let message =
                format!("family {name:?} has {wanted} labels, but {given} values were given; give one for each");
            return Err(Error::new(ErrorCode::LabelCount, message));
        }
        let key: Vec<String> = values.iter().map(|value| (*value).to_owned()).collect();
        if known.contains(&key) {
            let message =
                format!("family {name:?} has a series with the label values {values:?} already; push each once");
            return Err(Error::new(ErrorCode::Conflict, message));
        }
        let value = value(&to.meta)?;
        known.insert(key);
        to.push(values, value);
        Ok(())
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
                families.push(family, &[Kind::Unknown, Kind::Counter, Kind::Gauge], values, |meta| match meta.kind {
                    Kind::Counter if !(value >= 0.0 && value.is_finite()) => Err(Error::new(
                        ErrorCode::InvalidOption,
                        format!("counter {:?} cannot be {value}: it only goes up, from 0", meta.name),
                    )),
                    Kind::Counter => Ok(Value::Counter { whole: 0, part: value }),
                    Kind::Gauge => Ok(Value::Gauge(value)),
                    _ => Ok(Value::Unknown(value)),
                })
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
                families.push(family, &[Kind::Histogram], values, |meta| {
                    // A histogram's family was given a shape when it was added.
                    let Some(shape) = meta.shape.clone() else { return Err(unknown_kind(TYK_HISTOGRAM)) };
                    let buckets = shape.bounds().len() + 1;
                    if counts.len() != buckets {
                        let (name, given) = (&meta.name, counts.len());
                        let message =
                            format!("histogram {name:?} has {buckets} buckets, but {given} counts were given");
                        return Err(Error::new(ErrorCode::InvalidBuckets, message));
                    }
                    Ok(Value::Histogram(Distribution::from_counts(shape, counts, sum)))
                })
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
                families.push(family, &[Kind::Summary], values, |meta| {
                    let mut pairs: Vec<(f64, f64)> = quantiles.iter().copied().zip(at.iter().copied()).collect();
                    pairs.sort_by(|one, other| one.0.total_cmp(&other.0));
                    if let Some((q, _)) = pairs.iter().find(|(q, _)| !(0.0..=1.0).contains(q)) {
                        let message =
                            format!("summary {:?}: {q} is not a quantile; give numbers from 0 to 1", meta.name);
                        return Err(Error::new(ErrorCode::InvalidOption, message));
                    }
                    Ok(Value::Summary(Quantiles { values: pairs, count: observations, sum }))
                })
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
