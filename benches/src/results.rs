//! What was measured, as rows.
//!
//! `scenarios` adds rows, `targets` asks for ours, the best peer and the limits, `report` and `plot` print them all.
//! Every figure is one of which less is better, in the unit its scenario names.

use crate::engines::Role;
use crate::measure::Stat;

pub(crate) const LIMIT: &str = "limit";
pub(crate) const COUNTER: &str = "bound counter add";
pub(crate) const COUNTER_PAIR: &str = "bound counter add, 2 threads";
pub(crate) const HISTOGRAM: &str = "bound histogram observe";
pub(crate) const HISTOGRAM_PAIR: &str = "bound histogram observe, 2 threads";
pub(crate) const LOOKUP: &str = "lookup of 3 labels and add";
pub(crate) const LOOKUP_PAIR: &str = "lookup of 3 labels and add, 2 threads";
pub(crate) const ALLOCATIONS: &str = "allocations in a million lookups";
pub(crate) const RENDER: &str = "render 100k counters";
pub(crate) const RENDER_BYTE: &str = "render 100k counters, per byte";
pub(crate) const STREAM: &str = "stream 1M counters";
pub(crate) const STREAM_VEC: &str = "render 1M counters into a warm buffer";
pub(crate) const STREAM_GROWTH: &str = "memory while streaming 1M counters";
pub(crate) const COUNTER_BYTES: &str = "memory per counter series";
pub(crate) const HISTOGRAM_BYTES: &str = "memory per histogram series, classic bounds";
pub(crate) const HDR_BYTES: &str = "memory per histogram series, HDR store";
pub(crate) const HDR_WRITER_BYTES: &str = "memory per histogram series and second writer, HDR store";
pub(crate) const C_INLINE: &str = "C counter add, inline";
pub(crate) const C_CALL: &str = "C counter add, function call";
pub(crate) const C_HISTOGRAM_INLINE: &str = "C histogram observe, inline";
pub(crate) const C_HISTOGRAM_CALL: &str = "C histogram observe, function call";
pub(crate) const QUIET: &str = "writer's p99.9 per batch, no scrape";
pub(crate) const SERVED: &str = "scrape of 100k counters over loopback";
pub(crate) const SERVED_GZIP: &str = "scrape of 100k counters over loopback, gzip";
pub(crate) const CROWD_GROWTH: &str = "memory while 10 scrape 1M counters";
pub(crate) const HEALTH: &str = "p99 of /health while 10 scrape 1M counters";
pub(crate) const CROWD_QUIET: &str = "writer's p99.9 per batch, nobody scrapes the server";
pub(crate) const CROWD_WRITER: &str = "writer's p99.9 per batch, 10 scrape 1M counters";
pub(crate) const IDLE: &str = "processor time in a second that nobody scrapes";
pub(crate) const SCRAPED: &str = "writer's p99.9 per batch, 1M series scraped";

/// One figure of one contender.
pub(crate) struct Row {
    pub(crate) scenario: &'static str,
    pub(crate) contender: String,
    pub(crate) role: Role,
    pub(crate) unit: &'static str,
    pub(crate) stat: Stat,
    /// What the contender does less than the others.
    pub(crate) less: Option<&'static str>,
    pub(crate) note: String,
}

/// All figures of a run.
#[derive(Default)]
pub(crate) struct Results {
    pub(crate) rows: Vec<Row>,
}

impl Results {
    pub(crate) fn add(&mut self, scenario: &'static str, contender: &str, role: Role, unit: &'static str, stat: Stat) {
        self.add_noted(scenario, contender, role, unit, stat, None, String::new());
    }

    #[expect(clippy::too_many_arguments, reason = "a row is these seven, and is built in two places")]
    pub(crate) fn add_noted(
        &mut self,
        scenario: &'static str,
        contender: &str,
        role: Role,
        unit: &'static str,
        stat: Stat,
        less: Option<&'static str>,
        note: String,
    ) {
        self.rows.push(Row { scenario, contender: contender.to_owned(), role, unit, stat, less, note });
    }

    /// The scenarios that have a row, in the order they were measured.
    pub(crate) fn scenarios(&self) -> Vec<&'static str> {
        let mut seen = Vec::new();
        for row in &self.rows {
            if !seen.contains(&row.scenario) {
                seen.push(row.scenario);
            }
        }
        seen
    }

    pub(crate) fn of(&self, scenario: &str) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(move |row| row.scenario == scenario)
    }

    pub(crate) fn ours(&self, scenario: &str) -> Option<&Row> {
        self.of(scenario).find(|row| row.role == Role::Ours)
    }

    /// The peer that does the same work with the least `figure`.
    pub(crate) fn best_peer(&self, scenario: &str, figure: fn(&Stat) -> f64) -> Option<&Row> {
        let peers = self.of(scenario).filter(|row| row.role == Role::Peer && row.less.is_none());
        peers.min_by(|a, b| figure(&a.stat).total_cmp(&figure(&b.stat)))
    }

    pub(crate) fn limit(&self, name: &str) -> Option<&Row> {
        self.of(LIMIT).find(|row| row.contender == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_that_does_less_is_no_best_peer() {
        let mut results = Results::default();
        results.add(COUNTER, "us", Role::Ours, "ns", Stat::exact(1.0));
        results.add(COUNTER, "slow", Role::Peer, "ns", Stat::exact(9.0));
        results.add(COUNTER, "fast", Role::Peer, "ns", Stat::exact(5.0));
        results.add_noted(COUNTER, "half", Role::Peer, "ns", Stat::exact(2.0), Some("half"), String::new());
        let best = |scenario| results.best_peer(scenario, |stat| stat.best);
        assert_eq!(best(COUNTER).map(|row| row.contender.as_str()), Some("fast"));
        assert!(best(RENDER).is_none());
    }
}
