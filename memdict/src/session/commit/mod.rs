//! A commit, from the entries that were borrowed for writing to the report.
//!
//! Its stages, in order: `draft` says what has to be done about one entry, and `plan` turns that
//! into changes. `hooks` may refuse them. `verify` checks that the store still holds what the
//! session saw. `settle` interprets the answers to the changes. `resolve` looks at the store again
//! if an answer is in doubt or another session was faster; `merge` then merges two changes.
//! `generations` are those of dictionaries that can be cleared. `conflict` tells who changed what,
//! and `finish` makes the report or the error. `run` is the loop around these stages; `tally` counts
//! what they did; `hidden` is a debugging aid that runs first.
//!
//! Only `run` does I/O, through a driver. All others are pure: they know no store.

mod conflict;
mod draft;
mod finish;
#[cfg(test)]
mod fixtures;
mod generations;
mod hidden;
pub(crate) mod hooks;
mod merge;
mod plan;
mod resolve;
pub(crate) mod run;
mod settle;
mod tally;
mod verify;
