//! Why a server does not start: a code for programs, a message for people.

use crate::config::ConfigError;
use std::fmt;
use tykmetrics::ErrorCode;

/// What was wrong. Codes are never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StartErrorCode {
    /// The configuration says not to serve.
    Disabled = 1,
    /// A value that no server can have.
    InvalidConfig = 2,
    /// The host name or address is not one.
    InvalidAddress = 3,
    /// Somebody listens there already.
    AddressInUse = 4,
    /// The address is not of this machine.
    AddressNotAvailable = 5,
    /// The process may not listen there.
    PermissionDenied = 6,
    /// TLS is required, and there is no certificate.
    TlsRequired = 7,
    /// A file cannot be read.
    Unreadable = 8,
    /// A file is not what it should be.
    InvalidCertificate = 9,
    /// A certificate is not valid any more, or not yet.
    Expired = 10,
    /// The key is not the certificate's.
    KeyMismatch = 11,
    /// The system gave no socket, thread or poll.
    Platform = 12,
}

/// Why a server did not start. Nothing is left behind: no thread, no socket, no file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartError {
    code: StartErrorCode,
    message: String,
    os_error: Option<i32>,
}

impl StartError {
    pub(crate) fn new(code: StartErrorCode, message: impl Into<String>) -> Self {
        StartError { code, message: message.into(), os_error: None }
    }

    /// The same, with the number of the system's error that is behind it.
    pub(crate) fn because(self, error: &std::io::Error) -> Self {
        StartError { os_error: error.raw_os_error(), ..self }
    }

    /// What was wrong.
    pub fn code(&self) -> StartErrorCode {
        self.code
    }

    /// The thing, the rule and the way out.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The number of the system's error (`errno`), if one is behind it: hosts have errors of their own that carry it.
    pub fn os_error(&self) -> Option<i32> {
        self.os_error
    }
}

impl From<ConfigError> for StartError {
    fn from(error: ConfigError) -> Self {
        let code = match error.key() {
            Some("tls.required") => StartErrorCode::TlsRequired,
            _ => StartErrorCode::InvalidConfig,
        };
        StartError::new(code, error.to_string())
    }
}

/// The same by the one table of codes that every door has.
impl From<StartError> for tykmetrics::Error {
    fn from(error: StartError) -> Self {
        let code = match error.code {
            StartErrorCode::Disabled => ErrorCode::Disabled,
            StartErrorCode::InvalidConfig => ErrorCode::InvalidConfig,
            StartErrorCode::InvalidAddress => ErrorCode::InvalidAddress,
            StartErrorCode::AddressInUse => ErrorCode::AddressInUse,
            StartErrorCode::AddressNotAvailable => ErrorCode::AddressNotAvailable,
            StartErrorCode::PermissionDenied => ErrorCode::PermissionDenied,
            StartErrorCode::TlsRequired => ErrorCode::TlsRequired,
            StartErrorCode::Unreadable => ErrorCode::Unreadable,
            StartErrorCode::InvalidCertificate => ErrorCode::InvalidCertificate,
            StartErrorCode::Expired => ErrorCode::CertificateExpired,
            StartErrorCode::KeyMismatch => ErrorCode::KeyMismatch,
            StartErrorCode::Platform => ErrorCode::Platform,
        };
        tykmetrics::Error::new(code, error.message)
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for StartError {}
