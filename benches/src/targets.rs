//! What was asked, held against what was measured.
//!
//! A pure function of the results. A target whose figures are missing is "not measured", never "met". Recording and
//! rendering are judged by their best round, because other load on the machine can only add to them. Two threads on
//! one thing are judged by medians, because other load can also keep them apart; so is a writer beside a scrape,
//! because there the worst is the question.

use crate::endpoint::{FROM_MEMORY, PACKED_FROM_MEMORY};
use crate::limits::ONE_WRITER;
use crate::measure::Stat;
use crate::results::{self, Results};

/// One line of the table.
pub(crate) struct Target {
    pub(crate) what: &'static str,
    pub(crate) asked: String,
    pub(crate) measured: String,
    /// None where a figure is missing.
    pub(crate) met: Option<bool>,
}

/// Room above a page per series for the pages that hold the rest of a family.
const PAGE_WITH_ROOM: f64 = 4096.0 * 1.05;

/// Every target, in the table's order.
pub(crate) fn judge(results: &Results) -> Vec<Target> {
    vec![
        at_most_limit(results, results::COUNTER, ONE_WRITER, 3.0),
        faster(results, results::COUNTER, 6.0),
        faster_together(results, results::COUNTER_PAIR, 15.0),
        at_most(results, results::HISTOGRAM, 3.5),
        faster(results, results::HISTOGRAM, 3.5),
        faster_together(results, results::HISTOGRAM_PAIR, 40.0),
        at_most(results, results::LOOKUP, 15.0),
        at_most(results, results::ALLOCATIONS, 0.0),
        faster(results, results::LOOKUP, 2.5),
        faster(results, results::RENDER, 15.0),
        speed(results, results::RENDER_BYTE, 3.0),
        at_most(results, results::STREAM, 35.0),
        at_most(results, results::STREAM_GROWTH, 8.0),
        at_most(results, results::COUNTER_BYTES, 90.0),
        at_most(results, results::HISTOGRAM_BYTES, 250.0),
        at_most(results, results::HDR_WRITER_BYTES, PAGE_WITH_ROOM),
        undisturbed(results, (results::QUIET, results::SCRAPED), 1.1),
        all_at_most(results, results::C_INLINE, 1.5),
        all_at_most(results, results::C_CALL, 3.0),
        faster(results, results::SERVED, 6.0),
        at_most_limit(results, results::SERVED, FROM_MEMORY, 1.5),
        at_most_limit(results, results::SERVED_GZIP, PACKED_FROM_MEMORY, 1.5),
        at_most(results, results::CROWD_GROWTH, 64.0),
        undisturbed(results, (results::CROWD_QUIET, results::CROWD_WRITER), 1.1),
        at_most(results, results::HEALTH, 5.0),
        // A hundredth of what the clock tells apart from noise: nothing ran.
        at_most(results, results::IDLE, 0.1),
    ]
}

fn target(what: &'static str, asked: String, judged: Option<(String, bool)>) -> Target {
    let (measured, met) = match judged {
        Some((measured, met)) => (measured, Some(met)),
        None => ("-".to_owned(), None),
    };
    Target { what, asked, measured, met }
}

fn at_most(results: &Results, scenario: &'static str, most: f64) -> Target {
    let unit = results.of(scenario).next().map_or("", |row| row.unit);
    let judged = results.ours(scenario).map(|ours| {
        let best = ours.stat.best;
        (format!("{best:.2} {unit}"), best <= most)
    });
    target(scenario, format!("at most {most:.2} {unit}").trim_end().to_owned(), judged)
}

/// As [`at_most`], for every form of ours.
fn all_at_most(results: &Results, scenario: &'static str, most: f64) -> Target {
    let rows: Vec<_> = results.of(scenario).collect();
    let worst = rows.iter().map(|row| row.stat.best).fold(f64::NAN, f64::max);
    let figures: Vec<_> = rows.iter().map(|row| format!("{:.2} ns {}", row.stat.best, row.contender)).collect();
    let judged = (!rows.is_empty()).then(|| (figures.join(", "), worst <= most));
    target(scenario, format!("at most {most:.2} ns"), judged)
}

fn at_most_limit(results: &Results, scenario: &'static str, limit: &'static str, times: f64) -> Target {
    let judged = results.ours(scenario).zip(results.limit(limit)).map(|(ours, limit)| {
        let ratio = ours.stat.best / limit.stat.best;
        let figures = format!("{:.2} against {:.2} {}", ours.stat.best, limit.stat.best, ours.unit);
        (format!("{ratio:.2}x ({figures})"), ratio <= times)
    });
    target(scenario, format!("at most {times:.2}x `{limit}`"), judged)
}

