//! The program `tykmetrics`.

fn main() {}
