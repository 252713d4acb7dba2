//! Secrets in label values, and what stands in their place: keys, tokens, passwords, e-mail addresses, and what the user's
//! own regular expressions match.
//!
//! Plain text in, plain text out: it knows no registry. [`Registry::set_hygiene`](crate::Registry::set_hygiene) has it asked
//! where a series is made and where an exemplar is kept, so a record through a handle or a lookup that hits never gets here
//! without one.
//!
//! What looks like a secret is judged by its form, so both mistakes are possible. Kept: UUIDs, ULIDs, trace ids, and hex up
//! to 47 digits, which git and MD5 hashes are; digests that say so (`sha256:…`). Not found: secrets that look like words,
//! and those of one case and digits that no prefix gives away.

mod rules;

use crate::error::{Error, ErrorCode, Result};
use regex::{Captures, Regex, RegexBuilder, RegexSet, RegexSetBuilder};
use rules::{RULES, Rule};
use std::borrow::Cow;
use std::ops::Range;
use std::str::FromStr;

/// Patterns of the user's own, and the bytes of each.
const PATTERNS: usize = 64;
const PATTERN_BYTES: usize = 4096;
/// Memory that a compiled pattern may take, and that searching for it may: a list of words needs some 10 KiB.
const PROGRAM_BYTES: usize = 256 << 10;
const SEARCH_BYTES: usize = 1 << 20;
/// What stands in the place of what a user's pattern matched.
const REDACTED: &str = "[redacted]";

/// What kind of secret was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Kind {
    /// `Bearer …`, `Basic …`.
    Authorization,
    /// Access key ids of AWS.
    Aws,
    /// E-mail addresses.
    Email,
    /// JSON Web Tokens.
    Jwt,
    /// Keys with a prefix that says whose they are: `sk-…`, `ghp_…`; private keys.
    Key,
    /// Passwords in URLs: `user:password@`.
    Password,
    /// Secrets in query strings: `?api_key=…`.
    Query,
    /// Long texts of no pattern: base64 from 32 characters on, hex from 48.
    Secret,
    /// What a pattern of the user's own matched.
    Pattern,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 9] = [
        Kind::Authorization,
        Kind::Aws,
        Kind::Email,
        Kind::Jwt,
        Kind::Key,
        Kind::Password,
        Kind::Query,
        Kind::Secret,
        Kind::Pattern,
    ];

    /// Its name, as the label `kind` has it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Kind::Authorization => "authorization",
            Kind::Aws => "aws",
            Kind::Email => "email",
            Kind::Jwt => "jwt",
            Kind::Key => "key",
            Kind::Password => "password",
            Kind::Query => "query",
            Kind::Secret => "secret",
            Kind::Pattern => "pattern",
        }
    }
}

impl FromStr for Kind {
    type Err = Error;

    fn from_str(name: &str) -> Result<Kind> {
        let known = Kind::ALL.map(Kind::as_str).join(", ");
        let unknown = || Error::new(ErrorCode::InvalidOption, format!("{name:?} is no kind of secret: {known} are"));
        Kind::ALL.into_iter().find(|kind| kind.as_str() == name).ok_or_else(unknown)
    }
}

/// What is looked for, and what is left as it is.
#[derive(Debug, Clone, Default)]
#[must_use = "nothing is replaced before it is built and set"]
pub struct HygieneOptions {
    keep: Vec<Kind>,
    patterns: Vec<String>,
}

impl HygieneOptions {
    /// Leaves a kind as it is.
    pub fn keep(mut self, kind: Kind) -> Self {
        self.keep.push(kind);
        self
    }

    /// One more regular expression, in the syntax of the crate `regex`, whose matches are replaced.
    pub fn pattern(mut self, pattern: impl Into<String>) -> Self {
        self.patterns.push(pattern.into());
        self
    }

