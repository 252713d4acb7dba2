//! Packing a body while it is rendered.
//!
//! A [`Compressor`] stands between a renderer and a sink: it is given chunks and gives out packed ones. A scrape is read
//! once and thrown away, so both codecs run at the level where more time stops paying. Nothing is kept but what the codec needs.

use super::encoding::Encoding;
use crate::error::{Error, ErrorCode};

/// Packs chunks and gives them to a sink.
///
/// ```
/// use tykmetrics::render::Compressor;
/// use tykmetrics::{Encoding, Registry, negotiate};
///
/// # let registry = Registry::new();
/// # registry.gauge("up", "").register()?.set(1.0);
/// // What the client sent.
/// let (accept, accept_encoding) = ("text/plain", "gzip, identity;q=0.5");
/// let exposition = negotiate(accept);
/// let encoding = Encoding::negotiate(accept_encoding);
///
/// let mut socket: Vec<u8> = Vec::new(); // anything that implements `Write`
/// let mut packer = Compressor::new(encoding, |chunk: &[u8]| std::io::Write::write_all(&mut socket, chunk))?;
/// registry.render_to(exposition, |chunk| packer.write(chunk))?;
/// packer.finish()?;
/// assert_eq!(exposition.content_type(), "text/plain; version=0.0.4; charset=utf-8; escaping=underscores");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Compressor<F> {
    codec: Codec,
    sink: F,
}

enum Codec {
    Identity,
    #[cfg(feature = "gzip")]
    Gzip(Box<flate2::write::GzEncoder<Vec<u8>>>),
    #[cfg(feature = "zstd")]
    Zstd(Box<zstd::stream::write::Encoder<'static, Vec<u8>>>),
}

/// Packed bytes are given out once there are this many: a few packets, not a system call for each.
#[cfg(any(feature = "gzip", feature = "zstd"))]
const CHUNK: usize = 16 * 1024;

/// The quickest level that packs metrics well: level 1 of zlib-rs packs them less and is no faster.
#[cfg(feature = "gzip")]
const GZIP_LEVEL: u32 = 2;

/// The quickest level; higher ones pack metrics little better and take longer.
#[cfg(feature = "zstd")]
const ZSTD_LEVEL: i32 = 1;

impl<F> std::fmt::Debug for Compressor<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let encoding = match self.codec {
            Codec::Identity => Encoding::Identity,
            #[cfg(feature = "gzip")]
            Codec::Gzip(_) => Encoding::Gzip,
            #[cfg(feature = "zstd")]
            Codec::Zstd(_) => Encoding::Zstd,
        };
        f.debug_struct("Compressor").field("encoding", &encoding).finish_non_exhaustive()
    }
}

impl<F, E> Compressor<F>
where
    F: FnMut(&[u8]) -> Result<(), E>,
    E: From<Error>,
{
    /// A compressor in front of `sink`.
    ///
    /// # Errors
    /// [`ErrorCode::InvalidOption`] if this build does not have the encoding, [`ErrorCode::Platform`] if there is no
    /// memory for it.
    pub fn new(encoding: Encoding, sink: F) -> Result<Self, E> {
        let codec = match encoding {
            Encoding::Identity => Codec::Identity,
            #[cfg(feature = "gzip")]
            Encoding::Gzip => {
                let level = flate2::Compression::new(GZIP_LEVEL);
                Codec::Gzip(Box::new(flate2::write::GzEncoder::new(Vec::new(), level)))
            }

            #[cfg(feature = "zstd")]
            Encoding::Zstd => {
                let encoder = zstd::stream::write::Encoder::new(Vec::new(), ZSTD_LEVEL).map_err(|e| failed(&e))?;
                Codec::Zstd(Box::new(encoder))
            }
            #[cfg(not(all(feature = "gzip", feature = "zstd")))]
            _ => {
                let name = encoding.as_str();
                let message = format!("encoding {name} is not in this build; enable the Cargo feature {name}");
                return Err(Error::new(ErrorCode::InvalidOption, message).into());
            }
        };
        Ok(Compressor { codec, sink })
    }

    /// Packs a chunk.
    ///
    /// # Errors
    /// Those of the sink, and [`ErrorCode::Platform`] if the codec fails. After an error the body cannot be completed.
    pub fn write(&mut self, chunk: &[u8]) -> Result<(), E> {
        match &mut self.codec {
            Codec::Identity => (self.sink)(chunk),
            #[cfg(feature = "gzip")]
            Codec::Gzip(encoder) => {
                std::io::Write::write_all(encoder.as_mut(), chunk).map_err(|e| failed(&e))?;
                give(encoder.get_mut(), &mut self.sink)
            }
            #[cfg(feature = "zstd")]
            Codec::Zstd(encoder) => {
                std::io::Write::write_all(encoder.as_mut(), chunk).map_err(|e| failed(&e))?;
                give(encoder.get_mut(), &mut self.sink)
            }
        }
    }

    /// Ends the body.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub fn finish(mut self) -> Result<(), E> {
        let rest = match self.codec {
            Codec::Identity => Vec::new(),
            #[cfg(feature = "gzip")]
            Codec::Gzip(encoder) => encoder.finish().map_err(|e| failed(&e))?,
            #[cfg(feature = "zstd")]
            Codec::Zstd(encoder) => encoder.finish().map_err(|e| failed(&e))?,
        };
        if !rest.is_empty() {
            (self.sink)(&rest)?;
        }
        Ok(())
    }
}

