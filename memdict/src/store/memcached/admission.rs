//! What connections to a server begin with, beside the greeting: TLS, and credentials for a server that
//! asks for them.

#[cfg(feature = "tls")]
use super::tls::{client::Client, trust::Trust};
use super::{socket::Socket, wire::Wire};
#[cfg(feature = "tls")]
use crate::error::Error;
use crate::store::credentials::Credentials;

/// What a store says about all of its servers.
#[derive(Debug, Clone, Default)]
pub(super) struct Admission {
    pub(super) credentials: Option<Credentials>,
    #[cfg(feature = "tls")]
    pub(super) tls: Option<Trust>,
}

/// What is said about one server.
#[derive(Debug)]
pub(super) struct Admitted {
    pub(super) credentials: Option<Credentials>,
    /// A server that can have no TLS is not spoken to without it.
    #[cfg(feature = "tls")]
    tls: Option<Result<Client, Error>>,
}

impl Admission {
    /// Describes TLS, if it is spoken.
    pub(super) fn tls(&self) -> Option<&'static str> {
        #[cfg(feature = "tls")]
        let tls = self.tls.as_ref();
        #[cfg(feature = "tls")]
        return tls.map(|tls| if tls.is_verified() { "verified" } else { "unverified" });
        #[cfg(not(feature = "tls"))]
        return None;
    }

    /// Returns what holds for the server of this name.
    pub(super) fn to(&self, name: &str) -> Admitted {
        #[cfg(not(feature = "tls"))]
        let _ = name;
        Admitted {
            credentials: self.credentials.clone(),
            #[cfg(feature = "tls")]
            tls: self.tls.as_ref().map(|tls| tls.client(name)),
        }
    }
}

impl Admitted {
    /// Makes the socket of a connection.
    ///
    /// # Errors
    /// The reason why there is none, as a text that follows the server's name.
    pub(super) fn socket(&self, wire: Wire) -> Result<Socket, String> {
        #[cfg(feature = "tls")]
        if let Some(tls) = &self.tls {
            let client = tls.as_ref().map_err(|error| format!("has no TLS: {error}"))?;
            return Ok(Socket::secured(wire, client.begin()?));
        }
        Ok(Socket::plain(wire))
    }

    /// Notes that a connection works.
    pub(super) fn worked(&self) {
        #[cfg(feature = "tls")]
        if let Some(Ok(client)) = &self.tls {
            client.worked();
        }
    }

    /// Returns whether another connection may work where this one failed.
    pub(super) fn tries_again(&self, failed: &Socket) -> bool {
        #[cfg(feature = "tls")]
        if let Some(Ok(client)) = &self.tls {
            return failed.is_refused() && client.was_refused();
        }
        let _ = failed;
        false
    }
}
