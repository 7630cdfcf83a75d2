//! Where bytes live: what memdict asks of a store (`operation`, `caps`), and the stores there are.
//!
//! `memory` is this process's own memory, `memcached` the engine for memcached servers, `classic`
//! what the engine does not speak to. `servers` chooses the server of a key, `limits` and `ttl` are
//! memcached's rules, which all stores hold.

pub(crate) mod caps;
#[cfg(feature = "classic")]
pub(crate) mod classic;
pub(crate) mod clock;
pub(crate) mod credentials;
// Elsewhere than on Unix, `memory` needs a part of these.
#[cfg_attr(not(unix), allow(dead_code))]
mod limits;
// Sockets are waited for with `poll`.
#[cfg(unix)]
pub(crate) mod memcached;
pub(crate) mod memory;
pub(crate) mod operation;
#[cfg(any(unix, feature = "classic"))]
#[cfg_attr(not(unix), allow(dead_code))]
mod servers;
#[cfg_attr(not(unix), allow(dead_code))]
mod ttl;

use std::{fmt, sync::Arc};

use caps::Caps;
use operation::{ApplyOut, Change, Load, LoadOut};

/// A place where bytes are kept under keys, and may be lost at any time.
///
/// A store is batch first: it has no method for one key. Each operation of a batch has its own
/// outcome, given to `out` with the operation's index, once, in any order; an operation without
/// one counts as unanswered. A store reports [`Applied::Stored`](crate::Applied::Stored) and [`Applied::Deleted`](crate::Applied::Deleted) only
/// for what it knows to be done. Operations on one key take effect in the order of the batch;
/// otherwise a batch is not atomic. Keys are 1 to 250 bytes without white space and control
/// characters (no byte up to 32, nor 127); an operation on another key is
/// [refused](crate::StoreError::Refused). A store may refuse keys that are not UTF-8 as well: memdict
/// itself has none.
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
    /// Loads values. The bytes given to `out` are borrowed for that call.
    fn load_many(&self, loads: &[Load<'_>], out: &mut LoadOut<'_>);

    /// Stores and deletes values.
    fn apply_many(&self, changes: &[Change<'_>], out: &mut ApplyOut<'_>);

    /// Says what the store can do. A commit that needs more fails before it sends anything.
    fn caps(&self) -> Caps {
        Caps::default()
    }
}

/// A store that is shared.
impl<S: Store + ?Sized> Store for Arc<S> {
    fn load_many(&self, loads: &[Load<'_>], out: &mut LoadOut<'_>) {
        (**self).load_many(loads, out);
    }

    fn apply_many(&self, changes: &[Change<'_>], out: &mut ApplyOut<'_>) {
        (**self).apply_many(changes, out);
    }

    fn caps(&self) -> Caps {
        (**self).caps()
    }
}
