//! `check` as scripts and people use it: what it says, where it points, how it ends.

use crate::support::{check, program, run, text};
use serde_json::Value;

const WARNED: &str = "# TYPE hits counter\nhits{userName=\"a\"} 3\n";

#[test]
fn warnings_end_with_3_only_if_that_is_asked_for() {
    assert_eq!(check(&[], WARNED).0, 0);
    assert_eq!(check(&["--strict"], WARNED).0, 3);
    assert_eq!(check(&["--strict", "--lint=none"], WARNED).0, 0);
    assert_eq!(check(&["--strict", "--lint=colon"], WARNED).0, 0);
    assert_eq!(check(&["--strict", "--lint=all,-no-help,-camel-case,-counter-suffix"], WARNED).0, 0);
    assert_eq!(check(&["--strict", "--lint=none"], "a b\n").0, 1);
}

#[test]
fn a_problem_says_where_what_and_the_way_out() {
    let (_, said) = check(&[], WARNED);
    assert_eq!(
        said,
        "\
-:1:8: warning[no-help]: \"hits\" has no help text
  | # TYPE hits counter
  |        ^
  = add a line before it: # HELP hits what it counts, in a sentence
-:1:8: warning[counter-suffix]: the counter \"hits\" does not end in _total
  | # TYPE hits counter
  |        ^
  = call it hits_total
-:2:6: warning[camel-case]: the label \"userName\" is written in camelCase
  | hits{userName=\"a\"} 3
  |      ^
  = call it user_name
-: text, 1 family, 1 sample: valid, 3 warnings
"
    );
    let (_, said) = check(&[], "a 1\nb{c=\"d\"} 1x\n");
    assert!(said.starts_with("-:2:10: error[format]: found the value \"1x\": "), "{said}");
    assert!(said.contains("  | b{c=\"d\"} 1x\n  |          ^\n"), "{said}");
}

#[test]
fn scripts_are_told_in_json() {
    let (status, said) = check(&["--output", "json", "--cardinality"], WARNED);
    let told: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((status, told[0]["valid"].as_bool()), (0, Some(true)));
    assert_eq!(told[0]["problems"][1]["rule"], "counter-suffix");
    assert_eq!(told[0]["problems"][1]["line"], 1);
    assert_eq!(told[0]["cardinality"][0]["series"], 1);
    let (status, said) = check(&["--output", "json"], "a b\n");
    let told: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((status, told[0]["problems"][0]["severity"].as_str()), (1, Some("error")));
}

#[test]
fn what_makes_a_family_grow_is_named() {
    let mut text = String::from("# HELP a_total h\n# TYPE a_total counter\n");
    for user in 0..50 {
        for method in ["GET", "PUT"] {
            text.push_str(&format!("a_total{{method=\"{method}\",user=\"{user}\"}} 1\n"));
        }
    }
    let (status, said) = check(&["--strict", "--limit", "99"], &text);
    assert_eq!(status, 3);
    assert!(said.contains("\"a_total\" has 100 series, and the limit is 99"), "{said}");
    assert!(said.contains("the label \"user\" has 50 values, and without it there were 2 series"), "{said}");
    assert_eq!(check(&["--strict", "--limit", "100"], &text).0, 0);
    let (_, said) = check(&["--cardinality"], &text);
    assert!(said.contains("a_total       100       100  user (50 values; 2 series without it)"), "{said}");
}

#[test]
fn histograms_add_up() {
    let cases = [
        ("a_bucket{le=\"1\"} 1\na_sum 1\na_count 1\n", "histogram-inf"),
        ("a_bucket{le=\"1\"} 2\na_bucket{le=\"+Inf\"} 1\na_sum 1\na_count 1\n", "histogram-falls"),
        ("a_bucket{le=\"+Inf\"} 1\na_sum 1\na_count 2\n", "histogram-count"),
        (
            "a_bucket{le=\"1\"} 1\na_bucket{le=\"1.0\"} 1\na_bucket{le=\"+Inf\"} 1\na_sum 1\na_count 1\n",
            "histogram-bound",
        ),
        ("a_bucket 1\na_bucket{le=\"+Inf\"} 1\na_sum 1\na_count 1\n", "histogram-bound"),
    ];
    for (samples, rule) in cases {
        let (status, said) = check(&[], format!("# HELP a h\n# TYPE a histogram\n{samples}"));
        assert_eq!(status, 1, "{said}");
        assert!(said.contains(&format!("error[{rule}]")), "{rule}: {said}");
        assert_eq!(said.matches("error[").count(), 1, "{said}");
    }
    let whole = "# HELP a h\n# TYPE a histogram\na_bucket{le=\"1\"} 1\na_bucket{le=\"+Inf\"} 1\na_sum 1\na_count 1\n";
    assert_eq!(check(&["--strict"], whole).0, 0);
    // Buckets of two series do not mix, and their order does not matter.
    let two = "# HELP a h\n# TYPE a histogram\na_bucket{le=\"+Inf\",b=\"1\"} 1\na_bucket{b=\"1\",le=\"1\"} 1\na_bucket{b=\"2\",le=\"+Inf\"} 0\n\
               a_sum{b=\"1\"} 1\na_count{b=\"1\"} 1\na_sum{b=\"2\"} 0\na_count{b=\"2\"} 0\n";
    assert_eq!(check(&["--strict"], two).0, 0);
}

#[test]
fn a_mistake_of_every_series_is_told_three_times() {
    let lines: String = (0..10).map(|n| format!("a{{le=\"{n}\"}} 1\n")).collect();
    let (_, said) = check(&[], format!("# HELP a h\n# TYPE a gauge\n{lines}"));
    assert_eq!(said.matches("reserved-label").count(), 3, "{said}");
    assert!(said.contains("(and 7 more like this in the family)"), "{said}");
}

#[test]
fn colours_are_for_terminals_and_for_who_asks() {
    assert!(!check(&[], "a b\n").1.contains('\x1b'));
    assert!(check(&["--color", "always"], "a b\n").1.contains("\x1b[1;31merror"));
}

#[test]
fn an_input_cannot_steer_the_terminal() {
    let (_, said) = check(&["--cardinality"], "# HELP a \x1b[2Jx\na{b=\"\x1b]0;x\x07\"} 1\n\"\x1b[31m\n");
    assert!(!said.contains('\x1b') && !said.contains('\x07'), "{said:?}");
    let (_, said) = check(&["--cardinality"], "# TYPE \"a\x1b[31m\u{202e}\" counter\n{\"a\x1b[31m\u{202e}\"} 1\n");
    assert!(!said.contains('\x1b') && !said.contains('\u{202e}'), "{said:?}");
}

#[test]
fn files_are_read_by_their_ends_and_several_at_once() {
    let folder = std::env::temp_dir().join(format!("tykmetrics-check-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = |name: &str, content: &[u8]| {
        let path = folder.join(name);
        std::fs::write(&path, content).unwrap();
        path.display().to_string()
    };
    let good = file("good.prom", b"# HELP a h\na 1\n");
    // Without its end it would be taken for text.
    let bad = file("bad.om", b"# HELP a h\na 1\n");
    let gone = folder.join("gone.prom").display().to_string();
    assert_eq!(run(&["check", &good], b"").status.code(), Some(0));
    let both = run(&["check", &good, &bad], b"");
    assert_eq!(both.status.code(), Some(1));
    assert!(text(&both.stdout).contains("good.prom: text, 1 family, 1 sample: valid\n"));
    assert!(text(&both.stdout).contains("bad.om:2:1: error[format]: found no # EOF"));
    let missing = run(&["check", &gone], b"");
    assert_eq!(missing.status.code(), Some(2));
    assert!(text(&missing.stderr).contains("gone.prom cannot be read"));
    assert_eq!(run(&["check", &good, &good, "--max-size", "10"], b"").status.code(), Some(2));
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn wrong_arguments_end_with_2_and_help_with_0() {
    for arguments in [&["check"][..], &["check", "-", "--lint=x"], &["check", "-", "--format=x"], &["chek"], &[]] {
        let output = run(arguments, b"");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(!output.stderr.is_empty());
    }
    for arguments in [&["--help"][..], &["--version"], &["check", "--help"], &["completions", "bash"], &["man"]] {
        let output = run(arguments, b"");
        assert_eq!((output.status.code(), &output.stderr[..]), (Some(0), &b""[..]), "{arguments:?}");
        assert!(!output.stdout.is_empty());
    }
}

#[test]
fn completions_are_made_for_every_shell() {
    for shell in ["bash", "zsh", "fish"] {
        let output = run(&["completions", shell], b"");
        assert!(text(&output.stdout).contains("cardinality"), "{shell}");
    }
}

#[test]
fn a_reader_that_went_away_is_no_failure() {
    use std::process::Stdio;
    let mut child =
        program().args(["completions", "bash"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""));
}
