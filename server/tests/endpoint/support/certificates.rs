//! Authorities and certificates, made when a test wants them.

use super::Folder;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair};
use std::path::PathBuf;
use tykmetrics_server::config::Tls;

/// An authority with its folder.
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    pub(crate) folder: Folder,
    /// Its certificate's file.
    pub(crate) file: PathBuf,
}

impl Authority {
    pub(crate) fn new() -> Authority {
        let mut parameters = CertificateParams::new([]).expect("no names");
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        parameters.distinguished_name.push(DnType::CommonName, "test authority");
        let key = KeyPair::generate().expect("a key");
        let issuer = CertifiedIssuer::self_signed(parameters, key).expect("an authority");
        let folder = Folder::new();
        let file = folder.write("ca.pem", &issuer.pem());
        Authority { issuer, folder, file }
    }

    /// Writes a certificate for this machine and its key, with a change of what it says.
    pub(crate) fn issue(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> (PathBuf, PathBuf) {
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let mut parameters = CertificateParams::new(names).expect("names");
        parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        change(&mut parameters);
        let key = KeyPair::generate().expect("a key");
        let certificate = parameters.signed_by(&key, &self.issuer).expect("a certificate");
        // Beside its place and moved there: nobody reads half of it.
        let write = |name: String, text: String| {
            let beside = self.folder.write(&format!("{name}.new"), &text);
            let place = self.folder.path(&name);
            std::fs::rename(beside, &place).expect("moved");
            place
        };
        let cert = write(format!("{name}.pem"), certificate.pem());
        (cert, write(format!("{name}.key"), key.serialize_pem()))
    }

    /// A server's configuration with a certificate of this authority.
    pub(crate) fn tls(&self) -> Tls {
        let (cert, key) = self.issue("server", |_| {});
        Tls { cert: Some(cert), key: Some(key), ..Tls::default() }
    }
}
