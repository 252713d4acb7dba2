//! `inc`, `dec`, `set` and `observe`.

use super::call::{Args, Number, half, hot, none, number};
use super::call::{Call, arguments, borrowed, guarded};
use super::shard::record;
use crate::metric::{Counter, Gauge, Histogram, Summary};
use pyo3::ffi::PyObject;

impl Counter {
    #[inline(always)]
    pub(crate) fn add_whole(series: &engine::Counter, n: u64) {
        record!(|shard| series.add_on(shard, n), series.add(n));
    }

    #[inline(always)]
    pub(crate) fn add_float(series: &engine::Counter, v: f64) {
        record!(|shard| series.add_f64_on(shard, v), series.add_f64(v));
    }
}

impl Histogram {
    #[inline(always)]
    pub(crate) fn observe(series: &engine::Histogram, v: f64) {
        record!(|shard| series.observe_on(shard, v), series.observe(v));
    }
}

impl Summary {
    #[inline(always)]
    pub(crate) fn observe(series: &engine::Summary, v: f64) {
        record!(|shard| series.observe_on(shard, v), series.observe(v));
    }
}

hot!(
    counter_inc,
    Counter,
    |this, args| match (this.inner.series.get(), args) {
        (Some(series), []) => {
            Counter::add_whole(series, 1);
            Some(none())
        }
        // SAFETY: the argument is alive.
        (Some(series), [amount]) => match unsafe { number(*amount) } {
            Number::Whole(n) => {
                Counter::add_whole(series, n);
                Some(none())
            }
            // Not so of a NaN, which is counted as invalid.
            Number::Float(v) if v >= 0.0 || v.is_nan() => {
                Counter::add_float(series, v);
                Some(none())
            }
            _ => None,
        },
        _ => None,
    },
    Counter::inc_slowly
);

/// A method of a gauge with one number: what it does with it, and the number without argument.
macro_rules! hot_gauge {
    ($name:ident, $without:expr, $sets:literal, |$series:ident, $v:ident| $act:expr, $slow:path) => {
        hot!(
            $name,
            Gauge,
            |this, args| {
                let given = match args {
                    [] => $without,
                    // SAFETY: the argument is alive.
                    [value] => match unsafe { number(*value) } {
                        Number::Float(v) => Some(v),
                        Number::Whole(n) => Some(n as f64),
                        Number::Other => None,
                    },
                    _ => None,
                };
                match (this.inner.series.get(), given) {
                    (Some($series), Some($v)) if $sets || !this.inner.only_sets() => {
                        $act;
                        Some(none())
                    }
                    _ => None,
                }
            },
            $slow
        );
    };
}

hot_gauge!(gauge_set, None, true, |series, v| series.set(v), Gauge::set_slowly);
hot_gauge!(gauge_inc, Some(1.0), false, |series, v| series.add(v), Gauge::inc_slowly);
hot_gauge!(gauge_dec, Some(1.0), false, |series, v| series.sub(v), Gauge::dec_slowly);

/// `observe` of a class.
macro_rules! hot_observe {
    ($name:ident, $class:ident) => {
        hot!(
            $name,
            $class,
            |this, args| match (this.inner.series.get(), args) {
                // SAFETY: the argument is alive.
                (Some(series), [value]) => match unsafe { number(*value) } {
                    // Whether an infinity is meant is not decided here.
                    Number::Float(v) if v != f64::INFINITY => {
                        $class::observe(series, v);
                        Some(none())
                    }
                    Number::Whole(n) => {
                        $class::observe(series, n as f64);
                        Some(none())
                    }
                    _ => None,
                },
                _ => None,
            },
            $class::observe_slowly
        );
    };
}

hot_observe!(histogram_observe, Histogram);
hot_observe!(summary_observe, Summary);
