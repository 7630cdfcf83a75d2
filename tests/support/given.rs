//! The server that `MEMDICT_TEST_URL` names, whoever runs it. Each test uses keys of its own there, and
//! nothing else of it is touched.

use std::{
    env,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use memdict::{
    ApplyOut, AsyncStore, BoxFuture, Cache, Caps, Change, Load, LoadOut, ServerCounters,
    ServerHealth, Store,
};

/// The variable that names the server.
const GIVEN: &str = "MEMDICT_TEST_URL";

/// The length of the longest key.
const LONGEST: usize = 250;

/// Opens a store on the given server, with keys that no other call has. Its servers have been asked
/// what they are.
///
/// # Panics
///
/// If `MEMDICT_TEST_URL` is not set, or is not the URL of a store.
#[must_use]
pub fn given() -> Arc<Apart<dyn Store>> {
    let url = env::var(GIVEN).expect("MEMDICT_TEST_URL names a server: see scripts/servers");
    let cache = Cache::open(&url).expect("MEMDICT_TEST_URL is the URL of a store");
    static CALLS: AtomicU64 = AtomicU64::new(0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_nanos() as u64);
    let number = now ^ CALLS.fetch_add(1, Ordering::Relaxed) << 48;
    let store = cache.store();
    store.ping();
    Arc::new(Apart { prefix: format!("{number:016x}").into_bytes(), store })
}

/// A store with keys of its own in another store.
#[derive(Debug)]
pub struct Apart<S: ?Sized> {
    prefix: Vec<u8>,
    store: Arc<S>,
}

impl<S: ?Sized> Apart<S> {
    fn over<O: ?Sized>(&self, store: Arc<O>) -> Arc<Apart<O>> {
        Arc::new(Apart { prefix: self.prefix.clone(), store })
    }

    /// Returns the key in the other store. A key that is refused stays as it is. Of one that is too long
    /// with the prefix, the length and the end stay: the tests' long keys differ there.
    fn key(&self, key: &[u8]) -> Vec<u8> {
        if key.is_empty() || key.len() > LONGEST {
            return key.to_vec();
        }
        let plain = [&*self.prefix, key].concat();
        if plain.len() <= LONGEST {
            return plain;
        }
        let start = format!("{:03}", key.len());
        let end = &key[key.len() + self.prefix.len() + start.len() - LONGEST..];
        [&*self.prefix, start.as_bytes(), end].concat()
    }

    fn keys<'k>(&self, keys: impl Iterator<Item = &'k [u8]>) -> Vec<Vec<u8>> {
        keys.map(|key| self.key(key)).collect()
    }
}

/// Returns the same operations on other keys.
fn loads<'k>(loads: &[Load<'k>], keys: &'k [Vec<u8>]) -> Vec<Load<'k>> {
    let mut loads = loads.to_vec();
    loads.iter_mut().zip(keys).for_each(|(load, key)| load.key = key);
    loads
}

fn changes<'k>(changes: &[Change<'k>], keys: &'k [Vec<u8>]) -> Vec<Change<'k>> {
    let mut changes = changes.to_vec();
    changes.iter_mut().zip(keys).for_each(|(change, key)| change.key = key);
    changes
}

impl Store for Apart<dyn Store> {
    fn load_many(&self, list: &[Load<'_>], out: &mut LoadOut<'_>) {
        let keys = self.keys(list.iter().map(|load| load.key));
        self.store.load_many(&loads(list, &keys), out);
    }

    fn apply_many(&self, list: &[Change<'_>], out: &mut ApplyOut<'_>) {
        let keys = self.keys(list.iter().map(|change| change.key));
        self.store.apply_many(&changes(list, &keys), out);
    }

    fn within(&self, deadline: Option<std::time::Duration>) -> Option<Arc<dyn Store>> {
        Some(self.over(self.store.within(deadline)?))
    }

    fn for_session(&self) -> Option<Arc<dyn Store>> {
        Some(self.over(self.store.for_session()?))
    }

    fn caps(&self) -> Caps {
        self.store.caps()
    }

    fn health(&self) -> Vec<ServerHealth> {
        self.store.health()
    }

    fn ping(&self) -> Vec<ServerHealth> {
        self.store.ping()
    }

    fn server_counters(&self) -> Vec<ServerCounters> {
        self.store.server_counters()
    }

    fn into_async(self: Arc<Self>) -> Option<Arc<dyn AsyncStore>> {
        Some(self.over(Arc::clone(&self.store).into_async()?))
    }
}

impl AsyncStore for Apart<dyn AsyncStore> {
    fn load_many<'a>(
        &'a self,
        list: &'a [Load<'a>],
        out: &'a mut LoadOut<'a>,
    ) -> BoxFuture<'a, ()> {
        let keys = self.keys(list.iter().map(|load| load.key));
        Box::pin(async move { self.store.load_many(&loads(list, &keys), out).await })
    }

    fn apply_many<'a>(
        &'a self,
        list: &'a [Change<'a>],
        out: &'a mut ApplyOut<'a>,
    ) -> BoxFuture<'a, ()> {
        let keys = self.keys(list.iter().map(|change| change.key));
        Box::pin(async move { self.store.apply_many(&changes(list, &keys), out).await })
    }

    fn apply_many_telling<'a>(
        &'a self,
        list: &'a [Change<'a>],
        out: &'a mut ApplyOut<'a>,
        sending: &'a (dyn Fn() + Send + Sync),
    ) -> BoxFuture<'a, ()> {
        let keys = self.keys(list.iter().map(|change| change.key));
        Box::pin(async move {
            self.store.apply_many_telling(&changes(list, &keys), out, sending).await;
        })
    }

    fn within(&self, deadline: Option<std::time::Duration>) -> Option<Arc<dyn AsyncStore>> {
        Some(self.over(self.store.within(deadline)?))
    }

    fn for_session(&self) -> Option<Arc<dyn AsyncStore>> {
        Some(self.over(self.store.for_session()?))
    }

    fn caps(&self) -> Caps {
        self.store.caps()
    }

    fn health(&self) -> Vec<ServerHealth> {
        self.store.health()
    }

    fn ping(&self) -> BoxFuture<'_, Vec<ServerHealth>> {
        self.store.ping()
    }

    fn server_counters(&self) -> Vec<ServerCounters> {
        self.store.server_counters()
    }

    fn into_blocking(self: Arc<Self>) -> Option<Arc<dyn Store>> {
        Some(self.over(Arc::clone(&self.store).into_blocking()?))
    }
}
