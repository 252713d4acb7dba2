//! Configurations as people write them: our own keys, the gateways' files and variables, and what is wrong with them.

use proptest::prelude::*;
use std::path::PathBuf;
use std::time::Duration;
use tykmetrics_server::Config;
use tykmetrics_server::config::{ConfigError, Dialect, Listen, Loaded, Loader, keys};

/// Nobody's variables.
const NONE: [(&str, &str); 0] = [];

fn file(text: &str) -> Result<Loaded, ConfigError> {
    Loader::new().text("metrics.conf", text)?.load()
}

fn environment<const N: usize>(variables: [(&str, &str); N]) -> Result<Loaded, ConfigError> {
    Loader::new().environment(variables)?.load()
}

fn message(result: Result<Loaded, ConfigError>) -> String {
    result.map(|loaded| loaded.config).expect_err("a mistake").to_string()
}

fn origin(loaded: &Loaded, key: &str) -> String {
    let setting = loaded.origins.iter().find(|setting| setting.key == key);
    setting.expect("a key").origin.to_string()
}

fn address(text: &str) -> Listen {
    text.parse().expect("an address")
}

/// A file that goes when the test ends.
struct Secret(PathBuf);

impl Secret {
    fn new(name: &str, content: &[u8]) -> Secret {
        let path = std::env::temp_dir().join(format!("tykmetrics-{}-{name}", std::process::id()));
        std::fs::write(&path, content).expect("a temporary file");
        Secret(path)
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn nothing_said_is_the_default() {
    let loaded = environment([("PATH", "/usr/bin"), ("HOME", "/root")]).expect("nothing of ours");
    assert_eq!(loaded.config, Config::default());
    assert!(loaded.origins.iter().all(|setting| setting.origin.to_string() == "default"));
    assert_eq!(loaded.origins.len(), keys().len());
    assert_eq!(file("").expect("an empty file").config, Config::default());
    assert_eq!(file("{}").expect("an empty object").config, Config::default());
}

#[test]
fn what_is_for_a_host_is_warned_of_where_the_host_does_not_hear_it() {
    let said = Loader::new().environment([("TYKMETRICS_SLOW_REQUEST", "1s"), ("TYK_GW_PROMETHEUS_ENABLED", "true")]);
    let said = said.expect("known").set("labels", "zone=a").expect("known").set("collectors.process", "true");
    let loaded = said.expect("known").load().expect("allowed");
    let warnings = loaded.unheard(&[]);
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    for begins in ["code: labels ", "environment TYKMETRICS_SLOW_REQUEST: slow_request "] {
        assert!(warnings.iter().any(|warning| warning.starts_with(begins)), "{warnings:?}");
    }
    assert_eq!(loaded.unheard(&["labels"]).len(), 1);
    let nothing = Loader::new().load().expect("allowed");
    assert!(nothing.unheard(&[]).is_empty(), "a default is nobody's word");
}

#[test]
fn code_is_stronger_than_the_environment_and_that_is_stronger_than_a_file() {
    let yaml = "path: /file\nshutdown_grace: 1s\nlimits: {connections: 5}\n";
    // In whatever order they are given.
    let loaded = Loader::new()
        .set("path", "/code")
        .and_then(|l| l.environment([("TYKMETRICS_PATH", "/environment"), ("TYKMETRICS_SHUTDOWN_GRACE", "2s")]))
        .and_then(|l| l.text("a.yaml", yaml))
        .and_then(Loader::load)
        .expect("three layers");
    assert_eq!(loaded.config.path, "/code");
    assert_eq!(loaded.config.shutdown_grace, Duration::from_secs(2));
    assert_eq!(loaded.config.limits.connections, 5);
    let origins = ["path", "shutdown_grace", "limits.connections", "listen"].map(|key| origin(&loaded, key));
    assert_eq!(origins, ["code", "environment TYKMETRICS_SHUTDOWN_GRACE", "file a.yaml", "default"]);
}

#[test]
fn our_own_file_has_every_key_nested_or_with_dots() {
    let yaml = r#"
enabled: true
listen: "unix:/run/metrics.sock"
path: /internal/metrics
routes: {json: no, page: off}
tls.cert: /etc/m.crt
tls:
  key: /etc/m.key
  required: true
auth: {basic_name: prometheus, basic_password: s3cret}
limits:
  header_bytes: 32KiB
  requests_per_second: 2.5
hygiene:
  enabled: yes
  patterns:
  - 'acct_[0-9]+'
  keep: [email]
labels: {region: eu-1, zone: "2"}
slow_request: 250ms
"#;
    let config = file(yaml).expect("our own keys").config;
    assert_eq!(config.listen, Listen::Unix("/run/metrics.sock".into()));
    assert_eq!(config.path, "/internal/metrics");
    assert_eq!((config.routes.json, config.routes.page, config.routes.health), (false, false, true));
    assert_eq!(config.tls.cert, Some("/etc/m.crt".into()));
    assert_eq!(config.tls.key, Some("/etc/m.key".into()));
    assert_eq!(config.auth.basic, Some(("prometheus".to_owned(), "s3cret".to_owned())));
    assert_eq!(config.limits.header_bytes, 32 * 1024);
    assert_eq!(config.limits.requests_per_second, 2.5);
    assert_eq!(config.hygiene.patterns, ["acct_[0-9]+"]);
    assert_eq!(config.hygiene.keep, ["email"]);
    assert_eq!(config.labels, [("region".to_owned(), "eu-1".to_owned()), ("zone".to_owned(), "2".to_owned())]);
    assert_eq!(config.slow_request, Some(Duration::from_millis(250)));
}

#[test]
fn tyks_file_works_as_it_is() {
    let json = r#"{
      "listen_port": 8080, "secret": "352d20ee67be67f6340b4c0605b044b7",
      "storage": {"type": "redis", "hosts": {"localhost": "6379"}}, "listen_address": "",
      "prometheus": {"enabled": true, "listen_address": ":9091", "path": "/prom", "metric_prefix": "tyk",
                     "enable_go_collector": false, "enable_process_collector": true, "custom_labels": {"dc": "a"}}
    }"#;
    let loaded = file(json).expect("Tyk's file");
    let config = &loaded.config;
    assert!(config.enabled);
    assert_eq!(config.listen, address(":9091"));
    assert_eq!(config.path, "/prom");
    assert_eq!(config.metric_prefix.as_deref(), Some("tyk"));
    assert_eq!((config.collectors.runtime, config.collectors.process), (false, true));
    assert_eq!(config.labels, [("dc".to_owned(), "a".to_owned())]);
    assert_eq!(origin(&loaded, "listen"), "file metrics.conf");
    assert!(loaded.warnings.is_empty());
}

#[test]
fn tyks_variables_work_as_they_are() {
    let variables = [
        ("TYK_GW_PROMETHEUS_ENABLED", "true"),
        ("TYK_GW_PROMETHEUS_LISTENADDRESS", "127.0.0.1:9100"),
        ("TYK_GW_PROMETHEUS_PATH", "/m"),
        ("TYK_GW_PROMETHEUS_METRICPREFIX", "gw"),
        ("TYK_GW_PROMETHEUS_ENABLEGOCOLLECTOR", "false"),
        ("TYK_GW_PROMETHEUS_ENABLEPROCESSCOLLECTOR", "0"),
        ("TYK_GW_PROMETHEUS_CUSTOMLABELS", "dc:a,rack:7"),
        ("TYK_GW_STORAGE_HOST", "redis"),
    ];
    let config = environment(variables).expect("Tyk's variables").config;
    assert!(config.enabled);
    assert_eq!(config.listen, address("127.0.0.1:9100"));
    assert_eq!((config.path.as_str(), config.metric_prefix.as_deref()), ("/m", Some("gw")));
    assert!(!config.collectors.runtime && !config.collectors.process);
    assert_eq!(config.labels.len(), 2);
}

#[test]
fn gotracks_variables_work_as_they_are() {
    let variables = [
        ("METRICS_ENABLED", "true"),
        ("METRICS_ADDR", "0.0.0.0:9090"),
        ("METRICS_TLS_CERT", "/path/to/metrics.crt"),
        ("METRICS_TLS_KEY", "/path/to/metrics.key"),
        ("METRICS_REQUIRE_TLS", "true"),
        ("METRICS_CLIENT_CA", "/path/to/client-ca.crt"),
        // Of something else: the name is anybody's.
        ("METRICS_FLUSH_INTERVAL", "10s"),
    ];
    let loaded = environment(variables).expect("GoTrack's variables");
    let config = &loaded.config;
    assert!(config.enabled && config.tls.required);
    assert_eq!(config.listen, address("0.0.0.0:9090"));
    assert_eq!(config.tls.cert, Some("/path/to/metrics.crt".into()));
    assert_eq!(config.tls.key, Some("/path/to/metrics.key".into()));
    assert_eq!(config.tls.client_ca, Some("/path/to/client-ca.crt".into()));
    assert_eq!(origin(&loaded, "tls.required"), "environment METRICS_REQUIRE_TLS");
}

#[test]
fn metastores_file_and_variables_work_as_they_are() {
    let yaml = "server:\n  cluster_id: 1\n  monitoring:\n    enable_prometheus: true          # on\n    \
                prometheus_port: 9091\n    slow_request_threshold: 100ms\n  limits: {max_connections: 10}\n";
    let config = file(yaml).expect("MetaStore's file").config;
    assert!(config.enabled);
    assert_eq!(config.listen, address(":9091"));
    assert_eq!(config.slow_request, Some(Duration::from_millis(100)));

    let variables =
        [("METASTORE_MONITORING_ENABLE_PROMETHEUS", "true"), ("METASTORE_MONITORING_PROMETHEUS_PORT", "9092")];
    let loaded = Loader::new().text("m.yaml", yaml).and_then(|l| l.environment(variables)).and_then(Loader::load);
    let loaded = loaded.expect("both");
    assert_eq!(loaded.config.listen, address(":9092"));
    assert_eq!(origin(&loaded, "slow_request"), "file m.yaml");
}

#[test]
fn a_gateway_that_says_nothing_of_it_is_not_served_and_has_its_own_defaults() {
    let tyk = file(r#"{"prometheus": {"path": "/metrics"}}"#).expect("Tyk's file");
    assert!(!tyk.config.enabled);
    assert_eq!(tyk.config.listen, address(":9090"));
    assert_eq!(tyk.config.metric_prefix.as_deref(), Some("tyk_gateway"));
    assert_eq!(origin(&tyk, "enabled"), "default of Tyk");
    assert!(!file("prometheus:\n").expect("an empty block").config.enabled);

    let gotrack = environment([("METRICS_ADDR", "127.0.0.1:9191")]).expect("GoTrack's");
    assert!(!gotrack.config.enabled);
    let gotrack = environment([("METRICS_ENABLED", "true")]).expect("GoTrack's");
    assert_eq!(gotrack.config.listen, address("127.0.0.1:9090"));

    let metastore = environment([("METASTORE_MONITORING_PROMETHEUS_PORT", "9090")]).expect("MetaStore's");
    assert!(!metastore.config.enabled);

    // Two gateways' names: off, and nobody's default opens a port to the world.
    let two = environment([("METRICS_ADDR", ":1"), ("TYK_GW_PROMETHEUS_PATH", "/m")]).expect("both");
    assert!(!two.config.enabled && two.config.metric_prefix.is_none());
}

#[test]
fn our_own_names_beside_a_gateways_mean_that_ours_are_meant() {
    let loaded = environment([
        ("TYKMETRICS_LISTEN", "127.0.0.1:1"),
        ("TYK_GW_PROMETHEUS_LISTENADDRESS", ":2"),
        ("TYK_GW_PROMETHEUS_PATH", "/tyk"),
    ]);
    let loaded = loaded.expect("both");
    assert_eq!(loaded.config.listen, address("127.0.0.1:1"));
    assert_eq!(loaded.config.path, "/tyk");
    assert_eq!(loaded.config.metric_prefix, None, "the gateway's other defaults do not hold");

    let json =
        r#"{"prometheus": {"enabled": true, "path": "/tyk"}, "tykmetrics": {"path": "/own", "auth": {"bearer": "t"}}}"#;
    let config = file(json).expect("both blocks").config;
    assert_eq!((config.path.as_str(), config.auth.bearer.as_deref()), ("/own", Some("t")));
    assert_eq!(config.listen, Config::default().listen);
}

#[test]
fn what_hardens_a_gateway_that_is_off_does_not_start_it() {
    let off = [("TYK_GW_PROMETHEUS_PATH", "/m"), ("TYKMETRICS_AUTH_BEARER", "t")];
    let loaded = environment(off).expect("both");
    assert!(!loaded.config.enabled);
    assert_eq!(origin(&loaded, "enabled"), "default of Tyk");
    let block = "prometheus:\ntykmetrics: {auth: {bearer: t}}\n";
    assert!(!file(block).expect("both blocks").config.enabled);
    let from_code = Loader::new().environment([("METRICS_ADDR", ":1")]).and_then(|loader| loader.set("path", "/m"));
    assert!(
        from_code.and_then(Loader::load).expect("both").config.enabled,
        "a program that says where to serve wants to"
    );
    // By whichever name.
    for name in ["TYKMETRICS_ENABLED", "TYK_GW_PROMETHEUS_ENABLED", "METRICS_ENABLED"] {
        let loaded = environment([off[0], off[1], (name, "true")]).expect("all");
        assert!(loaded.config.enabled, "{name}");
    }
}

#[test]
fn an_own_key_beside_a_gateways_block_is_warned_of() {
    let loaded = file("prometheus: {enabled: true}\nauth: {bearer: x}\nlisten_port: 8080\n").expect("Tyk's file");
    assert_eq!(loaded.config.auth.bearer, None);
    assert_eq!(loaded.warnings.len(), 1);
    assert!(loaded.warnings[0].contains("\"auth\"") && loaded.warnings[0].contains("tykmetrics"));
}

#[test]
fn an_unknown_key_is_an_error_that_names_it_and_the_near_one() {
    let cases = [
        (file("lisen: ':1'"), ["metrics.conf", "\"lisen\"", "did you mean \"listen\"?"]),
        (
            file("limits: {scrape-timeout: 1s}"),
            ["metrics.conf", "\"limits.scrape-timeout\"", "\"limits.scrape_timeout\"?"],
        ),
        (
            file(r#"{"prometheus": {"listenaddress": ":1"}}"#),
            ["block prometheus", "\"listenaddress\"", "\"listen_address\"?"],
        ),
        (
            file("server: {monitoring: {prometheus_prt: 1}}"),
            ["server.monitoring", "\"prometheus_prt\"", "\"prometheus_port\"?"],
        ),
        (file("tykmetrics: {pth: /m}\nother: 1"), ["block tykmetrics", "\"pth\"", "\"path\"?"]),
        (environment([("TYKMETRICS_LISTN", "x")]), ["environment", "TYKMETRICS_LISTN", "\"TYKMETRICS_LISTEN\"?"]),
        (
            environment([("TYK_GW_PROMETHEUS_LISTEN_ADDRESS", "x")]),
            ["environment", "LISTEN_ADDRESS", "\"TYK_GW_PROMETHEUS_LISTENADDRESS\"?"],
        ),
        (
            environment([("METASTORE_MONITORING_PORT", "1")]),
            ["environment", "METASTORE_MONITORING_PORT", "PROMETHEUS_PORT"],
        ),
        (Loader::new().set("tls_cert", "x").and_then(Loader::load), ["code", "\"tls_cert\"", "\"tls.cert\"?"]),
    ];
    for (result, words) in cases {
        let message = message(result);
        assert!(words.iter().all(|word| message.contains(word)), "{message}");
    }
    assert!(message(file("zzz: 1")).contains("(known: enabled, listen"));
    assert!(message(file(r#"{"listen_port": 8080, "secret": "x"}"#)).contains("a gateway's file would have a block"));
}

#[test]
fn a_bad_value_is_an_error_that_names_key_value_and_what_is_allowed() {
    let own = [
        ("enabled", "maybe", "`true`"),
        ("listen", "9090", "HOST:PORT"),
        ("path", "metrics", "/metrics"),
        ("limits.scrape_timeout", "soon", "1ms to 1h"),
        ("limits.scrape_timeout", "2h", "1ms to 1h"),
        ("limits.concurrent_scrapes", "0", "1 to 1000"),
        ("limits.header_bytes", "10MiB", "8KiB to 1MiB"),
        // Less is too little for the protocol's reader, and no server would start with it.
        ("limits.header_bytes", "8191", "8KiB to 1MiB"),
        ("limits.requests_per_second", "-1", "0 (no limit)"),
        ("metric_prefix", "9lives", "letters"),
        ("labels", "a=1,a=2", "name=value"),
        ("labels", "__name__=x", "name=value"),
        ("hygiene.keep", "mail", "`email`"),
    ];
    for (key, value, allowed) in own {
        let error = Loader::new().set(key, value).and_then(Loader::load).expect_err("a bad value");
        let message = error.to_string();
        assert_eq!(error.key(), Some(key));
        assert!(["code", key, value, allowed].iter().all(|word| message.contains(word)), "{message}");
    }
    let gateways = message(environment([("METASTORE_MONITORING_PROMETHEUS_PORT", "90900")]));
    assert!(gateways.contains("METASTORE_MONITORING_PROMETHEUS_PORT") && gateways.contains("0 to 65535"), "{gateways}");
    let mapping = message(file("listen: {host: x}"));
    assert!(mapping.contains("a mapping"), "{mapping}");
    assert!(message(file("prometheus: on")).contains("must be a mapping"));
    assert!(message(file("listen: ':1'\nlisten: ':2'")).contains("twice"));
    assert!(message(file(r#"{"path": "/a", "path": "/b"}"#)).contains("twice"));
    assert!(message(file("{\"path\": [}")).contains("line 1"));
    assert!(message(file("~: /m")).contains("metrics.conf has nothing in the place of a key"));
    assert!(message(file("limits: {[a, b]: 1}")).contains("limits has a list in the place of a key"));
    assert!(message(file("prometheus: {{a: b}: 1}")).contains("prometheus has a mapping in the place of a key"));
    assert!(message(file("labels: {null: x}")).contains("labels cannot be"));
    assert!(file("prometheus: {path: /m}\n? [of, a, gateway]\n: 1\n").is_ok(), "the rest is the gateway's");
}

#[test]
fn secrets_are_shown_nowhere() {
    let wrong = message(environment([("TYKMETRICS_AUTH_BEARER", "hun ter2")]));
    assert!(wrong.contains("(hidden)") && !wrong.contains("ter2"), "{wrong}");
    let loaded = environment([("TYKMETRICS_AUTH_BEARER", "hunter2")]).expect("a token");
    let shown = format!("{loaded:?}");
    assert!(!shown.contains("hunter2"), "{shown}");
    assert_eq!(loaded.config.auth.bearer.as_deref(), Some("hunter2"));
}

#[test]
fn a_secret_may_be_a_files_content() {
    let (token, empty) = (Secret::new("token", b"abc.def\n"), Secret::new("empty", b"\n"));
    let (text, latin) = (Secret::new("text", b"two words"), Secret::new("latin", b"\xff\xfe"));
    let path = |secret: &Secret| secret.0.display().to_string();
    let load = |key, path: &str| Loader::new().set(key, path).and_then(Loader::load);
    let loaded = load("auth.bearer_file", &path(&token)).expect("a token");
    assert_eq!(loaded.config.auth.bearer.as_deref(), Some("abc.def"));
    assert_eq!(origin(&loaded, "auth.bearer_file"), "code");
    for wrong in [path(&empty), path(&text), path(&latin), "/nowhere/token".to_owned()] {
        let message = message(load("auth.bearer_file", &wrong));
        assert!(message.contains("auth.bearer_file") && message.contains(&wrong), "{message}");
    }
    let basic =
        Loader::new().set("auth.basic_name", "p").and_then(|l| l.set("auth.basic_password_file", &path(&token)));
    let config = basic.and_then(Loader::load).expect("both").config;
    assert_eq!(config.auth.basic, Some(("p".to_owned(), "abc.def".to_owned())));
}

#[test]
fn a_stronger_way_of_saying_a_secret_replaces_the_weaker() {
    let held = Secret::new("held", b"from.a.file");
    let path = held.0.display().to_string();
    for (text, file) in [("auth.bearer", "auth.bearer_file"), ("auth.basic_password", "auth.basic_password_file")] {
        let named = || Loader::new().set("auth.basic_name", "n").expect("a key");
        let is = |loaded: &Loaded, secret: &str| match text {
            "auth.bearer" => loaded.config.auth.bearer.as_deref() == Some(secret),
            _ => loaded.config.auth.basic == Some(("n".to_owned(), secret.to_owned())),
        };
        let variable = |key: &str| format!("TYKMETRICS_{}", key.to_ascii_uppercase().replace('.', "_"));
        let named = || if text == "auth.bearer" { Loader::new() } else { named() };
        // A file that is not there is not looked for.
        let weak = named().text("weak", &format!("{file}: /nowhere")).expect("a key");
        let loaded = weak.environment([(variable(text), "e")]).and_then(Loader::load).expect("the environment's");
        assert!(is(&loaded, "e"), "{loaded:?}");
        assert_eq!(
            [origin(&loaded, text), origin(&loaded, file)],
            [format!("environment {}", variable(text)), "default".to_owned()]
        );
        let weak = named().environment([(variable(text), "e")]).expect("a key");
        let loaded = weak.set(file, &path).and_then(Loader::load).expect("code's");
        assert!(is(&loaded, "from.a.file"), "{loaded:?}");
        assert_eq!([origin(&loaded, text), origin(&loaded, file)], ["default", "code"]);
        // Of several files the later is stronger.
        let weak = named().text("weak", &format!("{file}: /nowhere")).expect("a key");
        assert!(is(&weak.text("strong", &format!("{text}: s")).and_then(Loader::load).expect("the later"), "s"));
        let held = || named().text("weak", &format!("{file}: {path}")).expect("a key");
        assert!(is(&held().set(text, "").and_then(Loader::load).expect("the file's"), "from.a.file"));
        // In one place neither is, unless a third one is stronger than both.
        let both = || named().environment([(variable(text), "e"), (variable(file), "/nowhere")]).expect("keys");
        assert!(message(both().load()).contains("keep one"));
        assert!(is(&both().set(text, "c").and_then(Loader::load).expect("code's"), "c"));
        assert!(
            message(named().set(text, "c").and_then(|l| l.set(file, &path)).and_then(Loader::load))
                .contains("keep one")
        );
    }
}

#[test]
fn what_does_not_go_together_is_an_error_unless_nothing_is_served() {
    let cases = [
        ([("tls.cert", "c"), ("path", "/m")], "tls.key"),
        ([("tls.key", "k"), ("path", "/m")], "tls.cert"),
        ([("tls.required", "true"), ("path", "/m")], "tls.required"),
        ([("tls.client_ca", "ca"), ("path", "/m")], "tls.client_ca"),
        ([("auth.basic_name", "n"), ("path", "/m")], "auth.basic_password"),
        ([("auth.basic_password", "p"), ("path", "/m")], "auth.basic_name"),
        ([("auth.bearer", "p"), ("auth.bearer_file", "/f")], "auth.bearer"),
        ([("routes.reset", "true"), ("path", "/m")], "routes.reset"),
    ];
    for (settings, key) in cases {
        let mut loader = Loader::new();
        for (key, value) in settings {
            loader = loader.set(key, value).expect("a key");
        }
        let error = loader.load().expect_err("an incomplete pair");
        assert_eq!(error.key(), Some(key), "{error}");
        let mut loader = Loader::new().set("enabled", "false").expect("a key");
        for (key, value) in settings {
            loader = loader.set(key, value).expect("a key");
        }
        assert!(loader.load().is_ok_and(|loaded| !loaded.config.enabled));
    }
}

#[test]
fn a_pattern_that_is_none_is_named() {
    let wrong = "hygiene: {enabled: true, patterns: ['ok', '(open']}";
    let message = message(file(wrong));
    assert!(message.contains("hygiene.patterns") && message.contains("(open"), "{message}");
    let config = file("hygiene: {enabled: true, patterns: 'acct_[0-9]+', keep: email}").expect("patterns").config;
    let rules = config.hygiene.rules().expect("patterns").expect("it is enabled");
    assert_eq!(rules.clean("acct_1 of joe@example.com"), "[redacted] of joe@example.com");
    assert!(Config::default().hygiene.rules().is_ok_and(|rules| rules.is_none()));
}

#[test]
fn a_variable_set_to_nothing_and_a_null_say_nothing() {
    let loaded = environment([("METRICS_TLS_CERT", ""), ("TYKMETRICS_LISTEN", ""), ("METRICS_ADDR", "")]);
    assert_eq!(loaded.expect("nothing said").config, Config::default());
    assert_eq!(file("listen: ~\ntls:\nauth: null\n").expect("nothing said").config, Config::default());
    let json = r#"{"prometheus": {"enabled": true, "metric_prefix": "", "custom_labels": null}}"#;
    let config = file(json).expect("as Go writes it").config;
    assert_eq!((config.metric_prefix, config.labels.len()), (None, 0));
}

#[test]
fn other_parts_names_that_begin_as_ours_are_left_alone() {
    assert!(environment([("TYKMETRICS_LIBRARY", "/usr/lib"), ("TYKMETRICS_MEMORY", "v8")]).is_ok());
    assert!(environment(NONE).is_ok());
}

/// What begins as our names in the environment and is none: a warning's code, a header's guard, and what tests misspell.
const NO_NAMES: [&str; 5] = ["H", "LISEN", "LISTN", "PATHS", "SERVER"];

#[test]
fn every_name_of_ours_in_the_sources_is_known_to_the_table() {
    const OWN: &str = "TYKMETRICS_";
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let listed = std::process::Command::new("git").arg("-C").arg(&root).args(["ls-files", "-z"]).output();
    let Some(listed) = listed.ok().filter(|listed| listed.status.success()) else {
        eprintln!("left out: these sources are no work tree of git's");
        return;
    };
    let listed = String::from_utf8(listed.stdout).expect("names of files");
    const SOURCES: [&str; 12] = ["rs", "py", "js", "mjs", "cjs", "ts", "mts", "cts", "go", "c", "h", "Makefile"];
    let is_source = |path: &&str| SOURCES.contains(&path.rsplit(['.', '/']).next().unwrap_or_default());
    let mut found = std::collections::BTreeSet::new();
    for path in listed.split('\0').filter(is_source) {
        // One that is removed and not yet committed has no text.
        let text = std::fs::read_to_string(root.join(path)).unwrap_or_default();
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        for word in text.split(|c: char| !is_word(c)).filter_map(|word| word.strip_prefix(OWN)) {
            found.insert(word.to_owned());
        }
    }
    found.retain(|name| !name.is_empty() && !NO_NAMES.contains(&name.as_str()));
    assert!(found.len() > 20 && found.contains("LISTEN"), "{found:?}");
    for name in found {
        // Set to nothing, so that only the name is judged.
        let known = environment([(format!("{OWN}{name}").as_str(), "")]);
        assert!(
            known.is_ok(),
            "{OWN}{name} stops every server: put it into OTHERS, or what is no variable into NO_NAMES"
        );
    }
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let error = Loader::new().file("/nowhere/metrics.yaml").err().expect("no such file");
    assert!(error.to_string().contains("/nowhere/metrics.yaml"));
    let large = Secret::new("large", &vec![b'#'; (4 << 20) + 1]);
    let error = Loader::new().file(&large.0).err().expect("too large");
    assert!(error.to_string().contains("larger"));
}

#[test]
fn every_key_takes_its_own_default_back() {
    let mut loader = Loader::new();
    for key in keys().iter().filter(|key| !key.default().is_empty()) {
        loader = loader.environment([(key.environment(), key.default())]).expect("a known name");
    }
    assert_eq!(loader.load().expect("defaults").config, Config::default());
    let mut names: Vec<_> = keys().iter().map(|key| key.environment()).collect();
    names.extend(Dialect::ALL.iter().flat_map(|d| keys().iter().filter_map(|key| key.of(*d).map(|(_, name)| name))));
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all, "a name has one meaning");
}

proptest! {
    #[test]
    fn no_value_is_too_odd_to_be_told_of(at in 0..keys().len(), value: String) {
        let key = &keys()[at];
        let from_code = Loader::new().set(key.name(), &value).and_then(Loader::load);
        if let Err(error) = from_code {
            prop_assert!(error.to_string().len() < 2_000);
        }
        let _ = Loader::new().environment([(key.environment(), value.as_str())]).and_then(Loader::load);
    }

    #[test]
    fn no_file_is_too_odd_to_be_told_of(text in "(?s).{0,200}") {
        let _ = Loader::new().text("odd", &text).and_then(Loader::load);
    }

    #[test]
    fn the_strongest_layer_wins_for_every_key(order in Just([0usize, 1, 2]).prop_shuffle(), given in 1usize..8) {
        let mut loader = Loader::new();
        for layer in order {
            if given >> layer & 1 == 0 {
                continue;
            }
            let grace = format!("{}s", layer + 1);
            loader = match layer {
                0 => loader.text("f", &format!("shutdown_grace: {grace}")),
                1 => loader.environment([("TYKMETRICS_SHUTDOWN_GRACE", grace.as_str())]),
                _ => loader.set("shutdown_grace", &grace),
            }.expect("a key");
        }
        let strongest = u64::from(given.ilog2()) + 1;
        let loaded = loader.load().expect("a time");
        prop_assert_eq!(loaded.config.shutdown_grace, Duration::from_secs(strongest));
    }
}
