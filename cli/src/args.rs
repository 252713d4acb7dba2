//! The command line, and the help that teaches it. `docs/cli.md` shows these texts, and a test compares.

use crate::output::Color;
use crate::read::Format;
use clap::{Args as ClapArgs, Parser, Subcommand};
use std::path::PathBuf;
use std::time::Duration;

/// Checks, shows and serves metrics.
#[derive(Debug, Parser)]
#[command(name = "tykmetrics", version, max_term_width = 100, after_help = EXAMPLES, disable_help_subcommand = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXAMPLES: &str = "\
Examples:
  tykmetrics check http://127.0.0.1:9090/metrics   is what my service says valid, and well named?
  tykmetrics top http://127.0.0.1:9090/metrics     requests, errors and latencies, live
  tykmetrics serve --textfile /var/lib/metrics     one endpoint for *.prom files
  tykmetrics config metrics.yaml                   what a server would do, and who said so

Each command has its own --help with examples and exit codes.";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Says whether expositions are valid and well named
    #[command(after_help = CHECK)]
    Check(Check),
    /// Shows a live view of what an endpoint says
    #[command(after_help = TOP)]
    Top(Top),
    /// Serves metrics from files, or from a sample gateway
    #[command(after_help = SERVE)]
    Serve(Serve),
    /// Shows the configuration of a server, and where each value comes from
    #[command(after_help = CONFIG)]
    Config(Config),
    /// Prints completions for a shell
    #[command(after_help = COMPLETIONS)]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Prints the manual page
    #[command(after_help = "Example:\n  tykmetrics man | man -l -")]
    Man,
}

const COMPLETIONS: &str = "\
Examples:
  source <(tykmetrics completions bash)
  tykmetrics completions zsh > ~/.zfunc/_tykmetrics
  tykmetrics completions fish > ~/.config/fish/completions/tykmetrics.fish";

const CHECK: &str = "\
Formats: the Prometheus text format (0.0.4 and 1.0.0), OpenMetrics 1.0 and 2.0, protobuf (delimited) and the JSON of
tykmetrics. Which one it is says --format, or the Content-Type of a URL, or the end of a file's name (.prom, .om, .om2,
.pb, .json, each also with .gz), or else how it looks.

Rules: counter-suffix, reserved-suffix, reserved-label, base-unit, unit-abbreviation, unit-suffix, type-in-name, camel-case,
colon, no-help, counter-value, quantile-range, histogram-sum, cardinality. They warn. What breaks the format is an
error under whatever --lint says: what cannot be read, a series told twice, histograms without +Inf, with falling
buckets or with a count that is not the last bucket's.

Examples:
  tykmetrics check http://127.0.0.1:9090/metrics
  tykmetrics check --strict metrics.prom                   warnings fail the build, too
  tykmetrics check --lint=none --format openmetrics -      only whether it is valid
  tykmetrics check --lint=all,-no-help --limit 500 a.prom b.prom
  tykmetrics check --cardinality https://gateway:9443/metrics --bearer @token --ca ca.pem
  tykmetrics check --output json metrics.prom | jq '.[].problems[] | select(.severity == \"error\")'

Exit codes:
  0  valid (there may be warnings)
  1  invalid
  2  wrong arguments, or an input that cannot be had
  3  valid with warnings, under --strict";

pub(crate) const TOP: &str = "\
Requests are counters of requests or with a status, and histograms and summaries; an error is a status of 4xx or 5xx, a gRPC
code that is not OK, or a word that says so. Two scrapes make a rate, so numbers come with the second. Latencies are estimated from the buckets of histograms, native ones
where there are such.

Keys: 1 2 3 or Tab the view (requests, families, values), s the sort key, r its direction, / a filter (Enter keeps it,
Esc drops it), arrows, PgUp and PgDn move, p or Space pauses, q or Ctrl-C ends.

Examples:
  tykmetrics top http://127.0.0.1:9090/metrics
  tykmetrics top --interval 1s --sort errors 127.0.0.1:9090
  tykmetrics top --once --view families http://127.0.0.1:9090/metrics

Exit codes:
  0  ended by its user, or printed (--once)
  1  what the server said was no exposition (--once)
  2  wrong arguments, no terminal, or no answer (--once)";

