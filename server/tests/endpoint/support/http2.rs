//! A client of HTTP/2 over TLS that gives answers as much room as it is told, and reads frames when it is told.

use super::PATIENCE;
use super::certificates::Authority;
use super::http::connect;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Instant;
use tykmetrics_server::Running;

/// Frames of RFC 9113 by their types.
pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const WINDOW_UPDATE: u8 = 8;

/// The flag of a stream's last frame.
pub(crate) const END_STREAM: u8 = 1;

pub(crate) struct Frame {
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) stream: u32,
    pub(crate) payload: Vec<u8>,
}

pub(crate) struct Http2 {
    wire: StreamOwned<ClientConnection, TcpStream>,
    next: u32,
}

impl Http2 {
    /// Connects; each answer's window has so many bytes.
    pub(crate) fn connect(running: &Running, authority: &Authority, window: u32) -> Http2 {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(&authority.file).expect("PEM")).expect("an authority");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let mut config = builder.expect("versions").with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec()];
        let name = ServerName::try_from("localhost").expect("a name");
        let tls = ClientConnection::new(Arc::new(config), name).expect("a client");
        let mut client = Http2 { wire: StreamOwned::new(tls, connect(running)), next: 1 };
        client.wire.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").expect("sent");
        // SETTINGS_INITIAL_WINDOW_SIZE.
        let setting = [&[0, 4], &window.to_be_bytes()[..]].concat();
        client.send(SETTINGS, 0, 0, &setting).expect("sent");
        client
    }

    fn send(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) -> io::Result<()> {
        let mut frame = (payload.len() as u32).to_be_bytes()[1..].to_vec();
        frame.extend([kind, flags]);
        frame.extend(stream.to_be_bytes());
        frame.extend(payload);
        self.wire.write_all(&frame)
    }

    /// Sends a request without a body; gives its stream.
    pub(crate) fn ask(&mut self, method: &str, path: &str) -> io::Result<u32> {
        let stream = self.next;
        self.next += 2;
        // Fields of HPACK as they are: names from its table (and `https`), values as text.
        let mut fields = vec![0x87];
        for (name, value) in [(1, "localhost"), (2, method), (4, path)] {
            fields.extend([name, value.len() as u8]);
            fields.extend(value.bytes());
        }
        // END_HEADERS and END_STREAM.
        self.send(HEADERS, 5, stream, &fields)?;
        Ok(stream)
    }

    /// Gives an answer more room.
    pub(crate) fn give(&mut self, stream: u32, bytes: u32) {
        self.send(WINDOW_UPDATE, 0, stream, &bytes.to_be_bytes()).expect("sent");
    }

    pub(crate) fn read(&mut self) -> Frame {
        let mut head = [0; 9];
        self.wire.read_exact(&mut head).expect("a frame");
        let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
        self.wire.read_exact(&mut payload).expect("all of it");
        let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
        Frame { kind: head[3], flags: head[4], stream, payload }
    }

    /// Reads on until a frame is what `is_it` wants.
    pub(crate) fn read_until(&mut self, is_it: impl Fn(&Frame) -> bool) -> Frame {
        let begun = Instant::now();
        loop {
            assert!(begun.elapsed() < PATIENCE, "no such frame");
            let frame = self.read();
            if is_it(&frame) {
                return frame;
            }
        }
    }
}
