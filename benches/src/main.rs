//! tykmetrics beside its peers: the same work, one run, one record.
//!
//! `bench [--quick] [--only NAME] [--out DIR]` measures every contender in `engines` on the work of `workload`, prints
//! what was asked beside what was measured, and writes a record. It judges and never fails for a slow figure: what a
//! shared machine gives is no reason to stop a build.

mod alloc;
mod c;
mod child;
mod endpoint;
mod engines;
mod limits;
mod machine;
mod measure;
mod memory;
mod plot;
mod report;
mod results;
mod scenarios;
mod scrape;
mod targets;
mod workload;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use engines::{Contender, contenders};
use machine::Machine;
use report::Report;
use results::Results;
use scenarios::{GROUPS, Size};

#[global_allocator]
static ALLOCATOR: alloc::Counting = alloc::Counting;

const USAGE: &str = "\
usage: bench [--quick] [--only NAME] [--out DIR]

  --quick      fewer and shorter rounds, within a minute
  --only NAME  one group, or the contenders whose name contains NAME
  --out DIR    where the record goes (benches/record)
";

/// What the command line asks for.
struct Options {
    quick: bool,
    only: Option<String>,
    out: PathBuf,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match arguments.split_first() {
        Some((first, rest)) if first == child::ARGUMENT => child::answer(rest),
        Some((first, _)) if first == "--help" || first == "-h" => {
            print!("{USAGE}");
            Ok(())
        }
        _ => options(&arguments).and_then(run),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn options(arguments: &[String]) -> Result<Options, String> {
    let record = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/record"));
    let mut options = Options { quick: false, only: None, out: record };
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().cloned().ok_or_else(|| format!("`{argument}` needs a value\n\n{USAGE}"));
        match argument.as_str() {
            "--quick" => options.quick = true,
            "--only" => options.only = Some(value()?),
            "--out" => options.out = PathBuf::from(value()?),
            _ => return Err(format!("`{argument}` is no option\n\n{USAGE}")),
        }
    }
    Ok(options)
}

fn run(options: Options) -> Result<(), String> {
    let mut contenders = contenders();
    let mut groups: Vec<_> = GROUPS.iter().collect();
    if let Some(only) = &options.only {
        choose(only, &mut contenders, &mut groups)?;
    }
    // The last core: the first takes most interrupts.
    machine::pin(machine::cores() - 1);
    workload::workload();
    let part = if let [group] = groups[..] { Some(group.name) } else { None };
    let size = if options.quick { Size::QUICK } else { Size::FULL };
    let mut results = Results::default();
    for group in groups {
        eprint!("measuring {} ...", group.name);
        let start = Instant::now();
        (group.run)(&contenders, size, &mut results);
        eprintln!(" {:.2} s", start.elapsed().as_secs_f64());
    }
    let machine = Machine::this();
    let targets = targets::judge(&results);
    let report = Report { machine: &machine, results: &results, targets: &targets, quick: options.quick, part };
    print!("{}", report.markdown());
    let folder = options.out.display();
    let written = report.write(&options.out).map_err(|error| format!("no record in `{folder}`: {error}"))?;
    for path in written {
        eprintln!("wrote {}", path.display());
    }
    Ok(())
}

/// Keeps the group called `only`, or else the contenders whose name contains it.
fn choose(
    only: &str,
    contenders: &mut Vec<Contender>,
    groups: &mut Vec<&'static scenarios::Group>,
) -> Result<(), String> {
    if groups.iter().any(|group| group.name == only) {
        groups.retain(|group| group.name == only);
        return Ok(());
    }
    if contenders.iter().any(|contender| contender.name.contains(only)) {
        contenders.retain(|contender| contender.name.contains(only));
        return Ok(());
    }
    let names = groups.iter().map(|group| group.name).chain(contenders.iter().map(|contender| contender.name));
    Err(format!("`--only {only}` names nothing; there are: {}", names.collect::<Vec<_>>().join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Result<Options, String> {
        options(&arguments.iter().map(|&argument| argument.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn options_are_read_and_unknown_ones_are_refused() {
        let read = parse(&["--quick", "--only", "counter", "--out", "/x"]).expect("all are known");
        assert!(read.quick && read.only.as_deref() == Some("counter") && read.out == *"/x");
        assert!(parse(&["--fast"]).is_err());
        assert!(parse(&["--only"]).is_err());
    }

    #[test]
    fn only_names_a_group_or_contenders_and_an_unknown_name_lists_them() {
        let (mut all, mut groups) = (contenders(), GROUPS.iter().collect());
        choose("histogram", &mut all, &mut groups).expect("a group");
        assert_eq!((groups.len(), all.len()), (1, contenders().len()));
        let (mut all, mut groups) = (contenders(), GROUPS.iter().collect());
        choose("prometheus", &mut all, &mut groups).expect("contenders");
        assert_eq!(groups.len(), GROUPS.len());
        assert!(all.len() < contenders().len());
        assert!(choose("nobody", &mut all, &mut groups).is_err_and(|error| error.contains("counter")));
    }
}
