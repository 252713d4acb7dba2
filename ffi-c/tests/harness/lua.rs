//! The LuaJIT example: its declarations agree with the header, and it runs.

use super::kit::{Program, output, prefix, program, root, run, said, scratch, tool};
use std::fmt::Write;
use std::path::PathBuf;
use std::process::Command;

fn folder() -> PathBuf {
    root().join("examples/luajit")
}

/// A command that runs a script of the example's folder.
fn luajit() -> Command {
    let mut command = program(std::path::Path::new("luajit"));
    command.env("TYKMETRICS_LIBRARY", prefix().join("lib/libtykmetrics.so")).current_dir(root());
    command
}

/// What the module declares to the FFI.
fn declarations() -> String {
    let module = std::fs::read_to_string(folder().join("tykmetrics.lua")).expect("the module");
    let (_, rest) = module.split_once("ffi.cdef([[\n").expect("the module declares something");
    let (declarations, _) = rest.split_once("]])").expect("the declarations end");
    assert_eq!(rest.matches("ffi.cdef").count(), 0, "all declarations are in one place");
    declarations.to_owned()
}

/// A C program that compiles only if the declarations are those of the header: prototypes are said again, and structures
/// stand beside the header's under another name, to be compared member by member.
fn comparison(declarations: &str) -> String {
    let mut compared = "#include <tykmetrics.h>\n#include <stddef.h>\n\n".to_owned();
    let mut checks = String::new();
    // The structures: `typedef struct NAME { members } NAME;`
    let mut rest = declarations;
    while let Some(start) = rest.find("typedef struct ") {
        let (before, after) = rest.split_at(start);
        compared += before;
        let end = match (after.find('{'), after.find(';')) {
            (Some(brace), Some(semicolon)) if brace < semicolon => {
                let close = after.find('}').expect("a structure ends");
                let name = after["typedef struct ".len()..brace].trim();
                writeln!(compared, "typedef struct lua_{name} {} lua_{name};", &after[brace..=close]).expect("text");
                writeln!(checks, "_Static_assert(sizeof(lua_{name}) == sizeof({name}), \"{name}\");").expect("text");
                let mut zeroes = String::new();
                for member in after[brace + 1..close].split(';').map(str::trim).filter(|member| !member.is_empty()) {
                    let is_structure = member.starts_with("tyk_") && !member.contains('*');
                    zeroes += if is_structure { "{0}, " } else { "0, " };
                    let start = member.rfind(|c: char| !c.is_alphanumeric() && c != '_').map_or(0, |at| at + 1);
                    let member = &member[start..];
                    writeln!(
                        checks,
                        "_Static_assert(offsetof(lua_{name}, {member}) == offsetof({name}, {member}) && \
                         __builtin_types_compatible_p(__typeof__(((lua_{name} *)0)->{member}), \
                         __typeof__((({name} *)0)->{member})), \"{name}.{member}\");"
                    )
                    .expect("text");
                }
                // The compiler has a warning for members that an initialiser leaves out, and one for too many.
                writeln!(checks, "const {name} all_of_{name} = {{{zeroes}}};").expect("text");
                close + after[close..].find(';').expect("a declaration ends")
            }
            (_, Some(semicolon)) => {
                compared += &after[..=semicolon];
                semicolon
            }
            _ => panic!("a declaration does not end: {after}"),
        };
        rest = &after[end + 1..];
    }
    format!("{compared}{rest}\n{checks}\nint main(void) {{ return 0; }}\n")
}

/// Compiles the comparison; what the compiler said if it did not like it.
fn compared(name: &str, declarations: &str) -> Result<(), String> {
    let file = scratch("lua").join(format!("{name}.c"));
    std::fs::write(&file, comparison(declarations)).expect("the comparison is written");
    Program::c(&format!("lua-{name}")).sources([file]).compile().map(drop)
}

#[test]
fn every_declaration_is_the_headers() {
    let declarations = declarations();
    assert!(declarations.matches("tyk_").count() > 50, "{declarations}");
    if let Err(said) = compared("same", &declarations) {
        panic!("{said}");
    }
}

