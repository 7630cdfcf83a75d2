//! TLS under the engine, by rustls.
//!
//! `settings` are what a program says; `trust` reads its files, `verify` is how a server is believed
//! that is not verified, and `client` is what the connections to one server have in common. A `session`
//! is one connection's TLS, and `failure` knows what its errors mean.

pub(super) mod client;
mod failure;
pub(super) mod session;
pub(crate) mod settings;
pub(super) mod trust;
mod verify;
