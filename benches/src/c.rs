//! What a record costs a C program: `c/record.c`, compiled against the header and each form of the library.
//!
//! The group needs a C compiler and `make prefix`, which puts the library into the tree; without them it is left out,
//! and the reason printed.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::engines::Role;
use crate::measure::Stat;
use crate::results::{self, Results};

/// How the program is linked: what the record calls it, and the compiler's arguments behind the prefix.
struct Form {
    name: &'static str,
    arguments: fn(&Path) -> Vec<String>,
}

const FORMS: [Form; 2] = [
    Form {
        name: "static library",
        arguments: |prefix| {
            let library = prefix.join("lib/libtykmetrics.a").display().to_string();
            [library.as_str(), "-lpthread", "-ldl", "-lm"].map(str::to_owned).into()
        },
    },
    Form {
        name: "shared library",
        arguments: |prefix| {
            let lib = prefix.join("lib").display().to_string();
            vec![format!("-L{lib}"), "-ltykmetrics".into(), format!("-Wl,-rpath,{lib}")]
        },
    },
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Compiles and runs the program; its lines as name, best and median.
fn run(form: &Form, rounds: usize) -> Result<Vec<(String, Stat)>, String> {
    let prefix = root().join("target/prefix");
    if !prefix.join("lib/libtykmetrics.a").exists() {
        return Err("the library is not in the tree: run `make prefix`".into());
    }
    let program = root().join("target").join(format!("bench-c-{}", form.name.replace(' ', "-")));
    let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".into());
    let compiled = Command::new(&compiler)
        .args(["-std=c11", "-O2", "-Wall", "-Wextra", "-Werror"])
        .arg(format!("-I{}", prefix.join("include").display()))
        .arg(root().join("benches/c/record.c"))
        .args((form.arguments)(&prefix))
        .arg("-o")
        .arg(&program)
        .output()
        .map_err(|error| format!("{compiler}: {error}"))?;
    if !compiled.status.success() {
        return Err(String::from_utf8_lossy(&compiled.stderr).into_owned());
    }
    let ran = Command::new(&program).arg(rounds.to_string()).output().map_err(|error| error.to_string())?;
    if !ran.status.success() {
        return Err(String::from_utf8_lossy(&ran.stderr).into_owned());
    }
    let line = |line: &str| {
        let mut words = line.split(' ');
        let name = words.next()?.to_owned();
        Some((name, Stat { best: words.next()?.parse().ok()?, median: words.next()?.parse().ok()? }))
    };
    Ok(String::from_utf8_lossy(&ran.stdout).lines().filter_map(line).collect())
}

/// Adds the rows of C.
pub(crate) fn measure(rounds: usize, results: &mut Results) {
    for form in &FORMS {
        let figures = match run(form, rounds) {
            Ok(figures) => figures,
            Err(error) => {
                eprintln!("left out: C, {}: {error}", form.name);
                continue;
            }
        };
        for (job, stat) in figures {
            let (scenario, role) = match job.as_str() {
                "bare" => (results::LIMIT, Role::Limit),
                "counter_inline" => (results::C_INLINE, Role::Ours),
                "counter_call" => (results::C_CALL, Role::Ours),
                "histogram_inline" => (results::C_HISTOGRAM_INLINE, Role::Ours),
                "histogram_call" => (results::C_HISTOGRAM_CALL, Role::Ours),
                _ => continue,
            };
            let name = match role {
                Role::Limit => format!("C, one writer, one cell ({})", form.name),
                _ => form.name.to_owned(),
            };
            results.add(scenario, &name, role, "ns", stat);
        }
    }
}
