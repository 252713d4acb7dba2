//! An HTTP layer for `tower` services: one line in a service stack, and requests are counted, timed and sized.
//!
//! Users put a [`RequestLayer`] around a `Service<Request<_>>`; this calls `record` through handles and nothing else.
//! Every request is recorded exactly once, however it ends: by its response's body, by an error, or by being dropped.
//! Label values are bounded by construction: the path of a request is never one. There is no runtime here and no
//! task: whoever polls the response records.
//!
//! `tower::body` holds the two bodies that count bytes as they stream past.

mod body;

use crate::error::Result;
use crate::record::{Counter, Histogram, UpDown};
use crate::registry::{Family, Registry};
use crate::shape::Buckets;
use http::request::Parts;
use http::{Method, Request, Response, StatusCode};
use http_body::Body;
use pin_project_lite::pin_project;
use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Instant;
use tower_layer::Layer;
use tower_service::Service;

pub use body::{RequestBody, ResponseBody};

/// The route of a request that no extractor was given for.
const UNMATCHED: &str = "unmatched";

/// What `http_request_duration_seconds` reaches to. It starts when the service is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Until {
    /// The end of the response's body: what the client waits for. A stream that stays open for an hour took an hour.
    #[default]
    Body,
    /// The response's head: what the service needed to start answering, whatever the length of a stream.
    Head,
}

type RouteOf = dyn for<'a> Fn(&'a Parts) -> Cow<'a, str> + Send + Sync;

/// Counts, times and sizes the requests of the services it is put around.
///
/// | family | labels | says |
/// |---|---|---|
/// | `http_requests_total` | `method`, `route`, `status` | requests that have ended |
/// | `http_request_duration_seconds` | `method`, `route` | how long they took, see [`Until`] |
/// | `http_requests_in_flight` | | requests that have begun and not ended |
/// | `http_request_size_bytes` | `method`, `route` | bytes of the body that the service read |
/// | `http_response_size_bytes` | `method`, `route` | bytes of the body that were taken from it |
///
/// A request *ends* when its response's body has ended, failed or been dropped, so a long stream is in flight until
/// then. `status` is the number of the response; `error` if the service or the response's body failed, or the service
/// panicked; `cancelled` if the service was dropped before it answered (the client went away, a timeout outside of
/// this layer). A body that is dropped before its end keeps the response's number: servers drop what they need not
/// send (`HEAD`, `304`). A method that RFC 9110 or RFC 5789 does not name is `other`. After an upgrade (`101`,
/// `CONNECT`) the connection's bytes are not seen.
///
/// ```
/// # fn main() -> Result<(), tykmetrics::Error> {
/// use std::borrow::Cow;
/// let registry = tykmetrics::Registry::new();
/// let layer = tykmetrics::tower::RequestLayer::builder(&registry)
///     .route(|parts| match parts.uri.path() {
///         "/login" => Cow::Borrowed("/login"),
///         path if path.starts_with("/users/") => Cow::Borrowed("/users/{id}"),
///         _ => Cow::Borrowed("unmatched"),
///     })
///     .build()?;
/// # let _ = layer;
/// # Ok(())
/// # }
/// ```
///
/// With `axum`, the extractor reads the router's own pattern:
/// `|parts| parts.extensions.get::<MatchedPath>().map_or("unmatched".into(), |path| path.as_str().into())`.
#[derive(Debug, Clone)]
pub struct RequestLayer {
    shared: Arc<Shared>,
}

impl RequestLayer {
    /// A layer without a route extractor and with standard names: every `route` is `unmatched`.
    ///
    /// Fails if a name is taken in `registry` by a family of another kind.
    pub fn new(registry: &Registry) -> Result<Self> {
        Self::builder(registry).build()
    }

    /// A layer to be configured.
    pub fn builder(registry: &Registry) -> RequestLayerBuilder {
        RequestLayerBuilder {
            registry: registry.clone(),
            prefix: String::new(),
            route: Arc::new(|_| Cow::Borrowed(UNMATCHED)),
            until: Until::Body,
            duration_buckets: Buckets::seconds(),
            size_buckets: Buckets::bytes(),
        }
    }
}

/// Configures a [`RequestLayer`].
pub struct RequestLayerBuilder {
    registry: Registry,
    prefix: String,
    route: Arc<RouteOf>,
    until: Until,
    duration_buckets: Buckets,
    size_buckets: Buckets,
}

impl fmt::Debug for RequestLayerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestLayerBuilder").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

