//! The native halves of the metric classes: what `tykmetrics.metrics` subclasses.
//!
//! An object is a family with labels (a parent), one of its series (a child), or both at once where there are no labels.
//! Constructors, registration and everything that is pleasant to write in Python is there; here is what touches the
//! engine. The methods that are called per event are in `hot`, and come back here for what is not plain.

use crate::clock;
use crate::error::OrRaise;
use crate::function::{self, Function, Functions};
use crate::hot::{Call, Memory};
use crate::labels::{Contents, texts};
use crate::raised::{self, Raises};
use crate::registry::Registry;
use engine::{FamilyVec, Metric};
use pyo3::exceptions::{PyRuntimeError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::pyclass::boolean_struct::True;
use pyo3::types::{PyDict, PyInt, PyString, PyTuple, PyType, PyWeakrefMethods, PyWeakrefReference};
use pyo3::{PyClass, PyTraverseError, PyVisit};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};

/// A family as the objects that stand for it share it.
pub(crate) struct Definition<M> {
    pub(crate) name: String,
    pub(crate) documentation: String,
    pub(crate) unit: String,
    pub(crate) label_names: Vec<String>,
    /// Whether an infinity that is observed is meant, as prometheus_client takes it, or a mistake.
    pub(crate) takes_infinity: bool,
    /// Whether a gauge may be set and not moved.
    pub(crate) only_sets: bool,
    /// Whether series that nobody holds expire.
    pub(crate) expires: bool,
    /// The bounds that were asked for.
    pub(crate) bounds: Vec<f64>,
    pub(crate) states: Vec<String>,
    pub(crate) family: FamilyVec<M>,
}

/// A family that tells what it holds, whatever its kind.
pub(crate) trait Teller: Send + Sync {
    fn tell(&self) -> Vec<engine::snapshot::Family>;
}

impl<M: Metric> Teller for Definition<M> {
    fn tell(&self) -> Vec<engine::snapshot::Family> {
        vec![self.family.snapshot()]
    }
}

/// The family of an object that is one of ours, with all of its series.
pub(crate) fn teller(object: &Bound<'_, PyAny>) -> Option<Arc<dyn Teller>> {
    fn of<C: Kind>(object: &Bound<'_, PyAny>) -> Option<Arc<dyn Teller>> {
        let definition = object.cast::<C>().ok()?.get().inner().definition.get()?;
        Some(Arc::clone(definition) as Arc<dyn Teller>)
    }
    of::<Counter>(object)
        .or_else(|| of::<Gauge>(object))
        .or_else(|| of::<Histogram>(object))
        .or_else(|| of::<Summary>(object))
        .or_else(|| of::<Info>(object))
        .or_else(|| of::<Enum>(object))
        .or_else(|| crate::requests::teller(object))
}

/// What an object of any kind holds. Everything is set once.
pub(crate) struct Inner<M> {
    /// What it records to, unless it is a parent.
    pub(crate) series: OnceLock<M>,
    pub(crate) definition: OnceLock<Arc<Definition<M>>>,
    /// The children of a parent that were given out.
    pub(crate) children: OnceLock<Box<Children>>,
    /// The functions that a gauge and its children are read from.
    pub(crate) functions: OnceLock<Box<Functions>>,
    /// What a gauge is a child of, weakly.
    parent: OnceLock<Py<PyWeakrefReference>>,
    /// A gauge that may be set and not moved.
    only_sets: AtomicBool,
}

/// The children that were given out, by identity and by text.
#[derive(Default)]
pub(crate) struct Children {
    pub(crate) memory: Memory,
    pub(crate) contents: Contents,
}

impl<M> Default for Inner<M> {
    fn default() -> Self {
        Inner {
            series: OnceLock::new(),
            definition: OnceLock::new(),
            children: OnceLock::new(),
            functions: OnceLock::new(),
            parent: OnceLock::new(),
            only_sets: AtomicBool::new(false),
        }
    }
}

