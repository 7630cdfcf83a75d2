//! What is done about servers that were away: lost removals are sent before anything else, and a ping
//! asks each server now.

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use super::{
    load::Loads,
    refusal::at,
    remember::{Bounds, Due, Inherited},
    resend::{self, Resend},
    server::Server,
    store::MemcachedStore,
};
use crate::{
    health::{Exchanged, ServerHealth},
    store::{
        deadline::Deadline,
        operation::{Applied, Change, Load, Loaded, StoreError},
    },
};

/// A key that a ping asks for, because it costs a server least.
const PING: &[u8] = b"memdict:ping";

impl MemcachedStore {
    /// Sets how many removals are remembered for each server that did not reach it, and for how
    /// long. 10,000 and 10 minutes by default; 0 remembers none.
    ///
    /// A value that was removed while its server was away would be there again when the server comes
    /// back. So removals that were lost are remembered in this process, and sent before anything
    /// else when the server is reached again in the same life. After a restart they are forgotten,
    /// because the server is empty. Beyond these limits the oldest are forgotten; a removed value may
    /// then be read again.
    ///
    /// A lost [invalidation](crate::Op::Invalidate) is remembered as well, and sent as a removal.
    ///
    /// A removal of a value that was read is sent on its version, so that it does not remove what
    /// another client has stored since. An unconditional one removes whatever is there, which costs
    /// a miss.
    #[must_use]
    pub fn remember_removals(mut self, most: usize, age: Duration) -> Self {
        self.bounds = Bounds { most, age };
        self.anew()
    }

    /// Sets one of these limits, or both.
    pub(crate) fn remember(self, most: Option<usize>, age: Option<Duration>) -> Self {
        let Bounds { most: same, age: as_long } = self.bounds;
        self.remember_removals(most.unwrap_or(same), age.unwrap_or(as_long))
    }

    /// Takes over what was lost for servers of the same names, for later stores as well. It has no callers
    /// yet.
    pub(in crate::store) fn inherit(mut self, lost: &mut Inherited) -> Self {
        for server in Arc::get_mut(&mut self.reached).into_iter().flatten() {
            server.remembered = lost.of(&server.name, &server.remembered);
        }
        lost.tidy(Instant::now());
        self
    }

    /// Returns whether any removal is remembered.
    pub(super) fn remembers(&self) -> bool {
        self.reached.iter().any(|server| server.remembered.len() > 0)
    }

    /// Notes the outcome of a change.
    pub(super) fn heard_of(
        &self,
        remembers: bool,
        change: &Change<'_>,
        outcome: &Result<Applied, StoreError>,
        now: fn() -> Instant,
    ) {
        if remembers || outcome.is_err() {
            self.reached[self.route(change.key)].heard_of(change, outcome, now());
        }
    }

    /// Returns the lost removals that are to be sent before a batch.
    pub(super) fn due(&self, call: Deadline) -> Vec<Due> {
        if self.remembers() { resend::due(&self.reached, call.now()) } else { Vec::new() }
    }

    /// Sends lost removals. Returns why servers were not reached.
    pub(super) fn resend(&self, call: Deadline) -> Vec<Option<String>> {
        let due = self.due(call);
        if due.is_empty() {
            return Vec::new();
        }
        let mut again = Resend::new(&self.reached, &due);
        self.run(resend::shares(&self.reached, &due), call, &mut again);
        again.end(&self.reached)
    }

    /// Asks each server, also one that is left alone because it was not reached.
    pub(super) fn ask_each(&self, call: Deadline) -> Vec<ServerHealth> {
        self.reached.iter().for_each(|server| server.pool.try_now());
        let unreached = self.resend(call);
        let loads = self.pings();
        let mut failures = vec![None; self.reached.len()];
        let mut out = |index: usize, loaded: Result<Loaded<'_>, StoreError>| {
            failures[index] = loaded.err();
        };
        let mut shares = self.one_each();
        self.withhold(&mut shares, &unreached, |index, error| out(index, Err(error)));
        let work = &mut Loads { loads: &loads, out: &mut out };
        self.run(shares, call, work);
        self.answered(failures)
    }

    /// Settles the shares of servers to which lost removals could not be sent. If they were sent,
    /// they might reach the server before the removals do.
    pub(super) fn withhold(
        &self,
        shares: &mut [Vec<usize>],
        unreached: &[Option<String>],
        mut out: impl FnMut(usize, StoreError),
    ) {
        for ((server, share), why) in self.reached.iter().zip(shares).zip(unreached) {
            let Some(why) = why else { continue };
            let failed = share.len() as u64;
            for index in std::mem::take(share) {
                out(index, StoreError::Down(at(&server.name, why)));
            }
            server.watched.add(&Exchanged { failed, ..Exchanged::default() });
        }
    }

    /// Returns a load for each server.
    pub(super) fn pings(&self) -> Vec<Load<'static>> {
        vec![Load::new(PING); self.reached.len()]
    }

    /// Gives each server the operation of its number.
    pub(super) fn one_each(&self) -> Vec<Vec<usize>> {
        (0..self.reached.len()).map(|place| vec![place]).collect()
    }

    /// Returns what is known of each server, after these failed to answer.
    pub(super) fn answered(&self, failures: Vec<Option<StoreError>>) -> Vec<ServerHealth> {
        let health = |(server, failure): (&Server, Option<StoreError>)| {
            let mut health = server.health();
            if let Some(StoreError::Down(why) | StoreError::Unknown(why)) = failure {
                health.up = Some(false);
                health.down_since.get_or_insert_with(SystemTime::now);
                health.last_error = Some(why.to_string());
            }
            health
        };
        self.reached.iter().zip(failures).map(health).collect()
    }
}
