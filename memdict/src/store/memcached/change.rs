//! Changes: their requests, and the meaning of the answers.

use super::{
    proto::{
        Dialect, Mark,
        answer::{self, Answer, Flags},
        request::{Ask, Life, Sum, When},
        window::Window,
    },
    refusal::{Meaning, at, refused},
    work::{Peer, Sent, Step, Then, Work},
};
use crate::store::{
    expiry::Expiry,
    limits,
    operation::{Applied, ApplyOut, By, Change, Condition, Count, Op, StoreError, Token},
    ttl::{self, NEVER},
};

/// How many more requests a count may take that finds no number, and then one of another client,
/// in turn.
const MOST_STEPS: u8 = 16;

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

    fn carries_value(&self, index: usize, step: Option<Step>) -> bool {
        match (self.changes[index].op, self.changes[index].when, step) {
            (Op::Store { .. }, ..) | (.., Some(Step::Begin(_))) => true,
            // A delete on a condition stores an empty value.
            (Op::Delete | Op::Invalidate { .. }, when, _) => when != Condition::Always,
            (Op::Touch { .. } | Op::Count(_), ..) => false,
        }
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
        let change = &self.changes[index];
        if let (Answer::NotFound(_), Some(_)) = (answer, begins_at(peer, change)) {
            return Ok(Some(Then::Step(Step::Begin(MOST_STEPS))));
        }
        let outcome = outcome(peer, change, answer)?;
        (self.out)(index, outcome);
        Ok(match (answer, change.op) {
            (Answer::Number(_), Op::Count(Count { expiry: Some(_), .. })) => Some(Then::Touch),
            (Answer::Done(Flags { won: true, version: Some(version), .. }), _) => {
                Some(Then::HandBack(*version))
            }
            (Answer::Value(digits, _), Op::Count(Count { by, expiry: Some(_), .. })) => {
                has_grown(digits, by).then_some(Then::Touch)
            }
            _ => None,
        })
    }

    fn answer_step(
        &mut self,
        peer: &Peer<'_>,
        index: usize,
        step: Step,
        answer: &Answer<'_>,
    ) -> Result<Option<Then>, &'static str> {
        let (next, outcome) = match (step, answer, begins_at(peer, &self.changes[index])) {
            (Step::Begin(_), Answer::Stored, Some((number, _))) => {
                (None, Ok(Applied::Counted(number)))
            }
            (Step::Begin(0), Answer::NotStored(_), _) => {
                let why = "cannot count: other clients keep deleting the number";
                (None, Err(StoreError::Refused(at(peer.name, why))))
            }
            (Step::Begin(left), Answer::NotStored(_), _) => {
                return Ok(Some(Then::Step(Step::CountAgain(left - 1))));
            }
            (Step::CountAgain(left), Answer::NotFound(_), _) => {
                return Ok(Some(Then::Step(Step::Begin(left.saturating_sub(1)))));
            }
            (Step::CountAgain(_), Answer::Number(number), _) => {
                (Some(Then::Touch), Ok(Applied::Counted(*number)))
            }
            (_, Answer::Refused(line), _) => (None, Err(refusal(peer, line))),
            _ => return Err("an answer that does not belong to the change"),
        };
        (self.out)(index, outcome);
        let Op::Count(Count { expiry, .. }) = self.changes[index].op else { return Ok(None) };
        Ok(next.filter(|_| expiry.is_some()))
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
            (Then::Step(Step::CountAgain(_)), Op::Count(Count { by, .. })) => {
                window.count(change.key, Sum { by, start: None, expiry: None }, mark);
            }
            (
                Then::Step(Step::Begin(_)),
                Op::Count(Count { start: Some((number, expiry)), .. }),
            ) => {
                window.begin_number(change.key, number, ttl::wire(expiry, peer.facts.clock));
            }
            // Nothing else is touched afterwards, and nothing else takes steps.
            (Then::Touch | Then::Step(_), _) => window.get(change.key, Ask::default(), mark),
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
        return Err(keeps_no_versions(peer));
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

fn keeps_no_versions(peer: &Peer<'_>) -> StoreError {
    let why = "keeps no versions (its option `-C`), on which the change depends";
    StoreError::Refused(at(peer.name, why))
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
        Condition::Absent => Some(no_version(peer)),
        Condition::Matches(token) => Some(version(peer, token)),
    }
}

/// Returns the version to compare with: one that no value has, if the token belongs to another
/// server, or if only one of the two lives is known.
fn version(peer: &Peer<'_>, token: Token) -> u64 {
    let is_known = is_of_this_life(peer, token) && token.cas() != 0;
    if is_known { token.cas() } else { no_version(peer) }
}

/// Returns a version that no value has. A delete of it finds out whether there is a value.
fn no_version(peer: &Peer<'_>) -> u64 {
    match peer.facts.dialect {
        Dialect::Meta => 0,
        // Without versions (option `-C`), each value has the version 0 here.
        Dialect::Classic => u64::MAX,
    }
}

/// Returns the number that a count begins with by a request of its own, and its end of life.
fn begins_at(peer: &Peer<'_>, change: &Change<'_>) -> Option<(u64, Expiry)> {
    match change.op {
        Op::Count(Count { start, .. }) if peer.facts.dialect == Dialect::Classic => start,
        _ => None,
    }
}

/// Returns the failure that an error line means.
fn refusal(peer: &Peer<'_>, line: &[u8]) -> StoreError {
    Meaning::of(line).of_change(refused(peer.name, line))
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
        (Answer::Done(_) | Answer::Stored, Op::Store { .. }, _) => Applied::Stored,
        // A delete on a condition stores what has expired. Nothing stale is kept.
        (Answer::Stored, Op::Delete | Op::Invalidate { .. }, Condition::Matches(_))
        | (Answer::Deleted, Op::Delete | Op::Invalidate { .. }, Condition::Always) => {
            Applied::Deleted
        }
        (Answer::Touched, Op::Touch { .. }, _) => Applied::Touched,
        (Answer::NotFound(_), Op::Touch { .. }, _) if peer.facts.dialect == Dialect::Classic => {
            Applied::Gone
        }
        (Answer::Number(number), Op::Count(_), _) => Applied::Counted(*number),
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
        (Answer::Exists(_), _, Condition::Matches(token)) => {
            // A proxy does not tell what its servers keep.
            let has_none = token.cas() == 0 && is_of_this_life(peer, token);
            if peer.facts.dialect == Dialect::Classic && has_none {
                return Ok(Err(keeps_no_versions(peer)));
            }
            Applied::Differs
        }
        (Answer::NotFound(_), Op::Delete | Op::Invalidate { .. } | Op::Count(_), _)
        | (Answer::NotFound(_), Op::Store { .. }, Condition::Matches(_)) => Applied::Gone,
        (Answer::Refused(line), ..) => return Ok(Err(refusal(peer, line))),
        _ => return Err("an answer that does not belong to the change"),
    }))
}