impl<M> Inner<M> {
    /// Whether a gauge may be set and not moved.
    #[inline(always)]
    pub(crate) fn only_sets(&self) -> bool {
        // Relaxed: written before the object is given out.
        self.only_sets.load(Relaxed)
    }

    fn functions(&self) -> &Functions {
        self.functions.get_or_init(Default::default)
    }

    /// Lets go of the functions of series that were removed.
    fn remove_functions(&self, is_removed: impl Fn(&[String]) -> bool) {
        if let Some(functions) = self.functions.get() {
            functions.remove(is_removed);
        }
    }

    /// The family, which the constructor makes.
    pub(crate) fn definition(&self) -> PyResult<&Arc<Definition<M>>> {
        self.definition.get().ok_or_else(|| PyRuntimeError::new_err("the metric was not constructed: call __init__"))
    }
}

/// A class of metrics.
pub(crate) trait Kind: PyClass<Frozen = True> + Sync {
    type Series: Metric;
    /// Its word in the exposition formats.
    const TYPE: &'static str;
    /// Whether it can be read from a function.
    const HAS_FUNCTIONS: bool = false;

    fn inner(&self) -> &Inner<Self::Series>;

    /// Makes a new series what its class wants it to be.
    fn begin(_series: &Self::Series, _definition: &Definition<Self::Series>) -> PyResult<()> {
        Ok(())
    }

    /// The series to record to.
    fn series(&self) -> PyResult<&Self::Series> {
        let inner = self.inner();
        if let Some(series) = inner.series.get() {
            return Ok(series);
        }
        let definition = inner.definition()?;
        let (name, labels) = (&definition.name, definition.label_names.join(", "));
        Err(PyValueError::new_err(format!(
            "{} metric is missing label values: {name:?} has the labels ({labels}); call labels() with a value for each",
            Self::TYPE
        )))
    }

    /// The series of these label values. One that is new begins by Python's clock.
    fn bind(py: Python<'_>, definition: &Definition<Self::Series>, labels: &[&str]) -> PyResult<Self::Series> {
        let known = definition.family.get(labels).or_raise()?;
        if let Some(series) = known {
            return Ok(series);
        }
        let now = clock::patched_now_ms(py)?;
        let series = definition.family.with(labels).or_raise()?;
        if let Some(now) = now {
            series.began(now);
        }
        Self::begin(&series, definition)?;
        Ok(series)
    }

    /// The child for these label values: the one that was given out before, or a new one.
    fn labels_slowly(this: &Bound<'_, Self>, call: &Call<'_>) -> PyResult<Py<PyAny>> {
        let py = this.py();
        let inner = this.get().inner();
        let definition = inner.definition()?;
        if let Some(series) = inner.series.get().filter(|_| !definition.label_names.is_empty()) {
            let (name, labels) = (&definition.name, definition.label_names.join(", "));
            let values = series.label_values().join(", ");
            return Err(PyValueError::new_err(format!(
                "{} {name:?} already has labels set, ({labels}) = ({values}); labels() is called once, on the metric itself",
                Self::TYPE
            )));
        }
        let texts = texts(Self::TYPE, &definition.name, &definition.label_names, call)?;
        let borrowed = texts.iter().map(|text| text.to_str()).collect::<PyResult<Vec<&str>>>()?;
        let children = inner.children.get_or_init(Default::default);
        if let Some(child) = children.contents.find(&borrowed, |child| child.clone_ref(py)) {
            return Ok(child);
        }
        let series = Self::bind(py, definition, &borrowed)?;
        // As the interpreter makes an instance, whatever subclass it is of; its own constructor is for families.
        let class: Bound<'_, PyType> = this.as_any().get_type();
        let child = class.call_method1("__new__", (&class,))?;
        let half = child.cast::<Self>()?.get().inner();
        // Relaxed: as where it is read.
        half.only_sets.store(definition.only_sets, Relaxed);
        if half.definition.set(Arc::clone(definition)).is_err() || half.series.set(series).is_err() {
            return Err(PyRuntimeError::new_err(format!("{class}.__new__ gave an object that was used before")));
        }
        if Self::HAS_FUNCTIONS {
            let _ = half.parent.set(PyWeakrefReference::new(this.as_any())?.unbind());
        }
        // What a subclass's constructor left on the parent is there on the child too.
        if let Ok(own) = this.as_any().getattr("__dict__").and_then(|own| Ok(own.cast_into::<PyDict>()?))
            && !own.is_empty()
        {
            child.getattr("__dict__")?.cast::<PyDict>()?.update(own.as_mapping())?;
        }
        let child = child.unbind();
        children.contents.keep(&borrowed, child.clone_ref(py));
        Ok(child)
    }

