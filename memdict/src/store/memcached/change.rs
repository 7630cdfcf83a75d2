//! Changes: their requests, and the meaning of the answers.

use super::{
    load::{at, refused},
    proto::{
        Mark,
        answer::{self, Answer, Flags},
        request::{Ask, Life, Sum, When},
        window::Window,
    },
    work::{Peer, Sent, Then, Work},
};
use crate::store::{
    expiry::Expiry,
    limits,
    operation::{Applied, ApplyOut, By, Change, Condition, Count, Op, StoreError, Token},
    ttl::{self, NEVER},
};

/// A version that no value has. A delete of it finds out whether there is a value.
const NO_VERSION: u64 = 0;

/// In a smaller batch, the saved answers cost less than the barrier at its end.
const FEWEST_SILENT: usize = 8;

/// A batch of changes.
pub(super) struct Changes<'w, 'a> {
    pub(super) changes: &'a [Change<'a>],
    pub(super) out: &'w mut ApplyOut<'w>,
    /// Is called before the first request is sent.
    pub(super) sending: Option<&'w (dyn Fn() + Send + Sync)>,
}

impl<'a> Work<'a> for Changes<'_, 'a> {
    fn sending(&mut self) {
        if let Some(sending) = self.sending.take() {
            sending();
        }
    }

    fn wanted(&self, server: u32, share: &[usize]) -> Option<u64> {
        share.iter().find_map(|&index| match self.changes[index].when {
            Condition::Matches(token) if token.server() == server => Some(token.connection()),
            _ => None,
        })
    }

    #[cfg(feature = "tokio")]
    fn carried(&self, share: &[usize]) -> usize {
        let bytes = share.iter().map(|&index| match self.changes[index].op {
            Op::Store { bytes, .. } => bytes.len(),
            _ => 0,
        });
        bytes.sum()
    }

    /// An operation that is settled unsent has no effect, so it may be settled before others.
    fn admit(&mut self, peer: &Peer<'_>, index: usize) -> bool {
        let settled = settled_unsent(peer, &self.changes[index]);
        settled.map(|outcome| (self.out)(index, outcome)).is_none()
    }

    fn is_silent(&self, peer: &Peer<'_>, index: usize) -> bool {
        let change = &self.changes[index];
        let many = self.changes.len() >= FEWEST_SILENT;
        many && change.quiet && peer.facts.marks && matches!(change.op, Op::Store { .. })
    }

    fn succeed(&mut self, _: &Peer<'_>, index: usize) {
        // Only stores are silent.
        (self.out)(index, Ok(Applied::Stored));
    }

    fn ask(&self, peer: &Peer<'_>, index: usize, mark: Mark, window: &mut Window<'a>) {
        let change = &self.changes[index];
        let on_wire = |expiry| ttl::wire(expiry, peer.facts.clock);
        match change.op {
            Op::Store { bytes, expiry } => {
                let when = match change.when {
                    Condition::Always => When::Always,
                    Condition::Absent => When::Absent,
                    Condition::Matches(token) => When::Version(version(peer, token)),
                };
                let sent = on_wire(expiry);
                let ttl = Some(sent).filter(|&number| number != NEVER);
                let life = Life { ttl, mark: ttl::mark(expiry, sent) };
                window.store(change.key, bytes, life, when, self.is_silent(peer, index), mark);
            }
            Op::Delete => window.delete(change.key, compared(peer, change.when), mark),
            Op::Touch { expiry } => window.touch(change.key, on_wire(expiry), mark),
            Op::Invalidate { grace } => {
                let version = compared(peer, change.when);
                window.invalidate(change.key, version, grace.map(on_wire), mark);
            }
            Op::Count(Count { by, start, expiry }) => {
                let start = start.map(|(number, expiry)| (number, on_wire(expiry)));
                window.count(change.key, Sum { by, start, expiry: expiry.map(on_wire) }, mark);
            }
        }
    }

    fn answer(
        &mut self,
        peer: &Peer<'_>,
        index: usize,
        answer: &Answer<'_>,
    ) -> Result<Option<Then>, &'static str> {
        let outcome = outcome(peer, &self.changes[index], answer)?;
        (self.out)(index, outcome);
        Ok(match (answer, self.changes[index].op) {
            (Answer::Done(Flags { won: true, version: Some(version), .. }), _) => {
                Some(Then::HandBack(*version))
            }
            (Answer::Value(digits, _), Op::Count(Count { by, expiry: Some(_), .. })) => {
                has_grown(digits, by).then_some(Then::Touch)
            }
            _ => None,
        })
    }

    fn ask_then(
        &self,
        peer: &Peer<'_>,
        index: usize,
        then: Then,
        mark: Mark,
        window: &mut Window<'a>,
    ) {
        let change = &self.changes[index];
        match (then, change.op) {
            (Then::HandBack(version), _) => {
                window.invalidate(change.key, Some(version), None, mark);
            }
            (Then::Touch, Op::Count(Count { expiry: Some(expiry), .. })) => {
                window.touch(change.key, ttl::wire(expiry, peer.facts.clock), mark);
            }
            // Nothing else is touched afterwards.
            (Then::Touch, _) => window.get(change.key, Ask::default(), mark),
        }
    }

    fn ask_whether(&self, index: usize, mark: Mark, window: &mut Window<'a>) {
        window.get(self.changes[index].key, Ask::default(), mark);
    }

    /// A refused store is not mistaken for one that was made: memcached has then deleted the old
    /// value, even if it was the same.
    fn was_made(&self, index: usize, answer: &Answer<'_>) -> Result<Option<bool>, &'static str> {
        match (answer, self.changes[index].op) {
            (Answer::Value(stored, _), Op::Store { bytes, .. }) => Ok(Some(*stored == bytes)),
            (Answer::Miss(_), _) => Ok(Some(false)),
            (Answer::Refused(_), _) => Ok(None),
            _ => Err("the answer to a change instead of a value"),
        }
    }

    fn refuse(&mut self, name: &str, index: usize, why: &str) {
        (self.out)(index, Err(StoreError::Refused(at(name, why))));
    }

    /// A change that was not sent completely is not made, because memcached waits for the rest of
    /// it.
    fn fail(&mut self, name: &str, index: usize, sent: Sent, why: &str) {
        let why = at(name, why);
        let error = match sent {
            Sent::Yes => StoreError::Unknown(why),
            Sent::No => StoreError::Down(why),
        };
        (self.out)(index, Err(error));
    }
}

