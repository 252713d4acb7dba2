//! What the tests of the whole house share: where things are, which files are the project's, what of a source is code.
//!
//! The tests themselves are in `tests/tests`, the cases that every door runs in `tests/conformance`. Nothing here is
//! published.

pub mod source;

use std::path::{Path, PathBuf};
use std::process::Command;

/// The snippets of the project's own documents, compiled and run as documentation tests.
#[cfg(doctest)]
mod documents;

/// The project's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The files of the project, by their path from the root: what git knows or would take, or, outside a clone, what lies
/// there.
pub fn files() -> Vec<String> {
    let git = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output();
    let mut files: Vec<String> = match git {
        Ok(output) if output.status.success() => {
            String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
        }
        _ => {
            let mut found = Vec::new();
            walk(&root(), "", &mut found);
            found
        }
    };
    files.retain(|file| root().join(file).is_file());
    files.sort();
    assert!(files.iter().any(|file| file == "Cargo.toml"), "the project's files were not found");
    files
}

/// Folders that tools make.
const MADE: [&str; 3] = ["target", "node_modules", "__pycache__"];

fn walk(folder: &Path, below: &str, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{below}{name}");
        if entry.path().is_dir() {
            if !MADE.contains(&name.as_str()) && (!name.starts_with('.') || name == ".ci") {
                walk(&entry.path(), &format!("{path}/"), found);
            }
        } else {
            found.push(path);
        }
    }
}

/// A file of the project as text; nothing if it is not text.
pub fn text(file: &str) -> Option<String> {
    std::fs::read(root().join(file)).ok().and_then(|bytes| String::from_utf8(bytes).ok())
}

/// A tool of the tests: what the environment variable names, or the one that `make tools` puts into the tree.
///
/// # Panics
/// If it is not there, with the way to get it.
pub fn tool(variable: &str, place: &str) -> PathBuf {
    let path = std::env::var_os(variable).map_or_else(|| root().join(place), PathBuf::from);
    assert!(path.exists(), "{} is missing: run `make tools`, or set {variable}", path.display());
    path
}