    /// Forgets the children that were given out, since series were removed or may expire.
    fn forget(&self) {
        if let Some(children) = self.inner().children.get() {
            children.memory.clear();
            children.contents.clear();
        }
    }

    fn removed(&self, values: &Bound<'_, PyTuple>) -> PyResult<bool> {
        let definition = self.inner().definition()?;
        let call = Call { positional: values.len(), values: values.iter().collect(), names: Vec::new() };
        let texts = texts(Self::TYPE, &definition.name, &definition.label_names, &call)?;
        let borrowed = texts.iter().map(|text| text.to_str()).collect::<PyResult<Vec<&str>>>()?;
        let removed = definition.family.remove(&borrowed).or_raise()?;
        self.forget();
        self.inner().remove_functions(|labels| labels.iter().eq(&borrowed));
        Ok(removed)
    }
}

/// The label of the series that takes what is beyond a family's limit.
const OVERFLOW: (&str, &str) = ("otel_metric_overflow", "true");

/// A number as Python's arithmetic has it.
fn real(value: &Bound<'_, PyAny>) -> PyResult<f64> {
    value.extract::<f64>()
}

/// An exemplar's labels.
fn exemplar_labels(labels: &Bound<'_, PyAny>) -> PyResult<Vec<(String, String)>> {
    let pairs = labels.call_method0("items")?.try_iter()?;
    let text = |text: Bound<'_, PyString>| text.to_string_lossy().into_owned();
    pairs.map(|pair| pair?.extract().map(|(name, value)| (text(name), text(value)))).collect()
}

