//! Who is trusted over TLS, and who we are: the system's authorities or those of `--ca`, and a certificate if one is given.

use crate::args::Http;
use std::path::Path;
use std::sync::Arc;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};

pub(super) fn config(http: &Http) -> Result<Arc<ClientConfig>, String> {
    let mut roots = RootCertStore::empty();
    match &http.ca {
        Some(path) => {
            for authority in certificates(path)? {
                let added = roots.add(authority);
                added.map_err(|error| format!("{} holds what is no authority: {error}", path.display()))?;
            }
        }
        None => {
            // A system may have some that cannot be read; whether the right one is there shows when it is needed.
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()));
    let builder =
        builder.with_safe_default_protocol_versions().map_err(|error| format!("TLS cannot begin: {error}"))?;
    let builder = builder.with_root_certificates(roots);
    let mut config = match (&http.cert, &http.key) {
        (Some(cert), Some(key)) => {
            let (path, name) = (key, cert.display());
            let key = PrivateKeyDer::from_pem_file(path)
                .map_err(|error| format!("{} holds no private key (PEM): {error}", path.display()))?;
            builder
                .with_client_auth_cert(certificates(cert)?, key)
                .map_err(|error| format!("{name} and {} do not belong together: {error}", path.display()))?
        }
        _ => builder.with_no_client_auth(),
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let refused = |why: String| format!("{} holds no certificates (PEM): {why}", path.display());
    let list: Vec<_> =
        CertificateDer::pem_file_iter(path).and_then(Iterator::collect).map_err(|error| refused(error.to_string()))?;
    if list.is_empty() { Err(refused("none was found".into())) } else { Ok(list) }
}
