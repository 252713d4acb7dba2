//! What can go wrong on the cold path, with one stable code each.
//!
//! Every door (C, Go, Python, Node) maps these codes to its own kind of error, so the numbers
//! live here and nowhere else. They are never reused. The record path has no errors at all.

use std::fmt;

/// A stable number for a kind of failure. The numbers are part of every door's surface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u32)]
#[non_exhaustive]
pub enum ErrorCode {
    /// A metric name that is empty or not allowed by the registry's name rule.
    InvalidName = 1,
    /// A label name that is empty, reserved, repeated or not allowed by the name rule.
    InvalidLabel = 2,
    /// A bucket list that is empty, unsorted, repeated or not finite.
    InvalidBuckets = 3,
    /// An option whose value is out of its range.
    InvalidOption = 4,
    /// The name is taken by a family of another kind, labels or shape.
    Conflict = 5,
    /// The number of label values is not the number of label names.
    LabelCount = 6,
    /// A label value or a state that does not exist.
    NotFound = 7,
    /// An exemplar with too much text, or with an invalid label.
    InvalidExemplar = 8,
    /// A text (an `Accept` header, a format name) that cannot be read.
    InvalidText = 9,
    /// The sink of a streamed render refused the bytes.
    Sink = 10,
    /// The platform refused something the cold path needed (memory, a file under `/proc`).
    Platform = 11,
    /// A pointer that must not be NULL is NULL. Only doors with pointers have this one.
    NullPointer = 12,
    /// The engine or the host's own code panicked inside a call; nothing was changed by halves. Only doors that keep
    /// panics from the host have this one.
    Panic = 13,
    /// The caller was built against another layout than the library has. Only doors with a binary interface have this
    /// one.
    Abi = 14,
    /// A server that its configuration says not to start.
    Disabled = 15,
    /// A setting of a server that nobody knows, or whose value no server can have.
    InvalidConfig = 16,
    /// A server's host name or address that is none.
    InvalidAddress = 17,
    /// Somebody listens already where a server should.
    AddressInUse = 18,
    /// A server's address that is not of this machine.
    AddressNotAvailable = 19,
    /// The process may not listen where a server should.
    PermissionDenied = 20,
    /// TLS is required of a server that has no certificate.
    TlsRequired = 21,
    /// A file that a server needs and that cannot be read.
    Unreadable = 22,
    /// A file that is no certificate, or no key.
    InvalidCertificate = 23,
    /// A certificate that is not valid any more, or not yet.
    CertificateExpired = 24,
    /// A key that is not its certificate's.
    KeyMismatch = 25,
    /// Something that the library was built without. Only doors whose parts can be left out have this one.
    Unsupported = 26,
}

impl ErrorCode {
    /// Every code, in the order of its number.
    pub const ALL: [ErrorCode; 26] = [
        ErrorCode::InvalidName,
        ErrorCode::InvalidLabel,
        ErrorCode::InvalidBuckets,
        ErrorCode::InvalidOption,
        ErrorCode::Conflict,
        ErrorCode::LabelCount,
        ErrorCode::NotFound,
        ErrorCode::InvalidExemplar,
        ErrorCode::InvalidText,
        ErrorCode::Sink,
        ErrorCode::Platform,
        ErrorCode::NullPointer,
        ErrorCode::Panic,
        ErrorCode::Abi,
        ErrorCode::Disabled,
        ErrorCode::InvalidConfig,
        ErrorCode::InvalidAddress,
        ErrorCode::AddressInUse,
        ErrorCode::AddressNotAvailable,
        ErrorCode::PermissionDenied,
        ErrorCode::TlsRequired,
        ErrorCode::Unreadable,
        ErrorCode::InvalidCertificate,
        ErrorCode::CertificateExpired,
        ErrorCode::KeyMismatch,
        ErrorCode::Unsupported,
    ];

    /// The name other languages show: `invalid_name`, `conflict`, …
    pub const fn as_str(self) -> &'static str {
        match self {
            ErrorCode::InvalidName => "invalid_name",
            ErrorCode::InvalidLabel => "invalid_label",
            ErrorCode::InvalidBuckets => "invalid_buckets",
            ErrorCode::InvalidOption => "invalid_option",
            ErrorCode::Conflict => "conflict",
            ErrorCode::LabelCount => "label_count",
            ErrorCode::NotFound => "not_found",
            ErrorCode::InvalidExemplar => "invalid_exemplar",
            ErrorCode::InvalidText => "invalid_text",
            ErrorCode::Sink => "sink",
            ErrorCode::Platform => "platform",
            ErrorCode::NullPointer => "null_pointer",
            ErrorCode::Panic => "panic",
            ErrorCode::Abi => "abi",
            ErrorCode::Disabled => "disabled",
            ErrorCode::InvalidConfig => "invalid_config",
            ErrorCode::InvalidAddress => "invalid_address",
            ErrorCode::AddressInUse => "address_in_use",
            ErrorCode::AddressNotAvailable => "address_not_available",
            ErrorCode::PermissionDenied => "permission_denied",
            ErrorCode::TlsRequired => "tls_required",
            ErrorCode::Unreadable => "unreadable",
            ErrorCode::InvalidCertificate => "invalid_certificate",
            ErrorCode::CertificateExpired => "certificate_expired",
            ErrorCode::KeyMismatch => "key_mismatch",
            ErrorCode::Unsupported => "unsupported",
        }
    }
}

/// A failure of the cold path: a code, and a sentence that names the metric, the rule and the way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    code: ErrorCode,
    message: String,
}

impl Error {
    /// An error with `code` that says `message`.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Error { code, message: message.into() }
    }

    /// The stable code.
    pub fn code(&self) -> ErrorCode {
        self.code
    }

    /// The sentence, as [`Display`](fmt::Display) shows it.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

impl From<Error> for std::io::Error {
    fn from(error: Error) -> Self {
        std::io::Error::other(error)
    }
}

/// A result of the cold path.
pub type Result<T, E = Error> = std::result::Result<T, E>;
