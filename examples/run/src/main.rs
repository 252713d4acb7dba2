//! `run-gateways`: the main job of the project, on real gateways.
//!
//! Gateways in several languages, each a process that records through its own door and serves the endpoint (`child`); a load
//! on all of them (`load`, `traffic`); totals while it runs (`show`); and at the end what was sent beside what each
//! `/metrics` says (`compare`), which must be the same to the last request. `make run` is the caller, and `make test` for a
//! few seconds. Promised: it ends in bounded time, and leaves no process behind.

mod child;
mod compare;
mod http;
mod load;
mod options;
mod show;
mod traffic;

use child::{Process, Serving};
use compare::{Columns, Dialect, differences, expected, found};
use http::Client;
use load::{Load, Tally};
use options::{GATEWAYS, HELP, Options, options};
use show::{Row, Screen, Total};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag::{register, register_conditional_shutdown};
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long a gateway may take to count what it has answered: some record a request after its last byte.
const SETTLE: Duration = Duration::from_secs(5);
/// How long a scrape may take: a `/metrics` of these gateways is a few kilobytes.
const SCRAPE: Duration = Duration::from_secs(3);
/// What an endpoint has beside the metrics, and a part of each answer.
const ROUTES: [(&str, &str); 5] = [
    ("/", "<html"),
    ("/healthz", "OK"),
    ("/metrics/json", "http_requests_total"),
    ("/metrics/health", "\"status\""),
    ("/metrics/overview", "http_requests_total"),
];
const STEP: Duration = Duration::from_millis(20);
/// Where lines are not rewritten, totals come after the first second and then so often.
const PLAIN_SECONDS: u64 = 5;

/// A gateway that serves.
struct Gateway {
    process: Process,
    dialect: Dialect,
    serving: Serving,
    metrics: Client,
}

impl Gateway {
    /// What its `/metrics` says of what is compared.
    fn scrape(&mut self) -> Result<compare::Series, String> {
        let answer = self.metrics.ask("GET", "/metrics", None);
        let answer = answer.map_err(|error| format!("/metrics had no answer: {error}"))?;
        if answer.status != 200 {
            return Err(format!("/metrics was answered {}", answer.status));
        }
        found(self.dialect, &answer.body)
    }

    /// What its endpoint does not serve as it should.
    fn missing(&mut self) -> Vec<String> {
        let name = self.process.name;
        let mut missing = Vec::new();
        for (route, part) in ROUTES {
            match self.metrics.ask("GET", route, None) {
                Ok(answer) if answer.status == 200 && String::from_utf8_lossy(&answer.body).contains(part) => {}
                Ok(answer) => {
                    missing.push(format!("{name}: {route} was answered {}, and should have {part:?}", answer.status));
                }
                Err(error) => missing.push(format!("{name}: {route} had no answer: {error}")),
            }
        }
        missing
    }
}

fn main() -> ExitCode {
    let options = match options(std::env::args_os().skip(1)) {
        Ok(Some(options)) => options,
        Ok(None) => {
            say(HELP);
            return ExitCode::SUCCESS;
        }
        Err(message) => {
            eprintln!("run-gateways: {message}\nSee `run-gateways --help`.");
            return ExitCode::from(2);
        }
    };
    match interrupts().map_err(|error| error.to_string()).and_then(|interrupted| run(&options, &interrupted)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("run-gateways: {message}");
            ExitCode::FAILURE
        }
    }
}

/// A flag that signals set; a second one ends the program, and with their inputs the gateways.
fn interrupts() -> io::Result<Arc<AtomicBool>> {
    let flag = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        register_conditional_shutdown(signal, 128 + signal, Arc::clone(&flag))?;
        register(signal, Arc::clone(&flag))?;
    }
    Ok(flag)
}

/// Starts, loads, compares, ends; false if something was not equal.
fn run(options: &Options, interrupted: &AtomicBool) -> Result<bool, String> {
    // Relaxed: the flag is all that the signal says.
    let interrupted = || interrupted.load(Relaxed);
    let Some(mut gateways) = start(options, interrupted)? else { return Ok(true) };
    where_to_look(&gateways, options.seconds);

    let loads: Vec<Load> = gateways
        .iter()
        .zip(options.seed..)
        .map(|(gateway, seed)| Load::start(gateway.serving.application, seed))
        .collect();
    let watched = watch(&mut gateways, &loads, options.seconds, interrupted);
    loads.iter().for_each(Load::stop);
    let tallies: Vec<Tally> = loads.into_iter().map(Load::end).collect();
    watched?;

    let mut wrong = Vec::new();
    let rows: Vec<Row> =
        gateways.iter_mut().zip(tallies).map(|(gateway, tally)| judge(gateway, tally, &mut wrong)).collect();
    // All are told before any is waited for. What they were asked over is closed first, so that nothing holds them.
    for gateway in &mut gateways {
        gateway.metrics.close();
        gateway.process.leave();
    }
    wrong.extend(gateways.iter_mut().filter_map(|gateway| gateway.process.end().err()));
    say(&format!("\n{}\n", show::table(&rows)));
    if wrong.is_empty() {
        say("Every request that was answered is in /metrics, and nothing else: equal.\n");
    }
    wrong.iter().for_each(|what| eprintln!("run-gateways: {what}"));
    Ok(wrong.is_empty())
}

