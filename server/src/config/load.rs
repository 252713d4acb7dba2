//! Reading a configuration: layers of settings, the strongest of which wins, and where each value came from.
//!
//! Files are weaker than the environment, and that is weaker than code, in whatever order they are given. Within a layer
//! our own names win over a gateway's. Called by doors and by `tykmetrics config`; bounded in what it reads.

use super::error::{did_you_mean, quoted};
use super::finish::{finish, other_way, read};
use super::keys::{Alias, Draft, Key, OTHERS, OWN, keys};
use super::place::HIDDEN;
use super::tree::Tree;
use super::{Config, ConfigError, Dialect};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The block of our own keys in a file that is a gateway's.
const BLOCK: &str = "tykmetrics";
/// The key whose default is a gateway's wherever its names are used.
const ENABLED: &str = "enabled";
/// Bytes of a configuration file.
const FILE_BYTES: u64 = 4 << 20;

// Who wins over whom.
const FILE: u8 = 0;
const ENVIRONMENT: u8 = 1;
const CODE: u8 = 2;

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nobody said anything.
    Default,
    /// Nobody said anything, and this gateway's default holds ([`Dialect::defaults`]).
    DefaultOf(Dialect),
    /// A file.
    File(PathBuf),
    /// A name in the environment.
    Environment(String),
    /// The host's code, or an argument.
    Code,
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Origin::Default => f.write_str("default"),
            Origin::DefaultOf(dialect) => write!(f, "default of {dialect}"),
            Origin::File(path) => write!(f, "file {}", path.display()),
            Origin::Environment(name) => write!(f, "environment {name}"),
            Origin::Code => f.write_str("code"),
        }
    }
}

impl Origin {
    /// Whether two values were said in one place, so that neither is stronger.
    fn is_beside(&self, other: &Origin) -> bool {
        match (self, other) {
            (Origin::Environment(_), Origin::Environment(_)) => true,
            (one, other) => one == other,
        }
    }
}

/// One line of the table of origins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// The key.
    pub key: &'static str,
    /// Its value as it is written; secrets hidden, empty if there is none.
    pub value: String,
    /// Who said so.
    pub origin: Origin,
}

/// A configuration, and where it came from.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// What to give to the server.
    pub config: Config,
    /// Every key, in the order of the documents.
    pub origins: Vec<Setting>,
    /// What is worth saying and is no error.
    pub warnings: Vec<String>,
}

/// A value that somebody gave. A later layer is stronger; within one, our own names are.
struct Given {
    key: &'static Key,
    layer: u8,
    dialect: Option<Dialect>,
    /// The key's name as it was given.
    name: String,
    value: Tree,
    /// What the value is put behind.
    before: &'static str,
    origin: Origin,
}

/// Reads configurations.
///
/// ```
/// use tykmetrics_server::config::Loader;
///
/// let environment = [("TYKMETRICS_LISTEN", "[::1]:9100"), ("METRICS_ENABLED", "true")];
/// let loaded = Loader::new().environment(environment)?.set("limits.scrape_timeout", "10s")?.load()?;
/// assert_eq!(loaded.config.listen.to_string(), "[::1]:9100");
/// assert_eq!(loaded.origins[0].origin.to_string(), "environment METRICS_ENABLED");
/// # Ok::<(), tykmetrics_server::config::ConfigError>(())
/// ```
#[derive(Default)]
#[must_use = "nothing is read until `load` is called"]
pub struct Loader {
    given: Vec<Given>,
    dialects: BTreeSet<Dialect>,
    warnings: Vec<String>,
}

impl Loader {
    /// Of the defaults.
    pub fn new() -> Loader {
        Loader::default()
    }

    /// Reads a file, JSON or YAML: our own keys, or a gateway's file of which only its block of monitoring is looked at.
    /// Of several files a later one is stronger.
    ///
    /// # Errors
    /// When it cannot be read, is neither JSON nor YAML, or has a key nobody knows.
    pub fn file(self, path: impl AsRef<Path>) -> Result<Loader, ConfigError> {
        let path = path.as_ref();
        let text = read(path, FILE_BYTES)
            .map_err(|error| ConfigError::unreadable(None, format!("configuration file {} {error}", path.display())))?;
        self.text(path, &text)
    }

