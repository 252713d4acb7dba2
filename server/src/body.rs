//! What an answer carries: nothing, some bytes, or a scrape as it is made.

use crate::activity::Answering;
use crate::scrape::{Incomplete, Scrape};
use hyper::body::{Body, Bytes, Frame, SizeHint};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// Chunks that are given in a row before others have a turn on the server's thread. A reader that takes everything at once
/// would keep it, and `/health` waiting, for as long as its scrape lasts.
const IN_A_ROW: u8 = 1;

/// A body. The request is being answered until this is dropped.
pub(crate) struct Answer {
    carried: Carried,
    /// Chunks given since others had a turn.
    given: u8,
    answering: Option<Answering>,
}

enum Carried {
    Bytes(Bytes),
    Scrape(Box<Scrape>),
}

impl Answer {
    pub(crate) fn bytes(bytes: impl Into<Bytes>) -> Answer {
        Answer { carried: Carried::Bytes(bytes.into()), given: 0, answering: None }
    }

    pub(crate) fn scrape(scrape: Scrape) -> Answer {
        Answer { carried: Carried::Scrape(Box::new(scrape)), given: 0, answering: None }
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
        let next = match &mut this.carried {
            Carried::Bytes(bytes) if bytes.is_empty() => None,
            Carried::Bytes(bytes) => Some(Ok(std::mem::take(bytes))),
            Carried::Scrape(scrape) => ready!(scrape.poll_next(cx)),
        };
        this.given += 1;
        Poll::Ready(next.map(|chunk| chunk.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        match &self.carried {
            Carried::Bytes(bytes) => bytes.is_empty(),
            Carried::Scrape(scrape) => scrape.is_over(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        let (here, is_all) = match &self.carried {
            Carried::Bytes(bytes) => (bytes.len() as u64, true),
            Carried::Scrape(scrape) => scrape.length(),
        };
        let mut hint = SizeHint::new();
        hint.set_lower(here);
        if is_all {
            hint.set_exact(here);
        }
        hint
    }
}
