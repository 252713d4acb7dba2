//! The gateways' own names: whose they are, where they stand, and what holds where nothing is said.
//!
//! What each name means is said beside the key it sets, in `keys.rs`.

/// A gateway whose own configuration works as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dialect {
    /// Tyk: the block `prometheus` of its file, `TYK_GW_PROMETHEUS_*`.
    Tyk,
    /// GoTrack: `METRICS_*`.
    GoTrack,
    /// MetaStore: `server.monitoring` of its file, `METASTORE_MONITORING_*`.
    MetaStore,
}

impl Dialect {
    /// Every dialect; a later one has the last word where two say the same.
    pub const ALL: [Dialect; 3] = [Dialect::Tyk, Dialect::GoTrack, Dialect::MetaStore];

    /// Where its settings stand in its file.
    #[must_use]
    pub fn block(self) -> Option<&'static [&'static str]> {
        match self {
            Dialect::Tyk => Some(&["prometheus"]),
            Dialect::GoTrack => None,
            Dialect::MetaStore => Some(&["server", "monitoring"]),
        }
    }

    /// What its names in the environment begin with.
    #[must_use]
    pub fn environment(self) -> &'static str {
        match self {
            Dialect::Tyk => "TYK_GW_PROMETHEUS_",
            Dialect::GoTrack => "METRICS_",
            Dialect::MetaStore => "METASTORE_MONITORING_",
        }
    }

    /// Whether a name that begins so and that nobody knows is a mistake: `METRICS_` is too common a beginning for that.
    pub(super) fn is_its_own(self) -> bool {
        self != Dialect::GoTrack
    }

    /// What holds where only this gateway's names are used and they do not say: its own defaults, as it documents them. That it is
    /// not `enabled` holds beside other names, too.
    #[must_use]
    pub fn defaults(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Dialect::Tyk => &[("enabled", "false"), ("listen", ":9090"), ("metric_prefix", "tyk_gateway")],
            Dialect::GoTrack => &[("enabled", "false"), ("listen", "127.0.0.1:9090")],
            Dialect::MetaStore => &[("enabled", "false"), ("listen", ":9090")],
        }
    }
}

impl std::fmt::Display for Dialect {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Dialect::Tyk => "Tyk",
            Dialect::GoTrack => "GoTrack",
            Dialect::MetaStore => "MetaStore",
        })
    }
}
