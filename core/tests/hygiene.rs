//! Secrets that are given as label values: what is replaced, what is kept, and that a series is found however it is asked for.
#![cfg(feature = "hygiene")]

use proptest::prelude::*;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use tykmetrics::hygiene::Kind;
use tykmetrics::{EngineCollector, Hygiene, Registry};

/// Every kind. Compiled once, since that takes longer than all else here.
fn hygiene() -> Hygiene {
    static ALL: OnceLock<Hygiene> = OnceLock::new();
    ALL.get_or_init(|| Hygiene::options().build().unwrap()).clone()
}

fn guarded() -> Registry {
    let registry = Registry::new();
    registry.set_hygiene(Some(hygiene()));
    registry
}

/// Made up here, so that no scanner of secrets takes this file for a leak.
fn made(prefix: &str, rest: &str) -> String {
    format!("{prefix}{rest}")
}

#[test]
fn secrets_are_replaced_by_what_they_were() {
    let jwt = made("eyJhbGciOiJIUzI1NiJ9.", "eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U");
    let random = "v9XkT2qLw8ZrB4nYp7Jd0sGhF3mCaE6u";
    let hex = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822c";
    let cases = [
        (jwt.clone(), "[jwt]"),
        (format!("Bearer {jwt}"), "Bearer [jwt]"),
        (format!("authorization: bearer {random}"), "authorization: bearer [authorization]"),
        ("Basic cHJvbWV0aGV1czpodW50ZXIy".to_owned(), "Basic [authorization]"),
        (made("sk-", "proj-abcdefghijkl1234567890"), "[key]"),
        (made("sk_live_", "4eC39HqLyjWDarjtT1zdp7dc"), "[key]"),
        (made("ghp_", "16C7e42F292c6912E7710c838347Ae178B4a"), "[key]"),
        (made("github_pat_", "11ABCDEFG0abcdefghijkl_mnop"), "[key]"),
        (made("glpat-", "abcdefghij0123456789"), "[key]"),
        (made("xoxb-", "123456789012-abcdef"), "[key]"),
        (made("AIza", "SyA1234567890abcdefghijklmnopqrstuv"), "[key]"),
        (made("AKIA", "IOSFODNN7EXAMPLE"), "[aws]"),
        (made("wJalrXUtnFEMI/K7MDENG", "/bPxRfiCYEXAMPLEKEY12"), "[secret]"),
        (format!("session {random}"), "session [secret]"),
        (hex.to_owned(), "[secret]"),
        ("https://joe:hunter2@example.com/a".to_owned(), "https://joe:[password]@example.com/a"),
        ("postgres://app:p@ss:w@db:5432/x".to_owned(), "postgres://app:[password]@db:5432/x"),
        ("/v1/models?api_key=abc&page=2".to_owned(), "/v1/models?api_key=[redacted]&page=2"),
        (
            "/x?a=1&access_token=t&X-Amz-Signature=s#f".to_owned(),
            "/x?a=1&access_token=[redacted]&X-Amz-Signature=[redacted]#f",
        ),
        ("joe.o'neil+x@mail.example.com".to_owned(), "[email]"),
        ("jöe@example.com".to_owned(), "[email]"),
        ("/users/joe@example.com/keys".to_owned(), "/users/[email]/keys"),
        ("/users/joe%40example.com".to_owned(), "/users/[email]"),
        (made("-----BEGIN RSA PRIVATE", " KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----"), "[key]"),
    ];
    let hygiene = hygiene();
    for (value, expected) in cases {
        assert_eq!(hygiene.clean(&value), expected, "{value}");
    }
}

#[test]
fn what_is_no_secret_is_kept() {
    let kept = [
        "",
        "GET",
        "200",
        "/api/v1/users/{id}",
        "/Very/Long/Path/To/Some/Resource/With/Many/Parts/V2/Items",
        "3f2504e0-4f89-11d3-9a0c-0305e82c3301",
        "3F2504E0-4F89-11D3-9A0C-0305E82C3301",
        "01ARZ3NDEKTSV4RRFFQ69G5FAV",
        "4bf92f3577b34da6a3ce929d0e0e4736",
        "da39a3ee5e6b4b0d3255bfef95601890afd80709",
        "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "gateway-deployment-7d9c6b8f5d-x2lqz.production.svc.cluster.local",
        "task-management-service-handler-2",
        "sk-learn-classification-model",
        "Basic authentication is required",
        "Bearer authentication",
        "http://localhost:8080/metrics",
        "https://example.com/@scope/package@1.2.3",
        "org.springframework.web.servlet.DispatcherServlet",
        "MyCompany.Platform.Gateway.Handlers.UserHandlerV2",
        "gpt-4o-mini-2024-07-18",
        "arn:aws:iam::123456789012:role/service-role/MyRole",
        "?page=2&sort=key",
        "héllo wörld",
        "2026-01-02T03:04:05.678901234Z",
    ];
    let hygiene = hygiene();
    for value in kept {
        assert_eq!(hygiene.clean(value), value);
    }
}