fn faster(results: &Results, scenario: &'static str, times: f64) -> Target {
    faster_by(results, scenario, times, |stat| stat.best)
}

fn faster_together(results: &Results, scenario: &'static str, times: f64) -> Target {
    faster_by(results, scenario, times, |stat| stat.median)
}

fn faster_by(results: &Results, scenario: &'static str, times: f64, figure: fn(&Stat) -> f64) -> Target {
    let judged = results.ours(scenario).zip(results.best_peer(scenario, figure)).map(|(ours, peer)| {
        let (mine, theirs) = (figure(&ours.stat), figure(&peer.stat));
        let ratio = theirs / mine;
        let figures = format!("{mine:.2} against {theirs:.2} {}, {}", ours.unit, peer.contender);
        (format!("{ratio:.2}x ({figures})"), ratio >= times)
    });
    target(scenario, format!("{times:.2}x faster than the best peer"), judged)
}

fn speed(results: &Results, scenario: &'static str, gigabytes: f64) -> Target {
    let judged = results.ours(scenario).map(|ours| {
        // Nanoseconds a byte and gigabytes a second are each other's reciprocal.
        let measured = 1.0 / ours.stat.best;
        (format!("{measured:.2} GB/s"), measured >= gigabytes)
    });
    target(scenario, format!("{gigabytes:.2} GB/s on one core"), judged)
}

fn undisturbed(results: &Results, (quiet, scraped): (&'static str, &'static str), times: f64) -> Target {
    let judged = results.ours(scraped).zip(results.ours(quiet)).map(|(scraped, quiet)| {
        let (scraped, quiet) = (scraped.stat.median, quiet.stat.median);
        let ratio = scraped / quiet;
        (format!("{ratio:.2} ({scraped:.2} against {quiet:.2} ns)"), ratio <= times)
    });
    target(scraped, format!("at most {times:.2} of quiet, on a free core"), judged)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engines::Role;

    fn find<'a>(targets: &'a [Target], what: &str, asked: &str) -> &'a Target {
        targets.iter().find(|t| t.what == what && t.asked.contains(asked)).expect("the target exists")
    }

    #[test]
    fn nothing_measured_is_nothing_met() {
        let targets = judge(&Results::default());
        assert_eq!(targets.len(), 26);
        assert!(targets.iter().all(|target| target.met.is_none()));
    }

    #[test]
    fn a_ratio_is_taken_against_the_best_peer_and_the_limit() {
        let mut results = Results::default();
        results.add(results::LIMIT, ONE_WRITER, Role::Limit, "ns", Stat::exact(0.25));
        results.add(results::COUNTER, "us", Role::Ours, "ns", Stat::exact(0.75));
        results.add(results::COUNTER, "peer", Role::Peer, "ns", Stat::exact(4.0));
        let targets = judge(&results);
        assert_eq!(find(&targets, results::COUNTER, "3.00x").met, Some(true));
        // 4.0 / 0.75 is 5.33.
        assert_eq!(find(&targets, results::COUNTER, "6.00x").met, Some(false));
        assert!(find(&targets, results::COUNTER, "6.00x").measured.starts_with("5.33x"));
    }

    #[test]
    fn two_threads_are_judged_by_medians_against_the_peer_with_the_best_median() {
        let mut results = Results::default();
        let mut add = |name, role, best, median| {
            results.add(results::COUNTER_PAIR, name, role, "ns", Stat { best, median });
        };
        add("us", Role::Ours, 0.1, 1.0);
        add("kept apart once", Role::Peer, 2.0, 20.0);
        add("peer", Role::Peer, 12.0, 14.0);
        let targets = judge(&results);
        let judged = find(&targets, results::COUNTER_PAIR, "15.00x");
        assert!(judged.measured.starts_with("14.00x") && judged.met == Some(false), "{}", judged.measured);
    }

    #[test]
    fn a_scrape_is_judged_by_medians() {
        let mut results = Results::default();
        results.add(results::QUIET, "us", Role::Ours, "ns", Stat { best: 100.0, median: 100.0 });
        results.add(results::SCRAPED, "us", Role::Ours, "ns", Stat { best: 100.0, median: 120.0 });
        assert_eq!(find(&judge(&results), results::SCRAPED, "quiet").met, Some(false));
    }
}
