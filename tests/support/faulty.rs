//! A store that fails on command.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use memdict::{
    Applied, ApplyOut, AsyncStore, BoxFuture, Caps, Change, Condition, Load, LoadOut, Loaded, Op,
    Store, StoreError,
};

use crate::lives::{Lives, Numbering};

/// The fault of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The operation does not reach the store.
    Down,
    /// The store refuses the operation.
    Refused,
    /// The operation reaches the store, but its acknowledgement is lost. A load is down.
    AckLost,
    /// The operation does not reach the store, but its outcome is unknown.
    SentAndLost,
    /// The value is evicted just before the operation.
    Evicted,
    /// The store [restarts](FaultyStore::restart) just before the operation.
    Restarted,
}

/// Passes operations on to another store, and makes chosen ones fail.
///
/// Operations are counted from 0, loads and changes alike, in the order in which they arrive.
#[derive(Debug)]
pub struct FaultyStore<S> {
    inner: S,
    plan: Mutex<Plan>,
    /// The keys that may have values.
    keys: Mutex<BTreeSet<Vec<u8>>>,
    /// If `None`, tokens are passed on unchanged.
    numbering: Option<Mutex<Numbering>>,
    /// The inner store for tasks.
    tasks: Option<Arc<dyn AsyncStore>>,
}

#[derive(Debug, Default)]
struct Plan {
    next: usize,
    loads: usize,
    load_batches: usize,
    change_batches: usize,
    changes: usize,
    at: HashMap<usize, Fault>,
    /// Counted from the next change.
    once_writing: HashMap<usize, Fault>,
    always: Option<Fault>,
}

impl FaultyStore<Arc<dyn Store>> {
    /// Lets tasks use the inner store's side for them, if it has one.
    #[must_use]
    pub fn for_tasks(mut self) -> Self {
        self.tasks = Arc::clone(&self.inner).into_async();
        self
    }
}

impl<S: Store> FaultyStore<S> {
    /// Makes a store that does not fail yet.
    pub fn new(inner: S) -> Self {
        Self { inner, plan: Mutex::default(), keys: Mutex::default(), numbering: None, tasks: None }
    }

    /// Makes a store that can [restart](Self::restart), over an empty store of one server that
    /// counts versions one by one, such as the embedded one.
    ///
    /// It counts as memcached does, from 1 in each of its lives. So soon after a restart, another
    /// client's value has the number of an earlier one.
    ///
    /// # Panics
    ///
    /// If the inner store returns no tokens.
    pub fn with_lives(inner: S, lives: Lives) -> Self {
        let numbering = Some(Mutex::new(Numbering::begin(lives, &inner)));
        Self { numbering, ..Self::new(inner) }
    }

    /// Begins a new life: everything stored through it is gone, and versions are counted from 1
    /// again.
    ///
    /// # Panics
    ///
    /// If it was not made [with lives](Self::with_lives).
    pub fn restart(&self) {
        let numbering = self.numbering.as_ref().expect("a store `with_lives`");
        // The lock is held meanwhile, so that no token of a value that is about to go is returned.
        let mut numbering = lock(numbering);
        self.evict_all();
        numbering.restart(&self.inner);
    }

    /// Goes on over another connection to the same life. Tokens of the former one prove nothing, if
    /// lives look [alike](Lives::Alike).
    ///
    /// # Panics
    ///
    /// If it was not made [with lives](Self::with_lives).
    pub fn reconnect(&self) {
        lock(self.numbering.as_ref().expect("a store `with_lives`")).reconnect();
    }

    /// Evicts a value.
    pub fn evict(&self, key: &[u8]) {
        let delete = Change::new(key, Op::Delete, Condition::Always);
        self.inner.apply_many(&[delete], &mut |_, _| {});
    }

    /// Evicts all values stored through it.
    pub fn evict_all(&self) {
        for key in std::mem::take(&mut *lock(&self.keys)) {
            self.evict(&key);
        }
    }

