//! The loop of the server's thread: accepts connections, runs them, and sees them end.

use crate::connection::{self, Ending, Peer};
use crate::listen::Listeners;
use crate::rate::Client;
use crate::shared::Shared;
use crate::wire::Plain;
use std::future::Future;
use std::io::{self, ErrorKind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// Before another try where the system has no room for a connection (descriptors, memory).
const PAUSE: Duration = Duration::from_millis(100);

/// What a plain connection hears that is one too many.
const FULL: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

enum Event {
    Accepted(Plain, Peer),
    /// A connection was gone before it was accepted.
    Gone,
    /// There is no room for a connection.
    Full(io::Error),
    Ended,
    Told,
}

/// Says that the sockets are about to be closed.
struct Listening(Arc<AtomicBool>);

impl Drop for Listening {
    fn drop(&mut self) {
        // SeqCst: a fork is no place to be clever, and this happens once.
        self.0.store(false, Ordering::SeqCst);
    }
}

/// Accepts until it is told to end, then waits for the connections, for as long as the grace is.
pub(crate) async fn run(shared: Arc<Shared>, listeners: Listeners, mut ending: Ending) {
    let mut connections = JoinSet::new();
    let for_connections = ending.clone();
    let mut told = pin!(ending.wait_for(|ending| *ending));
    let mut turn = 0;
    let mut warned = false;
    // Goes before the listeners, also in a panic: whoever reads that we listen has numbers of sockets that are ours.
    let listening = Listening(Arc::clone(&shared.listening));
    loop {
        let event = std::future::poll_fn(|cx| {
            if told.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Event::Told);
            }
            // Only what is there: an empty set is ready at once.
            if !connections.is_empty() && connections.poll_join_next(cx).is_ready() {
                return Poll::Ready(Event::Ended);
            }
            listeners.poll_accept(cx, &mut turn)
        })
        .await;
        match event {
            Event::Told => break,
            Event::Ended | Event::Gone => {}
            Event::Accepted(stream, _) if connections.len() >= shared.limits.connections => refuse(&shared, &stream),
            Event::Accepted(stream, peer) => {
                connections.spawn(connection::serve(Arc::clone(&shared), stream, peer, for_connections.clone()));
            }
            Event::Full(error) => {
                if !std::mem::replace(&mut warned, true) {
                    (shared.log)(&format!("connections cannot be accepted for now: {error}"));
                }
                sleep(PAUSE).await;
            }
        }
    }
    // The port is free from here on.
    drop(listening);
    drop(listeners);
    let all = async { while connections.join_next().await.is_some() {} };
    // Those that go on are cut off with the set.
    let _ = timeout(shared.grace, all).await;
}

fn refuse(shared: &Shared, stream: &Plain) {
    if shared.certificates.is_none() {
        // As much as fits; who does not hear it finds the connection closed.
        let _ = match stream {
            Plain::Tcp(stream) => stream.try_write(FULL),
            Plain::Unix(stream) => stream.try_write(FULL),
        };
    }
}

impl Listeners {
    fn poll_accept(&self, cx: &mut Context<'_>, turn: &mut usize) -> Poll<Event> {
        match self {
            Listeners::Unix { listener, .. } => listener.poll_accept(cx).map(|accepted| match accepted {
                Ok((stream, _)) => Event::Accepted(Plain::Unix(stream), Peer { client: Client::Local }),
                Err(error) => failed(error),
            }),
            Listeners::Tcp(listeners) => {
                for _ in 0..listeners.len() {
                    // Each in turn, so that a flood at one address leaves the others theirs.
                    *turn = (*turn + 1) % listeners.len();
                    match listeners[*turn].poll_accept(cx) {
                        Poll::Pending => {}
                        Poll::Ready(Err(error)) => return Poll::Ready(failed(error)),
                        Poll::Ready(Ok((stream, address))) => {
                            // Small answers go at once; whoever cannot have that gets them a little later.
                            let _ = stream.set_nodelay(true);
                            let peer = Peer { client: address.ip().into() };
                            return Poll::Ready(Event::Accepted(Plain::Tcp(stream), peer));
                        }
                    }
                }
                Poll::Pending
            }
        }
    }
}

fn failed(error: io::Error) -> Event {
    match error.kind() {
        ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset | ErrorKind::Interrupted => Event::Gone,
        _ => Event::Full(error),
    }
}