#[test]
fn patterns_of_the_users_own_are_replaced_and_kinds_are_kept() {
    let hygiene = Hygiene::options().pattern(r"acct_\d+").pattern("(?i)straße").keep(Kind::Email).build().unwrap();
    assert_eq!(hygiene.clean("acct_12 of joe@example.com"), "[redacted] of joe@example.com");
    assert_eq!(hygiene.clean("In der STRAßE"), "In der [redacted]");
    assert_eq!("email".parse::<Kind>().unwrap(), Kind::Email);
    assert!("mail".parse::<Kind>().unwrap_err().message().contains("email"));
}

#[test]
fn a_pattern_that_cannot_be_used_is_named() {
    let refused = |pattern: &str| Hygiene::options().pattern(pattern).build().unwrap_err().message().to_owned();
    assert!(refused("(unclosed").contains("\"(unclosed\""));
    assert!(refused("a*").contains("\"a*\" matches the empty text"));
    assert!(refused(r"(?:\w{1000}){1000}").contains("w{1000}"));
    assert!(refused(&"x".repeat(5000)).contains("4096 bytes"));
    let many = (0..65).fold(Hygiene::options(), |options, n| options.pattern(format!("x{n}")));
    assert!(many.build().unwrap_err().message().contains("at most 64"));
}

#[test]
fn a_series_is_found_by_the_raw_value_and_by_the_clean_one() {
    let registry = guarded();
    let logins = registry.counter("logins_total", "Logins").label_names(["user", "ok"]).register().unwrap();
    for user in ["joe@example.com", "ann@example.com", "[email]"] {
        logins.with(&[user, "yes"]).unwrap().inc();
        // Through the cache of the thread, and past it.
        logins.inc(&[user, "yes"]).unwrap();
        logins.inc(&[user, "yes"]).unwrap();
        assert!(logins.get(&[user, "yes"]).unwrap().is_some());
    }
    let long = format!("{}@example.com", "a".repeat(300));
    logins.add(&[&long, "yes"], 1).unwrap();
    assert_eq!(registry.snapshot().value("logins_total", &[("user", "[email]"), ("ok", "yes")]), Some(10.0));
    assert_eq!(logins.len(), 1);
    assert!(logins.get(&["joe@example.com", "no"]).unwrap().is_none());
    assert!(logins.remove(&["ann@example.com", "yes"]).unwrap());
    assert_eq!(logins.len(), 0);
    logins.inc(&["joe@example.com", "yes"]).unwrap();
    assert_eq!(logins.remove_matching(&[("user", "ann@example.com")]), 1);
    assert!(!logins.remove(&["joe@example.com", "yes"]).unwrap());
}

#[test]
fn what_was_replaced_is_counted_by_kind() {
    let registry = guarded();
    registry.register_collector(EngineCollector::new(&registry));
    let calls = registry.counter("calls_total", "Calls").label_names(["url"]).register().unwrap();
    calls.inc(&["https://joe:x@host/?token=t"]).unwrap();
    calls.inc(&["joe@example.com"]).unwrap();
    calls.inc(&["/plain"]).unwrap();
    // Looking is not replacing.
    calls.get(&["ann@example.com"]).unwrap();
    let snapshot = registry.snapshot();
    let count = |kind| snapshot.value("tykmetrics_label_values_redacted_total", &[("kind", kind)]);
    assert_eq!(["password", "query", "email", "jwt"].map(count), [Some(1.0), Some(1.0), Some(1.0), Some(0.0)]);
    let without = Registry::new();
    without.register_collector(EngineCollector::new(&without));
    assert!(without.snapshot().family("tykmetrics_label_values_redacted_total").is_none());
}

