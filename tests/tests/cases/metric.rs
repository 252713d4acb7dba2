//! A metric of a case: any kind, with or without labels.

use super::{float, pairs, whole, word};
use serde_json::Value;
use tykmetrics::{Counter, FamilyVec, Gauge, Histogram, Info, Metric, Result, StateSet, Summary, UpDown};

pub(crate) enum Made<M> {
    One(M),
    Many(FamilyVec<M>),
}

pub(crate) enum Any {
    Counter(Made<Counter>),
    Gauge(Made<Gauge>),
    UpDown(Made<UpDown>),
    Histogram(Made<Histogram>),
    Summary(Made<Summary>),
    Info(Made<Info>),
    StateSet(Made<StateSet>),
}

impl<M: Metric> Made<M> {
    /// The series of these label values.
    fn series(&self, labels: Option<&[&str]>) -> Result<M> {
        match (self, labels) {
            (Made::One(metric), None) => Ok(metric.clone()),
            (Made::Many(family), Some(labels)) => family.with(labels),
            _ => panic!("a metric with labels takes some, one without takes none"),
        }
    }

    fn many(&self) -> &FamilyVec<M> {
        match self {
            Made::Many(family) => family,
            Made::One(_) => panic!("a metric without labels has nothing to remove"),
        }
    }

    /// What every kind can do. `None` for what it cannot.
    fn common(&self, op: &str, labels: Option<&[&str]>, of: &Value) -> Option<Result<()>> {
        Some(match op {
            "touch" => self.series(labels).map(drop),
            "remove" => {
                self.many().remove(labels.unwrap_or(&[])).map(|found| assert_eq!(found, of["found"] == true, "{of}"))
            }
            "clear" => {
                self.many().clear();
                Ok(())
            }
            _ => return None,
        })
    }
}

fn exemplar(of: &Value) -> Option<Vec<(String, String)>> {
    of.get("exemplar").map(pairs)
}

fn borrowed(pairs: &[(String, String)]) -> Vec<(&str, &str)> {
    pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

/// The family and the label values, if the metric has labels and is to be recorded to by lookup.
fn by_lookup<'a, M, L: ?Sized>(
    made: &'a Made<M>,
    labels: Option<&'a L>,
    lookup: bool,
) -> Option<(&'a FamilyVec<M>, &'a L)> {
    match (made, labels) {
        (Made::Many(family), Some(labels)) if lookup => Some((family, labels)),
        _ => None,
    }
}

impl Any {
    pub(crate) fn perform(&self, op: &str, labels: Option<&[&str]>, of: &Value, lookup: bool) -> Result<()> {
        let common = match self {
            Any::Counter(made) => made.common(op, labels, of),
            Any::Gauge(made) => made.common(op, labels, of),
            Any::UpDown(made) => made.common(op, labels, of),
            Any::Histogram(made) => made.common(op, labels, of),
            Any::Summary(made) => made.common(op, labels, of),
            Any::Info(made) => made.common(op, labels, of),
            Any::StateSet(made) => made.common(op, labels, of),
        };
        if let Some(done) = common {
            return done;
        }
        let value = &of["value"];
        match self {
            Any::Counter(made) => match (by_lookup(made, labels, lookup), op, exemplar(of)) {
                (Some((family, labels)), "inc", None) => return family.inc(labels),
                (Some((family, labels)), "add", None) => return family.add(labels, whole(value)),
                (Some((family, labels)), "add_f64", None) => return family.add_f64(labels, float(value)),
                (_, "inc", None) => made.series(labels)?.inc(),
                (_, "add", None) => made.series(labels)?.add(whole(value)),
                (_, "add", Some(exemplar)) => {
                    return made.series(labels)?.add_with_exemplar(whole(value), &borrowed(&exemplar));
                }
                (_, "add_f64", None) => made.series(labels)?.add_f64(float(value)),
                _ => panic!("a counter does not know {of}"),
            },
            Any::Gauge(made) => match (by_lookup(made, labels, lookup), op) {
                (Some((family, labels)), "set") => return family.set(labels, float(value)),
                (Some((family, labels)), "add") => return family.add(labels, float(value)),
                (_, "set") => made.series(labels)?.set(float(value)),
                (_, "add") => made.series(labels)?.add(float(value)),
                (_, "sub") => made.series(labels)?.sub(float(value)),
                (_, "inc") => made.series(labels)?.inc(),
                (_, "dec") => made.series(labels)?.dec(),
                (_, "set_max") => made.series(labels)?.set_max(float(value)),
                (_, "set_min") => made.series(labels)?.set_min(float(value)),
                _ => panic!("a gauge does not know {of}"),
            },
            Any::UpDown(made) => match (by_lookup(made, labels, lookup), op) {
                (Some((family, labels)), "add") => return family.add(labels, whole(value)),
                (_, "add") => made.series(labels)?.add(whole(value)),
                (_, "inc") => made.series(labels)?.inc(),
                (_, "dec") => made.series(labels)?.dec(),
                _ => panic!("an up_down does not know {of}"),
            },
            Any::Histogram(made) => match (by_lookup(made, labels, lookup), op, exemplar(of)) {
                (Some((family, labels)), "observe", None) => return family.observe(labels, float(value)),
                (_, "observe", None) => made.series(labels)?.observe(float(value)),
                (_, "observe", Some(exemplar)) => {
                    return made.series(labels)?.observe_with_exemplar(float(value), &borrowed(&exemplar));
                }
                _ => panic!("a histogram does not know {of}"),
            },
            Any::Summary(made) => match (by_lookup(made, labels, lookup), op) {
                (Some((family, labels)), "observe") => return family.observe(labels, float(value)),
                (_, "observe") => made.series(labels)?.observe(float(value)),
                _ => panic!("a summary does not know {of}"),
            },
            Any::Info(made) => match op {
                "info" => return made.series(labels)?.set(&borrowed(&pairs(value))),
                _ => panic!("an info does not know {of}"),
            },
            Any::StateSet(made) => match op {
                "state" => return made.series(labels)?.enter(word(of, "value")),
                "set_state" => return made.series(labels)?.set(word(of, "value"), of["holds"] == true),
                _ => panic!("a state set does not know {of}"),
            },
        }
        Ok(())
    }
}
