//! `docs/configuration.md` says what the table of keys says. `UPDATE=1` writes it.

use std::fmt::Write;
use std::path::PathBuf;
use tykmetrics_server::config::{Dialect, keys};

fn code(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("`{text}`") }
}

fn of_keys() -> String {
    let mut table = "| key | type | default | allowed | what it is |\n|---|---|---|---|---|\n".to_owned();
    for key in keys() {
        let about = format!("{}{}", key.about(), if key.is_hosts() { " Honoured by the host." } else { "" });
        let row = [code(key.name()), key.kind().to_owned(), code(&key.default()), key.allowed(), about];
        writeln!(table, "| {} |", row.join(" | ")).expect("a string");
    }
    table
}

fn of_gateways() -> String {
    let mut tables = String::new();
    for dialect in Dialect::ALL {
        let defaults: Vec<_> = dialect.defaults().iter().map(|(key, value)| format!("`{key}` is `{value}`")).collect();
        let defaults = defaults.join(", ");
        write!(
            tables,
            "### {dialect}\n\nIts defaults: {defaults}.\n\n| in its file | in the environment | is |\n|---|---|---|\n"
        )
        .expect("a string");
        for key in keys() {
            if let Some((file, environment)) = key.of(dialect) {
                let file = code(&file.unwrap_or_default());
                writeln!(tables, "| {file} | {} | {} |", code(&environment), code(key.name())).expect("a string");
            }
        }
        tables.push('\n');
    }
    tables.trim_end().to_owned() + "\n"
}

/// The document with this text between its marks.
fn with(document: &str, mark: &str, text: &str) -> String {
    let mark = format!("<!-- {mark} -->\n");
    let (before, rest) = document.split_once(&mark).unwrap_or_else(|| panic!("{mark} is not in the document"));
    let (_, after) = rest.split_once("<!-- end -->").expect("an end of the mark");
    format!("{before}{mark}{text}<!-- end -->{after}")
}

#[test]
fn the_document_says_what_the_table_of_keys_says() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/configuration.md");
    let found = std::fs::read_to_string(&path).expect("the document");
    let expected = with(&with(&found, "keys", &of_keys()), "gateways", &of_gateways());
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &expected).expect("the document is written");
        return;
    }
    assert!(found == expected, "docs/configuration.md is not what the keys say: run this test with UPDATE=1");
}

#[test]
fn no_cell_breaks_its_table() {
    for table in [of_keys(), of_gateways()] {
        let rows: Vec<_> = table.lines().filter(|line| line.starts_with('|')).collect();
        assert!(rows.len() > 10);
        assert!(rows.iter().all(|row| [4, 6].contains(&row.matches('|').count())), "{table}");
    }
}
