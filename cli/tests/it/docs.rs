//! `docs/cli.md` shows the program's own help: `UPDATE=1 cargo test -p tykmetrics-cli docs` writes it there.

use crate::support::{run, text};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/cli.md");

#[test]
fn the_help_in_the_documents_is_what_the_program_says() {
    let page = std::fs::read_to_string(PAGE).unwrap();
    let mut made = String::new();
    let mut rest = page.as_str();
    let mut blocks = 0;
    // A block begins with the command that prints it.
    while let Some((before, block)) = rest.split_once("```text\n$ tykmetrics ") {
        let (command, block) = block.split_once('\n').expect("a command has a line");
        let (_, after) = block.split_once("```\n").expect("a block ends");
        let output = run(&command.split(' ').collect::<Vec<_>>(), b"");
        let help: Vec<&str> = text(&output.stdout).lines().map(str::trim_end).collect();
        made.push_str(&format!("{before}```text\n$ tykmetrics {command}\n{}\n```\n", help.join("\n")));
        (rest, blocks) = (after, blocks + 1);
    }
    made.push_str(rest);
    assert_eq!(blocks, 5, "a block for the program and one for each command");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(PAGE, made).unwrap();
        return;
    }
    assert!(made == page, "docs/cli.md is not what the program says: UPDATE=1 cargo test -p tykmetrics-cli docs");
}
