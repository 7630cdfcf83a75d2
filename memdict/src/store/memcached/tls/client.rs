//! What the connections to one server have in common: its name, and the sessions to resume.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use rustls::{ClientConfig, ClientConnection, client::Resumption, pki_types::ServerName};

use super::{failure::Failure, session::Session};

/// How many sessions of a server are kept to be resumed.
const SESSIONS: usize = 8;

/// One server, as TLS knows it.
pub(in crate::store) struct Client {
    resuming: Arc<ClientConfig>,
    anew: Arc<ClientConfig>,
    /// Whether a connection has worked, so that the next one resumes its session.
    has_worked: AtomicBool,
    /// Whether the server refuses connections that resume a session. memcached does if it asks for
    /// client certificates.
    refuses_to_resume: AtomicBool,
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
        let with = |resumption| {
            let mut config = config.clone();
            config.resumption = resumption;
            Arc::new(config)
        };
        Self {
            resuming: with(Resumption::in_memory_sessions(SESSIONS)),
            anew: with(Resumption::disabled()),
            has_worked: AtomicBool::new(false),
            refuses_to_resume: AtomicBool::new(false),
            name,
            failure: Failure { host: host.to_owned(), has_certificate },
        }
    }

    /// Begins a connection.
    ///
    /// # Errors
    /// The reason why there is none, as a text that follows the server's name.
    pub(in crate::store) fn begin(&self) -> Result<Session, String> {
        let refuses = self.refuses_to_resume.load(Ordering::Relaxed);
        let config = if refuses { &self.anew } else { &self.resuming };
        match ClientConnection::new(Arc::clone(config), self.name.clone()) {
            Ok(connection) => Ok(Session::of(connection, self.failure.clone())),
            Err(error) => Err(format!("cannot be reached over TLS: {error}")),
        }
    }

    /// Notes that a connection works.
    pub(in crate::store) fn worked(&self) {
        self.has_worked.store(true, Ordering::Relaxed);
    }

    /// Notes that the server refused a connection. Returns whether the reason may have been that it
    /// resumed a session: no later one will.
    pub(in crate::store) fn was_refused(&self) -> bool {
        self.has_worked.load(Ordering::Relaxed)
            && !self.refuses_to_resume.swap(true, Ordering::Relaxed)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("name", &self.name).finish_non_exhaustive()
    }
}
