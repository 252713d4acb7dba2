//! The architecture as tests: which module may know which, where the dangerous things are, and how they are explained.

use std::collections::{BTreeMap, BTreeSet};
use tykmetrics_tests::source::{Line, lines};
use tykmetrics_tests::{files, text};

/// The modules of the crate, what each may import, and why. An arrow that is not here is refused, and so is one that
/// nobody uses, so the table says neither more nor less than the code.
const ARROWS: &[(&str, &[&str])] = &[
    // The ground: they know nothing of ours.
    ("error", &[]),
    ("sync", &[]),
    // What is set once is set within the seam, so that a fork finds it whole.
    ("clock", &["sync"]),
    // Text in, text out.
    ("hygiene", &["error"]),
    // Arithmetic that can fail when it is set up.
    ("shape", &["error"]),
    // Memory and who writes it. Of shapes it knows how long a page is, and no more (tested below).
    ("shard", &["error", "shape", "sync"]),
    // Plain numbers: what a scrape found, and histograms as counts by slot.
    ("merge::value", &["merge::distribution"]),
    ("merge::snapshot", &["merge::value", "shape"]),
    ("merge::distribution", &["error", "shape"]),
    // The past of a summary's quantiles; a family's spec says how long it is.
    ("merge::window", &["merge::distribution", "registry"]),
    // Names and series. It makes handles (record) and keeps what a scrape asks for (the collectors, `Meta`, windows, what
    // a series held when it was reset).
    (
        "registry",
        &[
            "clock",
            "collect",
            "error",
            "hygiene",
            "merge::distribution",
            "merge::snapshot",
            "merge::window",
            "record",
            "shape",
            "shard",
            "sync",
        ],
    ),
    // Handles: a bound series (registry) and the cells of the calling thread (shard). They tell what they hold as plain
    // numbers, and never see another thread's cells.
    ("record", &["clock", "error", "merge::distribution", "merge::snapshot", "registry", "shape", "shard", "sync"]),
    // The only reader of more than one slab. (Its parts above are its own children.)
    ("merge", &["clock", "merge::snapshot", "registry", "shard", "sync"]),
    // Bytes from plain numbers: no registry, no shard, no sync, no record.
    ("render", &["error", "merge::distribution", "merge::snapshot"]),
    // What a text says, sample by sample: read, written, made of a snapshot's families. It spells and escapes as `render`
    // does, and gives a histogram that came as samples the shape that its bounds ask for.
    ("samples", &["merge::distribution", "merge::snapshot", "render", "shape"]),
    // Where merge and render meet.
    ("scrape", &["merge", "merge::snapshot", "record", "registry", "render", "sync"]),
    // Outlets: other people's ways to record, on the public side of the crate but for a handle's and a name's details.
    ("facade", &["collect", "error", "merge::snapshot", "record", "registry", "shape", "sync"]),
    ("tower", &["error", "record", "registry", "shape"]),
    // What gateways record of a request, from the same public parts.
    ("requests", &["error", "record", "registry", "sync"]),
    ("gateway", &["collect", "error", "merge::distribution", "merge::snapshot", "record", "registry", "shard"]),
    // Families made at scrape, the engine's own among them.
    ("collect", &["merge::snapshot", "registry", "shard", "sync"]),
];

/// Parts of `merge` that others may know by themselves.
const PARTS: [&str; 4] = ["snapshot", "value", "distribution", "window"];

/// The sources of the crate by their path under `core/src`.
fn sources() -> Vec<(String, String)> {
    let all: Vec<_> = files()
        .into_iter()
        .filter_map(|file| Some((file.strip_prefix("core/src/")?.to_owned(), file.clone())))
        .filter(|(path, _)| path.ends_with(".rs"))
        // Only built under loom, to run the code that ships step by step.
        .filter(|(path, _)| !path.starts_with("models/") && path != "registry/probe.rs")
        .map(|(path, file)| (path, text(&file).expect("a source is text")))
        .collect();
    assert!(all.len() > 40, "the sources of core were not found");
    all
}

/// The module path of a source file.
fn module_of(path: &str) -> Vec<&str> {
    let path = path.trim_end_matches(".rs");
    path.strip_suffix("/mod").unwrap_or(path).split('/').collect()
}

/// The name a module has in the table.
fn node(module: &[&str]) -> String {
    match module {
        ["merge", part, ..] if PARTS.contains(part) => format!("merge::{part}"),
        [first, ..] => (*first).to_owned(),
        [] => String::new(),
    }
}

