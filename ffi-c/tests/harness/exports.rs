//! What the library exports, what the header declares, and how both are installed.

use super::header::{functions, text};
use super::kit::{Link, Program, output, pkg_config, prefix, program, root, run, said, scratch, source, tool};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

/// The symbols that a program can find in the shared library.
fn exported() -> BTreeSet<String> {
    let library = prefix().join("lib/libtykmetrics.so");
    let symbols = tool("nm", ["-D", "--defined-only", library.to_str().expect("a path in UTF-8")]);
    symbols.lines().filter_map(|line| line.split_whitespace().last()).map(|name| name.to_owned()).collect()
}

fn declared() -> BTreeSet<String> {
    functions().into_iter().filter(|function| !function.inline).map(|function| function.name).collect()
}

#[test]
fn the_header_declares_what_the_library_exports_and_nothing_else() {
    let (exported, declared) = (exported(), declared());
    let missing: Vec<_> = declared.difference(&exported).collect();
    let secret: Vec<_> = exported.difference(&declared).collect();
    assert!(missing.is_empty(), "the header declares what the library does not have: {missing:?}");
    assert!(secret.is_empty(), "the library exports what the header does not declare: {secret:?}");
}

#[test]
fn the_static_library_has_the_same_functions() {
    let library = prefix().join("lib/libtykmetrics.a");
    let symbols = tool("nm", ["--defined-only", "--extern-only", library.to_str().expect("a path in UTF-8")]);
    let defined: BTreeSet<_> = symbols.lines().filter_map(|line| line.split_whitespace().nth(2)).collect();
    let missing: Vec<_> = declared().into_iter().filter(|name| !defined.contains(name.as_str())).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// What functions are about. A name is `tyk_<noun>_<verb>`.
const NOUNS: &[&str] = &[
    "registry",
    "family",
    "families",
    "counter",
    "gauge",
    "up_down",
    "histogram",
    "summary",
    "info",
    "state_set",
    "distribution",
    "snapshot",
    "shard",
    "attachment",
    "exposition",
    "error",
    "bytes",
    "buckets",
    "abi",
    "thread",
    "str",
    "series",
    "table",
    "check",
    "options",
    "server",
];

/// Names that are whole as they are.
const WORDS: &[&str] =
    &["tyk_version", "tyk_ignored", "tyk_render", "tyk_render_to", "tyk_negotiate", "tyk_record_request", "tyk_serve"];

#[test]
fn a_function_is_called_by_a_noun_and_a_verb() {
    for function in functions() {
        let name = function.name.as_str();
        let of_noun =
            NOUNS.iter().any(|noun| name.strip_prefix(&format!("tyk_{noun}_")).is_some_and(|verb| !verb.is_empty()));
        assert!(of_noun || WORDS.contains(&name), "{name} has no noun that is known");
        let plain = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        assert!(plain, "{name} is not in small letters");
    }
    for word in WORDS {
        assert!(functions().iter().any(|function| function.name == *word), "{word} is not in the header");
    }
}

/// True if the declaration of a function follows a comment.
fn is_documented(header: &str, name: &str) -> bool {
    let mut before: Vec<&str> = Vec::new();
    for line in header.lines() {
        let trimmed = line.trim();
        let is_comment = trimmed.starts_with('*') || trimmed.starts_with("/*") || trimmed.starts_with("//");
        if !is_comment && trimmed.contains(&format!("{name}(")) {
            let documented = before.last().is_some_and(|line| line.ends_with("*/") || line.starts_with("//"));
            return documented;
        }
        // The words before a name may be on lines of their own.
        let begins = trimmed.ends_with([';', '}', '{']) || trimmed.is_empty() || trimmed.starts_with('#');
        if begins {
            before.clear();
        } else if is_comment {
            before.push(trimmed);
        }
    }
    false
}

#[test]
fn every_exported_function_is_documented() {
    let header = text();
    let bare: Vec<_> = declared().into_iter().filter(|name| !is_documented(&header, name)).collect();
    assert!(bare.is_empty(), "without a comment above: {bare:?}");
    let example =
        "/* What it does. */\nvoid\ntyk_a(int x);\nvoid tyk_b(void);\n\n/* tyk_c(x) */\n\nvoid tyk_c(int x);\n";
    assert_eq!(["tyk_a", "tyk_b", "tyk_c"].map(|name| is_documented(example, name)), [true, false, false]);
}

#[test]
fn the_shared_library_has_a_versioned_name_that_is_installed() {
    let lib = prefix().join("lib");
    let shared = lib.join("libtykmetrics.so");
    let dynamic = tool("readelf", ["-d", shared.to_str().expect("a path in UTF-8")]);
    let name = dynamic.lines().find_map(|line| line.split_once("Library soname: [")?.1.strip_suffix(']'));
    let name = name.unwrap_or_else(|| panic!("it has no soname:\n{dynamic}"));
    let version = name.strip_prefix("libtykmetrics.so.").expect("the soname begins with the library's");
    assert!(!version.is_empty() && version.bytes().all(|b| b.is_ascii_digit() || b == b'.'), "{name}");
    assert!(lib.join(name).exists(), "{name} is not installed");
    assert!(std::fs::symlink_metadata(&shared).expect("it is there").is_symlink(), "the name for linking is a link");
    let same = |path: &Path| std::fs::canonicalize(path).expect("it is there");
    assert_eq!(same(&lib.join(name)), same(&shared));
}

/// Installs into a folder, and gives what lies below it.
fn install(arguments: &[String]) -> Vec<String> {
    let mut command = Command::new("make");
    command.arg("install").args(arguments).current_dir(root());
    // The make that runs the tests has options of its own.
    command.env_remove("MAKEFLAGS").env_remove("MAKELEVEL");
    let output = output(&mut command);
    assert!(output.status.success(), "{}", said(&command, &output));
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}

const INSTALLED: [&str; 5] = [
    "include/tykmetrics.h",
    "lib/libtykmetrics.a",
    "lib/libtykmetrics.so",
    "lib/pkgconfig/tykmetrics.pc",
    "lib/pkgconfig/tykmetrics-static.pc",
];

#[test]
fn what_make_installs_is_found_by_pkg_config_and_runs() {
    let into = scratch("install").join("prefix");
    let _ = std::fs::remove_dir_all(&into);
    install(&[format!("PREFIX={}", into.display())]);
    for file in INSTALLED {
        assert!(into.join(file).exists(), "{file} was not installed");
    }
    for (package, link) in [("tykmetrics", Link::Shared), ("tykmetrics-static", Link::Static)] {
        let version = pkg_config(&into, package, "--modversion");
        assert_eq!(version, [env!("CARGO_PKG_VERSION")]);
        let built = Program::c("quick_start").called(&format!("installed-{package}")).prefix(&into).link(link).build();
        assert!(run(&mut program(&built)).contains("http_requests_total{method=\"GET\",status=\"200\"} 1\n"));
    }
}

#[test]
fn a_staged_installation_knows_where_it_will_lie() {
    let stage = scratch("install").join("stage");
    let _ = std::fs::remove_dir_all(&stage);
    install(&["PREFIX=/opt/tyk".to_owned(), format!("DESTDIR={}", stage.display())]);
    for file in INSTALLED {
        assert!(stage.join("opt/tyk").join(file).exists(), "{file} was not installed below DESTDIR");
    }
    let package = std::fs::read_to_string(stage.join("opt/tyk/lib/pkgconfig/tykmetrics.pc")).expect("the package");
    assert!(package.lines().any(|line| line == "prefix=/opt/tyk"), "{package}");
    assert!(!package.contains(&stage.display().to_string()), "{package}");
}

#[test]
fn the_installed_header_is_the_one_of_the_tree() {
    let tree = std::fs::read_to_string(root().join("include/tykmetrics.h")).expect("the header of the tree");
    assert!(tree == text(), "the installed header is another than include/tykmetrics.h: run `make prefix`");
    assert!(source("quick_start.c").exists());
}
