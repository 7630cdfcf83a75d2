//! Stores, which keep bytes under keys. `operation` and `caps` are the interface of every store.
//!
//! `memory` is the embedded store in this process's memory, `memcached` is the engine for memcached
//! servers, and `classic` is the client for servers that the engine does not speak to. `servers`
//! chooses the server of a key. `faulty` passes operations on to another store, and makes some of them
//! fail. `queue` and `deadline` are for callers that wait. `adapted` lets tasks use a store that blocks,
//! and `worker` notices calls that block a task. `expiry` says when values expire; `limits` and `ttl`
//! are memcached's rules, which all stores follow.

#[cfg(feature = "tokio")]
pub(crate) mod adapted;
pub(crate) mod caps;
#[cfg(feature = "classic")]
pub(crate) mod classic;
pub(crate) mod clock;
#[cfg(unix)]
pub(crate) mod cluster;
pub(crate) mod credentials;
#[cfg(any(unix, feature = "classic"))]
mod deadline;
pub(crate) mod expiry;
// Without the feature, only URLs make such a store, with rates alone.
#[cfg_attr(not(feature = "testing"), allow(dead_code, unreachable_pub))]
pub(crate) mod faulty;
// On other systems than Unix, only `memory` uses these, and only a part of them.
#[cfg_attr(not(unix), allow(dead_code))]
mod limits;
// The engine waits for sockets with `poll`.
#[cfg(unix)]
pub(crate) mod memcached;
pub(crate) mod memory;
pub(crate) mod operation;
pub(crate) mod placement;
#[cfg(any(unix, feature = "classic"))]
#[cfg_attr(not(unix), allow(dead_code))]
mod queue;
#[cfg_attr(not(unix), allow(dead_code))]
pub(crate) mod servers;
#[cfg_attr(not(unix), allow(dead_code))]
mod ttl;
#[cfg(all(feature = "tokio", any(unix, feature = "classic")))]
mod worker;

#[cfg(feature = "tokio")]
use std::pin::Pin;
use std::{fmt, sync::Arc, time::Duration};

use caps::Caps;
use operation::{ApplyOut, Change, Load, LoadOut};

