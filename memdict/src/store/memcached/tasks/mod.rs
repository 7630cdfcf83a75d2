//! The engine for tasks of tokio: the same lanes, driven by the runtime's readiness.
//!
//! `connect` makes a connection, `socket` moves its bytes, and `exchange` drives the parts of a
//! batch, by tokio's `clock`. A part has a connection `alone`, whose lane goes as for calls that
//! block, or is `sharing` one: it makes a `post` of its requests on a `shared` connection, which
//! has a `driver`. `recovery` sends lost removals.

mod alone;
pub(super) mod clock;
mod connect;
pub(super) mod driver;
pub(super) mod exchange;
mod lane;
mod post;
mod recovery;
pub(super) mod shared;
mod sharing;
pub(super) mod socket;
mod store;
