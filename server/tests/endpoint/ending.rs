//! How a server ends.

use crate::support::http::{Reply, connect, get, read_all, request};
use crate::support::sources::{Endless, Waiting};
use crate::support::*;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};
use tykmetrics::{Format, Registry};
use tykmetrics_server::config::{Config, Listen};
use tykmetrics_server::{Running, StartErrorCode};

#[test]
fn a_start_that_fails_changes_nothing_of_what_is_recorded() {
    let registry = Registry::new();
    let family = registry.counter("mails_total", "Mails.").labels(["to"]).register().expect("valid");
    family.add(["someone@example.org"], 1);
    let mut wanted = config();
    wanted.hygiene.enabled = true;
    let first = start(wanted.clone(), Registry::new());
    wanted.listen = Listen::Tcp("127.0.0.1".to_owned(), port(&first));
    let refused = tykmetrics_server::start(wanted, registry.clone()).expect_err("the port is taken");
    assert_eq!(refused.code(), StartErrorCode::AddressInUse);
    let text = String::from_utf8(registry.render(Format::Text)).expect("text");
    assert!(text.contains("to=\"someone@example.org\""), "{text}");
}

#[test]
fn a_log_that_panics_does_not_end_the_server() {
    let mut open = config();
    open.listen = Listen::Tcp(String::new(), 0);
    let running = tykmetrics_server::start_logged(open, registry(), |_| panic!("the host's")).expect("started");
    assert_eq!(get(&running, "/health").status, 200);
}

#[test]
fn the_port_is_free_when_a_server_is_closed_or_dropped() {
    let running = start(config(), registry());
    let socket = Listening::of(&running);
    let mut resting = connect(&running);
    resting.write_all(b"GET /health HTTP/1.1\r\nHost: test\r\n\r\n").expect("sent");
    resting.read_exact(&mut [0; 15]).expect("an answer");
    let mut silent = connect(&running);
    let begun = Instant::now();
    running.close();
    assert!(begun.elapsed() < Duration::from_secs(4), "nobody is waited for who asks nothing");
    assert!(!socket.is_there());
    read_all(&mut resting);
    assert_eq!(read_all(&mut silent), b"");
    running.close();
    drop(running);

    let running = start(config(), registry());
    let socket = Listening::of(&running);
    drop(running);
    assert!(!socket.is_there());
}

#[test]
fn a_scrape_that_runs_finishes_while_the_port_is_free_already() {
    let source = Waiting::default();
    let running = start(config(), source.clone());
    let socket = Listening::of(&running);
    std::thread::scope(|scope| {
        let scrape = scope.spawn(|| get(&running, "/metrics"));
        until("a scrape runs", || source.inside() == 1);
        let closing = scope.spawn(|| running.close());
        until("the port is free", || !socket.is_there());
        assert!(!closing.is_finished());
        source.let_go();
        closing.join().expect("no panic");
        let reply = scrape.join().expect("no panic");
        assert_eq!((reply.text().as_str(), reply.is_whole), ("before 1\nafter 1\n", true));
    });
}

#[test]
fn a_scrape_that_goes_on_is_cut_off_when_the_grace_is_over() {
    let (source, gone) = Endless::new();
    let running = start(Config { shutdown_grace: Duration::from_millis(200), ..config() }, source);
    let mut stream = connect(&running);
    stream.write_all(request("GET", "/metrics", &[]).as_bytes()).expect("sent");
    stream.read_exact(&mut [0; 16]).expect("it has begun");
    let begun = Instant::now();
    running.close();
    assert!((Duration::from_millis(190)..Duration::from_secs(5)).contains(&begun.elapsed()));
    until("the source is told", || gone.load(SeqCst) == 1);
    let rest = read_all(&mut stream);
    assert!(!rest.ends_with(b"0\r\n\r\n"), "it is not taken for whole");
}

#[test]
fn a_source_that_hangs_holds_up_nobody_for_long() {
    let source = Waiting::default();
    let running = start(Config { shutdown_grace: Duration::from_millis(100), ..config() }, source.clone());
    let mut stream = connect(&running);
    stream.write_all(request("GET", "/metrics", &[]).as_bytes()).expect("sent");
    until("a scrape hangs", || source.inside() == 1);
    let begun = Instant::now();
    running.close();
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    source.let_go();
}

#[test]
fn any_thread_closes_and_all_return_when_it_is_over() {
    let running = start(config(), registry());
    let socket = Listening::of(&running);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                running.close();
                assert!(!socket.is_there());
            });
        }
    });
}

#[test]
fn a_source_may_close_its_own_server() {
    use std::sync::{Arc, OnceLock};
    struct Closes(Arc<OnceLock<Running>>);
    impl tykmetrics_server::Source for Closes {
        fn render(
            &self,
            _: tykmetrics::Exposition,
            sink: &mut dyn FnMut(&[u8]) -> Result<(), tykmetrics_server::Gone>,
        ) -> Result<(), tykmetrics_server::Gone> {
            self.0.get().expect("it runs").close();
            sink(b"closed 1\n")
        }

        fn snapshot(&self) -> tykmetrics::Snapshot {
            tykmetrics::Snapshot::default()
        }

        fn reset(&self) {}
    }
    let cell = Arc::new(OnceLock::new());
    let running = start(config(), Closes(Arc::clone(&cell)));
    cell.set(running).expect("once");
    let running = cell.get().expect("set");
    let socket = Listening::of(running);
    assert_eq!(get(running, "/metrics").text(), "closed 1\n");
    until("the port is free", || !socket.is_there());
    running.close();
}

#[test]
fn a_server_ends_under_load_and_no_answer_is_half() {
    let running = start(config(), large(3_000));
    let Ok(address) = running.url()["http://".len()..].parse::<std::net::SocketAddr>() else { panic!("an address") };
    let socket = Listening::of(&running);
    let (stop, answers) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !stop.load(SeqCst) {
                    let Ok(mut stream) = TcpStream::connect(address) else { continue };
                    if stream.write_all(request("GET", "/metrics", &[]).as_bytes()).is_err() {
                        continue;
                    }
                    let came = read_all(&mut stream);
                    // Nothing, from a server that ended before the request, or all.
                    if let Some(reply) = Reply::read(&came) {
                        assert!(reply.is_whole, "{} bytes", came.len());
                        answers.fetch_add(1, SeqCst);
                    } else {
                        assert_eq!(came, b"");
                    }
                }
            });
        }
        until("it is under load", || answers.load(SeqCst) > 20);
        running.close();
        stop.store(true, SeqCst);
    });
    assert!(!socket.is_there());
}
