//! What a commit will send: entries become changes. No I/O, and no store is known here.

use std::{ops::Range, sync::Arc, time::Duration};

use super::draft::{AnySlot, Draft};
use crate::{
    error::{Error, KeyConflict, Result},
    key::name::Name,
    report::{CommitReport, How},
    store::{Caps, Change, Condition, Load, What},
};

/// The changes of one commit, and what is known of their outcome.
///
/// It lends out a batch of changes, or of loads that settle what is in doubt; the answers are
/// collected while it is lent, and then settled (`settle`), until no step is left.
#[derive(Default)]
pub(crate) struct Plan<'e> {
    bytes: Vec<u8>,
    /// What is not settled yet, in the order in which the entries were listed.
    pub(super) steps: Vec<Step<'e>>,
    pub(super) report: CommitReport,
    pub(super) conflicts: Vec<KeyConflict>,
}

/// One entry's change.
pub(super) struct Step<'e> {
    pub(super) entry: &'e dyn AnySlot,
    pub(super) nonce: u64,
    /// The value in its envelope, in the plan's bytes; none for a deletion.
    pub(super) value: Option<(Range<usize>, Option<Duration>)>,
    pub(super) when: Condition,
    pub(super) purpose: Purpose,
    pub(super) next: Next,
    /// Whether it was sent again after it was certain that it had not been applied.
    pub(super) resent: bool,
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
            let (value, when, purpose) = match draft {
                Draft::Nothing => continue,
                Draft::Unchanged => {
                    plan.bytes.truncate(start);
                    plan.report.record(entry.name(), How::Unchanged);
                    continue;
                }
                Draft::Store { policy, when } => {
                    (Some((start..plan.bytes.len(), policy.ttl)), when, Purpose::Write)
                }
                Draft::Delete { when } => (None, when, Purpose::Remove),
            };
            supported(entry.name(), &purpose, when, caps)?;
            let (next, resent) = (Next::Send, false);
            plan.steps.push(Step { entry, nonce, value, when, purpose, next, resent });
        }
        Ok(plan)
    }

    /// The changes to send now.
    pub(crate) fn changes(&self) -> Vec<Change<'_>> {
        let mut changes = Vec::with_capacity(self.steps.len());
        changes.extend(self.steps.iter().filter(|step| step.next == Next::Send).map(|step| {
            let what = match (&step.value, &step.purpose) {
                (Some((range, ttl)), Purpose::Write | Purpose::Recreate) => {
                    What::Store { bytes: &self.bytes[range.clone()], ttl: *ttl }
                }
                _ => What::Delete,
            };
            let change = Change::new(step.entry.name().wire(), what, step.when);
            // The session ends with the commit. What is sent again has gone wrong once, and gets
            // an answer of its own.
            if step.resent { change } else { change.without_token() }
        }));
        changes
    }

    /// The loads that settle what is in doubt: of all that is left, once nothing is to be sent.
    pub(crate) fn looks(&self) -> Vec<Load<'_>> {
        self.steps.iter().map(|step| Load::new(step.entry.name().wire())).collect()
    }
}

fn nonce_from(first: u64) -> impl Iterator<Item = u64> {
    (0_u64..).map(move |n| first.wrapping_add(n))
}

fn supported(name: &Name, purpose: &Purpose, when: Condition, caps: Caps) -> Result<()> {
    let Condition::Matches(_) = when else {
        return Ok(());
    };
    let missing = match purpose {
        Purpose::Remove if !caps.conditional_delete => "delete a value only if it is unchanged",
        Purpose::Write if !caps.conditional_store => "store a value only if it is unchanged",
        _ => return Ok(()),
    };
    let (dict, key) = (name.dict.to_string(), name.key.clone());
    Err(Error::Unsupported { dict, key, missing })
}
