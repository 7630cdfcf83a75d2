//! Counts the operations of a batch for each server, when they are settled.

use super::{
    load::is_placeholder,
    proto::{Mark, answer::Answer, window::Window},
    refusal::Meaning,
    server::Server,
    watch::Kind,
    work::{Peer, Sent, Step, Then, Work},
};
use crate::health::Exchanged;

/// The operations of a batch, counted for each server when they are settled.
pub(super) struct Counted<'s, W> {
    work: W,
    kind: Kind,
    servers: &'s [Server],
    counts: Vec<Exchanged>,
}

impl<'s, W> Counted<'s, W> {
    pub(super) fn new(servers: &'s [Server], kind: Kind, work: W) -> Self {
        Self { work, kind, servers, counts: vec![Exchanged::default(); servers.len()] }
    }

    fn of(&mut self, server: u32) -> &mut Exchanged {
        // Each peer is one of the servers.
        &mut self.counts[server as usize]
    }

    /// Counts the operation that this answer settled, if it did.
    fn count(&mut self, peer: &Peer<'_>, answer: &Answer<'_>, then: Option<Then>) {
        let kind = self.kind;
        let counts = self.of(peer.index);
        let meaning = match answer {
            Answer::Refused(line) => Some(Meaning::of(line)),
            _ => None,
        };
        match (then, meaning, kind) {
            (Some(Then::Step(_)), ..) => return,
            (_, Some(Meaning::Down | Meaning::Unknown), _) => {
                counts.failed += 1;
                return;
            }
            (.., Kind::Loads) => counts.loads += 1,
            (.., Kind::Changes) => counts.changes += 1,
        }
        match (kind, answer) {
            (_, Answer::Refused(_)) => counts.refused += 1,
            (Kind::Loads, Answer::Value(bytes, flags)) if !is_placeholder(bytes, flags) => {
                counts.hits += 1;
            }
            (Kind::Loads, _) => counts.misses += 1,
            (Kind::Changes, _) => {}
        }
    }

    /// Counts operations that ended at the server of this name.
    fn named(&mut self, name: &str, count: impl FnOnce(&mut Exchanged)) {
        if let Some(place) = self.servers.iter().position(|server| server.name == name) {
            count(&mut self.counts[place]);
        }
    }
}

impl<W> Drop for Counted<'_, W> {
    fn drop(&mut self) {
        for (server, counted) in self.servers.iter().zip(&self.counts) {
            server.watched.add(counted);
        }
    }
}

impl<'a, W: Work<'a>> Work<'a> for Counted<'_, W> {
    fn wanted(&self, server: u32, share: &[usize]) -> Option<u64> {
        self.work.wanted(server, share)
    }

    #[cfg(feature = "tokio")]
    fn carried(&self, share: &[usize]) -> usize {
        self.work.carried(share)
    }

    fn admit(&mut self, peer: &Peer<'_>, index: usize) -> bool {
        self.work.admit(peer, index)
    }

    fn is_silent(&self, peer: &Peer<'_>, index: usize) -> bool {
        self.work.is_silent(peer, index)
    }

    fn succeed(&mut self, peer: &Peer<'_>, index: usize) {
        self.of(peer.index).changes += 1;
        self.work.succeed(peer, index);
    }

    fn loads(&self, index: usize) -> Option<&'a [u8]> {
        self.work.loads(index)
    }

    fn carries_value(&self, index: usize, step: Option<Step>) -> bool {
        self.work.carries_value(index, step)
    }

    fn sending(&mut self) {
        self.work.sending();
    }

    fn ask(&self, peer: &Peer<'_>, index: usize, mark: Mark, window: &mut Window<'a>) {
        self.work.ask(peer, index, mark, window);
    }

    fn answer(
        &mut self,
        peer: &Peer<'_>,
        index: usize,
        answer: &Answer<'_>,
    ) -> Result<Option<Then>, &'static str> {
        let then = self.work.answer(peer, index, answer)?;
        self.count(peer, answer, then);
        Ok(then)
    }

    fn answer_step(
        &mut self,
        peer: &Peer<'_>,
        index: usize,
        step: Step,
        answer: &Answer<'_>,
    ) -> Result<Option<Then>, &'static str> {
        let then = self.work.answer_step(peer, index, step, answer)?;
        self.count(peer, answer, then);
        Ok(then)
    }

    // What follows an operation is a part of it.
    fn ask_then(
        &self,
        peer: &Peer<'_>,
        index: usize,
        then: Then,
        mark: Mark,
        window: &mut Window<'a>,
    ) {
        self.work.ask_then(peer, index, then, mark, window);
    }

    fn ask_whether(&self, index: usize, mark: Mark, window: &mut Window<'a>) {
        self.work.ask_whether(index, mark, window);
    }

    fn was_made(&self, index: usize, answer: &Answer<'_>) -> Result<Option<bool>, &'static str> {
        self.work.was_made(index, answer)
    }

    fn refuse(&mut self, name: &str, index: usize, why: &str) {
        self.named(name, |counts| {
            counts.changes += 1;
            counts.refused += 1;
        });
        self.work.refuse(name, index, why);
    }

    fn fail(&mut self, name: &str, index: usize, sent: Sent, why: &str) {
        self.named(name, |counts| counts.failed += 1);
        self.work.fail(name, index, sent, why);
    }
}
