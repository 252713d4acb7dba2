//! Metric-like Python objects as families: anything with `name`, `documentation`, `type`, `unit` and `samples`.
//!
//! Each thing is taken as prometheus_client's exposition takes it: values through `float()`, labels from any mapping, a
//! timestamp as it would be shown. What is of the wrong type raises as it does there: TypeError or ValueError for values,
//! AttributeError for a label value that is no text.

use super::Target;
use engine::samples::{Exemplar, Family, Kind, Labels, NativeHistogram, Number, Sample, Timestamp, Version};
use pyo3::exceptions::{PyAttributeError, PyOverflowError, PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyFloat, PyInt, PyString, PyTuple, PyType};
use std::borrow::Cow;

/// A metric as plain data.
pub(crate) fn family(metric: &Bound<'_, PyAny>, target: Target) -> PyResult<Family<'static>> {
    let py = metric.py();
    let name = metric.getattr(intern!(py, "name"))?;
    let name = name.cast::<PyString>().map_err(|_| {
        PyTypeError::new_err(format!("the metric name {} is not a text: a name is a str", shown(&name)))
    })?;
    let name = name.to_str()?.to_owned();
    let kind = metric.getattr(intern!(py, "type"))?;
    let kind = kind.cast::<PyString>().ok().and_then(|kind| Kind::from_name(kind.to_str().ok()?)).ok_or_else(|| {
        let kinds = "counter, gauge, histogram, summary, gaugehistogram, info, stateset and unknown";
        PyValueError::new_err(format!("Invalid metric type: {} of {name}; there are {kinds}", shown(&kind)))
    })?;
    let help = metric.getattr(intern!(py, "documentation"))?;
    let help = help.cast::<PyString>().map_err(|_| {
        PyAttributeError::new_err(format!("the documentation of {name} is {}: it must be a str", shown(&help)))
    })?;
    let help = help.to_str()?.to_owned();
    let mut unit = String::new();
    if target != Target::Text {
        let given = metric.getattr(intern!(py, "unit"))?;
        if given.is_truthy()? {
            unit = given.str()?.to_str()?.to_owned();
        }
    }
    let mut samples = Vec::new();
    let mut form = Form { tuple: None };
    for sample in metric.getattr(intern!(py, "samples"))?.try_iter()? {
        samples.push(self::sample(&form.fields(sample?)?, &name, target)?);
    }
    Ok(Family { name: Cow::Owned(name), help: Cow::Owned(help), kind, unit: Cow::Owned(unit), samples })
}

/// How what was refused is shown.
fn shown(object: &Bound<'_, PyAny>) -> String {
    object.repr().map_or_else(|_| "(without a repr)".to_owned(), |repr| repr.to_string_lossy().into_owned())
}

/// The fields of a sample, by prometheus_client's names and in their order.
const FIELDS: [&str; 6] = ["name", "labels", "value", "timestamp", "exemplar", "native_histogram"];

/// The type of named tuple that samples are, once one was met: its fields are read by place instead of by name.
struct Form<'py> {
    tuple: Option<Bound<'py, PyType>>,
}

