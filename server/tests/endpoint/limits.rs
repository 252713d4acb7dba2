//! What a client may not do, by mistake or on purpose.

use crate::support::http::{Reply, ask, connect, get, read_all, request, send};
use crate::support::sources::{Endless, Silent, Waiting};
use crate::support::*;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::sync::atomic::Ordering::SeqCst;
use std::time::{Duration, Instant};

#[test]
fn one_scrape_too_many_is_told_to_come_back() {
    let source = Waiting::default();
    let running = start(limited(|limits| limits.concurrent_scrapes = 3), source.clone());
    std::thread::scope(|scope| {
        let scrapes: Vec<_> = (0..3).map(|_| scope.spawn(|| get(&running, "/metrics"))).collect();
        until("three scrapes run", || source.inside() == 3);
        let reply = get(&running, "/metrics");
        assert_eq!((reply.status, reply.header("retry-after")), (503, Some("1")));
        assert_eq!(ask(&running, "HEAD", "/metrics", &[]).status, 200, "nothing is rendered for it");
        source.let_go();
        for scrape in scrapes {
            assert_eq!(scrape.join().expect("no panic").text(), "before 1\nafter 1\n");
        }
    });
    until("the places are free again", || get(&running, "/metrics").status == 200);
}

#[test]
fn who_has_all_of_a_scrape_may_ask_for_the_next() {
    let running = start(limited(|limits| limits.concurrent_scrapes = 1), registry());
    for round in 0..300 {
        assert_eq!(get(&running, "/metrics").status, 200, "scrape {round}");
    }
}

#[test]
fn a_scrape_that_takes_too_long_is_told_so_and_the_clients_own_time_counts() {
    let source = Waiting::default();
    let running = start(limited(|limits| limits.scrape_timeout = Duration::from_secs(600)), source.clone());
    let begun = Instant::now();
    let reply = ask(&running, "GET", "/metrics", &["X-Prometheus-Scrape-Timeout-Seconds: 0.1"]);
    assert_eq!((reply.status, reply.header("retry-after")), (503, Some("1")));
    assert!(begun.elapsed() >= Duration::from_millis(100));
    source.let_go();

    let source = Waiting::default();
    let running = start(limited(|limits| limits.scrape_timeout = Duration::from_millis(100)), source.clone());
    assert_eq!(ask(&running, "GET", "/metrics", &["X-Prometheus-Scrape-Timeout-Seconds: 600"]).status, 503);
    source.let_go();
}

#[test]
fn a_scrape_that_never_ends_is_cut_off_and_lets_its_thread_go() {
    let (source, gone) = Endless::new();
    let running = start(limited(|limits| limits.scrape_timeout = Duration::from_millis(200)), source);
    let reply = get(&running, "/metrics");
    assert!(reply.status == 200 && !reply.is_whole && !reply.body.is_empty());
    until("the source is told", || gone.load(SeqCst) == 1);
}

#[test]
fn a_client_that_leaves_or_does_not_read_stops_its_scrape() {
    let (source, gone) = Endless::new();
    let running = start(limited(|limits| limits.header_timeout = Duration::from_millis(300)), source);
    let scrape = || {
        let mut stream = connect(&running);
        stream.write_all(request("GET", "/metrics", &[]).as_bytes()).expect("sent");
        stream.read_exact(&mut [0; 16]).expect("it has begun");
        stream
    };
    drop(scrape());
    until("the source is told that the client left", || gone.load(SeqCst) == 1);
    let stalled = scrape();
    until("the source is told that the client does not read", || gone.load(SeqCst) == 2);
    drop(stalled);
}

#[test]
fn a_client_that_left_before_there_was_anything_frees_its_place() {
    let source = Silent::default();
    let running = start(limited(|limits| limits.concurrent_scrapes = 1), source.clone());
    let mut client = connect(&running);
    client.write_all(request("GET", "/metrics", &[]).as_bytes()).expect("sent");
    until("the scrape runs", || source.0.inside() == 1);
    drop(client);
    assert_eq!(get(&running, "/metrics").status, 503);
    source.0.let_go();
    until("the place is free again", || get(&running, "/metrics").status == 200);
}

#[test]
fn headers_and_bodies_have_an_end() {
    let running = start(
        limited(|limits| {
            limits.header_bytes = 8 * 1024;
            limits.body_bytes = 1000;
            limits.header_timeout = Duration::from_millis(300);
        }),
        registry(),
    );
    let status = |bytes: &str| {
        let came = send(&running, bytes.as_bytes());
        Reply::read(&came).unwrap_or_else(|| panic!("no answer to {bytes:.60}")).status
    };
    let long = "x".repeat(20_000);
    assert_eq!(status(&request("GET", "/metrics", &[&format!("X-Long: {long}")])), 431);
    assert_eq!(status(&request("GET", &format!("/metrics?{long}"), &[])), 431);
    let many: Vec<String> = (0..200).map(|n| format!("X-{n}: y")).collect();
    assert_eq!(status(&request("GET", "/metrics", &many.iter().map(String::as_str).collect::<Vec<_>>())), 431);
    // Two of which each fits, and both do not.
    let half = "x".repeat(4_100);
    let both = [format!("X-A: {half}"), format!("X-B: {half}")];
    assert_ne!(status(&request("GET", "/metrics", &[&both[0], &both[1]])), 200);

    let body = "b".repeat(1001);
    assert_eq!(status(&(request("GET", "/metrics", &["Content-Length: 1001"]) + &body)), 413);
    assert_eq!(status(&(request("GET", "/metrics", &["Content-Length: 1000"]) + &body[..1000])), 200);
    let chunked = |length: usize| format!("{:x}\r\n{}\r\n0\r\n\r\n", length, &body[..length]);
    assert_eq!(status(&(request("GET", "/metrics", &["Transfer-Encoding: chunked"]) + &chunked(1001))), 413);
    assert_eq!(status(&(request("GET", "/metrics", &["Transfer-Encoding: chunked"]) + &chunked(900))), 200);
    assert_eq!(status(&(request("GET", "/metrics", &["Content-Length: 1000"]) + "slow")), 408);
}

