//! `tyk_exposition`: which bytes are wanted, and what a client asks for.

use crate::bytes::tyk_bytes;
use crate::error::tyk_error;
use crate::{guard, handle};
use engine::render::Histograms;
use engine::{Encoding, Error, ErrorCode, Escaping, Exposition, Format, Result, negotiate};
use std::ffi::c_char;

/// The escaping that the format has by default.
pub const TYK_ESCAPING_DEFAULT: u32 = 0;
/// Names that are not of the classic kind are kept, between quotes.
pub const TYK_ESCAPING_ALLOW_UTF8: u32 = 1;
/// Every other character becomes an underscore.
pub const TYK_ESCAPING_UNDERSCORES: u32 = 2;
/// Dots become _dot_, underscores and all others two underscores.
pub const TYK_ESCAPING_DOTS: u32 = 3;
/// Other characters become their code point.
pub const TYK_ESCAPING_VALUES: u32 = 4;

/// Not packed.
pub const TYK_ENCODING_IDENTITY: u32 = 0;
/// Packed with gzip.
pub const TYK_ENCODING_GZIP: u32 = 1;
/// Packed with Zstandard.
pub const TYK_ENCODING_ZSTD: u32 = 2;

/// Both kinds of buckets, and the reader takes what it understands.
pub const TYK_HISTOGRAMS_BOTH: u32 = 0;
/// Buckets with the bounds the user chose.
pub const TYK_HISTOGRAMS_CLASSIC: u32 = 1;
/// Native buckets; the classic ones where there are none.
pub const TYK_HISTOGRAMS_NATIVE: u32 = 2;

/// Which bytes are wanted. All zero is plain text.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tyk_exposition {
    /// One of TYK_FORMAT_….
    pub format: u32,
    /// One of TYK_ESCAPING_….
    pub escaping: u32,
    /// One of TYK_ENCODING_….
    pub encoding: u32,
    /// One of TYK_HISTOGRAMS_…, where a format can show both kinds of buckets.
    pub histograms: u32,
    /// Adds _created series to the text formats.
    pub created: bool,
    /// Shows families that have no series.
    pub empty_families: bool,
    /// Native histograms are at most as fine as native_schema; else as fine as they can be.
    pub native_limited: bool,
    /// Zero.
    pub reserved: bool,
    /// The finest native schema, if native_limited.
    pub native_schema: i32,
    /// How many native buckets may be shown before they get coarser; 0 for 160.
    pub native_buckets: u64,
}

fn unknown(what: &str, value: u32) -> Error {
    Error::new(ErrorCode::InvalidOption, format!("exposition->{what} is {value}, which is not known; see the header"))
}

impl tyk_exposition {
    pub(crate) fn new(exposition: Exposition, encoding: Encoding) -> tyk_exposition {
        let format = Format::ALL.iter().position(|format| *format == exposition.format);
        tyk_exposition {
            format: format.unwrap_or(0) as u32,
            escaping: match exposition.escaping {
                Escaping::AllowUtf8 => TYK_ESCAPING_ALLOW_UTF8,
                Escaping::Underscores => TYK_ESCAPING_UNDERSCORES,
                Escaping::Dots => TYK_ESCAPING_DOTS,
                Escaping::Values => TYK_ESCAPING_VALUES,
                _ => TYK_ESCAPING_DEFAULT,
            },
            encoding: match encoding {
                Encoding::Gzip => TYK_ENCODING_GZIP,
                Encoding::Zstd => TYK_ENCODING_ZSTD,
                _ => TYK_ENCODING_IDENTITY,
            },
            histograms: match exposition.histograms {
                Histograms::Classic => TYK_HISTOGRAMS_CLASSIC,
                Histograms::Native => TYK_HISTOGRAMS_NATIVE,
                _ => TYK_HISTOGRAMS_BOTH,
            },
            created: exposition.created,
            empty_families: exposition.empty_families,
            native_limited: exposition.native_schema.is_some(),
            reserved: false,
            native_schema: exposition.native_schema.unwrap_or(0),
            native_buckets: exposition.native_buckets as u64,
        }
    }

