//! One contender in a process of its own.
//!
//! Memory and long scrapes are measured in children of this program, so that no allocator, page or cache is shared
//! between contenders. A child is the same binary with a hidden first argument; it prints `key value` lines.

use std::collections::HashMap;
use std::io::{self, Write};
use std::process::{Command, Stdio};

use crate::engines::{Contender, contenders};
use crate::machine;

/// The hidden first argument.
pub(crate) const ARGUMENT: &str = "child";

/// What a child measured, by name.
pub(crate) type Figures = HashMap<String, f64>;

/// Runs `job` for `contender` in a child. None if the contender does not offer it; an error if the child failed.
pub(crate) fn run(job: &str, contender: &str, arguments: &[usize]) -> io::Result<Option<Figures>> {
    // A child is started with the cores that this thread may use, and has to have them all: it places its threads itself.
    machine::run_free();
    let output = Command::new(std::env::current_exe()?)
        .args([ARGUMENT, job, contender])
        .args(arguments.iter().map(usize::to_string))
        .stderr(Stdio::inherit())
        .output();
    machine::pin(machine::cores() - 1);
    let output = output?;
    if !output.status.success() {
        return Err(io::Error::other(format!("child `{job}` of `{contender}` ended with {}", output.status)));
    }
    let figures = parse(&String::from_utf8_lossy(&output.stdout));
    Ok((!figures.is_empty()).then_some(figures))
}

fn parse(text: &str) -> Figures {
    let pair = |line: &str| {
        let (key, value) = line.split_once(' ')?;
        Some((key.to_owned(), value.parse().ok()?))
    };
    text.lines().filter_map(pair).collect()
}

/// The child's side: `arguments` are what follows the hidden argument.
pub(crate) fn answer(arguments: &[String]) -> Result<(), String> {
    let [job, name, numbers @ ..] = arguments else {
        return Err("a child needs a job and a contender".to_owned());
    };
    let numbers: Vec<usize> = numbers.iter().filter_map(|number| number.parse().ok()).collect();
    let all = contenders();
    let contender: &Contender =
        all.iter().find(|contender| contender.name == name).ok_or_else(|| format!("no contender `{name}`"))?;
    let figures = match (job.as_str(), numbers.as_slice()) {
        ("counters", &[n, streams, renders]) => crate::memory::counters(contender, n, streams, renders),
        ("histograms", &[n, hdr]) => crate::memory::histograms(contender, n, hdr == 1),
        ("scrape", &[n, windows, millis]) => crate::scrape::measure(contender, n, windows, millis),
        ("endpoint", &[n, rounds]) => crate::endpoint::crowd(n, rounds),
        ("recorder", &[n, windows, millis]) => crate::endpoint::recorder(contender.name, n, windows, millis),
        _ => return Err(format!("no job `{job}` with {} numbers", numbers.len())),
    };
    let mut out = io::stdout().lock();
    for (key, value) in figures.into_iter().flatten() {
        writeln!(out, "{key} {value}").map_err(|error| error.to_string())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_are_no_figures_are_left_out() {
        let figures = parse("bytes 90.5\nnoise\nname x\n");
        assert_eq!(figures, Figures::from([("bytes".to_owned(), 90.5)]));
    }

    #[test]
    fn an_unknown_job_is_an_error_and_not_an_empty_answer() {
        let arguments = ["nothing".to_owned(), contenders()[0].name.to_owned()];
        assert!(answer(&arguments).is_err());
    }
}
