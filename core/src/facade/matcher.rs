//! Which histogram gets which buckets.
//!
//! The builder fills [`BucketChoice`], registration asks it once per histogram. Pure text: no registry, no shape.

use crate::error::Result;
use crate::shape::Buckets;

/// Picks histograms by name, for [`RecorderBuilder::buckets_for`](super::RecorderBuilder::buckets_for).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Matcher {
    /// The histogram that is called so.
    Full(String),
    /// Histograms whose name begins so.
    Prefix(String),
    /// Histograms whose name ends so.
    Suffix(String),
}

impl Matcher {
    /// True if `name` is one of those picked.
    pub fn matches(&self, name: &str) -> bool {
        match self {
            Matcher::Full(text) => name == text,
            Matcher::Prefix(text) => name.starts_with(text.as_str()),
            Matcher::Suffix(text) => name.ends_with(text.as_str()),
        }
    }

    /// How particular it is: the sort of match first, the length of its text second.
    fn rank(&self) -> (u8, usize) {
        match self {
            Matcher::Full(text) => (2, text.len()),
            Matcher::Prefix(text) => (1, text.len()),
            Matcher::Suffix(text) => (0, text.len()),
        }
    }
}

#[derive(Debug, Clone, Default)]
pub(super) struct BucketChoice {
    pub(super) default: Option<Buckets>,
    particular: Vec<(Matcher, Buckets)>,
}

impl BucketChoice {
    pub(super) fn set(&mut self, matcher: Matcher, buckets: Buckets) {
        self.particular.retain(|(known, _)| *known != matcher);
        self.particular.push((matcher, buckets));
    }

    /// The buckets of the histogram `name`, whose unit is `unit` as far as it was described.
    pub(super) fn of(&self, name: &str, unit: &str) -> Buckets {
        let matching = self.particular.iter().filter(|(matcher, _)| matcher.matches(name));
        let best = matching.max_by_key(|(matcher, _)| matcher.rank()).map(|(_, buckets)| buckets);
        let standard =
            || if unit == "bytes" || name.ends_with("bytes") { Buckets::bytes() } else { Buckets::seconds() };
        best.or(self.default.as_ref()).cloned().unwrap_or_else(standard)
    }

    /// Fails with what is wrong with the first list that is not one.
    pub(super) fn check(&self) -> Result<()> {
        let lists = self.default.iter().chain(self.particular.iter().map(|(_, buckets)| buckets));
        lists.map(Buckets::bounds).try_for_each(|bounds| bounds.map(drop))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn explicit(bound: f64) -> Buckets {
        Buckets::explicit([bound])
    }

    fn choice() -> BucketChoice {
        let mut choice = BucketChoice { default: Some(explicit(1.0)), ..BucketChoice::default() };
        choice.set(Matcher::Suffix("_seconds".into()), explicit(2.0));
        choice.set(Matcher::Prefix("http".into()), explicit(3.0));
        choice.set(Matcher::Prefix("http_server".into()), explicit(4.0));
        choice.set(Matcher::Full("http_server_seconds".into()), explicit(5.0));
        choice
    }

    #[test]
    fn the_most_particular_matcher_wins() {
        let choice = choice();
        assert_eq!(choice.of("http_server_seconds", ""), explicit(5.0));
        assert_eq!(choice.of("http_server_wait_seconds", ""), explicit(4.0));
        assert_eq!(choice.of("http_client_seconds", ""), explicit(3.0));
        assert_eq!(choice.of("db_seconds", "seconds"), explicit(2.0));
        assert_eq!(choice.of("db_rows", ""), explicit(1.0));
    }

    #[test]
    fn sizes_have_buckets_of_their_own_unless_they_are_told() {
        let choice = BucketChoice::default();
        assert_eq!(choice.of("body_bytes", ""), Buckets::bytes());
        assert_eq!(choice.of("body", "bytes"), Buckets::bytes());
        assert_eq!(choice.of("body", ""), Buckets::seconds());
        let told = BucketChoice { default: Some(explicit(1.0)), ..choice };
        assert_eq!(told.of("body_bytes", "bytes"), explicit(1.0));
    }

    #[test]
    fn the_order_of_saying_does_not_matter_but_for_the_same_matcher() {
        let mut reversed = BucketChoice::default();
        for (matcher, buckets) in choice().particular.into_iter().rev() {
            reversed.set(matcher, buckets);
        }
        assert_eq!(reversed.of("http_server_wait_seconds", ""), explicit(4.0));
        reversed.set(Matcher::Prefix("http_server".into()), explicit(9.0));
        assert_eq!(reversed.of("http_server_wait_seconds", ""), explicit(9.0));
    }

    #[test]
    fn a_list_that_is_not_one_is_refused_early() {
        assert!(choice().check().is_ok());
        let mut bad = choice();
        bad.set(Matcher::Full("x".into()), Buckets::explicit([]));
        assert!(bad.check().is_err());
    }
}