#[test]
fn a_declaration_that_is_not_the_headers_is_found() {
    let declarations = declarations();
    for (name, from, to) in [
        ("result", "void tyk_family_add(const tyk_family *family", "float tyk_family_add(const tyk_family *family"),
        ("member", "  uint32_t private_series;\n", ""),
        ("order", "  uint32_t flags;\n  uint32_t store;\n", "  uint32_t store;\n  uint32_t flags;\n"),
        ("type", "int32_t native_schema;\n  double", "uint32_t native_schema;\n  double"),
        ("constness", "tyk_render(const tyk_registry", "tyk_render(tyk_registry"),
    ] {
        assert!(declarations.contains(from), "{from}");
        let said = compared(name, &declarations.replace(from, to)).expect_err(name);
        let found = ["static assertion failed", "conflicting types", "missing initializer"];
        assert!(found.iter().any(|found| said.contains(found)), "{name}: {said}");
    }
}

#[test]
fn the_example_prints_what_it_recorded() {
    let mut command = luajit();
    command.arg(folder().join("example.lua"));
    let output = output(&mut command);
    assert!(output.status.success(), "{}", said(&command, &output));
    let printed = String::from_utf8_lossy(&output.stdout);
    let (head, body) = printed.split_once("\n\n").expect("a head and a body");
    assert!(head.starts_with("Content-Type: text/plain; version=0.0.4"), "{head}");
    for line in [
        "# TYPE gateway_requests_total counter",
        "gateway_requests_total{route=\"/users\",method=\"GET\",status=\"502\",worker=\"0\"} 10",
        "gateway_requests_total{route=\"/users\",method=\"GET\",status=\"200\",worker=\"0\"} 990",
        "gateway_requests_total{route=\"/orders\",method=\"GET\",status=\"502\",worker=\"0\"} 20",
        "gateway_requests_total{route=\"/orders\",method=\"GET\",status=\"200\",worker=\"0\"} 1980",
        "gateway_request_duration_seconds_bucket{route=\"/orders\",worker=\"0\",le=\"0.005\"} 500",
        "gateway_request_duration_seconds_bucket{route=\"/orders\",worker=\"0\",le=\"+Inf\"} 2000",
        "gateway_request_duration_seconds_sum{route=\"/users\",worker=\"0\"} 23.4375",
        "gateway_connections{worker=\"0\"} 7",
    ] {
        assert!(body.lines().any(|printed| printed == line), "no `{line}` in\n{body}");
    }
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    let errors: Vec<&str> = errors.lines().collect();
    assert_eq!(errors.len(), 3, "{errors:?}");
    for (error, says) in errors.iter().zip(["conflict: ", "invalid_name: ", "a text is needed, not a number"]) {
        assert!(error.contains("example.lua:") && error.contains(says), "`{says}` at the caller's line: {error}");
    }
}

#[test]
fn lua_keeps_nothing_and_loses_nothing() {
    let script = scratch("lua").join("many.lua");
    let text = format!(
        "package.path = \"{}/?.lua;\" .. package.path\n\
         local registry = require(\"tykmetrics\").registry()\n\
         local made = registry:counter({{ name = \"made_total\", labels = {{ \"at\" }} }})\n\
         for at = 1, 200000 do made:add(1, at % 7) if at % 1000 == 0 then collectgarbage() end end\n\
         made:add(1)\nmade:add(0 / 0, \"nan\")\nmade:add(-1, \"negative\")\n\
         for _ = 1, 100 do require(\"tykmetrics\").registry():gauge({{ name = \"g\" }}):set(1) end\n\
         collectgarbage()\nio.write((registry:render()))\n",
        folder().display()
    );
    std::fs::write(&script, text).expect("the script is written");
    let printed = run(luajit().arg(&script));
    let total: u64 = printed
        .lines()
        .filter(|line| line.starts_with("made_total{at=\"") && !line.starts_with("made_total{at=\"\"}"))
        .map(|line| line.rsplit(' ').next().and_then(|number| number.parse::<u64>().ok()).expect("a whole number"))
        .sum();
    assert_eq!(total, 200_000, "{printed}");
    assert!(printed.contains("made_total{at=\"\"} 1\n"), "{printed}");
    assert!(tool("luajit", ["-v"]).starts_with("LuaJIT"));
}
