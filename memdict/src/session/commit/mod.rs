//! A commit, from the entries that were handed out to the report.
//!
//! Its stages, in order: `draft` says what has to be done about one entry, `plan` turns that into
//! changes, `hooks` may refuse them, `verify` checks that the store still holds what the session
//! saw, `settle` says what an answer means, `resolve` what a second look at the store says where
//! an answer is in doubt or another session was faster, `merge` makes one of two changes,
//! `conflict` tells who changed what, and `finish` makes the report or the error. `run` is the
//! loop around them; `hidden` is a debugging aid that runs first.
//!
//! Only `run` does I/O, through a driver. All others are pure: they know no store.

mod conflict;
mod draft;
mod finish;
#[cfg(test)]
mod fixtures;
mod hidden;
pub(crate) mod hooks;
mod merge;
mod plan;
mod resolve;
pub(crate) mod run;
mod settle;
mod verify;
