//! Counters: numbers that the server itself adds to, beside the dictionaries.
//!
//! `definition` says what a counter is, `calls` are the bodies of what is done with it at once, `face`
//! is what an application holds, and `pending` is what a session counts with its commit.

pub(crate) mod calls;
pub(crate) mod definition;
pub(crate) mod face;
pub(crate) mod pending;
