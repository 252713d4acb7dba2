//! `gateway`: an API gateway in miniature, and what its metrics say.
//!
//! One process and no network: workers draw requests (`load`, `traffic`), serve them as a gateway would and record that
//! (`metrics`), while the main thread reads snapshots and draws them (`show`). At the end the load generator's own
//! counts must be the registry's, to the last request (`check`), or the program fails.

mod check;
mod load;
mod metrics;
mod os;
mod show;
mod traffic;

use load::Tally;
use metrics::Metrics;
use show::{Screen, grouped};
use std::error::Error;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant};
use tykmetrics::snapshot::Snapshot;
use tykmetrics::{Format, Registry};

const HELP: &str = "\
An API gateway in miniature: five routes, three upstream providers, and metrics of all of it.

usage: gateway [--seconds N] [--workers N] [--format FORMAT] [--once]

  --seconds N      how long the load lasts (5)
  --workers N      threads that serve requests (2)
  --format FORMAT  text, openmetrics, json or protobuf-text (text)
  --once           no table and no summary: the exposition at the end, and nothing else

While it runs, a table shows the last second: requests and errors per second, the 50th, 95th and 99th percentile of the
time to answer, and how the times are spread over the histogram's buckets. It is made of two snapshots of the registry
and their difference. The times are drawn from a random generator and nobody waits for them, so the workers serve some
millions of requests a second: the load is there to record as much as a thread can.

At the end it prints
  * whether the registry counted what the load generator did: every series, to the last request
  * what the metrics cost: CPU time per request, less that of the same load with recording off
  * the exposition, as a Prometheus server would get it
  * quantiles of every endpoint, taken from the histograms without a server

Ctrl-C ends the load early; the summary is printed all the same. It exits with 0 if the counts agree, with 1 if they do
not, with 2 if it does not understand its arguments.

Try
  gateway                                       watch it
  gateway --once --format openmetrics | less    the exposition alone, with the trace ids of slow requests
  gateway --workers 8 --seconds 20              more threads than cores: the counts agree all the same

Where to look in the source: src/metrics.rs is the part to copy, src/load.rs calls it, src/show.rs reads snapshots.
";

/// How long the load runs with recording off.
const CALIBRATION: Duration = Duration::from_millis(300);
/// Lines of the exposition in the summary.
const LINES: usize = 40;
const FORMATS: [Format; 4] = [Format::Text, Format::OpenMetrics, Format::Json, Format::ProtobufText];

struct Options {
    seconds: u64,
    workers: usize,
    format: Format,
    once: bool,
}

fn main() -> ExitCode {
    let options = match options(std::env::args_os().skip(1)) {
        Ok(Some(options)) => options,
        Ok(None) => {
            // Nobody is left to tell if this fails.
            let _ = io::stdout().write_all(HELP.as_bytes());
            return ExitCode::SUCCESS;
        }
        Err(message) => {
            eprintln!("gateway: {message}\nSee `gateway --help`.");
            return ExitCode::from(2);
        }
    };
    os::catch_interrupts();
    match run(&options) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        // The reader has seen enough.
        Err(error) if error.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == ErrorKind::BrokenPipe) => {
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("gateway: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What the arguments ask for; `None` if they ask for help.
fn options(arguments: impl Iterator<Item = std::ffi::OsString>) -> Result<Option<Options>, String> {
    let mut options = Options { seconds: 5, workers: 2, format: Format::Text, once: false };
    let mut arguments = arguments.map(|argument| argument.to_string_lossy().into_owned());
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| format!("{argument} needs a value"));
        match argument.as_str() {
            "--help" | "-h" => return Ok(None),
            "--once" => options.once = true,
            "--seconds" => options.seconds = number(&argument, &value()?, 3600)?,
            "--workers" => options.workers = number(&argument, &value()?, 256)? as usize,
            "--format" => options.format = format(&value()?)?,
            _ => return Err(format!("{argument:?} is no option")),
        }
    }
    Ok(Some(options))
}

fn number(option: &str, text: &str, most: u64) -> Result<u64, String> {
    let number = text.parse().ok().filter(|number| (1..=most).contains(number));
    number.ok_or_else(|| format!("{option} takes a whole number from 1 to {most}, not {text:?}"))
}

