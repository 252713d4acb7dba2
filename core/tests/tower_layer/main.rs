//! The HTTP layer around plain tower services, polled by hand and by a runtime.
#![cfg(feature = "tower")]

mod bodies;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, Empty, Full};
use std::borrow::Cow;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tower::{Layer, Service, ServiceExt, service_fn};
use tykmetrics::merge::snapshot::{Snapshot, Value};
use tykmetrics::tower::{RequestBody, RequestLayer, Until};
use tykmetrics::{ErrorCode, Registry};

type AnyError = Box<dyn std::error::Error + Send + Sync>;

type Next = Result<Frame<Bytes>, AnyError>;

/// A body of prepared frames; it knows its end only by reaching it. `None` stands for a frame that is not ready yet.
#[derive(Default)]
struct Script(VecDeque<Option<Next>>);

impl Script {
    fn of(frames: impl IntoIterator<Item = Option<Next>>) -> Self {
        Script(frames.into_iter().collect())
    }
}

fn data(text: &'static str) -> Option<Next> {
    Some(Ok(Frame::data(Bytes::from_static(text.as_bytes()))))
}

impl Body for Script {
    type Data = Bytes;
    type Error = AnyError;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Next>> {
        match self.0.pop_front() {
            Some(Some(frame)) => Poll::Ready(Some(frame)),
            Some(None) => Poll::Pending,
            None => Poll::Ready(None),
        }
    }
}

fn poll_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// What polling a body of any type gives.
type Polled<B> = Poll<Option<Result<Frame<<B as Body>::Data>, <B as Body>::Error>>>;

fn poll_frame<B: Body + Unpin>(body: &mut B) -> Polled<B> {
    Pin::new(body).poll_frame(&mut Context::from_waker(Waker::noop()))
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(future)
}

/// What the counter says of one label set.
fn requests(snapshot: &Snapshot, method: &str, route: &str, status: &str) -> u64 {
    let labels = [("method", method), ("route", route), ("status", status)];
    let series = snapshot.family("http_requests_total").and_then(|family| family.find(&labels));
    match series.map(|series| series.value()) {
        Some(Value::Counter { whole, .. }) => *whole,
        None => 0,
        other => panic!("{other:?}"),
    }
}

/// All requests, whatever their labels.
fn all_requests(snapshot: &Snapshot) -> u64 {
    let values = snapshot.family("http_requests_total").into_iter().flat_map(|family| family.series());
    values
        .map(|series| match series.value() {
            Value::Counter { whole, .. } => *whole,
            other => panic!("{other:?}"),
        })
        .sum()
}

/// Count and sum of a histogram over all its series.
fn histogram(snapshot: &Snapshot, name: &str) -> (u64, f64) {
    let values = snapshot.family(name).into_iter().flat_map(|family| family.series());
    values.fold((0, 0.0), |(count, sum), series| match series.value() {
        Value::Histogram(seen) => (count + seen.count(), sum + seen.sum()),
        other => panic!("{other:?}"),
    })
}

fn in_flight(snapshot: &Snapshot) -> f64 {
    match snapshot.family("http_requests_in_flight").and_then(|f| f.series().next()).map(|s| s.value().clone()) {
        Some(Value::Gauge(value)) => value,
        other => panic!("{other:?}"),
    }
}

/// One request is over: every family has it once.
fn assert_one(snapshot: &Snapshot, status: &str) {
    assert_eq!(requests(snapshot, "GET", "unmatched", status), 1, "counted as {status}");
    assert_eq!(all_requests(snapshot), 1);
    assert_eq!(histogram(snapshot, "http_request_duration_seconds").0, 1);
    assert_eq!(histogram(snapshot, "http_request_size_bytes").0, 1);
    assert_eq!(in_flight(snapshot), 0.0);
}

fn layer(registry: &Registry) -> RequestLayer {
    RequestLayer::new(registry).expect("the names are free")
}

fn get(path: &str) -> Request<Empty<Bytes>> {
    Request::builder().uri(path).body(Empty::new()).expect("a request")
}

async fn hello<B>(_: Request<RequestBody<B>>) -> Result<Response<Full<Bytes>>, Infallible> {
    Ok(Response::new(Full::from("hello")))
}