/// Returns the outcome of a change that need not, or must not, be sent.
fn settled_unsent(peer: &Peer<'_>, change: &Change<'_>) -> Option<Result<Applied, StoreError>> {
    if let Err(refused) = admitted(peer, change) {
        return Some(Err(refused));
    }
    match change.when {
        // The connection belongs to one life of the server, so no restart can come in between.
        Condition::Matches(token) if token.is_of_another_life(peer.index, peer.facts.life) => {
            Some(Ok(Applied::Restarted))
        }
        // Two servers that began in the same second may look like one.
        Condition::Matches(token)
            if is_of_this_life(peer, token)
                && ![0, peer.facts.connection].contains(&token.connection()) =>
        {
            Some(Ok(Applied::Unproven))
        }
        _ => None,
    }
}

/// Refuses a change that the server would refuse. It must not be sent, because memcached deletes
/// the old value when it refuses a new one for its size.
fn admitted(peer: &Peer<'_>, change: &Change<'_>) -> Result<(), StoreError> {
    limits::check_condition(change)?;
    if matches!(change.when, Condition::Matches(_)) && !peer.facts.cas_enabled {
        let why = "keeps no versions (its option `-C`), on which the change depends";
        return Err(StoreError::Refused(at(peer.name, why)));
    }
    match change.op {
        Op::Store { bytes, expiry } => {
            let name = peer.name;
            // A mark takes room in the item.
            let mark = if matches!(expiry, Expiry::With(_)) { size_of::<u32>() } else { 0 };
            let limit = peer.facts.item_size_max.saturating_sub(mark);
            limits::check_value(limit, change.key, bytes.len(), &format_args!("memcached {name}"))
        }
        Op::Delete | Op::Touch { .. } | Op::Invalidate { .. } | Op::Count(_) => Ok(()),
    }
}

/// Returns whether a number has more digits than before it was added to.
fn has_grown(digits: &[u8], by: By) -> bool {
    let By::Adding(amount) = by else { return false };
    let before = answer::number(digits).and_then(|number| number.checked_sub(amount));
    before.is_some_and(|before| before.to_string().len() < digits.len())
}

/// Returns the version to compare with before a value is deleted or made stale.
fn compared(peer: &Peer<'_>, when: Condition) -> Option<u64> {
    match when {
        Condition::Always => None,
        Condition::Absent => Some(NO_VERSION),
        Condition::Matches(token) => Some(version(peer, token)),
    }
}

/// Returns the version to compare with: one that no value has, if the token belongs to another
/// server, or if only one of the two lives is known.
fn version(peer: &Peer<'_>, token: Token) -> u64 {
    if is_of_this_life(peer, token) { token.cas() } else { NO_VERSION }
}

fn is_of_this_life(peer: &Peer<'_>, token: Token) -> bool {
    token.server() == peer.index && token.life() == peer.facts.life
}

fn outcome(
    peer: &Peer<'_>,
    change: &Change<'_>,
    answer: &Answer<'_>,
) -> Result<Result<Applied, StoreError>, &'static str> {
    Ok(Ok(match (answer, change.op, change.when) {
        (Answer::Done(_), Op::Store { .. }, _) => Applied::Stored,
        (Answer::Done(_), Op::Delete, Condition::Always | Condition::Matches(_)) => {
            Applied::Deleted
        }
        (Answer::Done(_), Op::Touch { .. }, _) => Applied::Touched,
        (Answer::Miss(_), Op::Touch { .. }, _) => Applied::Gone,
        (Answer::Done(_), Op::Invalidate { .. }, _) => Applied::Invalidated,
        (Answer::Value(digits, _), Op::Count(_), _) => match answer::number(digits) {
            Some(number) => Applied::Counted(number),
            None => return Err("a count that is no number"),
        },
        (Answer::NotStored(_), Op::Store { .. }, Condition::Absent)
        | (Answer::Exists(_), Op::Delete, Condition::Absent) => Applied::Exists,
        (Answer::Exists(_), _, Condition::Matches(_)) => Applied::Differs,
        (Answer::NotFound(_), Op::Delete | Op::Invalidate { .. } | Op::Count(_), _)
        | (Answer::NotFound(_), Op::Store { .. }, Condition::Matches(_)) => Applied::Gone,
        (Answer::Refused(line), ..) => {
            return Ok(Err(StoreError::Refused(refused(peer.name, line))));
        }
        _ => return Err("an answer that does not belong to the change"),
    }))
}
