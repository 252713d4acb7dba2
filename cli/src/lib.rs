//! The program `tykmetrics`: `check` judges an exposition, `top` shows one live, `serve` makes one, `config` says how it would.
//!
//! `args` is the command line and its help; each command has a module. [`read`] reads expositions of every format and is what
//! the commands share, with `fetch`, which gets them. Nothing here is for other crates but for tests and fuzz targets.

mod args;
mod check;
mod config;
mod exit;
mod fetch;
mod output;
pub mod read;
mod serve;
mod top;

use clap::{CommandFactory, Parser};
use std::process::ExitCode;

/// Runs the program with the arguments that it was started with.
pub fn main() -> ExitCode {
    let args = match args::Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            // A reader that went away is no failure of ours.
            let _ = error.print();
            return if error.use_stderr() { exit::Exit::Usage.into() } else { exit::Exit::Clean.into() };
        }
    };
    let exit = match args.command {
        args::Command::Check(args) => check::run(&args),
        args::Command::Top(args) => top::run(&args),
        args::Command::Serve(args) => serve::run(&args),
        args::Command::Config(args) => config::run(&args),
        args::Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut args::Args::command(), "tykmetrics", &mut script);
            output::bytes(&script)
        }
        args::Command::Man => {
            let mut page = Vec::new();
            match clap_mangen::Man::new(args::Args::command()).render(&mut page) {
                Ok(()) => output::bytes(&page),
                Err(_) => exit::Exit::Usage,
            }
        }
    };
    exit.into()
}