#[test]
fn a_request_is_counted_timed_and_sized() {
    let registry = Registry::new();
    let service = layer(&registry).layer(service_fn(hello));
    let body = run(async { service.oneshot(get("/secret/1")).await.expect("answers").collect().await });
    assert_eq!(body.expect("a body").to_bytes(), "hello");
    let snapshot = registry.snapshot();
    assert_one(&snapshot, "200");
    assert_eq!(histogram(&snapshot, "http_response_size_bytes"), (1, 5.0));
    assert_eq!(histogram(&snapshot, "http_request_size_bytes"), (1, 0.0));
}

#[test]
fn a_path_is_never_a_label() {
    let registry = Registry::new();
    let service = layer(&registry).layer(service_fn(hello));
    run(async {
        for n in 0..20 {
            service.clone().oneshot(get(&format!("/users/{n}"))).await.expect("answers");
        }
    });
    let snapshot = registry.snapshot();
    assert_eq!(requests(&snapshot, "GET", "unmatched", "200"), 20);
    assert_eq!(snapshot.family("http_requests_total").map(|family| family.len()), Some(1));
}

#[test]
fn the_extractor_names_the_route() {
    #[derive(Clone)]
    struct Pattern(String);
    let registry = Registry::new();
    let layer = RequestLayer::builder(&registry)
        .route(|parts| parts.extensions.get::<Pattern>().map_or(Cow::Borrowed("none"), |p| Cow::Borrowed(&p.0)))
        .build()
        .expect("built");
    let service = layer.layer(service_fn(hello));
    run(async {
        let mut request = get("/users/7");
        request.extensions_mut().insert(Pattern("/users/{id}".into()));
        service.clone().oneshot(request).await.expect("answers");
        service.oneshot(get("/users/8")).await.expect("answers");
    });
    let snapshot = registry.snapshot();
    assert_eq!(requests(&snapshot, "GET", "/users/{id}", "200"), 1);
    assert_eq!(requests(&snapshot, "GET", "none", "200"), 1);
}

#[test]
fn methods_are_a_closed_set() {
    let known = ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"];
    let registry = Registry::new();
    let service = layer(&registry).layer(service_fn(hello));
    run(async {
        for method in known.iter().copied().chain(["BREW", "get", "PROPFIND"]) {
            let mut request = get("/");
            *request.method_mut() = Method::from_bytes(method.as_bytes()).expect("a token");
            service.clone().oneshot(request).await.expect("answers");
        }
    });
    let snapshot = registry.snapshot();
    for method in known {
        assert_eq!(requests(&snapshot, method, "unmatched", "200"), 1, "{method}");
    }
    assert_eq!(requests(&snapshot, "other", "unmatched", "200"), 3);
}

#[test]
fn an_error_of_the_service_is_passed_on_and_counted() {
    let registry = Registry::new();
    let fails = service_fn(|_: Request<RequestBody<Empty<Bytes>>>| async {
        Err::<Response<Full<Bytes>>, _>(std::io::Error::other("broken"))
    });
    let error = run(layer(&registry).layer(fails).oneshot(get("/"))).err();
    assert_eq!(error.map(|e| e.to_string()).as_deref(), Some("broken"));
    assert_one(&registry.snapshot(), "error");
    assert_eq!(histogram(&registry.snapshot(), "http_response_size_bytes").0, 0, "nothing was sent");
}

#[test]
fn a_request_dropped_before_its_answer_is_cancelled() {
    let registry = Registry::new();
    let never = service_fn(|request: Request<RequestBody<Empty<Bytes>>>| async move {
        let _request = request;
        std::future::pending::<Result<Response<Full<Bytes>>, Infallible>>().await
    });
    let mut future = Box::pin(layer(&registry).layer(never).call(get("/")));
    assert!(poll_once(&mut future).is_pending());
    assert_eq!(in_flight(&registry.snapshot()), 1.0);
    assert_eq!(all_requests(&registry.snapshot()), 0);
    drop(future);
    assert_one(&registry.snapshot(), "cancelled");
}

#[test]
fn a_request_that_is_never_polled_is_cancelled() {
    let registry = Registry::new();
    drop(layer(&registry).layer(service_fn(hello)).call(get("/")));
    assert_one(&registry.snapshot(), "cancelled");
}