/// The modules that a source names: every `crate::…` and `super::…` path, with what a brace behind it lists.
fn imports(path: &str, source: &str) -> BTreeSet<String> {
    let own = module_of(path);
    let code: String = lines(source).iter().map(|line| line.code.clone() + "\n").collect();
    let mut found = BTreeSet::new();
    for start in ["crate::", "super::"] {
        for (at, _) in code.match_indices(start) {
            let before = code[..at].trim_end_matches("super::");
            // The middle of a longer path, or of a longer word.
            if before.len() < at || before.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':') {
                continue;
            }
            let mut rest = &code[at..];
            let mut base: Vec<&str> = match rest.strip_prefix("crate::") {
                Some(behind) => {
                    rest = behind;
                    Vec::new()
                }
                None => own.clone(),
            };
            while let Some(behind) = rest.strip_prefix("super::") {
                rest = behind;
                base.pop();
            }
            // A `super` that stays in its own module says nothing new; one that leaves the stage does.
            for path in expand(rest) {
                let full: Vec<&str> = base.iter().copied().chain(path.split("::")).collect();
                found.insert(node(&full));
            }
        }
    }
    found
}

/// The first two steps of the paths that begin here: one, or one for each name in a brace.
fn expand(path: &str) -> Vec<String> {
    let word = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    if let Some(list) = path.strip_prefix('{') {
        return items(list).into_iter().flat_map(expand).collect();
    }
    let first = word(path);
    match path[first.len()..].strip_prefix("::") {
        Some(rest) if rest.starts_with('{') => expand(rest).iter().map(|second| format!("{first}::{second}")).collect(),
        Some(rest) => vec![format!("{first}::{}", word(rest))],
        None => vec![first],
    }
}