fn pairs(labels: &[(String, String)]) -> Vec<(&str, &str)> {
    labels.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

/// The labels of an exemplar that was given, if it says anything, checked by the rules that Python has switched on.
fn exemplar(given: Option<&Bound<'_, PyAny>>) -> PyResult<Option<Vec<(String, String)>>> {
    match given {
        Some(labels) if labels.is_truthy()? => {
            let validation = labels.py().import("tykmetrics.prometheus_client.validation")?;
            validation.call_method1("_validate_exemplar", (labels,))?;
            exemplar_labels(labels).map(Some)
        }
        _ => Ok(None),
    }
}

impl Counter {
    pub(crate) fn inc_slowly(this: &Bound<'_, Self>, call: &Call<'_>) -> PyResult<Py<PyAny>> {
        let py = this.py();
        let [amount, given] = call.bind("inc", ["amount", "exemplar"], 0)?;
        let series = this.get().series()?;
        let whole = amount.map_or(Some(1), |amount| amount.cast_exact::<PyInt>().ok()?.extract::<u64>().ok());
        let amount = amount.map_or(Ok(1.0), real)?;
        if amount < 0.0 {
            let name = &this.get().inner.definition()?.name;
            return Err(PyValueError::new_err(format!(
                "Counters can only be incremented by non-negative amounts: counter {name:?} was given {amount}"
            )));
        }
        match whole {
            Some(n) => Counter::add_whole(series, n),
            None => Counter::add_float(series, amount),
        }
        // An exemplar that is refused does not cost the record.
        if let Some(labels) = exemplar(given)? {
            series.exemplar(amount, &pairs(&labels), clock::now_ms(py)?).or_raise()?;
        }
        Ok(py.None())
    }
}

impl Gauge {
    pub(crate) fn set_slowly(this: &Bound<'_, Self>, call: &Call<'_>) -> PyResult<Py<PyAny>> {
        let py = this.py();
        let [value] = call.bind("set", ["value"], 1)?;
        let series = this.get().series()?;
        if let Some(value) = value {
            // As `float` does, so that "1.5" is a number.
            let value = py.import("builtins")?.call_method1("float", (value,))?;
            series.set(value.extract()?);
        }
        Ok(py.None())
    }

    fn may_move(&self, method: &str) -> PyResult<()> {
        match self.inner.only_sets() {
            false => Ok(()),
            true => Err(PyRuntimeError::new_err(format!(
                "{method} must not be used with the mostrecent mode: gauge {:?} shows what was set last; call set()",
                self.inner.definition()?.name
            ))),
        }
    }

    pub(crate) fn inc_slowly(this: &Bound<'_, Self>, call: &Call<'_>) -> PyResult<Py<PyAny>> {
        let [amount] = call.bind("inc", ["amount"], 0)?;
        this.get().may_move("inc")?;
        this.get().series()?.add(amount.map_or(Ok(1.0), real)?);
        Ok(this.py().None())
    }

    pub(crate) fn dec_slowly(this: &Bound<'_, Self>, call: &Call<'_>) -> PyResult<Py<PyAny>> {
        let [amount] = call.bind("dec", ["amount"], 0)?;
        this.get().may_move("dec")?;
        this.get().series()?.sub(amount.map_or(Ok(1.0), real)?);
        Ok(this.py().None())
    }
}

impl Histogram {
    pub(crate) fn observe_slowly(this: &Bound<'_, Self>, call: &Call<'_>) -> PyResult<Py<PyAny>> {
        let py = this.py();
        let [amount, given] = call.bind("observe", ["amount", "exemplar"], 1)?;
        let series = this.get().series()?;
        let Some(amount) = amount.map(real).transpose()? else { return Ok(py.None()) };
        match amount == f64::INFINITY && this.get().inner.definition()?.takes_infinity {
            true => series.observe_infinity(),
            false => Histogram::observe(series, amount),
        }
        // As of a counter.
        if let Some(labels) = exemplar(given)? {
            series.exemplar(amount, &pairs(&labels), clock::now_ms(py)?).or_raise()?;
        }
        Ok(py.None())
    }
}

impl Summary {
    pub(crate) fn observe_slowly(this: &Bound<'_, Self>, call: &Call<'_>) -> PyResult<Py<PyAny>> {
        let [amount] = call.bind("observe", ["amount"], 1)?;
        let series = this.get().series()?;
        if let Some(amount) = amount.map(real).transpose()? {
            match amount == f64::INFINITY && this.get().inner.definition()?.takes_infinity {
                true => series.observe_infinity(),
                false => Summary::observe(series, amount),
            }
        }
        Ok(this.py().None())
    }
}

/// What a constructor asks for, beside what its kind has of its own.
#[derive(FromPyObject)]
pub(crate) struct Asked {
    #[pyo3(item)]
    name: String,
    #[pyo3(item)]
    documentation: String,
    #[pyo3(item)]
    label_names: Vec<String>,
    #[pyo3(item)]
    unit: String,
    /// Series it has at most; the engine's own limit without it.
    #[pyo3(item)]
    limit: Option<u32>,
    #[pyo3(item)]
    expire_after: Option<f64>,
    #[pyo3(item)]
    const_labels: Vec<(String, String)>,
    /// A histogram's; none of them for one without bounds.
    #[pyo3(item)]
    buckets: Option<Vec<f64>>,
    #[pyo3(item)]
    range: Option<(f64, f64)>,
    /// The finest native schema, or none, if that was said.
    #[pyo3(item)]
    native: Vec<Option<i32>>,
    #[pyo3(item)]
    store: Option<String>,
    #[pyo3(item)]
    quantiles: Option<Vec<f64>>,
    #[pyo3(item)]
    window: Option<f64>,
    #[pyo3(item)]
    states: Option<Vec<String>>,
    #[pyo3(item)]
    takes_infinity: bool,
    #[pyo3(item)]
    only_sets: bool,
}

impl Asked {
    /// What the package's own constructors say. An option of another type is the user's, and is named.
    fn of(kind: &str, given: &Bound<'_, PyAny>) -> PyResult<Asked> {
        given.extract().map_err(|error: PyErr| {
            let py = given.py();
            let said = error.value(py).to_string();
            let option = said.rsplit_once("Asked.").map_or(said.as_str(), |(_, field)| field);
            let why = error.cause(py).map_or_else(String::new, |cause| format!(": {}", cause.value(py)));
            let name = given.get_item("name").map_or_else(|_| "?".to_owned(), |name| name.to_string());
            PyTypeError::new_err(format!("{kind} {name:?}: {option} has the wrong type{why}"))
        })
    }

    fn seconds(what: &str, seconds: f64) -> PyResult<std::time::Duration> {
        std::time::Duration::try_from_secs_f64(seconds)
            .map_err(|_| PyValueError::new_err(format!("{what} is a number of seconds from 0 on, not {seconds}")))
    }
}

/// Builds a family as it was asked for.
macro_rules! build {
    ($builder:expr, $asked:expr) => {{
        let mut builder = $builder.unit(&*$asked.unit).unlisted();
        if let Some(limit) = $asked.limit {
            builder = builder.limit(limit);
        }
        for (name, value) in &$asked.const_labels {
            builder = builder.const_label(name, value);
        }
        if let Some(idle) = $asked.expire_after {
            builder = builder.expire_after(Asked::seconds("expire_after", idle)?);
        }
        builder.label_names(&$asked.label_names)
    }};
}

/// A class of metrics with everything that all of them have.
macro_rules! metric_class {
    (
        $(#[$doc:meta])* $class:ident, $series:ty, $type:literal,
        |$registry:ident, $asked:ident| $build:expr,
        { $($methods:tt)* } { $($kind:tt)* }
    ) => {
        $(#[$doc])*
        #[pyclass(frozen, subclass, weakref, module = "tykmetrics._native")]
        #[derive(Default)]
        pub(crate) struct $class {
            pub(crate) inner: Inner<$series>,
        }

        impl Kind for $class {
            type Series = $series;
            const TYPE: &'static str = $type;

            fn inner(&self) -> &Inner<$series> {
                &self.inner
            }

            $($kind)*
        }

        #[pymethods]
        impl $class {
            #[new]
            #[pyo3(signature = (*_args, **_kwargs))]
            fn new(_args: &Bound<'_, PyTuple>, _kwargs: Option<&Bound<'_, PyDict>>) -> Self {
                Self::default()
            }

            /// Make the family. Called once, by the constructor.
            fn _make(&self, py: Python<'_>, maker: &Registry, asked: &Bound<'_, PyAny>) -> PyResult<()> {
                let $asked = Asked::of(Self::TYPE, asked)?;
                let $registry = &maker.registry;
                let family = $build.register().or_raise()?;
                let definition = Definition {
                    name: $asked.name,
                    documentation: $asked.documentation,
                    unit: $asked.unit,
                    label_names: $asked.label_names,
                    takes_infinity: $asked.takes_infinity,
                    only_sets: $asked.only_sets,
                    expires: $asked.expire_after.is_some(),
                    bounds: $asked.buckets.unwrap_or_default(),
                    states: $asked.states.unwrap_or_default(),
                    family,
                };
                // Relaxed: as where it is read.
                self.inner.only_sets.store(definition.only_sets, Relaxed);
                if definition.label_names.is_empty() {
                    let series = Self::bind(py, &definition, &[])?;
                    let _ = self.inner.series.set(series);
                }
                let again = |_| PyRuntimeError::new_err("the metric is there already: __init__ is called once");
                self.inner.definition.set(Arc::new(definition)).map_err(again)
            }

            /// List the family in a registry.
            fn _list(slf: &Bound<'_, Self>, registry: &Registry) -> PyResult<()> {
                let definition = slf.get().inner.definition()?;
                registry.registry.list(&definition.family).or_raise()?;
                match definition.expires {
                    true => registry.expiring.add(slf.as_any()),
                    false => Ok(()),
                }
            }

            /// Forget the children that were given out, so that only those that somebody else holds keep their series.
            fn _forget(&self) {
                self.forget();
            }

            /// Remove the series of these label values. False if there is none.
            #[pyo3(signature = (*values))]
            fn _remove(&self, values: &Bound<'_, PyTuple>) -> PyResult<bool> {
                self.removed(values)
            }

            /// Remove the series that carry all of these labels, and return how many there were.
            fn _remove_matching(&self, labels: Vec<(String, String)>) -> PyResult<usize> {
                let definition = self.inner.definition()?;
                let removed = definition.family.remove_matching(&pairs(&labels));
                self.forget();
                let names = &definition.label_names;
                self.inner.remove_functions(|values| {
                    labels.iter().all(|(name, value)| {
                        names.iter().zip(values).any(|(known, given)| known == name && given == value)
                    })
                });
                Ok(removed)
            }

            /// Remove every series.
            fn _clear(&self) -> PyResult<()> {
                self.inner.definition()?.family.clear();
                self.forget();
                self.inner.remove_functions(|_| true);
                Ok(())
            }

            /// Return the family as `(name, documentation, type, unit, samples)`; of a child, its own samples without the
            /// labels it was given. With `created`, the samples that say when a series began are among them.
            fn _tell<'py>(&self, py: Python<'py>, created: bool) -> PyResult<Bound<'py, PyAny>> {
                let definition = self.inner.definition()?;
                let family = raised::scrape(py, Raises::Everything, || definition.family.snapshot())?;
                let mut told = engine::samples::of(&family, created);
                if let Some(series) = self.inner.series.get() {
                    let values = series.label_values();
                    let own: Vec<(&str, &str)> = match values.is_empty() && !definition.label_names.is_empty() {
                        true => vec![OVERFLOW],
                        false => definition.label_names.iter().zip(&values).map(|(n, v)| (&**n, &**v)).collect(),
                    };
                    told.samples.retain(|sample| {
                        sample.labels.iter().take(own.len()).map(|(n, v)| (&**n, &**v)).eq(own.iter().copied())
                    });
                    told.samples.iter_mut().for_each(|sample| drop(sample.labels.drain(..own.len())));
                }
                crate::samples::list(py, &[told])?.get_item(0)
            }

            /// The label values of every series there is.
            fn _children(&self, py: Python<'_>) -> PyResult<Vec<Vec<String>>> {
                let definition = self.inner.definition()?;
                let family = py.detach(|| definition.family.snapshot());
                let values = |series: engine::snapshot::Series<'_>| {
                    series.labels().take(definition.label_names.len()).map(|(_, value)| value.to_owned()).collect()
                };
                Ok(family.series().filter(|series| series.names() == definition.label_names).map(values).collect())
            }

            #[getter]
            fn _labelnames<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
                PyTuple::new(py, &self.inner.definition()?.label_names)
            }

            /// Whether it is a series: a metric without labels, or what `labels()` gave.
            fn _is_observable(&self) -> bool {
                self.inner.series.get().is_some()
            }

            #[getter]
            fn _labelvalues<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
                PyTuple::new(py, self.inner.series.get().map(Metric::label_values).unwrap_or_default())
            }

            #[getter]
            fn _documentation(&self) -> PyResult<&str> {
                Ok(&self.inner.definition()?.documentation)
            }

            #[getter]
            fn _unit(&self) -> PyResult<&str> {
                Ok(&self.inner.definition()?.unit)
            }

            /// The name of the family in the engine.
            #[getter]
            fn _full_name(&self) -> PyResult<&str> {
                Ok(&self.inner.definition()?.name)
            }

            fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
                if let Some(children) = self.inner.children.get() {
                    children.memory.traverse(&visit)?;
                    children.contents.traverse(&visit)?;
                }
                self.inner.functions.get().map_or(Ok(()), |functions| functions.traverse(&visit))
            }

            fn __clear__(&self) {
                self.forget();
                self.inner.remove_functions(|_| true);
            }

            $($methods)*
        }
    };
}

