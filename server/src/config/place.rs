//! What a key may be, and where it goes: a type with its bounds, and the field it is a value of.
//!
//! One enum for reading, showing and explaining, so that an error, the documents and the table of origins cannot say
//! different things of one key. Called by `keys.rs` and `load.rs`.

use super::keys::Draft;
use super::tree::Tree;
use super::{Listen, text};
use std::path::PathBuf;
use std::time::Duration;

/// The longest value that is taken: of a secret, a pattern, a path.
const LONGEST: usize = 4096;
/// Values of a list at most.
const VALUES: usize = 64;

/// A field of the draft.
type At<T> = fn(&mut Draft) -> &mut T;

/// A type, its bounds, and where its value is.
pub(super) enum Place {
    Bool(At<bool>),
    Listen(At<Listen>),
    Route(At<String>),
    Prefix(At<Option<String>>),
    File(At<Option<PathBuf>>),
    Duration(At<Duration>, Duration, Duration),
    Threshold(At<Option<Duration>>),
    Bytes(At<usize>, usize, usize),
    Count(At<usize>, usize, usize),
    Rate(At<f64>, f64),
    User(At<Option<String>>),
    Secret(At<Option<String>>),
    Patterns(At<Vec<String>>),
    Words(At<Vec<String>>, fn() -> Vec<&'static str>),
    Labels(At<Vec<(String, String)>>),
}

impl Place {
    /// The type, in a word.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Place::Bool(_) => "yes or no",
            Place::Listen(_) => "address",
            Place::Route(_) => "path",
            Place::Prefix(_) | Place::User(_) => "name",
            Place::File(_) => "file",
            Place::Duration(..) | Place::Threshold(_) => "duration",
            Place::Bytes(..) => "size",
            Place::Count(..) | Place::Rate(..) => "number",
            Place::Secret(_) => "secret",
            Place::Patterns(_) | Place::Words(..) => "list",
            Place::Labels(_) => "mapping",
        }
    }

    /// What is allowed, as errors and documents say it.
    pub(super) fn allowed(&self) -> String {
        const TIME: &str = "as `30s`, `500ms`, `1m30s`, or a number of seconds";
        match self {
            Place::Bool(_) => "`true`, `false` (or `yes`, `no`, `on`, `off`, `1`, `0`)".to_owned(),
            Place::Listen(_) => text::LISTEN.to_owned(),
            Place::Route(_) => {
                "a path as `/metrics`: no `/` at its end, nothing that URLs escape, not `/health`, not `/healthz`"
                    .to_owned()
            }
            Place::Prefix(_) => "letters, digits and `_`, not beginning with a digit".to_owned(),
            Place::File(_) => "the path of a file".to_owned(),
            Place::Duration(_, least, most) => {
                format!("{} to {}, {TIME}", text::duration_text(*least), text::duration_text(*most))
            }
            Place::Threshold(_) => format!("any time above zero, {TIME}"),
            Place::Bytes(_, least, most) => {
                format!("{} to {}, as `16KiB` or a number of bytes", text::size_text(*least), text::size_text(*most))
            }
            Place::Count(_, least, most) => format!("{least} to {most}"),
            Place::Rate(_, most) => format!("0 (no limit) to {most}"),
            Place::User(_) => "1 to 256 visible characters without `:`".to_owned(),
            Place::Secret(_) => format!("1 to {LONGEST} visible ASCII characters"),
            Place::Patterns(_) => {
                format!("at most {VALUES} regular expressions; in the environment one on each line")
            }
            Place::Words(_, words) => {
                let words: Vec<_> = words().into_iter().map(|word| format!("`{word}`")).collect();
                format!("any of {}; in the environment with commas between them", words.join(", "))
            }
            Place::Labels(_) => {
                format!(
                    "at most {VALUES} names of labels with their values; in the environment as `name=value,name=value`"
                )
            }
        }
    }

    /// Whether its value is hidden where it is shown.
    pub(super) fn is_secret(&self) -> bool {
        matches!(self, Place::Secret(_))
    }

    /// Puts a value into its place. False if it is not allowed; nothing is changed then.
    #[must_use]
    pub(super) fn put(&self, draft: &mut Draft, value: &Tree) -> bool {
        match self {
            Place::Patterns(at) => {
                set(at(draft), list(value, '\n').filter(|all| all.iter().all(|one| !one.is_empty())))
            }
            Place::Words(at, words) => {
                let known = |all: &Vec<String>| all.iter().all(|one| words().contains(&one.as_str()));
                set(at(draft), list(value, ',').filter(known))
            }
            Place::Labels(at) => set(at(draft), labels(value)),
            _ => match value {
                Tree::Text(value) if value.len() <= LONGEST => self.put_text(draft, value),
                _ => false,
            },
        }
    }

    fn put_text(&self, draft: &mut Draft, value: &str) -> bool {
        // Go writes a text that is not there as an empty one.
        let optional = |is_right: bool| match value {
            "" => Some(None),
            value => is_right.then(|| Some(value.to_owned())),
        };
        match self {
            Place::Bool(at) => set(at(draft), text::yes_or_no(value)),
            Place::Listen(at) => set(at(draft), text::listen(value)),
            Place::Route(at) => set(at(draft), text::is_route(value).then(|| value.to_owned())),
            Place::Prefix(at) => set(at(draft), optional(text::is_name(value))),
            Place::File(at) => set(at(draft), optional(!value.contains('\0')).map(|file| file.map(PathBuf::from))),
            Place::Duration(at, least, most) => {
                set(at(draft), text::duration(value).filter(|time| (*least..=*most).contains(time)))
            }
            Place::Threshold(at) => {
                let time = text::duration(value).filter(|time| !time.is_zero()).map(Some);
                set(at(draft), if value.is_empty() { Some(None) } else { time })
            }
            Place::Bytes(at, least, most) => {
                set(at(draft), text::size(value).filter(|size| (*least..=*most).contains(size)))
            }
            Place::Count(at, least, most) => {
                let digits = value.bytes().all(|b| b.is_ascii_digit());
                set(at(draft), value.parse().ok().filter(|n| digits && (*least..=*most).contains(n)))
            }
            Place::Rate(at, most) => set(at(draft), text::number(value).filter(|rate| rate <= most)),
            Place::User(at) => {
                let plain = value.chars().all(|c| !c.is_control() && c != ':') && value.chars().count() <= 256;
                set(at(draft), optional(plain))
            }
            Place::Secret(at) => set(at(draft), optional(is_secret(value))),
            Place::Patterns(_) | Place::Words(..) | Place::Labels(_) => false,
        }
    }

    /// Takes back what was said of a secret, or of the file that holds it. Nothing of what always has a value.
    pub(super) fn clear(&self, draft: &mut Draft) {
        match self {
            Place::Secret(at) => *at(draft) = None,
            Place::File(at) => *at(draft) = None,
            _ => {}
        }
    }

    /// The value, as it is written; secrets hidden. Empty if there is none.
    pub(super) fn show(&self, draft: &mut Draft) -> String {
        match self {
            Place::Bool(at) => at(draft).to_string(),
            Place::Listen(at) => at(draft).to_string(),
            Place::Route(at) => at(draft).clone(),
            Place::Prefix(at) | Place::User(at) => at(draft).clone().unwrap_or_default(),
            Place::File(at) => at(draft).as_deref().map(text::path_text).unwrap_or_default(),
            Place::Duration(at, ..) => text::duration_text(*at(draft)),
            Place::Threshold(at) => at(draft).map(text::duration_text).unwrap_or_default(),
            Place::Bytes(at, ..) => text::size_text(*at(draft)),
            Place::Count(at, ..) => at(draft).to_string(),
            Place::Rate(at, _) => at(draft).to_string(),
            Place::Secret(at) => at(draft).as_ref().map(|_| HIDDEN.to_owned()).unwrap_or_default(),
            Place::Patterns(at) => at(draft).join("\n"),
            Place::Words(at, _) => at(draft).join(","),
            Place::Labels(at) => {
                let pairs: Vec<_> = at(draft).iter().map(|(name, value)| format!("{name}={value}")).collect();
                pairs.join(",")
            }
        }
    }
}

