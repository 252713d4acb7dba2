//! Serves `/metrics` over a plain socket, as a client asks for it: format by `Accept`, gzip or zstd by `Accept-Encoding`.
//!
//! `cargo run --example serve`, then `curl --compressed http://127.0.0.1:9090/metrics`. With `--requests N` it ends after
//! so many. Not for the open internet: it reads one small request at a time and trusts its clients.

use std::io::{BufRead, BufReader, Read, Result, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;
use tykmetrics::render::Compressor;
use tykmetrics::{Encoding, EngineCollector, ProcessCollector, Registry, negotiate};

/// The longest request head that is read.
const HEAD: u64 = 16 * 1024;

fn answer(registry: &Registry, mut socket: TcpStream) -> Result<()> {
    socket.set_read_timeout(Some(Duration::from_secs(5)))?;
    let (mut accept, mut accept_encoding) = (String::new(), String::new());
    for line in BufReader::new(socket.try_clone()?.take(HEAD)).lines() {
        let line = line?;
        let Some((name, value)) = line.split_once(':') else {
            // The request line goes by; the empty line ends the head.
            if line.is_empty() { break } else { continue }
        };
        match name.to_ascii_lowercase().as_str() {
            "accept" => accept = value.trim().to_owned(),
            "accept-encoding" => accept_encoding = value.trim().to_owned(),
            _ => {}
        }
    }
    let exposition = negotiate(&accept);
    let encoding = Encoding::negotiate(&accept_encoding);
    write!(socket, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: {}\r\n", exposition.content_type())?;
    if let Some(name) = encoding.content_encoding() {
        write!(socket, "Content-Encoding: {name}\r\n")?;
    }
    socket.write_all(b"\r\n")?;
    let mut packer = Compressor::new(encoding, |chunk: &[u8]| socket.write_all(chunk))?;
    registry.render_to(exposition, |chunk| packer.write(chunk))?;
    packer.finish()
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let requests = match arguments.iter().position(|a| a == "--requests").and_then(|at| arguments.get(at + 1)) {
        Some(number) => number.parse().map_err(std::io::Error::other)?,
        None => usize::MAX,
    };
    let registry = Registry::global();
    registry.register_collector(ProcessCollector::new());
    registry.register_collector(EngineCollector::new(registry));
    let scrapes = registry.counter("scrapes_total", "Scrapes answered").register()?;
    let listener = TcpListener::bind("127.0.0.1:9090").or_else(|_| TcpListener::bind("127.0.0.1:0"))?;
    println!("http://{}/metrics", listener.local_addr()?);
    for socket in listener.incoming().take(requests) {
        scrapes.inc();
        // A client that goes away is no reason to end.
        if let Err(error) = answer(registry, socket?) {
            eprintln!("scrape: {error}");
        }
    }
    Ok(())
}