/// What a list holds up to the brace that closes it; inner lists stay whole.
fn items(list: &str) -> Vec<&str> {
    let (mut depth, mut begun, mut items) = (0, 0, Vec::new());
    for (at, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                items.push(list[begun..at].trim());
                begun = at + 1;
                if c == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    items.retain(|item| !item.is_empty());
    items
}

#[test]
fn every_arrow_between_modules_is_in_the_table_and_every_arrow_of_the_table_is_used() {
    let allowed: BTreeMap<&str, BTreeSet<&str>> =
        ARROWS.iter().map(|(module, to)| (*module, to.iter().copied().collect())).collect();
    let mut used: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (path, source) in sources() {
        if path == "lib.rs" {
            continue;
        }
        let from = node(&module_of(&path));
        let Some((&from, to)) = allowed.get_key_value(from.as_str()) else {
            panic!("{path}: module {from} is not in the table of arrows: say what it may import, and why");
        };
        for import in imports(&path, &source) {
            // Names that the crate's root or the module itself exports are not arrows.
            if import == from || !allowed.contains_key(import.as_str()) {
                continue;
            }
            let Some(import) = to.get(import.as_str()) else {
                panic!("{path} imports {import}, which {from} must not know");
            };
            used.entry(from).or_default().insert(import);
        }
    }
    for (module, to) in &allowed {
        let used = used.get(module).cloned().unwrap_or_default();
        let unused: Vec<_> = to.difference(&used).collect();
        assert!(unused.is_empty(), "{module} may import {unused:?} and does not: take it out of the table");
    }
}

#[test]
fn an_arrow_is_found_however_it_is_written() {
    let found = |source: &str| imports("render/text/mod.rs", source).into_iter().collect::<Vec<_>>();
    assert_eq!(found("use crate::shard::{Shard, cell};"), ["shard"]);
    assert_eq!(found("fn f(a: &crate::registry::Registry) {}"), ["registry"]);
    assert_eq!(
        found("use crate::{error::Result, merge::{snapshot, window}};"),
        ["error", "merge::snapshot", "merge::window"]
    );
    assert_eq!(found("use crate::merge::{snapshot::Row, distribution};"), ["merge::distribution", "merge::snapshot"]);
    assert_eq!(found("use super::super::super::registry;"), ["registry"]);
    assert_eq!(found("use super::number;"), ["render"]);
    assert_eq!(found("// use crate::shard;\nlet a = \"crate::sync\";"), Vec::<String>::new());
}

#[test]
fn lib_rs_only_lists_and_exports() {
    let (_, source) = sources().into_iter().find(|(path, _)| path == "lib.rs").expect("lib.rs");
    assert!(lines(&source).iter().all(|line| !line.code.contains("fn ")), "core/src/lib.rs has code of its own");
}

#[test]
fn of_shapes_the_shards_know_only_the_length_of_a_page() {
    for (path, source) in sources().iter().filter(|(path, _)| path.starts_with("shard/")) {
        for line in lines(source).iter().filter(|line| line.code.contains("crate::shape")) {
            let mut named = line.code.split("crate::shape").skip(1);
            assert!(named.all(|rest| rest.starts_with("::PAGE_CELLS")), "core/src/{path}: {}", line.code.trim());
        }
    }
}

/// Fails for every line of code that has one of `words` in a file that is not in `places` (files, or folders with a
/// slash at the end).
fn only_in(words: &[&str], places: &[&str]) {
    let mut seen = BTreeSet::new();
    for (path, source) in sources() {
        let place = places.iter().find(|place| path == **place || place.ends_with('/') && path.starts_with(**place));
        for (at, line) in lines(&source).iter().enumerate() {
            let Some(word) = words.iter().find(|word| line.code.contains(**word)) else { continue };
            let Some(place) = place else { panic!("core/src/{path}:{}: {word:?} belongs into {places:?}", at + 1) };
            seen.insert(place);
        }
    }
    let unused: Vec<_> = places.iter().filter(|place| !seen.contains(place)).collect();
    assert!(unused.is_empty(), "{words:?} is not in {unused:?}: take the exception out");
}

#[test]
fn std_atomics_are_named_in_one_place() {
    only_in(
        &["std::sync::atomic", "core::sync::atomic"],
        &[
            "sync.rs",
            // Under loom only: which cells were committed, which is the model's own knowledge.
            "shard/memory.rs",
            // A number for each family, handed out by a `static`, which loom's atomics cannot be.
            "registry/family.rs",
            // As above: the mark that makes threads sweep their caches.
            "registry/recall.rs",
        ],
    );
}

#[test]
fn only_the_engine_has_atomics() {
    only_in(
        &["AtomicU64", "AtomicU32", "AtomicPtr", "AtomicUsize", "AtomicBool", "AtomicI64"],
        &[
            "sync.rs",
            "sync/",
            "shard/",
            "registry/",
            "record/",
            // What the recorder refused, counted.
            "facade.rs",
        ],
    );
}

#[test]
fn memory_is_mapped_in_one_place() {
    only_in(&["mmap", "munmap", "madvise"], &["shard/memory.rs"]);
}

#[test]
fn no_source_is_longer_than_450_lines() {
    let long: Vec<_> = sources()
        .into_iter()
        .map(|(path, source)| (source.lines().count(), path))
        .filter(|(length, _)| *length > 450)
        .collect();
    assert!(long.is_empty(), "too long, split by what it is about: {long:?}");
}

/// The comments of a line and of the `above` lines before it, within its function.
fn remarks(lines: &[Line], at: usize, above: usize) -> String {
    let mut said = lines[at].comment.clone();
    for line in lines[..at].iter().rev().take(above) {
        said.push_str(&line.comment);
        if line.code.contains("fn ") {
            break;
        }
    }
    said
}

/// The lines that begin something unsafe without a word why it is sound.
fn unexplained_unsafe(source: &str) -> Vec<usize> {
    let lines = lines(source);
    let bare = |at: &usize| {
        let code = &lines[*at].code;
        let begins = code.contains("unsafe {") || code.contains("unsafe impl");
        begins && !remarks(&lines, *at, 6).contains("SAFETY:")
    };
    (0..lines.len()).filter(bare).map(|at| at + 1).collect()
}

const ORDERINGS: [&str; 5] = ["Relaxed", "Acquire", "Release", "AcqRel", "SeqCst"];

/// How far above an atomic access, in its function, the reason for its ordering may be: a few steps may share one.
const NEAR: usize = 20;

/// The lines that pass an ordering which no comment near them names.
fn unexplained_orderings(source: &str) -> Vec<usize> {
    let lines = lines(source);
    let bare = |at: &usize| {
        let code = &lines[*at].code;
        let import = code.contains("use ") || !code.contains('(') && !code.contains(',');
        let words = code.split(|c: char| !c.is_alphanumeric() && c != '_');
        let passed: Vec<&str> = words.filter(|word| ORDERINGS.contains(word)).collect();
        let said = remarks(&lines, *at, NEAR);
        !import && passed.iter().any(|ordering| !said.contains(ordering))
    };
    (0..lines.len()).filter(bare).map(|at| at + 1).collect()
}

#[test]
fn everything_unsafe_says_why_it_is_sound() {
    let bare: Vec<_> =
        sources().iter().map(|(p, s)| (p.clone(), unexplained_unsafe(s))).filter(|(_, l)| !l.is_empty()).collect();
    assert!(bare.is_empty(), "unsafe without a SAFETY comment above: {bare:?}");
}

#[test]
fn every_ordering_has_its_reason_beside_it() {
    let bare: Vec<_> =
        sources().iter().map(|(p, s)| (p.clone(), unexplained_orderings(s))).filter(|(_, l)| !l.is_empty()).collect();
    assert!(bare.is_empty(), "orderings that no comment near them names: {bare:?}");
}

#[test]
fn what_is_not_explained_is_found() {
    let explained =
        "fn f() {\n    // Relaxed: alone.\n    a.load(Relaxed);\n    // SAFETY: fine.\n    unsafe { b() }\n}\n";
    assert_eq!((unexplained_orderings(explained), unexplained_unsafe(explained)), (vec![], vec![]));
    let bare = "fn f() {\n    // Says nothing.\n    a.load(Relaxed);\n    unsafe { b() }\n}\n";
    assert_eq!((unexplained_orderings(bare), unexplained_unsafe(bare)), (vec![3], vec![4]));
    // Another ordering's reason is none, nor is that of another function.
    assert_eq!(unexplained_orderings("// Relaxed: alone.\na.store(1, Release);\n"), [2]);
    assert_eq!(unexplained_orderings("// Relaxed: alone.\nfn f() {}\nfn g() {\n    a.load(Relaxed);\n}\n"), [4]);
    assert_eq!(unexplained_orderings("use crate::sync::{AtomicU64, Ordering::Relaxed};\n"), Vec::<usize>::new());
}

/// What crosses from Go into C is in one place, where it can be read.
#[test]
fn one_file_of_go_imports_c() {
    let importers: Vec<String> = files()
        .into_iter()
        .filter(|file| file.starts_with("bindings-go/") && file.ends_with(".go"))
        .filter(|file| text(file).is_some_and(|source| source.contains("\nimport \"C\"\n")))
        .collect();
    assert_eq!(importers, ["bindings-go/internal/native/native.go"]);
}

/// The sources of a door in Rust by their path.
fn door(folder: &str) -> Vec<(String, String)> {
    let sources: Vec<_> = files()
        .into_iter()
        .filter(|file| file.starts_with(folder) && file.ends_with(".rs"))
        .map(|file| (file.clone(), text(&file).expect("a source is text")))
        .collect();
    assert!(sources.len() > 5, "the sources of {folder} were not found");
    sources
}

/// What the runtimes call directly, with raw pointers, is in one place of each door, where it can be read; the rest is safe
/// Rust.
#[test]
fn one_place_of_the_python_and_the_node_door_is_unsafe() {
    for (folder, place, runtime) in [
        ("bindings-python/src/", "bindings-python/src/hot/", "ffi::"),
        ("bindings-node/src/", "bindings-node/src/raw.rs", "sys::napi_create"),
    ] {
        let unsafe_files: BTreeSet<String> = door(folder)
            .into_iter()
            .filter(|(_, source)| {
                lines(source).iter().any(|line| line.code.contains("unsafe ") || line.code.contains(runtime))
            })
            .map(|(path, _)| path)
            .collect();
        assert!(!unsafe_files.is_empty());
        let elsewhere: Vec<_> = unsafe_files.iter().filter(|path| !path.starts_with(place)).collect();
        assert!(elsewhere.is_empty(), "raw pointers belong into {place}: {elsewhere:?}");
    }
}

/// The Python and the Node door convert and never compute: they map no memory of their own.
#[test]
fn the_python_and_the_node_door_are_explained_and_keep_to_the_rules_of_the_engine() {
    for (path, source) in door("bindings-python/src/").into_iter().chain(door("bindings-node/src/")) {
        assert!(unexplained_unsafe(&source).is_empty(), "{path}: {:?}", unexplained_unsafe(&source));
        assert!(unexplained_orderings(&source).is_empty(), "{path}: {:?}", unexplained_orderings(&source));
        let mapped = lines(&source).iter().any(|line| line.code.contains("mmap") || line.code.contains("madvise"));
        assert!(!mapped, "{path} maps memory, which is the engine's to do");
    }
}
