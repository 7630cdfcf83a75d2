//! The servers that one session uses: those that are known when it first needs one, until its end.

use std::{
    fmt,
    sync::{Arc, OnceLock},
    time::Duration,
};

use super::list::Cluster;
use crate::store::{
    Store,
    caps::Caps,
    memcached::store::MemcachedStore,
    operation::{Applied, ApplyOut, Change, Load, LoadOut, Loaded, Reason, StoreError},
};

/// The store of one session. `S` is the trait by which its face calls it.
pub(super) struct Pinned<S: ?Sized> {
    pub(super) cluster: Arc<Cluster>,
    /// The store of the servers, once they were needed.
    pub(super) servers: Arc<OnceLock<Arc<MemcachedStore>>>,
    /// The call of several batches that this is for.
    pub(super) call: Option<Call<S>>,
}

/// A call of several batches.
pub(super) struct Call<S: ?Sized> {
    pub(super) deadline: Option<Duration>,
    /// The store for it, once it was needed.
    pub(super) begun: OnceLock<Option<Arc<S>>>,
}

impl<S: ?Sized> Pinned<S> {
    pub(super) fn to(cluster: &Arc<Cluster>) -> Self {
        Self { cluster: Arc::clone(cluster), servers: Arc::default(), call: None }
    }

    pub(super) fn for_call(&self, deadline: Option<Duration>) -> Self {
        let (cluster, servers) = (Arc::clone(&self.cluster), Arc::clone(&self.servers));
        Self { cluster, servers, call: Some(Call { deadline, begun: OnceLock::new() }) }
    }

    /// Returns the servers of this session. If none are known, waits until an endpoint tells them.
    fn servers(&self) -> Result<&Arc<MemcachedStore>, Reason> {
        if let Some(servers) = self.servers.get() {
            return Ok(servers);
        }
        let now = self.cluster.now()?;
        Ok(self.servers.get_or_init(|| now))
    }

    /// Notes a load whose server was not reached.
    pub(super) fn loaded(&self, loaded: &Result<Loaded<'_>, StoreError>) {
        if let Err(StoreError::Down(_)) = loaded {
            self.cluster.suspects();
        }
    }

    /// Notes a change whose server was not reached.
    pub(super) fn applied(&self, applied: &Result<Applied, StoreError>) {
        if let Err(StoreError::Down(_)) = applied {
            self.cluster.suspects();
        }
    }
}

impl Pinned<dyn Store> {
    /// Returns the store for a batch.
    fn store(&self) -> Result<Arc<dyn Store>, Reason> {
        let servers = self.servers()?;
        let whole = || Arc::clone(servers) as Arc<dyn Store>;
        Ok(match &self.call {
            None => whole(),
            Some(Call { deadline, begun }) => begun
                .get_or_init(|| Store::within(&**servers, *deadline))
                .clone()
                .unwrap_or_else(whole),
        })
    }
}

impl Store for Pinned<dyn Store> {
    fn load_many(&self, loads: &[Load<'_>], out: &mut LoadOut<'_>) {
        match self.store() {
            Ok(store) => store.load_many(loads, &mut |index, loaded| {
                self.loaded(&loaded);
                out(index, loaded);
            }),
            Err(reason) => {
                (0..loads.len()).for_each(|index| out(index, Err(StoreError::Down(reason.clone()))))
            }
        }
    }

    fn apply_many(&self, changes: &[Change<'_>], out: &mut ApplyOut<'_>) {
        match self.store() {
            Ok(store) => store.apply_many(changes, &mut |index, applied| {
                self.applied(&applied);
                out(index, applied);
            }),
            Err(reason) => (0..changes.len())
                .for_each(|index| out(index, Err(StoreError::Down(reason.clone())))),
        }
    }

    fn within(&self, deadline: Option<Duration>) -> Option<Arc<dyn Store>> {
        Some(Arc::new(self.for_call(deadline)))
    }

    fn caps(&self) -> Caps {
        Caps::all()
    }
}

impl<S: ?Sized> fmt::Debug for Pinned<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let servers = self.servers.get();
        f.debug_struct("Pinned").field("cluster", &self.cluster).field("servers", &servers).finish()
    }
}
