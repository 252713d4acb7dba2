//! Families that tell of the same requests, put together: `http_requests_total` with `http_request_duration_seconds`.
//!
//! A registry may count a request several times: by route, by provider, by model. These are groups of their own, and only the
//! first is what the page calls the total. A group is bounded: so many endpoints are told apart, the rest is in the total only.

use super::distinct::Distinct;
use super::json::{self, Object};
use super::roles::{self, Role};
use super::tally::Tally;
use super::{Meta, Row, cut};
use std::collections::HashMap;

/// Endpoints that are told apart while a family is read.
const ENDPOINTS: usize = 2048;

/// Endpoints that are written, of the first group and of each other one.
const WRITTEN: (usize, usize) = (48, 16);

const GROUPS: usize = 6;

/// One family that tells of requests, and what it says.
pub(super) struct Source {
    name: String,
    role: Role,
    prefix: String,
    noun: Option<&'static str>,
    /// The label that says where requests went, and that which says how they ended.
    endpoint: Option<String>,
    status: Option<String>,
    all: Tally,
    by_endpoint: HashMap<String, Tally>,
    /// All endpoints, also those that are not told apart.
    distinct: Distinct,
}

/// All such families, in the order of the snapshot.
#[derive(Default)]
pub(super) struct Requests {
    sources: Vec<Source>,
}

/// The families of one group. Any but `requests` and `latency` may be missing, and one of these two.
#[derive(Clone, Copy)]
struct Group<'a> {
    prefix: &'a str,
    noun: &'static str,
    requests: Option<&'a Source>,
    latency: Option<&'a Source>,
    errors: Option<&'a Source>,
    /// What else tells of how its requests ended.
    outcomes: Option<&'a Source>,
}

impl Source {
    pub(super) fn row(&mut self, row: &Row<'_>) {
        let label = |wanted: &Option<String>| {
            let wanted = wanted.as_deref()?;
            let at = row.names.iter().position(|name| name == wanted)?;
            Some(row.values.get(at)?.raw)
        };
        let error = match (self.role, label(&self.status), &self.status) {
            (Role::Errors, ..) => true,
            (_, Some(value), Some(label)) => roles::is_error(label, value),
            _ => false,
        };
        let unit = if let Role::Latency(unit) = self.role { unit } else { 1.0 };
        self.all.add(row.value, unit, error);
        let Some(endpoint) = label(&self.endpoint) else { return };
        self.distinct.add(endpoint);
        if let Some(tally) = self.by_endpoint.get_mut(endpoint) {
            tally.add(row.value, unit, error);
        } else if self.by_endpoint.len() < ENDPOINTS {
            self.by_endpoint.entry(endpoint.to_owned()).or_default().add(row.value, unit, error);
        }
    }

    fn tally(&self, endpoint: Option<&str>) -> Option<&Tally> {
        endpoint.map_or(Some(&self.all), |endpoint| self.by_endpoint.get(endpoint))
    }

    /// Whether its series say which requests failed.
    fn knows_errors(&self) -> bool {
        self.role == Role::Errors || self.status.is_some()
    }
}

impl Requests {
    /// Begins a family, if it tells of requests.
    pub(super) fn begin(&self, meta: &Meta) -> Option<Source> {
        let told = roles::told(meta)?;
        let names = &meta.label_names;
        Some(Source {
            name: meta.name.clone(),
            role: told.role,
            prefix: told.prefix.to_owned(),
            noun: told.noun,
            endpoint: roles::endpoint_label(names).map(|at| names[at].clone()),
            status: roles::status_label(names).map(|at| names[at].clone()),
            all: Tally::default(),
            by_endpoint: HashMap::new(),
            distinct: Distinct::default(),
        })
    }

    pub(super) fn end(&mut self, source: Source) {
        self.sources.push(source);
    }