    /// As [`file`](Self::file), of a file whose text is here.
    ///
    /// # Errors
    /// As for `file`.
    pub fn text(mut self, path: impl Into<PathBuf>, text: &str) -> Result<Loader, ConfigError> {
        let origin = Origin::File(path.into());
        let tree = Tree::parse(text).map_err(|error| ConfigError::new(None, format!("{origin}: {error}")))?;
        let mut is_gateways = false;
        for dialect in Dialect::ALL {
            let Some(path) = dialect.block() else { continue };
            let Some(block) = path.iter().try_fold(&tree, |at, name| at.get(name)) else { continue };
            is_gateways = true;
            self.dialects.insert(dialect);
            self.block(dialect, &path.join("."), block, &origin)?;
        }
        match tree.get(BLOCK) {
            Some(block) => self.own(BLOCK, "", block, &origin)?,
            None if is_gateways => self.warn_of_own(&tree, &origin),
            None => self.own("", "", &tree, &origin)?,
        }
        Ok(self)
    }

    /// Reads names and values of the environment. Those that are neither ours nor a gateway's are left alone; an empty
    /// value is none.
    ///
    /// # Errors
    /// When a name begins as ours or a gateway's and nobody knows it.
    pub fn environment<N: AsRef<str>, V: AsRef<str>>(
        mut self,
        variables: impl IntoIterator<Item = (N, V)>,
    ) -> Result<Loader, ConfigError> {
        for (name, value) in variables {
            self.variable(name.as_ref(), value.as_ref())?;
        }
        Ok(self)
    }

    /// Says a value from code, as text.
    ///
    /// # Errors
    /// When nobody knows the key. What is wrong with the value is said by `load`.
    pub fn set(mut self, key: &str, value: &str) -> Result<Loader, ConfigError> {
        let Some(known) = keys().iter().find(|known| known.name == key) else {
            return Err(unknown(key, "code", keys().iter().map(|key| key.name)));
        };
        self.give(known, None, (CODE, Origin::Code), key.to_owned(), Tree::Text(value.to_owned()));
        Ok(self)
    }

    /// Says values from code, as JSON or YAML with our own keys, nested or with dots: how hosts in other languages say them.
    ///
    /// # Errors
    /// When it is neither JSON nor YAML, or has a key nobody knows.
    pub fn code(mut self, text: &str) -> Result<Loader, ConfigError> {
        let tree = Tree::parse(text).map_err(|error| ConfigError::new(None, format!("code: {error}")))?;
        self.own("", "", &tree, &Origin::Code)?;
        Ok(self)
    }

    /// Puts the layers together.
    ///
    /// # Errors
    /// When a value is not allowed, a file with a secret cannot be read, or values do not go together.
    pub fn load(self) -> Result<Loaded, ConfigError> {
        let Loader { mut given, dialects, warnings } = self;
        // Stable: of equals, what was given later is stronger. Our own names are stronger than any dialect's.
        given.sort_by_key(|one| (one.layer, one.dialect.is_none(), one.dialect));
        let mut draft = Draft::default();
        let mut origins = vec![Origin::Default; keys().len()];
        let index = |name: &str| keys().iter().position(|key| key.name == name);
        let is_alone = dialects.len() == 1 && given.iter().all(|one| one.dialect.is_some());
        // Whatever else a file or the environment says beside a gateway's names, what it does not serve is not served: who sets a
        // password starts nothing. A program that says where to serve wants to.
        let is_coded = given.iter().any(|one| one.layer == CODE);
        if let Some(dialect) = dialects.last() {
            let defaults = dialect.defaults().iter().filter(|(name, _)| is_alone || (*name == ENABLED && !is_coded));
            for (name, value) in defaults {
                let Some(at) = index(name) else { continue };
                if keys()[at].place.put(&mut draft, &Tree::Text((*value).to_owned())) {
                    origins[at] = Origin::DefaultOf(*dialect);
                }
            }
        }
        for one in given {
            let is_taken = match (&one.value, one.before) {
                (Tree::Text(text), before) if !before.is_empty() => {
                    one.key.place.put(&mut draft, &Tree::Text(format!("{before}{text}")))
                }
                (value, _) => one.key.place.put(&mut draft, value),
            };
            if !is_taken {
                return Err(one.refusal());
            }
            if let Some(at) = other_way(one.key.name).and_then(index)
                && !origins[at].is_beside(&one.origin)
                && one.value != Tree::Text(String::new())
            {
                // Weaker, since it was put before. A text that is not there, as Go writes it, opens no server that a file closes.
                keys()[at].place.clear(&mut draft);
                origins[at] = Origin::Default;
            }
            if let Some(at) = index(one.key.name) {
                origins[at] = one.origin;
            }
        }
        finish(&mut draft, &origins)?;
        let shown = keys().iter().zip(origins);
        let origins =
            shown.map(|(key, origin)| Setting { key: key.name, value: key.place.show(&mut draft), origin }).collect();
        Ok(Loaded { config: draft.config, origins, warnings })
    }

