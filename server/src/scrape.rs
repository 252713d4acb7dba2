//! A scrape: rendered on a thread of the pool, given chunk by chunk to a connection through a short queue.
//!
//! Called by `answer`. Promised: a scrape holds a few batches of chunks in memory, whatever its length and however slow its reader;
//! it ends when its reader is gone or its time is over; a panic of the source is an answer.

use crate::request::Query;
use crate::shared::{Permit, Shared};
use crate::source::{Gone, Source};
use crate::turns::{Turn, Turns};
use hyper::body::Bytes;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
use tokio::time::{Sleep, sleep};
use tykmetrics::render::Compressor;
use tykmetrics::{Encoding, Exposition};

/// Batches between the thread that makes them and the connection: one to write, one to be ready when it is written.
const QUEUE: usize = 2;

/// Chunks that are handed over at once. A handing over wakes a thread, which takes as long as making a few chunks.
const BATCH: usize = 4;

/// The most bytes of a chunk; the engine gives about half of it.
const PIECE: usize = 128 * 1024;

/// What is to be rendered.
pub(crate) struct Wanted {
    pub(crate) exposition: Exposition,
    pub(crate) encoding: Encoding,
    pub(crate) query: Query,
}

/// A piece of a scrape.
#[derive(Debug)]
pub(crate) enum Part {
    /// Some chunks, and more to come.
    Batch(Vec<Bytes>),
    /// The last chunks.
    Last(Vec<Bytes>),
    /// The source panicked, or there was no memory to pack.
    Failed,
    /// Time is over.
    Late,
}

/// What is still to come of a scrape.
pub(crate) struct Rest {
    first: Option<Part>,
    parts: mpsc::Receiver<Part>,
    deadline: Pin<Box<Sleep>>,
    /// Chunks in the queue are memory: the next scrape waits for them.
    _permit: Arc<Permit>,
}

impl Rest {
    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Part> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(first);
        }
        if self.deadline.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Part::Late);
        }
        // A thread that ended without a word has panicked where nobody caught it.
        self.parts.poll_recv(cx).map(|part| part.unwrap_or(Part::Failed))
    }

    async fn next(&mut self) -> Part {
        std::future::poll_fn(|cx| self.poll_next(cx)).await
    }
}

/// A scrape that has begun.
pub(crate) enum Begun {
    /// All of it.
    Whole(Vec<Bytes>),
    /// More than a batch.
    Streamed(Rest),
    /// There is nothing to give.
    Failed,
    /// Nothing came in time.
    Late,
}

/// Begins a scrape and waits for its first bytes.
pub(crate) async fn begin(shared: &Arc<Shared>, wanted: Wanted, permit: Permit, timeout: Duration) -> Begun {
    let permit = Arc::new(permit);
    let (sender, parts) = mpsc::channel(QUEUE);
    let (source, turns, held) = (Arc::clone(&shared.source), Arc::clone(&shared.turns), Arc::clone(&permit));
    tokio::task::spawn_blocking(move || {
        let last = produce(source.as_ref(), &wanted, &turns, &sender);
        // Before the end is told: who has all of a scrape may ask for the next.
        drop(held);
        if let Some(last) = last {
            // Who is gone needs no end.
            let _ = sender.blocking_send(last);
        }
    });
    let mut rest = Rest { first: None, parts, deadline: Box::pin(sleep(timeout)), _permit: permit };
    match rest.next().await {
        Part::Last(chunks) => Begun::Whole(chunks),
        Part::Failed => Begun::Failed,
        Part::Late => Begun::Late,
        batch @ Part::Batch(_) => {
            rest.first = Some(batch);
            Begun::Streamed(rest)
        }
    }
}

/// Why a scrape stops early.
enum Stopped {
    Gone,
    Failed,
}

impl From<tykmetrics::Error> for Stopped {
    fn from(_: tykmetrics::Error) -> Self {
        Stopped::Failed
    }
}

/// Renders everything and returns the last part; none if nobody reads on.
fn produce(source: &dyn Source, wanted: &Wanted, turns: &Turns, parts: &mpsc::Sender<Part>) -> Option<Part> {
    // Nothing of ours is half changed by a panic: what was given out is given out.
    match catch_unwind(AssertUnwindSafe(|| render(source, wanted, turns, parts))) {
        Ok(Ok(last)) => Some(Part::Last(last)),
        Ok(Err(Stopped::Gone)) => None,
        Ok(Err(Stopped::Failed)) | Err(_) => Some(Part::Failed),
    }
}

/// Sends all chunks but the last ones, which it returns.
fn render(
    source: &dyn Source,
    wanted: &Wanted,
    turns: &Turns,
    parts: &mpsc::Sender<Part>,
) -> Result<Vec<Bytes>, Stopped> {
    let mut turn = turns.begin();
    // A batch is held back until there is more, so that the reader of the last one knows that it is.
    let mut held = Vec::with_capacity(BATCH);
    let mut packer = Compressor::new(wanted.encoding, |chunk: &[u8]| {
        // A source may give any length; the queue is bounded in chunks.
        for piece in chunk.chunks(PIECE) {
            if held.len() == BATCH {
                send(parts, std::mem::replace(&mut held, Vec::with_capacity(BATCH)), &mut turn)?;
            }
            held.push(Bytes::copy_from_slice(piece));
        }
        Ok::<(), Stopped>(())
    })?;
    let mut stopped = None;
    let sink = &mut |chunk: &[u8]| {
        packer.write(chunk).map_err(|why| {
            stopped = Some(why);
            Gone
        })
    };
    let rendered = match wanted.query.names.as_slice() {
        [] => source.render(wanted.exposition, sink),
        names => source.render_only(names, wanted.exposition, sink),
    };
    match (rendered, stopped) {
        (Ok(()), None) => packer.finish()?,
        (_, Some(why)) => return Err(why),
        (Err(Gone), None) => return Err(Stopped::Failed),
    };
    Ok(held)
}

/// Gives a batch to the reader; waits for it without a turn.
fn send(parts: &mpsc::Sender<Part>, batch: Vec<Bytes>, turn: &mut Turn<'_>) -> Result<(), Stopped> {
    match parts.try_send(Part::Batch(batch)) {
        Ok(()) => turn.pass(),
        Err(TrySendError::Closed(_)) => return Err(Stopped::Gone),
        Err(TrySendError::Full(batch)) => {
            turn.give();
            parts.blocking_send(batch).map_err(|_| Stopped::Gone)?;
            turn.take();
        }
    }
    Ok(())
}
