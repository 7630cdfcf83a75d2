//! A dictionary in a session: `calls` has the body of every call, for any driver; `face` is the
//! type that an application calls, `async_face` its twin for tasks; `entry` is an entry borrowed for
//! writing; `fetch` reads through the cache; `update` changes entries in transactions of their own.

#[cfg(feature = "tokio")]
pub(crate) mod async_face;
pub(crate) mod calls;
pub(crate) mod entry;
pub(crate) mod face;
pub(crate) mod fetch;
pub(crate) mod update;
