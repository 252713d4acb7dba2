//! What documents say is there: paths exist, snippets are compiled, and nothing names the place it was written at.

use tykmetrics_tests::{files, root, text};

/// What every reader of the project looks for.
const DOCUMENTS: [&str; 5] = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE"];

/// Endings of the files that documents name.
const ENDINGS: &[&str] =
    &["rs", "md", "toml", "json", "py", "pyi", "h", "c", "go", "ts", "js", "mjs", "cjs", "sh", "yaml", "yml", "lock"];

/// Files that documents name and that are not the project's: they lie where it is used, or tools make them. One is a key of the
/// configuration.
const ELSEWHERE: &[&str] = &["prometheus.yml", "prometheus.yaml", "package-lock.json", "routes.json"];

/// Folders that tools make.
const MADE: &[&str] = &["bindings-node/prebuilds", "target/", ".venv/", ".tools/", "node_modules/"];

fn markdown() -> Vec<String> {
    files().into_iter().filter(|file| file.ends_with(".md")).collect()
}

/// The text of a document outside its code blocks.
fn prose(document: &str) -> String {
    let mut inside = false;
    let mut kept = String::new();
    for line in document.lines() {
        if line.trim_start().starts_with("```") {
            inside = !inside;
        } else if !inside {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept
}

/// What a document names as a path of the project: between backticks, or as the target of a link.
fn named(document: &str, top: &[String]) -> Vec<String> {
    let prose = prose(document);
    let mut found = Vec::new();
    for line in prose.lines() {
        found.extend(line.split('`').skip(1).step_by(2).filter(|token| is_path(token, top)).map(str::to_owned));
        for link in line.split("](").skip(1) {
            let target = link.split([')', '#', ' ']).next().unwrap_or("");
            if !target.is_empty() && !target.contains("://") && !target.starts_with("mailto:") {
                found.push(target.to_owned());
            }
        }
    }
    found
}

/// True for a word that can only be meant as a path: it begins in a folder of the project, or ends as its files do.
fn is_path(token: &str, top: &[String]) -> bool {
    let plain = token.chars().all(|c| c.is_ascii_alphanumeric() || "_-./".contains(c));
    let in_project = token.split_once('/').is_some_and(|(first, _)| top.iter().any(|folder| folder == first));
    let ending = token.rsplit_once('.').is_some_and(|(stem, ending)| !stem.is_empty() && ENDINGS.contains(&ending));
    plain && !token.starts_with('/') && (in_project || ending) && !MADE.iter().any(|folder| token.starts_with(folder))
}

/// True if the project has this path: from its root, from the document's folder, or, for a bare name, anywhere.
fn exists(path: &str, document: &str, files: &[String]) -> bool {
    let folder = document.rsplit_once('/').map_or("", |(folder, _)| folder);
    let bare = !path.contains('/') && files.iter().any(|file| file.rsplit('/').next() == Some(path));
    ELSEWHERE.contains(&path) || bare || root().join(path).exists() || root().join(folder).join(path).exists()
}

fn top_folders(files: &[String]) -> Vec<String> {
    let mut top: Vec<String> = files.iter().filter_map(|file| Some(file.split_once('/')?.0.to_owned())).collect();
    top.dedup();
    top
}

#[test]
fn every_path_that_a_document_names_exists() {
    let files = files();
    let top = top_folders(&files);
    let mut checked = 0;
    let mut missing = Vec::new();
    for document in markdown() {
        for path in named(&text(&document).expect("a document is text"), &top) {
            checked += 1;
            if !exists(&path, &document, &files) {
                missing.push(format!("{document} names {path}"));
            }
        }
    }
    assert!(checked > 0, "no document names a path");
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn a_path_that_is_gone_is_found() {
    let files = files();
    let top = top_folders(&files);
    let document = "See `core/src/gone.rs`, `gone.rs`, `application/json`, `/metrics`, `a / b`, [x](docs/gone.md), \
                    [y](https://example.org/z.md) and `core/src/lib.rs`.\n```\n`core/src/example.rs`\n```\n";
    let named = named(document, &top);
    assert_eq!(named, ["core/src/gone.rs", "gone.rs", "core/src/lib.rs", "docs/gone.md"]);
    let there: Vec<bool> = named.iter().map(|path| exists(path, "README.md", &files)).collect();
    assert_eq!(there, [false, false, true, false]);
}

#[test]
fn the_documents_are_there() {
    let missing: Vec<_> = DOCUMENTS.iter().filter(|name| !root().join(name).is_file()).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// The snippets of a document in this language: where each says it is from, and its text.
fn snippets<'a>(document: &'a str, language: &str) -> Vec<(Option<&'a str>, &'a str)> {
    let start = format!("```{language}\n");
    let mut found = Vec::new();
    for (at, _) in document.match_indices(&start) {
        let before = document[..at].trim_end().lines().last().unwrap_or_default();
        let from = before.strip_prefix("<!-- from ").and_then(|rest| rest.strip_suffix(" -->"));
        let body = &document[at + start.len()..];
        found.push((from, body.split("```").next().unwrap_or_default()));
    }
    found
}

#[test]
fn every_snippet_of_another_language_in_a_readme_is_part_of_a_program_that_is_run() {
    for (readme, languages) in
        [("README.md", &["c", "go", "python", "js"][..]), ("bindings-python/README.md", &["python"])]
    {
        let readme = text(readme).expect("the README");
        languages.iter().for_each(|language| quotes(&readme, language));
    }

    fn quotes(readme: &str, language: &str) {
        let found = snippets(readme, language);
        assert!(!found.is_empty(), "the README has no snippet in {language}");
        for (from, snippet) in found {
            let from = from.unwrap_or_else(|| panic!("a snippet in {language} does not say where it is from"));
            let program = text(from).unwrap_or_else(|| panic!("{from} is not there"));
            assert!(program.contains(snippet), "the snippet in {language} is not in {from} as it stands");
        }
    }
}

/// A program whose part is shown is run by a test that names it.
#[test]
fn every_python_program_that_is_shown_is_run() {
    let tests: Vec<String> = files()
        .into_iter()
        .filter(|file| file.starts_with("bindings-python/tests/") && file.ends_with(".py"))
        .filter_map(|file| text(&file))
        .collect();
    let mut checked = 0;
    for readme in ["README.md", "bindings-python/README.md"] {
        for (from, _) in snippets(&text(readme).expect("a document"), "python") {
            let name = from.and_then(|from| from.rsplit('/').next()).expect("a program");
            checked += 1;
            assert!(tests.iter().any(|test| test.contains(&format!("\"{name}\""))), "no test runs {name}");
        }
    }
    assert!(checked > 0);
}

#[test]
fn every_document_with_a_rust_snippet_is_compiled() {
    let compiled = text("tests/src/documents.rs").expect("the list of documents");
    for document in markdown() {
        let has_snippet =
            text(&document).unwrap_or_default().lines().any(|line| line.trim_start().starts_with("```rust"));
        let listed = compiled.contains(&format!("include_str!(\"../../{document}\")"));
        assert!(listed || !has_snippet, "{document} has a Rust snippet that tests/src/documents.rs does not compile");
    }
}

/// What only means something where the project was written.
const FORBIDDEN: &[&str] = &[
    "/work/",
    "/root/",
    "issue #",
    "issues #",
    "this session",
    "index.crates.io",
    "static.crates.io",
    "pypi.org/simple",
    "files.pythonhosted.org",
    "proxy.golang.org",
];

/// The only places that a lock file may fetch from.
const PUBLIC: &[&str] = &[
    "registry+https://github.com/rust-lang/crates.io-index",
    "https://registry.npmjs.org/",
    "https://pypi.org/simple",
    "https://files.pythonhosted.org/",
];

/// The first pattern that a text has, and its line.
fn forbidden(text: &str) -> Option<(usize, &'static str)> {
    text.lines().enumerate().find_map(|(at, line)| {
        let line = line.to_lowercase();
        FORBIDDEN.iter().find(|pattern| line.contains(**pattern)).map(|pattern| (at + 1, *pattern))
    })
}

fn is_lock(file: &str) -> bool {
    file.ends_with(".lock") || file.ends_with("package-lock.json") || file.ends_with("go.sum")
}

/// The addresses a lock file fetches from.
fn sources(lock: &str) -> impl Iterator<Item = &str> {
    let starts = ["source = \"", "\"resolved\": \"", "registry = \"", "url = \""];
    lock.lines().filter_map(move |line| {
        let (_, rest) = starts.iter().find_map(|start| line.split_once(start))?;
        rest.split('"').next()
    })
}

#[test]
fn no_file_names_the_place_it_was_written_at() {
    // This one names the patterns.
    for file in files().iter().filter(|file| !is_lock(file) && *file != "tests/tests/docs.rs") {
        if let Some((line, pattern)) = text(file).as_deref().and_then(forbidden) {
            panic!("{file}:{line} has {pattern:?}");
        }
    }
    assert_eq!(forbidden("fine\nSee /Work/x"), Some((2, "/work/")));
    assert_eq!(forbidden("a network/worker and an issue with #2"), None);
}

#[test]
fn lock_files_fetch_from_public_places() {
    let mut checked = 0;
    for file in files().iter().filter(|file| is_lock(file)) {
        for source in sources(&text(file).unwrap_or_default()) {
            checked += 1;
            assert!(PUBLIC.iter().any(|place| source.starts_with(place)), "{file} fetches from {source}");
        }
    }
    assert!(checked > 0);
    assert_eq!(
        sources("name = \"x\"\nsource = \"registry+https://mirror/\"\n").collect::<Vec<_>>(),
        ["registry+https://mirror/"]
    );
}
