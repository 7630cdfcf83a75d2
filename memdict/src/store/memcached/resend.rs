//! Sends lost removals again, before anything else is sent to their server.

use std::time::Instant;

use super::{
    proto::{Mark, answer::Answer, request::Ask, window::Window},
    remember::{Due, Removal},
    server::Server,
    work::{Peer, Sent, Then, Work},
};
use crate::{
    health::Exchanged,
    log::{notice, warning},
    store::operation::{Applied, Change, Condition, Op, StoreError},
};

impl Server {
    /// Notes the outcome of a change at this server: remembers it if it is a removal that was lost,
    /// and forgets an older removal of the key if it was made.
    pub(super) fn heard_of(
        &self,
        change: &Change<'_>,
        outcome: &Result<Applied, StoreError>,
        now: Instant,
    ) {
        let removes = change.removal || matches!(change.op, Op::Delete | Op::Invalidate { .. });
        match outcome {
            // A touch, a count and an invalidation may have found the value that was removed.
            Ok(Applied::Stored | Applied::Deleted | Applied::Gone) => {
                self.remembered.forget(change.key);
            }
            Err(StoreError::Down(_) | StoreError::Unknown(_)) if removes => {
                let (version, life) = match change.when {
                    Condition::Always => (None, self.watched.life()),
                    Condition::Matches(token) => (Some(token.cas()), token.life()),
                    // There was nothing to remove.
                    Condition::Absent => return,
                };
                let removal = Removal { version, life, noted: now };
                let forgotten = self.remembered.note(change.key, removal);
                self.forgot(forgotten, "there are too many");
            }
            _ => {}
        }
    }

    fn forgot(&self, many: u64, why: &str) {
        if many > 0 {
            self.watched.add(&Exchanged { forgotten: many, ..Exchanged::default() });
            warning!(
                "{many} lost removals for memcached {} are forgotten, because {why}",
                self.name
            );
        }
    }
}

/// Returns what is to be sent again to all of these servers.
pub(super) fn due(servers: &[Server], now: Instant) -> Vec<Due> {
    let mut all = Vec::new();
    for (place, server) in servers.iter().enumerate() {
        if server.remembered.len() > 0 {
            let (due, forgotten) = server.remembered.due(place, now);
            server.forgot(forgotten, "they are too old");
            all.extend(due);
        }
    }
    all
}

/// Returns the share of each server.
pub(super) fn shares(servers: &[Server], due: &[Due]) -> Vec<Vec<usize>> {
    let mut shares = vec![Vec::new(); servers.len()];
    due.iter().enumerate().for_each(|(index, due)| shares[due.server].push(index));
    shares
}

/// What became of a removal that was to be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// It stays remembered.
    Unsent,
    Sent,
    /// The server has another life, in which nothing old is left.
    OtherLife,
}

/// The removals that are sent again.
pub(super) struct Resend<'a> {
    due: &'a [Due],
    ends: Vec<End>,
    /// Why a server was not reached.
    unreached: Vec<Option<String>>,
}

impl<'a> Resend<'a> {
    pub(super) fn new(servers: &[Server], due: &'a [Due]) -> Self {
        Self { due, ends: vec![End::Unsent; due.len()], unreached: vec![None; servers.len()] }
    }

    /// Forgets what was sent, and what need not be. Returns for each server why it was not reached,
    /// if it was not: nothing else may be sent to it now, since it could come back meanwhile.
    pub(super) fn end(self, servers: &[Server]) -> Vec<Option<String>> {
        let mut counts = vec![[0_u64; 2]; servers.len()];
        for (due, end) in self.due.iter().zip(&self.ends) {
            if *end != End::Unsent {
                servers[due.server].remembered.forget(&due.key);
                counts[due.server][usize::from(*end == End::OtherLife)] += 1;
            }
        }
        for (server, [resent, other_life]) in servers.iter().zip(counts) {
            if resent > 0 {
                server.watched.add(&Exchanged { resent, ..Exchanged::default() });
                notice!(
                    "memcached {} is back: {resent} removals that had been lost were sent again",
                    server.name
                );
            }
            server.forgot(other_life, "it was restarted, and nothing old is left");
        }
        self.unreached
    }
}

