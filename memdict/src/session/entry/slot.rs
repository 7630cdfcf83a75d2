//! One key of a session: its name, its state, and every call that changes the state.

use std::{mem, sync::Arc};

use parking_lot::Mutex;

use super::{
    decoded::Decoded,
    generation::Generation,
    said::Said,
    savepoint::{Draft, Restore, Snapshot},
    seen::{Seen, WayToFetch},
    state::{Back, Call, Marks, Misuse, Reply, Spent, State},
};
use crate::{
    codec::Limits,
    def::{options::DictOptions, ttl::Ttl},
    entry_id::EntryId,
    error::{BoxError, Error, Result},
    key::name::Name,
    lookup::Lookup,
    track::{Schema, Tracked},
};

/// One key of a session, with its type.
pub(crate) struct Slot<T: Tracked> {
    pub(crate) name: Name,
    pub(crate) schema: Schema,
    /// The limits of the dictionary's values.
    pub(crate) limits: Limits,
    /// The trained dictionary by which stored values may be compressed.
    pub(crate) trained: Option<&'static [u8]>,
    /// The generation of the dictionary, if it can be cleared.
    pub(crate) generation: Option<Arc<Generation>>,
    pub(crate) inner: Mutex<Inner<T>>,
}

/// The mutable part of a slot.
pub(crate) struct Inner<T: Tracked> {
    pub(crate) state: State<T>,
    pub(crate) seen: Seen,
    /// The options of the definition that last borrowed the entry for writing, inserted or removed.
    pub(crate) options: DictOptions,
    /// What the session said about this entry's stored value. If the session does not change the
    /// value, the commit does that, and nothing else.
    pub(crate) said: Option<Said>,
    /// Whether a commit looks at the entry.
    pub(crate) listed: bool,
    /// Whether the entry has to be current if the session writes anything.
    current: bool,
    /// The last batch of loads that asked for the entry. Batches are numbered from 1.
    batch: u64,
    /// Snapshots of the entry at savepoints, oldest first.
    pub(crate) history: Vec<Snapshot<T::Changes>>,
}

impl<T: Tracked> Inner<T> {
    /// Returns whether nothing in the session depends on what it saw of the entry.
    fn is_free(&self) -> bool {
        !self.listed && !self.current
    }

    /// Records that a definition with these options borrowed the entry for writing, inserted or
    /// removed.
    pub(super) fn written_by(&mut self, options: DictOptions) -> FirstWrite {
        self.options = options;
        FirstWrite(!mem::replace(&mut self.listed, true))
    }
}

/// Whether an entry was borrowed for writing, inserted or removed for the first time. If so, it has
/// to be listed for the commit.
#[derive(Clone, Copy)]
#[must_use]
pub(crate) struct FirstWrite(pub(crate) bool);

/// The answer about an entry, if it was loaded or written.
pub(crate) enum Peek<R> {
    Is(R),
    /// The entry has to be loaded first.
    Unread,
}

/// An entry that was lent for writing.
pub(crate) struct Lent<T: Tracked> {
    /// The value, if there is one.
    pub(crate) value: Option<Box<T>>,
    pub(crate) marks: Marks<T::Changes>,
    pub(crate) first_write: FirstWrite,
}