impl RequestLayerBuilder {
    /// Puts `prefix` and an underscore before every name.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// How to name the route of a request: the pattern that matched, never the path itself, which is unbounded.
    #[must_use]
    pub fn route<F>(mut self, route: F) -> Self
    where
        F: for<'a> Fn(&'a Parts) -> Cow<'a, str> + Send + Sync + 'static,
    {
        self.route = Arc::new(route);
        self
    }

    /// What durations reach to; the end of the response's body if not said.
    #[must_use]
    pub fn until(mut self, until: Until) -> Self {
        self.until = until;
        self
    }

    /// The buckets of the duration histogram, in seconds; [`Buckets::seconds`] if not said.
    #[must_use]
    pub fn duration_buckets(mut self, buckets: impl Into<Buckets>) -> Self {
        self.duration_buckets = buckets.into();
        self
    }

    /// The buckets of both size histograms, in bytes; [`Buckets::bytes`] if not said.
    #[must_use]
    pub fn size_buckets(mut self, buckets: impl Into<Buckets>) -> Self {
        self.size_buckets = buckets.into();
        self
    }

    /// Registers the families. Fails if a name is taken by a family of another kind, or a bucket list is not one.
    pub fn build(self) -> Result<RequestLayer> {
        let (registry, prefix) = (&self.registry, &self.prefix);
        let histogram = |name: &str, unit: &str, help: &str, buckets: &Buckets| {
            let builder = registry.histogram(name, help).namespace(prefix).unit(unit).buckets(buckets.clone());
            builder.labels(["method", "route"]).register()
        };
        let sizes = |name: &str, help: &str| histogram(name, "bytes", help, &self.size_buckets);
        Ok(RequestLayer {
            shared: Arc::new(Shared {
                requests: registry
                    .counter("http_requests_total", "HTTP requests that have ended.")
                    .namespace(prefix)
                    .labels(["method", "route", "status"])
                    .register()?,
                durations: histogram(
                    "http_request_duration_seconds",
                    "seconds",
                    "How long HTTP requests took.",
                    &self.duration_buckets,
                )?,
                in_flight: registry
                    .up_down("http_requests_in_flight", "HTTP requests that have begun and not ended.")
                    .namespace(prefix)
                    .register()?,
                request_sizes: sizes("http_request_size_bytes", "Bytes of HTTP request bodies that were read.")?,
                response_sizes: sizes("http_response_size_bytes", "Bytes of HTTP response bodies that were sent.")?,
                route: self.route,
                until: self.until,
            }),
        })
    }
}

/// What all requests of a layer record into.
struct Shared {
    requests: Family<Counter, 3>,
    durations: Family<Histogram, 2>,
    in_flight: UpDown,
    request_sizes: Family<Histogram, 2>,
    response_sizes: Family<Histogram, 2>,
    route: Arc<RouteOf>,
    until: Until,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("until", &self.until).finish_non_exhaustive()
    }
}

impl<S> Layer<S> for RequestLayer {
    type Service = RequestService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        RequestService { inner, shared: Arc::clone(&self.shared) }
    }
}

/// A service whose requests are recorded. Made by a [`RequestLayer`].
#[derive(Debug, Clone)]
pub struct RequestService<S> {
    inner: S,
    shared: Arc<Shared>,
}

impl<S, I, O> Service<Request<I>> for RequestService<S>
where
    S: Service<Request<RequestBody<I>>, Response = Response<O>>,
    O: Body,
{
    type Response = Response<ResponseBody<O>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<I>) -> Self::Future {
        let (parts, body) = request.into_parts();
        let route: Arc<str> = (self.shared.route)(&parts).into();
        let ticket = Ticket::new(&self.shared, Place { method: method_label(&parts.method), route });
        let body = RequestBody::new(body, &ticket);
        ResponseFuture { inner: self.inner.call(Request::from_parts(parts, body)), ticket: Some(ticket) }
    }
}

/// The methods RFC 9110 (9.3) and RFC 5789 name; the text of any other is the client's to choose.
fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::CONNECT => "CONNECT",
        Method::OPTIONS => "OPTIONS",
        Method::TRACE => "TRACE",
        Method::PATCH => "PATCH",
        _ => "other",
    }
}

/// The labels that every family of a request has.
#[derive(Clone)]
struct Place {
    method: &'static str,
    route: Arc<str>,
}

impl Place {
    fn labels(&self) -> [&str; 2] {
        [self.method, &self.route]
    }
}

#[derive(Clone, Copy)]
enum Outcome {
    Cancelled,
    Error,
    Status(StatusCode),
}

/// A request that has begun. Dropping it ends the request, so it ends once and cannot be forgotten.
struct Ticket {
    shared: Arc<Shared>,
    place: Place,
    start: Instant,
    outcome: Outcome,
    timed: bool,
}

impl Ticket {
    fn new(shared: &Arc<Shared>, place: Place) -> Self {
        shared.in_flight.inc();
        Ticket { shared: Arc::clone(shared), place, start: Instant::now(), outcome: Outcome::Cancelled, timed: false }
    }

    fn answered(&mut self, status: StatusCode) {
        self.outcome = Outcome::Status(status);
        if self.shared.until == Until::Head {
            self.time();
        }
    }

    fn failed(&mut self) {
        self.outcome = Outcome::Error;
    }

    fn time(&mut self) {
        if !self.timed {
            self.timed = true;
            self.shared.durations.observe(self.place.labels(), self.start.elapsed().as_secs_f64());
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.time();
        let status = match &self.outcome {
            // A service that panics unwinds through here: it did not answer, and nobody cancelled it.
            Outcome::Cancelled if std::thread::panicking() => "error",
            Outcome::Cancelled => "cancelled",
            Outcome::Error => "error",
            Outcome::Status(status) => status.as_str(),
        };
        self.shared.requests.inc([self.place.method, &self.place.route, status]);
        self.shared.in_flight.dec();
    }
}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ticket").finish_non_exhaustive()
    }
}

pin_project! {
    /// The answer of a [`RequestService`]. Dropping it before it is ready records a cancelled request.
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        #[pin]
        inner: F,
        ticket: Option<Ticket>,
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Body,
{
    type Output = Result<Response<ResponseBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let result = ready!(this.inner.poll(cx));
        let ticket = this.ticket.take();
        Poll::Ready(match result {
            Ok(response) => {
                let status = response.status();
                Ok(response.map(|body| {
                    ResponseBody::new(
                        body,
                        ticket.map(|mut ticket| {
                            ticket.answered(status);
                            ticket
                        }),
                    )
                }))
            }
            Err(error) => {
                if let Some(mut ticket) = ticket {
                    ticket.failed();
                }
                Err(error)
            }
        })
    }
}
