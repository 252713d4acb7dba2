//! What a registration and a registry may be told, as structures that begin with their own size.

use crate::handle;
use crate::text::{self, tyk_label};
use engine::snapshot::Meta;
use engine::{
    Builder, Counter, Error, ErrorCode, FamilyVec, Gauge, Histogram, Info, Metric, NameRule, Registry, Result,
    StateSet, Store, Summary, UpDown, VecOf,
};
use std::ffi::c_char;
use std::time::Duration;

/// Names may be any UTF-8 text.
pub const TYK_NAMES_UTF8: u32 = 0;
/// Names match [a-zA-Z_:][a-zA-Z0-9_:]*, labels the same without colons.
pub const TYK_NAMES_LEGACY: u32 = 1;

/// The family is not rendered and takes no name until tyk_registry_list.
pub const TYK_UNLISTED: u32 = 1;
/// A histogram without classic bounds: only +Inf.
pub const TYK_NO_BUCKETS: u32 = 2;
/// A summary without quantiles: only count and sum.
pub const TYK_NO_QUANTILES: u32 = 4;

/// The store that the bounds ask for.
pub const TYK_STORE_DEFAULT: u32 = 0;
/// Log-linear cells: classic buckets, native buckets and quantiles.
pub const TYK_STORE_HDR: u32 = 1;
/// The classic buckets alone, in one or two cache lines.
pub const TYK_STORE_COMPACT: u32 = 2;

/// Native buckets as fine as they can be.
pub const TYK_NATIVE_DEFAULT: u32 = 0;
/// No native buckets.
pub const TYK_NATIVE_NONE: u32 = 1;
/// Native buckets of native_schema.
pub const TYK_NATIVE_SCHEMA: u32 = 2;

/// How a registry is set up. Zeroes are the defaults: { .size = sizeof(tyk_registry_options) }.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tyk_registry_options {
    /// sizeof(tyk_registry_options).
    pub size: usize,
    /// TYK_NAMES_UTF8 or TYK_NAMES_LEGACY.
    pub names: u32,
    /// Zero.
    pub reserved: u32,
    /// The most series of all families; 0 for 2,000,000.
    pub series_limit: u64,
    /// Labels that every series carries.
    pub const_labels: *const tyk_label,
    /// How many there are.
    pub const_label_count: usize,
}

/// How a metric is set up. Zeroes and NULLs are the defaults: { .size = sizeof(tyk_options), .name = "jobs_total" }.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tyk_options {
    /// sizeof(tyk_options).
    pub size: usize,
    /// Goes before the name, with an underscore.
    pub namespace_: *const c_char,
    /// Goes between the namespace and the name.
    pub subsystem: *const c_char,
    /// The name. A counter's ends in _total.
    pub name: *const c_char,
    /// What it measures, for people.
    pub help: *const c_char,
    /// The base unit ("seconds", "bytes"); the name ends in it, and is made to if it does not.
    pub unit: *const c_char,
    /// The label names of a family.
    pub label_names: *const *const c_char,
    /// How many there are.
    pub label_count: usize,
    /// Labels that every series carries.
    pub const_labels: *const tyk_label,
    /// How many there are.
    pub const_label_count: usize,
    /// The most series; 0 for 10,000. Records of label sets beyond it go to the overflow series.
    pub limit: u32,
    /// How many of the first series have a cell for each writer; 0 for the default (512; 64 for the HDR store).
    pub private_series: u32,
    /// Series that nobody holds go once they have not changed for so long; 0 for never.
    pub expire_after_ms: u64,
    /// TYK_UNLISTED, TYK_NO_BUCKETS, TYK_NO_QUANTILES.
    pub flags: u32,
    /// Of a histogram: TYK_STORE_DEFAULT, _HDR or _COMPACT.
    pub store: u32,
    /// Of a histogram: the classic bounds, rising; NULL for the default.
    pub buckets: *const f64,
    /// How many there are.
    pub bucket_count: usize,
    /// Of a histogram: TYK_NATIVE_DEFAULT, _NONE or _SCHEMA.
    pub native: u32,
    /// The finest native schema, -4 to 3.
    pub native_schema: i32,
    /// Of a histogram or a summary: the smallest value that is told apart; both 0 for the default.
    pub range_min: f64,
    /// The largest value that is told apart.
    pub range_max: f64,
    /// Of a summary: its quantiles, each from 0 to 1; NULL for 0.5, 0.9, 0.95 and 0.99.
    pub quantiles: *const f64,
    /// How many there are.
    pub quantile_count: usize,
    /// Of a summary: the quantiles are of the last so long; 0 for all time.
    pub window_ms: u64,
    /// Of a state set: its states.
    pub states: *const *const c_char,
    /// How many there are.
    pub state_count: usize,
}

