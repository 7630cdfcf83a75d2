//! A session: one unit of work.
//!
//! `core` is the state of a session; its entries are in the folder `entry`. `load` fills them from
//! the store through a driver (`drive`), and the folder `commit` writes back those that changed.
//! The folder `fetch` reads through the cache: one caller makes a value that others wait for.
//! `unit` is all of this with its driver, and `source` makes units. `transaction` runs work (`body`) in
//! a unit, again after a conflict, as `retry` and the `turns` of a process say. `clear` makes a miss
//! of every value of a dictionary. `face` is the session
//! that an application holds, and `settings` is what all sessions of a cache share.

#[cfg(feature = "tokio")]
pub(crate) mod async_drive;
#[cfg(feature = "tokio")]
pub(crate) mod async_face;
pub(crate) mod body;
mod clear;
pub(crate) mod commit;
pub(crate) mod core;
pub(crate) mod drive;
pub(crate) mod entry;
pub(crate) mod face;
pub(crate) mod fetch;
pub(crate) mod load;
pub(crate) mod retry;
pub(crate) mod settings;
pub(crate) mod source;
pub(crate) mod transaction;
pub(crate) mod turns;
pub(crate) mod unit;