/// A sample whose fields are read one by one.
enum Fields<'py> {
    Tuple(Bound<'py, PyTuple>),
    Object(Bound<'py, PyAny>),
}

impl<'py> Form<'py> {
    fn fields(&mut self, sample: Bound<'py, PyAny>) -> PyResult<Fields<'py>> {
        let kind = sample.get_type();
        if self.tuple.as_ref().is_some_and(|tuple| tuple.is(&kind)) {
            return Ok(Fields::Tuple(sample.cast_into()?));
        }
        let names = kind.getattr_opt(intern!(kind.py(), "_fields"))?;
        let named = names.and_then(|names| names.extract::<Vec<String>>().ok());
        match sample.cast_into::<PyTuple>() {
            Ok(tuple) if named.is_some_and(|named| named == FIELDS) && tuple.len() == FIELDS.len() => {
                self.tuple = Some(kind);
                Ok(Fields::Tuple(tuple))
            }
            Ok(tuple) => Ok(Fields::Object(tuple.into_any())),
            Err(error) => Ok(Fields::Object(error.into_inner())),
        }
    }
}

impl<'py> Fields<'py> {
    fn get(&self, place: usize) -> PyResult<Bound<'py, PyAny>> {
        match self {
            Fields::Tuple(tuple) => tuple.get_item(place),
            Fields::Object(object) => object.getattr(FIELDS[place]),
        }
    }
}

fn sample(fields: &Fields<'_>, family: &str, target: Target) -> PyResult<Sample<'static>> {
    let name = fields.get(0)?;
    let name = name.cast::<PyString>().map_err(|_| {
        PyTypeError::new_err(format!("the name of a sample of {family} is {}: it must be a str", shown(&name)))
    })?;
    let name = name.to_str()?.to_owned();
    let labels = labels(&fields.get(1)?, &name)?;
    let mut converted = Sample { labels, ..Sample::default() };
    let moment = fields.get(3)?;
    match target {
        Target::Text => {
            converted.value = float(&fields.get(2)?)?;
            converted.timestamp = finite(&moment, &name)?;
        }
        Target::OpenMetrics(version) => {
            let native = fields.get(5)?;
            if native.is_truthy()? {
                converted.value = f64::NAN;
                // What is left out is not looked at.
                let native = if version < Version::V2 { NativeHistogram::default() } else { histogram(&native)? };
                converted.native_histogram = Some(Box::new(native));
            } else {
                converted.value = float(&fields.get(2)?)?;
            }
            converted.timestamp = timestamp(&moment)?;
            let exemplar = fields.get(4)?;
            if exemplar.is_truthy()? {
                converted.exemplar = Some(Box::new(self::exemplar(&exemplar, &name)?));
            }
        }
    }
    converted.name = Cow::Owned(name);
    Ok(converted)
}

/// What `float()` makes of an object.
fn float(object: &Bound<'_, PyAny>) -> PyResult<f64> {
    match object.cast_exact::<PyFloat>() {
        Ok(float) => Ok(float.value()),
        Err(_) => object.py().get_type::<PyFloat>().call1((object,))?.extract(),
    }
}

/// Any mapping of texts to texts, or nothing.
fn labels(given: &Bound<'_, PyAny>, sample: &str) -> PyResult<Labels<'static>> {
    let mut labels = Labels::new();
    let mut add = |name: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>| -> PyResult<()> {
        let name = name.cast::<PyString>().map_err(|_| {
            PyTypeError::new_err(format!("the label name {} of {sample} is not a text: it must be a str", shown(name)))
        })?;
        let value = value.cast::<PyString>().map_err(|_| {
            let message = format!("the label {name} of {sample} is {}: a label's value must be a str", shown(value));
            PyAttributeError::new_err(message)
        })?;
        labels.push((Cow::Owned(name.to_str()?.to_owned()), Cow::Owned(value.to_str()?.to_owned())));
        Ok(())
    };
    if let Ok(dict) = given.cast_exact::<PyDict>() {
        dict.iter().try_for_each(|(name, value)| add(&name, &value))?;
    } else if given.is_truthy()? {
        for item in given.call_method0(intern!(given.py(), "items"))?.try_iter()? {
            let (name, value): (Bound<'_, PyAny>, Bound<'_, PyAny>) = item?.extract()?;
            add(&name, &value)?;
        }
    }
    Ok(labels)
}

/// A timestamp as it is shown: an int without a point, prometheus_client's `Timestamp` with nine decimals.
fn timestamp(given: &Bound<'_, PyAny>) -> PyResult<Option<Timestamp>> {
    let py = given.py();
    if given.is_none() {
        return Ok(None);
    }
    if let Ok(seconds) = given.cast::<PyFloat>() {
        return Ok(Some(Timestamp::Seconds(seconds.value())));
    }
    if given.is_instance_of::<PyInt>()
        && let Ok(seconds) = given.extract()
    {
        return Ok(Some(Timestamp::Whole(seconds)));
    }
    if let (Some(seconds), Some(nanos)) =
        (given.getattr_opt(intern!(py, "sec"))?, given.getattr_opt(intern!(py, "nsec"))?)
        && let (Ok(seconds), Ok(nanos)) = (seconds.extract(), nanos.extract())
    {
        return Ok(Some(Timestamp::Nanos { seconds, nanos }));
    }
    float(given).map(Timestamp::Seconds).map(Some)
}

/// A timestamp for the classic text, which has whole milliseconds.
fn finite(given: &Bound<'_, PyAny>, sample: &str) -> PyResult<Option<Timestamp>> {
    if given.is_none() {
        return Ok(None);
    }
    let seconds = float(given)?;
    let refused = || format!("the timestamp of {sample} is {seconds}: it must be finite");
    match seconds {
        seconds if seconds.is_nan() => Err(PyValueError::new_err(refused())),
        seconds if seconds.is_infinite() => Err(PyOverflowError::new_err(refused())),
        seconds => Ok(Some(Timestamp::Seconds(seconds))),
    }
}

fn exemplar(given: &Bound<'_, PyAny>, sample: &str) -> PyResult<Exemplar<'static>> {
    let py = given.py();
    Ok(Exemplar {
        labels: labels(&given.getattr(intern!(py, "labels"))?, sample)?,
        value: float(&given.getattr(intern!(py, "value"))?)?,
        timestamp: timestamp(&given.getattr(intern!(py, "timestamp"))?)?,
    })
}

fn number(given: &Bound<'_, PyAny>) -> PyResult<Number> {
    if given.is_instance_of::<PyInt>()
        && let Ok(number) = given.extract()
    {
        return Ok(Number::Whole(number));
    }
    float(given).map(Number::Float)
}

/// The items of a sequence, or nothing in the place of one.
fn items<'py, T>(
    given: &Bound<'py, PyAny>,
    convert: impl Fn(&Bound<'py, PyAny>) -> PyResult<T>,
) -> PyResult<Option<Vec<T>>> {
    if !given.is_truthy()? {
        return Ok(None);
    }
    given.try_iter()?.map(|item| convert(&item?)).collect::<PyResult<Vec<T>>>().map(Some)
}

fn histogram(given: &Bound<'_, PyAny>) -> PyResult<NativeHistogram<'static>> {
    let field = |name: &str| given.getattr(name);
    let span = |span: &Bound<'_, PyAny>| Ok((span.get_item(0)?.extract()?, span.get_item(1)?.extract()?));
    let exemplars = items(&field("nh_exemplars")?, |given| exemplar(given, "a native histogram"))?;
    Ok(NativeHistogram {
        count: number(&field("count_value")?)?,
        sum: number(&field("sum_value")?)?,
        schema: field("schema")?.extract()?,
        zero_threshold: number(&field("zero_threshold")?)?,
        zero_count: number(&field("zero_count")?)?,
        positive_spans: items(&field("pos_spans")?, span)?,
        negative_spans: items(&field("neg_spans")?, span)?,
        positive_deltas: items(&field("pos_deltas")?, number)?,
        negative_deltas: items(&field("neg_deltas")?, number)?,
        exemplars: exemplars.unwrap_or_default(),
    })
}