fn unknown(what: &str, value: u32) -> Error {
    Error::new(ErrorCode::InvalidOption, format!("options->{what} is {value}, which is not known; see the header"))
}

/// The registry of its options, if there are any.
///
/// # Safety
/// The rules of the header.
pub(crate) unsafe fn registry(options: *const tyk_registry_options) -> Result<Registry> {
    let mut builder = Registry::options();
    if !options.is_null() {
        // SAFETY: passed on to the caller.
        let options = unsafe { handle::sized(options, "options") }?;
        builder = match options.names {
            TYK_NAMES_UTF8 => builder.names(NameRule::Utf8),
            TYK_NAMES_LEGACY => builder.names(NameRule::Legacy),
            other => return Err(unknown("names", other)),
        };
        if options.series_limit > 0 {
            builder = builder.series_limit(options.series_limit);
        }
        // SAFETY: passed on to the caller.
        let const_labels = unsafe { text::labels(options.const_labels, options.const_label_count) }?;
        let rule = if options.names == TYK_NAMES_LEGACY { NameRule::Legacy } else { NameRule::Utf8 };
        rule.check(&Meta { name: "registry".into(), const_labels: const_labels.clone(), ..Meta::default() })?;
        for (name, value) in const_labels {
            builder = builder.const_label(name, value);
        }
    }
    Ok(builder.build())
}

/// The options of a metric, read.
pub(crate) struct Options {
    pub(crate) namespace: String,
    pub(crate) subsystem: String,
    pub(crate) name: String,
    pub(crate) help: String,
    pub(crate) unit: String,
    pub(crate) label_names: Vec<String>,
    pub(crate) const_labels: Vec<(String, String)>,
    pub(crate) buckets: Option<Vec<f64>>,
    quantiles: Option<Vec<f64>>,
    states: Vec<String>,
    raw: tyk_options,
}

impl Options {
    /// Reads what C gives.
    ///
    /// # Safety
    /// The rules of the header.
    pub(crate) unsafe fn read(options: *const tyk_options) -> Result<Options> {
        // SAFETY: passed on to the caller, as below.
        let raw = unsafe { handle::sized(options, "options") }?;
        let text = |text: *const c_char, name: &str| -> Result<String> {
            // SAFETY: as above.
            Ok(unsafe { handle::optional_text(text, name) }?.unwrap_or_default().to_owned())
        };
        let texts = |first: *const *const c_char, count: usize, name: &str| {
            // SAFETY: as above.
            unsafe { handle::list(first, count, name) }?
                .iter()
                // SAFETY: as above.
                .map(|text| Ok(unsafe { handle::text(*text, name) }?.to_owned()))
                .collect::<Result<Vec<String>>>()
        };
        let numbers = |first: *const f64, count: usize, none: bool, name: &str| -> Result<Option<Vec<f64>>> {
            match (none, first.is_null()) {
                (true, _) => Ok(Some(Vec::new())),
                (false, true) if count == 0 => Ok(None),
                // SAFETY: as above.
                (false, _) => Ok(Some(unsafe { handle::list(first, count, name) }?.to_vec())),
            }
        };
        Ok(Options {
            namespace: text(raw.namespace_, "options->namespace_")?,
            subsystem: text(raw.subsystem, "options->subsystem")?,
            name: text(raw.name, "options->name")?,
            help: text(raw.help, "options->help")?,
            unit: text(raw.unit, "options->unit")?,
            label_names: texts(raw.label_names, raw.label_count, "options->label_names")?,
            // SAFETY: as above.
            const_labels: unsafe { text::labels(raw.const_labels, raw.const_label_count) }?,
            buckets: numbers(raw.buckets, raw.bucket_count, raw.flags & TYK_NO_BUCKETS != 0, "options->buckets")?,
            quantiles: numbers(
                raw.quantiles,
                raw.quantile_count,
                raw.flags & TYK_NO_QUANTILES != 0,
                "options->quantiles",
            )?,
            states: texts(raw.states, raw.state_count, "options->states")?,
            raw,
        })
    }

