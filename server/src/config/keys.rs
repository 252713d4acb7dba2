//! The table of keys: everything that can be said to a server, once.
//!
//! Reading files and the environment, errors, the table of origins and `docs/configuration.md` are made from it. To add a
//! key is to add a field to [`Config`](super::Config) and a line here.

use super::place::Place;
use super::{Config, Dialect};
use crate::shared::LEAST_HEADER_BYTES;
use std::path::PathBuf;
use std::time::Duration;
use tykmetrics::hygiene::Kind;

/// A configuration in the making: with what only says where a value is found.
#[derive(Clone, Default)]
pub(super) struct Draft {
    pub(super) config: Config,
    pub(super) basic_name: Option<String>,
    pub(super) basic_password: Option<String>,
    pub(super) basic_password_file: Option<PathBuf>,
    pub(super) bearer_file: Option<PathBuf>,
}

/// A gateway's own name for a key.
pub(super) struct Alias {
    pub(super) dialect: Dialect,
    /// In its file's block; none if it has no file.
    pub(super) file: Option<&'static str>,
    /// In the environment, after what the dialect's names begin with.
    pub(super) environment: &'static str,
    /// What the value is put behind: a port alone means every interface.
    pub(super) before: &'static str,
}

/// A setting.
pub struct Key {
    pub(super) name: &'static str,
    pub(super) place: Place,
    about: &'static str,
    pub(super) aliases: &'static [Alias],
    is_hosts: bool,
}

impl Key {
    /// Its own name: `limits.scrape_timeout`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Its own name in the environment: `TYKMETRICS_LIMITS_SCRAPE_TIMEOUT`.
    #[must_use]
    pub fn environment(&self) -> String {
        format!("{OWN}{}", self.name.to_ascii_uppercase().replace('.', "_"))
    }

    /// What it does.
    #[must_use]
    pub fn about(&self) -> &'static str {
        self.about
    }

    /// Whether it is for the program that makes the registry, which reads it from the [`Config`]: a server can only say that it was
    /// said.
    #[must_use]
    pub fn is_hosts(&self) -> bool {
        self.is_hosts
    }

    /// Its type, in a word.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        self.place.kind()
    }

    /// What is allowed.
    #[must_use]
    pub fn allowed(&self) -> String {
        self.place.allowed()
    }

    /// What holds where nothing is said; empty if nothing does.
    #[must_use]
    pub fn default(&self) -> String {
        self.place.show(&mut Draft::default())
    }

    /// A gateway's own names: in its file, with its block, if it has one, and in the environment.
    #[must_use]
    pub fn of(&self, dialect: Dialect) -> Option<(Option<String>, String)> {
        let alias = self.aliases.iter().find(|alias| alias.dialect == dialect)?;
        let file = dialect.block().zip(alias.file).map(|(block, name)| format!("{}.{name}", block.join(".")));
        Some((file, format!("{}{}", dialect.environment(), alias.environment)))
    }
}

/// What our names in the environment begin with.
pub(super) const OWN: &str = "TYKMETRICS_";

/// Names in the environment that begin as ours and are other parts': where a library lies, and what tests are told.
pub(super) const OTHERS: &[&str] = &[
    "ALIKE_PROGRAMS",
    "ALONE",
    "JUDGES",
    "LIBRARY",
    "MEMORY",
    "MODELS",
    "PREFIX",
    "PROMETHEUS",
    "PROMTOOL",
    "PYTHON",
    "SDIST_TARGET",
    "STRESS_SECONDS",
    "TEST_ON_TERMINAL",
    "WHEELS",
];

/// Every key, in the order of the documents.
#[must_use]
pub fn keys() -> &'static [Key] {
    KEYS
}

const fn key(name: &'static str, place: Place, about: &'static str) -> Key {
    Key { name, place, about, aliases: &[], is_hosts: false }
}

/// A key that is the host's to honour.
const fn host(name: &'static str, place: Place, about: &'static str) -> Key {
    Key { is_hosts: true, ..key(name, place, about) }
}

const fn tyk(file: &'static str, environment: &'static str) -> Alias {
    Alias { dialect: Dialect::Tyk, file: Some(file), environment, before: "" }
}

const fn gotrack(environment: &'static str) -> Alias {
    Alias { dialect: Dialect::GoTrack, file: None, environment, before: "" }
}

const fn metastore(file: &'static str, environment: &'static str) -> Alias {
    Alias { dialect: Dialect::MetaStore, file: Some(file), environment, before: "" }
}

impl Key {
    const fn also(self, aliases: &'static [Alias]) -> Key {
        Key { aliases, ..self }
    }
}

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);
const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

