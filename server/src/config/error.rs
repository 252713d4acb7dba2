//! What is wrong with a configuration: which key, what it was given, by whom, what is allowed.

/// A configuration that cannot be used. Its text is whole: origin, key, value and what is allowed instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    key: Option<&'static str>,
    message: String,
    is_unreadable: bool,
}

impl ConfigError {
    pub(super) fn new(key: Option<&'static str>, message: String) -> ConfigError {
        ConfigError { key, message, is_unreadable: false }
    }

    /// Of a file that cannot be read, whatever it says.
    pub(super) fn unreadable(key: Option<&'static str>, message: String) -> ConfigError {
        ConfigError { is_unreadable: true, ..ConfigError::new(key, message) }
    }

    /// The same, and more to say.
    pub(super) fn with(self, more: &str) -> ConfigError {
        ConfigError { message: self.message + more, ..self }
    }

    /// The key of ours that is concerned, if there is one: an unknown name has none.
    #[must_use]
    pub fn key(&self) -> Option<&'static str> {
        self.key
    }

    /// Whether it is of a file that cannot be read: none there, no text, too large. Nothing is known of what it says then.
    #[must_use]
    pub fn is_unreadable(&self) -> bool {
        self.is_unreadable
    }
}

impl std::fmt::Display for ConfigError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ConfigError {}

/// `; did you mean "listen"?`, or nothing if no name is near.
pub(super) fn did_you_mean<'a>(name: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    match nearest(name, names) {
        Some(near) => format!("; did you mean {near:?}?"),
        None => String::new(),
    }
}

/// The name that takes the fewest changes to reach, if those are few for its length.
fn nearest<'a>(name: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // What is longer is no typing error, and the comparison takes the product of both lengths.
    if name.len() > 64 {
        return None;
    }
    // Separators are what is mistaken most, and changes nothing of what was meant.
    let plain = |text: &str| text.to_ascii_lowercase().replace(['_', '-', '.'], "");
    let wanted = plain(name);
    let scored = names.into_iter().map(|known| (distance(&wanted, &plain(known)), known));
    let (changes, near) = scored.min_by_key(|(changes, _)| *changes)?;
    (changes <= (wanted.len() / 4).max(1)).then_some(near)
}

/// How many letters are put in, left out, changed or swapped with their neighbour.
fn distance(a: &str, b: &str) -> usize {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut before = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let changed = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = changed.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

/// A value as errors and tables quote it: bounded, on one line.
pub(super) fn quoted(value: &str) -> String {
    const MOST: usize = 80;
    match value.char_indices().nth(MOST) {
        Some((end, _)) => format!("{:?}…", &value[..end]),
        None => format!("{value:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_name_is_found_and_a_far_one_is_not() {
        let names = ["listen", "limits.scrape_timeout", "tls.cert", "tls.key"];
        assert_eq!(nearest("lisen", names), Some("listen"));
        assert_eq!(nearest("limits.scrape-timeout", names), Some("limits.scrape_timeout"));
        assert_eq!(nearest("limits.scrape_tmieout", names), Some("limits.scrape_timeout"));
        assert_eq!(nearest("TLS_CERT", names), Some("tls.cert"));
        assert_eq!(nearest("password", names), None);
        assert_eq!(nearest(&"l".repeat(65), names), None);
    }
}