use crate::health::{ServerCounters, ServerHealth};

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
/// use memdict::{Applied, Change, Condition, Expiry, Load, Loaded, MemoryStore, Op, Store};
///
/// let store = MemoryStore::new();
/// let op = Op::Store { bytes: b"v", expiry: Expiry::Never };
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

    /// Makes changes.
    fn apply_many(&self, changes: &[Change<'_>], out: &mut ApplyOut<'_>);

    /// Begins a call of several batches, and returns the store for it. All of its batches together
    /// end within `deadline`, or within the store's own if that is `None`; operations that are not
    /// done by then are [down](crate::StoreError::Down) or [unknown](crate::StoreError::Unknown).
    /// Returns `None` if the store never waits, or if each batch has a time of its own.
    fn within(&self, deadline: Option<Duration>) -> Option<Arc<dyn Store>> {
        let _ = deadline;
        None
    }

    /// Returns the store that a session which begins now uses until it ends, or `None` if that is this
    /// one. A store whose servers change returns the present ones, because a token holds on its own
    /// server alone.
    fn for_session(&self) -> Option<Arc<dyn Store>> {
        None
    }

    /// Returns what the store can do. A commit that needs more fails before it sends anything.
    fn caps(&self) -> Caps {
        Caps::default()
    }

    /// Returns what is known of each server, without asking any. A store that has no servers, or does
    /// not watch them, returns an empty list, as this does by default.
    fn health(&self) -> Vec<ServerHealth> {
        Vec::new()
    }

    /// Asks each server now, whatever is known of it, and returns what is then known. One that does
    /// not answer is not [up](ServerHealth::up), and its error names it. By default this returns
    /// [`health`](Self::health) alone.
    fn ping(&self) -> Vec<ServerHealth> {
        self.health()
    }

    /// Returns what was exchanged with each server. The list is empty where [`health`](Self::health)
    /// is.
    fn server_counters(&self) -> Vec<ServerCounters> {
        Vec::new()
    }

    /// Returns this store for tasks, or `None` if it has no such side. Its calls then run on
    /// threads for blocking work.
    #[cfg(feature = "tokio")]
    fn into_async(self: Arc<Self>) -> Option<Arc<dyn AsyncStore>> {
        None
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

    fn for_session(&self) -> Option<Arc<dyn Store>> {
        (**self).for_session()
    }

    fn caps(&self) -> Caps {
        (**self).caps()
    }

    fn health(&self) -> Vec<ServerHealth> {
        (**self).health()
    }

    fn ping(&self) -> Vec<ServerHealth> {
        (**self).ping()
    }

    fn server_counters(&self) -> Vec<ServerCounters> {
        (**self).server_counters()
    }

    #[cfg(feature = "tokio")]
    fn into_async(self: Arc<Self>) -> Option<Arc<dyn AsyncStore>> {
        S::into_async(Arc::clone(&self))
    }
}

/// A boxed future of a store.
#[cfg(feature = "tokio")]
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A [`Store`] for tasks: its operations are futures.
///
/// Everything that is said of [`Store`] is true of it as well. Its futures may be dropped before
/// they end. After that, the store must work as before, and must not give the outcome of a dropped
/// operation to a later one.
///
/// A type that implements both traits shows the same values through both. It says so with
/// [`Store::into_async`] and [`into_blocking`](Self::into_blocking), so that a cache can change
/// from one to the other.
///
/// ```
/// use memdict::{Applied, AsyncStore, Change, Condition, Expiry, Load, Loaded, MemoryStore, Op};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let store = MemoryStore::new();
/// let set = Change::new(b"k", Op::Store { bytes: b"v", expiry: Expiry::Never }, Condition::Always);
/// store.apply_many(&[set], &mut |_, outcome| assert!(matches!(outcome, Ok(Applied::Stored)))).await;
/// let mut found = None;
/// let mut take = |_, loaded: Result<Loaded<'_>, _>| found = Some(format!("{loaded:?}"));
/// store.load_many(&[Load::new(b"k")], &mut take).await;
/// assert!(found.is_some_and(|found| found.contains("Hit")));
/// # }
/// ```
#[cfg(feature = "tokio")]
pub trait AsyncStore: Send + Sync + fmt::Debug {
    /// Loads values. The bytes passed to `out` are borrowed for the duration of that call.
    fn load_many<'a>(
        &'a self,
        loads: &'a [Load<'a>],
        out: &'a mut LoadOut<'a>,
    ) -> BoxFuture<'a, ()>;

    /// Makes changes.
    fn apply_many<'a>(
        &'a self,
        changes: &'a [Change<'a>],
        out: &'a mut ApplyOut<'a>,
    ) -> BoxFuture<'a, ()>;

    /// Makes changes, and calls `sending` just before the first of these changes may
    /// reach the store.
    ///
    /// A commit that is dropped before that call is abandoned: nothing of it was sent. One that is
    /// dropped later goes on in a task of its own. By default this calls `sending` at once.
    fn apply_many_telling<'a>(
        &'a self,
        changes: &'a [Change<'a>],
        out: &'a mut ApplyOut<'a>,
        sending: &'a (dyn Fn() + Send + Sync),
    ) -> BoxFuture<'a, ()> {
        sending();
        self.apply_many(changes, out)
    }

    /// Begins a call of several batches, as [`Store::within`] does.
    fn within(&self, deadline: Option<Duration>) -> Option<Arc<dyn AsyncStore>> {
        let _ = deadline;
        None
    }

    /// Returns the store of a session that begins now, as [`Store::for_session`] does.
    fn for_session(&self) -> Option<Arc<dyn AsyncStore>> {
        None
    }

    /// Returns what the store can do. A commit that needs more fails before it sends anything.
    fn caps(&self) -> Caps {
        Caps::default()
    }

    /// Returns what is known of each server, without asking any. A store that has no servers, or does
    /// not watch them, returns an empty list, as this does by default.
    fn health(&self) -> Vec<ServerHealth> {
        Vec::new()
    }

    /// Asks each server now, as [`Store::ping`] does.
    fn ping(&self) -> BoxFuture<'_, Vec<ServerHealth>> {
        Box::pin(async { self.health() })
    }

    /// Returns what was exchanged with each server. The list is empty where [`health`](Self::health)
    /// is.
    fn server_counters(&self) -> Vec<ServerCounters> {
        Vec::new()
    }

    /// Returns this store for calls that block, or `None` if it has no such side.
    fn into_blocking(self: Arc<Self>) -> Option<Arc<dyn Store>> {
        None
    }
}

/// A shared store.
#[cfg(feature = "tokio")]
impl<S: AsyncStore + ?Sized> AsyncStore for Arc<S> {
    fn load_many<'a>(
        &'a self,
        loads: &'a [Load<'a>],
        out: &'a mut LoadOut<'a>,
    ) -> BoxFuture<'a, ()> {
        (**self).load_many(loads, out)
    }

    fn apply_many<'a>(
        &'a self,
        changes: &'a [Change<'a>],
        out: &'a mut ApplyOut<'a>,
    ) -> BoxFuture<'a, ()> {
        (**self).apply_many(changes, out)
    }

    fn apply_many_telling<'a>(
        &'a self,
        changes: &'a [Change<'a>],
        out: &'a mut ApplyOut<'a>,
        sending: &'a (dyn Fn() + Send + Sync),
    ) -> BoxFuture<'a, ()> {
        (**self).apply_many_telling(changes, out, sending)
    }

    fn within(&self, deadline: Option<Duration>) -> Option<Arc<dyn AsyncStore>> {
        (**self).within(deadline)
    }

    fn for_session(&self) -> Option<Arc<dyn AsyncStore>> {
        (**self).for_session()
    }

    fn caps(&self) -> Caps {
        (**self).caps()
    }

    fn health(&self) -> Vec<ServerHealth> {
        (**self).health()
    }

    fn ping(&self) -> BoxFuture<'_, Vec<ServerHealth>> {
        (**self).ping()
    }

    fn server_counters(&self) -> Vec<ServerCounters> {
        (**self).server_counters()
    }

    fn into_blocking(self: Arc<Self>) -> Option<Arc<dyn Store>> {
        S::into_blocking(Arc::clone(&self))
    }
}
