//! A cache: a store and its settings, which an application opens once. `blocking` has the type that
//! an application holds, `asynchronous` the type for tasks, `face` what is the same for both;
//! `builder` sets the options, and `compressing` those of compression.

#[cfg(feature = "tokio")]
pub(crate) mod asynchronous;
pub(crate) mod blocking;
pub(crate) mod builder;
#[cfg(any(feature = "lz4", feature = "zstd"))]
mod compressing;
mod face;
