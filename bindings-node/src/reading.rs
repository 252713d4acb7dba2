//! A family as plain numbers, for `get()` and for tests.

use crate::metric::Metric;
use crate::raw::{Given, floats};
use engine::snapshot::Value;
use napi::bindgen_prelude::{External, JsValue as _, Object};
use napi::{Env, Result};
use napi_derive::napi;

/// What a family holds now: `labels`, an array of label values for each series; `values`, as many doubles for each series as
/// `stride` says; and `overflow`, the place of the overflow series, which has no labels, or -1.
///
/// A counter or a gauge has one double. A histogram has the number of observations up to each bound, then of all, then their
/// sum. A summary has the value of each quantile, then the number of observations, then their sum.
#[napi(catch_unwind)]
pub(crate) fn read(env: Env, metric: &External<Metric>) -> Result<Given> {
    let family = metric.family.series.snapshot();
    let (mut labels, mut values, mut overflow) = (Vec::new(), Vec::new(), -1);
    let mut stride = 0;
    for series in family.series() {
        if series.names() != family.meta.label_names {
            overflow = labels.len() as i32;
        }
        labels.push(series.labels().map(|(_, value)| value.to_owned()).collect::<Vec<_>>());
        let before = values.len();
        match series.value() {
            Value::Histogram(distribution) => {
                values.extend(distribution.cumulative().map(|(_, count)| count as f64));
                values.extend([distribution.count() as f64, distribution.sum()]);
            }
            Value::Summary(summary) => {
                values.extend(summary.values.iter().map(|(_, value)| *value));
                values.extend([summary.count as f64, summary.sum]);
            }
            other => values.push(other.as_f64().unwrap_or(f64::NAN)),
        }
        stride = values.len() - before;
    }
    let mut object = Object::new(&env)?;
    object.set("labels", labels)?;
    object.set("values", Given(floats(&env, values.into_iter())?))?;
    object.set("stride", stride as u32)?;
    object.set("overflow", overflow)?;
    Ok(Given(object.raw()))
}
