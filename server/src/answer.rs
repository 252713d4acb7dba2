//! From a request to its answer: limits, authentication, the route, what it gives.
//!
//! `/health` and `/healthz` are answered before anything else is looked at: a probe that is kept out takes a healthy
//! process for a dead one.

use crate::body::Answer;
use crate::connection::Peer;
use crate::page;
use crate::request::{self, Query};
use crate::scrape::{self, Unable, Wanted};
use crate::shared::Shared;
use crate::status::{self, NoAnswer};
use crate::view;
use hyper::body::{Body, Bytes, Incoming};
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request, Response, StatusCode, Version};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};
use tokio::time::timeout;
use tykmetrics::{Encoding, Exposition, Format, negotiate};

/// What there is to ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Route {
    Alive,
    Metrics,
    Json,
    Health,
    Overview,
    Reset,
    Page,
}

impl Route {
    fn of(shared: &Shared, path: &str) -> Option<Route> {
        if path == "/health" || path == "/healthz" {
            return Some(Route::Alive);
        }
        if path == shared.path {
            return Some(Route::Metrics);
        }
        let routes = &shared.routes;
        if path == "/" {
            return routes.page.then_some(Route::Page);
        }
        let below = path.strip_prefix(shared.path.trim_end_matches('/'))?;
        match below {
            "/json" => routes.json.then_some(Route::Json),
            "/health" => routes.health.then_some(Route::Health),
            "/overview" => routes.page.then_some(Route::Overview),
            "/reset" => routes.reset.then_some(Route::Reset),
            _ => None,
        }
    }

    fn allows(self, method: &Method) -> bool {
        match self {
            Route::Reset => method == Method::POST,
            _ => method == Method::GET || method == Method::HEAD,
        }
    }

    const fn allowed(self) -> &'static str {
        match self {
            Route::Reset => "POST",
            _ => "GET, HEAD",
        }
    }
}

/// Answers a request.
pub(crate) async fn answer(shared: Arc<Shared>, peer: Peer, request: Request<Incoming>) -> Response<Answer> {
    let is_head = request.method() == Method::HEAD;
    let mut response = admitted(&shared, peer, request).await;
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"));
    if is_head {
        *response.body_mut() = Answer::bytes(Bytes::new());
    }
    response
}