/// What is shown in the place of a secret.
pub(super) const HIDDEN: &str = "(hidden)";

/// What an `Authorization` header can carry, and a person can copy.
pub(super) fn is_secret(text: &str) -> bool {
    (1..=LONGEST).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
}

fn set<T>(place: &mut T, value: Option<T>) -> bool {
    let given = value.is_some();
    if let Some(value) = value {
        *place = value;
    }
    given
}

fn list(value: &Tree, separator: char) -> Option<Vec<String>> {
    let all: Option<Vec<String>> = match value {
        Tree::Text(text) => {
            let parts = text.split(separator).map(str::trim).filter(|part| !part.is_empty());
            Some(parts.map(str::to_owned).collect())
        }
        Tree::List(all) => {
            all.iter().map(|one| if let Tree::Text(text) = one { Some(text.clone()) } else { None }).collect()
        }
        _ => None,
    };
    all.filter(|all| all.len() <= VALUES && all.iter().all(|one| one.len() <= LONGEST))
}

fn labels(value: &Tree) -> Option<Vec<(String, String)>> {
    let pairs: Option<Vec<(String, String)>> = match value {
        Tree::Map(all) => {
            let text = |(name, value): &(String, Tree)| match value {
                Tree::Text(value) => Some((name.clone(), value.clone())),
                _ => None,
            };
            all.iter().map(text).collect()
        }
        // `name:value` is how Tyk's reader of the environment has it.
        Tree::Text(text) => text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(pair).collect(),
        _ => None,
    };
    let pairs = pairs?;
    let once = |name: &str| pairs.iter().filter(|(other, _)| other == name).count() == 1;
    let right = |(name, value): &(String, String)| {
        text::is_name(name) && !name.starts_with("__") && once(name) && value.len() <= LONGEST
    };
    (pairs.len() <= VALUES && pairs.iter().all(right)).then_some(pairs)
}

fn pair(part: &str) -> Option<(String, String)> {
    let (name, value) = part.split_once(['=', ':'])?;
    Some((name.trim().to_owned(), value.trim().to_owned()))
}
