//! Reads through the cache: `fetch` returns the stored value, or lets one caller make it.
//!
//! ```text
//!  flight      ask ------------> judge            load                  fill
//!  does this   one batch of      serve it,        the loader's value,   stored on the right's
//!  process     loads, with       wait, or make    encoded once          token; else the right
//!  make it?    leases            it               (`fresh`)             is given back (`right`)
//! ```
//!
//! `one` runs this for a key, and `many` for a batch of keys. `flight` is the value that one call of
//! this process makes while others wait, and `patience` is how long it waits for other processes.
//! `lock` is the lease on servers that give none. `early` decides when a value is loaded before its
//! lifetime is over, and `rest` keeps a source that fails from being asked by every call.

pub(crate) mod ask;
pub(crate) mod early;
pub(crate) mod fill;
pub(crate) mod flight;
pub(crate) mod fresh;
pub(crate) mod judge;
pub(crate) mod load;
pub(crate) mod lock;
pub(crate) mod many;
pub(crate) mod one;
pub(crate) mod patience;
pub(crate) mod rest;
pub(crate) mod right;
