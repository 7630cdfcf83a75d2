//! Typed Rust objects in memcached, used like dictionaries. memdict notices changes at any depth,
//! and a commit writes only the values that really changed.
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
//! // The closure runs again if another session changed the same cart.
//! let total = cache.transaction(|session| {
//!     // On a miss, `or_default` makes an empty cart.
//!     let mut cart = session.dict(&CARTS).entry("alice")?.or_default();
//!     cart.items.push("hat".into());
//!     cart.total += 3;
//!     Ok(cart.total)
//! })?;
//! assert_eq!(total, 3);
//!
//! let session = cache.session();
//! match session.dict(&CARTS).get("alice")? {
//!     Some(cart) => assert_eq!(cart.items, ["hat"]),
//!     None => println!("the cart was never stored, or it is lost"),
//! }
//! # Ok::<_, memdict::Error>(())
//! ```
//!
//! # The pieces
//!
//! - [`Cache`]: a store and its settings. An application opens one and clones it.
//! - [`Session`]: one unit of work. [`Cache::session`] begins one; [`Session::commit`] writes its
//!   changes, and its [`CommitReport`] names every entry. [`Cache::transaction`] runs a closure in
//!   a session and commits it. [`Cache::update`] and [`Cache::update_each`] change single entries.
//! - [`Cache::fetch`] and [`MemcachedDict::fetch`] read through the cache: one caller of all makes what
//!   is missing.
//! - [`MemcachedDict`]: a typed dictionary in a session, found by a [`DictDef`] or by its name.
//! - [`Ref`], [`RefMut`] and [`Entry`]: guards through which a dictionary lends its values, for
//!   reading or for writing.
//! - [`Tracked`]: the types that can be stored. Most standard types are tracked, and a derive macro
//!   of the same name makes a struct or an enum so.
//! - [`Link`]: a field that refers to another entry. [`Session::follow`] loads it on demand.
//!
//! The [guides](docs) explain tracking, conflicts and reliability in depth.
//!
//! # Conflicts
//!
//! A commit never silently overwrites a change that another session made to a value since this
//! session read it. It fails with [`Error::Conflict`], and [`Cache::transaction`] then runs its
//! closure again, as [`Retry`] says. A dictionary may ask for another rule ([`OnConflict`]): the
//! last write wins, or both changes are merged as the type says (`#[memdict(merge)]`).
//!
//! [`MemcachedDict::read_current`] and [`Session::verify_first`] check stored values before the
//! commit writes anything. Within a session, [`Session::rollback_to`] undoes the changes since a
//! [`Savepoint`].
//!
//! # What may be lost
//!
//! Stored values are cached: any of them may be gone at any time. A read of a missing value gives
//! `None`, whatever the reason. A write may be lost; the report and the log then name it. There is
//! no atomicity across keys. A store that is down is an error only in a
//! [strict](CacheBuilder::strict) cache or dictionary.
//!
//! # Features
//!
//! | feature | default | what it adds |
//! |---|---|---|
//! | `tracing` | yes | log events, through the `tracing` crate, for what is lost, refused, down or unusable; they name keys and servers, never values. [Spans](docs::observing) of loads, commits and exchanges, which name neither |
//! | `metrics` | no | [counters and times](docs::observing) as series of the `metrics` crate |
//! | `classic` | yes | [`ClassicStore`], for servers with SASL |
//! | `tls` | no | `memcache+tls://` and [`MemcachedStore::tls`]: memcached over TLS, by rustls |
//! | `placement` | no | [keys on the servers](docs::servers) where other clients of a shared pool put them |
//! | `tokio` | no | [`AsyncCache`], [`AsyncSession`], [`AsyncDict`] and [`AsyncStore`]: the same calls with `.await` |
//! | `json` | no | [`Json`] and [`as_json`]: values that need the names of their fields, stored as JSON |
//! | `testing` | no | [`testing`](docs::testing): stores that fail, by chance or on command, and a clock to turn |
//! | `bytes`, `chrono`, `indexmap`, `smallvec`, `time`, `uuid` | no | [`Tracked`] for types of these crates |

#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[doc(hidden)]
#[path = "private/mod.rs"]
pub mod __private;
#[cfg(feature = "json")]
pub mod as_json;
mod cache;
mod codec;
mod conflict;
mod counter;
mod counters;
mod def;
mod dict;
#[cfg(any(doc, doctest))]
pub mod docs;
mod entry_id;
mod envelope;
mod error;
mod export;
mod face;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod harness;
mod health;
pub mod inspect;
mod key;
mod latency;
mod link;
mod log;
mod lookup;
mod open;
mod outages;
mod pack;
mod quote;
mod random;
mod report;
mod session;
mod store;
#[cfg(feature = "testing")]
pub mod testing;
mod trace;
mod track;
mod unusable;
mod url;

#[cfg(feature = "tokio")]
pub use cache::asynchronous::AsyncCache;
pub use cache::{blocking::Cache, builder::CacheBuilder};
pub use codec::Codec;
pub use conflict::{ConflictCause, KeyConflict};
#[cfg(feature = "tokio")]
pub use counter::face::AsyncCounter;
pub use counter::{definition::CounterDef, face::Counter, pending::SessionCounter};
pub use counters::Counters;
pub use def::{
    DictDef,
    rules::{OnConflict, OnUnusable, OnVanished},
    ttl::Ttl,
};
#[cfg(feature = "tokio")]
pub use dict::async_face::AsyncDict;
pub use dict::{
    entry::{Entry, OccupiedEntry, VacantEntry},
    face::MemcachedDict,
    update::{FailedUpdate, UpdateReport},
};
pub use entry_id::EntryId;
pub use error::{BorrowKind, BoxError, Error, Result};
pub use health::{ServerCounters, ServerHealth};
pub use key::{Key, ToKey};
pub use latency::{Latencies, Latency};
pub use link::Link;
pub use lookup::Lookup;
#[doc = include_str!("track/derive.md")]
pub use memdict_derive::Tracked;
#[cfg(any(feature = "lz4", feature = "zstd"))]
pub use pack::Compression;
pub use report::{CommitReport, FailedWrite, Merged, Replaced};
#[cfg(feature = "tokio")]
pub use session::{
    async_face::AsyncSession,
    body::{Body, BodyOfEach},
};
pub use session::{
    entry::{
        guard::{Ref, RefMut},
        savepoint::Savepoint,
    },
    face::Session,
    fetch::fresh::Fresh,
    retry::Retry,
    settings::{DetectUntracked, OtherSchema},
};
#[cfg(feature = "classic")]
pub use store::classic::ClassicStore;
pub use store::clock::Clock;
#[cfg(unix)]
pub use store::cluster::store::ClusterStore;
pub use store::expiry::{Expiry, Life};
#[cfg(unix)]
pub use store::memcached::store::MemcachedStore;
#[cfg(all(unix, feature = "tls"))]
pub use store::memcached::tls::settings::Tls;
pub use store::memory::MemoryStore;
pub use store::operation::{
    Applied, ApplyOut, By, Change, Condition, Count, Load, LoadOut, Loaded, Op, Reason, Renewal,
    StoreError, Token,
};
pub use store::placement::Placement;
#[cfg(feature = "tokio")]
pub use store::{AsyncStore, BoxFuture};
pub use store::{Store, caps::Caps};
#[cfg(feature = "json")]
pub use track::Json;
pub use track::{AssignFrom, EnumField, Field, MergeConflict, Opaque, Tracked};
pub use unusable::Unusable;
