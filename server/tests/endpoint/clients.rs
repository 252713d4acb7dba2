//! Clients that others wrote: curl, promtool, Prometheus itself.

use crate::support::certificates::Authority;
use crate::support::http::get;
use crate::support::*;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use tykmetrics_server::config::{Auth, Config, Listen, Tls};

#[test]
fn curl_unpacks_what_it_asked_for_over_tcp_and_a_socket_file() {
    let registry = large(2_000);
    let running = start(config(), registry.clone());
    let expected = registry.render(tykmetrics::Format::Text);
    let curl = |more: &[&str]| {
        let output = Command::new("curl").args(["-sS", "--max-time", "20"]).args(more).output().expect("curl runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    };
    let url = format!("{}/metrics", running.url());
    assert!(curl(&[&url]) == expected);
    assert!(curl(&["--compressed", &url]) == expected);
    let folder = Folder::new();
    let path = folder.path("metrics.sock");
    let _unix = start(Config { listen: Listen::Unix(path.clone()), ..config() }, registry);
    assert!(curl(&["--unix-socket", &path.to_string_lossy(), "http://localhost/metrics"]) == expected);
}

#[test]
fn promtool_finds_nothing_wrong_with_the_text() {
    let promtool = tool("TYKMETRICS_PROMTOOL", ".tools/prometheus/usr/bin/promtool");
    let text = get(&start(config(), registry()), "/metrics").body;
    let mut checked = Command::new(promtool)
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool runs");
    checked.stdin.take().expect("piped").write_all(&text).expect("written");
    let output = checked.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// A Prometheus that ends with this.
struct Prometheus(Child, u16);

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Prometheus {
    fn start(folder: &Folder, jobs: &str, features: &[&str]) -> Prometheus {
        let program = tool("TYKMETRICS_PROMETHEUS", ".tools/prometheus/usr/bin/prometheus");
        let config = folder.write(
            "prometheus.yml",
            &format!("global:\n  scrape_interval: 300ms\n  scrape_timeout: 300ms\nscrape_configs:\n{jobs}"),
        );
        // Free now; who takes it meanwhile fails the test with Prometheus's own words.
        let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a port").port();
        let child = Command::new(program)
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", folder.path("data").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            // There is a default place for these that need not exist here.
            .args([
                format!("--web.console.templates={0}", folder.path("x").display()),
                format!("--web.console.libraries={0}", folder.path("x").display()),
            ])
            .args(features)
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(folder.path("log")).expect("a file"))
            .spawn()
            .expect("Prometheus runs");
        Prometheus(child, port)
    }

    /// What its API answers; null as long as it does not.
    fn ask(&self, path: &str) -> serde_json::Value {
        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.1)) else { return serde_json::Value::Null };
        if stream.write_all(crate::support::http::request("GET", path, &[]).as_bytes()).is_err() {
            return serde_json::Value::Null;
        }
        let came = crate::support::http::read_all(&mut stream);
        let reply = crate::support::http::Reply::read(&came);
        reply.and_then(|reply| serde_json::from_slice(&reply.body).ok()).unwrap_or_default()
    }

    /// The value of each job in the answer to a query.
    fn query(&self, query: &str) -> Vec<(String, String)> {
        let answer = self.ask(&format!("/api/v1/query?query={query}"));
        let results = answer["data"]["result"].as_array().cloned().unwrap_or_default();
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        results.iter().map(|result| (text(&result["metric"]["job"]), text(&result["value"][1]))).collect()
    }

    /// Waits until every job is up and has told how many requests there were.
    fn has_all(&self, folder: &Folder, jobs: usize) {
        until("Prometheus scrapes every job", || {
            self.query("up").iter().filter(|(_, up)| up == "1").count() == jobs || {
                let log = std::fs::read_to_string(folder.path("log")).unwrap_or_default();
                assert!(!log.contains("level=error"), "{log}");
                false
            }
        });
        let totals = self.query("sum%20by(job)(http_requests_total)");
        assert!(totals.len() == jobs && totals.iter().all(|(_, total)| total == "100"), "{totals:?}");
    }
}

fn job(name: &str, port: u16, more: &str) -> String {
    format!("- job_name: {name}\n  static_configs: [{{targets: ['127.0.0.1:{port}']}}]\n{more}")
}

fn tls(authority: &Path, more: &str) -> String {
    format!("  scheme: https\n  tls_config:\n    ca_file: {}\n{more}", authority.display())
}

#[test]
fn prometheus_scrapes_every_way_to_be_let_in_and_every_format() {
    let authority = Authority::new();
    let registry = registry();
    let plain = start(config(), registry.clone());
    let over_tls = start(Config { tls: authority.tls(), ..config() }, registry.clone());
    let mutual = Tls { client_ca: Some(authority.file.clone()), ..authority.tls() };
    let mutual = start(Config { tls: mutual, auth: secrets(), ..config() }, registry.clone());
    let basic = start(Config { auth: Auth { bearer: None, ..secrets() }, ..config() }, registry.clone());
    let bearer = start(Config { auth: Auth { basic: None, ..secrets() }, ..config() }, registry);
    let (cert, key) = authority.issue("client", |_| {});
    let client = format!("    cert_file: {}\n    key_file: {}\n", cert.display(), key.display());
    let named = "  basic_auth: {username: tester, password: 'pass:word'}\n";
    let ways = [
        ("plain", port(&plain), String::new()),
        ("tls", port(&over_tls), tls(&authority.file, "")),
        ("mutual", port(&mutual), tls(&authority.file, &client) + named),
        ("basic", port(&basic), named.to_owned()),
        ("bearer", port(&bearer), "  authorization: {credentials: token}\n".to_owned()),
    ];
    let mut jobs = Vec::new();
    for (way, port, more) in ways {
        jobs.push(job(way, port, &more));
        for format in ["text", "openmetrics0", "openmetrics"] {
            jobs.push(job(&format!("{way}-{format}"), port, &format!("{more}  params: {{format: [{format}]}}\n")));
        }
    }
    let folder = Folder::new();
    let prometheus = Prometheus::start(&folder, &jobs.concat(), &[]);
    prometheus.has_all(&folder, jobs.len());
}

#[test]
fn prometheus_scrapes_protobuf_and_its_native_histograms() {
    let registry = registry();
    let native = registry.histogram("native_seconds", "Native.").native(3).register().expect("a histogram");
    native.observe(0.5);
    let authority = Authority::new();
    let plain = start(config(), registry.clone());
    let over_tls = start(Config { tls: authority.tls(), auth: secrets(), ..config() }, registry);
    let folder = Folder::new();
    let named = tls(&authority.file, "") + "  authorization: {credentials: token}\n";
    let jobs = job("native", port(&plain), "") + &job("tls", port(&over_tls), &named);
    let prometheus = Prometheus::start(&folder, &jobs, &["--enable-feature=native-histograms"]);
    prometheus.has_all(&folder, 2);
    let mut counts = prometheus.query("histogram_count(native_seconds)");
    counts.sort();
    assert_eq!(counts, ["native", "tls"].map(|job| (job.to_owned(), "1".to_owned())));
}