    /// Makes the operation fail that comes `n` operations from now. 0 is the next one.
    pub fn fail_in(&self, n: usize, fault: Fault) {
        let mut plan = self.plan();
        let at = plan.next + n;
        plan.at.insert(at, fault);
    }

    /// Makes the operation fail that comes `n` operations after the next change. 0 is that change.
    /// Looks before it are not counted.
    pub fn fail_once_writing(&self, n: usize, fault: Fault) {
        self.plan().once_writing.insert(n, fault);
    }

    /// Makes every operation fail that has no other planned fault. `None` ends this.
    pub fn fail_always(&self, fault: Option<Fault>) {
        self.plan().always = fault;
    }

    /// Removes all planned faults.
    pub fn clear(&self) {
        let mut plan = self.plan();
        plan.at.clear();
        plan.once_writing.clear();
        plan.always = None;
    }

    /// Returns how many loads there were.
    pub fn loads(&self) -> usize {
        self.plan().loads
    }

    /// Returns how many batches of loads there were.
    pub fn load_batches(&self) -> usize {
        self.plan().load_batches
    }

    /// Returns how many batches of changes there were.
    pub fn change_batches(&self) -> usize {
        self.plan().change_batches
    }

    /// Returns how many changes there were.
    pub fn changes(&self) -> usize {
        self.plan().changes
    }

    /// Returns the inner store.
    pub fn inner(&self) -> &S {
        &self.inner
    }

