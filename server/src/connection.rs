//! One connection: its TLS, its protocol, its end.

use crate::activity::Activity;
use crate::answer::answer;
use crate::rate::Client;
use crate::shared::Shared;
use crate::tls::Certificates;
use crate::wire::{Plain, Wire};
use hyper::body::Incoming;
use hyper::service::Service;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use std::convert::Infallible;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_rustls::TlsAcceptor;

/// Requests of one HTTP/2 connection at the same time: a browser's page asks for a few.
const STREAMS: u32 = 32;

/// Bytes of one HTTP/2 answer that wait to be written.
const STREAM_BYTES: usize = 64 * 1024;

/// Who is connected.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer {
    pub(crate) client: Client,
}

/// Becomes true once, when the server is to end.
pub(crate) type Ending = watch::Receiver<bool>;

/// Serves a connection until it ends.
pub(crate) async fn serve(shared: Arc<Shared>, stream: Plain, peer: Peer, mut ending: Ending) {
    let activity = Activity::new(&shared.limits);
    let (wire, is_http2) = match &shared.certificates {
        None => (Wire::plain(stream, Arc::clone(&activity)), false),
        Some(certificates) => {
            let handshake = timeout(shared.limits.header_timeout, handshake(&shared, certificates, stream));
            let Some(Ok(Some(tls))) = unless_ending(handshake, &mut ending).await else { return };
            let is_http2 = tls.get_ref().1.alpn_protocol() == Some(b"h2");
            (Wire::tls(tls, Arc::clone(&activity)), is_http2)
        }
    };
    let limits = &shared.limits;
    let header_bytes = limits.header_bytes;
    let service = Asked { shared: Arc::clone(&shared), peer, activity: Arc::clone(&activity) };
    if is_http2 {
        activity.has_streams();
        let mut protocol = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
        protocol
            .timer(TokioTimer::new())
            .max_concurrent_streams(STREAMS)
            .max_header_list_size(u32::try_from(header_bytes).unwrap_or(u32::MAX))
            .max_send_buf_size(STREAM_BYTES);
        let connection = pin!(protocol.serve_connection(TokioIo::new(wire), service));
        drive(connection, |connection| connection.graceful_shutdown(), &activity, ending).await;
    } else {
        let mut protocol = hyper::server::conn::http1::Builder::new();
        // The times are `activity`'s: hyper's own has no difference between a slow request and none. Who has nothing more to
        // say, as netcat, still wants the answer; who is gone is found out when it is sent.
        protocol.timer(TokioTimer::new()).header_read_timeout(None).max_buf_size(header_bytes).half_close(true);
        let connection = pin!(protocol.serve_connection(TokioIo::new(wire), service));
        drive(connection, |connection| connection.graceful_shutdown(), &activity, ending).await;
    }
}

async fn handshake(
    shared: &Arc<Shared>,
    certificates: &Arc<Certificates>,
    stream: Plain,
) -> Option<tokio_rustls::server::TlsStream<Plain>> {
    if certificates.is_due() {
        let (certificates, log) = (Arc::clone(certificates), Arc::clone(&shared.log));
        // If there is no thread to look on, what is in force stays so.
        let _ = tokio::task::spawn_blocking(move || certificates.look(&log)).await;
    }
    TlsAcceptor::from(certificates.current()).accept(stream).await.ok()
}

/// What `future` gives, or nothing if the server is to end first.
async fn unless_ending<T>(future: impl Future<Output = T>, ending: &mut Ending) -> Option<T> {
    let mut future = pin!(future);
    let mut told = pin!(ending.wait_for(|ending| *ending));
    std::future::poll_fn(|cx| {
        if let Poll::Ready(value) = future.as_mut().poll(cx) {
            return Poll::Ready(Some(value));
        }
        told.as_mut().poll(cx).map(|_| None)
    })
    .await
}

/// Runs a connection until it ends, its time is over, or the server ends and its requests are answered.
async fn drive<C: Future>(
    mut connection: Pin<&mut C>,
    finish: impl Fn(Pin<&mut C>),
    activity: &Activity,
    mut ending: Ending,
) {
    let deadline = |activity: &Activity| Instant::from_std(activity.deadline());
    let mut alarm = pin!(sleep_until(deadline(activity)));
    let mut told = pin!(ending.wait_for(|ending| *ending));
    let mut is_ending = false;
    std::future::poll_fn(|cx| {
        if !is_ending && told.as_mut().poll(cx).is_ready() {
            is_ending = true;
            if activity.awaits_request() {
                return Poll::Ready(());
            }
            finish(connection.as_mut());
        }
        if connection.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        // What was just done may have made the time shorter; a longer one is seen when the alarm rings.
        if deadline(activity) < alarm.deadline() {
            alarm.as_mut().reset(deadline(activity));
        }
        while alarm.as_mut().poll(cx).is_ready() {
            if deadline(activity) <= Instant::now() {
                return Poll::Ready(());
            }
            alarm.as_mut().reset(deadline(activity));
        }
        Poll::Pending
    })
    .await;
}

/// What hyper calls with each request.
struct Asked {
    shared: Arc<Shared>,
    peer: Peer,
    activity: Arc<Activity>,
}

impl Service<Request<Incoming>> for Asked {
    type Response = Response<crate::body::Answer>;
    type Error = Infallible;
    type Future = Answering;

    fn call(&self, request: Request<Incoming>) -> Answering {
        let answering = self.activity.answering();
        let (shared, peer) = (Arc::clone(&self.shared), self.peer);
        Answering(Box::pin(async move {
            let mut response = answer(shared, peer, request).await;
            response.body_mut().keep(answering);
            response
        }))
    }
}

struct Answering(Pin<Box<dyn Future<Output = Response<crate::body::Answer>> + Send>>);

impl Future for Answering {
    type Output = Result<Response<crate::body::Answer>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx).map(Ok)
    }
}