#[test]
fn a_service_that_panics_is_an_error() {
    async fn panics(_: Request<RequestBody<Empty<Bytes>>>) -> Result<Response<Full<Bytes>>, Infallible> {
        std::panic::resume_unwind(Box::new("on purpose"))
    }
    fn panics_at_once(
        _: Request<RequestBody<Empty<Bytes>>>,
    ) -> std::future::Ready<Result<Response<Full<Bytes>>, Infallible>> {
        std::panic::resume_unwind(Box::new("on purpose"))
    }
    let registry = Registry::new();
    let mut service = layer(&registry).layer(service_fn(panics));
    let run_it = std::panic::AssertUnwindSafe(|| {
        let mut future = Box::pin(service.call(get("/")));
        poll_once(&mut future).is_ready()
    });
    assert!(std::panic::catch_unwind(run_it).is_err());
    assert_one(&registry.snapshot(), "error");

    let registry = Registry::new();
    let mut service = layer(&registry).layer(service_fn(panics_at_once));
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(service.call(get("/"))))).is_err());
    assert_one(&registry.snapshot(), "error");
}

/// The response of a service that answers with `script`.
fn respond(layer: &RequestLayer, script: Script) -> Response<tykmetrics::tower::ResponseBody<Script>> {
    let mut script = Some(script);
    let mut service = layer.layer(service_fn(move |_: Request<RequestBody<Empty<Bytes>>>| {
        std::future::ready(Ok::<_, Infallible>(Response::new(script.take().unwrap_or_default())))
    }));
    let Poll::Ready(Ok(response)) = poll_once(&mut service.call(get("/"))) else { panic!("it is ready at once") };
    response
}

#[test]
fn durations_reach_as_far_as_they_are_told() {
    for (until, at_head) in [(Until::Body, 0), (Until::Head, 1)] {
        let registry = Registry::new();
        let layer = RequestLayer::builder(&registry).until(until).build().expect("built");
        let body = respond(&layer, Script::of([data("one")])).into_body();
        let (count, head) = histogram(&registry.snapshot(), "http_request_duration_seconds");
        assert_eq!(count, at_head, "{until:?}");
        assert_eq!(in_flight(&registry.snapshot()), 1.0);
        std::thread::sleep(Duration::from_millis(20));
        drop(body);
        let (count, sum) = histogram(&registry.snapshot(), "http_request_duration_seconds");
        assert_eq!(count, 1);
        match until {
            Until::Body => assert!(sum >= 0.02, "{sum} s hold the wait for the body"),
            Until::Head => assert_eq!(sum, head, "the body adds nothing"),
        }
    }
}

#[test]
fn a_prefix_goes_before_every_name() {
    let registry = Registry::new();
    let layer = RequestLayer::builder(&registry).prefix("gateway").build().expect("built");
    run(layer.layer(service_fn(hello)).oneshot(get("/"))).expect("answers");
    let snapshot = registry.snapshot();
    for name in [
        "gateway_http_requests_total",
        "gateway_http_request_duration_seconds",
        "gateway_http_requests_in_flight",
        "gateway_http_request_size_bytes",
        "gateway_http_response_size_bytes",
    ] {
        assert!(snapshot.family(name).is_some_and(|family| family.len() == 1), "{name}");
    }
}

#[test]
fn layers_of_one_registry_share_their_families() {
    let registry = Registry::new();
    for _ in 0..2 {
        run(layer(&registry).layer(service_fn(hello)).oneshot(get("/"))).expect("answers");
    }
    assert_eq!(requests(&registry.snapshot(), "GET", "unmatched", "200"), 2);
}

#[test]
fn a_name_that_is_taken_is_refused() {
    let registry = Registry::new();
    registry.gauge("http_requests_total", "Not a counter.").register().expect("free");
    assert_eq!(RequestLayer::new(&registry).err().map(|e| e.code()), Some(ErrorCode::Conflict));
    let error = RequestLayer::builder(&Registry::new()).duration_buckets([2.0, 1.0]).build().err();
    assert_eq!(error.map(|e| e.code()), Some(ErrorCode::InvalidBuckets));
    let error = RequestLayer::builder(&Registry::new()).size_buckets([]).build().err();
    assert_eq!(error.map(|e| e.code()), Some(ErrorCode::InvalidBuckets));
}
