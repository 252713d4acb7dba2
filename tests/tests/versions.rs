//! One version for everything: `[workspace.package]` says it, everything else repeats it.

use std::process::Command;
use tykmetrics_tests::{files, root, text};

/// The value of `key = "value"` behind the section's head.
fn value_in(toml: &str, section: &str, key: &str) -> Option<String> {
    let body = toml.split_once(&format!("[{section}]\n"))?.1;
    let body = body.split("\n[").next()?;
    let line = body.lines().find_map(|line| line.strip_prefix(key)?.trim_start().strip_prefix('='))?;
    Some(line.trim().trim_matches('"').to_owned())
}

fn version() -> String {
    let manifest = text("Cargo.toml").expect("the workspace's manifest");
    value_in(&manifest, "workspace.package", "version").expect("the workspace's version")
}

fn members() -> serde_json::Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("cargo speaks JSON")
}

#[test]
fn every_member_of_the_workspace_has_its_version() {
    let metadata = members();
    let packages = metadata["packages"].as_array().expect("packages");
    assert!(packages.len() > 1);
    for package in packages {
        let manifest = package["manifest_path"].as_str().expect("a path");
        assert_eq!(package["version"].as_str(), Some(version().as_str()), "{manifest}");
        let inherits = std::fs::read_to_string(manifest).expect("a manifest").contains("\nversion.workspace = true\n");
        assert!(inherits, "{manifest} must take its version from the workspace: `version.workspace = true`");
    }
}

#[test]
fn members_depend_on_each_other_at_that_version() {
    let metadata = members();
    let packages = metadata["packages"].as_array().expect("packages");
    let mut checked = 0;
    for package in packages {
        for dependency in package["dependencies"].as_array().expect("dependencies") {
            let ours = packages.iter().any(|other| other["name"] == dependency["name"]);
            // A path without a version is `*`, which only a package that is not published may say.
            if ours && dependency["req"] != "*" {
                checked += 1;
                assert_eq!(dependency["req"].as_str(), Some(format!("^{}", version()).as_str()), "{}", package["name"]);
            }
        }
    }
    assert!(checked > 0);
}

/// The header's macros, which a test of the C door makes from the package's version.
#[test]
fn the_header_says_the_version() {
    let header = text("include/tykmetrics.h").expect("the header");
    assert!(header.contains(&format!("\n#define TYK_VERSION \"{}\"\n", version())));
    for (name, part) in ["MAJOR", "MINOR", "PATCH"].iter().zip(version().split('.')) {
        assert!(header.contains(&format!("\n#define TYK_VERSION_{name} {part}\n")), "{name}");
    }
}

/// The Go modules that stand beside the core module ask for it at this version.
#[test]
fn go_modules_ask_for_the_version() {
    let manifests: Vec<String> = files().into_iter().filter(|file| file.ends_with("/go.mod")).collect();
    let core = "github.com/tykmetrics/tykmetrics/bindings-go";
    let mut asked = 0;
    for manifest in &manifests {
        let lines = text(manifest).expect("a manifest");
        for line in lines.lines() {
            let line = line.trim().trim_start_matches("require ");
            if let Some(version_of) = line.strip_prefix(core).filter(|rest| rest.starts_with(" v")) {
                asked += 1;
                assert_eq!(version_of.trim(), format!("v{}", version()), "{manifest}");
            }
        }
    }
    assert_eq!(asked, manifests.len() - 1, "every module but the core's asks for it: {manifests:?}");
}

/// The Python package takes its version from its crate, and the module says it by itself.
#[test]
fn the_python_package_has_the_version_of_its_crate() {
    let project = text("bindings-python/pyproject.toml").expect("pyproject.toml");
    assert_eq!(value_in(&project, "project", "dynamic").as_deref(), Some("[\"version\"]"));
    assert_eq!(value_in(&project, "project", "version"), None, "maturin takes it from Cargo.toml");
    let package = text("bindings-python/python/tykmetrics/__init__.py").expect("the package");
    assert!(package.contains("\nfrom tykmetrics._native import __version__\n"), "the native module says the version");
    assert!(!package.contains(&version()), "a second place that says the version");
}

/// The first entry of a change log.
fn newest(log: &str) -> Option<&str> {
    log.lines().find_map(|line| line.strip_prefix("## "))
}

fn names(entry: &str, version: &str) -> bool {
    let entry = entry.trim_start_matches('[').to_lowercase();
    entry.starts_with("unreleased") || entry.split([']', ' ']).next() == Some(version)
}

#[test]
fn the_change_log_begins_with_the_version() {
    let log = text("CHANGELOG.md").expect("CHANGELOG.md");
    let entry = newest(&log).expect("an entry");
    assert!(names(entry, &version()), "the newest entry is {entry:?}, the version is {}", version());
}

#[test]
fn a_change_log_that_is_behind_is_found() {
    assert_eq!(newest("# Log\n\n## 0.1.0\n\n## 0.0.9\n"), Some("0.1.0"));
    for (entry, holds) in [("0.1.0", true), ("[0.1.0] - 2026-11-20", true), ("Unreleased", true), ("0.1.01", false)] {
        assert_eq!(names(entry, "0.1.0"), holds, "{entry}");
    }
    assert_eq!(value_in("[a]\nversion = \"1\"\n[b]\nversion = \"2\"\n", "b", "version").as_deref(), Some("2"));
}
