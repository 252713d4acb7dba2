//! Reading the conformance cases, and doing what they say to a registry of the crate.

mod metric;

use metric::{Any, Made};
use serde_json::Value;
use std::collections::HashMap;
use std::time::Duration;
use tykmetrics::{Buckets, Builder, Escaping, Exposition, Format, Metric, NameRule, Registry, Result, Store};
use tykmetrics_tests::{files, text};

const REGISTRATION: &[&str] =
    &["id", "name", "help", "namespace", "subsystem", "unit", "labels", "const_labels", "limit", "expire_after"];

/// Every operation, and its members besides `op` and `error` (and those of every registration).
pub(crate) const OPERATIONS: &[(&str, &[&str])] = &[
    ("counter", &[]),
    ("gauge", &[]),
    ("up_down", &[]),
    ("histogram", &["buckets", "store", "native", "range"]),
    ("summary", &["quantiles", "window", "range"]),
    ("info", &["on", "value"]),
    ("state_set", &["states"]),
    ("touch", &["on", "labels"]),
    ("inc", &["on", "labels"]),
    ("dec", &["on", "labels"]),
    ("add", &["on", "labels", "value", "exemplar"]),
    ("add_f64", &["on", "labels", "value"]),
    ("sub", &["on", "labels", "value"]),
    ("set", &["on", "labels", "value"]),
    ("set_max", &["on", "labels", "value"]),
    ("set_min", &["on", "labels", "value"]),
    ("observe", &["on", "labels", "value", "exemplar"]),
    ("state", &["on", "labels", "value"]),
    ("set_state", &["on", "labels", "value", "holds"]),
    ("remove", &["on", "labels", "found"]),
    ("clear", &["on"]),
    ("unregister", &["name", "found"]),
    ("render", &["format"]),
];

/// A case as it is written.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) why: String,
    pub(crate) operations: Vec<Value>,
    registry: Value,
    exposition: Value,
    expect: Value,
}

/// Every case of every file.
pub(crate) fn all() -> Vec<Case> {
    let mut cases = Vec::new();
    for file in files() {
        let is_case = file.starts_with("tests/conformance/") && file.ends_with(".json");
        if is_case && !file.ends_with("/errors.json") {
            let read: Value = serde_json::from_str(&text(&file).expect("a file of cases")).expect("cases are JSON");
            cases.extend(list(&read).iter().map(Case::read));
        }
    }
    cases
}

pub(crate) fn word<'a>(object: &'a Value, member: &str) -> &'a str {
    object[member].as_str().unwrap_or_else(|| panic!("{object} needs a text {member:?}"))
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap_or_else(|| panic!("{value} should be an array"))
}

pub(crate) fn words(value: &Value) -> Vec<String> {
    list(value).iter().map(|word| word.as_str().expect("a text").to_owned()).collect()
}

pub(crate) fn pairs(value: &Value) -> Vec<(String, String)> {
    let pair = |pair: &Value| {
        let [name, value] = words(pair).try_into().expect("a pair has two texts");
        (name, value)
    };
    list(value).iter().map(pair).collect()
}

/// A number, or the text of one that JSON has no number for.
pub(crate) fn float(value: &Value) -> f64 {
    match value {
        Value::String(text) => text.parse().unwrap_or_else(|_| panic!("{text:?} should be a number")),
        _ => value.as_f64().unwrap_or_else(|| panic!("{value} should be a number")),
    }
}

pub(crate) fn whole<N: std::str::FromStr>(value: &Value) -> N {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    text.parse().unwrap_or_else(|_| panic!("{text} should be a whole number"))
}

/// The lines of an expected text, each with its end.
pub(crate) fn lines(expected: &Value) -> String {
    words(expected).iter().map(|line| format!("{line}\n")).collect()
}

impl Case {
    pub(crate) fn read(case: &Value) -> Case {
        known(case, &["name", "why", "registry", "exposition", "operations", "expect"]);
        known(&case["registry"], &["names", "const_labels", "series_limit"]);
        known(&case["exposition"], &["escaping", "created", "empty_families"]);
        Case {
            name: word(case, "name").to_owned(),
            why: word(case, "why").to_owned(),
            operations: list(&case["operations"]).to_vec(),
            registry: case["registry"].clone(),
            exposition: case["exposition"].clone(),
            expect: case["expect"].clone(),
        }
    }