    /// The groups, the one that tells most of requests first. The order depends on what families there are and on nothing else,
    /// so that it stays from one overview to the next.
    fn groups(&self) -> Vec<Group<'_>> {
        let mut groups: Vec<Group<'_>> = Vec::new();
        for source in &self.sources {
            let (Some(noun), Role::Requests | Role::Latency(_)) = (source.noun, source.role) else { continue };
            let prefix = source.prefix.as_str();
            if groups.iter().any(|group| group.prefix == prefix && group.noun == noun) {
                continue;
            }
            // A name without a noun belongs to the first group of its prefix.
            let first = !groups.iter().any(|group| group.prefix == prefix);
            let named = |other: &&Source| other.noun == Some(noun) || (first && other.noun.is_none());
            let of = |wanted: fn(&Role) -> bool| {
                self.sources.iter().filter(|other| other.prefix == prefix && wanted(&other.role)).find(named)
            };
            let requests = of(|role| *role == Role::Requests);
            let latency = of(|role| matches!(role, Role::Latency(_)));
            let status = requests.or(latency).filter(|source| source.knows_errors());
            let apart = || of(|role| *role == Role::Errors);
            let outcomes = of(|role| *role == Role::Outcomes);
            let told = outcomes.filter(|source| source.knows_errors());
            groups.push(Group { prefix, noun, requests, latency, errors: status.or_else(apart).or(told), outcomes });
        }
        groups.sort_by_key(|group| std::cmp::Reverse(group.rank()));
        groups.truncate(GROUPS);
        groups
    }

    /// Writes the members `totals` and `requests`, the rows of endpoints in at most `bytes`.
    pub(super) fn write(&self, out: &mut Object, bytes: usize) {
        let groups = self.groups();
        let mut totals = Object::new();
        if let Some(group) = groups.first() {
            group.numbers(None, &mut totals);
        }
        out.raw("totals", &totals.finish());
        let (mut left, mut most) = (bytes, WRITTEN.0);
        let written = json::array(groups, |out, group| {
            let before = out.len();
            out.extend_from_slice(&group.write(left, most));
            left = left.saturating_sub(out.len() - before);
            most = WRITTEN.1;
        });
        out.raw("requests", &written);
    }
}

impl<'a> Group<'a> {
    /// How much it tells; what an HTTP server or a gateway answered comes before what it asked of others.
    fn rank(&self) -> u32 {
        let served = ["http", "gateway"].iter().any(|word| self.prefix.contains(word));
        u32::from(self.noun == "requests") * 8
            + u32::from(served) * 4
            + u32::from(self.latency.is_some()) * 2
            + u32::from(self.main().is_some_and(|source| source.endpoint.is_some()))
    }

    /// What counts its requests: a counter, or the histogram of their durations.
    fn main(&self) -> Option<&'a Source> {
        self.requests.or(self.latency)
    }

    /// The count of an endpoint, or of all.
    fn count(&self, endpoint: Option<&str>) -> f64 {
        self.main().and_then(|source| source.tally(endpoint)).map_or(0.0, |tally| tally.count)
    }

    /// The members `requests` and `errors`, which is null where nothing tells.
    fn numbers(&self, endpoint: Option<&str>, out: &mut Object) {
        out.number("requests", self.count(endpoint));
        // Families of one group may have labels of other names, and then say nothing of an endpoint.
        let same =
            |source: &&Source| endpoint.is_none() || source.endpoint == self.main().and_then(|m| m.endpoint.clone());
        match self.errors.filter(same) {
            Some(source) => out.number("errors", source.tally(endpoint).map_or(0.0, |tally| tally.errors)),
            None => out.raw("errors", b"null"),
        }
    }

    fn numbers_and_latency(&self, endpoint: Option<&str>, out: &mut Object) {
        self.numbers(endpoint, out);
        let same =
            |source: &&Source| endpoint.is_none() || source.endpoint == self.main().and_then(|m| m.endpoint.clone());
        let tally = self.latency.filter(same).and_then(|source| source.tally(endpoint));
        match tally {
            Some(tally) => out.raw("latency", &tally.latency()),
            None => out.raw("latency", b"null"),
        }
    }

    /// The group, with as many of its endpoints as fit: those with most requests.
    fn write(&self, bytes: usize, most: usize) -> Vec<u8> {
        let mut out = Object::new();
        out.text("name", &cut(&format!("{}{}", self.prefix, self.noun)));
        out.text("label", &self.main().and_then(|source| source.endpoint.as_deref()).map(cut).unwrap_or_default());
        let families: Vec<&str> =
            [self.requests, self.latency, self.errors, self.outcomes].iter().flatten().map(|s| &*s.name).collect();
        let named = families.iter().enumerate().filter(|(at, name)| !families[..*at].contains(name));
        out.raw("families", &json::array(named, |out, (_, name)| crate::page::escape::json(out, &cut(name))));
        let mut total = Object::new();
        self.numbers_and_latency(None, &mut total);
        out.raw("total", &total.finish());

        let mut endpoints: Vec<&str> =
            self.main().into_iter().flat_map(|source| source.by_endpoint.keys()).map(String::as_str).collect();
        endpoints.sort_by(|a, b| self.count(Some(b)).total_cmp(&self.count(Some(a))).then_with(|| a.cmp(b)));
        let mut rows = endpoints.iter().take(most).map(|endpoint| {
            let mut row = Object::new();
            row.text("name", &cut(endpoint));
            self.numbers_and_latency(Some(endpoint), &mut row);
            row.finish()
        });
        let written = out.rows("endpoints", bytes.saturating_sub(out.len()), &mut rows);
        let there = self.main().map_or(0, |source| source.distinct.count().count);
        out.integer("endpoints_left_out", there.saturating_sub(written as u64));
        out.finish()
    }
}
