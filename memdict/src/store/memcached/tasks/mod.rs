//! The engine for tasks of tokio: the same lanes, driven by the runtime's readiness.
//!
//! `connections` has those to one server, `connect` makes one, `socket` moves its bytes, and
//! `exchange` drives the lanes of a batch. What is said on a connection is the same as for calls
//! that block. `classic` is for a share that is left to the classic client.

#[cfg(feature = "classic")]
mod classic;
mod connect;
pub(super) mod connections;
pub(super) mod exchange;
pub(super) mod socket;
