//! The guides: how to use memdict, what it promises, and how it is built.
//!
//! They are the files of the repository's `docs` folder.

#[doc = include_str!("../docs/conflicts.md")]
pub mod conflicts {}

#[doc = include_str!("../docs/lifetimes.md")]
pub mod lifetimes {}

#[doc = include_str!("../docs/tracking.md")]
pub mod tracking {}

#[doc = include_str!("../docs/reliability.md")]
pub mod reliability {}

#[doc = include_str!("../docs/read_through.md")]
pub mod read_through {}

#[doc = include_str!("../docs/security.md")]
pub mod security {}

#[doc = include_str!("../docs/observing.md")]
pub mod observing {}

#[cfg(feature = "tokio")]
#[doc = include_str!("../docs/async.md")]
pub mod blocking_or_async {}

#[doc = include_str!("../docs/servers.md")]
pub mod servers {}

#[cfg(feature = "testing")]
#[doc = include_str!("../docs/testing.md")]
pub mod testing {}

#[doc = include_str!("../docs/flare.md")]
pub mod flare {}

#[doc = include_str!("../docs/from-erp5.md")]
pub mod from_erp5 {}

#[doc = include_str!("../docs/performance.md")]
pub mod performance {}

#[doc = include_str!("../docs/design.md")]
pub mod design {}
