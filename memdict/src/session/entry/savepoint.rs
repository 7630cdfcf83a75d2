//! Savepoints: what the entries of a session were, and how they are that again.

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
    def::options::DictOptions,
    error::{BoxError, Error, Result},
    track::{Changes, Schema, Tracked},
};

/// A state of a session that it can be rolled back to:
/// [`Session::savepoint`](crate::Session::savepoint) gives it,
/// [`Session::rollback_to`](crate::Session::rollback_to) takes it.
#[derive(Debug)]
pub struct Savepoint {
    /// Of no other savepoint in this process, be it of another session. Later ones are greater.
    id: u64,
}

/// The savepoints that a session can be rolled back to, and what changed since.
#[derive(Default)]
pub(crate) struct Savepoints {
    /// The newest of them; 0 without one. Whoever sets it has the session to himself.
    newest: AtomicU64,
    record: Mutex<Record>,
}

#[derive(Default)]
struct Record {
    /// Oldest first.
    live: Vec<Live>,
    /// The entries that have a snapshot, by the savepoint it was taken for; oldest first.
    changed: Vec<(u64, Arc<dyn Restore>)>,
}

struct Live {
    id: u64,
    /// How many entries commit knew of.
    listed: usize,
}

/// An entry that can be what it was.
pub(crate) trait Restore: Send + Sync {
    /// Makes it what it was at this savepoint, if it was changed since.
    ///
    /// # Errors
    ///
    /// The copy does not decode. The entry is poisoned then; its copy stays.
    fn restore(&self, savepoint: u64) -> Result<()>;
}

impl Savepoints {
    /// The newest savepoint; 0 without one.
    #[inline(always)]
    pub(crate) fn newest(&self) -> u64 {
        self.newest.load(Ordering::Relaxed)
    }

    /// A new one, with so many entries listed.
    pub(crate) fn begin(&self, listed: usize) -> Savepoint {
        static LAST: AtomicU64 = AtomicU64::new(0);
        let mut record = self.record.lock();
        let id = LAST.fetch_add(1, Ordering::Relaxed) + 1;
        record.live.push(Live { id, listed });
        self.newest.store(id, Ordering::Relaxed);
        Savepoint { id }
    }

    /// The entry has a snapshot for the newest savepoint now.
    pub(crate) fn changed(&self, entry: Arc<dyn Restore>) {
        self.record.lock().changed.push((self.newest(), entry));
    }

    /// Makes all entries what they were, and says how many of them were listed.
    ///
    /// # Errors
    ///
    /// `Savepoint`: nothing was done. `Encode`: some entries are poisoned, all others are what
    /// they were, and the same savepoint can be rolled back to again.
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
        // An entry leaves the record only when it is what it was: should one panic, the others
        // are still there.
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

/// What an entry was when it was first changed after a savepoint.
pub(crate) struct Snapshot<C> {
    /// The savepoint.
    pub(crate) since: u64,
    pub(crate) options: DictOptions,
    pub(crate) listed: bool,
    kept: Kept<C>,
}

/// A state that can be made again. Values are not `Clone`, so they are kept encoded.
enum Kept<C> {
    /// Never handed out for writing: the value that was loaded, if any. A load after the
    /// savepoint stays, so that what the session has read stays the same.
    AsSeen,
    /// As loaded in all that is tracked.
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
    /// Of an entry in this state; `None` if nothing but a rollback to an earlier savepoint can
    /// change it.
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
            options.codec.encode(value.get(), &mut encoded).map(|()| encoded)
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
            // Out in another thread, and kept before that; or leaked before the savepoint.
            State::CheckedOut { .. } | State::Poisoned => return Ok(None),
        };
        Ok(Some(Self { since, options, listed, kept }))
    }

    /// The state again.
    ///
    /// # Errors
    ///
    /// What was kept or loaded does not decode.
    pub(crate) fn state<T: Tracked<Changes = C>>(
        &self,
        seen: &Seen,
        schema: &Schema,
    ) -> Result<State<T>, BoxError> {
        let decoded = |encoded: &[u8]| {
            let value = self.options.codec.decode(encoded)?;
            Ok::<_, BoxError>(Value::new(value, For::Writing))
        };
        Ok(match &self.kept {
            Kept::AsSeen => match seen.base().map(|base| base.decode(schema)) {
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
