//! A cache: a store and its settings, which an application opens once. `blocking` has the type that
//! an application holds, `builder` sets its options.

pub(crate) mod blocking;
pub(crate) mod builder;
