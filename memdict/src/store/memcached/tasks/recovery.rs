//! What is done about servers that were away, in tasks.

use super::{
    super::{
        load::Loads,
        resend::{self, Resend},
        store::MemcachedStore,
    },
    exchange,
};
use crate::{
    health::ServerHealth,
    store::{
        deadline::Deadline,
        operation::{Loaded, StoreError},
    },
};

impl MemcachedStore {
    /// Sends lost removals. Returns why servers were not reached.
    pub(super) async fn resend_in_task(&self, call: Deadline) -> Vec<Option<String>> {
        let due = self.due(call);
        if due.is_empty() {
            return Vec::new();
        }
        let mut again = Resend::new(&self.reached, &due);
        let shares = self.reached_by(resend::shares(&self.reached, &due));
        exchange::run(shares, self.timeouts, call, &mut again).await;
        again.end(&self.reached)
    }

    /// Asks each server, also one that is left alone because it was not reached.
    pub(super) async fn ask_each_in_task(&self, call: Deadline) -> Vec<ServerHealth> {
        self.reached.iter().for_each(|server| server.tasks.try_now());
        let unreached = self.resend_in_task(call).await;
        let loads = self.pings();
        let mut failures = vec![None; self.reached.len()];
        let mut out = |index: usize, loaded: Result<Loaded<'_>, StoreError>| {
            failures[index] = loaded.err();
        };
        let mut shares = self.one_each();
        self.withhold(&mut shares, &unreached, |index, error| out(index, Err(error)));
        let shares = self.reached_by(shares);
        let mut work = Loads { loads: &loads, out: &mut out };
        exchange::run(shares, self.timeouts, call, &mut work).await;
        self.answered(failures)
    }
}
