//! The store that fails, for calls that block.

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use super::{
    FaultyStore,
    fault::{Fate, Fault},
    plan::{down, unknown},
};
#[cfg(feature = "tokio")]
use crate::store::AsyncStore;
use crate::{
    health::{ServerCounters, ServerHealth},
    store::{
        Store,
        caps::Caps,
        operation::{ApplyOut, Change, Load, LoadOut},
    },
};

impl<S: Store + ?Sized> FaultyStore<S> {
    /// Does what comes before an operation. Returns whether it is too late for the operation.
    fn suffer(&self, fate: Fate, key: &[u8]) -> bool {
        match fate.fault {
            Some(Fault::Evicted) => self.evict(key),
            Some(Fault::Restarted) => self.restart(),
            _ => {}
        }
        let Some(late) = fate.late else { return false };
        let left = self.ends.map(|ends| ends.saturating_duration_since(Instant::now()));
        thread::sleep(left.map_or(late, |left| late.min(left)));
        left.is_some_and(|left| left < late)
    }
}

impl<S: Store + ?Sized + 'static> Store for FaultyStore<S> {
    fn load_many(&self, loads: &[Load<'_>], out: &mut LoadOut<'_>) {
        self.faults.plan().load_batches += 1;
        for (index, load) in loads.iter().enumerate() {
            let fate = self.faults.of_load(load.key);
            let is_late = self.suffer(fate, load.key);
            match self.faults.send_load(fate, load) {
                Ok(unanswered) => self.inner.load_many(&[*load], &mut |_, loaded| {
                    let shown = || loaded.map(|loaded| self.faults.shown(loaded));
                    out(index, if unanswered || is_late { Err(down()) } else { shown() });
                }),
                Err(error) => out(index, Err(error)),
            }
        }
    }

    fn apply_many(&self, changes: &[Change<'_>], out: &mut ApplyOut<'_>) {
        self.faults.plan().change_batches += 1;
        for (index, change) in changes.iter().enumerate() {
            let fate = self.faults.of_change(change.key);
            let is_late = self.suffer(fate, change.key);
            match self.faults.send_change(fate, *change) {
                Ok(sent) => self.inner.apply_many(&[sent.change], &mut |_, outcome| {
                    out(index, if sent.unanswered || is_late { Err(unknown()) } else { outcome });
                }),
                Err(outcome) => out(index, outcome),
            }
        }
    }

    fn within(&self, deadline: Option<Duration>) -> Option<Arc<dyn Store>> {
        let faults = Arc::clone(&self.faults);
        let ends = deadline.and_then(|deadline| Instant::now().checked_add(deadline));
        match self.inner.within(deadline) {
            Some(inner) => Some(Arc::new(FaultyStore { inner, faults, ends })),
            None if ends.is_none() => None,
            None => Some(Arc::new(Self { inner: Arc::clone(&self.inner), faults, ends })),
        }
    }

    fn caps(&self) -> Caps {
        self.inner.caps()
    }

    fn health(&self) -> Vec<ServerHealth> {
        self.inner.health()
    }

    fn ping(&self) -> Vec<ServerHealth> {
        self.inner.ping()
    }

    fn server_counters(&self) -> Vec<ServerCounters> {
        self.inner.server_counters()
    }

    #[cfg(feature = "tokio")]
    fn into_async(self: Arc<Self>) -> Option<Arc<dyn AsyncStore>> {
        let (inner, faults) = (Arc::clone(&self.inner).into_async()?, Arc::clone(&self.faults));
        Some(Arc::new(FaultyStore { inner, faults, ends: self.ends }))
    }
}
