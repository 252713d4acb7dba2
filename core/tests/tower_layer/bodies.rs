//! How requests end by their bodies, and what is counted of those.

use super::*;

#[test]
fn a_request_is_in_flight_until_its_body_ends() {
    let registry = Registry::new();
    let mut body = respond(&layer(&registry), Script::of([data("one"), None, data("three")])).into_body();
    for expected in ["one", "pending", "three"] {
        let got = match poll_frame(&mut body) {
            Poll::Ready(Some(Ok(frame))) => frame.into_data().map_or(Bytes::new(), |data| data),
            Poll::Pending => Bytes::from_static(b"pending"),
            Poll::Ready(_) => Bytes::new(),
        };
        assert_eq!(got, expected);
        assert_eq!((all_requests(&registry.snapshot()), in_flight(&registry.snapshot())), (0, 1.0));
    }
    assert!(matches!(poll_frame(&mut body), Poll::Ready(None)));
    assert_one(&registry.snapshot(), "200");
    assert_eq!(histogram(&registry.snapshot(), "http_response_size_bytes"), (1, 8.0));
    assert!(matches!(poll_frame(&mut body), Poll::Ready(None)), "polling on is harmless");
    drop(body);
    assert_one(&registry.snapshot(), "200");
}

#[test]
fn a_body_dropped_midway_keeps_its_status_and_what_was_sent() {
    let registry = Registry::new();
    let mut body = respond(&layer(&registry), Script::of([data("half"), data("rest")])).into_body();
    assert!(poll_frame(&mut body).is_ready());
    drop(body);
    assert_one(&registry.snapshot(), "200");
    assert_eq!(histogram(&registry.snapshot(), "http_response_size_bytes"), (1, 4.0));
}

#[test]
fn a_body_that_fails_is_an_error() {
    let registry = Registry::new();
    let script = Script::of([data("half"), Some(Err("cut".into())), data("never")]);
    let mut body = respond(&layer(&registry), script).into_body();
    assert!(poll_frame(&mut body).is_ready());
    assert!(matches!(poll_frame(&mut body), Poll::Ready(Some(Err(error))) if error.to_string() == "cut"));
    assert_one(&registry.snapshot(), "error");
    drop(body);
    assert_one(&registry.snapshot(), "error");
    assert_eq!(histogram(&registry.snapshot(), "http_response_size_bytes"), (1, 4.0));
}

#[test]
fn a_body_that_knows_its_end_is_recorded_with_its_last_frame() {
    let registry = Registry::new();
    let mut future = Box::pin(layer(&registry).layer(service_fn(hello)).call(get("/")));
    let Poll::Ready(Ok(response)) = poll_once(&mut future) else { panic!("it is ready at once") };
    assert_eq!(all_requests(&registry.snapshot()), 0);
    let mut body = response.into_body();
    assert!(matches!(poll_frame(&mut body), Poll::Ready(Some(Ok(_)))));
    assert_one(&registry.snapshot(), "200");
}

#[test]
fn an_empty_body_is_recorded_with_the_head() {
    let registry = Registry::new();
    let empty = service_fn(|_: Request<RequestBody<Empty<Bytes>>>| async {
        Response::builder().status(StatusCode::NO_CONTENT).body(Empty::<Bytes>::new())
    });
    let mut future = Box::pin(layer(&registry).layer(empty).call(get("/")));
    let Poll::Ready(Ok(response)) = poll_once(&mut future) else { panic!("it is ready at once") };
    assert_one(&registry.snapshot(), "204");
    assert_eq!(histogram(&registry.snapshot(), "http_response_size_bytes"), (1, 0.0));
    drop(response);
    assert_one(&registry.snapshot(), "204");
}

