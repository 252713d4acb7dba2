//! A scrape: rendered on a thread of the pool, given chunk by chunk to a connection through a short queue.
//!
//! Called by `answer`. Promised: a scrape holds a few batches of chunks in memory, whatever its length and however slow its reader;
//! it ends when its reader is found to be gone (by HTTP/1 when it is sent something) or its time is over, and its place is free when
//! nothing of it waits for the reader; a panic of the source is an answer.

use crate::request::Query;
use crate::shared::{Permit, Shared};
use crate::source::{Gone, Source};
use crate::turns::{Turn, Turns};
use hyper::body::Bytes;
use std::collections::VecDeque;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
use tokio::task::AbortHandle;
use tokio::time::{Sleep, sleep, sleep_until};
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
}

/// A scrape that could not be completed. The connection ends, so that the client does not take a part for the whole.
#[derive(Debug)]
pub(crate) struct Incomplete(&'static str);

impl std::fmt::Display for Incomplete {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Incomplete {}

const LATE: Incomplete = Incomplete("the scrape took too long");

/// What is still to be given of a scrape, and its place among those that run.
struct Rest {
    chunks: VecDeque<Bytes>,
    /// None: nothing more comes.
    parts: Option<mpsc::Receiver<Part>>,
    deadline: Pin<Box<Sleep>>,
    /// Chunks that wait for the reader are memory: the next scrape waits for them.
    _permit: Arc<Permit>,
}

impl Rest {
    /// Takes the next part. An error is the last word.
    fn poll_part(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Unable>> {
        if self.deadline.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Err(Unable::Late));
        }
        let Some(parts) = &mut self.parts else { return Poll::Ready(Ok(())) };
        // A thread that ended without a word has panicked where nobody caught it.
        match ready!(parts.poll_recv(cx)).unwrap_or(Part::Failed) {
            Part::Batch(chunks) => self.chunks.extend(chunks),
            Part::Last(chunks) => {
                self.chunks.extend(chunks);
                self.parts = None;
            }
            Part::Failed => return Poll::Ready(Err(Unable::Failed)),
        }
        Poll::Ready(Ok(()))
    }

    fn is_over(&self) -> bool {
        self.chunks.is_empty() && self.parts.is_none()
    }
}

/// What is left of a scrape; nothing after its end, and when its time is over.
struct Slot(Arc<Mutex<Option<Rest>>>);

impl Slot {
    fn lock(&self) -> MutexGuard<'_, Option<Rest>> {
        // Whole between any two steps.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A scrape that has begun, for one reader. Its place is free when its last chunk is given.
pub(crate) struct Scrape {
    slot: Slot,
    is_over: bool,
    watch: Option<AbortHandle>,
}

impl Scrape {
    fn new(rest: Rest) -> Scrape {
        let is_over = rest.is_over();
        Scrape { slot: Slot(Arc::new(Mutex::new((!is_over).then_some(rest)))), is_over, watch: None }
    }

    /// Ends the scrape when its time is over also where nobody asks for more of it then, as HTTP/2 does not before the
    /// client has room. (HTTP/1 asks, or its connection is closed because it does not.)
    pub(crate) fn watch(&mut self) {
        let Some(deadline) = self.slot.lock().as_ref().map(|rest| rest.deadline.deadline()) else { return };
        // Not a reader: who is gone leaves nothing for this to keep.
        let slot = Arc::downgrade(&self.slot.0);
        let task = tokio::spawn(async move {
            sleep_until(deadline).await;
            if let Some(slot) = slot.upgrade() {
                drop(Slot(slot).lock().take());
            }
        });
        self.watch = Some(task.abort_handle());
    }

    /// The next chunk.
    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Incomplete>>> {
        if self.is_over {
            return Poll::Ready(None);
        }
        let mut slot = self.slot.lock();
        let next = match slot.as_mut() {
            None => Err(LATE),
            Some(rest) => loop {
                // The time is looked at before each batch, and before each chunk once all of them are here.
                if rest.chunks.is_empty() || rest.parts.is_none() {
                    match rest.poll_part(cx) {
                        Poll::Pending => return Poll::Pending,
                        Poll::Ready(Err(Unable::Late)) => break Err(LATE),
                        Poll::Ready(Err(Unable::Failed)) => break Err(Incomplete("what was scraped failed")),
                        Poll::Ready(Ok(())) => {}
                    }
                }
                if let Some(chunk) = rest.chunks.pop_front() {
                    if !rest.is_over() {
                        return Poll::Ready(Some(Ok(chunk)));
                    }
                    break Ok(Some(chunk));
                }
                if rest.parts.is_none() {
                    break Ok(None);
                }
            },
        };
        // Before the last chunk is given: who has all of a scrape may ask for the next.
        *slot = None;
        self.is_over = true;
        Poll::Ready(next.transpose())
    }

    pub(crate) fn is_over(&self) -> bool {
        self.is_over
    }

    /// How many bytes are here, and whether that is all.
    pub(crate) fn length(&self) -> (u64, bool) {
        let slot = self.slot.lock();
        let here = slot.iter().flat_map(|rest| &rest.chunks).map(|chunk| chunk.len() as u64).sum();
        (here, self.is_over || slot.as_ref().is_some_and(|rest| rest.parts.is_none()))
    }
}

impl Drop for Scrape {
    fn drop(&mut self) {
        if let Some(watch) = &self.watch {
            watch.abort();
        }
    }
}

/// Why there is no scrape.
pub(crate) enum Unable {
    /// There is nothing to give.
    Failed,
    /// Nothing came in time.
    Late,
}

/// Begins a scrape and waits for its first bytes.
pub(crate) async fn begin(
    shared: &Arc<Shared>,
    wanted: Wanted,
    permit: Permit,
    timeout: Duration,
) -> Result<Scrape, Unable> {
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
    let deadline = Box::pin(sleep(timeout));
    let mut rest = Rest { chunks: VecDeque::new(), parts: Some(parts), deadline, _permit: permit };
    std::future::poll_fn(|cx| rest.poll_part(cx)).await?;
    Ok(Scrape::new(rest))
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
