//! What the connections to one server have in common: its name, and the sessions to resume.

use std::{fmt, sync::Arc};

use rustls::{ClientConfig, ClientConnection, client::Resumption, pki_types::ServerName};

use super::{failure::Failure, session::Session};

/// How many sessions of a server are kept to be resumed.
const SESSIONS: usize = 8;

/// One server, as TLS knows it.
#[derive(Clone)]
pub(in crate::store::memcached) struct Client {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
    failure: Failure,
}

impl Client {
    /// Makes the server of this name, without a session to resume. Sessions are found again by the
    /// host's name alone, so each server of a host has its own.
    pub(super) fn new(
        config: &ClientConfig,
        name: ServerName<'static>,
        host: &str,
        has_certificate: bool,
    ) -> Self {
        let mut config = config.clone();
        config.resumption = Resumption::in_memory_sessions(SESSIONS);
        let failure = Failure { host: host.to_owned(), has_certificate };
        Self { config: Arc::new(config), name, failure }
    }

    /// Begins a connection.
    ///
    /// # Errors
    /// The reason why there is none, as a text that follows the server's name.
    pub(in crate::store::memcached) fn begin(&self) -> Result<Session, String> {
        match ClientConnection::new(Arc::clone(&self.config), self.name.clone()) {
            Ok(connection) => Ok(Session::of(connection, self.failure.clone())),
            Err(error) => Err(format!("cannot be reached over TLS: {error}")),
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("name", &self.name).finish_non_exhaustive()
    }
}
