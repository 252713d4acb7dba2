//! A scraper that reads and forgets: what is left of a scrape's time is the server's and the kernel's.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::AsRawFd;

/// How much is read at once, and how much memory a scraper has.
const BUFFER: usize = 256 * 1024;

/// Scrapes over a connection of its own, and says how many bytes came.
pub(super) fn scrape(address: SocketAddr, gzip: bool) -> Option<usize> {
    let mut stream = TcpStream::connect(address).ok()?;
    let packing = if gzip { "Accept-Encoding: gzip\r\n" } else { "" };
    let request = format!("GET /metrics HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n{packing}\r\n");
    stream.write_all(request.as_bytes()).ok()?;
    let mut buffer = vec![0; BUFFER];
    let mut read = 0;
    loop {
        match stream.read(&mut buffer).ok()? {
            0 => break,
            n if read == 0 && !buffer[..n].starts_with(b"HTTP/1.1 200") => return None,
            n => read += n,
        }
    }
    Some(read)
}

/// As [`scrape`], without the bytes ever coming into this process: for scrapers that would be on other machines, and take
/// no core of this one.
pub(super) fn scrape_afar(address: SocketAddr) -> Option<usize> {
    ask_afar(address, "/metrics")
}

/// As [`scrape_afar`], of any path.
pub(super) fn ask_afar(address: SocketAddr, path: &str) -> Option<usize> {
    let mut stream = TcpStream::connect(address).ok()?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n").ok()?;
    let mut begun = [0; 12];
    stream.read_exact(&mut begun).ok()?;
    if begun != *b"HTTP/1.1 200" {
        return None;
    }
    let mut read = begun.len();
    loop {
        // SAFETY: with this flag a TCP socket drops bytes and writes none (tcp(7)), so there need be no room for them.
        let dropped = unsafe { libc::recv(stream.as_raw_fd(), std::ptr::null_mut(), BUFFER, libc::MSG_TRUNC) };
        match usize::try_from(dropped).ok()? {
            0 => return Some(read),
            n => read += n,
        }
    }
}

/// A connection that is used again.
pub(super) struct Connection(TcpStream);

impl Connection {
    pub(super) fn open(address: SocketAddr) -> Option<Connection> {
        let stream = TcpStream::connect(address).ok()?;
        stream.set_nodelay(true).ok()?;
        Some(Connection(stream))
    }

    /// Asks `/health` once.
    pub(super) fn is_healthy(&mut self) -> bool {
        let mut buffer = [0; 1024];
        let asked = self.0.write_all(b"GET /health HTTP/1.1\r\nHost: bench\r\n\r\n").is_ok();
        // So few bytes come at once.
        asked && self.0.read(&mut buffer).is_ok_and(|n| buffer[..n].starts_with(b"HTTP/1.1 200"))
    }
}
