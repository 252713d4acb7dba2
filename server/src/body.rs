//! What an answer carries: nothing, some bytes, or a scrape as it is made.

use crate::activity::Answering;
use crate::scrape::{Part, Rest};
use hyper::body::{Body, Bytes, Frame, SizeHint};
use std::pin::Pin;
use std::task::{Context, Poll};

/// A body. The request is being answered until this is dropped.
pub(crate) struct Answer {
    content: Content,
    answering: Option<Answering>,
}

enum Content {
    Bytes(Bytes),
    Scrape(Box<Rest>),
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
        Answer { content: Content::Bytes(bytes.into()), answering: None }
    }

    pub(crate) fn scrape(rest: Rest) -> Answer {
        Answer { content: Content::Scrape(Box::new(rest)), answering: None }
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
        let rest = match &mut this.content {
            Content::Bytes(bytes) if bytes.is_empty() => return Poll::Ready(None),
            Content::Bytes(bytes) => return Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Content::Scrape(rest) => rest,
        };
        let part = std::task::ready!(rest.poll_next(cx));
        let last = !matches!(part, Part::Chunk(_));
        if last {
            // What was held for the scrape is free as soon as nothing more is made.
            this.content = Content::Bytes(Bytes::new());
        }
        Poll::Ready(match part {
            Part::Chunk(bytes) | Part::Last(bytes) if !bytes.is_empty() => Some(Ok(Frame::data(bytes))),
            Part::Chunk(_) | Part::Last(_) => None,
            Part::Failed => Some(Err(Incomplete("what was scraped failed"))),
            Part::Late => Some(Err(Incomplete("the scrape took too long"))),
        })
    }

    fn is_end_stream(&self) -> bool {
        matches!(&self.content, Content::Bytes(bytes) if bytes.is_empty())
    }

    fn size_hint(&self) -> SizeHint {
        match &self.content {
            Content::Bytes(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Content::Scrape(_) => SizeHint::default(),
        }
    }
}
