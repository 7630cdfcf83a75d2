//! Whom a store trusts, and what it shows of itself: the files that a program names.

use std::{path::Path, sync::Arc};

use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{
        CertificateDer, PrivateKeyDer, ServerName,
        pem::{self, PemObject},
    },
};

use super::{client::Client, settings::Tls, verify::Unverified};
use crate::error::Error;

/// What the servers of a store have in common.
#[derive(Debug, Clone)]
pub(in crate::store) struct Trust {
    config: Arc<ClientConfig>,
    has_certificate: bool,
    is_verified: bool,
}

impl Trust {
    /// Reads the files.
    ///
    /// # Errors
    /// [`Error::Config`]: a file cannot be used, or one is missing.
    pub(in crate::store) fn of(tls: &Tls) -> Result<Self, Error> {
        let provider = Arc::new(ring::default_provider());
        let roots = match (&tls.ca_file, tls.unverified) {
            (Some(path), _) => Some(authorities(path)?),
            (None, true) => None,
            (None, false) => Some(system()?),
        };
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| bad("tls", &error.to_string()))?;
        let builder = match roots {
            Some(roots) if !tls.unverified => builder.with_root_certificates(roots),
            _ => {
                let algorithms = provider.signature_verification_algorithms;
                let unverified = Arc::new(Unverified(algorithms));
                builder.dangerous().with_custom_certificate_verifier(unverified)
            }
        };
        let config = match (&tls.cert_file, &tls.key_file) {
            (None, None) => builder.with_no_client_auth(),
            (Some(certificate), Some(key)) => {
                let (chain, private) = (chain(certificate)?, private_key(key)?);
                builder.with_client_auth_cert(chain, private).map_err(|error| {
                    let certificate = certificate.display();
                    let why = format!(
                        "`{}` is not the key of `{certificate}`, or not one that can be used: {error}",
                        key.display()
                    );
                    bad("key_file", &why)
                })?
            }
            (Some(_), None) => return Err(bad("cert_file", "needs `key_file` as well")),
            (None, Some(_)) => return Err(bad("key_file", "needs `cert_file` as well")),
        };
        Ok(Self {
            config: Arc::new(config),
            has_certificate: tls.cert_file.is_some(),
            is_verified: !tls.unverified,
        })
    }

    pub(in crate::store) fn is_verified(&self) -> bool {
        self.is_verified
    }

    /// Makes what the connections to one server have in common. Its name is `host:port`, or
    /// `[address]:port`.
    ///
    /// # Errors
    /// [`Error::Config`]: no certificate can be for such a name.
    pub(in crate::store) fn client(&self, name: &str) -> Result<Client, Error> {
        let no_name = |why: String| Err(bad("servers", &why));
        if name.starts_with('/') {
            return no_name(format!("`{name}` is a unix socket, and TLS works only over TCP"));
        }
        let host = name.rsplit_once(':').map_or(name, |(host, _)| host);
        // A certificate for an address names it without brackets.
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        match ServerName::try_from(host.to_owned()) {
            Ok(for_name) => Ok(Client::new(&self.config, for_name, host, self.has_certificate)),
            Err(_) => no_name(format!("no certificate can be for the name `{host}`")),
        }
    }
}

/// Returns the authorities in a file.
fn authorities(path: &Path) -> Result<RootCertStore, Error> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates("ca_file", path)? {
        roots.add(certificate).map_err(|error| unusable("ca_file", path, &error.to_string()))?;
    }
    Ok(roots)
}

/// Returns the authorities that the system trusts.
fn system() -> Result<RootCertStore, Error> {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    let (usable, _) = roots.add_parsable_certificates(found.certs);
    if usable > 0 {
        return Ok(roots);
    }
    let why = found.errors.first().map_or("it names none".to_owned(), ToString::to_string);
    let why =
        format!("the authorities that this system trusts cannot be read ({why}): name a file");
    Err(bad("ca_file", &why))
}

fn chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    certificates("cert_file", path)
}

/// Reads a file of certificates, of which there is at least one.
fn certificates(option: &str, path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let wrong = |error: pem::Error| unusable(option, path, &says(&error));
    let found = CertificateDer::pem_file_iter(path).map_err(wrong)?;
    let found = found.collect::<Result<Vec<_>, _>>().map_err(wrong)?;
    if found.is_empty() {
        return Err(wrong(pem::Error::NoItemsFound));
    }
    Ok(found)
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, Error> {
    PrivateKeyDer::from_pem_file(path).map_err(|error| unusable("key_file", path, &says(&error)))
}

/// Explains an error without a line of the file, which may hold a key.
fn says(error: &pem::Error) -> String {
    match error {
        pem::Error::Io(error) => error.to_string(),
        pem::Error::NoItemsFound => "there is none in it in PEM format".to_owned(),
        _ => "it is not in PEM format".to_owned(),
    }
}

fn unusable(option: &str, path: &Path, why: &str) -> Error {
    let what = if option == "key_file" { "private key" } else { "certificate" };
    let path = path.display();
    bad(option, &format!("`{path}` cannot be used: {why}; name a file with a {what} in PEM format"))
}

fn bad(option: &str, reason: &str) -> Error {
    Error::Config { option: option.to_owned(), reason: reason.to_owned() }
}