    fn plan(&self) -> MutexGuard<'_, Plan> {
        lock(&self.plan)
    }

    fn numbering(&self) -> Option<MutexGuard<'_, Numbering>> {
        self.numbering.as_ref().map(lock)
    }

    fn next(&self, count: impl FnOnce(&mut Plan) -> &mut usize) -> Option<Fault> {
        let mut plan = self.plan();
        *count(&mut plan) += 1;
        let this = plan.next;
        plan.next += 1;
        plan.at.remove(&this).or(plan.always)
    }

    /// Begins to count operations for [`fail_once_writing`](Self::fail_once_writing).
    fn begin_writing(&self) {
        let mut plan = self.plan();
        let planned = std::mem::take(&mut plan.once_writing);
        let next = plan.next;
        plan.at.extend(planned.into_iter().map(|(n, fault)| (next + n, fault)));
    }

    /// Does what a fault requires just before an operation on a key.
    fn before(&self, fault: Option<Fault>, key: &[u8]) {
        match fault {
            Some(Fault::Evicted) => self.evict(key),
            Some(Fault::Restarted) => self.restart(),
            _ => {}
        }
    }

    /// Begins a load: counts it, and does what a planned fault requires.
    ///
    /// # Errors
    ///
    /// The load fails, as planned.
    fn begin_load(&self, load: &Load<'_>) -> Result<(), StoreError> {
        let fault = self.next(|plan| &mut plan.loads);
        if !matches!(fault, None | Some(Fault::Evicted | Fault::Restarted)) {
            return Err(down());
        }
        self.before(fault, load.key);
        if load.lease.is_some() {
            lock(&self.keys).insert(load.key.to_vec());
        }
        Ok(())
    }

    /// Passes the outcome of a load on, with the token as it is shown.
    fn end_load(
        &self,
        loaded: Result<Loaded<'_>, StoreError>,
        out: impl FnOnce(Result<Loaded<'_>, StoreError>),
    ) {
        out(loaded.map(|loaded| match self.numbering() {
            Some(numbering) => loaded.map_token(|token| numbering.shown(token)),
            None => loaded,
        }));
    }

    /// Begins a change: counts it, and does what a planned fault requires. Returns the change for
    /// the inner store, and whether its acknowledgement gets lost.
    ///
    /// # Errors
    ///
    /// The outcome of a change that does not reach the inner store.
    fn begin_change<'a>(
        &self,
        mut change: Change<'a>,
    ) -> Result<(Change<'a>, bool), Result<Applied, StoreError>> {
        self.begin_writing();
        let fault = self.next(|plan| &mut plan.changes);
        match fault {
            Some(Fault::Down) => return Err(Err(down())),
            Some(Fault::Refused) => return Err(Err(StoreError::Refused("as planned".into()))),
            Some(Fault::SentAndLost) => return Err(Err(unknown())),
            Some(Fault::AckLost | Fault::Evicted | Fault::Restarted) | None => {}
        }
        self.before(fault, change.key);
        let lost = fault == Some(Fault::AckLost);
        let end = |outcome| if lost { Err(unknown()) } else { outcome };
        let when = self.numbering().map_or(Ok(change.when), |numbers| numbers.inside(change.when));
        match when {
            Ok(when) => change.when = when,
            Err(outcome) => return Err(end(Ok(outcome))),
        }
        if matches!(change.op, Op::Store { .. } | Op::Count(_)) {
            lock(&self.keys).insert(change.key.to_vec());
        }
        Ok((change, lost))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn down() -> StoreError {
    StoreError::Down("down, as planned".into())
}

fn unknown() -> StoreError {
    StoreError::Unknown("no answer, as planned".into())
}

impl<S: Store + 'static> Store for FaultyStore<S> {
    fn load_many(&self, loads: &[Load<'_>], out: &mut LoadOut<'_>) {
        self.plan().load_batches += 1;
        for (index, load) in loads.iter().enumerate() {
            match self.begin_load(load) {
                Ok(()) => self.inner.load_many(&[*load], &mut |_, loaded| {
                    self.end_load(loaded, |loaded| out(index, loaded));
                }),
                Err(error) => out(index, Err(error)),
            }
        }
    }

    fn apply_many(&self, changes: &[Change<'_>], out: &mut ApplyOut<'_>) {
        self.plan().change_batches += 1;
        for (index, change) in changes.iter().enumerate() {
            match self.begin_change(*change) {
                Ok((change, lost)) => self.inner.apply_many(&[change], &mut |_, outcome| {
                    out(index, if lost { Err(unknown()) } else { outcome });
                }),
                Err(outcome) => out(index, outcome),
            }
        }
    }

    fn caps(&self) -> Caps {
        self.inner.caps()
    }

    fn into_async(self: Arc<Self>) -> Option<Arc<dyn AsyncStore>> {
        let inner = self.tasks.clone()?;
        Some(Arc::new(FaultyTasks { faulty: self, inner }))
    }
}

/// The same for tasks.
#[derive(Debug)]
struct FaultyTasks<S> {
    faulty: Arc<FaultyStore<S>>,
    inner: Arc<dyn AsyncStore>,
}

impl<S: Store + 'static> AsyncStore for FaultyTasks<S> {
    fn load_many<'a>(
        &'a self,
        loads: &'a [Load<'a>],
        out: &'a mut LoadOut<'a>,
    ) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            self.faulty.plan().load_batches += 1;
            for (index, load) in loads.iter().enumerate() {
                match self.faulty.begin_load(load) {
                    Ok(()) => {
                        let mut end = |_, loaded: Result<Loaded<'_>, StoreError>| {
                            self.faulty.end_load(loaded, |loaded| out(index, loaded));
                        };
                        self.inner.load_many(&[*load], &mut end).await;
                    }
                    Err(error) => out(index, Err(error)),
                }
            }
        })
    }

    fn apply_many<'a>(
        &'a self,
        changes: &'a [Change<'a>],
        out: &'a mut ApplyOut<'a>,
    ) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            self.faulty.plan().change_batches += 1;
            for (index, change) in changes.iter().enumerate() {
                match self.faulty.begin_change(*change) {
                    Ok((change, lost)) => {
                        let mut end = |_, outcome| {
                            out(index, if lost { Err(unknown()) } else { outcome });
                        };
                        self.inner.apply_many(&[change], &mut end).await;
                    }
                    Err(outcome) => out(index, outcome),
                }
            }
        })
    }

    fn caps(&self) -> Caps {
        self.inner.caps()
    }

    fn into_blocking(self: Arc<Self>) -> Option<Arc<dyn Store>> {
        Some(Arc::clone(&self.faulty) as _)
    }
}
