//! One server of a store: its name, its connections, and its classic client if it needs one.

#[cfg(feature = "classic")]
use std::sync::Arc;
use std::time::Instant;

#[cfg(feature = "classic")]
use super::{
    fallback::{Fallback, Spoken},
    timeouts::Timeouts,
};
use super::{pool::Pool, resolve::Lookup};
#[cfg(feature = "tokio")]
use super::{
    tasks::clock,
    work::{Sent, Work},
};
use crate::store::{credentials::Credentials, servers::Servers};
#[cfg(feature = "classic")]
use crate::store::{
    deadline::Deadline,
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
    /// The connections of tasks.
    #[cfg(feature = "tokio")]
    pub(super) tasks: Pool,
    #[cfg(feature = "classic")]
    pub(super) fallback: Arc<Fallback>,
}

impl Server {
    /// Makes the servers of a list, with at most this many connections to each.
    pub(super) fn each(
        servers: &Servers,
        credentials: Option<&Credentials>,
        max_connections: usize,
    ) -> Vec<Self> {
        let numbered = (0..).zip(servers.names());
        numbered
            .map(|(index, name)| Self {
                index,
                name: name.to_owned(),
                credentials: credentials.cloned(),
                lookup: Lookup::of(name),
                pool: Pool::of(max_connections, Instant::now),
                #[cfg(feature = "tokio")]
                tasks: Pool::of(max_connections, clock::now),
                #[cfg(feature = "classic")]
                fallback: Arc::new(Fallback::of(
                    index,
                    servers.alone(index as usize),
                    max_connections,
                )),
            })
            .collect()
    }

    /// Settles a share of which nothing can be sent.
    #[cfg(feature = "tokio")]
    pub(super) fn refuse(&self, share: Vec<usize>, why: &str, work: &mut dyn Work<'_>) {
        for index in share {
            work.fail(&self.name, index, Sent::No, why);
        }
    }

    /// Notes the clock that a server told which needs the classic client.
    #[cfg(feature = "classic")]
    pub(super) fn needs_classic(&self, clock: Option<ServerClock>) {
        self.fallback.heard(clock);
    }

    /// Loads the operations of `loads` that `share` names through the classic client.
    #[cfg(feature = "classic")]
    pub(super) fn load_classic(
        &self,
        timeouts: Timeouts,
        call: Deadline,
        loads: &[Load<'_>],
        share: &[usize],
        out: &mut LoadOut<'_>,
    ) {
        if self.fallback.load_many(timeouts, call, loads, share, out) == Spoken::No {
            self.pool.classic_failed();
        }
    }

    /// Makes the changes of `changes` that `share` names through the classic client.
    #[cfg(feature = "classic")]
    pub(super) fn apply_classic(
        &self,
        timeouts: Timeouts,
        call: Deadline,
        changes: &[Change<'_>],
        share: &[usize],
        out: &mut ApplyOut<'_>,
    ) {
        if self.fallback.apply_many(timeouts, call, changes, share, out) == Spoken::No {
            self.pool.classic_failed();
        }
    }
}
