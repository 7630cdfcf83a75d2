//! One key of a session.
//!
//! `identity` finds the one entry of a key, and `slot` keeps it. `state` says which call leads from
//! which state to which, and `seen` is what the store held when the session looked. `guard` lends
//! the value and takes it back; `savepoint` restores an entry. `said` is what the session says of the
//! stored value, `lifetime` is what a commit makes of that, and `generation` is that of a dictionary
//! that can be cleared. `answer` decodes what a load was answered, and `decoded` is what comes of it.
//! `any_slot` is an entry of any type.
//!
//! Nothing here does I/O or depends on how a commit works.

pub(crate) mod answer;
pub(crate) mod any_slot;
pub(crate) mod decoded;
pub(crate) mod generation;
pub(crate) mod guard;
pub(crate) mod identity;
pub(crate) mod lifetime;
pub(crate) mod said;
pub(crate) mod savepoint;
pub(crate) mod seen;
pub(crate) mod slot;
pub(crate) mod state;