#[cfg(any(feature = "gzip", feature = "zstd"))]
fn give<E>(packed: &mut Vec<u8>, sink: &mut impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
    if packed.len() >= CHUNK {
        sink(packed)?;
        packed.clear();
    }
    Ok(())
}

#[cfg(any(feature = "gzip", feature = "zstd"))]
fn failed(error: &std::io::Error) -> Error {
    Error::new(ErrorCode::Platform, format!("the compressor failed: {error}; ask for identity instead"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pack(encoding: Encoding, chunks: &[Vec<u8>]) -> Vec<Vec<u8>> {
        let mut given = Vec::new();
        let sink = |chunk: &[u8]| {
            given.push(chunk.to_vec());
            Ok::<(), Error>(())
        };
        let mut compressor = Compressor::new(encoding, sink).unwrap();
        for chunk in chunks {
            compressor.write(chunk).unwrap();
        }
        compressor.finish().unwrap();
        given
    }

    fn chunks() -> Vec<Vec<u8>> {
        let chunk = |i: usize| (0..2000).map(|j| format!("metric{{a=\"{i}-{j}\"}} {}\n", i * j)).collect::<String>();
        (0..20).map(|i| chunk(i).into_bytes()).collect()
    }

    #[test]
    fn identity_passes_on_what_it_is_given() {
        assert_eq!(pack(Encoding::Identity, &chunks()), chunks());
    }

    #[cfg(feature = "gzip")]
    #[test]
    fn gzip_is_unpacked_to_the_same() {
        let packed = pack(Encoding::Gzip, &chunks());
        assert!(packed.len() > 2, "nothing is given out before the end");
        let mut unpacked = Vec::new();
        let packed = packed.concat();
        std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(packed.as_slice()), &mut unpacked).unwrap();
        assert!(unpacked == chunks().concat() && packed.len() < unpacked.len() / 4);
    }

    #[cfg(feature = "zstd")]
    #[test]
    fn zstd_is_unpacked_to_the_same() {
        let packed = pack(Encoding::Zstd, &chunks());
        assert!(packed.len() > 2, "nothing is given out before the end");
        let packed = packed.concat();
        let unpacked = zstd::stream::decode_all(packed.as_slice()).unwrap();
        assert!(unpacked == chunks().concat() && packed.len() < unpacked.len() / 4);
    }

    #[test]
    fn an_empty_body_can_be_packed() {
        for encoding in [Encoding::Identity, Encoding::Gzip, Encoding::Zstd] {
            if encoding.is_available() {
                assert_eq!(pack(encoding, &[]).is_empty(), encoding == Encoding::Identity);
            }
        }
    }

    #[test]
    fn an_error_of_the_sink_is_passed_on() {
        let refuse = |_: &[u8]| Err(Error::new(ErrorCode::Sink, "closed"));
        for encoding in [Encoding::Identity, Encoding::Gzip, Encoding::Zstd] {
            if encoding.is_available() {
                let mut compressor = Compressor::new(encoding, refuse).unwrap();
                let written = compressor.write(b"text");
                let error = written.and_then(|()| compressor.finish()).unwrap_err();
                assert_eq!(error.code(), ErrorCode::Sink);
            }
        }
    }

    #[cfg(not(feature = "zstd"))]
    #[test]
    fn an_encoding_that_is_not_built_in_is_refused() {
        let error = Compressor::new(Encoding::Zstd, |_: &[u8]| Ok::<(), Error>(())).unwrap_err();
        assert!(error.code() == ErrorCode::InvalidOption && error.message().contains("zstd"));
    }
}
