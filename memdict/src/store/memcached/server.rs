//! One server of a store: its name, its connections, and its classic client if it needs one.

#[cfg(feature = "classic")]
use super::{
    fallback::{Fallback, Spoken},
    timeouts::Timeouts,
};
use super::{pool::Pool, resolve::Lookup};
use crate::store::{credentials::Credentials, servers::Servers};
#[cfg(feature = "classic")]
use crate::store::{
    operation::{ApplyOut, Change, Load, LoadOut},
    ttl::ServerClock,
};

/// One server, and the connections to it.
pub(super) struct Server {
    /// The number of the server, which its tokens carry.
    pub(super) index: u32,
    pub(super) name: String,
    pub(super) credentials: Option<Credentials>,
    pub(super) lookup: Lookup,
    pub(super) pool: Pool,
    #[cfg(feature = "classic")]
    fallback: Fallback,
}

impl Server {
    /// Makes the servers of a list.
    pub(super) fn each(servers: &Servers) -> Vec<Self> {
        let numbered = (0..).zip(servers.names());
        numbered
            .map(|(index, name)| Self {
                index,
                name: name.to_owned(),
                credentials: None,
                lookup: Lookup::of(name),
                pool: Pool::default(),
                #[cfg(feature = "classic")]
                fallback: Fallback::of(index, servers.alone(index as usize)),
            })
            .collect()
    }

    /// Notes that the server needs the classic client, and the clock that it told.
    #[cfg(feature = "classic")]
    pub(super) fn needs_classic(&self, clock: Option<ServerClock>) {
        self.fallback.heard(clock);
        self.pool.reached(true);
    }

    /// Loads the operations of `loads` that `share` names through the classic client.
    #[cfg(feature = "classic")]
    pub(super) fn load_classic(
        &self,
        timeouts: Timeouts,
        loads: &[Load<'_>],
        share: &[usize],
        out: &mut LoadOut<'_>,
    ) {
        if self.fallback.load_many(timeouts, loads, share, out) == Spoken::No {
            self.pool.classic_failed();
        }
    }

    /// Makes the changes of `changes` that `share` names through the classic client.
    #[cfg(feature = "classic")]
    pub(super) fn apply_classic(
        &self,
        timeouts: Timeouts,
        changes: &[Change<'_>],
        share: &[usize],
        out: &mut ApplyOut<'_>,
    ) {
        if self.fallback.apply_many(timeouts, changes, share, out) == Spoken::No {
            self.pool.classic_failed();
        }
    }
}
