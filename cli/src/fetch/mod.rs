//! Getting an input: a URL over HTTP, a file, or standard input, bounded in size and, over HTTP, in time.
//!
//! The client is hyper's, which the server links anyway, on a runtime of the calling thread (`client`); `tls` has who is trusted. A
//! client crate would bring its own pool, cookies and proxies, none of which a scrape wants. It follows a few redirects
//! within one origin and speaks HTTP/1.1, over Unix sockets too (`unix:/run/metrics.sock:/metrics`).

mod client;
mod tls;
mod url;

pub(crate) use client::Client;
pub(crate) use url::Url;

use crate::args::Http;
use crate::read::Format;
use std::io::Read;

/// What was had.
#[derive(Debug)]
pub(crate) struct Input {
    pub(crate) bytes: Vec<u8>,
    /// What a server says it is.
    pub(crate) content_type: Option<String>,
}

impl Input {
    /// The format of an input of this name, as it says itself, else by its name, else by its looks.
    ///
    /// # Errors
    /// A sentence, if it says that it is of one that is not read.
    pub(crate) fn format(&self, name: &str) -> Result<Format, String> {
        let served = self.content_type.as_deref().map_or(Ok(None), Format::of_content_type)?;
        let named = if self.content_type.is_none() { Format::of_name(name.as_ref()) } else { None };
        Ok(served.or(named).unwrap_or_else(|| Format::of_bytes(&self.bytes)))
    }
}

/// What a check asks for: the format that tells most, and then what anybody has.
const ACCEPT: &str = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.8,\
                      text/plain;version=0.0.4;q=0.6,*/*;q=0.1";

/// The input of this name.
///
/// # Errors
/// A sentence that says why it cannot be had.
pub(crate) fn input(name: &str, http: &Http) -> Result<Input, String> {
    if Url::is_one(name) {
        let url = Url::parse(name)?;
        return Client::new(http, &url)?.get(ACCEPT);
    }
    let bytes = match name {
        "-" => bounded(std::io::stdin().lock(), http.max_size).map_err(|why| format!("standard input {why}"))?,
        path => {
            let file = std::fs::File::open(path).map_err(|error| format!("{path} cannot be read: {error}"))?;
            bounded(file, http.max_size).map_err(|why| format!("{path} {why}"))?
        }
    };
    Ok(Input { bytes: unpacked(bytes, http.max_size).map_err(|why| format!("{name} {why}"))?, content_type: None })
}

fn too_large(size: usize) -> String {
    format!("has more than {size} bytes: --max-size allows more")
}

/// Reads no more than so many bytes.
fn bounded(from: impl Read, size: usize) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    match from.take(size as u64 + 1).read_to_end(&mut bytes) {
        Err(error) => Err(format!("cannot be read: {error}")),
        Ok(_) if bytes.len() > size => Err(too_large(size)),
        Ok(_) => Ok(bytes),
    }
}

/// The first bytes of what gzip made. No exposition begins so.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// The same, unpacked if it is packed.
fn unpacked(bytes: Vec<u8>, size: usize) -> Result<Vec<u8>, String> {
    match bytes.starts_with(&GZIP) {
        true => bounded(flate2::read::MultiGzDecoder::new(&bytes[..]), size),
        false => Ok(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn what_unpacks_to_more_than_allowed_is_refused() {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        packed.write_all(&[b'a'; 100_000]).unwrap();
        let packed = packed.finish().unwrap();
        assert_eq!(unpacked(packed.clone(), 100_000).unwrap().len(), 100_000);
        assert!(unpacked(packed.clone(), 99_999).unwrap_err().contains("--max-size"));
        assert!(unpacked(packed[..50].to_vec(), 100_000).is_err());
        assert!(bounded(&b"abc"[..], 2).is_err());
    }
}
