//! What there is to ask for, and what it gives.

use crate::support::http::{ask, get};
use crate::support::sources::{Endless, Waiting};
use crate::support::*;
use std::io::Read;
use tykmetrics::{Format, Registry, negotiate};
use tykmetrics_server::config::{Config, Routes};

#[test]
fn metrics_come_in_the_format_and_with_the_names_that_are_asked_for() {
    let registry = registry();
    let running = start(config(), registry.clone());
    for accept in [
        "",
        "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8",
        "text/plain;version=0.0.4",
        "application/openmetrics-text;version=1.0.0,text/plain;q=0.5",
        "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8",
        "text/plain;version=0.0.4;escaping=dots",
        "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited",
        "application/json",
    ] {
        let exposition = negotiate(accept);
        let reply = ask(&running, "GET", "/metrics", &[&format!("Accept: {accept}")]);
        assert_eq!(reply.status, 200, "{accept}");
        assert_eq!(reply.header("content-type"), Some(exposition.content_type().as_str()), "{accept}");
        assert_eq!(reply.header("vary"), Some("Accept, Accept-Encoding"));
        assert_eq!(reply.header("content-length"), Some(reply.body.len().to_string().as_str()), "it fits one chunk");
        assert_eq!(reply.body, registry.render(exposition), "{accept}");
    }
    // A header may come in several lines, which are one list.
    let lines = ["Accept: text/plain;q=0.1", "Accept: application/openmetrics-text;version=1.0.0"];
    assert!(ask(&running, "GET", "/metrics", &lines).text().ends_with("# EOF\n"));
}

#[test]
fn a_scrape_is_packed_as_it_is_asked_for() {
    let registry = large(5_000);
    let running = start(config(), registry.clone());
    let expected = registry.render(Format::Text);
    let packed = |accept: &str| ask(&running, "GET", "/metrics", &[&format!("Accept-Encoding: {accept}")]);

    let gzip = packed("gzip, deflate");
    assert_eq!(gzip.header("content-encoding"), Some("gzip"));
    let mut text = Vec::new();
    flate2::read::GzDecoder::new(&gzip.body[..]).read_to_end(&mut text).expect("gzip");
    assert_eq!(text, expected);

    let zstd = packed("gzip, zstd");
    assert_eq!(zstd.header("content-encoding"), Some("zstd"));
    assert_eq!(zstd::stream::decode_all(&zstd.body[..]).expect("zstd"), expected);

    for plain in ["identity", "br", "gzip;q=0"] {
        let reply = packed(plain);
        assert_eq!((reply.header("content-encoding"), reply.body.len()), (None, expected.len()), "{plain}");
    }
}

#[test]
fn the_page_and_what_it_asks_for_are_packed_as_well() {
    let running = start(config(), registry());
    for path in ["/", "/metrics/overview"] {
        let plain = get(&running, path);
        assert_eq!((plain.header("content-encoding"), plain.header("vary")), (None, Some("Accept-Encoding")), "{path}");
        let gzip = ask(&running, "GET", path, &["Accept-Encoding: gzip"]);
        assert_eq!((gzip.status, gzip.header("content-encoding")), (200, Some("gzip")), "{path}");
        let mut text = String::new();
        flate2::read::GzDecoder::new(&gzip.body[..]).read_to_string(&mut text).expect("gzip");
        assert_eq!(text.len(), plain.body.len(), "{path}");
        // Kept apart: whoever asks next is not given what only another can read.
        assert_eq!(get(&running, path).header("content-encoding"), None, "{path}");
    }
    let lost = ask(&running, "GET", "/nowhere", &["Accept-Encoding: gzip"]);
    assert_eq!((lost.status, lost.header("content-encoding")), (404, None));
}

#[test]
fn a_large_scrape_is_streamed_whole() {
    let registry = large(30_000);
    let running = start(config(), registry.clone());
    for format in [Format::Text, Format::OpenMetrics, Format::Protobuf, Format::Json] {
        let reply = get(&running, &format!("/metrics?format={format}", format = format.as_str()));
        assert_eq!(reply.header("transfer-encoding"), Some("chunked"), "{format:?}");
        assert!(reply.is_whole && reply.body.len() > 1_000_000, "{format:?}: {} bytes", reply.body.len());
        assert!(reply.body == registry.render(format), "{format:?}");
    }
}

#[test]
fn an_empty_registry_is_an_empty_answer() {
    let reply = get(&start(config(), Registry::new()), "/metrics");
    assert_eq!((reply.status, reply.body.len(), reply.header("content-length")), (200, 0, Some("0")));
}

