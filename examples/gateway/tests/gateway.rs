//! The program from outside: what it prints, how it ends, and what it does with arguments it cannot use.

use std::process::{Command, Output, Stdio};

fn gateway(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gateway"));
    command.args(arguments).stdin(Stdio::null()).output().expect("the gateway starts")
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("the output is UTF-8")
}

fn is_name(name: &str) -> bool {
    let known = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    name.chars().all(known) && name.starts_with(|c: char| !c.is_ascii_digit())
}

/// The labels of a sample, from behind its `{`, and what follows its `}`.
fn labels(mut text: &str) -> Option<(Vec<(String, String)>, &str)> {
    let mut labels = Vec::new();
    loop {
        if let Some(rest) = text.strip_prefix('}') {
            return Some((labels, rest));
        }
        let (name, rest) = text.split_once("=\"")?;
        let (mut value, mut characters) = (String::new(), rest.char_indices());
        let end = loop {
            match characters.next()? {
                (at, '"') => break at,
                (_, '\\') => value.push(characters.next()?.1),
                (_, character) => value.push(character),
            }
        };
        labels.push((name.to_owned(), value));
        text = rest[end + 1..].trim_start_matches(',');
    }
}

/// Reads a line of a classic exposition; the kind and name of the family it is in are those of the last `# TYPE`.
/// Returns the sample's value, if it is one.
fn parse(line: &str, family: &mut (String, String)) -> Result<Option<f64>, String> {
    let fail = |what: &str| Err(format!("{what}: {line}"));
    if let Some(comment) = line.strip_prefix("# ") {
        let words: Vec<&str> = comment.splitn(3, ' ').collect();
        return match words[..] {
            ["HELP", name, _] if is_name(name) => Ok(None),
            ["TYPE", name, kind @ ("counter" | "gauge" | "histogram" | "summary")] if is_name(name) => {
                *family = (name.to_owned(), kind.to_owned());
                Ok(None)
            }
            _ => fail("a comment that is neither help nor type"),
        };
    }
    let end = line.find(['{', ' ']).unwrap_or(line.len());
    let (name, rest) = line.split_at(end);
    let (labels, value) = match rest.strip_prefix('{') {
        Some(rest) => match labels(rest) {
            Some(read) => read,
            None => return fail("labels without an end"),
        },
        None => (Vec::new(), rest),
    };
    if !is_name(name) || !labels.iter().all(|(label, _)| is_name(label)) {
        return fail("a name that is none");
    }
    let suffixes: &[&str] = match family.1.as_str() {
        "histogram" => &["_bucket", "_sum", "_count"],
        "summary" => &["", "_sum", "_count"],
        _ => &[""],
    };
    if !suffixes.iter().any(|suffix| name.strip_suffix(suffix) == Some(&family.0)) {
        return fail("a sample outside its family");
    }
    let value = value.strip_prefix(' ').unwrap_or_default();
    match value.replace("Inf", "inf").parse() {
        Ok(number) => Ok(Some(number)),
        Err(_) => fail("a value that is no number"),
    }
}

fn parse_all<'a>(lines: impl Iterator<Item = &'a str>) -> usize {
    let mut family = Default::default();
    lines.filter(|line| parse(line, &mut family).unwrap_or_else(|error| panic!("{error}")).is_some()).count()
}

#[test]
fn the_registry_equals_the_load_generator() {
    let output = gateway(&["--seconds", "1"]);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(output.stderr.is_empty());
    let line = text.lines().find(|line| line.starts_with("load generator ")).expect("the comparison");
    let [generator, registry, verdict] = line.split(" · ").collect::<Vec<_>>()[..] else { panic!("{line}") };
    assert_eq!(verdict, "equal");
    let requests = generator.trim_start_matches("load generator ").trim_end_matches(" requests");
    assert_eq!(registry.trim_start_matches("registry "), requests);
    let requests: u64 = requests.replace(',', "").parse().expect("a number");
    assert!(requests > 0);

    let after = text.split_once("the exposition (text):\n").expect("the exposition").1;
    let exposition: Vec<&str> = after.lines().take_while(|line| !line.starts_with('…')).collect();
    assert_eq!(exposition.len(), 40);
    assert!(parse_all(exposition.into_iter()) > 30);
    assert!(text.contains(" lines more\n"));
    assert!(!text.contains('\x1b'), "a file is not a terminal");
}