metric_class! {
    /// A counter's native half.
    Counter, engine::Counter, "counter",
    |registry, asked| build!(registry.counter(&*asked.name, &*asked.documentation), asked),
    {
        /// Return the value now.
        fn _get(&self) -> PyResult<f64> {
            Ok(self.series()?.value())
        }

        /// Begin again at zero.
        fn _reset(&self, py: Python<'_>) -> PyResult<()> {
            let series = self.series()?;
            let now = clock::patched_now_ms(py)?;
            series.reset();
            if let Some(now) = now {
                series.began(now);
            }
            Ok(())
        }
    } {}
}

metric_class! {
    /// A gauge's native half.
    Gauge, engine::Gauge, "gauge",
    |registry, asked| build!(registry.gauge(&*asked.name, &*asked.documentation), asked),
    {
        /// Return the value now.
        fn _get(&self) -> PyResult<f64> {
            Ok(self.series()?.value())
        }

        /// Set the gauge to a value if that is more.
        fn set_max(&self, value: f64) -> PyResult<()> {
            self.series()?.set_max(value);
            Ok(())
        }

        /// Set the gauge to a value if that is less.
        fn set_min(&self, value: f64) -> PyResult<()> {
            self.series()?.set_min(value);
            Ok(())
        }

        /// Read the gauge from a function at every scrape.
        fn _set_function(slf: &Bound<'_, Self>, function: Py<PyAny>) -> PyResult<()> {
            let (py, gauge) = (slf.py(), slf.get());
            let series = gauge.series()?;
            let function = Function::new(py, function)?;
            let weak = PyWeakrefReference::new(function.as_any())?.unbind();
            let labels = series.label_values();
            if let Some(parent) = gauge.inner.parent.get().and_then(|parent| parent.bind(py).upgrade()) {
                parent.cast::<Self>()?.get().inner.functions().keep(labels.clone(), function.clone().unbind());
            }
            gauge.inner.functions().keep(labels, function.unbind());
            series.callback(move || function::ask(&weak));
            Ok(())
        }
    } {
        const HAS_FUNCTIONS: bool = true;
    }
}

