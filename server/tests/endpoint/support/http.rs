//! A client that sends what it is told and reads what comes, and knows no more of HTTP than the tests.

use super::PATIENCE;
use std::io::{Read, Write};
use std::net::TcpStream;
use tykmetrics_server::{Address, Running};

/// What came.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// True if the body has the end that its headers promise.
    pub(crate) is_whole: bool,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
        found.next().map(|(_, value)| value.as_str())
    }

    pub(crate) fn headers(&self, name: &str) -> Vec<&str> {
        let found = self.headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str()).collect()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Reads one answer out of all that came.
    pub(crate) fn read(bytes: &[u8]) -> Option<Reply> {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let mut lines = head.split("\r\n");
        let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
        let pair = |line: &str| line.split_once(':').map(|(name, value)| (name.to_owned(), value.trim().to_owned()));
        let headers: Vec<_> = lines.filter_map(pair).collect();
        let mut reply = Reply { status, headers, body: bytes[end + 4..].to_vec(), is_whole: true };
        if reply.header("transfer-encoding") == Some("chunked") {
            (reply.body, reply.is_whole) = unchunk(&reply.body);
        } else if let Some(length) = reply.header("content-length").and_then(|length| length.parse::<usize>().ok()) {
            reply.is_whole = reply.body.len() == length;
        }
        Some(reply)
    }
}

fn unchunk(mut bytes: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    loop {
        let Some(end) = bytes.windows(2).position(|window| window == b"\r\n") else { return (body, false) };
        let Ok(length) = usize::from_str_radix(&String::from_utf8_lossy(&bytes[..end]), 16) else {
            return (body, false);
        };
        let Some(chunk) = bytes.get(end + 2..end + 2 + length) else { return (body, false) };
        if length == 0 {
            return (body, true);
        }
        body.extend_from_slice(chunk);
        bytes = &bytes[(end + 4 + length).min(bytes.len())..];
    }
}

pub(crate) fn connect(running: &Running) -> TcpStream {
    let Address::Tcp(address) = running.address() else { panic!("no TCP") };
    let stream = TcpStream::connect(address).expect("the server accepts");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    stream
}

/// Everything until the other side closes.
pub(crate) fn read_all(stream: &mut impl Read) -> Vec<u8> {
    let mut all = Vec::new();
    let mut chunk = [0; 16 * 1024];
    loop {
        match stream.read(&mut chunk) {
            Ok(0) => return all,
            Ok(read) => all.extend_from_slice(&chunk[..read]),
            // Closed with bytes of ours unread.
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return all,
            Err(error) => panic!("{error} after {} bytes", all.len()),
        }
    }
}

/// Sends bytes as they are, and reads what comes until the server closes.
pub(crate) fn send(running: &Running, bytes: &[u8]) -> Vec<u8> {
    let mut stream = connect(running);
    // A server that refuses before it read all may have closed.
    let _ = stream.write_all(bytes);
    read_all(&mut stream)
}

/// A request that is complete.
pub(crate) fn request(method: &str, path: &str, headers: &[&str]) -> String {
    let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    format!("{method} {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n{headers}\r\n")
}

/// One request, one answer.
pub(crate) fn ask(running: &Running, method: &str, path: &str, headers: &[&str]) -> Reply {
    let came = send(running, request(method, path, headers).as_bytes());
    Reply::read(&came).unwrap_or_else(|| panic!("no answer: {:?}", String::from_utf8_lossy(&came)))
}

pub(crate) fn get(running: &Running, path: &str) -> Reply {
    ask(running, "GET", path, &[])
}
