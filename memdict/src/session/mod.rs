//! A session: one unit of work.
//!
//! `core` is what a session is, whatever drives it; its entries are in the room `entry`. `load`
//! fills them from the store through a driver (`drive`), and the room `commit` writes back those
//! that changed. `face` is the session that an application holds, `retry` says when all of its
//! work is run again, and `settings` is what all sessions of a cache share.

pub(crate) mod commit;
pub(crate) mod core;
pub(crate) mod drive;
pub(crate) mod entry;
pub(crate) mod face;
pub(crate) mod load;
pub(crate) mod retry;
pub(crate) mod settings;
