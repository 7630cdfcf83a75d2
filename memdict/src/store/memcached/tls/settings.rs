//! What a program says about TLS.

use std::path::PathBuf;

/// How connections over TLS are made, for [`MemcachedStore::tls`](crate::MemcachedStore::tls).
///
/// A server is verified: its certificate has to be issued, for the name or the address by which the
/// program calls it, by an authority that the system trusts, or by one in
/// [`ca_file`](Self::ca_file). TLS 1.3 and 1.2 are spoken. A further connection to a server resumes
/// the session of an earlier one, if the server offers that.
///
/// ```no_run
/// use memdict::{MemcachedStore, Tls};
///
/// let tls = Tls::new().ca_file("/etc/ssl/caches.pem");
/// let store = MemcachedStore::new(["cache-1", "10.0.0.2:11212"])?.tls(tls)?;
/// # Ok::<_, memdict::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tls {
    pub(super) ca_file: Option<PathBuf>,
    pub(super) cert_file: Option<PathBuf>,
    pub(super) key_file: Option<PathBuf>,
    pub(super) unverified: bool,
}

impl Tls {
    /// Trusts the authorities that the system trusts, and has no certificate.
    pub fn new() -> Self {
        Self::default()
    }

    /// Trusts the authorities whose certificates are in this file, in PEM format, and no others. A
    /// server's certificate that is its own authority may be in it, if it was made with
    /// `basicConstraints=CA:FALSE`.
    #[must_use]
    pub fn ca_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.ca_file = Some(path.into());
        self
    }

    /// Shows servers that ask for a client certificate the one in this file, in PEM format. After it
    /// may stand those of the authorities that issued it. Needs [`key_file`](Self::key_file).
    #[must_use]
    pub fn cert_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.cert_file = Some(path.into());
        self
    }

    /// Sets the file with the private key of the [client certificate](Self::cert_file), in PEM format
    /// and not encrypted.
    #[must_use]
    pub fn key_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.key_file = Some(path.into());
        self
    }

    /// Does not verify servers. Nobody who only listens can read the connection, but anyone in
    /// between can pretend to be the server. A warning in the log says so, once for each store.
    #[must_use]
    pub fn without_verification(mut self) -> Self {
        self.unverified = true;
        self
    }
}
