//! Reading the header: its prototypes, as a C compiler sees them after preprocessing.
//!
//! The harness generates programs from them and compares them with what the library exports. Types are kept as text, without
//! `const`, `struct` and blanks, which is all that finding arguments for them needs.

use super::kit::{prefix, tool};
use std::path::Path;

/// A function that the header declares or, if `inline`, defines for each program itself.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) returns: String,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) inline: bool,
}

/// One parameter of a function.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Parameter {
    /// Without `const`, `struct`, `enum` and blanks: `tyk_counter*`.
    pub(crate) kind: String,
    pub(crate) name: String,
    /// True if what it points to cannot be written through it.
    pub(crate) constant: bool,
}

impl Parameter {
    /// True for what can be NULL: a pointer, a function, and a text by value, which has a pointer inside.
    pub(crate) fn is_pointer(&self) -> bool {
        self.kind.ends_with('*') || self.kind == "tyk_sink" || self.kind == "tyk_str"
    }
}

/// The header as it is written.
pub(crate) fn text() -> String {
    std::fs::read_to_string(prefix().join("include/tykmetrics.h")).expect("the header is text")
}

/// Every function of the installed header.
pub(crate) fn functions() -> Vec<Function> {
    let functions = read(&prefix().join("include/tykmetrics.h"));
    assert!(functions.len() > 100, "only {} functions were found in the header", functions.len());
    functions
}

/// Every function of a header whose name begins with `tyk_`.
pub(crate) fn read(header: &Path) -> Vec<Function> {
    let header = header.to_str().expect("a path in UTF-8");
    declarations(&tool("gcc", ["-std=c11", "-E", "-P", header])).iter().filter_map(|text| function(text)).collect()
}

/// The declarations of a preprocessed source, each up to its semicolon or the brace that begins its body.
fn declarations(source: &str) -> Vec<String> {
    let mut found = Vec::new();
    let (mut depth, mut text) = (0, String::new());
    for character in source.chars() {
        match character {
            '{' => {
                depth += 1;
                if depth == 1 {
                    text.push('{');
                }
            }
            '}' => {
                depth -= 1;
                // A body ends its function; the members of a type are followed by its name.
                if depth == 0 && text.contains('(') {
                    found.push(std::mem::take(&mut text));
                }
            }
            ';' if depth == 0 => found.push(std::mem::take(&mut text)),
            _ if depth == 0 => text.push(if character == '\n' { ' ' } else { character }),
            _ => {}
        }
    }
    found
}

/// A declaration without its attributes, which are not of the signature.
fn without_attributes(declaration: &str) -> String {
    let mut text = declaration.to_owned();
    while let Some(start) = text.find("__attribute__") {
        let open = start + text[start..].find('(').expect("an attribute has parentheses");
        let end = open + closing(&text[open..]).expect("parentheses are closed");
        text.replace_range(start..=end, "");
    }
    text
}

/// Where the parenthesis that a text begins with is closed.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0;
    text.char_indices().find_map(|(at, character)| {
        depth += match character {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        (depth == 0).then_some(at)
    })
}

fn function(declaration: &str) -> Option<Function> {
    let text = without_attributes(declaration.trim_end_matches('{'));
    let text = text.trim();
    let open = text.find('(')?;
    let start = text[..open].trim_end().rfind(|c: char| !c.is_alphanumeric() && c != '_')? + 1;
    let name = text[start..open].trim();
    if !name.starts_with("tyk_") || text.starts_with("typedef") {
        return None;
    }
    let end = open + closing(&text[open..])?;
    let inline = text[..start].split_whitespace().any(|word| word == "static");
    let returns = plain(&text[..start]);
    let parts = commas(&text[open + 1..end]);
    let parameters = parts.iter().filter(|part| *part != "void").map(|part| parameter(part)).collect();
    Some(Function { name: name.to_owned(), returns, parameters, inline })
}

/// The parts between the commas that are in no parentheses.
fn commas(text: &str) -> Vec<String> {
    let (mut depth, mut parts, mut part) = (0, Vec::new(), String::new());
    for character in text.chars() {
        depth += i32::from(character == '(') - i32::from(character == ')');
        if character == ',' && depth == 0 {
            parts.push(std::mem::take(&mut part));
        } else {
            part.push(character);
        }
    }
    parts.push(part);
    parts.iter().map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect()
}

fn parameter(text: &str) -> Parameter {
    // A pointer to a function has its name inside: `bool (*sink)(void *, …)`.
    let inside = text.find("(*").map(|at| at + 2);
    let start = match inside {
        Some(at) => at,
        None => text.rfind(|c: char| !c.is_alphanumeric() && c != '_').map_or(0, |at| at + 1),
    };
    let name = text[start..].split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or("");
    let kind = if inside.is_some() { "function*".to_owned() } else { plain(&text[..start]) };
    assert!(!name.is_empty() && !kind.is_empty(), "the header's parameter `{text}` has no name");
    Parameter { kind, name: name.to_owned(), constant: text.starts_with("const ") }
}

/// A type without blanks and words that do not matter here.
fn plain(text: &str) -> String {
    let spaced = text.replace('*', " * ").replace("_Bool", "bool");
    let words = spaced.split_whitespace();
    words
        .filter(|word| !matches!(*word, "const" | "struct" | "enum" | "extern" | "static" | "inline" | "__inline__"))
        .collect()
}

#[test]
fn the_header_is_read_as_a_compiler_reads_it() {
    let source = "typedef struct tyk_a { int tyk_b; } tyk_a;\nextern \"C\" {\n__attribute__((cold))\nstruct tyk_a *\
                  tyk_f(const struct tyk_a *a,\n  bool (*sink)(void *user, int n), tyk_a **out);\n\
                  static inline void tyk_g(void) { if (1) { tyk_f(0, 0, 0); } }\ntypedef void (*tyk_h)(int x);\n";
    let source = source.replace("extern \"C\" {\n", "");
    let found: Vec<Function> = declarations(&source).iter().filter_map(|text| function(text)).collect();
    let parameter = |kind: &str, name: &str, constant| Parameter { kind: kind.into(), name: name.into(), constant };
    let parameters =
        vec![parameter("tyk_a*", "a", true), parameter("function*", "sink", false), parameter("tyk_a**", "out", false)];
    let f = Function { name: "tyk_f".into(), returns: "tyk_a*".into(), parameters, inline: false };
    let g = Function { name: "tyk_g".into(), returns: "void".into(), parameters: vec![], inline: true };
    assert_eq!(found, [f, g]);
}
