//! What a program says about TLS to its servers.

use super::{
    store::MemcachedStore,
    tls::{settings::Tls, trust::Trust},
};
use crate::{error::Error, log::warning};

impl MemcachedStore {
    /// Speaks TLS to the servers, in every dialect and over the same connections as without it. The
    /// files are read now. Until the handshake is complete, which has the [timeout](Self::timeout),
    /// no request is sent.
    ///
    /// # Errors
    /// [`Error::Config`], which names the option: a file cannot be used, one of `cert_file` and
    /// `key_file` is missing, this system names no authorities and [`Tls::ca_file`] does not either, a
    /// server is a unix socket, or no certificate can be for its name.
    pub fn tls(self, tls: Tls) -> Result<Self, Error> {
        self.secured_by(Trust::of(&tls)?)
    }

    /// The same, of files that have been read.
    pub(in crate::store) fn secured_by(mut self, trust: Trust) -> Result<Self, Error> {
        for name in self.servers.names() {
            trust.client(name)?;
        }
        if !trust.is_verified() {
            let names = self.servers.names().collect::<Vec<_>>().join(", ");
            warning!(
                "TLS does not verify these servers, as the program asks: anyone in between can \
                 pretend to be {names}"
            );
        }
        self.admission.tls = Some(trust);
        Ok(self.anew())
    }
}
