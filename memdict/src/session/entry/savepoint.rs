//! Savepoints: copies of entries, and how a rollback restores them.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use parking_lot::Mutex;

use super::{
    said::Said,
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

        let listed = record.live[at].listed;
        let first = record.changed.partition_point(|(since, _)| *since < id);
        let (mut done, mut failed) = (first, None);
        // An entry leaves the record only after it was restored. So if restoring one panics, the
        // others are still recorded. Restoring runs the application's code, so it needs the lock to
        // be free.
        let mut next = first;
        while let Some((_, entry)) = record.changed.get(next) {
            let entry = Arc::clone(entry);
            drop(record);
            let restored = entry.restore(id);
            record = self.record.lock();
            if let Err(error) = restored {
                record.changed[next].0 = id;
                record.changed.swap(done, next);
                done += 1;
                failed.get_or_insert(error);
            }
            next += 1;
        }
        record.changed.truncate(done);
        failed.map_or(Ok(listed), Err)
    }
}

/// The state of an entry before its first change after a savepoint.
#[derive(Clone)]
pub(crate) struct Snapshot<C> {
    /// The savepoint.
    pub(crate) since: u64,
    pub(crate) options: DictOptions,
    pub(crate) said: Option<Said>,
    pub(crate) listed: bool,
    kept: Kept<Arc<[u8]>, C>,
}

/// A state that can be restored, with its value. Values are not `Clone`, so they are kept encoded.
#[derive(Clone)]
enum Kept<V, C> {
    /// Never borrowed for writing: the loaded value, if there is one. A load after the savepoint
    /// stays, so that what the session has read stays the same.
    AsSeen,
    /// As loaded, in all tracked parts.
    Clean(V),
    Dirty(V, Marks<C>),
    New(V),
    Removed,
}

/// What is to be kept of an entry, before its value is encoded.
pub(crate) struct Draft<T: Tracked> {
    options: DictOptions,
    said: Option<Said>,
    listed: bool,
    what: Kept<Arc<T>, T::Changes>,
}

impl<T: Tracked> Draft<T> {
    /// Takes what has to be kept of an entry in this state. Returns `None` if only a rollback to an
    /// earlier savepoint can change the entry.
    pub(crate) fn of(
        state: State<T>,
        options: DictOptions,
        said: Option<Said>,
        listed: bool,
    ) -> (State<T>, Option<Self>) {
        let (state, what) = match state {
            State::Absent => (State::Absent, Kept::AsSeen),
            state @ State::Clean { .. } if !listed => (state, Kept::AsSeen),
            State::Clean { value } => {
                let (value, shared) = value.lend();
                (State::Clean { value }, Kept::Clean(shared))
            }
            State::Dirty { value, marks } => {
                let (value, shared) = value.lend();
                let kept = Kept::Dirty(shared, marks.clone());
                (State::Dirty { value, marks }, kept)
            }
            State::New { value } => {
                let (value, shared) = value.lend();
                (State::New { value }, Kept::New(shared))
            }
            State::Removed => (State::Removed, Kept::Removed),
            // Another thread has it checked out, with a snapshot; or it was leaked before the
            // savepoint.
            state @ (State::CheckedOut { .. } | State::Poisoned) => return (state, None),
        };
        (state, Some(Self { options, said, listed, what }))
    }

    /// Encodes the value.
    ///
    /// # Errors
    ///
    /// The value does not encode.
    pub(crate) fn encode(self, since: u64) -> Result<Snapshot<T::Changes>, BoxError> {
        let Self { options, said, listed, what } = self;
        let encoded = |value: Arc<T>| {
            let mut encoded = Vec::new();
            options.codec.copy(&*value, options.limits, &mut encoded)?;
            Ok::<_, BoxError>(Arc::from(encoded))
        };
        let kept = match what {
            Kept::AsSeen => Kept::AsSeen,
            Kept::Clean(value) => Kept::Clean(encoded(value)?),
            Kept::Dirty(value, marks) => Kept::Dirty(encoded(value)?, marks),
            Kept::New(value) => Kept::New(encoded(value)?),
            Kept::Removed => Kept::Removed,
        };
        Ok(Snapshot { since, options, said, listed, kept })
    }
}

impl<C: Changes> Snapshot<C> {
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
            Kept::Clean(encoded) => State::Clean { value: decoded(encoded)? },
            Kept::Dirty(encoded, marks) => {
                State::Dirty { value: decoded(encoded)?, marks: marks.clone() }
            }
            Kept::New(encoded) => State::New { value: decoded(encoded)? },
            Kept::Removed => State::Removed,
        })
    }
}

#[cfg(test)]
mod tests;
