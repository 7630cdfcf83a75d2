//! A cache over a store that fails on command, and types to store in it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use memdict::{CacheBuilder, Compression, Condition, MemoryStore, Result, Store, Tracked};
use serde::{Deserialize, Serialize};

use crate::{
    Cache, FaultyStore, Got, Lives, Memcached, apply_one, classic_on, given, in_classic_on, load,
    load_one, memcached_on,
};

/// A cache, and the store behind it.
#[derive(Debug)]
pub struct Bench {
    /// The store, which counts and fails on command.
    pub store: Arc<FaultyStore<Arc<dyn Store>>>,
    /// A cache over it.
    pub cache: Cache,
    in_tasks: bool,
    server: Option<Mutex<Memcached>>,
    tells_lives: bool,
    /// How its caches store values.
    stores: fn(CacheBuilder) -> CacheBuilder,
}

impl Bench {
    /// Makes a cache on the embedded store.
    #[must_use]
    pub fn on_memory() -> Self {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
        Self::of(FaultyStore::with_lives(store, Lives::Told), None)
    }

    /// Makes a cache on a private memcached.
    ///
    /// # Panics
    ///
    /// If memcached cannot be started.
    #[must_use]
    pub fn on_memcached() -> Self {
        Self::on(Memcached::start())
    }

    /// Makes a cache on this memcached.
    #[must_use]
    pub fn on(server: Memcached) -> Self {
        let store = memcached_on([server.address()]);
        Self::of(FaultyStore::new(Arc::new(store) as _), Some(server))
    }

    /// Makes a cache on a private memcached, in the classic protocol.
    ///
    /// # Panics
    ///
    /// If memcached cannot be started.
    #[must_use]
    pub fn in_classic() -> Self {
        Self::in_classic_on(Memcached::start())
    }

    /// Makes a cache on this memcached, in the classic protocol.
    #[must_use]
    pub fn in_classic_on(server: Memcached) -> Self {
        let store = in_classic_on([server.address()]);
        Self::of(FaultyStore::new(Arc::new(store) as _), Some(server))
    }

    /// Makes a cache on a private memcached, through the classic client.
    ///
    /// # Panics
    ///
    /// If memcached cannot be started.
    #[must_use]
    pub fn on_classic() -> Self {
        let server = Memcached::start();
        let store = classic_on([server.address()]);
        let bench = Self::of(FaultyStore::new(Arc::new(store) as _), Some(server));
        Self { tells_lives: false, ..bench }
    }

    /// Makes a cache on the given server. Restarting it evicts what this bench has stored.
    ///
    /// # Panics
    ///
    /// If no server is given.
    #[must_use]
    pub fn on_given() -> Self {
        let store: Arc<dyn Store> = given();
        apply_one(&*store, b"life", crate::store(b"v"), Condition::Always);
        let tells_lives = load_one(&*store, b"life").token().life() != 0;
        Self { tells_lives, ..Self::of(FaultyStore::new(store), None) }
    }

    /// Makes caches on the embedded store that compress every value which that makes shorter.
    #[must_use]
    pub fn compressed() -> Self {
        let bench = Self::on_memory();
        let compresses: fn(_) -> _ = |builder: CacheBuilder| {
            builder.compress(Compression::Zstd { level: 1 }).compress_from(0)
        };
        let cache = compresses(memdict::Cache::builder()).open_store(Arc::clone(&bench.store) as _);
        let cache = Cache::Blocking(cache.expect("no option of a store is set"));
        Self { cache, stores: compresses, ..bench }
    }

    fn of(store: FaultyStore<Arc<dyn Store>>, server: Option<Memcached>) -> Self {
        let store = Arc::new(store);
        let cache = memdict::Cache::builder().open_store(Arc::clone(&store) as _);
        let cache = Cache::Blocking(cache.expect("no option of a store is set"));
        let server = server.map(Mutex::new);
        Self { store, cache, in_tasks: false, server, tells_lives: true, stores: |builder| builder }
    }

    /// Returns this with caches for tasks.
    #[must_use]
    pub fn in_tasks(mut self) -> Self {
        self.in_tasks = true;
        self.cache = self.cache.in_tasks();
        self
    }