    /// Compiles it.
    ///
    /// # Errors
    /// When there are too many patterns, or one is no regular expression, too large, or matches the empty text; it is named.
    pub fn build(self) -> Result<Hygiene> {
        let fail = |message: String| Err(Error::new(ErrorCode::InvalidOption, message));
        if self.patterns.len() > PATTERNS {
            return fail(format!("{} patterns of secrets are too many: give at most {PATTERNS}", self.patterns.len()));
        }
        let mut sought = Vec::new();
        for rule in RULES.iter().filter(|rule| !self.keep.contains(&rule.kind)) {
            sought.push(Sought { kind: rule.kind, regex: compile(rule.pattern)?, rule: Some(rule) });
        }
        for pattern in &self.patterns {
            if pattern.len() > PATTERN_BYTES {
                let shown: String = pattern.chars().take(60).collect();
                return fail(format!("the pattern {shown:?}… has more than {PATTERN_BYTES} bytes: give a shorter one"));
            }
            let regex = compile(pattern)?;
            if regex.is_match("") {
                return fail(format!(
                    "the pattern {pattern:?} matches the empty text: give one that needs a character"
                ));
            }
            sought.push(Sought { kind: Kind::Pattern, regex, rule: None });
        }
        let all = RegexSetBuilder::new(sought.iter().map(|one| one.regex.as_str()))
            // Each has been compiled within its own bound.
            .size_limit(PROGRAM_BYTES * sought.len().max(1))
            .dfa_size_limit(SEARCH_BYTES)
            .build();
        match all {
            Ok(any) => Ok(Hygiene { any, sought }),
            Err(error) => fail(format!("the patterns of secrets together are too large: {error}")),
        }
    }
}

fn compile(pattern: &str) -> Result<Regex> {
    RegexBuilder::new(pattern).size_limit(PROGRAM_BYTES).dfa_size_limit(SEARCH_BYTES).nest_limit(64).build().map_err(
        |error| Error::new(ErrorCode::InvalidOption, format!("the pattern {pattern:?} cannot be used: {error}")),
    )
}

/// One thing that is looked for.
#[derive(Debug, Clone)]
struct Sought {
    kind: Kind,
    regex: Regex,
    /// One of ours; else a pattern of the user's.
    rule: Option<&'static Rule>,
}

impl Sought {
    fn replace<'a>(&self, value: &'a str, found: &mut bool) -> Cow<'a, str> {
        self.regex.replace_all(value, |captures: &Captures<'_>| {
            let all = captures.get_match();
            let Some(rule) = self.rule else {
                if stands_for_a_secret(value, all.range()) {
                    return all.as_str().to_owned();
                }
                *found = true;
                return REDACTED.to_owned();
            };
            // What is replaced is the group, if the rule has one: what stands around it says what it was.
            let secret = captures.get(1).unwrap_or(all);
            if !(rule.is_secret)(secret.as_str(), &value[..secret.start()]) {
                return all.as_str().to_owned();
            }
            *found = true;
            let (before, after) = (&value[all.start()..secret.start()], &value[secret.end()..all.end()]);
            format!("{before}{}{after}", rule.replacement)
        })
    }
}

/// Whether a part of a text belongs to what was put in the place of a secret: what was cleaned is cleaned again.
fn stands_for_a_secret(text: &str, part: Range<usize>) -> bool {
    let mut words = RULES.iter().map(|rule| rule.replacement).chain([REDACTED]);
    words.any(|word| text.match_indices(word).any(|(at, _)| at <= part.start && part.end <= at + word.len()))
}

/// Finds secrets in text and replaces them.
///
/// ```
/// use tykmetrics::Hygiene;
///
/// let hygiene = Hygiene::options().pattern("acct_[0-9]+").build()?;
/// assert_eq!(hygiene.clean("https://joe:hunter2@host/x?api_key=abc"), "https://joe:[password]@host/x?api_key=[redacted]");
/// assert_eq!(hygiene.clean("joe@example.com paid acct_117"), "[email] paid [redacted]");
/// assert_eq!(hygiene.clean("GET /users/{id}"), "GET /users/{id}");
/// # Ok::<(), tykmetrics::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Hygiene {
    /// Whether there is any, for the many values in which there is none.
    any: RegexSet,
    sought: Vec<Sought>,
}

impl Hygiene {
    /// Every kind, and no patterns yet.
    pub fn options() -> HygieneOptions {
        HygieneOptions::default()
    }

    /// The text with what was found replaced; as it is if nothing was.
    #[must_use]
    pub fn clean<'a>(&self, value: &'a str) -> Cow<'a, str> {
        self.clean_and_tell(value, |_| {})
    }

    /// As [`clean`](Self::clean), and tells each kind that was found.
    pub(crate) fn clean_and_tell<'a>(&self, value: &'a str, mut tell: impl FnMut(Kind)) -> Cow<'a, str> {
        let found = self.any.matches(value);
        if !found.matched_any() {
            return Cow::Borrowed(value);
        }
        let mut text = Cow::Borrowed(value);
        // In their order, each in what the ones before left.
        for sought in found.iter().filter_map(|at| self.sought.get(at)) {
            let mut was_there = false;
            if let Cow::Owned(new) = sought.replace(&text, &mut was_there)
                && was_there
            {
                text = Cow::Owned(new);
                tell(sought.kind);
            }
        }
        text
    }
}