    // ---- files ------------------------------------------------------------------------------------------------

    /// A gateway's block: a flat mapping.
    fn block(&mut self, dialect: Dialect, path: &str, block: &Tree, origin: &Origin) -> Result<(), ConfigError> {
        let aliases: Vec<(&'static Key, &'static Alias)> = aliases(dialect).collect();
        for (name, value) in entries(block, path, origin)? {
            let Some((key, alias)) = aliases.iter().find(|(_, alias)| alias.file == Some(name)) else {
                let known = aliases.iter().filter_map(|(_, alias)| alias.file);
                return Err(unknown(name, &format!("{origin}, block {path}"), known));
            };
            self.give_alias(key, alias, (FILE, origin.clone()), format!("{path}.{name}"), value.clone());
        }
        Ok(())
    }

    /// Our own keys, nested or with dots.
    fn own(&mut self, block: &str, prefix: &str, tree: &Tree, origin: &Origin) -> Result<(), ConfigError> {
        let place = if prefix.is_empty() { block } else { prefix };
        for (name, value) in entries(tree, place, origin)? {
            let full = if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") };
            if let Some(key) = keys().iter().find(|key| key.name == full) {
                let value = value.clone();
                let layer = if *origin == Origin::Code { CODE } else { FILE };
                self.give(key, None, (layer, origin.clone()), full, value);
            } else if keys().iter().any(|key| key.name.strip_prefix(&full).is_some_and(|rest| rest.starts_with('.'))) {
                self.own(block, &full, value, origin)?;
            } else {
                let whole = if block.is_empty() { origin.to_string() } else { format!("{origin}, block {block}") };
                let error = unknown(&full, &whole, keys().iter().map(|key| key.name));
                return Err(match block.is_empty() && prefix.is_empty() {
                    true => error.with("; a gateway's file would have a block prometheus or server.monitoring"),
                    false => error,
                });
            }
        }
        Ok(())
    }

    /// Names beside a gateway's block are the gateway's. If one is a name of ours, somebody may have meant that.
    fn warn_of_own(&mut self, tree: &Tree, origin: &Origin) {
        let Tree::Map(all) = tree else { return };
        for (name, _) in all {
            let first = |key: &Key| key.name.split('.').next() == Some(name.as_str());
            if keys().iter().any(|key| key.name == name || first(key)) {
                self.warnings.push(format!(
                    "{origin}: {name:?} stands in a gateway's file and is taken for the gateway's: put what is meant for \
                     the metrics server into a block {BLOCK:?}"
                ));
            }
        }
    }

    // ---- environment ------------------------------------------------------------------------------------------

    fn variable(&mut self, name: &str, value: &str) -> Result<(), ConfigError> {
        let origin = Origin::Environment(name.to_owned());
        let value = Tree::Text(value.to_owned());
        if let Some(rest) = name.strip_prefix(OWN) {
            if let Some(key) = keys().iter().find(|key| key.environment() == name) {
                self.give(key, None, (ENVIRONMENT, origin), name.to_owned(), value);
            } else if !OTHERS.contains(&rest) {
                let known: Vec<String> = keys().iter().map(Key::environment).collect();
                return Err(unknown(name, "environment", known.iter().map(String::as_str)));
            }
            return Ok(());
        }
        for dialect in Dialect::ALL {
            let Some(rest) = name.strip_prefix(dialect.environment()) else { continue };
            if let Some((key, alias)) = aliases(dialect).find(|(_, alias)| alias.environment == rest) {
                self.give_alias(key, alias, (ENVIRONMENT, origin.clone()), name.to_owned(), value.clone());
            } else if dialect.is_its_own() {
                let whole = |(_, alias): (_, &Alias)| format!("{}{}", dialect.environment(), alias.environment);
                let known: Vec<String> = aliases(dialect).map(whole).collect();
                return Err(unknown(name, "environment", known.iter().map(String::as_str)));
            }
        }
        Ok(())
    }

    // ---- both -------------------------------------------------------------------------------------------------

    fn give_alias(&mut self, key: &'static Key, alias: &Alias, from: (u8, Origin), name: String, value: Tree) {
        let count = self.given.len();
        self.give(key, Some(alias.dialect), from, name, value);
        self.given[count..].iter_mut().for_each(|given| given.before = alias.before);
    }

