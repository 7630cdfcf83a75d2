//! A session: one unit of work.
//!
//! Its stages: `identity` finds the one entry of a key, `load` fills it, `guard` hands it out and
//! takes it back, `entry` says what may happen to it in which state, `slot` keeps it, and
//! `savepoint` what it was. Then `draft` says what there is to do about one entry, `plan` turns that
//! into changes, `hooks` are asked, `verify` looks whether all is as it was seen, a `drive`r sends,
//! `settle` says what an answer means, `resolve` what is there if that is in doubt or in the way,
//! `merge` makes one of two changes, `conflict` tells who changed what, and `finish` has the last
//! word. `commit` is the loop around these; `retry` says when all of it is run again.

pub(crate) mod commit;
mod conflict;
pub(crate) mod core;
pub(crate) mod draft;
pub(crate) mod drive;
pub(crate) mod entry;
pub(crate) mod face;
mod finish;
pub(crate) mod guard;
mod hidden;
pub(crate) mod hooks;
pub(crate) mod identity;
pub(crate) mod load;
mod merge;
mod plan;
#[cfg(test)]
mod rehearsal;
mod resolve;
pub(crate) mod retry;
pub(crate) mod savepoint;
mod seen;
pub(crate) mod settings;
mod settle;
pub(crate) mod slot;
pub(crate) mod verify;