#[test]
fn the_whole_exposition_parses_line_by_line() {
    let output = gateway(&["--once", "--seconds", "1", "--workers", "3"]);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(parse_all(text.lines()) >= 150);
    for line in
        ["gateway_build_info{version=", "gateway_state{gateway_state=\"draining\"} 1", "http_requests_in_flight 0"]
    {
        assert!(text.lines().any(|found| found.starts_with(line)), "{line}");
    }
    for family in ["process_cpu_seconds_total", "tykmetrics_series", "gateway_uptime_seconds", "db_queries_total"] {
        assert!(text.contains(&format!("# TYPE {family} ")), "{family}");
    }
}

#[test]
fn slow_requests_leave_their_trace_ids_in_openmetrics() {
    let text = stdout(&gateway(&["--once", "--seconds", "1", "--format", "openmetrics"]));
    assert!(text.ends_with("# EOF\n"));
    let exemplars: Vec<&str> = text.lines().filter(|line| line.contains(" # {trace_id=\"")).collect();
    assert!(!exemplars.is_empty());
    assert!(exemplars.iter().all(|line| line.starts_with("http_request_duration_seconds_bucket{")), "{exemplars:?}");
}

#[test]
fn the_json_exposition_is_one_document() {
    let output = gateway(&["--once", "--seconds", "1", "--format", "json"]);
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let families = document["families"].as_array().expect("families");
    let sizes = families.iter().find(|family| family["name"] == "http_response_size_bytes").expect("the summary");
    assert_eq!(sizes["type"], "summary");
    let quantiles = &sizes["series"][0]["quantiles"];
    let quantile = |q: &str| quantiles[q].as_f64().unwrap_or_else(|| panic!("quantile {q} of {quantiles}"));
    // An account takes half a kilobyte, embeddings twelve: a summary that clipped them would say the same everywhere.
    assert!(quantile("0.5") * 2.0 < quantile("0.99"), "{quantiles}");
}

#[test]
fn arguments_it_cannot_use_are_named_and_end_it_with_2() {
    let cases: [(&[&str], &str); 7] = [
        (&["--seconds"], "--seconds needs a value"),
        (&["--seconds", "0"], "--seconds takes a whole number from 1 to 3600, not \"0\""),
        (&["--seconds", "soon"], "not \"soon\""),
        (&["--workers", "257"], "--workers takes a whole number from 1 to 256, not \"257\""),
        (&["--workers", "99999999999999999999"], "not \"99999999999999999999\""),
        (&["--format", "protobuf"], "--format takes one of text, openmetrics, json, protobuf-text, not \"protobuf\""),
        (&["--fast"], "\"--fast\" is no option"),
    ];
    for (arguments, expected) in cases {
        let output = gateway(arguments);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {error}");
        assert!(error.contains(expected), "{error}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn the_help_names_every_option() {
    let output = gateway(&["--help"]);
    assert_eq!(output.status.code(), Some(0));
    let text = stdout(&output);
    for option in ["--seconds", "--workers", "--format", "--once", "protobuf-text", "Ctrl-C"] {
        assert!(text.contains(option), "{option}");
    }
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_the_load_and_the_summary_is_printed() {
    use std::io::{BufRead, BufReader, Read};
    let mut command = Command::new(env!("CARGO_BIN_EXE_gateway"));
    let mut child = command.args(["--seconds", "600"]).stdout(Stdio::piped()).spawn().expect("the gateway starts");
    let mut output = BufReader::new(child.stdout.take().expect("its output"));
    let mut text = String::new();
    // The first table: it is serving.
    output.read_line(&mut text).expect("a line");
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().expect("kill runs").success());
    output.read_to_string(&mut text).expect("the summary");
    assert_eq!(child.wait().expect("it ends").code(), Some(0), "{text}");
    assert!(text.contains(" · equal\n") && text.contains("time to answer"), "{text}");
}

#[test]
fn a_reader_that_leaves_is_not_a_failure() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gateway"));
    command.args(["--seconds", "600"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the gateway starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends by itself");
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}
