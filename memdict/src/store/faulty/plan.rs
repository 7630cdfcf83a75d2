//! Which operations fail: those that a test chose, and some by chance.

use std::collections::{BTreeSet, HashMap};

use parking_lot::{Mutex, MutexGuard};

use super::{
    fault::{Fate, Fault},
    lives::Lived,
    rates::Rates,
};
use crate::store::operation::{Applied, Change, Load, Loaded, Op, StoreError};

/// The faults of a store, and what they need to know of it.
#[derive(Debug, Default)]
pub(super) struct Faults {
    plan: Mutex<Plan>,
    /// The keys that may have values.
    keys: Mutex<BTreeSet<Vec<u8>>>,
    /// If `None`, tokens are passed on unchanged.
    pub(super) lived: Option<Lived>,
}

#[derive(Debug, Default)]
pub(super) struct Plan {
    next: usize,
    pub(super) loads: usize,
    pub(super) load_batches: usize,
    pub(super) change_batches: usize,
    pub(super) changes: usize,
    at: HashMap<usize, Fault>,
    /// Counted from the next change.
    pub(super) once_writing: HashMap<usize, Fault>,
    pub(super) always: Option<Fault>,
    pub(super) rates: Rates,
    /// How many operations there were on each key, by its number, if there are rates.
    by_key: HashMap<u64, u64>,
}

/// A change on its way to the inner store.
pub(super) struct Sent<'a> {
    pub(super) change: Change<'a>,
    /// Whether its acknowledgement gets lost.
    pub(super) unanswered: bool,
}

impl Plan {
    /// Makes the operation fail that comes `n` operations from now.
    pub(super) fn fail_in(&mut self, n: usize, fault: Fault) {
        self.at.insert(self.next + n, fault);
    }

    pub(super) fn clear(&mut self) {
        self.at.clear();
        self.once_writing.clear();
        (self.always, self.rates) = (None, Rates::default());
    }

    fn next(&mut self, key: &[u8], is_change: bool) -> Fate {
        *(if is_change { &mut self.changes } else { &mut self.loads }) += 1;
        let this = self.next;
        self.next += 1;
        let chance = if self.rates.any() { self.draw(key, is_change) } else { Fate::default() };
        self.at.remove(&this).or(self.always).map_or(chance, Fate::of)
    }

    fn draw(&mut self, key: &[u8], is_change: bool) -> Fate {
        let of_key = self.rates.of_key(key);
        let nth = self.by_key.entry(of_key).or_default();
        *nth += 1;
        self.rates.fate(of_key, *nth, is_change)
    }

    /// Begins to count operations for `once_writing`.
    fn begin_writing(&mut self) {
        let (planned, next) = (std::mem::take(&mut self.once_writing), self.next);
        self.at.extend(planned.into_iter().map(|(n, fault)| (next + n, fault)));
    }
}

impl Faults {
    pub(super) fn of(lived: Option<Lived>) -> Self {
        Self { lived, ..Self::default() }
    }

    pub(super) fn plan(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock()
    }

    /// Takes all keys that may have values.
    pub(super) fn take_keys(&self) -> BTreeSet<Vec<u8>> {
        std::mem::take(&mut self.keys.lock())
    }

    /// Remembers that there may be a value.
    fn remember(&self, key: &[u8]) {
        self.keys.lock().insert(key.to_vec());
    }

    /// Counts a load, and returns what happens to it.
    pub(super) fn of_load(&self, key: &[u8]) -> Fate {
        self.plan().next(key, false)
    }

    /// Counts a change, and returns what happens to it.
    pub(super) fn of_change(&self, key: &[u8]) -> Fate {
        let mut plan = self.plan();
        plan.begin_writing();
        plan.next(key, true)
    }

    /// Passes a load on. Returns whether its answer gets lost: what it takes or sets besides, a
    /// lease or an end of life, is then taken or set.
    ///
    /// # Errors
    ///
    /// The load fails, as planned.
    pub(super) fn send_load(&self, fate: Fate, load: &Load<'_>) -> Result<bool, StoreError> {
        let unanswered = match fate.fault {
            None | Some(Fault::Evicted | Fault::Restarted) => false,
            Some(Fault::AckLost) => true,
            _ => return Err(down()),
        };
        if load.lease.is_some() {
            // Its placeholder is a value of the store.
            self.remember(load.key);
        }
        Ok(unanswered)
    }

    /// Passes the outcome of a load on, with the token as it is shown.
    pub(super) fn shown<'a>(&self, loaded: Loaded<'a>) -> Loaded<'a> {
        match &self.lived {
            Some(lived) => loaded.map_token(|token| lived.numbering().shown(token)),
            None => loaded,
        }
    }

    /// Passes a change on.
    ///
    /// # Errors
    ///
    /// The outcome of a change that does not reach the inner store.
    pub(super) fn send_change<'a>(
        &self,
        fate: Fate,
        mut change: Change<'a>,
    ) -> Result<Sent<'a>, Result<Applied, StoreError>> {
        match fate.fault {
            Some(Fault::Down) => return Err(Err(down())),
            Some(Fault::Refused) => return Err(Err(StoreError::Refused("as planned".into()))),
            Some(Fault::SentAndLost) => return Err(Err(unknown())),
            _ => {}
        }
        let unanswered = fate.fault == Some(Fault::AckLost);
        if let Some(lived) = &self.lived {
            match lived.numbering().inside(change.when) {
                Ok(when) => change.when = when,
                Err(_) if unanswered => return Err(Err(unknown())),
                Err(outcome) => return Err(Ok(outcome)),
            }
        }
        if matches!(change.op, Op::Store { .. } | Op::Count(_)) {
            self.remember(change.key);
        }
        Ok(Sent { change, unanswered })
    }
}

pub(super) fn down() -> StoreError {
    StoreError::Down("down, as planned".into())
}

pub(super) fn unknown() -> StoreError {
    StoreError::Unknown("no answer, as planned".into())
}