const KEYS: &[Key] = &[
    key("enabled", Place::Bool(|d| &mut d.config.enabled), "Whether to serve at all.").also(&[
        tyk("enabled", "ENABLED"),
        gotrack("ENABLED"),
        metastore("enable_prometheus", "ENABLE_PROMETHEUS"),
    ]),
    key("listen", Place::Listen(|d| &mut d.config.listen), "Where to listen.").also(&[
        tyk("listen_address", "LISTENADDRESS"),
        gotrack("ADDR"),
        Alias { before: ":", ..metastore("prometheus_port", "PROMETHEUS_PORT") },
    ]),
    key("path", Place::Route(|d| &mut d.config.path), "The path of the metrics; other routes lie below it.")
        .also(&[tyk("path", "PATH")]),
    key("routes.json", Place::Bool(|d| &mut d.config.routes.json), "Serve the metrics as JSON, at `/metrics/json`."),
    key("routes.health", Place::Bool(|d| &mut d.config.routes.health), "Serve key figures, at `/metrics/health`."),
    key(
        "routes.reset",
        Place::Bool(|d| &mut d.config.routes.reset),
        "Let who is authenticated set the metrics back, by POST to `/metrics/reset`.",
    ),
    key("routes.page", Place::Bool(|d| &mut d.config.routes.page), "Serve the page for people, at `/`."),
    key("tls.cert", Place::File(|d| &mut d.config.tls.cert), "The certificate chain, PEM; plain HTTP without one.")
        .also(&[gotrack("TLS_CERT")]),
    key("tls.key", Place::File(|d| &mut d.config.tls.key), "Its private key, PEM.").also(&[gotrack("TLS_KEY")]),
    key(
        "tls.client_ca",
        Place::File(|d| &mut d.config.tls.client_ca),
        "The authorities whose clients are let in, PEM: mutual TLS.",
    )
    .also(&[gotrack("CLIENT_CA")]),
    key("tls.required", Place::Bool(|d| &mut d.config.tls.required), "Refuse to start without TLS.")
        .also(&[gotrack("REQUIRE_TLS")]),
    key(
        "tls.reload",
        Place::Duration(|d| &mut d.config.tls.reload, SECOND, HOUR),
        "How often the files are looked at for new ones.",
    ),
    key("auth.basic_name", Place::User(|d| &mut d.basic_name), "The name of basic authentication."),
    key("auth.basic_password", Place::Secret(|d| &mut d.basic_password), "Its password."),
    key(
        "auth.basic_password_file",
        Place::File(|d| &mut d.basic_password_file),
        "A file that the password is the content of.",
    ),
    key("auth.bearer", Place::Secret(|d| &mut d.config.auth.bearer), "The token of bearer authentication."),
    key("auth.bearer_file", Place::File(|d| &mut d.bearer_file), "A file that the token is the content of."),
    key(
        "limits.concurrent_scrapes",
        Place::Count(|d| &mut d.config.limits.concurrent_scrapes, 1, 1000),
        "Scrapes at the same time; one more is answered with 503.",
    ),
    key(
        "limits.scrape_timeout",
        Place::Duration(|d| &mut d.config.limits.scrape_timeout, MS, HOUR),
        "How long a scrape may take; a shorter timeout of Prometheus's own is honoured.",
    ),
    key(
        "limits.header_bytes",
        Place::Bytes(|d| &mut d.config.limits.header_bytes, LEAST_HEADER_BYTES, MIB),
        "The request line and headers of a request.",
    ),
    key("limits.body_bytes", Place::Bytes(|d| &mut d.config.limits.body_bytes, 0, MIB), "The body of a request."),
    key(
        "limits.header_timeout",
        Place::Duration(|d| &mut d.config.limits.header_timeout, MS, HOUR),
        "How long a client may take for its request.",
    ),
    key(
        "limits.idle_timeout",
        Place::Duration(|d| &mut d.config.limits.idle_timeout, MS, HOUR),
        "How long a connection may rest between requests.",
    ),
    key(
        "limits.connections",
        Place::Count(|d| &mut d.config.limits.connections, 1, 100_000),
        "Connections at the same time.",
    ),
    key(
        "limits.requests_per_second",
        Place::Rate(|d| &mut d.config.limits.requests_per_second, 1_000_000.0),
        "Requests a second of one address.",
    ),
    key(
        "shutdown_grace",
        Place::Duration(|d| &mut d.config.shutdown_grace, Duration::ZERO, HOUR),
        "How long a scrape that runs may go on once the server is told to end.",
    ),
    key(
        "hygiene.enabled",
        Place::Bool(|d| &mut d.config.hygiene.enabled),
        "Replace keys, tokens, passwords and e-mail addresses in label values.",
    ),
    key(
        "hygiene.patterns",
        Place::Patterns(|d| &mut d.config.hygiene.patterns),
        "More regular expressions whose matches are replaced.",
    ),
    key("hygiene.keep", Place::Words(|d| &mut d.config.hygiene.keep, kinds), "Kinds that are left as they are."),
    host(
        "metric_prefix",
        Place::Prefix(|d| &mut d.config.metric_prefix),
        "What the names of the host's own metrics begin with.",
    )
    .also(&[tyk("metric_prefix", "METRICPREFIX")]),
    host("labels", Place::Labels(|d| &mut d.config.labels), "Labels that every series carries.")
        .also(&[tyk("custom_labels", "CUSTOMLABELS")]),
    host("collectors.process", Place::Bool(|d| &mut d.config.collectors.process), "Collect `process_*`.")
        .also(&[tyk("enable_process_collector", "ENABLEPROCESSCOLLECTOR")]),
    host(
        "collectors.runtime",
        Place::Bool(|d| &mut d.config.collectors.runtime),
        "Collect what the host's runtime (Go, Python, Node) tells of itself.",
    )
    .also(&[tyk("enable_go_collector", "ENABLEGOCOLLECTOR")]),
    host("slow_request", Place::Threshold(|d| &mut d.config.slow_request), "Requests that take longer are slow.")
        .also(&[metastore("slow_request_threshold", "SLOW_REQUEST_THRESHOLD")]),
];

/// The kinds of what hygiene replaces, but for the user's own patterns.
fn kinds() -> Vec<&'static str> {
    Kind::ALL.into_iter().filter(|kind| *kind != Kind::Pattern).map(Kind::as_str).collect()
}
