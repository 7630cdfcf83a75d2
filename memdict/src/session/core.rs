//! What a session is, whatever drives it.

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use parking_lot::Mutex;

use super::{
    entry::{
        any_slot::AnySlot,
        guard::Held,
        identity::Identity,
        savepoint::{Savepoint, Savepoints},
        slot::{FirstWrite, Lent, Slot},
    },
    settings::Settings,
};
use crate::{def::options::DictOptions, entry_id::EntryId, error::Result, track::Tracked};

/// Whether the changes of a session are verified before the first is sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum VerifyFirst {
    #[default]
    No,
    Yes,
    /// If there are several that depend on what is there: a single one is made or not.
    IfSeveral,
}

/// What a session is, whatever drives it.
pub(crate) struct Core {
    pub(crate) settings: Arc<Settings>,
    pub(crate) identity: Identity,
    /// The entries that were handed out for writing, inserted or removed, in that order: what
    /// commit has to look at, however many others were loaded.
    pub(super) listed: Mutex<Vec<Arc<dyn AnySlot>>>,
    /// Entries that have to be what the session read, if it writes anything.
    pub(super) current: Mutex<Vec<Arc<dyn AnySlot>>>,
    pub(super) verify_first: Mutex<VerifyFirst>,
    pub(super) doomed: Mutex<bool>,
    /// What the session is about, for those who read logs.
    pub(super) notes: Mutex<Vec<String>>,
    pub(super) savepoints: Savepoints,
    /// How many batches of loads there were.
    batches: AtomicU64,
    /// Whether a strict read met a store that is down.
    read_failed: AtomicBool,
}

impl Core {
    pub(super) fn new(settings: Arc<Settings>, verify_first: VerifyFirst) -> Self {
        Self {
            settings,
            identity: Identity::default(),
            listed: Mutex::default(),
            current: Mutex::default(),
            verify_first: Mutex::new(verify_first),
            doomed: Mutex::default(),
            notes: Mutex::default(),
            savepoints: Savepoints::default(),
            batches: AtomicU64::new(0),
            read_failed: AtomicBool::new(false),
        }
    }

    /// Notes that a strict read met a store that is down.
    pub(super) fn read_failed(&self) {
        self.read_failed.store(true, Ordering::Relaxed);
    }

    /// Returns whether a strict read met a store that is down.
    pub(super) fn has_failed_to_read(&self) -> bool {
        self.read_failed.load(Ordering::Relaxed)
    }

    /// The number of a new batch of loads.
    pub(super) fn next_batch(&self) -> u64 {
        self.batches.fetch_add(1, Ordering::Relaxed) + 1
    }

    #[inline]
    fn list<T: Tracked>(&self, slot: &Arc<Slot<T>>, first: FirstWrite) {
        if first.0 {
            self.listed.lock().push(Arc::clone(slot) as _);
        }
    }

    /// Puts what the slot has just handed out into a guard.
    #[inline(always)]
    pub(crate) fn lend<T: Tracked>(&self, slot: Arc<Slot<T>>, lent: Lent<T>) -> Held<'_, T> {
        self.list(&slot, lent.first_write);
        Held::new(&self.identity, slot, lent)
    }

    /// Lets commit know nothing of these entries.
    pub(crate) fn leave_out(&self, ids: &HashSet<EntryId>) {
        if !ids.is_empty() {
            self.listed.lock().retain(|entry| !ids.contains(entry.id()));
        }
    }

    /// The entry has to be what the session read, if that writes anything.
    pub(crate) fn keep_current<T: Tracked>(&self, slot: &Arc<Slot<T>>) {
        self.current.lock().push(Arc::clone(slot) as _);
    }

    /// Before every call that may change the entry: keeps what it is for the newest savepoint.
    ///
    /// # Errors
    ///
    /// `Encode`: it cannot be kept, and is not to be changed.
    #[inline(always)]
    pub(crate) fn keep<T: Tracked>(&self, slot: &Arc<Slot<T>>) -> Result<()> {
        match self.savepoints.newest() {
            0 => Ok(()),
            newest => self.keep_for(newest, slot),
        }
    }

    /// Apart, so that calls without a savepoint are short.
    #[cold]
    fn keep_for<T: Tracked>(&self, newest: u64, slot: &Arc<Slot<T>>) -> Result<()> {
        if slot.keep(newest)? {
            self.savepoints.changed(Arc::clone(slot) as _);
        }
        Ok(())
    }

    /// The session as it is now, to be rolled back to. Nobody else uses the session meanwhile,
    /// and no guard of it lives: the faces take it `&mut`.
    pub(crate) fn savepoint(&self) -> Savepoint {
        self.savepoints.begin(self.listed.lock().len())
    }

    /// Makes the session what it was; again, while nobody else uses it.
    ///
    /// # Errors
    ///
    /// `Savepoint`: it is not valid, and nothing was done. `Encode`: an entry is poisoned, for
    /// what it was does not decode. Then commit still knows of it, and refuses.
    pub(crate) fn rollback_to(&self, savepoint: &Savepoint) -> Result<()> {
        let listed = self.savepoints.rollback_to(savepoint)?;
        self.listed.lock().truncate(listed);
        Ok(())
    }

    pub(crate) fn insert<T: Tracked>(
        &self,
        slot: &Arc<Slot<T>>,
        options: DictOptions,
        value: T,
    ) -> Result<()> {
        self.keep(slot)?;
        let first = slot.insert(options, value).map_err(|misuse| slot.misused("insert", misuse))?;
        self.list(slot, first);
        Ok(())
    }

    pub(crate) fn remove<T: Tracked>(
        &self,
        slot: &Arc<Slot<T>>,
        options: DictOptions,
    ) -> Result<()> {
        self.keep(slot)?;
        let first = slot.remove(options).map_err(|misuse| slot.misused("remove", misuse))?;
        self.list(slot, first);
        Ok(())
    }
}
