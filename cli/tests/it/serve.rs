//! `serve`: files and the sample, as scrapers find them.

use crate::support::{Folder, Served, run, text};
use rustix::process::Signal;

fn check(url: &str) -> (i32, String) {
    let output = run(&["check", "--strict", url], b"");
    (output.status.code().unwrap(), format!("{}{}", text(&output.stdout), text(&output.stderr)))
}

#[test]
fn the_sample_says_that_it_is_one_and_is_well_named() {
    let served = Served::start(&[]);
    assert!(served.said.contains("made-up gateway, whose traffic is synthetic"), "{}", served.said);
    let (status, said) = check(&served.url);
    assert_eq!(status, 0, "{said}");
    assert_eq!(served.end(Signal::TERM), (0, String::new()));
}

#[test]
fn a_socket_is_told_as_check_and_top_want_it() {
    let folder = Folder::new("serve-socket");
    let socket = format!("unix:{}", folder.path("m.sock"));
    let served = Served::start_at(&socket, &["--set", "path=/m"]);
    assert_eq!(served.url, format!("{socket}:/m"));
    let (status, said) = check(&served.url);
    assert_eq!(status, 0, "{said}");
    assert_eq!(run(&["top", "--once", "--interval", "10ms", &served.url], b"").status.code(), Some(0));
    assert_eq!(served.end(Signal::TERM), (0, String::new()));
}

#[test]
fn a_directory_of_files_is_served_as_one_exposition() {
    let folder = Folder::new("serve");
    folder.write("a.prom", "# HELP jobs_total Jobs.\n# TYPE jobs_total counter\njobs_total{job=\"a\"} 1\n");
    folder.write("b.prom", "# HELP jobs_total Jobs.\n# TYPE jobs_total counter\njobs_total{job=\"b\"} 2\n");
    folder.write("secret.prom", "# HELP owner_info Who.\n# TYPE owner_info gauge\nowner_info{of=\"a@b.example\"} 1\n");
    folder.write("bad.prom", "jobs_total{\n");
    let served = Served::start(&["--textfile", &folder.path(""), "--set", "hygiene.enabled=true"]);
    let (status, said) = check(&served.url);
    assert_eq!(status, 0, "{said}");
    assert!(said.contains("5 families, 12 samples"), "{said}");
    let shown = run(&["top", "--once", "--interval", "10ms", "--view", "values", &served.url], b"");
    assert!(text(&shown.stdout).contains("[email]") && !text(&shown.stdout).contains("a@b"), "{}", text(&shown.stdout));
    // Once in what it says, however often it is scraped.
    check(&served.url);
    let (status, errors) = served.end(Signal::INT);
    assert_eq!(status, 0);
    assert_eq!(errors.matches("bad.prom 1:12").count(), 1, "{errors}");
    assert!(errors.contains("it is left out"), "{errors}");
    assert!(!errors.contains("hygiene"), "{errors}");
}

#[test]
fn what_cannot_be_served_ends_with_2_before_anything_is_served() {
    let folder = Folder::new("serve-bad");
    let config = folder.write("bad.yaml", "lisen: 127.0.0.1:0\n");
    let used = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let used = used.local_addr().unwrap().to_string();
    let held = std::net::TcpListener::bind(&used);
    for (arguments, wanted) in [
        (&["serve", "--config", &config][..], "lisen"),
        (&["serve", "--config", &folder.path("none")], "cannot be read"),
        (&["serve", "--textfile", &folder.path("none")], "cannot be read"),
        (&["serve", "--listen", "nonsense:x"], "listen"),
        (&["serve", "--set", "tls.required=true"], "tls"),
        (&["serve", "--set", "x"], "KEY=VALUE"),
        (
            &["serve", "--textfile", &folder.path(""), "--set", "routes.reset=true", "--set", "auth.bearer=t"],
            "routes.reset cannot be had with --textfile",
        ),
        (&["serve", "--listen", &used], "127.0.0.1"),
    ] {
        let output = run(arguments, b"");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(text(&output.stderr).contains(wanted), "{arguments:?}: {}", text(&output.stderr));
        assert_eq!(text(&output.stdout), "", "{arguments:?}");
    }
    drop(held);
}
