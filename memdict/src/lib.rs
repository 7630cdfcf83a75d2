//! Typed Rust objects, kept in memcached as if in dictionaries: changes are noticed at any depth,
//! and commit writes back only what really changed.
//!
//! ```
//! use memdict::{Cache, DictDef, Tracked};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Default, Serialize, Deserialize, Tracked)]
//! struct Cart {
//!     items: Vec<String>,
//!     total: u64,
//! }
//!
//! static CARTS: DictDef<Cart> = DictDef::new("carts").ttl_secs(3600);
//!
//! let cache = Cache::open("memory:")?; // or "memcache://127.0.0.1:11211"
//!
//! let total = cache.transaction(|session| {
//!     let mut cart = session.dict(&CARTS).entry("alice")?.or_default();
//!     cart.items.push("hat".into());
//!     cart.total += 3;
//!     Ok(cart.total)
//! })?;
//! assert_eq!(total, 3);
//! # Ok::<_, memdict::Error>(())
//! ```
//!
//! # The pieces
//!
//! A [`Cache`] is a store and settings, opened once. It gives a [`Session`] for each unit of
//! work: by hand, or inside [`Cache::transaction`]. A session gives dictionaries
//! ([`MemcachedDict`]), defined by a [`DictDef`] or by a name alone. A dictionary hands out its
//! values in guards: [`Ref`] for reading, [`RefMut`] and [`Entry`] for writing.
//! [`Session::commit`] writes what was changed, and its [`CommitReport`] names every key.
//!
//! Types become [`Tracked`] by the derive macro of that name; standard types are so already. A
//! field may be a [`Link`] to another entry, which [`Session::follow`] loads on demand.
//!
//! # Two sessions at once
//!
//! What somebody else changed meanwhile is never overwritten in silence. It is
//! [`Error::Conflict`], which [`Cache::transaction`] answers by running its body again
//! ([`Retry`]); or it is merged, where the dictionary asks for that ([`OnConflict`]) and the type
//! says how (`#[memdict(merge)]`). [`MemcachedDict::read_current`] and [`Session::verify_first`]
//! look before anything is written. Within a session, a [`Savepoint`] can be rolled back to.
//!
//! # What may be lost
//!
//! Values are cached: any of them may be gone at any time, and a miss is `None`, whatever its
//! reason. A write may be lost, and is then named in the report and in the log. There is no
//! atomicity across keys. Only in a [strict](CacheBuilder::strict) cache is a store that is down
//! an error.
//!
//! # Features
//!
//! - `tracing` (on unless default features are off): says through the crate of that name what is
//!   lost, refused, down or unusable. Keys and servers are named, values never.
//! - `classic` (on unless default features are off): [`ClassicStore`], and with it servers that
//!   are older than memcached 1.6.13 or lack meta commands.
//! - `tls`: [`ClassicStore`] speaks TLS, by OpenSSL, whose headers have to be installed.
//! - `bytes`, `chrono`, `indexmap`, `smallvec`, `time`, `uuid`: the types of these crates are
//!   tracked.

#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[doc(hidden)]
#[path = "private/mod.rs"]
pub mod __private;
mod cache;
mod codec;
mod conflict;
mod counters;
mod def;
mod dict;
#[cfg(any(doc, doctest))]
pub mod docs;
mod entry_id;
mod envelope;
mod error;
mod face;
mod key;
mod link;
mod log;
mod lookup;
mod open;
mod outages;
mod random;
mod report;
mod session;
mod store;
mod track;
mod unusable;
mod url;

pub use cache::{blocking::Cache, builder::CacheBuilder};
pub use codec::Codec;
pub use conflict::{ConflictCause, KeyConflict};
pub use counters::Counters;
pub use def::{
    DictDef,
    rules::{OnConflict, OnVanished},
};
pub use dict::{
    entry::{Entry, OccupiedEntry, VacantEntry},
    face::MemcachedDict,
    update::{FailedUpdate, UpdateReport},
};
pub use entry_id::EntryId;
pub use error::{BorrowKind, BoxError, Error, Result};
pub use key::{Key, ToKey};
pub use link::Link;
pub use lookup::Lookup;
#[doc = include_str!("track/derive.md")]
pub use memdict_derive::Tracked;
pub use report::{CommitReport, FailedWrite, Merged};
pub use session::{
    entry::{
        guard::{Ref, RefMut},
        savepoint::Savepoint,
    },
    face::Session,
    retry::Retry,
    settings::{DetectUntracked, OtherSchema},
};
#[cfg(feature = "classic")]
pub use store::classic::ClassicStore;
pub use store::clock::Clock;
#[cfg(unix)]
pub use store::memcached::MemcachedStore;
pub use store::memory::MemoryStore;
pub use store::operation::{
    Applied, ApplyOut, Change, Condition, Load, LoadOut, Loaded, Op, Reason, StoreError, Token,
};
pub use store::{Store, caps::Caps};
pub use track::{AssignFrom, EnumField, Field, MergeConflict, Opaque, Tracked};
pub use unusable::Unusable;
