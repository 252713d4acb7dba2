//! The header is what the sources make: `include/tykmetrics.h` is committed and compared.
//!
//! `UPDATE=1 cargo test -p tykmetrics-c --test header` writes it.

use engine::{ErrorCode, Format};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// The sources in the order in which a reader wants to meet them.
const ORDER: [&str; 25] = [
    "abi",
    "text",
    "bytes",
    "error",
    "series",
    "table",
    "callback",
    "collector",
    "options",
    "registry",
    "family",
    "counter",
    "gauge",
    "up_down",
    "histogram",
    "summary",
    "info",
    "state_set",
    "distribution",
    "shard",
    "exposition",
    "render",
    "snapshot",
    "families",
    "server",
];

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Constants whose numbers stand in the engine alone.
fn constants() -> String {
    let mut text = String::new();
    let (major, minor, patch) =
        (env!("CARGO_PKG_VERSION_MAJOR"), env!("CARGO_PKG_VERSION_MINOR"), env!("CARGO_PKG_VERSION_PATCH"));
    let mut line = |args: std::fmt::Arguments<'_>| writeln!(text, "{args}").expect("a text takes text");
    line(format_args!("/* The version of this header. Compare with tyk_version(), that of the library. */"));
    line(format_args!("#define TYK_VERSION \"{}\"", env!("CARGO_PKG_VERSION")));
    for (name, part) in [("MAJOR", major), ("MINOR", minor), ("PATCH", patch)] {
        line(format_args!("#define TYK_VERSION_{name} {part}"));
    }
    line(format_args!("\n/* Compilers that can warn of an error that is not looked at do. */"));
    line(format_args!("#ifdef __GNUC__\n#define TYK_MUST_USE __attribute__((warn_unused_result))\n#else"));
    line(format_args!("#define TYK_MUST_USE\n#endif"));
    line(format_args!("\n/* What went wrong. The numbers are stable. */"));
    for code in ErrorCode::ALL {
        line(format_args!("#define TYK_ERROR_{} {}", code.as_str().to_uppercase(), code as u32));
    }
    line(format_args!("\n/* The formats of an exposition. */"));
    for (number, format) in Format::ALL.iter().enumerate() {
        line(format_args!("#define TYK_FORMAT_{} {number}", format.as_str().to_uppercase().replace('-', "_")));
    }
    text
}

fn generated() -> String {
    let mut sources: Vec<PathBuf> = ORDER.iter().map(|name| here().join(format!("src/{name}.rs"))).collect();
    sources.push(here().join("src/request.rs"));
    let mut config = cbindgen::Config {
        language: cbindgen::Language::C,
        cpp_compat: true,
        include_guard: Some("TYKMETRICS_H".into()),
        header: Some(read(&here().join("header/rules.h")).trim_end().into()),
        after_includes: Some(format!("\n{}", constants())),
        sys_includes: ["stdbool.h", "stddef.h", "stdint.h", "string.h"].map(String::from).into(),
        no_includes: true,
        line_length: 120,
        tab_width: 2,
        usize_is_size_t: true,
        style: cbindgen::Style::Both,
        documentation_style: cbindgen::DocumentationStyle::C99,
        sort_by: cbindgen::SortKey::None,
        ..cbindgen::Config::default()
    };
    config.constant.sort_by = Some(cbindgen::SortKey::None);
    config.function.sort_by = Some(cbindgen::SortKey::None);
    config.function.must_use = None;
    let mut builder = cbindgen::Builder::new().with_config(config);
    for source in sources {
        builder = builder.with_src(source);
    }
    let mut bytes = Vec::new();
    builder.generate().expect("the sources make a header").write(&mut bytes);
    let header = String::from_utf8(bytes).expect("a header is UTF-8");
    // An error that is not looked at is a mistake, and a leak.
    let header = header.replace("\nstruct tyk_error *tyk_", "\nTYK_MUST_USE\nstruct tyk_error *tyk_");
    let inline = read(&here().join("header/inline.h"));
    // Behind the declarations, inside of the braces for C++.
    let end = header.rfind("#ifdef __cplusplus\n}").expect("cbindgen closes the braces for C++");
    format!("{}{}\n{}", &header[..end], inline.trim_end(), &format!("\n{}", &header[end..]))
}

#[test]
fn the_header_is_what_the_sources_make() {
    let path = here().join("../include/tykmetrics.h");
    let made = generated();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &made).expect("the header can be written");
    }
    let kept = read(&path);
    let line = made.lines().zip(kept.lines()).position(|(made, kept)| made != kept);
    assert!(
        made == kept,
        "include/tykmetrics.h is not what the sources make (from line {:?}): run UPDATE=1 cargo test -p tykmetrics-c --test header",
        line.map(|at| at + 1)
    );
}

#[test]
fn every_source_is_in_the_header() {
    let mut names: Vec<String> = std::fs::read_dir(here().join("src"))
        .expect("the sources are there")
        .map(|entry| entry.expect("an entry").path().file_stem().expect("a name").to_string_lossy().into_owned())
        .collect();
    names.sort();
    // These export nothing.
    let silent = ["guard", "handle", "lean", "lib", "own", "serving"];
    let mut listed: Vec<&str> = ORDER.iter().copied().chain(["request"]).chain(silent).collect();
    listed.sort_unstable();
    assert_eq!(names, listed);
}
