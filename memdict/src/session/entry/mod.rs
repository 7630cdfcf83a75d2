//! One key of a session.
//!
//! `identity` finds the one entry of a key, `slot` keeps it, `state` says which call leads from
//! which state to which, and `seen` what the store held when the session looked. `guard` hands
//! the value out and takes it back, `savepoint` makes an entry what it was. `any_slot` is an entry
//! whose type nobody needs to know.
//!
//! Nothing here does I/O, and nothing here knows what a commit does.

pub(crate) mod any_slot;
pub(crate) mod guard;
pub(crate) mod identity;
pub(crate) mod savepoint;
pub(crate) mod seen;
pub(crate) mod slot;
pub(crate) mod state;
