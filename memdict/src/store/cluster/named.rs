//! A name that is asked for, and what belongs to it.

use crate::store::memcached::resolve::Lookup;
#[cfg(feature = "tls")]
use crate::store::memcached::tls::client::Client;

/// An endpoint or a server, by its name.
pub(super) struct Named {
    /// `host:port`, with its weight if it has one.
    pub(super) name: String,
    /// How its addresses are found.
    pub(super) lookup: Lookup,
    /// Whether each address is a server of its own.
    pub(super) is_many: bool,
    /// The TLS that an endpoint speaks.
    #[cfg(feature = "tls")]
    pub(super) tls: Option<Client>,
}

impl Named {
    /// Makes the name of one server.
    pub(super) fn of(name: &str) -> Self {
        let (host, _) = name.rsplit_once('*').unwrap_or((name, ""));
        Self {
            name: name.to_owned(),
            lookup: Lookup::of(host),
            is_many: false,
            #[cfg(feature = "tls")]
            tls: None,
        }
    }
}
