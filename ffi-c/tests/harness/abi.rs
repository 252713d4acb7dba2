//! A program that was built with another header does not start: it ends at load, before `main`, and says why.

use super::header;
use super::kit::{Program, output, program, run, said, scratch};
use std::fs::File;
use std::path::{Path, PathBuf};

/// A program of the header as it is, or changed by `change`.
fn built(name: &str, change: impl Fn(&str) -> String) -> PathBuf {
    let folder = scratch("abi").join(name);
    std::fs::create_dir_all(&folder).expect("a folder");
    let source = folder.join("program.c");
    std::fs::write(folder.join("tykmetrics.h"), change(&header::text())).expect("the header is written");
    std::fs::write(
        &source,
        "#include <tykmetrics.h>\n#include <stdio.h>\nint main(void) { puts(\"main\"); return 0; }\n",
    )
    .expect("the program is written");
    // The changed header is found before the installed one.
    Program::c(&format!("abi-{name}")).sources([source]).flags(["-I".to_owned(), folder.display().to_string()]).build()
}

/// The header with a part replaced, which must be there.
fn replaced<'a>(from: &'a str, to: &'a str) -> impl Fn(&str) -> String + 'a {
    move |header: &str| {
        assert_eq!(header.matches(from).count(), 1, "`{from}` is not once in the header");
        header.replace(from, to)
    }
}

fn ends_at_load(built: &Path, says: &str) {
    let mut command = program(built);
    let output = output(&mut command);
    assert!(!output.status.success() && output.status.code() != Some(124), "{}", said(&command, &output));
    assert!(output.stdout.is_empty(), "main ran: {}", said(&command, &output));
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(
        message.contains(says) && message.contains("header"),
        "it should say `{says}`: {}",
        said(&command, &output)
    );
}

#[test]
fn the_installed_header_starts() {
    assert_eq!(run(&mut program(&built("own", str::to_owned))), "main\n");
}

#[test]
fn a_header_of_another_version_ends_at_load() {
    ends_at_load(&built("version", replaced("#define TYK_ABI 1\n", "#define TYK_ABI 99\n")), "ABI 99");
}

#[test]
fn a_header_with_a_larger_structure_ends_at_load() {
    let larger =
        replaced("  size_t state_count;\n} tyk_options;", "  size_t state_count;\n  size_t one_more;\n} tyk_options;");
    ends_at_load(&built("size", larger), "tyk_options");
}

/// Structures that say their size may be those of an earlier header; the others may not.
#[test]
fn a_header_with_a_smaller_structure_that_says_its_size_starts() {
    let before = |header: &str| {
        let states = "  const char *const *states;\n";
        let start = header.find(states).expect("the states of the options");
        let end = header[start..].find("} tyk_options;").expect("the end of the options") + start;
        let comments = header[..start].rfind("  // Of a state set").expect("their description");
        format!("{}{}", &header[..comments], &header[end..])
    };
    assert_eq!(run(&mut program(&built("earlier", before))), "main\n");
    let smaller = replaced("  const double *more;\n", "");
    ends_at_load(&built("smaller", smaller), "tyk_table");
}

#[test]
fn it_ends_at_load_even_if_nobody_can_be_told() {
    let built = built("silent", replaced("#define TYK_ABI 1\n", "#define TYK_ABI 99\n"));
    let mut command = program(&built);
    let output = output(command.stderr(File::create("/dev/full").expect("a device that takes nothing")));
    assert!(!output.status.success() && output.stdout.is_empty(), "main ran: {}", said(&command, &output));
}
