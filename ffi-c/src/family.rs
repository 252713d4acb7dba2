//! `tyk_family`: a metric with its series, of any kind.

use crate::error::tyk_error;
use crate::options::{Options, tyk_options};
use crate::registry::tyk_registry;
use crate::text::{self, tyk_label, tyk_str};
use crate::{guard, handle};
use engine::snapshot::Kind;
use engine::{
    Counter, Error, ErrorCode, FamilyVec, Gauge, Histogram, Info, Registry, Result, StateSet, Summary, UpDown,
};

/// Not said; only collectors make such families.
pub const TYK_UNKNOWN: u32 = 0;
/// Only goes up.
pub const TYK_COUNTER: u32 = 1;
/// Is set, or moved either way.
pub const TYK_GAUGE: u32 = 2;
/// A gauge that is only moved, by whole steps.
pub const TYK_UP_DOWN: u32 = 3;
/// Counts by bucket, and a sum.
pub const TYK_HISTOGRAM: u32 = 4;
/// Quantiles, a count and a sum.
pub const TYK_SUMMARY: u32 = 5;
/// Text that describes the target.
pub const TYK_INFO: u32 = 6;
/// Which of a fixed set of states hold.
pub const TYK_STATE_SET: u32 = 7;

/// The kind of metric that the engine calls so.
pub(crate) fn kind_number(kind: Kind) -> u32 {
    match kind {
        Kind::Counter => TYK_COUNTER,
        Kind::Gauge => TYK_GAUGE,
        Kind::Histogram => TYK_HISTOGRAM,
        Kind::Summary => TYK_SUMMARY,
        Kind::Info => TYK_INFO,
        Kind::StateSet => TYK_STATE_SET,
        _ => TYK_UNKNOWN,
    }
}

pub(crate) fn unknown_kind(kind: u32) -> Error {
    let message = format!("kind {kind} is not one that can be made here: give one of TYK_COUNTER to TYK_STATE_SET");
    Error::new(ErrorCode::InvalidOption, message)
}

/// A metric with its series.
pub struct tyk_family(Any);

enum Any {
    Counter(FamilyVec<Counter>),
    Gauge(FamilyVec<Gauge>),
    UpDown(FamilyVec<UpDown>),
    Histogram(FamilyVec<Histogram>),
    Summary(FamilyVec<Summary>),
    Info(FamilyVec<Info>),
    StateSet(FamilyVec<StateSet>),
}

/// The same expression on a family of any kind.
macro_rules! of_any {
    ($any:expr, $family:ident => $body:expr) => {
        match &$any {
            Any::Counter($family) => $body,
            Any::Gauge($family) => $body,
            Any::UpDown($family) => $body,
            Any::Histogram($family) => $body,
            Any::Summary($family) => $body,
            Any::Info($family) => $body,
            Any::StateSet($family) => $body,
        }
    };
}