    /// The engine's words for it.
    pub(crate) fn read(&self) -> Result<(Exposition, Encoding)> {
        let format = *Format::ALL.get(self.format as usize).ok_or_else(|| unknown("format", self.format))?;
        let mut exposition = Exposition::from(format);
        exposition.escaping = match self.escaping {
            TYK_ESCAPING_DEFAULT => exposition.escaping,
            TYK_ESCAPING_ALLOW_UTF8 => Escaping::AllowUtf8,
            TYK_ESCAPING_UNDERSCORES => Escaping::Underscores,
            TYK_ESCAPING_DOTS => Escaping::Dots,
            TYK_ESCAPING_VALUES => Escaping::Values,
            other => return Err(unknown("escaping", other)),
        };
        exposition.histograms = match self.histograms {
            TYK_HISTOGRAMS_BOTH => Histograms::Both,
            TYK_HISTOGRAMS_CLASSIC => Histograms::Classic,
            TYK_HISTOGRAMS_NATIVE => Histograms::Native,
            other => return Err(unknown("histograms", other)),
        };
        (exposition.created, exposition.empty_families) = (self.created, self.empty_families);
        exposition.native_schema = self.native_limited.then_some(self.native_schema);
        if self.native_buckets > 0 {
            exposition.native_buckets = usize::try_from(self.native_buckets).unwrap_or(usize::MAX);
        }
        let encoding = match self.encoding {
            TYK_ENCODING_IDENTITY => Encoding::Identity,
            TYK_ENCODING_GZIP => Encoding::Gzip,
            TYK_ENCODING_ZSTD => Encoding::Zstd,
            other => return Err(unknown("encoding", other)),
        };
        Ok((exposition, encoding))
    }
}

/// What is wanted, text by default.
///
/// # Safety
/// The rules of the header.
pub(crate) unsafe fn wanted(exposition: *const tyk_exposition) -> Result<(Exposition, Encoding)> {
    // SAFETY: passed on to the caller.
    match unsafe { handle::optional(exposition) } {
        Some(exposition) => exposition.read(),
        None => Ok((Exposition::default(), Encoding::Identity)),
    }
}

/// The exposition of a format by name: "text", "text1", "openmetrics", "openmetrics0", "openmetrics2", "protobuf",
/// "protobuf-text", "protobuf-compact", "json".
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_exposition_of(format: *const c_char, out: *mut tyk_exposition) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        let (format, out) = unsafe { (handle::text(format, "format")?, handle::place(out, "out")?) };
        out.write(tyk_exposition::new(Format::from_name(format)?.into(), Encoding::Identity));
        Ok(())
    })
}

/// What a client asks for: the values of its headers Accept and Accept-Encoding, each NULL if there is none. What is not
/// understood does not count; at the worst it is plain text.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_negotiate(
    accept: *const c_char,
    accept_encoding: *const c_char,
    out: *mut tyk_exposition,
) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        let out = unsafe { handle::place(out, "out") }?;
        // A header is whatever the client sent: what is not UTF-8 is not understood, and that is no error.
        // SAFETY: the rules of the header.
        let (accept, accept_encoding) = unsafe {
            (
                handle::optional_text(accept, "accept").ok().flatten().unwrap_or_default(),
                handle::optional_text(accept_encoding, "accept_encoding").ok().flatten().unwrap_or_default(),
            )
        };
        out.write(tyk_exposition::new(negotiate(accept), Encoding::negotiate(accept_encoding)));
        Ok(())
    })
}

/// The value of the header Content-Type for an exposition; NULL is plain text. It does not end in NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_exposition_content_type(
    exposition: *const tyk_exposition,
    out: *mut tyk_bytes,
) -> *mut tyk_error {
    guard::run(|| {
        // SAFETY: the rules of the header.
        let (wanted, out) = unsafe { (wanted(exposition)?, handle::given_mut(out, "out")?) };
        out.fill(|bytes| {
            bytes.extend_from_slice(wanted.0.content_type().as_bytes());
            Ok(())
        })
    })
}

/// The value of the header Content-Encoding for an exposition; NULL if it is not packed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_exposition_content_encoding(exposition: *const tyk_exposition) -> *const c_char {
    guard::or(std::ptr::null(), || {
        // SAFETY: the rules of the header.
        match unsafe { handle::optional(exposition) }.map(|exposition| exposition.encoding) {
            Some(TYK_ENCODING_GZIP) => c"gzip".as_ptr(),
            Some(TYK_ENCODING_ZSTD) => c"zstd".as_ptr(),
            _ => std::ptr::null(),
        }
    })
}