#[test]
fn off_by_default_and_off_again() {
    let registry = Registry::new();
    let logins = registry.counter("logins_total", "Logins").label_names(["user"]).register().unwrap();
    let value = |user| registry.snapshot().value("logins_total", &[("user", user)]);
    logins.inc(&["joe@example.com"]).unwrap();
    assert_eq!(value("joe@example.com"), Some(1.0));
    registry.set_hygiene(Some(hygiene()));
    logins.inc(&["joe@example.com"]).unwrap();
    registry.set_hygiene(None);
    logins.inc(&["joe@example.com"]).unwrap();
    assert_eq!((value("joe@example.com"), value("[email]")), (Some(1.0), Some(2.0)));
}

#[test]
fn series_that_were_there_hand_over_what_they_counted() {
    let registry = Registry::new();
    let logins = registry.counter("logins_total", "Logins").label_names(["user"]).register().unwrap();
    let latency = registry.histogram("latency_seconds", "Latency").label_names(["user"]).register().unwrap();
    let level = registry.gauge("level", "Level").label_names(["user"]).register().unwrap();
    let held = logins.with(&["joe@example.com"]).unwrap();
    held.add(3);
    logins.add_f64(&["ann@example.com"], 0.5).unwrap();
    logins.inc(&["plain"]).unwrap();
    latency.observe(&["joe@example.com"], 0.25).unwrap();
    level.set(&["joe@example.com"], 7.0).unwrap();
    registry.set_hygiene(Some(hygiene()));
    // At once, without a scrape in between.
    let shown = |name: &str, user: &str| registry.snapshot().value(name, &[("user", user)]);
    assert_eq!((shown("logins_total", "[email]"), shown("logins_total", "plain")), (Some(3.5), Some(1.0)));
    assert_eq!((shown("logins_total", "joe@example.com"), shown("level", "[email]")), (None, Some(7.0)));
    // A handle that knows the old series, and a lookup that finds the new one.
    held.add(2);
    logins.inc(&["joe@example.com"]).unwrap();
    registry.upkeep();
    assert_eq!(shown("logins_total", "[email]"), Some(6.5));
    let seen = registry.snapshot();
    let series: Vec<_> = seen.family("latency_seconds").unwrap().series().collect();
    assert_eq!((series.len(), series[0].value().count()), (1, Some(1)));
    let text = String::from_utf8(registry.render(tykmetrics::Format::Text)).unwrap();
    assert!(!text.contains('@'), "{text}");
}

#[test]
fn no_series_with_a_secret_is_left_by_makers_that_run_meanwhile() {
    for round in 0..200 {
        let registry = Registry::new();
        let logins = registry.counter("logins_total", "Logins").label_names(["user"]).register().unwrap();
        let go = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for thread in 0..2 {
                let (logins, go) = (&logins, &go);
                scope.spawn(move || {
                    while !go.load(Relaxed) {
                        std::hint::spin_loop();
                    }
                    for n in 0..20 {
                        logins.inc(&[&format!("u{thread}x{n}@example.com")]).unwrap();
                    }
                });
            }
            go.store(true, Relaxed);
            registry.set_hygiene(Some(hygiene()));
        });
        registry.upkeep();
        let snapshot = registry.snapshot();
        let series: Vec<_> = snapshot.family("logins_total").unwrap().series().collect();
        assert_eq!(series.len(), 1, "round {round}");
        assert_eq!(series[0].value().as_f64(), Some(40.0), "round {round}");
    }
}

#[test]
fn an_info_says_no_secret_either() {
    let registry = guarded();
    let build = registry.info("build", "Build").register().unwrap();
    build.set(&[("by", "joe@example.com"), ("version", "1.2")]).unwrap();
    let text = String::from_utf8(registry.render(tykmetrics::Format::Text)).unwrap();
    assert!(text.contains("by=\"[email]\"") && text.contains("version=\"1.2\""), "{text}");
}

