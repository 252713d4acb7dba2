//! `gateway-rust`: the gateway of `make run` in Rust, on hyper.
//!
//! Started by `run-gateways`, by the contract that its `child` module tells. It records by the engine's `Gateway`, in the
//! families that the Python and the Node door have as well, and serves them by the endpoint, on a thread of the endpoint's.
//! Absent: an upstream. What one would do is in the query of a request: `?status=429&millis=12`.

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::error::Error;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tykmetrics::{Gateway, Gauge, ProcessCollector, Registry};
use tykmetrics_server::config::{Config, Listen};

/// The longest body that is read, and the longest time that an upstream takes.
const BODY: usize = 64 * 1024;
const MILLIS: u64 = 10_000;

struct Metrics {
    gateway: Gateway,
    in_flight: Gauge,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let port = match (arguments.next().as_deref(), arguments.next()) {
        (Some("--metrics-port"), Some(port)) => port.parse()?,
        _ => return Err("usage: gateway-rust --metrics-port N".into()),
    };
    let registry = Registry::new();
    registry.register_collector(ProcessCollector::new());
    let in_flight = registry.gauge("http_requests_in_flight", "Requests being served").register()?;
    let metrics = Arc::new(Metrics { gateway: Gateway::new(&registry)?, in_flight });

    let config = Config { listen: Listen::Tcp("127.0.0.1".to_owned(), port), ..Config::default() };
    let running = tykmetrics_server::start(config, registry)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
    println!("ready http://{} {}", listener.local_addr()?, running.url());
    io::stdout().flush()?;
    std::thread::spawn(move || runtime.block_on(serve(listener, metrics)));
    io::copy(&mut io::stdin(), &mut io::sink())?;
    running.close();
    Ok(())
}

async fn serve(listener: TcpListener, metrics: Arc<Metrics>) {
    // Only one thread runs the runtime, so that what it serves need not cross threads, and the spawned ones may.
    while let Ok((stream, _)) = listener.accept().await {
        let metrics = Arc::clone(&metrics);
        tokio::spawn(async move {
            let service = service_fn(|request| answer(request, &metrics));
            let mut http = hyper::server::conn::http1::Builder::new();
            http.timer(TokioTimer::new()).header_read_timeout(Duration::from_secs(60));
            // A connection that breaks has no one left to tell.
            let _ = http.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer(request: Request<Incoming>, metrics: &Metrics) -> Result<Response<Full<Bytes>>, Infallible> {
    metrics.in_flight.inc();
    let begun = Instant::now();
    let method = request.method().as_str().to_owned();
    let (endpoint, step) = route(&method, request.uri().path());
    let status = match step {
        _ if endpoint == UNMATCHED => StatusCode::NOT_FOUND,
        None => upstream(request.uri().query()).await,
        Some(step) => ask_model(request, &method, step, metrics).await,
    };
    let seconds = begun.elapsed().as_secs_f64();
    metrics.gateway.record_request(endpoint, &method, seconds, status.as_u16().into(), None, None);
    metrics.in_flight.dec();
    let mut response = Response::new(Full::new(Bytes::from_static(b"{}\n")));
    *response.status_mut() = status;
    Ok(response)
}

const UNMATCHED: &str = "unmatched";

/// The template of a path, never the path itself, and the step behind it if a model is asked.
fn route(method: &str, path: &str) -> (&'static str, Option<&'static str>) {
    match (method, path) {
        ("GET", "/api/models") => ("/api/models", None),
        ("POST", "/api/users") => ("/api/users", None),
        ("POST", "/v1/chat/completions") => ("/v1/chat/completions", Some("upstream.chat")),
        ("POST", "/v1/embeddings") => ("/v1/embeddings", Some("upstream.embeddings")),
        ("GET" | "DELETE", path) if path.starts_with("/api/users/") => ("/api/users/{id}", None),
        _ => (UNMATCHED, None),
    }
}

/// Asks the model that the body names, and counts that as a step of its own, by provider and model.
async fn ask_model(request: Request<Incoming>, method: &str, step: &str, metrics: &Metrics) -> StatusCode {
    let (head, body) = request.into_parts();
    let body = Limited::new(body, BODY).collect().await.map(|body| body.to_bytes());
    let question = body.ok().and_then(|body| serde_json::from_slice::<serde_json::Value>(&body).ok());
    let text = |name: &str| question.as_ref()?.get(name)?.as_str();
    let (Some(provider), Some(model)) = (text("provider"), text("model")) else { return StatusCode::BAD_REQUEST };
    let begun = Instant::now();
    let status = upstream(head.uri.query()).await;
    let seconds = begun.elapsed().as_secs_f64();
    metrics.gateway.record_request(step, method, seconds, status.as_u16().into(), Some(provider), Some(model));
    status
}

/// Takes the time and gives the status that the query asks for.
async fn upstream(query: Option<&str>) -> StatusCode {
    let value = |name: &str| {
        let mut pairs = query?.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find_map(|(key, value)| (key == name).then(|| value.parse::<u64>().ok())?)
    };
    tokio::time::sleep(Duration::from_millis(value("millis").unwrap_or(0).min(MILLIS))).await;
    let status = value("status").and_then(|status| StatusCode::from_u16(u16::try_from(status).ok()?).ok());
    // What is informational ends no request.
    status.filter(|status| !status.is_informational()).unwrap_or(StatusCode::OK)
}
