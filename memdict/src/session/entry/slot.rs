//! One key of a session: its name, its state, and every call that changes it.

use std::{mem, sync::Arc};

use parking_lot::Mutex;

use super::{
    savepoint::{Restore, Snapshot},
    seen::{Base, Seen, Version, decode},
    state::{Back, Call, For, Marks, Misuse, Reply, State, Value},
};
use crate::{
    def::options::DictOptions,
    entry_id::EntryId,
    envelope::{self, Opened},
    error::{BoxError, Error, Result},
    key::name::Name,
    lookup::Lookup,
    store::operation::{Loaded, StoreError},
    track::{Schema, Tracked},
    unusable::Unusable,
};

/// One key of a session, of known type.
pub(crate) struct Slot<T: Tracked> {
    pub(crate) name: Name,
    pub(crate) schema: Schema,
    pub(crate) inner: Mutex<Inner<T>>,
}

/// What changes of a slot.
pub(crate) struct Inner<T: Tracked> {
    pub(crate) state: State<T>,
    pub(crate) seen: Seen,
    /// Of the definition that handed the entry out for writing last.
    pub(crate) options: DictOptions,
    /// Whether commit knows of the entry.
    pub(crate) listed: bool,
    /// Whether it has to be what was read, if the session writes anything.
    current: bool,
    /// The batch of loads that asked for it last; they are numbered from 1.
    batch: u64,
    /// What it was at savepoints, oldest first.
    pub(crate) history: Vec<Snapshot<T::Changes>>,
}

impl<T: Tracked> Inner<T> {
    /// Notes that the entry was handed out for writing, inserted or removed, by a definition with
    /// these options.
    fn written_by(&mut self, options: DictOptions) -> FirstWrite {
        self.options = options;
        FirstWrite(!mem::replace(&mut self.listed, true))
    }
}

/// Whether an entry was handed out for writing, inserted or removed for the first time: then
/// commit has to be told of it.
#[derive(Clone, Copy)]
#[must_use]
pub(crate) struct FirstWrite(pub(crate) bool);

/// What is said of an entry, once something is known of it.
pub(crate) enum Peek<R> {
    Is(R),
    /// Nothing is known yet: it is to be loaded first.
    Unread,
}

/// An entry that was handed out for writing.
pub(crate) struct Lent<T: Tracked> {
    /// The value, if there is one.
    pub(crate) value: Option<Box<T>>,
    pub(crate) marks: Marks<T::Changes>,
    pub(crate) first_write: FirstWrite,
}

impl<T: Tracked> Slot<T> {
    pub(crate) fn new(name: Name, schema: Schema) -> Self {
        let inner = Inner {
            state: State::Absent,
            seen: Seen::Unread,
            options: DictOptions::DEFAULT,
            listed: false,
            current: false,
            batch: 0,
            history: Vec::new(),
        };
        Self { name, schema, inner: Mutex::new(inner) }
    }

    /// One transition. Of user code only the destructor of a replaced value runs under the
    /// lock; being `'static`, it has no handle to this session.
    #[inline(always)]
    fn step(inner: &mut Inner<T>, call: Call<T>) -> Result<Reply<T>, Misuse> {
        let state = mem::replace(&mut inner.state, State::Poisoned);
        let (state, answer) = state.next(&mut inner.seen, call);
        // What stood in has nothing to drop.
        mem::forget(mem::replace(&mut inner.state, state));
        answer
    }

    /// `call` is the one that was refused.
    #[cold]
    pub(crate) fn misused(&self, call: &'static str, misuse: Misuse) -> Error {
        let id = self.id();
        match misuse {
            Misuse::AlreadyBorrowed(state) => Error::AlreadyBorrowed { id, call, state },
            Misuse::Poisoned => Error::Poisoned { id, call },
        }
    }

    /// Whether the entry is to be loaded in this batch: nothing is known of it, and the batch
    /// does not have it yet.
    pub(crate) fn joins(&self, batch: u64) -> bool {
        let mut inner = self.inner.lock();
        inner.state.needs_load(&inner.seen) && mem::replace(&mut inner.batch, batch) != batch
    }

    pub(crate) fn holds_value(&self) -> Result<Peek<bool>, Misuse> {
        let inner = self.inner.lock();
        if inner.state.needs_load(&inner.seen) {
            return Ok(Peek::Unread);
        }
        inner.state.holds_value().map(Peek::Is)
    }

    /// From now on it has to be what was read, if the session writes anything. Whether that is
    /// news.
    pub(crate) fn keep_current(&self) -> Result<Peek<bool>, Misuse> {
        let mut inner = self.inner.lock();
        if inner.state.needs_load(&inner.seen) {
            return Ok(Peek::Unread);
        }
        Ok(Peek::Is(!mem::replace(&mut inner.current, true)))
    }

    pub(crate) fn read(&self) -> Result<Peek<Option<Arc<T>>>, Misuse> {
        Ok(match Self::step(&mut self.inner.lock(), Call::Read)? {
            Reply::Read(value) => Peek::Is(value),
            _ => Peek::Unread,
        })
    }

    /// Hands the value out for reading, or says why there is none.
    pub(crate) fn look_up(&self) -> Result<Peek<Lookup<Arc<T>>>, Misuse> {
        let mut inner = self.inner.lock();
        let Reply::Read(value) = Self::step(&mut inner, Call::Read)? else {
            return Ok(Peek::Unread);
        };
        Ok(Peek::Is(match (value, &inner.state, &inner.seen) {
            (Some(value), ..) => Lookup::Hit(value),
            // What this session removed is gone, whatever it was.
            (None, State::Absent, Seen::Unusable(_, why)) => Lookup::Unusable(*why),
            (None, State::Absent, Seen::Unreachable(why)) => Lookup::Unreachable(Arc::clone(why)),
            (None, ..) => Lookup::Absent,
        }))
    }

