//! The store of a cluster for tasks. Only the first list is waited for, on a thread for blocking work.

use std::{sync::Arc, time::Duration};

use tokio::task::spawn_blocking;

use super::{
    pinned::{Call, Pinned},
    store::ClusterStore,
};
use crate::{
    health::{ServerCounters, ServerHealth},
    store::{
        AsyncStore, BoxFuture, Store,
        caps::Caps,
        memcached::store::MemcachedStore,
        operation::{ApplyOut, Change, Load, LoadOut, Loaded, Reason, StoreError},
    },
};

impl Pinned<dyn AsyncStore> {
    /// Returns the servers of this session. If none are known, waits until an endpoint tells them.
    async fn servers_in_task(&self) -> Result<Arc<MemcachedStore>, Reason> {
        if let Some(servers) = self.servers.get() {
            return Ok(Arc::clone(servers));
        }
        let now = match self.cluster.known() {
            Some(known) => known,
            None => {
                let cluster = Arc::clone(&self.cluster);
                let asked = spawn_blocking(move || cluster.now()).await;
                asked.unwrap_or_else(|_| Err(Reason::new("the runtime ends")))
            }
        };
        now.map(|now| Arc::clone(self.servers.get_or_init(|| now)))
    }

    /// Returns the store for a batch.
    async fn store_in_task(&self) -> Result<Arc<dyn AsyncStore>, Reason> {
        let servers = self.servers_in_task().await?;
        Ok(match &self.call {
            None => servers,
            Some(Call { deadline, begun }) => {
                let for_call = begun.get_or_init(|| AsyncStore::within(&*servers, *deadline));
                for_call.clone().unwrap_or(servers)
            }
        })
    }
}

impl AsyncStore for Pinned<dyn AsyncStore> {
    fn load_many<'a>(
        &'a self,
        loads: &'a [Load<'a>],
        out: &'a mut LoadOut<'a>,
    ) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            match self.store_in_task().await {
                Ok(store) => {
                    let mut out = |index: usize, loaded: Result<Loaded<'_>, StoreError>| {
                        self.loaded(&loaded);
                        out(index, loaded);
                    };
                    store.load_many(loads, &mut out).await;
                }
                Err(reason) => (0..loads.len())
                    .for_each(|index| out(index, Err(StoreError::Down(reason.clone())))),
            }
        })
    }

    fn apply_many<'a>(
        &'a self,
        changes: &'a [Change<'a>],
        out: &'a mut ApplyOut<'a>,
    ) -> BoxFuture<'a, ()> {
        self.apply_many_telling(changes, out, &|| {})
    }

    fn apply_many_telling<'a>(
        &'a self,
        changes: &'a [Change<'a>],
        out: &'a mut ApplyOut<'a>,
        sending: &'a (dyn Fn() + Send + Sync),
    ) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            match self.store_in_task().await {
                Ok(store) => {
                    let mut out = |index: usize, applied: Result<_, _>| {
                        self.applied(&applied);
                        out(index, applied);
                    };
                    store.apply_many_telling(changes, &mut out, sending).await;
                }
                Err(reason) => (0..changes.len())
                    .for_each(|index| out(index, Err(StoreError::Down(reason.clone())))),
            }
        })
    }

    fn within(&self, deadline: Option<Duration>) -> Option<Arc<dyn AsyncStore>> {
        Some(Arc::new(self.for_call(deadline)))
    }

    fn caps(&self) -> Caps {
        Caps::all()
    }
}

impl ClusterStore {
    fn pinned_in_task(&self) -> Pinned<dyn AsyncStore> {
        Pinned::to(self.cluster())
    }
}

impl AsyncStore for ClusterStore {
    fn load_many<'a>(
        &'a self,
        loads: &'a [Load<'a>],
        out: &'a mut LoadOut<'a>,
    ) -> BoxFuture<'a, ()> {
        Box::pin(async move { self.pinned_in_task().load_many(loads, out).await })
    }

    fn apply_many<'a>(
        &'a self,
        changes: &'a [Change<'a>],
        out: &'a mut ApplyOut<'a>,
    ) -> BoxFuture<'a, ()> {
        Box::pin(async move { self.pinned_in_task().apply_many(changes, out).await })
    }

    fn within(&self, deadline: Option<Duration>) -> Option<Arc<dyn AsyncStore>> {
        self.pinned_in_task().within(deadline)
    }

    fn for_session(&self) -> Option<Arc<dyn AsyncStore>> {
        Some(Arc::new(self.pinned_in_task()))
    }

    fn caps(&self) -> Caps {
        Caps::all()
    }

    fn health(&self) -> Vec<ServerHealth> {
        Store::health(self)
    }

    fn ping(&self) -> BoxFuture<'_, Vec<ServerHealth>> {
        Box::pin(async {
            match self.pinned_in_task().servers_in_task().await {
                Ok(servers) => AsyncStore::ping(&*servers).await,
                Err(_) => Vec::new(),
            }
        })
    }

    fn server_counters(&self) -> Vec<ServerCounters> {
        Store::server_counters(self)
    }

    fn into_blocking(self: Arc<Self>) -> Option<Arc<dyn Store>> {
        Some(self)
    }
}