    /// The same, if they are of a metric without labels.
    pub(crate) fn without_labels(self) -> Result<Options> {
        if self.label_names.is_empty() && self.raw.flags & TYK_UNLISTED == 0 {
            return Ok(self);
        }
        let message = format!("metric {:?} has labels or is unlisted: make a family with tyk_family_new", self.name);
        Err(Error::new(ErrorCode::InvalidOption, message))
    }

    fn common<M: Metric>(&self, builder: Builder<M>) -> Result<Builder<M, VecOf>> {
        let known = TYK_UNLISTED | TYK_NO_BUCKETS | TYK_NO_QUANTILES;
        if self.raw.flags & !known != 0 {
            return Err(unknown("flags", self.raw.flags));
        }
        let mut builder = builder
            .namespace(&self.namespace)
            .subsystem(&self.subsystem)
            .unit(&self.unit)
            .label_names(self.label_names.iter().cloned());
        for (name, value) in &self.const_labels {
            builder = builder.const_label(name, value);
        }
        if self.raw.limit > 0 {
            builder = builder.limit(self.raw.limit);
        }
        if self.raw.private_series > 0 {
            builder = builder.private_series(self.raw.private_series);
        }
        if self.raw.expire_after_ms > 0 {
            builder = builder.expire_after(Duration::from_millis(self.raw.expire_after_ms));
        }
        Ok(if self.raw.flags & TYK_UNLISTED != 0 { builder.unlisted() } else { builder })
    }

    fn range(&self) -> Option<(f64, f64)> {
        let (min, max) = (self.raw.range_min, self.raw.range_max);
        (min != 0.0 || max != 0.0).then_some((min, max))
    }

    pub(crate) fn counter(&self, registry: &Registry) -> Result<FamilyVec<Counter>> {
        self.common(registry.counter(&self.name, &self.help))?.register()
    }

    pub(crate) fn gauge(&self, registry: &Registry) -> Result<FamilyVec<Gauge>> {
        self.common(registry.gauge(&self.name, &self.help))?.register()
    }

    pub(crate) fn up_down(&self, registry: &Registry) -> Result<FamilyVec<UpDown>> {
        self.common(registry.up_down(&self.name, &self.help))?.register()
    }

    pub(crate) fn histogram(&self, registry: &Registry) -> Result<FamilyVec<Histogram>> {
        let mut builder = self.common(registry.histogram(&self.name, &self.help))?;
        if self.raw.flags & TYK_NO_BUCKETS != 0 {
            builder = builder.buckets(engine::Buckets::none());
        } else if let Some(bounds) = &self.buckets {
            builder = builder.buckets(bounds.as_slice());
        }
        builder = match self.raw.store {
            TYK_STORE_DEFAULT => builder,
            TYK_STORE_HDR => builder.store(Store::Hdr),
            TYK_STORE_COMPACT => builder.store(Store::Compact),
            other => return Err(unknown("store", other)),
        };
        builder = match self.raw.native {
            TYK_NATIVE_DEFAULT => builder,
            TYK_NATIVE_NONE => builder.native(None),
            TYK_NATIVE_SCHEMA => builder.native(self.raw.native_schema),
            other => return Err(unknown("native", other)),
        };
        match self.range() {
            Some((min, max)) => builder.range(min, max),
            None => builder,
        }
        .register()
    }

    pub(crate) fn summary(&self, registry: &Registry) -> Result<FamilyVec<Summary>> {
        let mut builder = self.common(registry.summary(&self.name, &self.help))?;
        if let Some(quantiles) = &self.quantiles {
            builder = builder.quantiles(quantiles.as_slice());
        }
        if self.raw.window_ms > 0 {
            builder = builder.window(Duration::from_millis(self.raw.window_ms));
        }
        match self.range() {
            Some((min, max)) => builder.range(min, max),
            None => builder,
        }
        .register()
    }

    pub(crate) fn info(&self, registry: &Registry) -> Result<FamilyVec<Info>> {
        self.common(registry.info(&self.name, &self.help))?.register()
    }

    pub(crate) fn state_set(&self, registry: &Registry) -> Result<FamilyVec<StateSet>> {
        let builder = registry.state_set(&self.name, &self.help, self.states.iter().cloned());
        self.common(builder)?.register()
    }
}
