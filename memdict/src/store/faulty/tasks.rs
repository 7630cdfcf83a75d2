//! The store that fails, for tasks.

use std::{sync::Arc, time::Duration};

use tokio::{runtime::Handle, time};

use super::{
    FaultyStore,
    fault::{Fate, Fault},
    plan::{down, unknown},
};
use crate::{
    health::{ServerCounters, ServerHealth},
    store::{
        AsyncStore, BoxFuture, Store,
        caps::Caps,
        operation::{Applied, ApplyOut, Change, Condition, Load, LoadOut, Loaded, Op, StoreError},
    },
};

impl<S: AsyncStore + ?Sized> FaultyStore<S> {
    /// Does what comes before an operation. Returns whether it is too late for the operation.
    async fn suffer_in_task(&self, fate: Fate, key: &[u8]) -> bool {
        match (fate.fault, &self.faults.lived) {
            (Some(Fault::Evicted), _) => self.evict_in_task(key).await,
            (Some(Fault::Restarted), Some(lived)) => lived.restart(self.faults.take_keys()),
            (Some(Fault::Restarted), None) => {
                for key in self.faults.take_keys() {
                    self.evict_in_task(&key).await;
                }
            }
            _ => {}
        }
        // Without a runtime there are no timers.
        let Some(late) = fate.late.filter(|_| Handle::try_current().is_ok()) else { return false };
        let now = time::Instant::now().into_std();
        let left = self.ends.map(|ends| ends.saturating_duration_since(now));
        time::sleep(left.map_or(late, |left| late.min(left))).await;
        left.is_some_and(|left| left < late)
    }

    async fn evict_in_task(&self, key: &[u8]) {
        let delete = Change::new(key, Op::Delete, Condition::Always);
        self.inner.apply_many(&[delete], &mut |_, _| {}).await;
    }
}

impl<S: AsyncStore + ?Sized + 'static> AsyncStore for FaultyStore<S> {
    fn load_many<'a>(
        &'a self,
        loads: &'a [Load<'a>],
        out: &'a mut LoadOut<'a>,
    ) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            self.faults.plan().load_batches += 1;
            for (index, load) in loads.iter().enumerate() {
                let fate = self.faults.of_load(load.key);
                let is_late = self.suffer_in_task(fate, load.key).await;
                match self.faults.send_load(fate, load) {
                    Ok(unanswered) => {
                        let is_lost = unanswered || is_late;
                        let mut end = |_, loaded: Result<Loaded<'_>, StoreError>| {
                            let shown = || loaded.map(|loaded| self.faults.shown(loaded));
                            out(index, if is_lost { Err(down()) } else { shown() });
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
            self.faults.plan().change_batches += 1;
            for (index, change) in changes.iter().enumerate() {
                let fate = self.faults.of_change(change.key);
                let is_late = self.suffer_in_task(fate, change.key).await;
                match self.faults.send_change(fate, *change) {
                    Ok(sent) => {
                        let unanswered = sent.unanswered || is_late;
                        let mut end = |_, outcome: Result<Applied, StoreError>| {
                            out(index, if unanswered { Err(unknown()) } else { outcome });
                        };
                        self.inner.apply_many(&[sent.change], &mut end).await;
                    }
                    Err(outcome) => out(index, outcome),
                }
            }
        })
    }

    fn within(&self, deadline: Option<Duration>) -> Option<Arc<dyn AsyncStore>> {
        let (faults, now) = (Arc::clone(&self.faults), time::Instant::now().into_std());
        let ends = deadline.and_then(|deadline| now.checked_add(deadline));
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

    fn ping(&self) -> BoxFuture<'_, Vec<ServerHealth>> {
        self.inner.ping()
    }

    fn server_counters(&self) -> Vec<ServerCounters> {
        self.inner.server_counters()
    }

    fn into_blocking(self: Arc<Self>) -> Option<Arc<dyn Store>> {
        let (inner, faults) = (Arc::clone(&self.inner).into_blocking()?, Arc::clone(&self.faults));
        Some(Arc::new(FaultyStore { inner, faults, ends: self.ends }))
    }
}