metric_class! {
    /// A histogram's native half.
    Histogram, engine::Histogram, "histogram",
    |registry, asked| {
        let mut builder = build!(registry.histogram(&*asked.name, &*asked.documentation), asked);
        builder = match asked.buckets.as_deref() {
            None => builder,
            Some([]) => builder.buckets(engine::Buckets::none()),
            Some(bounds) => builder.buckets(engine::Buckets::explicit(bounds)),
        };
        if let Some((smallest, largest)) = asked.range {
            builder = builder.range(smallest, largest);
        }
        if let Some(schema) = asked.native.first() {
            builder = builder.native(*schema);
        }
        match asked.store.as_deref() {
            None => builder,
            Some("hdr") => builder.store(engine::Store::Hdr),
            Some("compact") => builder.compact(),
            Some(other) => {
                return Err(PyValueError::new_err(format!(
                    "histogram {:?}: store is \"hdr\" or \"compact\", not {other:?}", asked.name
                )));
            }
        }
    },
    {
        /// Return the sum, and the count by bucket with its upper bound, not cumulative.
        fn _get(&self) -> PyResult<(f64, Vec<(f64, u64)>)> {
            let seen = self.series()?.distribution();
            let mut below = 0;
            let mut buckets: Vec<_> = seen
                .cumulative()
                .map(|(bound, count)| {
                    let own = count - below;
                    below = count;
                    (bound, own)
                })
                .collect();
            buckets.push((f64::INFINITY, seen.count() - below));
            Ok((seen.sum(), buckets))
        }

        /// The upper bounds of the buckets, +Inf last.
        #[getter]
        fn _upper_bounds(&self) -> PyResult<Vec<f64>> {
            let bounds = &self.inner.definition()?.bounds;
            Ok(bounds.iter().copied().chain([f64::INFINITY]).collect())
        }

        /// Return the value that a share `q` of the observations is at or below.
        fn quantile(&self, q: f64) -> PyResult<f64> {
            Ok(self.series()?.distribution().quantile(q))
        }
    } {}
}