#[test]
fn a_request_body_counts_what_the_service_read() {
    async fn reads_all(request: Request<RequestBody<Script>>) -> Result<Response<Empty<Bytes>>, AnyError> {
        let all = request.into_body().collect().await?;
        assert_eq!(all.trailers().and_then(|t| t.get("checksum")).map(|v| v.as_bytes()), Some(&b"7"[..]));
        assert_eq!(all.to_bytes(), "onetwo");
        Ok(Response::new(Empty::new()))
    }
    async fn reads_one(mut request: Request<RequestBody<Script>>) -> Result<Response<Empty<Bytes>>, AnyError> {
        request.body_mut().frame().await.transpose()?;
        Ok(Response::new(Empty::new()))
    }
    async fn reads_none(_: Request<RequestBody<Script>>) -> Result<Response<Empty<Bytes>>, AnyError> {
        Ok(Response::new(Empty::new()))
    }
    let body = || {
        let trailers =
            http::HeaderMap::from_iter([(http::HeaderName::from_static("checksum"), "7".parse().expect("ok"))]);
        Script::of([data("one"), data("two"), Some(Ok(Frame::trailers(trailers)))])
    };
    let registry = Registry::new();
    let layer = layer(&registry);
    let mut expected = (0, 0.0);
    run(async {
        layer.layer(service_fn(reads_all)).oneshot(Request::new(body())).await.expect("answers");
        expected = (expected.0 + 1, expected.1 + 6.0);
        assert_eq!(histogram(&registry.snapshot(), "http_request_size_bytes"), expected);
        layer.layer(service_fn(reads_one)).oneshot(Request::new(body())).await.expect("answers");
        expected = (expected.0 + 1, expected.1 + 3.0);
        assert_eq!(histogram(&registry.snapshot(), "http_request_size_bytes"), expected);
        layer.layer(service_fn(reads_none)).oneshot(Request::new(body())).await.expect("answers");
        expected = (expected.0 + 1, expected.1);
        assert_eq!(histogram(&registry.snapshot(), "http_request_size_bytes"), expected);
        let failing = Script::of([data("one"), Some(Err("gone".into()))]);
        let error = layer.layer(service_fn(reads_all)).oneshot(Request::new(failing)).await.err();
        assert_eq!(error.map(|e| e.to_string()).as_deref(), Some("gone"));
        expected = (expected.0 + 1, expected.1 + 3.0);
        assert_eq!(histogram(&registry.snapshot(), "http_request_size_bytes"), expected);
    });
    assert_eq!(requests(&registry.snapshot(), "GET", "unmatched", "error"), 1);
    assert_eq!(requests(&registry.snapshot(), "GET", "unmatched", "200"), 3);
}

#[test]
fn hints_and_trailers_pass_through() {
    async fn echo(
        request: Request<RequestBody<Full<Bytes>>>,
    ) -> Result<Response<RequestBody<Full<Bytes>>>, Infallible> {
        Ok(Response::new(request.into_body()))
    }
    let registry = Registry::new();
    let service = layer(&registry).layer(service_fn(echo));
    let response = run(service.oneshot(Request::new(Full::from("12345")))).expect("answers");
    assert_eq!(response.body().size_hint().exact(), SizeHint::with_exact(5).exact());
    assert!(!response.body().is_end_stream());
    assert_eq!(run(response.collect()).expect("a body").to_bytes(), "12345");
    let snapshot = registry.snapshot();
    assert_eq!(histogram(&snapshot, "http_request_size_bytes"), (1, 5.0));
    assert_eq!(histogram(&snapshot, "http_response_size_bytes"), (1, 5.0));
}

#[test]
fn however_requests_end_each_is_recorded_once() {
    let registry = Registry::new();
    let layer = layer(&registry);
    let mut ended = 0_u64;
    for polls in 0..6 {
        for failing_at in 0..6 {
            let frames = (0..4).map(|n| match n {
                n if n == failing_at => Some(Err("cut".into())),
                _ => data("x"),
            });
            let mut body = respond(&layer, Script::of(frames)).into_body();
            for _ in 0..polls {
                let _ = poll_frame(&mut body);
            }
            drop(body);
            ended += 1;
            let snapshot = registry.snapshot();
            assert_eq!(all_requests(&snapshot), ended);
            for name in ["http_request_duration_seconds", "http_request_size_bytes", "http_response_size_bytes"] {
                assert_eq!(histogram(&snapshot, name).0, ended, "{name}");
            }
            assert_eq!(in_flight(&snapshot), 0.0);
        }
    }
    let snapshot = registry.snapshot();
    // Failing frame n is reached by more than n polls: for n = 0, 1, 2, 3 that is 5, 4, 3 and 2 of the 6 lengths.
    assert_eq!(requests(&snapshot, "GET", "unmatched", "error"), 5 + 4 + 3 + 2);
}
