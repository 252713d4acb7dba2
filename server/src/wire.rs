//! A connection's bytes: TCP or a Unix socket, plain or TLS, as one type, so that the protocol's code is in the program once.
//!
//! Tells the connection's [`Activity`] what arrives and what does not leave.

use crate::activity::Activity;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::server::TlsStream;

/// What the kernel accepted.
pub(crate) enum Plain {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// What the protocol speaks over.
pub(crate) struct Wire {
    over: Over,
    activity: Arc<Activity>,
}

enum Over {
    Plain(Plain),
    Tls(Box<TlsStream<Plain>>),
}

impl Wire {
    pub(crate) fn plain(stream: Plain, activity: Arc<Activity>) -> Wire {
        Wire { over: Over::Plain(stream), activity }
    }

    pub(crate) fn tls(stream: TlsStream<Plain>, activity: Arc<Activity>) -> Wire {
        Wire { over: Over::Tls(Box::new(stream)), activity }
    }
}

macro_rules! over {
    ($it:expr, $stream:ident => $call:expr) => {
        match $it {
            Over::Plain(Plain::Tcp($stream)) => $call,
            Over::Plain(Plain::Unix($stream)) => $call,
            Over::Tls($stream) => $call,
        }
    };
}

macro_rules! plain {
    ($it:expr, $stream:ident => $call:expr) => {
        match $it {
            Plain::Tcp($stream) => $call,
            Plain::Unix($stream) => $call,
        }
    };
}

impl AsyncRead for Plain {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        plain!(self.get_mut(), stream => Pin::new(stream).poll_read(cx, into))
    }
}

impl AsyncWrite for Plain {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        plain!(self.get_mut(), stream => Pin::new(stream).poll_write(cx, bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        plain!(self.get_mut(), stream => Pin::new(stream).poll_write_vectored(cx, parts))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        plain!(self.get_mut(), stream => Pin::new(stream).poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        plain!(self.get_mut(), stream => Pin::new(stream).poll_shutdown(cx))
    }
}

impl AsyncRead for Wire {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = into.filled().len();
        let polled = over!(&mut this.over, stream => Pin::new(stream).poll_read(cx, into));
        if into.filled().len() > before {
            this.activity.arrived();
        }
        polled
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let polled = over!(&mut this.over, stream => Pin::new(stream).poll_write(cx, bytes));
        this.activity.left(polled.is_ready());
        polled
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let polled = over!(&mut this.over, stream => Pin::new(stream).poll_write_vectored(cx, parts));
        this.activity.left(polled.is_ready());
        polled
    }

    fn is_write_vectored(&self) -> bool {
        over!(&self.over, stream => stream.is_write_vectored())
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let polled = over!(&mut this.over, stream => Pin::new(stream).poll_flush(cx));
        // TLS has bytes of its own to get rid of.
        this.activity.left(polled.is_ready());
        polled
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let polled = over!(&mut this.over, stream => Pin::new(stream).poll_shutdown(cx));
        this.activity.left(polled.is_ready());
        polled
    }
}