impl tyk_family {
    fn kind(&self) -> &'static str {
        match &self.0 {
            Any::Counter(_) => "counter",
            Any::Gauge(_) => "gauge",
            Any::UpDown(_) => "up_down",
            Any::Histogram(_) => "histogram",
            Any::Summary(_) => "summary",
            Any::Info(_) => "info",
            Any::StateSet(_) => "state_set",
        }
    }

    fn number(&self) -> u32 {
        match &self.0 {
            Any::Counter(_) => TYK_COUNTER,
            Any::Gauge(_) => TYK_GAUGE,
            Any::UpDown(_) => TYK_UP_DOWN,
            Any::Histogram(_) => TYK_HISTOGRAM,
            Any::Summary(_) => TYK_SUMMARY,
            Any::Info(_) => TYK_INFO,
            Any::StateSet(_) => TYK_STATE_SET,
        }
    }

    fn name(&self) -> &str {
        of_any!(self.0, family => family.name())
    }

    fn label_count(&self) -> usize {
        of_any!(self.0, family => family.label_names().len())
    }

    fn other(&self, wanted: &str) -> Error {
        let (name, kind) = (self.name(), self.kind());
        let message = format!("family {name:?} is of kind {kind}, not {wanted}: call the tyk_{kind}_… function");
        Error::new(ErrorCode::Conflict, message)
    }

    pub(crate) fn list_in(&self, registry: &Registry) -> Result<()> {
        of_any!(self.0, family => registry.list(family))
    }

    pub(crate) fn counter(&self) -> Result<&FamilyVec<Counter>> {
        if let Any::Counter(family) = &self.0 { Ok(family) } else { Err(self.other("counter")) }
    }

    pub(crate) fn gauge(&self) -> Result<&FamilyVec<Gauge>> {
        if let Any::Gauge(family) = &self.0 { Ok(family) } else { Err(self.other("gauge")) }
    }

    pub(crate) fn up_down(&self) -> Result<&FamilyVec<UpDown>> {
        if let Any::UpDown(family) = &self.0 { Ok(family) } else { Err(self.other("up_down")) }
    }

    pub(crate) fn histogram(&self) -> Result<&FamilyVec<Histogram>> {
        if let Any::Histogram(family) = &self.0 { Ok(family) } else { Err(self.other("histogram")) }
    }

    pub(crate) fn summary(&self) -> Result<&FamilyVec<Summary>> {
        if let Any::Summary(family) = &self.0 { Ok(family) } else { Err(self.other("summary")) }
    }

    pub(crate) fn info(&self) -> Result<&FamilyVec<Info>> {
        if let Any::Info(family) = &self.0 { Ok(family) } else { Err(self.other("info")) }
    }

    pub(crate) fn state_set(&self) -> Result<&FamilyVec<StateSet>> {
        if let Any::StateSet(family) = &self.0 { Ok(family) } else { Err(self.other("state_set")) }
    }
}

/// A family of this kind (TYK_COUNTER to TYK_STATE_SET), new or the one that was registered the same way before.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_family_new(
    registry: *mut tyk_registry,
    kind: u32,
    options: *const tyk_options,
    out: *mut *mut tyk_family,
) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        let (registry, options, out) =
            unsafe { (handle::given(registry, "registry")?, Options::read(options)?, handle::place(out, "out")?) };
        let registry = &registry.0;
        let any = match kind {
            TYK_COUNTER => Any::Counter(options.counter(registry)?),
            TYK_GAUGE => Any::Gauge(options.gauge(registry)?),
            TYK_UP_DOWN => Any::UpDown(options.up_down(registry)?),
            TYK_HISTOGRAM => Any::Histogram(options.histogram(registry)?),
            TYK_SUMMARY => Any::Summary(options.summary(registry)?),
            TYK_INFO => Any::Info(options.info(registry)?),
            TYK_STATE_SET => Any::StateSet(options.state_set(registry)?),
            other => return Err(unknown_kind(other)),
        };
        out.write(handle::give(tyk_family(any)));
        Ok(())
    })
}

/// Frees a family and writes NULL to `*family`. The metric stays in its registry, and handles go on working.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_family_free(family: *mut *mut tyk_family) {
    // SAFETY: the rules of the header.
    guard::quiet(|| drop(unsafe { handle::take(family) }));
}

/// The full name. Lives as long as the family.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_family_name(family: *const tyk_family, out: *mut tyk_str) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        let (family, out) = unsafe { (handle::given(family, "family")?, handle::place(out, "out")?) };
        out.write(family.name().into());
        Ok(())
    })
}

/// The kind, TYK_COUNTER to TYK_STATE_SET, and how many labels its series have.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_family_kind(
    family: *const tyk_family,
    kind: *mut u32,
    label_count: *mut usize,
) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        let (family, kind, label_count) = unsafe {
            (handle::given(family, "family")?, handle::place(kind, "kind")?, handle::place(label_count, "label_count")?)
        };
        kind.write(family.number());
        label_count.write(family.label_count());
        Ok(())
    })
}

/// How many series there are, the overflow series aside.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_family_len(family: *const tyk_family, out: *mut u64) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        let (family, out) = unsafe { (handle::given(family, "family")?, handle::place(out, "out")?) };
        out.write(of_any!(family.0, family => family.len()) as u64);
        Ok(())
    })
}

