//! The promises of every store, and those of each one, tested on private servers.

mod classic;
mod clients;
mod cluster;
mod conformance;
mod differential;
mod engine;
mod engine_in_tasks;
mod faulty;
mod flare;
mod hostile;
mod in_classic;
mod lifetimes;
mod memcached;
mod memcached_auth;
mod memory;
mod placement;
mod sharing;
mod sharing_watched;
#[cfg(feature = "tls")]
mod tls;
mod yrmcds;

/// The engine whose tests are in `engine`: that for calls that block.
mod face {
    pub(crate) use memdict::MemcachedStore;
    pub(crate) use memdict_tests::memcached_on;
}