async fn admitted(shared: &Arc<Shared>, peer: Peer, request: Request<Incoming>) -> Response<Answer> {
    let route = Route::of(shared, request.uri().path());
    let allowed = route.is_some_and(|route| route.allows(request.method()));
    if route == Some(Route::Alive) && allowed {
        return text(StatusCode::OK, "OK");
    }
    if let Err(wait) = shared.rate.admit(peer.client, Instant::now()) {
        let refused = text(StatusCode::TOO_MANY_REQUESTS, "too many requests from this address; ask less often\n");
        return retry_after(refused, wait);
    }
    let (head, body) = request.into_parts();
    let said: usize = head.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    if said + head.uri.path().len() + head.uri.query().map_or(0, str::len) > shared.limits.header_bytes {
        return text(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "the request's headers are too long\n");
    }
    if !shared.guard.admits(head.headers.get(header::AUTHORIZATION).map(HeaderValue::as_bytes)) {
        let mut refused = text(StatusCode::UNAUTHORIZED, "credentials are needed, or these are not right\n");
        for challenge in shared.guard.challenges() {
            refused.headers_mut().append(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        return refused;
    }
    let Some(route) = route else {
        return text(StatusCode::NOT_FOUND, format!("there is nothing here; metrics are at {}\n", shared.path));
    };
    if !allowed {
        let mut refused = text(StatusCode::METHOD_NOT_ALLOWED, format!("allowed here: {}\n", route.allowed()));
        refused.headers_mut().insert(header::ALLOW, HeaderValue::from_static(route.allowed()));
        return refused;
    }
    if let Err((status, why)) = discard(body, shared).await {
        return text(status, why);
    }
    let encoding = Encoding::negotiate(&list(&head.headers, header::ACCEPT_ENCODING));
    match route {
        Route::Alive => text(StatusCode::OK, "OK"),
        Route::Metrics | Route::Json => scraped(shared, route, encoding, &head).await,
        Route::Health => packed(encoding, json(status::answer(shared, encoding).await)),
        Route::Overview => packed(encoding, json(view::overview(shared, encoding).await)),
        Route::Reset => reset(shared, &head).await,
        Route::Page => {
            let mut page = match view::html(shared, encoding).await {
                Ok(html) => with_type(StatusCode::OK, page::HTML_TYPE, html),
                Err(why) => return json(Err(why)),
            };
            page.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(page::policy()));
            page.headers_mut().insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
            packed(encoding, page)
        }
    }
}

async fn scraped(
    shared: &Arc<Shared>,
    route: Route,
    encoding: Encoding,
    head: &hyper::http::request::Parts,
) -> Response<Answer> {
    let query = match request::query(head.uri.query().unwrap_or("")) {
        Ok(query) => query,
        Err(why) => return text(StatusCode::BAD_REQUEST, format!("{why}\n")),
    };
    let exposition = exposition(route, &query, &head.headers);
    let found = |body: Answer| {
        let mut response = packed(encoding, Response::new(body));
        let headers = response.headers_mut();
        // A content type is made of names that headers carry.
        if let Ok(content_type) = HeaderValue::try_from(exposition.content_type()) {
            headers.insert(header::CONTENT_TYPE, content_type);
        }
        headers.insert(header::VARY, HeaderValue::from_static("Accept, Accept-Encoding"));
        response
    };
    if head.method == Method::HEAD {
        return found(Answer::bytes(Bytes::new()));
    }
    let Ok(permit) = Arc::clone(&shared.scrapes).try_acquire_owned() else {
        let most = shared.limits.concurrent_scrapes;
        let refused = text(StatusCode::SERVICE_UNAVAILABLE, format!("{most} scrapes run already; try again\n"));
        return retry_after(refused, Duration::from_secs(1));
    };
    // Relaxed: a count that is only shown.
    shared.scraped.fetch_add(1, Relaxed);
    let asked = head.headers.get("x-prometheus-scrape-timeout-seconds").map(HeaderValue::as_bytes);
    let time = request::scrape_timeout(asked, shared.limits.scrape_timeout);
    match scrape::begin(shared, Wanted { exposition, encoding, query }, permit, time).await {
        Ok(mut scrape) => {
            if head.version == Version::HTTP_2 {
                scrape.watch();
            }
            found(Answer::scrape(scrape))
        }
        Err(Unable::Failed) => failed(),
        Err(Unable::Late) => late(),
    }
}

fn exposition(route: Route, query: &Query, headers: &HeaderMap) -> Exposition {
    if route == Route::Json {
        return Format::Json.into();
    }
    query.format.map_or_else(|| negotiate(&list(headers, header::ACCEPT)), Exposition::from)
}

/// A header that is a list, which may come in several lines.
fn list(headers: &HeaderMap, name: HeaderName) -> String {
    let mut whole = String::new();
    for line in headers.get_all(name) {
        if !whole.is_empty() {
            whole.push(',');
        }
        whole.push_str(&String::from_utf8_lossy(line.as_bytes()));
    }
    whole
}

async fn reset(shared: &Shared, head: &hyper::http::request::Parts) -> Response<Answer> {
    let bytes = |name: HeaderName| head.headers.get(name).map(HeaderValue::as_bytes);
    let site = bytes(HeaderName::from_static("sec-fetch-site"));
    // HTTP/2 has the host in the request's address.
    let host = bytes(header::HOST).or_else(|| head.uri.authority().map(|host| host.as_str().as_bytes()));
    if request::is_cross_site(host, bytes(header::ORIGIN), site) {
        return text(StatusCode::FORBIDDEN, "a page of another site may not reset\n");
    }
    let Ok(permit) = Arc::clone(&shared.looks).try_acquire_owned() else {
        return late();
    };
    let made = status::look(shared, permit, |source| {
        source.reset();
        b"{\"reset\":true}\n".to_vec()
    });
    json(timeout(shared.limits.scrape_timeout, made).await.unwrap_or(Err(NoAnswer::Late)))
}

/// Reads a body that means nothing here, so that the connection can go on, and refuses one that is too long.
async fn discard(mut body: Incoming, shared: &Shared) -> Result<(), (StatusCode, String)> {
    let most = shared.limits.body_bytes as u64;
    let too_long = || Err((StatusCode::PAYLOAD_TOO_LARGE, format!("a body has at most {most} bytes\n")));
    if body.is_end_stream() {
        return Ok(());
    }
    if body.size_hint().lower() > most {
        return too_long();
    }
    let reading = async {
        let mut read = 0;
        while let Some(frame) = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
            let Ok(frame) = frame else { return Err((StatusCode::BAD_REQUEST, "the body is not whole\n".to_owned())) };
            read += frame.data_ref().map_or(0, Bytes::len) as u64;
            if read > most {
                return too_long();
            }
        }
        Ok(())
    };
    let slow = Err((StatusCode::REQUEST_TIMEOUT, "the body takes too long\n".to_owned()));
    timeout(shared.limits.header_timeout, reading).await.unwrap_or(slow)
}

/// Says how a body is packed. An answer that has none of its own, as an error, is not.
fn packed(encoding: Encoding, mut response: Response<Answer>) -> Response<Answer> {
    if response.status() == StatusCode::OK {
        let headers = response.headers_mut();
        if let Some(name) = encoding.content_encoding() {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(name));
        }
        headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    }
    response
}

fn with_type(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Response<Answer> {
    let mut response = Response::new(Answer::bytes(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

fn text(status: StatusCode, body: impl Into<Bytes>) -> Response<Answer> {
    with_type(status, "text/plain; charset=utf-8", body)
}

fn json(made: Result<Bytes, NoAnswer>) -> Response<Answer> {
    match made {
        Ok(bytes) => with_type(StatusCode::OK, "application/json; charset=utf-8", bytes),
        Err(NoAnswer::Failed) => failed(),
        Err(NoAnswer::Late) => late(),
    }
}

fn failed() -> Response<Answer> {
    text(StatusCode::INTERNAL_SERVER_ERROR, "what is served failed; the process says more on its standard error\n")
}

fn late() -> Response<Answer> {
    let refused = text(StatusCode::SERVICE_UNAVAILABLE, "the numbers were not there in time; try again\n");
    retry_after(refused, Duration::from_secs(1))
}

fn retry_after(mut response: Response<Answer>, wait: Duration) -> Response<Answer> {
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
    response
}