    fn give(
        &mut self,
        key: &'static Key,
        dialect: Option<Dialect>,
        (layer, origin): (u8, Origin),
        name: String,
        value: Tree,
    ) {
        // Nothing is said by a null, nor by a variable that is set to nothing, as Compose files do.
        let is_empty = matches!(origin, Origin::Environment(_)) && value == Tree::Text(String::new());
        if is_empty || value == Tree::Null {
            return;
        }
        self.dialects.extend(dialect);
        self.given.push(Given { key, layer, dialect, name, value, before: "", origin });
    }
}

impl Config {
    /// Of this process's environment, and nothing else.
    ///
    /// # Errors
    /// As [`Loader::environment`] and [`Loader::load`].
    pub fn from_environment() -> Result<Loaded, ConfigError> {
        Config::from_host("{}")
    }

    /// Of this process's environment and of what its code says, which is stronger: what every door gives a server.
    ///
    /// # Errors
    /// As [`Loader::environment`], [`Loader::code`] and [`Loader::load`].
    pub fn from_host(code: &str) -> Result<Loaded, ConfigError> {
        // What is no Unicode is nobody's name, and no value that is allowed.
        let text = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
        let environment = std::env::vars_os().map(|(name, value)| (text(name), text(value)));
        Loader::new().environment(environment)?.code(code)?.load()
    }
}

impl Loaded {
    /// Warnings of what was said to the host ([`Key::is_hosts`]) by whoever honours only these keys: most doors make no registry of
    /// their server's configuration. A default is nobody's word, and what is as it would be anyway needs none.
    #[must_use]
    pub fn unheard(&self, honoured: &[&str]) -> Vec<String> {
        let is_said = |setting: &&Setting| !matches!(setting.origin, Origin::Default | Origin::DefaultOf(_));
        let told =
            self.origins.iter().filter(is_said).filter(|setting| !honoured.contains(&setting.key)).filter(|setting| {
                keys().iter().any(|key| key.name == setting.key && key.is_hosts() && key.default() != setting.value)
            });
        told.map(|Setting { key, origin, .. }| {
            format!(
                "{origin}: {key} is for the program that makes the registry, and this one does not look at it: its metrics are as it \
                 registered them"
            )
        })
        .collect()
    }
}

impl Given {
    fn refusal(&self) -> ConfigError {
        let shown = match &self.value {
            _ if self.key.place.is_secret() => HIDDEN.to_owned(),
            Tree::Text(text) => quoted(text),
            other => other.is().to_owned(),
        };
        let (name, key) = (&self.name, self.key.name);
        let what = if name == key || self.origin.to_string().ends_with(name.as_str()) {
            format!("{}: {key}", self.origin)
        } else {
            format!("{}: {name} ({key})", self.origin)
        };
        let allowed = match self.before {
            ":" => "a port, 0 to 65535".to_owned(),
            _ => self.key.allowed(),
        };
        ConfigError::new(Some(key), format!("{what} cannot be {shown}; allowed: {allowed}"))
    }
}

/// A dialect's own names, and the keys they are for.
fn aliases(dialect: Dialect) -> impl Iterator<Item = (&'static Key, &'static Alias)> {
    keys().iter().flat_map(move |key| {
        key.aliases.iter().filter(move |alias| alias.dialect == dialect).map(move |alias| (key, alias))
    })
}

/// The entries of a mapping in which every name is a text and stands once.
fn entries<'a>(tree: &'a Tree, path: &str, origin: &Origin) -> Result<Vec<(&'a str, &'a Tree)>, ConfigError> {
    let place = if path.is_empty() { origin.to_string() } else { format!("{origin}: {path}") };
    let all = match tree {
        Tree::Null => return Ok(Vec::new()),
        Tree::Map(all) => all,
        _ => return Err(ConfigError::new(None, format!("{place} must be a mapping of keys to values"))),
    };
    if let Some((what, _)) = all.iter().find(|(_, value)| *value == Tree::Nameless) {
        return Err(ConfigError::new(None, format!("{place} has {what} in the place of a key; a key is a text")));
    }
    let mut seen = BTreeSet::new();
    if let Some((twice, _)) = all.iter().find(|(name, _)| !seen.insert(name)) {
        return Err(ConfigError::new(None, format!("{place} has {} twice; keep one", quoted(twice))));
    }
    Ok(all.iter().map(|(name, value)| (name.as_str(), value)).collect())
}

fn unknown<'a>(name: &str, place: &str, known: impl Iterator<Item = &'a str> + Clone) -> ConfigError {
    let near = did_you_mean(name, known.clone());
    let all: Vec<&str> = known.collect();
    ConfigError::new(None, format!("{place}: unknown key {}{near} (known: {})", quoted(name), all.join(", ")))
}