/// Removes every series. Handles on them keep working and are no longer rendered.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_family_clear(family: *mut tyk_family) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        let family = unsafe { handle::given(family, "family") }?;
        of_any!(family.0, family => family.clear());
        Ok(())
    })
}

/// Removes the series of these label values. Handles on it keep working and are no longer rendered. `*found` says
/// whether there was one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_family_remove(
    family: *mut tyk_family,
    values: *const tyk_str,
    count: usize,
    found: *mut bool,
) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        let (family, found) = unsafe { (handle::given(family, "family")?, handle::place(found, "found")?) };
        // SAFETY: the rules of the header.
        let removed =
            unsafe { text::with_values(values, count, |values| of_any!(family.0, family => family.remove(values))) }?;
        found.write(removed);
        Ok(())
    })
}

/// Removes the series that carry all of these labels, and tells how many there were.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_family_remove_matching(
    family: *mut tyk_family,
    labels: *const tyk_label,
    count: usize,
    removed: *mut u64,
) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        let (family, labels, removed) = unsafe {
            (handle::given(family, "family")?, text::labels(labels, count)?, handle::place(removed, "removed")?)
        };
        let labels = text::pairs(&labels);
        removed.write(of_any!(family.0, family => family.remove_matching(&labels)) as u64);
        Ok(())
    })
}

/// Whether a double is a whole number that i64 and f64 both hold exactly.
fn is_whole(v: f64) -> bool {
    const EXACT: f64 = 9_007_199_254_740_992.0; // 2^53
    v.abs() <= EXACT && v.trunc() == v
}

/// Looks a series up and records to it; what cannot be done is counted as ignored, without a word that would have to be
/// made.
///
/// # Safety
/// The rules of the header.
unsafe fn look_up_and(
    family: *const tyk_family,
    values: *const tyk_str,
    count: usize,
    record: impl FnOnce(&Any, &[&str]) -> Result<bool>,
) {
    // SAFETY: passed on to the caller.
    let Some(family) = (unsafe { handle::optional(family) }) else { return guard::ignore() };
    if count != family.label_count() || (values.is_null() && count > 0) {
        return guard::ignore();
    }
    // SAFETY: passed on to the caller.
    let done = unsafe { text::with_values(values, count, |values| record(&family.0, values)) };
    if !done.unwrap_or(false) {
        guard::ignore();
    }
}

/// Looks a series of a counter, a gauge or an up_down up and adds to it; an up_down takes whole numbers. Through a cache
/// of the calling thread: for label values that are only known now. Hot.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_family_add(family: *const tyk_family, values: *const tyk_str, count: usize, v: f64) {
    guard::quiet(|| {
        // SAFETY: the rules of the header.
        unsafe {
            look_up_and(family, values, count, |family, values| match family {
                Any::Counter(family) => family.add_f64(values, v).map(|()| true),
                Any::Gauge(family) => family.add(values, v).map(|()| true),
                Any::UpDown(family) if is_whole(v) => family.add(values, v as i64).map(|()| true),
                _ => Ok(false),
            });
        }
    });
}

/// Looks a series of a gauge up and sets it. Hot.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_family_set(family: *const tyk_family, values: *const tyk_str, count: usize, v: f64) {
    guard::quiet(|| {
        // SAFETY: the rules of the header.
        unsafe {
            look_up_and(family, values, count, |family, values| match family {
                Any::Gauge(family) => family.set(values, v).map(|()| true),
                _ => Ok(false),
            });
        }
    });
}

/// Looks a series of a histogram or a summary up and records a value. Hot.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_family_observe(family: *const tyk_family, values: *const tyk_str, count: usize, v: f64) {
    guard::quiet(|| {
        // SAFETY: the rules of the header.
        unsafe {
            look_up_and(family, values, count, |family, values| match family {
                Any::Histogram(family) => family.observe(values, v).map(|()| true),
                Any::Summary(family) => family.observe(values, v).map(|()| true),
                _ => Ok(false),
            });
        }
    });
}