    /// What a scrape gives, by format.
    pub(crate) fn expected(&self) -> Vec<(Format, &Value)> {
        let formats = self.expect.as_object().expect("`expect` is an object");
        formats.iter().map(|(name, text)| (Format::from_name(name).expect("a format"), text)).collect()
    }

    pub(crate) fn shows_created(&self) -> bool {
        self.exposition["created"].as_bool().unwrap_or(false)
    }

    pub(crate) fn exposition(&self, format: Format) -> Exposition {
        let escaping = self.exposition["escaping"].as_str().unwrap_or("underscores");
        Exposition {
            escaping: Escaping::from_name(escaping).expect("a scheme"),
            created: self.shows_created(),
            empty_families: self.exposition["empty_families"].as_bool().unwrap_or(false),
            ..format.into()
        }
    }

    /// Does the operations to a new registry; with `lookup`, records through families where they can.
    pub(crate) fn run(&self, lookup: bool) -> Registry {
        let mut options = Registry::options();
        if self.registry["names"] == "legacy" {
            options = options.names(NameRule::Legacy);
        }
        if !self.registry["series_limit"].is_null() {
            options = options.series_limit(whole(&self.registry["series_limit"]));
        }
        for (name, value) in optional(&self.registry, "const_labels", pairs).unwrap_or_default() {
            options = options.const_label(name, value);
        }
        let registry = options.build();
        let mut metrics = HashMap::new();
        for operation in &self.operations {
            let place = format!("{}: {operation}", self.name);
            let done = perform(&registry, &mut metrics, operation, lookup);
            match (done, operation["error"].as_str()) {
                (Ok(()), None) => {}
                (Ok(()), Some(code)) => panic!("{place} should fail with {code}"),
                (Err(error), None) => panic!("{place}: {error}"),
                (Err(error), Some(code)) => {
                    assert_eq!(error.code().as_str(), code, "{place}: {error}");
                    assert!(!error.message().is_empty(), "{place}");
                }
            }
        }
        registry
    }
}

fn known(object: &Value, members: &[&str]) {
    for member in object.as_object().into_iter().flat_map(|object| object.keys()) {
        assert!(members.contains(&member.as_str()), "{object} has no member {member:?}");
    }
}

fn optional<T>(object: &Value, member: &str, read: impl FnOnce(&Value) -> T) -> Option<T> {
    object.get(member).map(read)
}

fn perform(registry: &Registry, metrics: &mut HashMap<String, Any>, operation: &Value, lookup: bool) -> Result<()> {
    let op = word(operation, "op");
    let Some((_, members)) = OPERATIONS.iter().find(|(name, _)| *name == op) else {
        panic!("this runner does not know {operation}");
    };
    let registers = operation.get("id").is_some();
    let all: Vec<&str> =
        ["op", "error"].iter().chain(*members).chain(if registers { REGISTRATION } else { &[] }).copied().collect();
    known(operation, &if op == "info" && !registers { [all, vec!["labels"]].concat() } else { all });
    match op {
        "unregister" => {
            assert_eq!(registry.unregister(word(operation, "name")), operation["found"] == true, "{operation}");
            Ok(())
        }
        "render" => Format::from_name(word(operation, "format")).map(|format| drop(registry.render(format))),
        _ if registers => {
            let made = register(registry, op, operation)?;
            metrics.insert(word(operation, "id").to_owned(), made);
            Ok(())
        }
        _ => {
            let metric = metrics.get(word(operation, "on")).unwrap_or_else(|| panic!("{operation}: no such id"));
            let labels = optional(operation, "labels", words);
            let labels = labels.as_ref().map(|labels| labels.iter().map(String::as_str).collect::<Vec<_>>());
            metric.perform(op, labels.as_deref(), operation, lookup)
        }
    }
}

