//! What a commit will send: entries become changes. No I/O, and no store is known here.

use std::{ops::Range, sync::Arc};

use super::conflict::Clash;
use crate::{
    def::{OnConflict, Policy},
    error::{Error, Result, There},
    key::{Key, name::Name},
    report::{CommitReport, How},
    session::entry::{
        any_slot::{AnySlot, Draft, Fields},
        seen::Expected,
    },
    store::{
        caps::Caps,
        operation::{Change, Condition, Load, Op},
    },
};

/// The changes of one commit, and what is known of their outcome.
///
/// It lends out a batch of changes, or of loads that settle what is in doubt; the answers are
/// collected while it is lent, and then settled (`settle`, `resolve`), until no step is left.
#[derive(Default)]
pub(crate) struct Plan<'e> {
    pub(super) bytes: Vec<u8>,
    /// What is not settled yet, in the order in which the entries were listed.
    pub(super) steps: Vec<Step<'e>>,
    pub(super) report: CommitReport,
    pub(super) conflicts: Vec<Clash<'e>>,
}

/// One entry's change.
pub(super) struct Step<'e> {
    pub(super) entry: &'e dyn AnySlot,
    pub(super) nonce: u64,
    /// The value of this session in its envelope, in the plan's bytes; none for a deletion.
    pub(super) ours: Option<Range<usize>>,
    /// What that was merged to.
    pub(super) merged: Option<Merged>,
    pub(super) policy: Policy,
    /// Whether a value was loaded, of which this one was made.
    pub(super) was_loaded: bool,
    /// What has to be there.
    pub(super) expected: Expected,
    pub(super) purpose: Purpose,
    pub(super) next: Next,
    /// Whether it was sent again after it was certain that it had not been applied.
    pub(super) resent: bool,
    /// How often it went by what somebody else had stored.
    pub(super) caught_up: u32,
    /// Whether a look before the first change found nothing where there had been a value.
    pub(super) vanished: bool,
}

/// What a value was merged to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Merged {
    /// The value in its envelope, in the plan's bytes.
    pub(super) value: Range<usize>,
    pub(super) fields: Fields,
}

/// What a change is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Store the value.
    Write,
    /// Store it again, for it had vanished.
    Recreate,
    /// Remove the entry.
    Remove,
    /// Delete the old value, because the new one was refused for this reason: nobody shall go
    /// on reading what was to be replaced.
    Clear { refused: String },
}

/// What an entry's change waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Next {
    Send,
    /// Its outcome is unknown, for this reason: look what is there.
    Look {
        unknown: String,
    },
    /// It was sent twice, and a value is there that was not to be: look whether it is what was
    /// sent first, and came late.
    LookWhose,
    /// Somebody else's value is there: look at it, and go by it.
    CatchUp {
        there: There,
    },
}

impl<'e> Plan<'e> {
    /// Encodes what was changed among `entries`. `nonce` begins the numbers that mark this
    /// commit's writes.
    ///
    /// # Errors
    ///
    /// `StillBorrowed`, `Poisoned`, `Encode`, `Unsupported`: nothing is to be sent then.
    pub(crate) fn draft(entries: &'e [Arc<dyn AnySlot>], nonce: u64, caps: Caps) -> Result<Self> {
        let mut plan = Self::default();
        plan.report.reserve(entries.len());
        plan.steps.reserve(entries.len());
        for (entry, nonce) in entries.iter().map(Arc::as_ref).zip(nonce_from(nonce)) {
            let start = plan.bytes.len();
            let draft = entry.draft(nonce, &mut plan.bytes)?;
            let (ours, policy, was_loaded, expected, purpose) = match draft {
                Draft::Nothing => continue,
                Draft::Unchanged => {
                    plan.bytes.truncate(start);
                    plan.report.record(entry.name(), How::Unchanged);
                    continue;
                }
                Draft::Store { policy, expected, was_loaded } => {
                    (Some(start..plan.bytes.len()), policy, was_loaded, expected, Purpose::Write)
                }
                Draft::Delete { policy, expected } => {
                    (None, policy, false, expected, Purpose::Remove)
                }
            };
            supported(entry.name(), &purpose, expected, caps)?;
            plan.steps.push(Step {
                entry,
                nonce,
                ours,
                merged: None,
                policy,
                was_loaded,
                expected,
                purpose,
                next: Next::Send,
                resent: false,
                caught_up: 0,
                vanished: false,
            });
        }
        Ok(plan)
    }

    /// The dictionary and key of each change that is not settled yet.
    pub(crate) fn keys(&self) -> Vec<(&str, &Key)> {
        let names = self.steps.iter().map(|step| step.entry.name());
        names.map(|name| (&*name.dict, &name.key)).collect()
    }

    /// The changes to send now.
    pub(crate) fn changes(&self) -> Vec<Change<'_>> {
        let mut changes = Vec::with_capacity(self.steps.len());
        changes.extend(self.steps.iter().filter(|step| step.next == Next::Send).map(|step| {
            let op = match (step.value(), &step.purpose) {
                (Some(range), Purpose::Write | Purpose::Recreate) => {
                    Op::Store { bytes: &self.bytes[range.clone()], ttl: step.policy.ttl }
                }
                _ => Op::Delete,
            };
            let change = Change::new(step.entry.name().wire(), op, step.expected.condition());
            // What is sent again has gone wrong once, and gets an answer of its own.
            if step.resent { change } else { change.quiet() }
        }));
        changes
    }

    /// The loads that settle what is in doubt: of all that is left, once nothing is to be sent.
    pub(crate) fn looks(&self) -> Vec<Load<'_>> {
        self.steps.iter().map(|step| Load::new(step.entry.name().wire())).collect()
    }
}

impl Step<'_> {
    fn value(&self) -> Option<&Range<usize>> {
        self.merged.as_ref().map(|merged| &merged.value).or(self.ours.as_ref())
    }

    /// Whether it can go by what somebody else has stored, and how.
    ///
    /// What was sent twice cannot: the other's value may have this session's change in it, and
    /// that would be made a second time.
    pub(super) fn catches_up(&self) -> bool {
        let stores = matches!(self.purpose, Purpose::Write | Purpose::Recreate);
        stores
            && !self.resent
            && match self.policy.on_conflict {
                OnConflict::Fail => false,
                OnConflict::LastWriteWins => true,
                OnConflict::Merge => self.was_loaded,
            }
    }
}

fn nonce_from(first: u64) -> impl Iterator<Item = u64> {
    (0_u64..).map(move |n| first.wrapping_add(n))
}

fn supported(name: &Name, purpose: &Purpose, expected: Expected, caps: Caps) -> Result<()> {
    let Condition::Matches(_) = expected.condition() else {
        return Ok(());
    };
    let missing = match purpose {
        Purpose::Remove if !caps.conditional_delete() => "delete a value only if it is unchanged",
        Purpose::Write if !caps.conditional_store() => "store a value only if it is unchanged",
        _ => return Ok(()),
    };
    let (dict, key) = (name.dict.to_string(), name.key.clone());
    Err(Error::Unsupported { dict, key, missing })
}
