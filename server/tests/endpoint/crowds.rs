//! Many connections at the same time.

use crate::support::http::{Reply, connect, get, read_all, request};
use crate::support::*;
use std::io::{Read, Write};
use std::net::TcpStream;

#[test]
fn a_thousand_connections_are_served_each() {
    if !alone("crowds::a_thousand_connections_are_served_each") {
        return;
    }
    // Both ends are here, and a server takes a quarter.
    let descriptors = set_descriptors(8192);
    assert!(descriptors >= 4096, "the system allows {descriptors} descriptors, too few for this test");
    let running = start(config(), registry());
    let mut streams: Vec<TcpStream> = (0..1000).map(|_| connect(&running)).collect();
    for stream in &mut streams {
        stream.write_all(b"GET /health HTTP/1.1\r\nHost: test\r\n\r\n").expect("sent");
    }
    for stream in &mut streams {
        let mut begun = [0; 15];
        stream.read_exact(&mut begun).expect("an answer");
        assert_eq!(&begun, b"HTTP/1.1 200 OK");
    }
    drop(streams);
    assert_eq!(get(&running, "/metrics").status, 200);
}

#[test]
fn one_connection_too_many_is_refused_until_another_goes() {
    let running = start(limited(|limits| limits.connections = 5), registry());
    let mut held: Vec<TcpStream> = (0..5).map(|_| connect(&running)).collect();
    let refused = Reply::read(&read_all(&mut connect(&running))).expect("an answer");
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("1")));
    held.pop();
    until("there is room again", || {
        let mut stream = connect(&running);
        let _ = stream.write_all(request("GET", "/metrics", &[]).as_bytes());
        Reply::read(&read_all(&mut stream)).is_some_and(|reply| reply.status == 200)
    });
}

#[test]
fn connections_leave_the_host_most_of_its_descriptors() {
    if !alone("crowds::connections_leave_the_host_most_of_its_descriptors") {
        return;
    }
    assert_eq!(set_descriptors(100), 100);
    let (running, told) = start_told(limited(|limits| limits.connections = 1000), registry());
    let said = told.all().iter().filter(|message| message.contains("at most 25 connections")).count();
    assert_eq!(said, 1, "{:?}", told.all());
    let held: Vec<TcpStream> = (0..25).map(|_| connect(&running)).collect();
    let refused = Reply::read(&read_all(&mut connect(&running))).expect("an answer");
    assert_eq!(refused.status, 503);
    drop(held);
    until("there is room again", || {
        let mut stream = connect(&running);
        let _ = stream.write_all(request("GET", "/metrics", &[]).as_bytes());
        Reply::read(&read_all(&mut stream)).is_some_and(|reply| reply.status == 200)
    });
    let (_running, told) = start_told(limited(|limits| limits.connections = 25), registry());
    assert_eq!(told.all(), Vec::<String>::new(), "as configured");
    let (_running, told) = start_told(config(), registry());
    assert_eq!(told.all(), Vec::<String>::new(), "the default is nobody's wish");
}
