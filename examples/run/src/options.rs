//! The arguments, and the text of `--help`.

use crate::compare::Dialect;
use crate::traffic::Parameter;
use std::ffi::OsString;

pub(crate) const HELP: &str = "\
Starts gateways in several languages, sends them requests, and compares.

usage: run-gateways [--seconds N] [--port P] [--seed N] [--go CMD] [--python CMD] [--node CMD] [--rust CMD]

  --seconds N   how long the load lasts, 1 to 3600 (20)
  --port P      the port of the first gateway's endpoint; the others have those that follow (0: any that are free)
  --seed N      what the requests are drawn from (1)
  --go CMD      the command that starts the gateway in Go, words with blanks between them; as --python, --node, --rust.
                One that is not given is left out.

It prints where each gateway's page and /metrics are, totals while it runs, and at the end the load generator's counts
beside those of each /metrics. Every series that the requests must have left is compared. Ctrl-C ends the load early,
and the comparison is made all the same; a second Ctrl-C ends everything at once.

It exits with 0 if all counts agree, with 1 if they do not or a gateway failed, with 2 if it does not understand its
arguments.
";

/// The gateways that can be, by the name of their option.
pub(crate) const GATEWAYS: [(&str, Dialect); 4] = [
    ("go", Dialect::Go),
    ("python", Dialect::Gateway(Parameter::Braces)),
    ("node", Dialect::Gateway(Parameter::Colon)),
    ("rust", Dialect::Gateway(Parameter::Braces)),
];

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Options {
    pub(crate) seconds: u64,
    pub(crate) port: u16,
    pub(crate) seed: u64,
    /// The command of each of [`GATEWAYS`].
    pub(crate) commands: [Option<String>; GATEWAYS.len()],
}

/// What the arguments ask for; `None` if they ask for help.
pub(crate) fn options(arguments: impl Iterator<Item = OsString>) -> Result<Option<Options>, String> {
    let mut options = Options { seconds: 20, port: 0, seed: 1, commands: Default::default() };
    let mut arguments = arguments.map(|argument| argument.to_string_lossy().into_owned());
    // The ports behind the first are taken as well.
    let last = u64::from(u16::MAX) - (GATEWAYS.len() as u64 - 1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| format!("{argument} needs a value"));
        match argument.as_str() {
            "--help" | "-h" => return Ok(None),
            "--seconds" => options.seconds = number(&argument, &value()?, 1, 3600)?,
            "--port" => options.port = number(&argument, &value()?, 0, last)? as u16,
            "--seed" => options.seed = number(&argument, &value()?, 0, u64::from(u32::MAX))?,
            _ => {
                let gateway = argument.strip_prefix("--");
                let at = GATEWAYS.iter().position(|(name, _)| gateway == Some(name));
                let at = at.ok_or_else(|| format!("{argument:?} is no option"))?;
                options.commands[at] = Some(value()?);
            }
        }
    }
    if options.commands.iter().all(Option::is_none) {
        return Err("there is no gateway to start: give at least one of --go, --python, --node, --rust".to_owned());
    }
    Ok(Some(options))
}

fn number(option: &str, text: &str, least: u64, most: u64) -> Result<u64, String> {
    let number = text.parse().ok().filter(|number| (least..=most).contains(number));
    number.ok_or_else(|| format!("{option} takes a whole number from {least} to {most}, not {text:?}"))
}
