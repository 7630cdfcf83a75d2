//! The engine for tasks of tokio: the same lanes, driven by the runtime's readiness.
//!
//! `connect` makes a connection, `socket` moves its bytes, and `exchange` drives the lanes of a
//! batch, by tokio's `clock`. What is said on a connection is the same as for calls
//! that block. `recovery` sends lost removals. `classic` is for a share that is left to the classic client.

#[cfg(feature = "classic")]
mod classic;
pub(super) mod clock;
mod connect;
pub(super) mod exchange;
mod lane;
mod recovery;
pub(super) mod socket;
mod store;