/// Starts every gateway, all at once, and waits until they serve. `None` if it was interrupted.
fn start(options: &Options, interrupted: impl Fn() -> bool) -> Result<Option<Vec<Gateway>>, String> {
    let mut started = Vec::new();
    for ((name, dialect), command) in GATEWAYS.into_iter().zip(&options.commands) {
        let Some(command) = command else { continue };
        let port = if options.port == 0 { 0 } else { options.port + started.len() as u16 };
        started.push((Process::start(name, command, port)?, dialect));
    }
    let mut gateways = Vec::new();
    for (mut process, dialect) in started {
        let Some(serving) = process.serving(&interrupted)? else { return Ok(None) };
        gateways.push(Gateway { process, dialect, serving, metrics: Client::new(serving.endpoint, SCRAPE) });
    }
    Ok(Some(gateways))
}

fn where_to_look(gateways: &[Gateway], seconds: u64) {
    let many = if gateways.len() == 1 { "A gateway".to_owned() } else { format!("{} gateways", gateways.len()) };
    let mut text = format!("{many} under load for {seconds} s (Ctrl-C ends it early). Where to look:\n");
    for gateway in gateways {
        let Serving { application, endpoint } = gateway.serving;
        let name = gateway.process.name;
        text += &format!(
            "  {name:<7} page http://{endpoint}/  metrics http://{endpoint}/metrics  gateway http://{application}/\n"
        );
    }
    for (name, _) in GATEWAYS {
        if gateways.iter().all(|gateway| gateway.process.name != name) {
            text += &format!("  {name:<7} left out: there is no command to start it (--{name})\n");
        }
    }
    say(&(text + "\n"));
}

/// Prints. Whoever reads it may be gone: the comparison is still worth its exit code, so that this is no failure.
fn say(text: &str) {
    let _ = io::stdout().write_all(text.as_bytes()).and_then(|()| io::stdout().flush());
}

/// Shows totals until the time is over or somebody interrupts; an error if a gateway ended.
fn watch(gateways: &mut [Gateway], loads: &[Load], seconds: u64, interrupted: impl Fn() -> bool) -> Result<(), String> {
    let terminal = io::stdout().is_terminal();
    let mut screen = Screen::new(io::stdout(), terminal);
    let mut before = vec![0; loads.len()];
    let begun = Instant::now();
    let (mut last, mut second) = (0, 1);
    while second <= seconds {
        while begun.elapsed() < Duration::from_secs(second) {
            if interrupted() {
                return Ok(());
            }
            gateways.iter_mut().try_for_each(|gateway| gateway.process.alive())?;
            sleep(STEP);
        }
        let mut totals = Vec::new();
        for ((gateway, load), before) in gateways.iter_mut().zip(loads).zip(&mut before) {
            let tally = load.tally();
            let requests = tally.requests();
            let metrics = gateway.scrape().ok().map(|series| Columns::of(gateway.dialect, &series).requests);
            let (name, errors) = (gateway.process.name, tally.errors());
            let per_second = (requests - std::mem::replace(before, requests)) / (second - last);
            totals.push(Total { name, requests, errors, per_second, metrics });
        }
        if terminal || second == 1 || second % PLAIN_SECONDS == 0 {
            // As in `say`.
            let _ = screen.draw(&show::totals(second, &totals));
        }
        // A slow scrape costs totals, and never makes the whole longer.
        (last, second) = (second, begun.elapsed().as_secs() + 1);
    }
    Ok(())
}

/// Compares what was sent with what `/metrics` says; adds what is wrong.
fn judge(gateway: &mut Gateway, tally: Tally, wrong: &mut Vec<String>) -> Row {
    let name = gateway.process.name;
    let expected = expected(gateway.dialect, &tally);
    let until = Instant::now() + SETTLE;
    let mut differ = Vec::new();
    let mut last = None;
    // Equal twice, with a pause between: what is counted late may be too much.
    let mut equal = 0;
    while equal < 2 && Instant::now() < until {
        if last.is_some() {
            sleep(STEP * 5);
        }
        match gateway.scrape() {
            Ok(series) => {
                differ = differences(&expected, &series);
                last = Some(series);
            }
            Err(error) => {
                differ = vec![error];
                last = None;
                sleep(STEP);
            }
        }
        equal = if differ.is_empty() { equal + 1 } else { 0 };
    }
    if tally.requests() == 0 {
        wrong.push(format!("{name}: no request was answered"));
    }
    wrong.extend(tally.troubles.iter().chain(&differ).map(|what| format!("{name}: {what}")));
    wrong.extend(gateway.missing());
    let metrics = last.map(|series| Columns::of(gateway.dialect, &series));
    Row { name, sent: Columns::sent(&tally), metrics, series: expected.len(), equal: equal == 2 }
}
