//! What every store does, and what is documented of each of them, on private servers.

mod classic;
mod clients;
mod conformance;
mod differential;
mod engine;
mod faulty;
mod memcached;
mod memcached_auth;
mod memory;