metric_class! {
    /// A summary's native half.
    Summary, engine::Summary, "summary",
    |registry, asked| {
        let mut builder = build!(registry.summary(&*asked.name, &*asked.documentation), asked);
        builder = builder.quantiles(asked.quantiles.clone().unwrap_or_default());
        match asked.window {
            None => builder,
            Some(window) => builder.window(Asked::seconds("window", window)?),
        }
    },
    {
        /// Return the sum and the count.
        fn _get(&self) -> PyResult<(f64, u64)> {
            let seen = self.series()?.distribution();
            Ok((seen.sum(), seen.count()))
        }
    } {}
}

metric_class! {
    /// An info's native half.
    Info, engine::Info, "info",
    |registry, asked| build!(registry.info(&*asked.name, &*asked.documentation), asked),
    {
        /// Set the labels, in the place of those before.
        fn _set(&self, labels: &Bound<'_, PyDict>) -> PyResult<()> {
            let name = &self.inner.definition()?.name;
            let mut set = Vec::with_capacity(labels.len());
            for (label, value) in labels {
                let (Ok(label), Ok(value)) = (label.extract::<String>(), value.extract::<String>()) else {
                    return Err(PyTypeError::new_err(format!(
                        "info {name:?}: labels and their values are strings, not {} = {}",
                        label.repr()?,
                        value.repr()?
                    )));
                };
                set.push((label, value));
            }
            self.series()?.set(&pairs(&set)).or_raise()
        }
    } {}
}

metric_class! {
    /// An enum's native half.
    Enum, engine::StateSet, "stateset",
    |registry, asked| {
        let states = asked.states.clone().unwrap_or_default();
        build!(registry.state_set(&*asked.name, &*asked.documentation, states), asked)
    },
    {
        /// The states, in their order.
        #[getter]
        fn _states<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
            PyTuple::new(py, &self.inner.definition()?.states)
        }

        /// Make a state the one that holds.
        fn _enter(&self, state: &Bound<'_, PyAny>) -> PyResult<()> {
            let series = self.series()?;
            match state.cast::<PyString>() {
                Ok(state) => series.enter(&state.to_string_lossy()).or_raise(),
                Err(_) => Err(PyValueError::new_err(format!(
                    "enum {:?}: a state is one of {:?}, not {}",
                    self.inner.definition()?.name,
                    self.inner.definition()?.states,
                    state.repr()?
                ))),
            }
        }
    } {
        fn begin(series: &engine::StateSet, definition: &Definition<engine::StateSet>) -> PyResult<()> {
            match definition.family.states().first() {
                Some(first) => series.enter(first).or_raise(),
                None => Ok(()),
            }
        }
    }
}