fn register(registry: &Registry, kind: &str, of: &Value) -> Result<Any> {
    let name = word(of, "name");
    let help = of["help"].as_str().unwrap_or("");
    match kind {
        "counter" => made(registry.counter(name, help), of).map(Any::Counter),
        "gauge" => made(registry.gauge(name, help), of).map(Any::Gauge),
        "up_down" => made(registry.up_down(name, help), of).map(Any::UpDown),
        "histogram" => {
            let mut builder = registry.histogram(name, help);
            match of.get("buckets") {
                None => {}
                Some(Value::Null) => builder = builder.buckets(Buckets::none()),
                Some(bounds) => builder = builder.buckets(list(bounds).iter().map(float).collect::<Vec<f64>>()),
            }
            match of["store"].as_str() {
                None => {}
                Some("hdr") => builder = builder.store(Store::Hdr),
                Some("compact") => builder = builder.store(Store::Compact),
                Some(store) => panic!("no store is called {store:?}"),
            }
            if let Some(schema) = of.get("native") {
                builder = builder.native(schema.as_i64().map(|schema| schema as i32));
            }
            if let Some((smallest, largest)) = optional(of, "range", range) {
                builder = builder.range(smallest, largest);
            }
            made(builder, of).map(Any::Histogram)
        }
        "summary" => {
            let mut builder = registry.summary(name, help);
            if let Some(quantiles) = of.get("quantiles") {
                builder = builder.quantiles(list(quantiles).iter().map(float).collect::<Vec<f64>>());
            }
            if let Some(seconds) = optional(of, "window", float) {
                builder = builder.window(Duration::from_secs_f64(seconds));
            }
            if let Some((smallest, largest)) = optional(of, "range", range) {
                builder = builder.range(smallest, largest);
            }
            made(builder, of).map(Any::Summary)
        }
        "info" => made(registry.info(name, help), of).map(Any::Info),
        "state_set" => made(registry.state_set(name, help, words(&of["states"])), of).map(Any::StateSet),
        _ => panic!("{of} is no registration"),
    }
}

fn range(value: &Value) -> (f64, f64) {
    (float(&value[0]), float(&value[1]))
}

fn made<M: Metric>(mut builder: Builder<M>, of: &Value) -> Result<Made<M>> {
    let part = |member: &str| of[member].as_str().unwrap_or("");
    builder = builder.namespace(part("namespace")).subsystem(part("subsystem")).unit(part("unit"));
    for (name, value) in optional(of, "const_labels", pairs).unwrap_or_default() {
        builder = builder.const_label(name, value);
    }
    if let Some(limit) = optional(of, "limit", whole) {
        builder = builder.limit(limit);
    }
    if let Some(seconds) = optional(of, "expire_after", float) {
        builder = builder.expire_after(Duration::from_secs_f64(seconds));
    }
    match optional(of, "labels", words) {
        Some(labels) => builder.label_names(labels).register().map(Made::Many),
        None => builder.register().map(Made::One),
    }
}

/// A text format with its times masked.
pub(crate) fn masked(text: &str, format: Format, created: bool) -> String {
    let mask = |line: &str| {
        let last = |line: &str| line.rsplit_once(' ').map(|(before, _)| format!("{before} <time>"));
        let seconds =
            |text: &str| text.len() > 4 && text.split('.').all(|part| part.bytes().all(|b| b.is_ascii_digit()));
        let trimmed = line.trim_start();
        let is_moment = match format {
            Format::ProtobufText => trimmed.starts_with("seconds: ") || trimmed.starts_with("nanos: "),
            _ => {
                let name = line.split(['{', ' ']).next().unwrap_or("");
                let exemplar = line.contains(" # {") && line.rsplit(' ').next().is_some_and(seconds);
                exemplar || (created && name.ends_with("_created") && !line.starts_with('#'))
            }
        };
        is_moment.then(|| last(line)).flatten().unwrap_or_else(|| line.to_owned())
    };
    text.lines().map(|line| mask(line) + "\n").collect()
}

/// A JSON document with its times masked.
pub(crate) fn masked_json(document: Value) -> Value {
    match document {
        Value::Array(items) => items.into_iter().map(masked_json).collect(),
        Value::Object(members) => {
            let member = |(name, value): (String, Value)| match value {
                Value::Number(_) if name == "created_ms" || name == "at_ms" => (name, "<time>".into()),
                value => (name, masked_json(value)),
            };
            Value::Object(members.into_iter().map(member).collect())
        }
        other => other,
    }
}
