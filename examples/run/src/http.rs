//! A client of HTTP/1.1: one connection that is kept, one request at a time, everything bounded.
//!
//! `load` sends by it and `compare` scrapes by it. Promised: an answer is whole, or an error says why it is not; nothing takes
//! longer than the client's patience per read. Absent: TLS, redirects, compression, retries: a request that is sent twice would be
//! counted twice.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// The longest line of a head, and the most lines, above what any server here sends.
const LINE: u64 = 16 * 1024;
const LINES: usize = 100;
/// The longest body: far above any exposition of these gateways.
const BODY: u64 = 64 << 20;

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

/// A connection to a server.
pub(crate) struct Client {
    address: SocketAddr,
    patience: Duration,
    stream: Option<BufReader<TcpStream>>,
}

impl Client {
    /// A client that waits so long for a connection, and again for each part of an answer.
    pub(crate) fn new(address: SocketAddr, patience: Duration) -> Client {
        Client { address, patience, stream: None }
    }

    /// Closes its connection, if it has one.
    pub(crate) fn close(&mut self) {
        self.stream = None;
    }

    /// Sends a request and reads its answer, connecting first where there is no connection.
    pub(crate) fn ask(&mut self, method: &str, target: &str, body: Option<&str>) -> io::Result<Answer> {
        let answer = self.exchange(method, target, body);
        if answer.is_err() {
            self.stream = None;
        }
        answer
    }

    fn exchange(&mut self, method: &str, target: &str, body: Option<&str>) -> io::Result<Answer> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => connect(self.address, self.patience)?,
        };
        let mut request = format!("{method} {target} HTTP/1.1\r\nHost: {}\r\nAccept: text/plain\r\n", self.address);
        if let Some(body) = body {
            request
                .push_str(&format!("Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len()));
        } else {
            request.push_str("\r\n");
        }
        stream.get_mut().write_all(request.as_bytes())?;
        let (answer, keeps) = read(&mut stream)?;
        self.stream = keeps.then_some(stream);
        Ok(answer)
    }
}

fn connect(address: SocketAddr, patience: Duration) -> io::Result<BufReader<TcpStream>> {
    let stream = TcpStream::connect_timeout(&address, patience)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(patience))?;
    stream.set_write_timeout(Some(patience))?;
    Ok(BufReader::new(stream))
}

/// Reads an answer, and whether the connection may be used again.
fn read(stream: &mut impl BufRead) -> io::Result<(Answer, bool)> {
    let first = line(stream)?;
    let status = first.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok());
    let status = status.ok_or_else(|| bad(format!("{first:?} is no status line of HTTP/1.1")))?;
    let (mut length, mut chunked, mut keeps) = (None, false, true);
    for _ in 0..LINES {
        let line = line(stream)?;
        if line.is_empty() {
            let body = match (chunked, length) {
                (true, _) => chunks(stream)?,
                (false, Some(length)) => exactly(stream, length)?,
                (false, None) => {
                    return Err(bad("an answer says neither its length nor that it is chunked".to_owned()));
                }
            };
            return Ok((Answer { status, body }, keeps));
        }
        let (name, value) = line.split_once(':').ok_or_else(|| bad(format!("{line:?} is no header")))?;
        let value = value.trim();
        match name.to_ascii_lowercase().as_str() {
            "content-length" => {
                length = Some(value.parse().map_err(|_| bad(format!("a length of {value:?}")))?);
            }
            "transfer-encoding" => chunked = value.eq_ignore_ascii_case("chunked"),
            "connection" => keeps = !value.eq_ignore_ascii_case("close"),
            _ => {}
        }
    }
    Err(bad(format!("a head of more than {LINES} lines")))
}

fn chunks(stream: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = line(stream)?;
        let size = line.split(';').next().unwrap_or_default().trim();
        let size = u64::from_str_radix(size, 16).map_err(|_| bad(format!("a chunk of size {size:?}")))?;
        if size + body.len() as u64 > BODY {
            return Err(bad(format!("a body of more than {BODY} bytes")));
        }
        if size == 0 {
            // Trailers, which nobody here sends, end with an empty line as well.
            while !self::line(stream)?.is_empty() {}
            return Ok(body);
        }
        body.extend(exactly(stream, size)?);
        self::line(stream)?;
    }
}

fn exactly(stream: &mut impl BufRead, length: u64) -> io::Result<Vec<u8>> {
    if length > BODY {
        return Err(bad(format!("a body of more than {BODY} bytes")));
    }
    let mut body = Vec::new();
    stream.take(length).read_to_end(&mut body)?;
    if (body.len() as u64) < length {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the connection ended within an answer"));
    }
    Ok(body)
}

/// A line without its end.
fn line(stream: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    stream.take(LINE).read_line(&mut line)?;
    match line.strip_suffix('\n') {
        Some(line) => Ok(line.trim_end_matches('\r').to_owned()),
        None if line.is_empty() => {
            Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the connection ended before an answer"))
        }
        None => Err(bad(format!("a line of a head without an end within {LINE} bytes"))),
    }
}

fn bad(message: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(text: &str) -> Result<(u16, String, bool), String> {
        let read = read(&mut text.as_bytes()).map_err(|error| error.to_string())?;
        Ok((read.0.status, String::from_utf8(read.0.body).expect("text"), read.1))
    }

    #[test]
    fn answers_are_read_by_length_and_by_chunks() {
        let whole = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
        assert_eq!(answer(whole), Ok((200, "hello".to_owned(), true)));
        let parts = "HTTP/1.1 429 Too Many Requests\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n\
                     3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\n\r\n";
        assert_eq!(answer(parts), Ok((429, "hello".to_owned(), false)));
    }

    #[test]
    fn an_answer_that_is_not_whole_is_an_error() {
        for (text, expected) in [
            ("", "ended before an answer"),
            ("SSH-2.0\r\n", "no status line"),
            ("HTTP/1.1 200 OK\r\n", "ended before an answer"),
            ("HTTP/1.1 200 OK\r\n\r\n", "neither its length"),
            ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", "ended within an answer"),
            ("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", "more than"),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", "ended within an answer"),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffff\r\n", "more than"),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", "a chunk of size"),
        ] {
            let error = answer(text).expect_err(text);
            assert!(error.contains(expected), "{text:?}: {error}");
        }
    }
}
