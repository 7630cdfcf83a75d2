//! Stores for tests that are not about time.

use std::time::Duration;

use memdict::{ClassicStore, MemcachedStore};

/// The timeout of tests that are not about time. They do not fail on a machine that stalls for a
/// moment.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Makes a store on servers with these names, with [`PATIENCE`].
///
/// # Panics
///
/// If a name is malformed.
pub fn memcached_on(names: impl IntoIterator<Item = String>) -> MemcachedStore {
    let store = MemcachedStore::new(names).expect("the names are well formed");
    store.timeout(PATIENCE).connect_timeout(PATIENCE)
}

/// Makes the same, which speaks the classic protocol alone.
///
/// # Panics
///
/// If a name is malformed.
pub fn in_classic_on(names: impl IntoIterator<Item = String>) -> MemcachedStore {
    memcached_on(names).classic()
}

/// Makes the same over the classic client.
///
/// # Panics
///
/// If a name is malformed.
pub fn classic_on(names: impl IntoIterator<Item = String>) -> ClassicStore {
    let store = ClassicStore::new(names).expect("the names are well formed");
    store.timeout(PATIENCE).connect_timeout(PATIENCE)
}
