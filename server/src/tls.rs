//! Certificates: read and judged at the start, looked at again when a connection comes, replaced if they changed.
//!
//! Promised: nothing is served with files that do not fit each other, are not valid now, or cannot be read; files that are
//! bad when they change leave those from before in force, are told of once and are tried again. No timer: files are looked at when somebody connects.

mod validity;

use crate::config;
use crate::error::{StartError, StartErrorCode as Code};
use crate::shared::Log;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{InconsistentKeys, RootCertStore, ServerConfig};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

/// More than any chain or list of authorities has; a file that never ends is not read to its end.
const MOST_BYTES: u64 = 4 << 20;

/// The files of a server with TLS, and what was made of them.
pub(crate) struct Certificates {
    files: Files,
    reload: Duration,
    state: Mutex<State>,
}

struct Files {
    cert: PathBuf,
    key: PathBuf,
    client_ca: Option<PathBuf>,
}

struct State {
    config: Arc<ServerConfig>,
    /// The files that are in force.
    seen: Vec<Seen>,
    /// The files that were told of as bad, and why: once. They are read again, since time alone may make them good.
    refused: Option<(Vec<Seen>, Code)>,
    looked: Instant,
}

/// By what a file is known to be another one: device, inode, length, and when it was changed.
type Seen = Option<(u64, u64, u64, i64, i64)>;

impl Certificates {
    /// What the configuration names; `None` if that is nothing.
    pub(crate) fn load(tls: &config::Tls) -> Result<Option<Certificates>, StartError> {
        let files = match (&tls.cert, &tls.key) {
            (Some(cert), Some(key)) => Files { cert: cert.clone(), key: key.clone(), client_ca: tls.client_ca.clone() },
            (None, None) if tls.required => {
                let message =
                    "TLS is required and there is no certificate; set tls.cert and tls.key, or do not require it";
                return Err(StartError::new(Code::TlsRequired, message));
            }
            (None, None) if tls.client_ca.is_some() => {
                let message = "tls.client_ca is set without tls.cert and tls.key, so no client would be asked for its \
                               certificate; set both";
                return Err(StartError::new(Code::InvalidConfig, message));
            }
            (None, None) => return Ok(None),
            (cert, _) => {
                let (set, missing) = if cert.is_some() { ("cert", "key") } else { ("key", "cert") };
                let message = format!("tls.{set} is set without tls.{missing}; set both or neither");
                return Err(StartError::new(Code::InvalidConfig, message));
            }
        };
        let seen = files.seen();
        let config = files.read()?;
        let state = Mutex::new(State { config, seen, refused: None, looked: Instant::now() });
        Ok(Some(Certificates { files, reload: tls.reload, state }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// True if clients show certificates.
    pub(crate) fn asks_clients(&self) -> bool {
        self.files.client_ca.is_some()
    }

    /// What connections begin with now.
    pub(crate) fn current(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.state().config)
    }

    /// True if it is time to look at the files; then for one caller only.
    pub(crate) fn is_due(&self) -> bool {
        let mut state = self.state();
        let due = state.looked.elapsed() >= self.reload;
        if due {
            state.looked = Instant::now();
        }
        due
    }

    /// Looks at the files, and takes what changed if it is good. Blocks.
    pub(crate) fn look(&self, log: &Log) {
        let seen = self.files.seen();
        {
            let mut state = self.state();
            if state.seen == seen {
                state.refused = None;
                return;
            }
        }
        let read = self.files.read();
        let mut state = self.state();
        let message = match read {
            Ok(config) => {
                state.config = config;
                state.seen = seen;
                state.refused = None;
                format!("the certificates changed and are in force: {}", self.files.cert.display())
            }
            Err(error) => {
                let refused = Some((seen, error.code()));
                if state.refused == refused {
                    return;
                }
                state.refused = refused;
                format!("the certificates changed and those from before stay in force: {error}")
            }
        };
        drop(state);
        log(&message);
    }
}

impl Files {
    fn seen(&self) -> Vec<Seen> {
        let paths = [Some(&self.cert), Some(&self.key), self.client_ca.as_ref()];
        let look = |path: &PathBuf| {
            let found = std::fs::metadata(path).ok()?;
            Some((found.dev(), found.ino(), found.size(), found.ctime(), found.ctime_nsec()))
        };
        paths.into_iter().flatten().map(look).collect()
    }

    fn read(&self) -> Result<Arc<ServerConfig>, StartError> {
        let chain = certificates(&self.cert, "tls.cert")?;
        for certificate in &chain {
            check_validity(certificate, &self.cert)?;
        }
        let key = self.private_key()?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| StartError::new(Code::Platform, format!("TLS has no protocol to speak: {error}")))?;
        let builder = match &self.client_ca {
            None => builder.with_no_client_auth(),
            Some(path) => {
                let unusable = |error: String| {
                    let message = format!(
                        "tls.client_ca {}: no authority that clients can be judged by: {error}",
                        path.display()
                    );
                    StartError::new(Code::InvalidCertificate, message)
                };
                let mut roots = RootCertStore::empty();
                for certificate in certificates(path, "tls.client_ca")? {
                    roots.add(certificate).map_err(|error| unusable(error.to_string()))?;
                }
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
                builder.with_client_cert_verifier(verifier.map_err(|error| unusable(error.to_string()))?)
            }
        };
        let mut config = builder.with_single_cert(chain, key).map_err(|error| self.unfit(&error))?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }

    fn private_key(&self) -> Result<PrivateKeyDer<'static>, StartError> {
        let text = read(&self.key, "tls.key")?;
        PrivateKeyDer::from_pem_slice(&text).map_err(|error| {
            let what = match error {
                pem::Error::NoItemsFound => {
                    "has no private key in PEM; an encrypted key has to be decrypted first (openssl pkey -in KEY -out PLAIN)".to_owned()
                }
                error => format!("is not PEM: {error}"),
            };
            StartError::new(Code::InvalidCertificate, format!("tls.key {} {what}", self.key.display()))
        })
    }

