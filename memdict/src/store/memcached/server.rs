//! One server of a store: its name, its connections, and what is known of it.

use std::{sync::Arc, time::Instant};

use super::{
    admission::{Admission, Admitted},
    manners::Manners,
    pool::Pool,
    proto::manner::Assumed,
    remember::{Bounds, Remembered},
    resolve::Lookup,
    watch::Watched,
};
#[cfg(feature = "tokio")]
use super::{
    tasks::clock,
    work::{Sent, Work},
};
use crate::{health::ServerHealth, store::servers::Servers};

/// One server, and the connections to it.
pub(super) struct Server {
    /// The number of the server, which its tokens carry.
    pub(super) index: u32,
    pub(super) name: String,
    pub(super) admitted: Admitted,
    pub(super) lookup: Lookup,
    pub(super) pool: Pool,
    pub(super) watched: Arc<Watched>,
    /// Shared with the store of a later list of servers in which it is.
    pub(super) remembered: Arc<Remembered>,
    pub(super) manners: Manners,
    /// The connections of tasks.
    #[cfg(feature = "tokio")]
    pub(super) tasks: Pool,
}

impl Server {
    /// Makes the servers of a list, with at most this many connections to each. What they do not
    /// tell is assumed.
    pub(super) fn each(
        servers: &Servers,
        assumed: Assumed,
        admission: &Admission,
        max_connections: usize,
        bounds: Bounds,
    ) -> Vec<Self> {
        let numbered = (0..).zip(servers.names());
        numbered
            .map(|(index, name)| Self {
                index,
                name: name.to_owned(),
                admitted: admission.to(name),
                lookup: Lookup::of(name),
                pool: Pool::of(max_connections, Instant::now),
                watched: Arc::new(Watched::of(name)),
                remembered: Arc::new(Remembered::within(bounds)),
                manners: Manners::of(assumed),
                #[cfg(feature = "tokio")]
                tasks: Pool::of(max_connections, clock::now),
            })
            .collect()
    }

    /// Returns what is known of the server.
    pub(super) fn health(&self) -> ServerHealth {
        let mut health = self.watched.health();
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
}
