//! The C programs of `ffi-c/tests/c`: what each holds is said on top of it.

use super::kit::{ADDRESS, Link, Program, program, root, run, run_failing, scratch, source, tool, valgrind};
use std::path::{Path, PathBuf};

#[test]
fn the_quick_start_shows_what_it_recorded_and_what_was_wrong() {
    for (name, link) in [("quick_start", Link::Shared), ("quick_start-static", Link::Static)] {
        let built = Program::c("quick_start").called(name).link(link).build();
        let output = super::kit::output(&mut program(&built));
        let (printed, said) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{printed}\n{said}");
        for line in [
            "Content-Type: text/plain; version=0.0.4",
            "# HELP http_requests_total Requests answered",
            "http_requests_total{method=\"GET\",status=\"200\"} 1",
            "http_requests_total{method=\"POST\",status=\"500\"} 1",
            "http_request_duration_seconds_bucket{le=\"+Inf\"} 1",
            "http_request_duration_seconds_sum 0.012",
        ] {
            assert!(printed.lines().any(|printed| printed.starts_with(line)), "no `{line}` in\n{printed}");
        }
        assert!(said.starts_with("label_count: ") && said.lines().count() == 1, "{said}");
    }
}

#[test]
fn the_quick_start_leaks_nothing() {
    run(&mut valgrind(&Program::c("quick_start").called("quick_start-valgrind").build()));
    run(&mut program(&Program::c("quick_start").called("quick_start-asan").flags(ADDRESS).build()));
}

#[test]
fn a_leak_is_found() {
    let whole = std::fs::read_to_string(source("quick_start.c")).expect("the quick start");
    let leaking = scratch("leak").join("leak.c");
    // A function of its own, so that nothing is left of the pointer when the program ends.
    let leaks = whole.replace("    tyk_histogram_free(&latency);\n", "").replace("int main(void)", "int work(void)")
        + "\nint main(void) {\n    char over[4096];\n    int status = work();\n    \
           memset(over, status, sizeof over);\n    return over[7];\n}\n";
    assert!(!leaks.contains("tyk_histogram_free") && leaks.contains("int work(void)"));
    std::fs::write(&leaking, leaks.replace("int work(void)", "#include <string.h>\nint work(void);\nint work(void)"))
        .expect("a source is written");
    let built = |name: &str| Program::c(name).sources([leaking.clone()]);
    let said = run_failing(&mut program(&built("leak-asan").flags(ADDRESS).build()));
    assert!(said.contains("LeakSanitizer: detected memory leaks"), "{said}");
    let said = run_failing(&mut valgrind(&built("leak").build()));
    assert!(said.contains("definitely lost"), "{said}");
}

#[test]
fn the_readme_shows_the_quick_start() {
    let quick_start = std::fs::read_to_string(source("quick_start.c")).expect("the quick start");
    let mut shown = 0;
    let readme = std::fs::read_to_string(root().join("README.md")).expect("the README");
    for snippet in readme.split("```c\n").skip(1).filter_map(|rest| rest.split("```").next()) {
        assert!(quick_start.contains(snippet), "it has C that is not in ffi-c/tests/c/quick_start.c:\n{snippet}");
        shown += 1;
    }
    assert!(shown > 0, "it shows no C");
}

#[test]
fn every_mistake_has_its_error_and_changes_nothing() {
    run(&mut program(&Program::c("misuse").flags(["-lm"]).build()));
    run(&mut program(&Program::c("misuse").called("misuse-asan").flags(ADDRESS).build()));
    run(&mut valgrind(&Program::c("misuse").called("misuse-valgrind").build()));
}

#[test]
fn everything_lives_as_long_as_it_should() {
    run(&mut program(&Program::c("lifetimes").build()));
    run(&mut program(&Program::c("lifetimes").called("lifetimes-asan").flags(ADDRESS).build()));
    run(&mut valgrind(&Program::c("lifetimes").called("lifetimes-valgrind").build()));
}

#[test]
fn an_inline_function_does_what_the_function_does() {
    let built = Program::c("agree").flags(["-O2", "-lm"]).build();
    assert_eq!(run(&mut program(&built)), "drawn 200000\n");
    let built = Program::c("agree").called("agree-asan").flags(ADDRESS).flags(["-lm"]).build();
    assert_eq!(run(&mut program(&built)), "drawn 200000\n");
}

#[test]
fn threads_lose_nothing_and_scrapes_are_whole() {
    for (name, link) in [("threads", Link::Shared), ("threads-static", Link::Static)] {
        let built = Program::c("threads").called(name).flags(["-O2"]).link(link).build();
        let printed = run(program(&built).arg("100000"));
        assert!(printed.starts_with("records 21600000, scrapes "), "{printed}");
    }
}

#[test]
fn the_inline_functions_have_no_race() {
    let flags = ["-O1", "-fsanitize=thread"];
    // Without a fixed layout the sanitizer does not find its own memory on kernels that spread mappings widely.
    let fixed = || {
        let mut command = program(Path::new("setarch"));
        command.arg("-R");
        command
    };
    // The forms without a call, watched; and a program as people build it, whose threads come and go as they like.
    let built = Program::c("threads").called("threads-tsan").flags(flags).flags(["-DTYK_INLINE"]).build();
    let printed = run(fixed().arg(built).arg("3200"));
    assert!(printed.starts_with("records 691200, "), "{printed}");
    let plain = Program::c("threads").called("threads-tsan-plain").flags(flags).build();
    assert!(run(fixed().arg(plain).arg("3200")).starts_with("records 691200, "));
    // That it looks is shown by a race beside the same records.
    let racing = Program::c("threads").called("threads-race").flags(flags).flags(["-DRACE", "-DTYK_INLINE"]).build();
    let said = run_failing(fixed().arg(racing).arg("3200"));
    assert!(said.contains("data race"), "{said}");
}