#[test]
fn what_is_no_request_is_refused_and_harms_nobody() {
    let running = start(limited(|limits| limits.header_timeout = Duration::from_millis(300)), registry());
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    let mut noise = |length: usize| -> Vec<u8> {
        let next = || {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            random.to_le_bytes()[3]
        };
        std::iter::repeat_with(next).take(length).collect()
    };
    let mut wrong: Vec<Vec<u8>> = [
        "\r\n\r\n",
        "GET\r\n\r\n",
        "GET /metrics\r\n\r\n",
        "GET /metrics HTTP/9.9\r\n\r\n",
        "GET /metrics HTTP/1.1\r\nno colon\r\n\r\n",
        "GET /metrics HTTP/1.1\r\n: empty\r\n\r\n",
        "GET /metrics HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        "GET /metrics HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "GET /metrics HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "GET /metrics HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n",
        "GET http://[ HTTP/1.1\r\n\r\n",
        "G\0T / HTTP/1.1\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01\x00\x01\x7c\x03\x03",
    ]
    .iter()
    .map(|text| text.as_bytes().to_vec())
    .collect();
    wrong.extend((0..20).map(|n| noise(n * 50)));
    for bytes in wrong {
        let came = send(&running, &bytes);
        let status = Reply::read(&came).map(|reply| reply.status);
        assert!(status.is_none_or(|status| (400..500).contains(&status)), "{status:?} for {bytes:?}");
    }
    assert_eq!(get(&running, "/metrics").status, 200);
}

#[test]
fn who_has_nothing_more_to_say_has_its_answer() {
    let running = start(config(), large(20_000));
    for path in ["/health", "/metrics", "/metrics/json", "/"] {
        let mut client = connect(&running);
        client.write_all(request("GET", path, &[]).as_bytes()).expect("sent");
        client.shutdown(Shutdown::Write).expect("half closed");
        let reply = Reply::read(&read_all(&mut client)).expect("a whole answer");
        assert_eq!((reply.status, reply.is_whole, reply.body.is_empty()), (200, true, false), "{path}");
    }
}

#[test]
fn slow_and_silent_clients_are_closed_and_others_are_served() {
    let running = start(
        limited(|limits| {
            limits.header_timeout = Duration::from_millis(300);
            limits.idle_timeout = Duration::from_millis(600);
        }),
        registry(),
    );
    // Silent from the beginning, silent in the middle of a header, and one that sends a byte now and then.
    let mut silent = connect(&running);
    let mut halfway = connect(&running);
    halfway.write_all(b"GET /metrics HTTP/1.1\r\nHost: te").expect("sent");
    let mut loris = connect(&running);
    let begun = Instant::now();
    let dripped = std::thread::spawn(move || {
        for byte in "GET /metrics HTTP/1.1\r\nHost: test\r\nX-Slow: slow slow slow slow slow\r\n\r\n".bytes() {
            if loris.write_all(&[byte]).is_err() {
                break;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        read_all(&mut loris)
    });
    assert_eq!(get(&running, "/metrics").status, 200);
    assert_eq!(read_all(&mut silent), b"");
    assert_eq!(read_all(&mut halfway), b"");
    assert!(begun.elapsed() >= Duration::from_millis(250), "they had their time");
    assert_eq!(dripped.join().expect("no panic"), b"", "it never had an answer");

    // One that asks and then rests has longer.
    let mut resting = connect(&running);
    resting.write_all(b"GET /health HTTP/1.1\r\nHost: test\r\n\r\n").expect("sent");
    let begun = Instant::now();
    let came = read_all(&mut resting);
    assert_eq!(Reply::read(&came).map(|reply| reply.text()).as_deref(), Some("OK"));
    assert!(begun.elapsed() >= Duration::from_millis(550), "it had its time");
}

#[test]
fn a_connection_is_used_again_and_requests_may_come_at_once() {
    let running = start(config(), registry());
    let mut stream = connect(&running);
    let one = "GET /health HTTP/1.1\r\nHost: test\r\n\r\n";
    stream.write_all(format!("{one}{one}{}", request("GET", "/health", &[])).as_bytes()).expect("sent");
    let came = String::from_utf8(read_all(&mut stream)).expect("text");
    assert_eq!(came.matches("HTTP/1.1 200 OK").count(), 3, "{came}");
}

#[test]
fn a_client_has_so_many_requests_a_second() {
    let running = start(limited(|limits| limits.requests_per_second = 0.5), registry());
    let replies = [get(&running, "/metrics"), get(&running, "/metrics")];
    assert_eq!([replies[0].status, replies[1].status], [200, 429]);
    assert!(matches!(replies[1].header("retry-after"), Some("1" | "2")));
    assert_eq!(get(&running, "/health").status, 200, "liveness is not counted");
    until("there are tokens again", || get(&running, "/metrics").status == 200);
}
