//! What a commit will send: entries become changes. No I/O, and no store is known here.

use std::{ops::Range, sync::Arc, time::Duration};

use super::slot::{AnySlot, Draft, Name};
use crate::{
    error::{Error, KeyConflict, Result},
    report::{CommitReport, How},
    store::{Caps, Change, Condition, Load, What},
};

/// The changes of one commit, and what is known of their outcome.
///
/// It lends out a batch of changes, or of loads that settle what is in doubt; the answers are
/// collected while it is lent, and then settled (`settle`), until nothing is left to send.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    bytes: Vec<u8>,
    pub(super) steps: Vec<Step>,
    pub(super) report: CommitReport,
    pub(super) conflicts: Vec<KeyConflict>,
}

/// One entry's change.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) name: Arc<Name>,
    pub(super) type_name: &'static str,
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
    Settled,
}

impl Plan {
    /// Encodes what was changed among `entries`. `nonce` begins the numbers that mark this
    /// commit's writes.
    ///
    /// # Errors
    ///
    /// `StillBorrowed`, `Poisoned`, `Encode`, `Unsupported`: nothing is to be sent then.
    pub(crate) fn draft(entries: &[Arc<dyn AnySlot>], nonce: u64, caps: Caps) -> Result<Self> {
        let mut plan = Self::default();
        for (entry, nonce) in entries.iter().zip(nonce_from(nonce)) {
            let start = plan.bytes.len();
            let draft = entry.draft(nonce, &mut plan.bytes)?;
            let name = entry.name();
            let (value, when, purpose) = match draft {
                Draft::Nothing => continue,
                Draft::Unchanged => {
                    plan.bytes.truncate(start);
                    plan.report.record(&name.dict, &name.key, How::Unchanged);
                    continue;
                }
                Draft::Store { policy, when } => {
                    (Some((start..plan.bytes.len(), policy.ttl)), when, Purpose::Write)
                }
                Draft::Delete { when } => (None, when, Purpose::Remove),
            };
            supported(name, &purpose, when, caps)?;
            plan.steps.push(Step {
                name: Arc::clone(name),
                type_name: entry.type_name(),
                nonce,
                value,
                when,
                purpose,
                next: Next::Send,
                resent: false,
            });
        }
        Ok(plan)
    }

    /// The changes to send now, and whose they are.
    pub(crate) fn changes(&self) -> (Vec<usize>, Vec<Change<'_>>) {
        let send = |step: &Step| step.next == Next::Send;
        self.waiting(send)
            .map(|(index, step)| {
                let what = match (&step.value, &step.purpose) {
                    (Some((range, ttl)), Purpose::Write | Purpose::Recreate) => {
                        What::Store { bytes: &self.bytes[range.clone()], ttl: *ttl }
                    }
                    _ => What::Delete,
                };
                (index, Change::new(step.name.wire(), what, step.when))
            })
            .unzip()
    }

    /// The loads that settle what is in doubt, and whose they are.
    pub(crate) fn looks(&self) -> (Vec<usize>, Vec<Load<'_>>) {
        self.waiting(|step| matches!(step.next, Next::Look { .. }))
            .map(|(index, step)| (index, Load::new(step.name.wire())))
            .unzip()
    }

    fn waiting(&self, for_what: fn(&Step) -> bool) -> impl Iterator<Item = (usize, &Step)> {
        self.steps.iter().enumerate().filter(move |(_, step)| for_what(step))
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
