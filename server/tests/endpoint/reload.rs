//! Certificates that change while a server runs.

use crate::support::certificates::Authority;
use crate::support::*;
use crate::tls::curl;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, SystemTime};
use tykmetrics_server::config::{Config, Tls};

/// Puts another certificate in the place of a server's: both files, one after the other.
fn replace(served: &Tls, (cert, key): (PathBuf, PathBuf)) {
    std::fs::rename(cert, served.cert.as_ref().expect("set")).expect("moved");
    std::fs::rename(key, served.key.as_ref().expect("set")).expect("moved");
}

fn served_at_once(tls: &Tls) -> Config {
    Config { tls: Tls { reload: Duration::ZERO, ..tls.clone() }, ..config() }
}

#[test]
fn new_files_are_in_force_and_bad_ones_leave_the_old_in_force() {
    let (first, second) = (Authority::new(), Authority::new());
    let tls = first.tls();
    let (running, told) = start_told(served_at_once(&tls), registry());
    assert_eq!(curl(&running, &first.file, &[]).as_deref(), Ok("200 2"));

    replace(&tls, second.issue("server", |_| {}));
    assert_eq!(curl(&running, &second.file, &[]).as_deref(), Ok("200 2"));
    assert!(matches!(curl(&running, &first.file, &[]), Err(35 | 60)), "a certificate that is not verified");
    assert!(told.all().iter().any(|message| message.contains("are in force")), "{:?}", told.all());

    let cert = tls.cert.as_ref().expect("set");
    let good = std::fs::read(cert).expect("it is there");
    std::fs::write(cert, "nonsense").expect("written");
    assert_eq!(curl(&running, &second.file, &[]).as_deref(), Ok("200 2"));
    std::fs::remove_file(cert).expect("removed");
    assert_eq!(curl(&running, &second.file, &[]).as_deref(), Ok("200 2"));
    assert_eq!(curl(&running, &second.file, &[]).as_deref(), Ok("200 2"));
    let warnings = told.all().iter().filter(|message| message.contains("stay in force")).count();
    assert_eq!(warnings, 2, "once for each change: {:?}", told.all());

    std::fs::write(cert, good).expect("written");
    assert_eq!(curl(&running, &second.file, &[]).as_deref(), Ok("200 2"));
    assert!(told.all().last().is_some_and(|message| message.contains("are in force")));
}

#[test]
fn a_certificate_that_is_not_valid_yet_is_in_force_when_it_is() {
    let (first, second) = (Authority::new(), Authority::new());
    let tls = first.tls();
    let (running, told) = start_told(served_at_once(&tls), registry());
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_secs();
    let begins = rcgen::date_time_ymd(1970, 1, 1) + Duration::from_secs(now + 3);
    replace(&tls, second.issue("server", |parameters| parameters.not_before = begins));
    until("it is in force", || {
        let _ = curl(&running, &first.file, &[]);
        curl(&running, &second.file, &[]).is_ok()
    });
    let told = told.all();
    let count = |what: &str| told.iter().filter(|message| message.contains(what)).count();
    // Not even once, if the machine was so busy that nobody looked in time.
    assert!(count("stay in force") <= 1 && count("are in force") == 1, "{told:?}");
}

#[test]
fn a_new_list_of_authorities_is_in_force() {
    let (first, second) = (Authority::new(), Authority::new());
    let clients = first.folder.write("clients.pem", &std::fs::read_to_string(&first.file).expect("there"));
    let tls = Tls { client_ca: Some(clients.clone()), ..first.tls() };
    let running = start(served_at_once(&tls), registry());
    let (cert, key) = second.issue("client", |_| {});
    let (cert, key) = (cert.to_string_lossy(), key.to_string_lossy());
    let ask = || curl(&running, &first.file, &["--cert", &cert, "--key", &key]);
    assert!(ask().is_err());
    std::fs::copy(&second.file, &clients).expect("copied");
    assert_eq!(ask().as_deref(), Ok("200 2"));
}

#[test]
fn files_change_under_load_and_every_scrape_is_served() {
    let authority = Authority::new();
    let tls = authority.tls();
    let running = start(served_at_once(&tls), registry());
    let (stop, scrapes) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !stop.load(SeqCst) {
                    assert_eq!(curl(&running, &authority.file, &[]).as_deref(), Ok("200 2"));
                    scrapes.fetch_add(1, SeqCst);
                }
            });
        }
        for _ in 0..10 {
            let before = scrapes.load(SeqCst);
            authority.issue("server", |_| {});
            until("scrapes go on", || scrapes.load(SeqCst) > before + 1);
        }
        stop.store(true, SeqCst);
    });
}