    /// Hands the entry out for writing.
    #[inline(always)]
    pub(crate) fn check_out(&self, options: DictOptions) -> Result<Peek<Lent<T>>, Misuse> {
        let mut inner = self.inner.lock();
        Ok(match Self::step(&mut inner, Call::CheckOut)? {
            Reply::Lent { value, marks } => {
                let first_write = inner.written_by(options);
                Peek::Is(Lent { value, marks, first_write })
            }
            _ => Peek::Unread,
        })
    }

    fn write(&self, options: DictOptions, call: Call<T>) -> Result<FirstWrite, Misuse> {
        let mut inner = self.inner.lock();
        Self::step(&mut inner, call)?;
        Ok(inner.written_by(options))
    }

    pub(crate) fn check_in(&self, value: Option<Box<T>>, marks: Marks<T::Changes>, back: Back) {
        // A checked out entry takes back whatever its guard brings.
        let _ = Self::step(&mut self.inner.lock(), Call::CheckIn { value, marks, back });
    }

    pub(crate) fn insert(&self, options: DictOptions, value: T) -> Result<FirstWrite, Misuse> {
        self.write(options, Call::Insert(Box::new(value)))
    }

    pub(crate) fn remove(&self, options: DictOptions) -> Result<FirstWrite, Misuse> {
        self.write(options, Call::Remove)
    }

    /// Keeps what the entry is, unless that was done since this savepoint; whether it did.
    ///
    /// # Errors
    ///
    /// `Encode`: the value cannot be kept. Nothing was changed.
    pub(crate) fn keep(&self, savepoint: u64) -> Result<bool> {
        let mut inner = self.inner.lock();
        if inner.history.last().is_some_and(|last| last.since >= savepoint) {
            return Ok(false);
        }
        let taken = Snapshot::take(savepoint, &inner.state, inner.options, inner.listed)
            .map_err(|source| self.not_encoded(source))?;
        let kept = taken.is_some();
        inner.history.extend(taken);
        Ok(kept)
    }

    #[cold]
    pub(crate) fn not_encoded(&self, source: BoxError) -> Error {
        Error::Encode { id: self.id(), source }
    }

    fn id(&self) -> EntryId {
        self.name.id.clone()
    }

    /// What was loaded, once more.
    pub(crate) fn loaded(&self) -> Option<T> {
        let base = self.inner.lock().seen.base().cloned();
        base.and_then(|base| base.decode(&self.schema).ok())
    }

    /// Decodes what a load gave.
    pub(crate) fn decode(
        &self,
        loaded: Result<Loaded<'_>, StoreError>,
        what_for: For,
    ) -> Decoded<T> {
        let (bytes, token) = match loaded {
            Ok(Loaded::Hit { bytes, token }) => (bytes, token),
            Ok(Loaded::Miss) => return Decoded::Nothing,
            Err(error) => return Decoded::Unreachable(error),
        };
        let Opened { codec, fingerprint, nonce, payload } =
            match envelope::open(bytes, self.name.in_envelope()) {
                Ok(opened) => opened,
                Err(why) => {
                    let version = Version { token, nonce: envelope::nonce(bytes) };
                    return Decoded::Unusable(why, version);
                }
            };
        let version = Version { token, nonce: Some(nonce) };
        match decode(&self.schema, codec, fingerprint, payload) {
            Ok(value) => {
                let base = Base { version, codec, fingerprint, payload: payload.into() };
                Decoded::Value(Value::new(value, what_for), base)
            }
            Err(why) => Decoded::Unusable(why, version),
        }
    }

    pub(crate) fn install(&self, decoded: Decoded<T>) {
        let (value, seen) = match decoded {
            Decoded::Value(value, base) => (Some(value), Seen::Value(base)),
            Decoded::Nothing => (None, Seen::Nothing),
            Decoded::Unusable(why, version) => (None, Seen::Unusable(version, why)),
            Decoded::Unreachable(error) => (None, Seen::Unreachable(error.to_string().into())),
        };
        // A load is never a misuse.
        let _ = Self::step(&mut self.inner.lock(), Call::Loaded { value, seen });
    }
}

impl<T: Tracked> Restore for Slot<T> {
    fn restore(&self, savepoint: u64) -> Result<()> {
        let inner = &mut *self.inner.lock();
        let earlier = inner.history.partition_point(|snapshot| snapshot.since < savepoint);
        if earlier == inner.history.len() {
            return Ok(());
        }
        // What it is while the copy is decoded, which may panic, and after an error. A call to
        // restore is never a misuse.
        let _ = Self::step(inner, Call::Restore(State::Poisoned));
        inner.history.truncate(earlier + 1);
        let snapshot = &inner.history[earlier];
        let state = snapshot.state(&inner.seen, &self.schema);
        let state = state.map_err(|source| Error::Decode { id: self.id(), source })?;
        (inner.options, inner.listed) = (snapshot.options, snapshot.listed);
        inner.history.truncate(earlier);
        let _ = Self::step(inner, Call::Restore(state));
        Ok(())
    }
}

/// What a load came to.
pub(crate) enum Decoded<T> {
    Value(Value<T>, Base),
    Nothing,
    Unusable(Unusable, Version),
    Unreachable(StoreError),
}
