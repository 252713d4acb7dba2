//! `config`: every key, its value and who said so.

use crate::support::{Folder, program, run, text};

#[test]
fn each_value_is_shown_with_its_origin() {
    let folder = Folder::new("config");
    let file =
        folder.write("c.yaml", "listen: 127.0.0.1:9200\nauth:\n  bearer: s3cret\nlimits:\n  scrape_timeout: 7s\n");
    let mut command = program();
    command.args(["config", &file, "--set", "path=/m"]).env("TYKMETRICS_LISTEN", "127.0.0.1:9300");
    let output = command.output().unwrap();
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let row = |key: &str| -> Vec<&str> {
        let line = said.lines().find(|line| line.split_whitespace().next() == Some(key)).unwrap();
        line.split_whitespace().skip(1).collect()
    };
    assert_eq!(row("listen"), ["127.0.0.1:9300", "environment", "TYKMETRICS_LISTEN"]);
    assert_eq!(row("limits.scrape_timeout"), ["7s", "file", &file]);
    assert_eq!(row("path"), ["/m", "code"]);
    assert_eq!(row("routes.reset"), ["false", "default"]);
    assert!(!said.contains("s3cret"), "{said}");
    let output = run(&["config", &file, "--output", "json"], b"");
    let told: serde_json::Value = serde_json::from_str(text(&output.stdout)).unwrap();
    let listen = told.as_array().unwrap().iter().find(|one| one["key"] == "listen").unwrap();
    assert_eq!(
        (listen["value"].as_str(), listen["origin"].as_str().unwrap().starts_with("file ")),
        (Some("127.0.0.1:9200"), true)
    );
}

#[test]
fn the_variables_of_the_examples_are_heard() {
    let help = run(&["config", "--help"], b"");
    let examples = text(&help.stdout).lines().filter_map(|line| line.trim().split_once(" tykmetrics config"));
    let mut count = 0;
    for (variables, _) in examples {
        for (name, value) in variables.split(' ').filter_map(|one| one.split_once('=')) {
            let output = program().arg("config").env(name, value).output().unwrap();
            let said = text(&output.stdout);
            let is_heard = |line: &str| line.contains(value) && line.ends_with(&format!("environment {name}"));
            assert!(said.lines().any(is_heard), "{name}: {said}");
            count += 1;
        }
    }
    assert_eq!(count, 1);
}

#[test]
fn a_bad_configuration_is_invalid_and_a_missing_one_cannot_be_had() {
    let folder = Folder::new("config-bad");
    for (content, wanted) in [("lisen: 127.0.0.1:1\n", "listen"), ("listen: 5\n", "listen"), ("a: [", "")] {
        let file = folder.write("c.yaml", content);
        let output = run(&["config", &file], b"");
        assert_eq!(output.status.code(), Some(1), "{content}");
        assert!(text(&output.stderr).contains(wanted), "{}", text(&output.stderr));
    }
    std::fs::write(folder.path("latin.yaml"), b"path: /\xe4\n").unwrap();
    std::fs::File::create(folder.path("large.yaml")).unwrap().set_len((4 << 20) + 1).unwrap();
    for unreadable in ["none.yaml", "", "latin.yaml", "large.yaml"] {
        let output = run(&["config", &folder.path(unreadable)], b"");
        assert_eq!(output.status.code(), Some(2), "{unreadable}: {}", text(&output.stderr));
        assert!(text(&output.stderr).contains(&folder.path(unreadable)), "{}", text(&output.stderr));
    }
    // What a file names is read, too.
    let missing = format!("auth.bearer_file={}", folder.path("none"));
    assert_eq!(run(&["config", "--set", &missing], b"").status.code(), Some(2));
    let output = program().arg("config").env("TYKMETRICS_LISEN", "x").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn certificates_are_looked_at_as_a_server_does() {
    let folder = Folder::new("config-tls");
    let key = || rcgen::KeyPair::generate().unwrap();
    let (own, other) = (key(), key());
    let certificate = rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap().self_signed(&own).unwrap();
    folder.write("cert", &certificate.pem());
    folder.write("own", &own.serialize_pem());
    folder.write("other", &other.serialize_pem());
    folder.write("text", "no PEM\n");
    let config = |cert: &str, key: &str, enabled: &str| {
        let said = [("tls.cert", folder.path(cert)), ("tls.key", folder.path(key)), ("enabled", enabled.to_owned())];
        let said = said.map(|(key, value)| format!("{key}={value}"));
        let output = run(&["config", "--set", &said[0], "--set", &said[1], "--set", &said[2]], b"");
        // What there is is shown in any case.
        assert!(text(&output.stdout).contains("tls.cert"));
        (output.status.code().unwrap(), text(&output.stderr).to_owned())
    };
    assert_eq!(config("cert", "own", "true"), (0, String::new()));
    for (cert, key, status, wanted) in [
        ("cert", "other", 1, "is not the key of"),
        ("text", "own", 1, "no certificate in PEM"),
        ("cert", "none", 2, "cannot be read"),
    ] {
        let (found, said) = config(cert, key, "true");
        assert!(found == status && said.contains(wanted), "{found}: {said}");
        assert_eq!(config(cert, key, "false"), (0, String::new()), "nothing is asked of what is not served");
    }
}
