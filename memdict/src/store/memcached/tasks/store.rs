//! The store for tasks.

use std::{sync::Arc, time::Duration};

use super::{
    super::{change::Changes, counted::Counted, load::Loads, store::MemcachedStore, watch::Kind},
    clock::now,
    exchange,
};
use crate::{
    health::{ServerCounters, ServerHealth},
    store::{
        AsyncStore, BoxFuture, Store,
        caps::Caps,
        deadline::Deadline,
        operation::{Applied, ApplyOut, Change, Load, LoadOut, StoreError},
    },
};

impl MemcachedStore {
    /// Returns the deadline of a call of a task.
    fn begin_in_task(&self) -> Deadline {
        let begin = || Deadline::begin_by(now, self.timeouts.deadline());
        self.call.unwrap_or_else(begin)
    }
}

impl AsyncStore for MemcachedStore {
    fn load_many<'a>(
        &'a self,
        loads: &'a [Load<'a>],
        out: &'a mut LoadOut<'a>,
    ) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            let keys = loads.iter().map(|load| load.key);
            let mut shares = self.shares(keys, |index, refused| out(index, Err(refused)));
            let call = self.begin_in_task();
            let unreached = self.resend_in_task(call).await;
            self.withhold(&mut shares, &unreached, |index, error| out(index, Err(error)));
            exchange::run(
                self.reached_by(shares),
                self.timeouts,
                call,
                &mut Counted::new(&self.reached, Kind::Loads, Loads { loads, out }),
            )
            .await;
        })
    }

    fn apply_many<'a>(
        &'a self,
        changes: &'a [Change<'a>],
        out: &'a mut ApplyOut<'a>,
    ) -> BoxFuture<'a, ()> {
        self.apply_many_telling(changes, out, &|| {})
    }

    fn apply_many_telling<'a>(
        &'a self,
        changes: &'a [Change<'a>],
        out: &'a mut ApplyOut<'a>,
        sending: &'a (dyn Fn() + Send + Sync),
    ) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            let keys = changes.iter().map(|change| change.key);
            let mut shares = self.shares(keys, |index, refused| out(index, Err(refused)));
            let call = self.begin_in_task();
            let unreached = self.resend_in_task(call).await;
            let remembers = self.remembers();
            let mut out = |index: usize, outcome: Result<Applied, StoreError>| {
                self.heard_of(remembers, &changes[index], &outcome, now);
                out(index, outcome);
            };
            self.withhold(&mut shares, &unreached, |index, error| out(index, Err(error)));
            let work = Changes { changes, out: &mut out, sending: Some(sending) };
            let mut work = Counted::new(&self.reached, Kind::Changes, work);
            exchange::run(self.reached_by(shares), self.timeouts, call, &mut work).await;
        })
    }

    fn within(&self, deadline: Option<Duration>) -> Option<Arc<dyn AsyncStore>> {
        Some(Arc::new(self.within_by(deadline, now)))
    }

    fn caps(&self) -> Caps {
        Store::caps(self)
    }

    fn health(&self) -> Vec<ServerHealth> {
        Store::health(self)
    }

    fn ping(&self) -> BoxFuture<'_, Vec<ServerHealth>> {
        Box::pin(self.ask_each_in_task(self.begin_in_task()))
    }

    fn server_counters(&self) -> Vec<ServerCounters> {
        Store::server_counters(self)
    }

    fn into_blocking(self: Arc<Self>) -> Option<Arc<dyn Store>> {
        Some(self)
    }
}
