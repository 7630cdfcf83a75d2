//! TLS under the engine, by rustls.
//!
//! `settings` are what a program says; `trust` reads its files, `verify` is how a server is believed
//! that is not verified, and `client` is what the connections to one server have in common. A `session`
//! is one connection's TLS, and `failure` knows what its errors mean.

pub(in crate::store) mod client;
mod failure;
pub(in crate::store) mod session;
pub(crate) mod settings;
pub(in crate::store) mod trust;
mod verify;
