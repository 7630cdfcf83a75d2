//! Savepoints: copies of entries, and how a rollback restores them.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use parking_lot::Mutex;

use super::{
    seen::Seen,
    state::{For, Marks, State, Value},
};
use crate::{
    codec::Limits,
    def::options::DictOptions,
    error::{BoxError, Error, Result},
    track::{Changes, Schema, Tracked},
};

/// A state of a session that the session can be rolled back to.
/// [`Session::savepoint`](crate::Session::savepoint) returns it, and
/// [`Session::rollback_to`](crate::Session::rollback_to) restores it.
#[derive(Debug)]
pub struct Savepoint {
    /// Unique among all savepoints of this process. Later savepoints have greater numbers.
    id: u64,
}

/// The savepoints that a session can be rolled back to, and the entries that changed since.
#[derive(Default)]
pub(crate) struct Savepoints {
    /// The newest savepoint, or 0. Whoever sets this has exclusive access to the session.
    newest: AtomicU64,
    record: Mutex<Record>,
}

#[derive(Default)]
struct Record {
    /// The valid savepoints, oldest first.
    live: Vec<Live>,
    /// The entries that have a snapshot, each with the savepoint that it was taken for; oldest
    /// first.
    changed: Vec<(u64, Arc<dyn Restore>)>,
}

struct Live {
    id: u64,
    /// How many entries were listed for a commit.
    listed: usize,
}

/// An entry that can be restored.
pub(crate) trait Restore: Send + Sync {
    /// Restores the entry to what it was at this savepoint, if it was changed since.
    ///
    /// # Errors
    ///
    /// The copy does not decode. The entry is then poisoned, and keeps its copy.
    fn restore(&self, savepoint: u64) -> Result<()>;
}

impl Savepoints {
    /// Returns the newest savepoint, or 0 if there is none.
    #[inline(always)]
    pub(crate) fn newest(&self) -> u64 {
        self.newest.load(Ordering::Relaxed)
    }

    /// Begins a savepoint, with this many entries listed.
    pub(crate) fn begin(&self, listed: usize) -> Savepoint {
        static LAST: AtomicU64 = AtomicU64::new(0);
        let mut record = self.record.lock();
        let id = LAST.fetch_add(1, Ordering::Relaxed) + 1;
        record.live.push(Live { id, listed });
        self.newest.store(id, Ordering::Relaxed);
        Savepoint { id }
    }

    /// Records that the entry has a snapshot for the newest savepoint.
    pub(crate) fn changed(&self, entry: Arc<dyn Restore>) {
        self.record.lock().changed.push((self.newest(), entry));
    }

    /// Restores all entries, and returns how many of them were listed.
    ///
    /// # Errors
    ///
    /// `Savepoint`: nothing was done. `Decode`: some entries are poisoned and all others are
    /// restored; the session can be rolled back to the same savepoint again.
    pub(crate) fn rollback_to(&self, savepoint: &Savepoint) -> Result<usize> {
        let mut record = self.record.lock();
        let id = savepoint.id;
        let Ok(at) = record.live.binary_search_by_key(&id, |live| live.id) else {
            return Err(Error::Savepoint { id });
        };
        record.live.truncate(at + 1);
        self.newest.store(id, Ordering::Relaxed);

        let first = record.changed.partition_point(|(since, _)| *since < id);
        let (mut done, mut failed) = (first, None);
        // An entry leaves the record only after it was restored. So if restoring one panics, the
        // others are still recorded.
        for next in first..record.changed.len() {
            if let Err(error) = record.changed[next].1.restore(id) {
                record.changed[next].0 = id;
                record.changed.swap(done, next);
                done += 1;
                failed.get_or_insert(error);
            }
        }
        record.changed.truncate(done);
        failed.map_or(Ok(record.live[at].listed), Err)
    }
}

/// The state of an entry before its first change after a savepoint.
pub(crate) struct Snapshot<C> {
    /// The savepoint.
    pub(crate) since: u64,
    pub(crate) options: DictOptions,
    pub(crate) listed: bool,
    kept: Kept<C>,
}

/// A state that can be restored. Values are not `Clone`, so they are kept encoded.
enum Kept<C> {
    /// Never borrowed for writing: the loaded value, if there is one. A load after the savepoint
    /// stays, so that what the session has read stays the same.
    AsSeen,
    /// As loaded, in all tracked parts.
    Clean {
        encoded: Vec<u8>,
    },
    Dirty {
        encoded: Vec<u8>,
        marks: Marks<C>,
    },
    New {
        encoded: Vec<u8>,
    },
    Removed,
}

impl<C: Changes> Snapshot<C> {
    /// Takes a snapshot of an entry in this state. Returns `None` if only a rollback to an earlier
    /// savepoint can change the entry.
    ///
    /// # Errors
    ///
    /// The value does not encode.
    pub(crate) fn take<T: Tracked<Changes = C>>(
        since: u64,
        state: &State<T>,
        options: DictOptions,
        listed: bool,
    ) -> Result<Option<Self>, BoxError> {
        let encoded = |value: &Value<T>| {
            let mut encoded = Vec::new();
            options.codec.copy(value.get(), options.limits, &mut encoded).map(|()| encoded)
        };
        let kept = match state {
            State::Absent => Kept::AsSeen,
            State::Clean { .. } if !listed => Kept::AsSeen,
            State::Clean { value } => Kept::Clean { encoded: encoded(value)? },
            State::Dirty { value, marks } => {
                Kept::Dirty { encoded: encoded(value)?, marks: marks.clone() }
            }
            State::New { value } => Kept::New { encoded: encoded(value)? },
            State::Removed => Kept::Removed,
            // Another thread has it checked out, with a snapshot; or it was leaked before the
            // savepoint.
            State::CheckedOut { .. } | State::Poisoned => return Ok(None),
        };
        Ok(Some(Self { since, options, listed, kept }))
    }

    /// Returns the state again.
    ///
    /// # Errors
    ///
    /// The copy, or the loaded value, does not decode.
    pub(crate) fn state<T: Tracked<Changes = C>>(
        &self,
        seen: &Seen,
        schema: &Schema,
        limits: Limits,
    ) -> Result<State<T>, BoxError> {
        let decoded = |encoded: &[u8]| {
            let value = self.options.codec.decode(encoded, self.options.limits.of_own_value())?;
            Ok::<_, BoxError>(Value::new(value, For::Writing))
        };
        Ok(match &self.kept {
            Kept::AsSeen => match seen.base().map(|base| base.decode(schema, limits)) {
                Some(Ok(value)) => State::Clean { value: Value::new(value, For::Writing) },
                Some(Err(why)) => {
                    return Err(format!("the loaded value can no longer be used: {why}").into());
                }
                None => State::Absent,
            },
            Kept::Clean { encoded } => State::Clean { value: decoded(encoded)? },
            Kept::Dirty { encoded, marks } => {
                State::Dirty { value: decoded(encoded)?, marks: marks.clone() }
            }
            Kept::New { encoded } => State::New { value: decoded(encoded)? },
            Kept::Removed => State::Removed,
        })
    }
}

#[cfg(test)]
mod tests;