const SERVE: &str = "\
With --textfile, every *.prom file of a directory is read at each scrape, and all are served as one exposition. A file that
is not valid is left out whole, and told of by tykmetrics_textfile_error{file} and node_textfile_scrape_error; how old files are
says node_textfile_mtime_seconds. Write to another name and rename, so that no half of a file is read.
With hygiene.enabled, secrets in label values of files are replaced, too; counters whose labels become the same are added up.

Without --textfile, the metrics of a made-up gateway are served, so that there is something to look at.

Examples:
  tykmetrics serve
  tykmetrics serve --textfile /var/lib/metrics --listen 127.0.0.1:9100
  tykmetrics serve --config metrics.yaml --listen unix:/run/metrics.sock

Exit codes:
  0  ended by a signal
  2  wrong arguments, a bad configuration, or an address that cannot be listened at";

const CONFIG: &str = "\
Files are JSON or YAML; the environment is stronger than a file. Secrets are not shown. What a server looks at before it listens is
looked at here: keys and values, files with secrets, certificates and their keys. Whether the address is free is not.

Examples:
  tykmetrics config
  tykmetrics config metrics.yaml
  METRICS_ADDR=127.0.0.1:9200 tykmetrics config --output json

Exit codes:
  0  a server would start with it, or is not enabled by it
  1  a key is unknown, or a value or a certificate is bad
  2  wrong arguments, or a file that cannot be read";

/// How to report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Output {
    /// For people
    Human,
    /// For scripts
    Json,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Check {
    /// What to check: URLs, files, or - for standard input
    #[arg(required = true, value_name = "URL|FILE|-")]
    pub(crate) inputs: Vec<String>,
    /// The format, if it is not to be found out
    #[arg(long, value_enum)]
    pub(crate) format: Option<Format>,
    /// Refuses names in texts that readers before UTF-8 names do not know
    #[arg(long)]
    pub(crate) legacy_names: bool,
    /// Which rules warn: all, none, or rules by name, and -rule to leave one out
    #[arg(long, value_name = "RULES", default_value = "all", allow_hyphen_values = true)]
    pub(crate) lint: String,
    /// Warnings end with status 3
    #[arg(long)]
    pub(crate) strict: bool,
    /// Series that a family may have before there is a warning
    #[arg(long, value_name = "SERIES", default_value_t = 10_000)]
    pub(crate) limit: usize,
    /// Shows how many series each family has, and which label makes it grow
    #[arg(long)]
    pub(crate) cardinality: bool,
    /// How to report
    #[arg(long, value_enum, default_value_t = Output::Human)]
    pub(crate) output: Output,
    /// Says nothing but by the exit status
    #[arg(long, short)]
    pub(crate) quiet: bool,
    /// Colours: on a terminal unless NO_COLOR is set, always or never
    #[arg(long, value_enum, default_value_t = Color::Auto, hide_possible_values = true, value_name = "auto|always|never")]
    pub(crate) color: Color,
    #[command(flatten)]
    pub(crate) http: Http,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Top {
    /// The endpoint; the path is /metrics if there is none
    #[arg(value_name = "URL")]
    pub(crate) url: String,
    /// The time between two scrapes
    #[arg(long, short, value_name = "TIME", default_value = "2s", value_parser = duration)]
    pub(crate) interval: Duration,
    /// Scrapes twice, prints one table and ends
    #[arg(long)]
    pub(crate) once: bool,
    /// What to show first
    #[arg(long, value_enum, default_value_t = crate::top::View::Requests)]
    pub(crate) view: crate::top::View,
    /// What to sort by
    #[arg(long, value_enum)]
    pub(crate) sort: Option<crate::top::Sort>,
    /// Shows only rows that contain this
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(crate) filter: String,
    /// Colours: on a terminal unless NO_COLOR is set, always or never
    #[arg(long, value_enum, default_value_t = Color::Auto, hide_possible_values = true, value_name = "auto|always|never")]
    pub(crate) color: Color,
    #[command(flatten)]
    pub(crate) http: Http,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Serve {
    /// Where to listen: host:port, :port (every interface), port 0 (any), unix:PATH
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: Option<String>,
    /// The configuration of the server, JSON or YAML
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Sets a key of the configuration (may be given several times)
    #[arg(long, value_name = "KEY=VALUE", value_parser = setting)]
    pub(crate) set: Vec<(String, String)>,
    /// Serves the *.prom files of this directory
    #[arg(long, value_name = "DIR")]
    pub(crate) textfile: Option<PathBuf>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Config {
    /// The file, JSON or YAML; without one, what the environment and the defaults say
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// Sets a key, as an argument of `serve` would (may be given several times)
    #[arg(long, value_name = "KEY=VALUE", value_parser = setting)]
    pub(crate) set: Vec<(String, String)>,
    /// How to report
    #[arg(long, value_enum, default_value_t = Output::Human)]
    pub(crate) output: Output,
    /// Colours: on a terminal unless NO_COLOR is set, always or never
    #[arg(long, value_enum, default_value_t = Color::Auto, hide_possible_values = true, value_name = "auto|always|never")]
    pub(crate) color: Color,
}

/// How to ask a server.
#[derive(Debug, Clone, ClapArgs)]
#[command(next_help_heading = "Asking a server")]
pub(crate) struct Http {
    /// A header to send (may be given several times)
    #[arg(long = "header", short = 'H', value_name = "NAME: VALUE")]
    pub(crate) headers: Vec<String>,
    /// A bearer token, or @FILE that holds it
    #[arg(long, value_name = "TOKEN", conflicts_with = "basic")]
    pub(crate) bearer: Option<String>,
    /// A name and a password, or @FILE that holds them
    #[arg(long, value_name = "NAME:PASSWORD")]
    pub(crate) basic: Option<String>,
    /// Trust these authorities (PEM) instead of the system's
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
    /// Our certificate (PEM), for servers that ask for one
    #[arg(long, value_name = "FILE", requires = "key")]
    pub(crate) cert: Option<PathBuf>,
    /// Its private key (PEM)
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub(crate) key: Option<PathBuf>,
    /// How long an answer may take in all
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = duration)]
    pub(crate) timeout: Duration,
    /// How many bytes an input may have, unpacked
    #[arg(long, value_name = "BYTES", default_value = "256MiB", value_parser = size)]
    pub(crate) max_size: usize,
}

/// `key=value`.
fn setting(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) => Ok((key.trim().to_owned(), value.to_owned())),
        None => Err(format!("{text:?} is no setting: give KEY=VALUE")),
    }
}

