//! A dictionary in a session: `calls` has the body of every call, for any driver; `face` is the
//! type that an application calls; `entry` is an entry borrowed for writing; `update` changes
//! entries in transactions of their own.

pub(crate) mod calls;
pub(crate) mod entry;
pub(crate) mod face;
pub(crate) mod update;
