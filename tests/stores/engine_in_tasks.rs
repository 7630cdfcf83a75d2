//! The tests of the engine, with the engine for tasks.

/// The engine whose tests are in `engine`: that for tasks.
mod face {
    use memdict_tests::Waiting;

    pub(crate) type MemcachedStore = Waiting<memdict::MemcachedStore>;

    pub(crate) fn memcached_on(names: impl IntoIterator<Item = String>) -> MemcachedStore {
        Waiting(memdict_tests::memcached_on(names))
    }
}

// Each test runs with either engine.
#[allow(clippy::duplicate_mod)]
#[path = "engine/mod.rs"]
mod engine;