impl<'a> Work<'a> for Resend<'a> {
    #[cfg(feature = "tokio")]
    fn carried(&self, _: &[usize]) -> usize {
        0
    }

    fn admit(&mut self, peer: &Peer<'_>, index: usize) -> bool {
        let (then, now) = (self.due[index].removal.life, peer.facts.life);
        // If one of the lives is not known, the removal costs no more than a miss.
        let is_same = then == now || then == 0 || now == 0;
        if !is_same {
            self.ends[index] = End::OtherLife;
        }
        is_same
    }

    fn is_silent(&self, _: &Peer<'_>, _: usize) -> bool {
        false
    }

    fn succeed(&mut self, _: &Peer<'_>, index: usize) {
        self.ends[index] = End::Sent;
    }

    fn ask(&self, _: &Peer<'_>, index: usize, mark: Mark, window: &mut Window<'a>) {
        let due = &self.due[index];
        window.delete(&due.key, due.removal.version, mark);
    }

    fn answer(
        &mut self,
        _: &Peer<'_>,
        index: usize,
        _: &Answer<'_>,
    ) -> Result<Option<Then>, &'static str> {
        // Whatever the answer: the value is gone, or it is another one, or the server refuses.
        self.ends[index] = End::Sent;
        Ok(None)
    }

    // No removal is silent, and nothing follows one, so nothing of this is asked.
    fn ask_then(&self, _: &Peer<'_>, index: usize, _: Then, mark: Mark, window: &mut Window<'a>) {
        window.get(&self.due[index].key, Ask::default(), mark);
    }

    fn ask_whether(&self, index: usize, mark: Mark, window: &mut Window<'a>) {
        window.get(&self.due[index].key, Ask::default(), mark);
    }

    fn was_made(&self, _: usize, _: &Answer<'_>) -> Result<Option<bool>, &'static str> {
        Ok(None)
    }

    fn refuse(&mut self, _: &str, index: usize, _: &str) {
        self.ends[index] = End::Sent;
    }

    fn fail(&mut self, _: &str, index: usize, _: Sent, why: &str) {
        self.unreached[self.due[index].server] = Some(why.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{
        expiry::Expiry,
        memcached::{admission::Admission, proto::manner::Assumed, remember::Bounds},
        operation::Count,
        servers::Servers,
    };

    #[test]
    fn only_what_replaces_or_removes_a_value_forgets_its_removal() {
        let servers = Servers::parse(["s:1"]).expect("a name");
        let (assumed, admission) = (Assumed::DEFAULT, Admission::default());
        let server = Server::each(&servers, assumed, &admission, 1, Bounds::DEFAULT).remove(0);
        let lost = || Err(StoreError::Down("away".into()));
        let hears = |op, outcome: Result<Applied, StoreError>| {
            let change = Change::new(b"k", op, Condition::Always);
            server.heard_of(&change, &outcome, Instant::now());
            server.remembered.len()
        };
        let expiry = Expiry::Never;
        let (touch, count) = (Op::Touch { expiry }, Op::Count(Count::add(1)));
        let (store, invalidate) =
            (Op::Store { bytes: b"v", expiry }, Op::Invalidate { grace: None });
        for unmade in [touch, count, store] {
            assert_eq!(hears(unmade, lost()), 0, "{unmade:?} removes nothing");
        }
        for removal in [Op::Delete, invalidate] {
            assert_eq!(hears(removal, lost()), 1);
            assert_eq!(hears(touch, Ok(Applied::Touched)), 1);
            assert_eq!(hears(count, Ok(Applied::Counted(1))), 1);
            assert_eq!(hears(invalidate, Ok(Applied::Invalidated)), 1);
            assert_eq!(hears(store, Ok(Applied::Stored)), 0);
        }
    }
}
