//! A store that fails when it is told to.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use memdict::{Applied, Caps, Change, Condition, Load, Loaded, Store, StoreError, What};

/// What goes wrong with an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It does not reach the store.
    Down,
    /// The store refuses it.
    Refused,
    /// It reaches the store, its acknowledgement gets lost. A load is down.
    AckLost,
    /// It does not reach the store, and nobody can know.
    SentAndLost,
    /// The value is driven out just before.
    Evicted,
}

/// Passes operations on to another store, and makes chosen ones fail.
///
/// Operations are counted from 0, loads and changes alike, in the order in which they come.
#[derive(Debug)]
pub struct FaultyStore<S> {
    inner: S,
    plan: Mutex<Plan>,
}

#[derive(Debug, Default)]
struct Plan {
    next: usize,
    loads: usize,
    changes: usize,
    at: HashMap<usize, Fault>,
    always: Option<Fault>,
}

impl<S: Store> FaultyStore<S> {
    /// Nothing fails yet.
    pub fn new(inner: S) -> Self {
        let plan = Mutex::default();
        Self { inner, plan }
    }

    /// The operation that comes `n` operations from now fails: 0 is the next one.
    pub fn fail_in(&self, n: usize, fault: Fault) {
        let mut plan = self.plan();
        let at = plan.next + n;
        plan.at.insert(at, fault);
    }

    /// Every operation fails that no other fault is planned for; with `None` none does.
    pub fn fail_always(&self, fault: Option<Fault>) {
        self.plan().always = fault;
    }

    /// Nothing fails any more.
    pub fn clear(&self) {
        let mut plan = self.plan();
        plan.at.clear();
        plan.always = None;
    }

    /// How many values were asked for.
    pub fn loads(&self) -> usize {
        self.plan().loads
    }

    /// How many changes were asked for.
    pub fn changes(&self) -> usize {
        self.plan().changes
    }

    /// The store behind it.
    pub fn inner(&self) -> &S {
        &self.inner
    }

    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next(&self, count: impl FnOnce(&mut Plan) -> &mut usize) -> Option<Fault> {
        let mut plan = self.plan();
        *count(&mut plan) += 1;
        let this = plan.next;
        plan.next += 1;
        plan.at.remove(&this).or(plan.always)
    }

    fn evict(&self, key: &[u8]) {
        let delete = Change::new(key, What::Delete, Condition::Always);
        self.inner.apply_many(&[delete], &mut |_, _| {});
    }
}

fn down() -> StoreError {
    StoreError::Down("down, as planned".to_owned())
}

fn unknown() -> StoreError {
    StoreError::Unknown("no answer, as planned".to_owned())
}

impl<S: Store> Store for FaultyStore<S> {
    fn load_many(
        &self,
        loads: &[Load<'_>],
        out: &mut dyn FnMut(usize, Result<Loaded<'_>, StoreError>),
    ) {
        for (index, load) in loads.iter().enumerate() {
            match self.next(|plan| &mut plan.loads) {
                Some(Fault::Evicted) => self.evict(load.key),
                Some(_) => {
                    out(index, Err(down()));
                    continue;
                }
                None => {}
            }
            self.inner.load_many(&[*load], &mut |_, loaded| out(index, loaded));
        }
    }

    fn apply_many(
        &self,
        changes: &[Change<'_>],
        out: &mut dyn FnMut(usize, Result<Applied, StoreError>),
    ) {
        for (index, change) in changes.iter().enumerate() {
            let fault = self.next(|plan| &mut plan.changes);
            let instead = match fault {
                Some(Fault::Down) => Some(down()),
                Some(Fault::Refused) => Some(StoreError::Refused("as planned".to_owned())),
                Some(Fault::SentAndLost) => Some(unknown()),
                Some(Fault::AckLost | Fault::Evicted) | None => None,
            };
            if let Some(error) = instead {
                out(index, Err(error));
                continue;
            }
            if fault == Some(Fault::Evicted) {
                self.evict(change.key);
            }
            self.inner.apply_many(&[*change], &mut |_, outcome| {
                let lost = fault == Some(Fault::AckLost);
                out(index, if lost { Err(unknown()) } else { outcome });
            });
        }
    }

    fn caps(&self) -> Caps {
        self.inner.caps()
    }
}
