//! What holds of every exported function, read from the sources: its body is a guard, so that no panic leaves it; it is
//! described; it has the name and the form of the header's rules. And nothing can be built that is otherwise.

use std::path::Path;
use syn::{Expr, Item, ItemFn, ReturnType, Stmt};

/// The sources of the crate, parsed.
fn sources() -> Vec<(String, String, syn::File)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut sources: Vec<_> = std::fs::read_dir(folder)
        .expect("the sources are there")
        .map(|entry| {
            let path = entry.expect("an entry").path();
            let text = std::fs::read_to_string(&path).expect("a source is text");
            let file = syn::parse_file(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            (path.file_name().expect("a name").to_string_lossy().into_owned(), text, file)
        })
        .collect();
    sources.sort_by(|one, other| one.0.cmp(&other.0));
    sources
}

fn is_exported(function: &ItemFn) -> bool {
    function.attrs.iter().any(|attribute| {
        let mut exported = false;
        if attribute.path().is_ident("unsafe") {
            let _ = attribute.parse_nested_meta(|meta| {
                exported |= meta.path.is_ident("no_mangle");
                Ok(())
            });
        }
        exported || attribute.path().is_ident("no_mangle")
    })
}

/// Every exported function and the file it is in.
fn exported() -> Vec<(String, ItemFn)> {
    let found: Vec<_> = sources()
        .into_iter()
        .flat_map(|(path, _, file)| {
            file.items.into_iter().filter_map(move |item| match item {
                Item::Fn(function) if is_exported(&function) => Some((path.clone(), function)),
                _ => None,
            })
        })
        .collect();
    assert!(found.len() > 90, "only {} exported functions were found", found.len());
    found
}

/// Which guard an expression calls, if it is nothing but that call.
fn guard_of(expression: &Expr) -> Option<String> {
    let Expr::Call(call) = expression else { return None };
    let Expr::Path(path) = &*call.func else { return None };
    let names: Vec<String> = path.path.segments.iter().map(|segment| segment.ident.to_string()).collect();
    match names.as_slice() {
        [module, guard] if module == "guard" => Some(guard.clone()),
        _ => None,
    }
}

#[test]
fn every_exported_function_is_one_guard() {
    for (path, function) in exported() {
        let name = function.sig.ident.to_string();
        // Beside the call there may be items (a static), which do nothing.
        let code: Vec<&Stmt> = function.block.stmts.iter().filter(|stmt| !matches!(stmt, Stmt::Item(_))).collect();
        let guard = match code.as_slice() {
            [Stmt::Expr(expression, _)] => guard_of(expression),
            _ => None,
        };
        let returns_error = match &function.sig.output {
            ReturnType::Default => None,
            ReturnType::Type(_, output) => Some(matches!(&**output, syn::Type::Ptr(pointer)
                if matches!(&*pointer.elem, syn::Type::Path(path)
                    if path.path.segments.last().is_some_and(|last| last.ident == "tyk_error")))),
        };
        let wanted = match returns_error {
            None => "quiet",
            Some(true) => "run",
            Some(false) => "or",
        };
        assert_eq!(guard.as_deref(), Some(wanted), "{path}: the body of {name} is not one call of guard::{wanted}");
    }
}

#[test]
fn every_exported_function_is_described_and_has_the_form_of_the_rules() {
    for (path, function) in exported() {
        let name = function.sig.ident.to_string();
        let described = function.attrs.iter().any(|attribute| attribute.path().is_ident("doc"));
        assert!(described, "{path}: {name} has no description");
        let parts: Vec<&str> = name.split('_').collect();
        assert!(parts[0] == "tyk" && parts.len() > 1, "{path}: {name} is not named tyk_<noun>_<verb>");
        let c = function.sig.abi.as_ref().and_then(|abi| abi.name.as_ref()).is_some_and(|abi| abi.value() == "C");
        assert!(c, "{path}: {name} is not extern \"C\"");
    }
}

/// The one thing that a feature decides.
const CHOICE: &str = "#[cfg_attr(not(feature = \"serve\"), path = \"lean.rs\")]\nmod serving;\n";
const FEATURES: [&str; 2] = ["default = [\"serve\"]", "serve = [\"dep:endpoint\"]"];

#[test]
fn panics_are_caught_in_one_place_which_no_build_leaves_out() {
    for (path, text, _) in sources() {
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        assert!(path == "guard.rs" || !code.contains("catch_unwind"), "{path} catches panics");
        for word in [".unwrap()", ".expect(", "panic!(", "unreachable!(", "todo!(", "assert!("] {
            let found = code.lines().filter(|line| line.contains(word) && !line.trim_start().starts_with("//"));
            // What is checked when the library is built cannot panic when it is used.
            let found: Vec<&str> =
                found.filter(|line| !line.contains("const _") && !line.starts_with("    assert!(")).collect();
            assert!(found.is_empty(), "{path} has {word}: {found:?}");
        }
        // But for which of two files without exports is the module `serving`.
        let code = if path == "lib.rs" { code.replace(CHOICE, "") } else { code.to_owned() };
        assert!(!code.contains("feature ="), "{path} depends on a feature");
    }
    for (path, function) in exported() {
        assert!(!["serving.rs", "lean.rs"].contains(&path.as_str()), "{path} exports {}", function.sig.ident);
    }
    let manifest = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")).expect("is there");
    let features: Vec<&str> = manifest.split("[features]\n").nth(1).unwrap_or_default().lines().collect();
    let features = features.iter().take_while(|line| !line.is_empty()).filter(|line| !line.starts_with('#'));
    assert!(features.eq(&FEATURES), "a feature more could leave the guards out");
    let root = sources().into_iter().find(|(path, ..)| path == "lib.rs").expect("lib.rs").1;
    assert!(root.contains("#[cfg(panic = \"abort\")]\ncompile_error!"), "a build without unwinding must be refused");
}

#[test]
fn raw_pointers_become_boxes_in_one_file() {
    for (path, text, _) in sources() {
        for word in ["from_raw(", "into_raw(", "CStr::from_ptr", "slice::from_raw_parts"] {
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            assert!(path == "handle.rs" || !code.contains(word), "{path} has {word}, which belongs into handle.rs");
        }
    }
}