#[test]
fn a_forked_child_has_numbers_of_its_own_and_waits_for_nobody() {
    let printed = run(program(&Program::c("fork").build()).arg("200"));
    assert_eq!(printed, "forks 600\n");
}

#[test]
fn a_record_allocates_nothing() {
    let wrapped = ["malloc", "calloc", "realloc", "posix_memalign", "mmap", "mmap64"];
    let flags = wrapped.iter().map(|function| format!("-Wl,--wrap={function}"));
    let built = Program::c("allocations").flags(flags).link(Link::Static).build();
    assert_eq!(run(&mut program(&built)), "rounds 1000, allocations 0\n");
}

#[test]
fn the_header_is_strict_c_and_strict_cpp() {
    let empty = scratch("strict").join("empty.c");
    std::fs::write(&empty, "#include <tykmetrics.h>\n#include <tykmetrics.h>\nint main(void) { return 0; }\n")
        .expect("a source is written");
    for (compiler, standard) in
        [("gcc", "c99"), ("gcc", "c11"), ("gcc", "c17"), ("g++", "c++11"), ("g++", "c++17"), ("g++", "c++20")]
    {
        let language = if compiler == "gcc" { "c" } else { "c++" };
        let built = Program::c("strict")
            .called(&format!("strict-{standard}"))
            .sources([empty.clone()])
            .compiler(compiler, standard)
            .flags(["-pedantic", "-Wconversion", "-Wshadow", "-Wundef", "-x", language])
            .flags((compiler == "gcc").then_some("-Wstrict-prototypes"));
        run(&mut program(&built.build()));
    }
}

#[test]
fn a_cpp_program_uses_it() {
    for standard in ["c++11", "c++20"] {
        let built = Program::c("use")
            .called(&format!("use-{standard}"))
            .sources([source("use.cpp")])
            .compiler("g++", standard)
            .flags(["-pedantic"]);
        let printed = run(&mut program(&built.build()));
        assert!(printed.contains("calls_total{method=\"GET\"} 2\n"), "{printed}");
    }
}

fn case_files() -> Vec<PathBuf> {
    let folder = root().join("tests/conformance");
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
        .filter(|path| path.file_name().is_some_and(|name| name != "errors.json"))
        .collect();
    files.sort();
    files
}

/// The runner of the conformance cases.
fn runner(name: &str, flags: &[&str]) -> PathBuf {
    let cjson = tool("pkg-config", ["--cflags", "--libs", "libcjson"]);
    let parts = ["conformance", "operations", "metrics", "compare"].map(|part| source(&format!("{part}.c")));
    let flags = flags.iter().map(|flag| (*flag).to_owned());
    Program::c(name).sources(parts).flags(flags).flags(cjson.split_whitespace()).build()
}

#[test]
fn every_conformance_case_gives_what_it_expects() {
    let errors = root().join("tests/conformance/errors.json");
    let printed = run(program(&runner("conformance", &[])).arg(&errors).args(case_files()));
    println!("{printed}");
    let cases: u64 =
        printed.split([' ', ',']).nth(1).and_then(|number| number.parse().ok()).expect("a number of cases");
    assert!(cases >= 60, "only {cases} cases were run: {printed}");
    let asan = run(program(&runner("conformance-asan", &ADDRESS)).arg(&errors).args(case_files()));
    assert_eq!(asan, printed);
}

/// What the runner says to a file of one case with these operations.
fn conformance_of(name: &str, operations: &str) -> String {
    let file = scratch("cases").join(format!("{name}.json"));
    let case = format!(r#"[{{"name": "n", "why": "w", "operations": [{operations}], "expect": {{"text": []}}}}]"#);
    std::fs::write(&file, case).expect("a case is written");
    let built = runner(&format!("conformance-{name}"), &[]);
    run_failing(program(&built).arg(root().join("tests/conformance/errors.json")).arg(file))
}

#[test]
fn the_runner_passes_over_nothing_that_it_does_not_know() {
    let counter = r#"{"op": "counter", "id": "c", "name": "c_total"}"#;
    for (name, operations, says) in [
        ("operation", format!(r#"{counter}, {{"op": "increment", "on": "c"}}"#), "does not know the operation"),
        ("member", r#"{"op": "counter", "id": "c", "name": "c", "lables": []}"#.to_owned(), "no member \"lables\""),
        ("missed", r#"{"op": "counter", "id": "c", "name": "c", "error": "conflict"}"#.to_owned(), "should fail"),
        ("error", r#"{"op": "counter", "id": "c", "name": ""}"#.to_owned(), "metric name"),
        ("text", counter.to_owned(), "in text"),
        ("none", r#"{"op": "render", "format": "text", "error": "invalid_text"}"#.to_owned(), "should fail"),
    ] {
        let said = conformance_of(name, &operations);
        assert!(said.contains(says), "{name}: {said}");
    }
}