/// `10s`, `250ms`, `1m`, `2.5`: seconds if there is no unit.
fn duration(text: &str) -> Result<Duration, String> {
    let refused = || format!("{text:?} is no time: give a number of ms, s or m, as 250ms, 10s or 1m");
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let number: f64 = text[..end].parse().map_err(|_| refused())?;
    let unit = match text[end..].trim() {
        "ms" => 1e-3,
        "" | "s" => 1.0,
        "m" => 60.0,
        _ => return Err(refused()),
    };
    // A day is more than anybody waits, and keeps sums of moments in range.
    let seconds = number * unit;
    if !(0.001..=86_400.0).contains(&seconds) {
        return Err(format!("{text:?} is out of range: a time is from 1ms to a day"));
    }
    Ok(Duration::from_secs_f64(seconds))
}

/// `1000`, `64KiB`, `256MiB`, `1GiB`.
fn size(text: &str) -> Result<usize, String> {
    let refused = || format!("{text:?} is no size: give a number of bytes, KiB, MiB or GiB");
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: usize = text[..end].parse().map_err(|_| refused())?;
    let shift = match text[end..].trim() {
        "" | "B" => 0,
        "KiB" => 10,
        "MiB" => 20,
        "GiB" => 30,
        _ => return Err(refused()),
    };
    number.checked_mul(1 << shift).filter(|size| *size > 0).ok_or_else(refused)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn times_and_sizes_have_units() {
        assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(duration("2"), Ok(Duration::from_secs(2)));
        assert_eq!(duration("1.5m"), Ok(Duration::from_secs(90)));
        for bad in ["", "s", "-1s", "1h", "0", "1e99", "100000s", "NaN"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
        assert_eq!(size("64KiB"), Ok(65536));
        assert_eq!(size("12"), Ok(12));
        for bad in ["", "0", "-1", "1kB", "99999999999999999GiB"] {
            assert!(size(bad).is_err(), "{bad}");
        }
    }
}
