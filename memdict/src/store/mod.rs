//! Stores, which keep bytes under keys. `operation` and `caps` are the interface of every store.
//!
//! `memory` is the embedded store in this process's memory, `memcached` is the engine for memcached
//! servers, and `classic` is the client for servers that the engine does not speak to. `servers`
//! chooses the server of a key. `queue` and `deadline` are for callers that wait. `limits` and `ttl` are memcached's rules, which all stores follow.

pub(crate) mod caps;
#[cfg(feature = "classic")]
pub(crate) mod classic;
pub(crate) mod clock;
pub(crate) mod credentials;
#[cfg(any(unix, feature = "classic"))]
mod deadline;
// On other systems than Unix, only `memory` uses these, and only a part of them.
#[cfg_attr(not(unix), allow(dead_code))]
mod limits;
// The engine waits for sockets with `poll`.
#[cfg(unix)]
pub(crate) mod memcached;
pub(crate) mod memory;
pub(crate) mod operation;
#[cfg(any(unix, feature = "classic"))]
mod queue;
#[cfg(any(unix, feature = "classic"))]
#[cfg_attr(not(unix), allow(dead_code))]
mod servers;
#[cfg_attr(not(unix), allow(dead_code))]
mod ttl;

use std::{fmt, sync::Arc, time::Duration};

use caps::Caps;
use operation::{ApplyOut, Change, Load, LoadOut};

/// A place where bytes are kept under keys and may be lost at any time.
///
/// A store is batch first: it has no method for a single key. Each operation of a batch has its own
/// outcome. The store calls `out` once for each operation, in any order, with the index of the
/// operation and its outcome; an operation without an outcome counts as unanswered. A store reports
/// [`Applied::Stored`](crate::Applied::Stored) or [`Applied::Deleted`](crate::Applied::Deleted)
/// only if it knows that the change was made. Operations on one key take effect in the order of the
/// batch; otherwise a batch is not atomic.
///
/// A key has 1 to 250 bytes, without white space and control characters (no byte up to 32, and not
/// 127); an operation on any other key is [refused](crate::StoreError::Refused). A store may also
/// refuse keys that are not UTF-8, because memdict itself uses none.
///
/// ```
/// use memdict::{Applied, Change, Condition, Load, Loaded, MemoryStore, Op, Store};
///
/// let store = MemoryStore::new();
/// let op = Op::Store { bytes: b"v", ttl: None };
/// let absent = Change::new(b"k", op, Condition::Absent);
/// let mut outcomes = Vec::new();
/// store.apply_many(&[absent, absent], &mut |i, outcome| outcomes.push((i, outcome)));
/// assert!(matches!(outcomes[..], [(0, Ok(Applied::Stored)), (1, Ok(Applied::Exists))]));
/// store.load_many(&[Load::new(b"k")], &mut |_, loaded| {
///     assert!(matches!(loaded, Ok(Loaded::Hit { bytes: b"v", .. })));
/// });
/// ```
pub trait Store: Send + Sync + fmt::Debug {
    /// Loads values. The bytes passed to `out` are borrowed for the duration of that call.
    fn load_many(&self, loads: &[Load<'_>], out: &mut LoadOut<'_>);

    /// Stores and deletes values.
    fn apply_many(&self, changes: &[Change<'_>], out: &mut ApplyOut<'_>);

    /// Begins a call of several batches, and returns the store for it. All of its batches together
    /// end within `deadline`, or within the store's own if that is `None`; operations that are not
    /// done by then are [down](crate::StoreError::Down) or [unknown](crate::StoreError::Unknown).
    /// Returns `None` if the store never waits, or if each batch has a time of its own.
    fn within(&self, deadline: Option<Duration>) -> Option<Arc<dyn Store>> {
        let _ = deadline;
        None
    }

    /// Returns what the store can do. A commit that needs more fails before it sends anything.
    fn caps(&self) -> Caps {
        Caps::default()
    }
}

/// A shared store.
impl<S: Store + ?Sized> Store for Arc<S> {
    fn load_many(&self, loads: &[Load<'_>], out: &mut LoadOut<'_>) {
        (**self).load_many(loads, out);
    }

    fn apply_many(&self, changes: &[Change<'_>], out: &mut ApplyOut<'_>) {
        (**self).apply_many(changes, out);
    }

    fn within(&self, deadline: Option<Duration>) -> Option<Arc<dyn Store>> {
        (**self).within(deadline)
    }

    fn caps(&self) -> Caps {
        (**self).caps()
    }
}