    fn unfit(&self, error: &rustls::Error) -> StartError {
        let (cert, key) = (self.cert.display(), self.key.display());
        match error {
            rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => StartError::new(
                Code::KeyMismatch,
                format!(
                    "tls.key {key} is not the key of tls.cert {cert}, whose first certificate has to be the server's own"
                ),
            ),
            error => StartError::new(
                Code::InvalidCertificate,
                format!("tls.cert {cert} and tls.key {key} cannot be used: {error}; use RSA, ECDSA or Ed25519 keys"),
            ),
        }
    }
}

fn read(path: &Path, what: &str) -> Result<Vec<u8>, StartError> {
    let mut bytes = Vec::new();
    std::fs::File::open(path).and_then(|file| file.take(MOST_BYTES).read_to_end(&mut bytes)).map_err(|error| {
        let message = format!("{what} {} cannot be read: {error}; check the path and who may read it", path.display());
        StartError::new(Code::Unreadable, message).because(&error)
    })?;
    Ok(bytes)
}

fn certificates(path: &Path, what: &str) -> Result<Vec<CertificateDer<'static>>, StartError> {
    let text = read(path, what)?;
    let invalid = |why: String| StartError::new(Code::InvalidCertificate, format!("{what} {} {why}", path.display()));
    let read: Result<Vec<_>, pem::Error> = CertificateDer::pem_slice_iter(&text).collect();
    let read = read.map_err(|error| invalid(format!("is not PEM: {error}")))?;
    if read.is_empty() {
        return Err(invalid("has no certificate in PEM (-----BEGIN CERTIFICATE-----)".to_owned()));
    }
    Ok(read)
}

fn check_validity(certificate: &CertificateDer<'_>, path: &Path) -> Result<(), StartError> {
    let path = path.display();
    let Some((begins, ends)) = validity::of(certificate) else {
        let message = format!("tls.cert {path} has something that is no certificate");
        return Err(StartError::new(Code::InvalidCertificate, message));
    };
    // Before 1970 no certificate is valid.
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs() as i64);
    if now > ends {
        let message = format!("tls.cert {path} has expired {} ago; renew it", span(now - ends));
        return Err(StartError::new(Code::Expired, message));
    }
    if now < begins {
        let message = format!("tls.cert {path} is valid only in {}; check this machine's clock", span(begins - now));
        return Err(StartError::new(Code::Expired, message));
    }
    Ok(())
}

/// Seconds for people.
fn span(seconds: i64) -> String {
    let (count, unit) = match seconds {
        ..120 => (seconds, "seconds"),
        120..7_200 => (seconds / 60, "minutes"),
        7_200..172_800 => (seconds / 3_600, "hours"),
        _ => (seconds / 86_400, "days"),
    };
    format!("{count} {unit}")
}
