//! The state of a session, whatever drives it.

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use parking_lot::Mutex;

use super::{
    drive::Drive,
    entry::{
        any_slot::AnySlot,
        guard::Held,
        identity::Identity,
        savepoint::{Savepoint, Savepoints},
        slot::{FirstWrite, Lent, Slot},
    },
    settings::Settings,
};
use crate::{
    def::{options::DictOptions, ttl::Ttl},
    entry_id::EntryId,
    error::Result,
    track::Tracked,
};

/// Whether the changes of a session are verified before the first is sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum VerifyFirst {
    #[default]
    No,
    Yes,
    /// Only if there are several changes and one of them depends on a stored value. A single change
    /// is made or not, so it needs no check.
    IfSeveral,
}

/// The state of a session, whatever drives it.
pub(crate) struct Core {
    pub(crate) settings: Arc<Settings>,
    pub(crate) identity: Identity,
    /// The entries that were borrowed for writing, inserted or removed, in that order. A commit
    /// looks only at these, however many others were loaded.
    pub(super) listed: Mutex<Vec<Arc<dyn AnySlot>>>,
    /// Entries that have to be current if the session writes anything.
    pub(super) current: Mutex<Vec<Arc<dyn AnySlot>>>,
    pub(super) verify_first: Mutex<VerifyFirst>,
    pub(super) doomed: Mutex<bool>,
    /// How long each call may take, unless the store decides.
    pub(super) deadline: Mutex<Option<Duration>>,
    /// What the session is about, for readers of the log.
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
            deadline: Mutex::default(),
            notes: Mutex::default(),
            savepoints: Savepoints::default(),
            batches: AtomicU64::new(0),
            read_failed: AtomicBool::new(false),
        }
    }

    /// Records that a strict read found the store down.
    pub(super) fn read_failed(&self) {
        self.read_failed.store(true, Ordering::Relaxed);
    }

    /// Returns whether a strict read found the store down.
    pub(super) fn has_failed_to_read(&self) -> bool {
        self.read_failed.load(Ordering::Relaxed)
    }

    /// Returns the driver for one batch, if the session has a deadline. Without one, a batch ends
    /// within the store's own.
    pub(super) fn one_batch<D: Drive>(&self, driver: &D) -> Option<D> {
        let deadline = *self.deadline.lock();
        deadline.and_then(|deadline| driver.call(Some(deadline)))
    }

    /// Returns the number of a new batch of loads.
    pub(super) fn next_batch(&self) -> u64 {
        self.batches.fetch_add(1, Ordering::Relaxed) + 1
    }

    #[inline]
    fn list<T: Tracked>(&self, slot: &Arc<Slot<T>>, first: FirstWrite) {
        if first.0 {
            self.listed.lock().push(Arc::clone(slot) as _);
        }
    }

    /// Lists a count, which the commit sends.
    pub(crate) fn list_count(&self, count: Arc<dyn AnySlot>) {
        self.listed.lock().push(count);
    }

    /// Puts what the slot has just lent into a guard, and lists the entry.
    #[inline(always)]
    pub(crate) fn lend<T: Tracked>(&self, slot: Arc<Slot<T>>, lent: Lent<T>) -> Held<'_, T> {
        self.list(&slot, lent.first_write);
        Held::new(&self.identity, slot, lent)
    }

    /// Removes these entries from those that commit looks at.
    pub(crate) fn leave_out(&self, ids: &HashSet<EntryId>) {
        if !ids.is_empty() {
            self.listed.lock().retain(|entry| !ids.contains(entry.id()));
        }
    }

    /// Adds an entry that has to be current if the session writes anything.
    pub(crate) fn keep_current<T: Tracked>(&self, slot: &Arc<Slot<T>>) {
        self.current.lock().push(Arc::clone(slot) as _);
    }

    /// Keeps a copy of the entry for the newest savepoint. This has to run before every call that
    /// may change the entry.
    ///
    /// # Errors
    ///
    /// `Encode`: the value cannot be kept, and the entry must not be changed.
    #[inline(always)]
    pub(crate) fn keep<T: Tracked>(&self, slot: &Arc<Slot<T>>) -> Result<()> {
        match self.savepoints.newest() {
            0 => Ok(()),
            newest => self.keep_for(newest, slot),
        }
    }

    /// A function of its own, so that calls without a savepoint stay short.
    #[cold]
    fn keep_for<T: Tracked>(&self, newest: u64, slot: &Arc<Slot<T>>) -> Result<()> {
        if slot.keep(newest)? {
            self.savepoints.changed(Arc::clone(slot) as _);
        }
        Ok(())
    }

    /// Marks the state of the session. No other code uses the session meanwhile and no guard of it
    /// lives, because the faces take it `&mut`.
    pub(crate) fn savepoint(&self) -> Savepoint {
        self.savepoints.begin(self.listed.lock().len())
    }

    /// Makes the session what it was at the savepoint, again while no other code uses it.
    ///
    /// # Errors
    ///
    /// `Savepoint`: the savepoint is not valid, and nothing was done. `Decode`: an entry is
    /// poisoned, because its copy does not decode. The entry stays listed, so that a commit
    /// refuses.
    pub(crate) fn rollback_to(&self, savepoint: &Savepoint) -> Result<()> {
        let listed = self.savepoints.rollback_to(savepoint)?;
        self.listed.lock().truncate(listed);
        Ok(())
    }

    pub(crate) fn insert<T: Tracked>(
        &self,
        slot: &Arc<Slot<T>>,
        options: DictOptions,
        ttl: Option<Ttl>,
        value: T,
    ) -> Result<()> {
        self.keep(slot)?;
        let first =
            slot.insert(options, ttl, value).map_err(|misuse| slot.misused("insert", misuse))?;
        self.list(slot, first);
        Ok(())
    }

    pub(crate) fn touch<T: Tracked>(
        &self,
        slot: &Arc<Slot<T>>,
        options: DictOptions,
    ) -> Result<()> {
        self.keep(slot)?;
        let first = slot.touch(options).map_err(|misuse| slot.misused("touch", misuse))?;
        self.list(slot, first);
        Ok(())
    }

    pub(crate) fn invalidate<T: Tracked>(
        &self,
        slot: &Arc<Slot<T>>,
        options: DictOptions,
    ) -> Result<()> {
        self.keep(slot)?;
        let first =
            slot.invalidate(options).map_err(|misuse| slot.misused("invalidate", misuse))?;
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