#[test]
fn a_query_chooses_families_and_a_format_and_its_errors_are_told() {
    let running = start(config(), registry());
    let text = get(&running, "/metrics?name[]=latency_seconds_count&name%5B%5D=temperature_celsius").text();
    assert!(text.contains("latency_seconds_bucket{") && text.contains("temperature_celsius 21.5"), "{text}");
    assert!(!text.contains("http_requests_total"), "{text}");
    assert_eq!(get(&running, "/metrics?name[]=nothing").body, b"");
    let bad = get(&running, "/metrics?format=xml");
    assert_eq!(bad.status, 400);
    assert!(bad.text().contains("\"xml\"") && bad.text().contains("openmetrics"), "{}", bad.text());
}

#[test]
fn json_is_the_document_of_the_json_format() {
    let registry = registry();
    let reply = get(&start(config(), registry.clone()), "/metrics/json");
    assert_eq!(reply.header("content-type"), Some("application/json; charset=utf-8"));
    assert_eq!(reply.body, registry.render(Format::Json));
    serde_json::from_slice::<serde_json::Value>(&reply.body).expect("JSON");
}

#[test]
fn health_has_the_key_figures() {
    let running = start(config(), registry());
    get(&running, "/metrics");
    let health: serde_json::Value = serde_json::from_slice(&get(&running, "/metrics/health").body).expect("JSON");
    assert_eq!(health["status"], "ok");
    assert_eq!((&health["families"], &health["series"]), (&3.into(), &4.into()));
    assert_eq!((&health["requests_total"], &health["errors_total"]), (&100.into(), &10.into()));
    assert_eq!((&health["error_rate"], &health["scrapes_total"]), (&0.1.into(), &1.into()));
    assert!(health["uptime_seconds"].as_f64().is_some_and(|seconds| seconds > 0.0), "{health}");
}

#[test]
fn health_and_the_page_call_the_same_requests_failed() {
    let registry = registry();
    let requests = registry.counter("http_requests_total", "Requests.").labels(["path", "code"]).register();
    let requests = requests.expect("it is there");
    requests.add(["/nowhere", "404"], 5);
    requests.add(["/", "success"], 95);
    let running = start(config(), registry);
    let read = |path: &str| serde_json::from_slice::<serde_json::Value>(&get(&running, path).body).expect("JSON");
    let (health, page) = (read("/metrics/health"), read("/metrics/overview"));
    assert_eq!((&health["requests_total"], &health["errors_total"]), (&200.into(), &15.into()));
    assert_eq!((&page["totals"]["requests"], &page["totals"]["errors"]), (&200.into(), &15.into()));
}

#[test]
fn liveness_waits_for_nothing_and_asks_for_nothing() {
    let source = Waiting::default();
    let mut config = limited(|limits| {
        limits.concurrent_scrapes = 1;
        limits.requests_per_second = 1.0;
    });
    config.auth = secrets();
    let running = start(config, source.clone());
    std::thread::scope(|scope| {
        let scrape = scope.spawn(|| ask(&running, "GET", "/metrics", &[BASIC]));
        until("a scrape runs", || source.inside() == 1);
        for path in ["/health", "/healthz", "/health"] {
            let reply = get(&running, path);
            assert_eq!((reply.status, reply.text().as_str()), (200, "OK"), "{path}");
        }
        assert_eq!(ask(&running, "HEAD", "/health", &[]).body, b"");
        source.let_go();
        assert_eq!(scrape.join().expect("no panic").text(), "before 1\nafter 1\n");
    });
}

#[test]
fn other_paths_and_methods_are_refused_and_say_what_there_is() {
    let running = start(config(), registry());
    for path in ["/nothing", "/metrics/", "/metrics/nothing", "/metricsjson", "//metrics", "/metrics/reset"] {
        let reply = get(&running, path);
        assert_eq!(reply.status, 404, "{path}");
        assert!(reply.text().contains("/metrics"));
    }
    for (method, path) in [("POST", "/metrics"), ("DELETE", "/"), ("PUT", "/health"), ("OPTIONS", "/metrics/json")] {
        let reply = ask(&running, method, path, &[]);
        assert_eq!((reply.status, reply.header("allow")), (405, Some("GET, HEAD")), "{method} {path}");
    }
    let head = ask(&running, "HEAD", "/metrics", &["Accept-Encoding: gzip"]);
    assert_eq!((head.status, head.body.len(), head.header("content-encoding")), (200, 0, Some("gzip")));
    assert!(head.header("content-type").is_some_and(|value| value.starts_with("text/plain")));
}

