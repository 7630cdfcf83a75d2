//! A dictionary in a session: `calls` reads and hands out, whatever drives the session; `face` is
//! the type that an application calls; `entry` is the place of one key; `update` changes entries that
//! are each a transaction of its own.

pub(crate) mod calls;
pub(crate) mod entry;
pub(crate) mod face;
pub(crate) mod update;
