//! What an answer carries: nothing, some bytes, or a scrape as it is made.

use crate::activity::Answering;
use crate::scrape::{Part, Rest};
use hyper::body::{Body, Bytes, Frame, SizeHint};
use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// Chunks that are given in a row before others have a turn on the server's thread. A reader that takes everything at once
/// would keep it, and `/health` waiting, for as long as its scrape lasts.
const IN_A_ROW: u8 = 1;

/// A body. The request is being answered until this is dropped.
pub(crate) struct Answer {
    /// What is there to be written.
    chunks: VecDeque<Bytes>,
    /// What is still to come.
    rest: Option<Box<Rest>>,
    /// Chunks given since others had a turn.
    given: u8,
    answering: Option<Answering>,
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

impl Answer {
    pub(crate) fn bytes(bytes: impl Into<Bytes>) -> Answer {
        Answer::chunks(vec![bytes.into()])
    }

    pub(crate) fn chunks(chunks: Vec<Bytes>) -> Answer {
        let chunks = chunks.into_iter().filter(|chunk| !chunk.is_empty()).collect();
        Answer { chunks, rest: None, given: 0, answering: None }
    }

    pub(crate) fn scrape(rest: Rest) -> Answer {
        Answer { chunks: VecDeque::new(), rest: Some(Box::new(rest)), given: 0, answering: None }
    }

    /// Keeps the connection among those that answer.
    pub(crate) fn keep(&mut self, answering: Answering) {
        self.answering = Some(answering);
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Incomplete;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Incomplete>>> {
        let this = self.get_mut();
        if let Some(answering) = &this.answering {
            answering.moved();
        }
        if this.given >= IN_A_ROW {
            this.given = 0;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        loop {
            if let Some(chunk) = this.chunks.pop_front() {
                this.given += 1;
                return Poll::Ready(Some(Ok(Frame::data(chunk))));
            }
            let Some(rest) = &mut this.rest else { return Poll::Ready(None) };
            let (chunks, failed) = match ready!(rest.poll_next(cx)) {
                Part::Batch(chunks) => {
                    this.chunks.extend(chunks);
                    continue;
                }
                Part::Last(chunks) => (chunks, None),
                Part::Failed => (Vec::new(), Some(Incomplete("what was scraped failed"))),
                Part::Late => (Vec::new(), Some(Incomplete("the scrape took too long"))),
            };
            // What was held for the scrape is free as soon as nothing more is made.
            this.rest = None;
            this.chunks.extend(chunks);
            if let Some(failed) = failed {
                return Poll::Ready(Some(Err(failed)));
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.chunks.is_empty() && self.rest.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        let here = self.chunks.iter().map(|chunk| chunk.len() as u64).sum();
        let mut hint = SizeHint::new();
        hint.set_lower(here);
        if self.rest.is_none() {
            hint.set_exact(here);
        }
        hint
    }
}
