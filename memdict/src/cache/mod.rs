//! A cache: a store and settings, opened once by an application. `blocking` is the type that an
//! application holds, `builder` sets its options.

pub(crate) mod blocking;
pub(crate) mod builder;