#[test]
fn exemplars_say_no_secret_either() {
    let registry = Registry::new();
    let logins = registry.counter("logins_total", "Logins").register().unwrap();
    let latency = registry.histogram("latency_seconds", "Latency").register().unwrap();
    let build = registry.info("build", "Build").register().unwrap();
    const TRACE: (&str, &str) = ("trace_id", "4bf92f3577b34da6a3ce929d0e0e4736");
    let record = || {
        logins.add_with_exemplar(1, &[TRACE, ("user", "joe@example.com")]).unwrap();
        latency.observe_with_exemplar(0.25, &[TRACE, ("user", "ann@example.com")]).unwrap();
    };
    let said = || String::from_utf8(registry.render(tykmetrics::Format::OpenMetrics)).unwrap();
    // Kept before it is set, and after.
    record();
    build.set(&[("by", "joe@example.com")]).unwrap();
    assert!(said().matches("@example.com").count() == 3, "{}", said());
    registry.set_hygiene(Some(hygiene()));
    for _ in 0..2 {
        let text = said();
        let clean = r#"# {trace_id="4bf92f3577b34da6a3ce929d0e0e4736",user="[email]"}"#;
        assert_eq!((text.matches('@').count(), text.matches(clean).count()), (0, 2), "{text}");
        assert!(text.contains(r#"by="[email]""#), "{text}");
        record();
    }
    // What exemplars and infos said before is not counted.
    registry.register_collector(EngineCollector::new(&registry));
    let counted = registry.snapshot().value("tykmetrics_label_values_redacted_total", &[("kind", "email")]);
    assert_eq!(counted, Some(4.0));
}

fn shown(registry: &Registry) -> String {
    String::from_utf8(registry.render(tykmetrics::Format::OpenMetrics)).unwrap()
}

#[test]
fn a_family_that_another_registry_made_is_cleaned_where_it_is_listed() {
    for maker_is_dropped in [false, true] {
        let (maker, lister) = (Registry::new(), Registry::new());
        lister.register_collector(EngineCollector::new(&lister));
        let counter = |name: &str| maker.counter(name, "h").label_names(["user"]).register().unwrap();
        let (before, after) = (counter("before_total"), counter("after_total"));
        let clean = [&before, &after].map(|family| family.with(&["nobody"]).unwrap());
        let record = || {
            clean.iter().for_each(|each| each.add_with_exemplar(1, &[("by", "ann@example.com")]).unwrap());
            [&before, &after].iter().for_each(|family| family.inc(&["joe@example.com"]).unwrap());
        };
        let counted =
            || lister.snapshot().value("tykmetrics_label_values_redacted_total", &[("kind", "email")]).unwrap();
        record();
        if maker_is_dropped {
            drop(maker);
        }
        lister.list(&before).unwrap();
        lister.set_hygiene(Some(hygiene()));
        lister.list(&after).unwrap();
        let (text, counts) = (shown(&lister), counted());
        assert_eq!((text.matches("@example").count(), text.matches("[email]").count()), (0, 4), "{text}");
        clean.iter().for_each(|each| each.add_with_exemplar(1, &[("by", "ann@example.com")]).unwrap());
        assert_eq!(counted() - counts, 2.0, "an exemplar of each");
        record();
        let text = shown(&lister);
        assert_eq!((text.matches("@example").count(), text.matches("[email]").count()), (0, 4), "{text}");
        // Other rules replace those, and none are none.
        lister.set_hygiene(Some(Hygiene::options().pattern("tim").build().unwrap()));
        before.inc(&["tim"]).unwrap();
        assert!(shown(&lister).contains(r#"before_total{user="[redacted]"} 1"#), "{}", shown(&lister));
        lister.set_hygiene(None);
        before.inc(&["tim"]).unwrap();
        assert!(shown(&lister).contains(r#"before_total{user="tim"} 1"#), "{}", shown(&lister));
    }
}

#[test]
fn each_registry_that_lists_a_family_has_its_own_replaced_and_no_other_family_is() {
    let maker = Registry::new();
    let counter = |name: &str| maker.counter(name, "h").label_names(["user"]).register().unwrap();
    let (listed, other) = (counter("listed_total"), counter("other_total"));
    let listers = ["joe", "ann"].map(|pattern| {
        let lister = Registry::new();
        lister.set_hygiene(Some(Hygiene::options().pattern(pattern).build().unwrap()));
        lister.list(&listed).unwrap();
        lister
    });
    for name in ["joe", "ann", "tim"] {
        [&listed, &other].iter().for_each(|family| family.inc(&[name]).unwrap());
    }
    for registry in listers.iter().chain([&maker]) {
        assert!(shown(registry).contains("listed_total{user=\"[redacted]\"} 2"), "{}", shown(registry));
        assert!(shown(registry).contains("listed_total{user=\"tim\"} 1"), "{}", shown(registry));
    }
    assert!(shown(&maker).contains("other_total{user=\"joe\"} 1"), "{}", shown(&maker));
    // As long as it is listed.
    assert!(listers[0].unregister("listed_total"));
    ["joe", "ann"].iter().for_each(|name| listed.inc(&[name]).unwrap());
    assert!(shown(&maker).contains("listed_total{user=\"joe\"} 1"), "{}", shown(&maker));
    assert!(shown(&maker).contains("listed_total{user=\"[redacted]\"} 3"), "{}", shown(&maker));
    // What is refused is not cleaned.
    let taken = Registry::new();
    taken.set_hygiene(Some(Hygiene::options().pattern("tim").build().unwrap()));
    taken.gauge("listed_total", "h").register().unwrap();
    taken.list(&listed).unwrap_err();
    listed.inc(&["tim2"]).unwrap();
    for name in ["tim", "tim2"] {
        assert!(shown(&maker).contains(&format!("listed_total{{user=\"{name}\"}} 1")), "{}", shown(&maker));
    }
}

#[test]
fn what_stands_for_a_secret_is_none_however_often_it_is_looked_at() {
    let wide = || Hygiene::options().pattern("[A-Za-z0-9_]{8,}").pattern(".+@").build().unwrap();
    assert_eq!(wide().clean("of acct_12345 and [redacted]"), "of [redacted] and [redacted]");
    let (maker, lister) = (Registry::new(), Registry::new());
    let paid = maker.counter("paid_total", "h").label_names(["by"]).register().unwrap();
    lister.set_hygiene(Some(wide()));
    paid.inc(&["acct_12345"]).unwrap();
    for n in 1..4 {
        lister.list(&paid).unwrap();
        paid.inc(&["acct_67890"]).unwrap();
        let text = shown(&lister);
        assert!(text.contains(&format!("paid_total{{by=\"[redacted]\"}} {}\n", n + 1)), "{text}");
        assert_eq!(text.matches("paid_total{").count(), 1, "{text}");
        lister.set_hygiene(Some(wide()));
    }
}

#[test]
fn an_exemplar_whose_replacement_is_too_long_has_no_labels() {
    let registry = Registry::new();
    registry.set_hygiene(Some(Hygiene::options().pattern("z").build().unwrap()));
    let logins = registry.counter("logins_total", "Logins").register().unwrap();
    logins.add_with_exemplar(1, &[("a", &"z ".repeat(20))]).unwrap();
    let text = String::from_utf8(registry.render(tykmetrics::Format::OpenMetrics)).unwrap();
    assert!(text.contains("# {} 1"), "{text}");
}

#[test]
fn label_sets_without_end_do_not_grow_what_is_kept() {
    let registry = guarded();
    let logins = registry.counter("logins_total", "Logins").label_names(["user"]).register().unwrap();
    for n in 0..20_000 {
        logins.inc(&[&format!("user{n}@example.com")]).unwrap();
    }
    assert_eq!((logins.len(), registry.series()), (1, 1));
    assert_eq!(registry.snapshot().value("logins_total", &[("user", "[email]")]), Some(20_000.0));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]
    #[test]
    fn what_was_cleaned_is_clean(value in "(?s).{0,80}|[a-z@.:/?=&%A-Z0-9+_-]{0,120}") {
        let hygiene = hygiene();
        let once = hygiene.clean(&value).into_owned();
        let twice = hygiene.clean(&once).into_owned();
        prop_assert_eq!(&twice, &once, "{:?}", value);
    }
}

#[cfg(feature = "metrics")]
#[test]
fn what_comes_through_the_metrics_facade_is_cleaned_too() {
    let registry = Registry::new();
    let recorder = tykmetrics::facade::Recorder::new(&registry).unwrap();
    let login = || {
        metrics::with_local_recorder(&recorder, || {
            metrics::counter!("logins", "user" => "joe@example.com").increment(2)
        })
    };
    // Before it is set, and after.
    login();
    registry.set_hygiene(Some(hygiene()));
    login();
    registry.upkeep();
    let shown = || registry.snapshot().value("logins", &[("user", "[email]")]);
    assert_eq!(shown(), Some(4.0));
}
