//! A session: one unit of work.
//!
//! `core` is what a session knows; its entries are in the room `entry`. `load` fills them from the
//! store through a driver (`drive`), and the room `commit` writes back those that changed. `unit`
//! is all of that with its driver, `source` what units are made from, and `transaction` runs work
//! in one, again after a conflict, as `retry` and the `turns` of a process say. `face` is the session that an application
//! holds, and `settings` is what all sessions of a cache share.

pub(crate) mod commit;
pub(crate) mod core;
pub(crate) mod drive;
pub(crate) mod entry;
pub(crate) mod face;
pub(crate) mod load;
pub(crate) mod retry;
pub(crate) mod settings;
pub(crate) mod source;
pub(crate) mod transaction;
pub(crate) mod turns;
pub(crate) mod unit;