impl<T: Tracked> Slot<T> {
    pub(crate) fn new(
        name: Name,
        schema: Schema,
        (limits, trained): (Limits, Option<&'static [u8]>),
        generation: Option<Arc<Generation>>,
    ) -> Self {
        let inner = Inner {
            state: State::Absent,
            seen: Seen::Unread,
            options: DictOptions::DEFAULT,
            said: None,
            listed: false,
            current: false,
            batch: 0,
            history: Vec::new(),
        };
        Self { name, schema, limits, trained, generation, inner: Mutex::new(inner) }
    }

    /// Makes one transition. What is spent has to be dropped after the lock is released, because
    /// the destructor of a value may use the session.
    #[inline(always)]
    fn step(inner: &mut Inner<T>, call: Call<T>) -> (Result<Reply<T>, Misuse>, Spent<T>) {
        let state = mem::replace(&mut inner.state, State::Poisoned);
        let (state, answer, spent) = state.next(&mut inner.seen, call);
        // The stand-in, `Poisoned`, has nothing to drop.
        mem::forget(mem::replace(&mut inner.state, state));
        (answer, spent)
    }

    /// Makes one transition of a call without a value.
    #[inline(always)]
    fn ask(inner: &mut Inner<T>, call: Call<T>) -> Result<Reply<T>, Misuse> {
        Self::step(inner, call).0
    }

    /// Returns the error of a refused call.
    #[cold]
    pub(crate) fn misused(&self, call: &'static str, misuse: Misuse) -> Error {
        let id = self.id();
        match misuse {
            Misuse::AlreadyBorrowed(state) => Error::AlreadyBorrowed { id, call, state },
            Misuse::Poisoned => Error::Poisoned { id, call },
        }
    }

    /// Returns whether the entry has to be loaded in this batch: it needs a load, and is not yet
    /// part of the batch.
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

    /// Requires that the entry is current if the session writes anything. Returns whether this is
    /// the first such call.
    pub(crate) fn keep_current(&self) -> Result<Peek<bool>, Misuse> {
        let mut inner = self.inner.lock();
        if inner.state.needs_load(&inner.seen) {
            return Ok(Peek::Unread);
        }
        Ok(Peek::Is(!mem::replace(&mut inner.current, true)))
    }

    pub(crate) fn read(&self) -> Result<Peek<Option<Arc<T>>>, Misuse> {
        Ok(match Self::ask(&mut self.inner.lock(), Call::Read)? {
            Reply::Read(value) => Peek::Is(value),
            _ => Peek::Unread,
        })
    }

    /// Returns the value for reading, or why there is none.
    pub(crate) fn look_up(&self) -> Result<Peek<Lookup<Arc<T>>>, Misuse> {
        let mut inner = self.inner.lock();
        let Reply::Read(value) = Self::ask(&mut inner, Call::Read)? else {
            return Ok(Peek::Unread);
        };
        Ok(Peek::Is(match (value, &inner.state, &inner.seen) {
            (Some(value), ..) => Lookup::Hit(value),
            // A removed entry is absent, whatever the store held before.
            (None, State::Absent, Seen::Unusable(_, why)) => Lookup::Unusable(*why),
            (None, State::Absent, Seen::Unreachable(why)) => Lookup::Unreachable(Arc::clone(why)),
            (None, ..) => Lookup::Absent,
        }))
    }

    /// Lends the entry for writing.
    #[inline(always)]
    pub(crate) fn check_out(&self, options: DictOptions) -> Result<Peek<Lent<T>>, Misuse> {
        let mut inner = self.inner.lock();
        Ok(match Self::ask(&mut inner, Call::CheckOut)? {
            Reply::Lent { value, marks } => {
                let first_write = inner.written_by(options);
                Peek::Is(Lent { value, marks, first_write })
            }
            _ => Peek::Unread,
        })
    }

    fn write(
        &self,
        options: DictOptions,
        said: Option<Said>,
        call: Call<T>,
    ) -> Result<FirstWrite, Misuse> {
        let mut inner = self.inner.lock();
        let (answer, spent) = Self::step(&mut inner, call);
        let written = answer.map(|_| {
            inner.said = said;
            inner.written_by(options)
        });
        drop(inner);
        drop(spent);
        written
    }

    pub(crate) fn check_in(&self, value: Option<Box<T>>, marks: Marks<T::Changes>, back: Back) {
        // A checked out entry takes back any guard.
        self.run(Call::CheckIn { value, marks, back });
    }

    /// Makes one transition that is never a misuse.
    fn run(&self, call: Call<T>) {
        let mut inner = self.inner.lock();
        let (_, spent) = Self::step(&mut inner, call);
        drop(inner);
        drop(spent);
    }

    /// Sets the value, and what is said about its life, if anything.
    pub(crate) fn insert(
        &self,
        options: DictOptions,
        ttl: Option<Ttl>,
        value: T,
    ) -> Result<FirstWrite, Misuse> {
        self.write(options, ttl.map(Said::Lives), Call::Insert(Box::new(value)))
    }

    pub(crate) fn remove(&self, options: DictOptions) -> Result<FirstWrite, Misuse> {
        self.write(options, None, Call::Remove)
    }

    /// Removes the entry in this session, and says that the stored value is stale.
    pub(crate) fn invalidate(&self, options: DictOptions) -> Result<FirstWrite, Misuse> {
        self.write(options, Some(Said::Stale), Call::Remove)
    }

    /// Keeps a snapshot of the entry, unless it has one since this savepoint. Returns whether it
    /// took one.
    ///
    /// The value is encoded without the lock, because its `Serialize` may use the session.
    /// Meanwhile it counts as borrowed for reading.
    ///
    /// # Errors
    ///
    /// `Encode`: the value cannot be kept. Nothing was changed.
    pub(crate) fn keep(&self, savepoint: u64) -> Result<bool> {
        let has_one =
            |inner: &Inner<T>| inner.history.last().is_some_and(|last| last.since >= savepoint);
        let mut inner = self.inner.lock();
        if has_one(&inner) {
            return Ok(false);
        }
        let state = mem::replace(&mut inner.state, State::Poisoned);
        let (state, draft) = Draft::of(state, inner.options, inner.said, inner.listed);
        inner.state = state;
        let Some(draft) = draft else { return Ok(false) };
        drop(inner);
        let snapshot = draft.encode(savepoint).map_err(|source| self.not_encoded(source))?;

        let mut inner = self.inner.lock();
        // Another thread may have kept one meanwhile, before it changed the entry.
        let kept = !has_one(&inner);
        if kept {
            inner.history.push(snapshot);
        }
        Ok(kept)
    }

    #[cold]
    pub(crate) fn not_encoded(&self, source: BoxError) -> Error {
        Error::Encode { id: self.id(), source }
    }

    fn id(&self) -> EntryId {
        self.name.id.clone()
    }

    /// Returns what was loaded, decoded again.
    pub(crate) fn loaded(&self) -> Option<T> {
        let base = self.inner.lock().seen.base().cloned();
        base.and_then(|base| base.decode(&self.schema, self.limits).ok())
    }

    pub(crate) fn install(&self, decoded: Decoded<T>) {
        let (value, seen) = decoded.parts();
        self.run(Call::Loaded { value, seen });
    }

    /// Installs what `fetch` found or made, even if the session knew of no value.
    pub(crate) fn install_anew(&self, decoded: Decoded<T>) {
        let (value, seen) = decoded.parts();
        let mut inner = self.inner.lock();
        let call = match inner.is_free() {
            true => Call::LoadedAnew { value, seen },
            // A change of the session, or its commit, depends on what it saw.
            false => Call::Loaded { value, seen },
        };
        let (_, spent) = Self::step(&mut inner, call);
        drop(inner);
        drop(spent);
    }

    /// Returns what `fetch` does about the entry.
    pub(crate) fn way_to_fetch(&self) -> WayToFetch {
        let inner = self.inner.lock();
        match (&inner.state, &inner.seen) {
            (State::Absent, Seen::Absence(_)) => WayToFetch::Known,
            (State::Absent, _) if inner.is_free() => WayToFetch::Load,
            (State::Absent | State::Removed, _) => WayToFetch::Insert,
            _ => WayToFetch::Known,
        }
    }
}

impl<T: Tracked> Restore for Slot<T> {
    fn restore(&self, savepoint: u64) -> Result<()> {
        let mut inner = self.inner.lock();
        let earlier = inner.history.partition_point(|snapshot| snapshot.since < savepoint);
        if earlier == inner.history.len() {
            return Ok(());
        }
        // The entry is poisoned while the copy is decoded, which runs the application's code
        // without the lock and may panic, and after an error.
        let (_, spent) = Self::step(&mut inner, Call::Restore(State::Poisoned));
        inner.history.truncate(earlier + 1);
        let (snapshot, seen) = (inner.history[earlier].clone(), inner.seen.clone());
        drop(inner);
        drop(spent);
        let state = snapshot.state(&seen, &self.schema, self.limits);
        let state = state.map_err(|source| Error::Decode { id: self.id(), source })?;
        let mut inner = self.inner.lock();
        (inner.options, inner.said) = (snapshot.options, snapshot.said);
        inner.listed = snapshot.listed;
        inner.history.truncate(earlier);
        drop(inner);
        self.run(Call::Restore(state));
        Ok(())
    }
}
