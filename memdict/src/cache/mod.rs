//! A cache: a store and its settings, which an application opens once. `blocking` has the type that
//! an application holds, `asynchronous` the type for tasks, `face` what is the same for both;
//! `builder` sets the options.

#[cfg(feature = "tokio")]
pub(crate) mod asynchronous;
pub(crate) mod blocking;
pub(crate) mod builder;
mod face;
