//! The engine for memcached servers, which speaks two dialects of the text protocol: meta commands,
//! and the classic ones where there are no others.
//!
//! `store` splits a batch into shares, one for each server (`servers`). A `lane` handles each share: it
//! takes an idle connection from the server's `pool`, or makes and greets a new one. A `talk` then
//! writes the requests and reads the answers. `load` and `change` know what to ask and what the
//! answers mean, `refusal` what error lines mean, and `gets` which keys one line asks for.
//! `exchange` drives all lanes of a batch at once. Only `proto` knows the bytes of
//! the protocol, and only a `wire` moves them, between the buffers of a `flow`; a `socket` is a wire,
//! perhaps with `tls` over it, as the `admission` of its server says. A `handshake` greets a new connection, with the `manners` that its server needs;
//! `assumed` is what a program says about it in advance, and `secured` that it speaks TLS. `watch` knows how each server is, and `counted` counts its
//! operations. `remember` keeps removals that were lost, `resend` knows how they are sent, and
//! `recovery` when. `tasks` drives the same lanes in tasks of tokio, and lets small shares of many
//! tasks go over one connection.

mod admission;
mod assumed;
mod change;
mod connection;
mod counted;
mod doubt;
mod exchange;
mod flow;
mod gets;
mod handshake;
mod inbox;
mod interest;
mod lane;
mod load;
mod manners;
mod placed;
mod pool;
mod proto;
mod recovery;
mod refusal;
pub(super) mod remember;
mod resend;
pub(in crate::store) mod resolve;
#[cfg(feature = "tls")]
mod secured;
mod send;
mod server;
mod socket;
pub(crate) mod store;
mod talk;
#[cfg(feature = "tokio")]
mod tasks;
mod timeouts;
#[cfg(feature = "tls")]
pub(crate) mod tls;
mod watch;
mod wire;
mod work;

#[cfg(any(test, fuzzing))]
pub(crate) use talk::scripted;
