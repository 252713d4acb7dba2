//! The program `tykmetrics`: everything is in the library beside it, so that tests and fuzz targets reach its parts.

use std::process::ExitCode;

fn main() -> ExitCode {
    tykmetrics_cli::main()
}