#[test]
fn routes_that_are_off_are_not_there_and_the_path_is_where_it_is_said_to_be() {
    let routes = Routes { json: false, health: false, reset: false, page: false };
    let running = start(Config { routes, path: "/internal/stats".into(), ..config() }, registry());
    for path in ["/", "/metrics", "/internal/stats/json", "/internal/stats/health", "/internal/stats/overview"] {
        assert_eq!(get(&running, path).status, 404, "{path}");
    }
    assert_eq!(get(&running, "/internal/stats").status, 200);
    let root = start(Config { path: "/".into(), ..config() }, registry());
    assert!(get(&root, "/").text().contains("temperature_celsius 21.5"));
    assert_eq!(get(&root, "/json").status, 200);
}

#[test]
fn every_answer_tells_browsers_to_keep_and_to_guess_nothing() {
    let running = start(config(), registry());
    for path in ["/", "/metrics", "/metrics/json", "/metrics/health", "/metrics/overview", "/health", "/nothing"] {
        let reply = get(&running, path);
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(reply.header("cache-control"), Some("no-store"), "{path}");
        let policy = reply.header("content-security-policy").expect("a policy");
        assert!(policy.starts_with("default-src 'none'"), "{path}: {policy}");
    }
    assert_eq!(get(&running, "/").header("content-type"), Some("text/html; charset=utf-8"));
}

#[test]
fn who_is_not_known_gets_a_challenge_and_nothing_else() {
    let running = start(Config { auth: secrets(), ..config() }, registry());
    let wrong = "Authorization: Basic dGVzdGVyOnBhc3M=";
    for headers in [&[][..], &[wrong], &["Authorization: Bearer tokens"], &["Authorization: nonsense"]] {
        for path in ["/metrics", "/metrics/json", "/metrics/overview", "/", "/nothing"] {
            let reply = ask(&running, "GET", path, headers);
            assert_eq!(reply.status, 401, "{path} {headers:?}");
            let challenges = reply.headers("www-authenticate");
            assert!(
                challenges.len() == 2
                    && challenges[0].starts_with("Basic realm=\"")
                    && challenges[1].starts_with("Bearer")
            );
            assert!(!reply.text().contains("http_requests_total"));
        }
    }
    for header in [BASIC, "authorization: bearer token"] {
        assert_eq!(ask(&running, "GET", "/metrics", &[header]).status, 200, "{header}");
    }
}

#[test]
fn a_reset_is_for_who_is_known_by_post_and_not_for_pages_of_others() {
    let registry = registry();
    let routes = Routes { reset: true, ..Routes::default() };
    let open = tykmetrics_server::start(Config { routes: routes.clone(), ..config() }, registry.clone());
    let refused = open.expect_err("anybody could reset");
    assert!(refused.message().contains("routes.reset"), "{refused}");

    let running = start(Config { routes, auth: secrets(), ..config() }, registry.clone());
    let total = || registry.snapshot().sum("http_requests_total", &[]);
    assert_eq!(ask(&running, "POST", "/metrics/reset", &[]).status, 401);
    let get = ask(&running, "GET", "/metrics/reset", &[BASIC]);
    assert_eq!((get.status, get.header("allow")), (405, Some("POST")));
    let elsewhere = ask(&running, "POST", "/metrics/reset", &[BASIC, "Origin: http://elsewhere"]);
    assert_eq!((elsewhere.status, total()), (403, 100.0));
    let done = ask(&running, "POST", "/metrics/reset", &[BASIC, "Content-Length: 2\r\n\r\n{}"]);
    assert_eq!((done.status, done.text().as_str(), total()), (200, "{\"reset\":true}\n", 0.0));
}

#[test]
fn a_source_that_panics_is_an_answer_and_the_server_lives_on() {
    let mut config = Config { auth: secrets(), ..config() };
    config.routes.reset = true;
    let running = start(config, Endless::panics_after(0));
    for path in ["/metrics", "/metrics/json", "/metrics/health", "/metrics/overview", "/metrics?name[]=x"] {
        assert_eq!(ask(&running, "GET", path, &[BASIC]).status, 500, "{path}");
    }
    assert_eq!(ask(&running, "POST", "/metrics/reset", &[BASIC]).status, 500);
    assert_eq!(get(&running, "/health").status, 200);
}

#[test]
fn a_scrape_that_fails_on_its_way_is_not_taken_for_whole() {
    let running = start(config(), Endless::panics_after(300_000));
    let reply = get(&running, "/metrics");
    assert_eq!(reply.status, 200);
    assert!(!reply.is_whole && !reply.body.is_empty(), "{} bytes", reply.body.len());
    assert_eq!(get(&running, "/health").status, 200);
}
