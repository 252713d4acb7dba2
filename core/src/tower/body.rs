//! Bodies that count the bytes that stream past.
//!
//! The layer wraps a request's body on its way in and a response's on its way out. Each records its size once: at its
//! end, at its failure, or when it is dropped before either. Frames, trailers and size hints pass untouched.

use super::{Place, Shared, Ticket};
use bytes::Buf;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// Counts the bytes of a request's body; dropping it records them.
struct Intake {
    shared: Arc<Shared>,
    place: Place,
    bytes: u64,
}

impl Drop for Intake {
    fn drop(&mut self) {
        self.shared.request_sizes.observe(self.place.labels(), self.bytes as f64);
    }
}

/// Counts the bytes of a response's body; dropping it records them and ends the request.
struct Delivery {
    ticket: Ticket,
    bytes: u64,
}

impl Drop for Delivery {
    fn drop(&mut self) {
        self.ticket.shared.response_sizes.observe(self.ticket.place.labels(), self.bytes as f64);
    }
}

pin_project! {
    /// A request's body, as the service behind a [`RequestLayer`](super::RequestLayer) gets it.
    pub struct RequestBody<B> {
        #[pin]
        inner: B,
        intake: Option<Intake>,
    }
}

impl<B> RequestBody<B> {
    pub(super) fn new(inner: B, ticket: &Ticket) -> Self {
        let intake = Intake { shared: Arc::clone(&ticket.shared), place: ticket.place.clone(), bytes: 0 };
        RequestBody { inner, intake: Some(intake) }
    }
}

impl<B: Body> Body for RequestBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let mut this = self.project();
        let next = ready!(this.inner.as_mut().poll_frame(cx));
        match &next {
            Some(Ok(frame)) => {
                if let Some(intake) = this.intake {
                    intake.bytes = intake.bytes.saturating_add(length(frame));
                }
                if this.inner.is_end_stream() {
                    *this.intake = None;
                }
            }
            Some(Err(_)) | None => *this.intake = None,
        }
        Poll::Ready(next)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

pin_project! {
    /// A response's body, as a [`RequestLayer`](super::RequestLayer) hands it on. Its end is the end of the request.
    pub struct ResponseBody<B> {
        #[pin]
        inner: B,
        delivery: Option<Delivery>,
    }
}

impl<B: Body> ResponseBody<B> {
    /// A body that is over before it began ends the request here: servers do not poll such a body.
    pub(super) fn new(inner: B, ticket: Option<Ticket>) -> Self {
        let delivery = ticket.map(|ticket| Delivery { ticket, bytes: 0 });
        let over = inner.is_end_stream();
        ResponseBody { inner, delivery: delivery.filter(|_| !over) }
    }
}

impl<B: Body> Body for ResponseBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let mut this = self.project();
        let next = ready!(this.inner.as_mut().poll_frame(cx));
        match &next {
            Some(Ok(frame)) => {
                if let Some(delivery) = this.delivery {
                    delivery.bytes = delivery.bytes.saturating_add(length(frame));
                }
                // Servers stop polling here, and the request has to be recorded before its last byte is sent.
                if this.inner.is_end_stream() {
                    *this.delivery = None;
                }
            }
            Some(Err(_)) => {
                if let Some(delivery) = this.delivery {
                    delivery.ticket.failed();
                }
                *this.delivery = None;
            }
            None => *this.delivery = None,
        }
        Poll::Ready(next)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// A body that belongs to no request: what layers that replace a response's body need.
impl<B: Default> Default for ResponseBody<B> {
    fn default() -> Self {
        ResponseBody { inner: B::default(), delivery: None }
    }
}

impl<B> std::fmt::Debug for RequestBody<B> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RequestBody").finish_non_exhaustive()
    }
}

impl<B> std::fmt::Debug for ResponseBody<B> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ResponseBody").finish_non_exhaustive()
    }
}

/// Bytes of data in a frame; trailers have none.
fn length<D: Buf>(frame: &Frame<D>) -> u64 {
    frame.data_ref().map_or(0, |data| data.remaining() as u64)
}