    /// Opens another cache over the store, as another program would have.
    ///
    /// # Panics
    ///
    /// If the builder's options do not fit.
    #[must_use]
    pub fn open(&self, builder: CacheBuilder) -> Cache {
        self.try_open(builder).expect("the options fit a store that exists")
    }

    /// Opens another cache over the store.
    ///
    /// # Errors
    ///
    /// The builder's options do not fit.
    pub fn try_open(&self, builder: CacheBuilder) -> Result<Cache> {
        let builder = (self.stores)(builder);
        let cache = Cache::Blocking(builder.open_store(Arc::clone(&self.store) as _)?);
        Ok(if self.in_tasks { cache.in_tasks() } else { cache })
    }

    /// Restarts the server, which is then empty and counts versions from 1 again. The embedded
    /// store simulates it. The classic client alone does not notice it.
    pub fn restart(&self) {
        match &self.server {
            Some(server) => server.lock().unwrap_or_else(PoisonError::into_inner).restart(),
            None => self.store.restart(),
        }
    }

    /// Returns whether the store tells one life of its server from another. The classic client does
    /// not.
    #[must_use]
    pub fn tells_lives(&self) -> bool {
        self.tells_lives
    }

    /// Returns whether the store gives leases. The classic client does not; `fetch` locks an entry
    /// instead.
    #[must_use]
    pub fn gives_leases(&self) -> bool {
        self.store.inner().caps().leases()
    }

    /// Returns how many operations a `fetch` needs from its first change to the one that stores the
    /// value: those of a lock, if the store gives no leases.
    #[must_use]
    pub fn locks(&self) -> usize {
        if self.gives_leases() { 0 } else { 2 }
    }

    /// Returns a strict cache over the same store, as another program would have.
    #[must_use]
    pub fn strict(&self) -> Cache {
        self.open(memdict::Cache::builder().strict(true))
    }

    /// Returns the bytes that are stored under a key of a dictionary, both with plain names. They
    /// are empty if there is no value, or if it cannot be loaded.
    #[must_use]
    pub fn stored_bytes(&self, dict: &str, key: &str) -> Vec<u8> {
        let loaded = load(&*self.store, &[format!("memdict:{dict}:{key}").as_bytes()]);
        loaded.iter().flatten().find_map(Got::value).map(<[u8]>::to_vec).unwrap_or_default()
    }

    /// Returns how many storage commands have reached the store, as counted by memcached if there
    /// is one.
    #[must_use]
    pub fn commands(&self) -> u64 {
        match &self.server {
            Some(server) => server.lock().unwrap_or_else(PoisonError::into_inner).stat("cmd_set"),
            None => self.store.changes() as u64,
        }
    }
}

/// An item of a [`Cart`].
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize, Tracked)]
pub struct Item {
    /// Its name.
    pub sku: String,
    /// Its price.
    pub price: u64,
}

/// The address of a [`Cart`].
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize, Tracked)]
pub struct Address {
    /// The street.
    pub street: String,
    /// The city.
    pub city: String,
}

/// A struct with a leaf, a `Vec` of structs, an unordered map, a nested struct and a field that is
/// not stored.
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize, Tracked)]
pub struct Cart {
    /// The owner.
    pub owner: String,
    /// The items.
    pub items: Vec<Item>,
    /// The sum of the prices.
    pub total: u64,
    /// A code for a discount.
    pub coupon: Option<String>,
    /// Further attributes.
    pub attrs: HashMap<String, String>,
    /// The address for the delivery.
    pub address: Address,
    /// A field that is not stored.
    #[serde(skip)]
    pub cached: Option<u32>,
}

impl Cart {
    /// Makes a cart with this many items and attributes.
    #[must_use]
    pub fn of(owner: &str, many: u64) -> Self {
        let item = |n| Item { sku: format!("sku-{n}"), price: n };
        Self {
            owner: owner.to_owned(),
            items: (0..many).map(item).collect(),
            attrs: (0..many).map(|n| (n.to_string(), format!("attr {n}"))).collect(),
            ..Self::default()
        }
    }

    /// Adds up the prices. It is a method of the type that takes `&mut self`.
    pub fn recompute(&mut self) {
        self.total = self.items.iter().map(|item| item.price).sum();
    }
}