fn format(name: &str) -> Result<Format, String> {
    let known = FORMATS.map(Format::as_str).join(", ");
    let format = FORMATS.into_iter().find(|format| format.as_str() == name);
    format.ok_or_else(|| format!("--format takes one of {known}, not {name:?}"))
}

/// Runs the gateway; false if the registry and the load generator differ.
fn run(options: &Options) -> Result<bool, Box<dyn Error>> {
    let metrics = Metrics::new(Registry::new())?;
    let (idle, ()) = load::run(&metrics, options.workers, false, || {
        wait(Instant::now() + CALIBRATION);
    })?;

    metrics.state.enter("serving")?;
    let begun = Instant::now();
    let (tally, watched) = load::run(&metrics, options.workers, true, || watch(options, &metrics))?;
    let took = begun.elapsed();
    watched?;
    metrics.state.enter("draining")?;

    // One look at the registry for the check, the exposition and the quantiles, so that they agree with each other.
    let end = metrics.registry.snapshot();
    let verdict = check::compare(&tally, &end);
    let equal = verdict.differences.is_empty();
    let mut out = io::stdout().lock();
    if options.once {
        out.write_all(&end.render(options.format))?;
    } else {
        let (generator, registry) = (grouped(tally.requests()), grouped(verdict.registry));
        let equality = if equal { "equal" } else { "NOT equal" };
        writeln!(out, "\nload generator {generator} requests · registry {registry} · {equality}")?;
        writeln!(out, "{} series compared, each to the last request\n", verdict.series)?;
        out.write_all(cost(options, &tally, &idle, took).as_bytes())?;
        writeln!(out, "\nthe exposition ({}):\n{}", options.format.as_str(), exposition(options, &end))?;
        writeln!(out, "time to answer, from the histograms:\n{}", show::quantiles(&end))?;
    }
    out.flush()?;
    verdict.differences.iter().for_each(|difference| eprintln!("gateway: {difference}"));
    Ok(equal)
}

/// Draws the table once a second until the time is over or Ctrl-C is pressed.
fn watch(options: &Options, metrics: &Metrics) -> io::Result<()> {
    let begun = Instant::now();
    if options.once {
        wait(begun + Duration::from_secs(options.seconds));
        return Ok(());
    }
    let stdout = io::stdout();
    let terminal = stdout.is_terminal();
    let mut screen = Screen::new(stdout.lock(), terminal);
    let first = metrics.registry.snapshot();
    let mut before = first.clone();
    for second in 1..=options.seconds {
        let whole = wait(begun + Duration::from_secs(second));
        let now = metrics.registry.snapshot();
        screen.draw(&show::live(&now, &before, first.at_ms))?;
        if !whole {
            break;
        }
        before = now;
    }
    Ok(())
}

/// Waits until then, in steps short enough for Ctrl-C to be noticed at once. False if it was pressed.
fn wait(until: Instant) -> bool {
    const STEP: Duration = Duration::from_millis(20);
    while !os::interrupted() {
        match until.checked_duration_since(Instant::now()) {
            Some(left) if !left.is_zero() => std::thread::sleep(left.min(STEP)),
            _ => return true,
        }
    }
    false
}

/// How much was recorded, and what that cost.
fn cost(options: &Options, tally: &Tally, idle: &Tally, took: Duration) -> String {
    let per_request = |tally: &Tally| tally.cpu_nanos as f64 / tally.requests().max(1) as f64;
    let (with, without) = (per_request(tally), per_request(idle));
    let records = tally.records();
    let mut text = format!(
        "{} records per second by {} workers ({:.1} records for each request)\n\
         {:.0} ns of metrics work per request: {with:.0} ns of CPU time, less {without:.0} ns with recording off\n",
        grouped((records as f64 / took.as_secs_f64()) as u64),
        options.workers,
        records as f64 / tally.requests().max(1) as f64,
        with - without,
    );
    if cfg!(debug_assertions) {
        text.push_str("this is a debug build: `cargo run --release` shows what a gateway would pay\n");
    }
    text
}

fn exposition(options: &Options, end: &Snapshot) -> String {
    show::beginning(&end.render(options.format), LINES)
}
