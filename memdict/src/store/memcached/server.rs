//! One server of a store: its name, its connections, and its classic client if it needs one.

use std::{sync::Arc, time::Instant};

#[cfg(feature = "classic")]
use super::{
    fallback::{Fallback, Spoken},
    timeouts::Timeouts,
    watch::{Kind, count_classic},
};
use super::{
    pool::Pool,
    remember::{Bounds, Remembered},
    resolve::Lookup,
    watch::Watched,
};
#[cfg(feature = "tokio")]
use super::{
    tasks::clock,
    work::{Sent, Work},
};
#[cfg(feature = "classic")]
use crate::{
    health::Exchanged,
    store::{
        deadline::Deadline,
        operation::{Applied, ApplyOut, Change, Load, LoadOut, Loaded, StoreError},
        ttl::ServerClock,
    },
};
use crate::{
    health::ServerHealth,
    store::{credentials::Credentials, servers::Servers},
};

/// One server, and the connections to it.
pub(super) struct Server {
    /// The number of the server, which its tokens carry.
    pub(super) index: u32,
    pub(super) name: String,
    pub(super) credentials: Option<Credentials>,
    pub(super) lookup: Lookup,
    pub(super) pool: Pool,
    pub(super) watched: Arc<Watched>,
    pub(super) remembered: Remembered,
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
        bounds: Bounds,
    ) -> Vec<Self> {
        let numbered = (0..).zip(servers.names());
        numbered
            .map(|(index, name)| Self {
                index,
                name: name.to_owned(),
                credentials: credentials.cloned(),
                lookup: Lookup::of(name),
                pool: Pool::of(max_connections, Instant::now),
                watched: Arc::new(Watched::of(name)),
                remembered: Remembered::within(bounds),
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

    /// Returns what is known of the server.
    pub(super) fn health(&self) -> ServerHealth {
        let mut health = self.watched.health(&self.name);
        health.remembered = self.remembered.len();
        (health.open, health.idle) = self.pool.open_and_idle();
        #[cfg(feature = "tokio")]
        {
            let (open, idle) = self.tasks.open_and_idle();
            (health.open, health.idle) = (health.open + open, health.idle + idle);
        }
        health
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
        let mut counts = Exchanged::default();
        let mut count = |index, loaded: Result<Loaded<'_>, StoreError>| {
            let is_hit = |loaded: &Loaded<'_>| matches!(loaded, Loaded::Hit { .. });
            count_classic(&mut counts, Kind::Loads, &loaded, is_hit);
            out(index, loaded);
        };
        if self.fallback.load_many(timeouts, call, loads, share, &mut count) == Spoken::No {
            self.pool.classic_failed();
        }
        self.watched.add(&counts);
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
        let mut counts = Exchanged::default();
        let mut count = |index, applied: Result<Applied, StoreError>| {
            count_classic(&mut counts, Kind::Changes, &applied, |_| false);
            out(index, applied);
        };
        if self.fallback.apply_many(timeouts, call, changes, share, &mut count) == Spoken::No {
            self.pool.classic_failed();
        }
        self.watched.add(&counts);
    }
}
