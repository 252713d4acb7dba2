//! The HTTP layer in a real hyper server, talked to over a loopback socket.
#![cfg(feature = "tower")]

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::Frame;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use std::borrow::Cow;
use std::convert::Infallible;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tower::{Layer, service_fn};
use tykmetrics::Registry;
use tykmetrics::merge::snapshot::{Snapshot, Value};
use tykmetrics::tower::{RequestBody, RequestLayer};

/// Frames without an end, a few milliseconds apart.
struct Forever(Pin<Box<tokio::time::Sleep>>);

impl http_body::Body for Forever {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        std::task::ready!(self.0.as_mut().poll(cx));
        self.0 = Box::pin(tokio::time::sleep(Duration::from_millis(2)));
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"tick")))))
    }
}

async fn answer(request: Request<RequestBody<Incoming>>) -> Result<Response<BoxBody<Bytes, Infallible>>, Infallible> {
    let path = request.uri().path().to_owned();
    match path.as_str() {
        "/echo" => {
            let body = request.into_body().collect().await.map_or(Bytes::new(), |all| all.to_bytes());
            Ok(Response::new(Full::new(body).boxed()))
        }
        "/forever" => {
            let first = Box::pin(tokio::time::sleep(Duration::ZERO));
            Ok(Response::new(Forever(first).boxed()))
        }
        "/never" => std::future::pending().await,
        _ => {
            let mut response = Response::new(Full::from("not here").boxed());
            *response.status_mut() = StatusCode::NOT_FOUND;
            Ok(response)
        }
    }
}

/// A server on a thread of its own, for the life of the test program.
fn serve(registry: &Registry) -> SocketAddr {
    let layer = RequestLayer::builder(registry)
        .route(|parts| match parts.uri.path() {
            known @ ("/echo" | "/forever" | "/never") => Cow::Borrowed(known),
            _ => Cow::Borrowed("unmatched"),
        })
        .build()
        .expect("the names are free");
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let local = tokio::task::LocalSet::new();
        local.block_on(&runtime, async move {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("binds");
            tell.send(listener.local_addr().expect("bound")).expect("the test waits");
            while let Ok((stream, _)) = listener.accept().await {
                let service = TowerToHyperService::new(layer.layer(service_fn(answer)));
                tokio::task::spawn_local(
                    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service),
                );
            }
        });
    });
    told.recv().expect("the server starts")
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).expect("connects");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("set");
    stream
}

/// Sends `text`, and reads until the answer ends with `end`.
fn exchange(stream: &mut TcpStream, text: &str, end: &str) -> String {
    stream.write_all(text.as_bytes()).expect("writes");
    let mut got = Vec::new();
    let mut byte = [0];
    while !got.ends_with(end.as_bytes()) {
        stream.read_exact(&mut byte).unwrap_or_else(|e| panic!("{e} after {:?}", String::from_utf8_lossy(&got)));
        got.push(byte[0]);
    }
    String::from_utf8_lossy(&got).into_owned()
}

fn requests(snapshot: &Snapshot, method: &str, route: &str, status: &str) -> u64 {
    let labels = [("method", method), ("route", route), ("status", status)];
    match snapshot.family("http_requests_total").and_then(|f| f.find(&labels)).map(|s| s.value().clone()) {
        Some(Value::Counter { whole, .. }) => whole,
        None => 0,
        other => panic!("{other:?}"),
    }
}

fn sizes(snapshot: &Snapshot, name: &str, method: &str, route: &str) -> (u64, f64) {
    let labels = [("method", method), ("route", route)];
    match snapshot.family(name).and_then(|f| f.find(&labels)).map(|s| s.value().clone()) {
        Some(Value::Histogram(seen)) => (seen.count(), seen.sum()),
        None => (0, 0.0),
        other => panic!("{other:?}"),
    }
}

/// The server's thread notices a lost client in its own time.
fn eventually(registry: &Registry, holds: impl Fn(&Snapshot) -> bool) {
    let start = Instant::now();
    while !holds(&registry.snapshot()) {
        assert!(start.elapsed() < Duration::from_secs(20), "not so after 20 s: {:?}", registry.snapshot().families);
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn what_was_answered_is_recorded_before_the_client_has_it() {
    let registry = Registry::new();
    let mut stream = connect(serve(&registry));
    for n in 1..=5 {
        let request = "POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nhello";
        let answer = exchange(&mut stream, request, "\r\n\r\nhello");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert_eq!(requests(&registry.snapshot(), "POST", "/echo", "200"), n);
    }
    let chunked =
        "PUT /echo HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n";
    exchange(&mut stream, chunked, "\r\n\r\nabcdefg");
    exchange(&mut stream, "GET /a/b/c HTTP/1.1\r\nhost: x\r\n\r\n", "\r\n\r\nnot here");
    exchange(&mut stream, "BREW /pot HTTP/1.1\r\nhost: x\r\n\r\n", "\r\n\r\nnot here");
    let head = exchange(&mut stream, "HEAD /a HTTP/1.1\r\nhost: x\r\n\r\n", "\r\n\r\n");
    assert!(head.contains("content-length: 8"), "{head}");
    eventually(&registry, |snapshot| requests(snapshot, "HEAD", "unmatched", "404") == 1);
    let snapshot = registry.snapshot();
    assert_eq!(requests(&snapshot, "PUT", "/echo", "200"), 1);
    assert_eq!(requests(&snapshot, "GET", "unmatched", "404"), 1);
    assert_eq!(requests(&snapshot, "other", "unmatched", "404"), 1);
    assert_eq!(sizes(&snapshot, "http_request_size_bytes", "POST", "/echo"), (5, 25.0));
    assert_eq!(sizes(&snapshot, "http_response_size_bytes", "POST", "/echo"), (5, 25.0));
    assert_eq!(sizes(&snapshot, "http_request_size_bytes", "PUT", "/echo"), (1, 7.0));
    assert_eq!(sizes(&snapshot, "http_response_size_bytes", "HEAD", "unmatched"), (1, 0.0));
}

#[test]
fn a_client_that_leaves_midway_ends_its_request() {
    let registry = Registry::new();
    let mut stream = connect(serve(&registry));
    exchange(&mut stream, "GET /forever HTTP/1.1\r\nhost: x\r\n\r\n", "tick\r\n4\r\ntick");
    assert_eq!(requests(&registry.snapshot(), "GET", "/forever", "200"), 0, "it is still being answered");
    drop(stream);
    eventually(&registry, |snapshot| requests(snapshot, "GET", "/forever", "200") == 1);
    let (count, bytes) = sizes(&registry.snapshot(), "http_response_size_bytes", "GET", "/forever");
    assert_eq!(count, 1);
    assert!(bytes >= 8.0 && bytes % 4.0 == 0.0, "{bytes} bytes are whole frames");
}

#[test]
fn a_client_that_leaves_before_the_answer_cancels() {
    let registry = Registry::new();
    let mut stream = connect(serve(&registry));
    stream.write_all(b"GET /never HTTP/1.1\r\nhost: x\r\n\r\n").expect("writes");
    eventually(&registry, |snapshot| {
        let gauge =
            snapshot.family("http_requests_in_flight").and_then(|f| f.series().next().map(|s| s.value().clone()));
        gauge == Some(Value::Gauge(1.0))
    });
    drop(stream);
    eventually(&registry, |snapshot| requests(snapshot, "GET", "/never", "cancelled") == 1);
}
