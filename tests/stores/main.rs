//! The promises of every store, and those of each one, tested on private servers.

mod classic;
mod clients;
mod conformance;
mod differential;
mod engine;
mod faulty;
mod hostile;
mod lifetimes;
mod memcached;
mod memcached_auth;
mod memory;
