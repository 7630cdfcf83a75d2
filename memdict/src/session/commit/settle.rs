//! Interprets the answers to a commit's changes, and updates the plan. This does no I/O and knows
//! no store.

use std::sync::Arc;

use super::{
    conflict::{Clash, Disagreement},
    plan::{MergedValue, Plan, Purpose, Step, Strictly, WaitsFor},
};
use crate::{
    conflict::ConflictCause,
    def::rules::OnVanished,
    report::{CommitReport, FailedWrite, How},
    session::entry::{any_slot::AnySlot, seen::Expected},
    store::operation::{Applied, Reason, StoreError},
};

/// The answers to a batch, collected while the plan is lent out.
#[derive(Debug)]
pub(crate) struct Answers<A>(Vec<Option<A>>);

impl<A> Answers<A> {
    /// Returns room for the answers to `many` operations.
    pub(crate) fn to(many: usize) -> Self {
        let mut answers = Vec::new();
        answers.resize_with(many, || None);
        Self(answers)
    }

    pub(crate) fn take(&mut self, index: usize, answer: A) {
        if let Some(place) = self.0.get_mut(index) {
            *place = Some(answer);
        }
    }

    /// Takes out the answers to the operations from this one on.
    pub(crate) fn split_off(&mut self, first: usize) -> Self {
        Self(self.0.split_off(first))
    }

    /// Hands out each answer that came.
    pub(crate) fn each(self, mut take: impl FnMut(usize, A)) {
        for (index, answer) in self.0.into_iter().enumerate() {
            answer.into_iter().for_each(|answer| take(index, answer));
        }
    }

    /// Returns the answers in the order of the operations; `None` for one without an answer.
    pub(super) fn into_iter(self) -> impl Iterator<Item = Option<A>> {
        self.0.into_iter()
    }
}

/// What an answer means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    Done(How),
    /// The number is now this one.
    Counted(u64),
    Conflict(Disagreement),
    /// `uncertain`: the change may nevertheless have been applied.
    Lost {
        reason: Reason,
        uncertain: bool,
    },
    Refused {
        reason: Reason,
    },
    Send {
        expected: Expected,
        purpose: Purpose,
    },
    /// Send the merged value instead of the session's.
    SendMerged {
        expected: Expected,
        merged: MergedValue,
    },
    Look {
        unknown: Reason,
    },
    LookWhose,
    LookAgain,
    CatchUp {
        cause: ConflictCause,
    },
}

impl Verdict {
    pub(super) fn conflict(cause: ConflictCause) -> Self {
        Self::Conflict(cause.into())
    }
}

/// Where the verdicts that end a step are recorded.
pub(super) struct Records<'p, 'e> {
    pub(super) report: &'p mut CommitReport,
    pub(super) conflicts: &'p mut Vec<Clash<'e>>,
    pub(super) strictly: &'p mut Option<Strictly<'e>>,
}

impl<'e> Plan<'e> {
    /// Splits the plan into its steps, its bytes and the records of their verdicts.
    pub(super) fn parts(&mut self) -> (&mut Vec<Step<'e>>, &mut Vec<u8>, Records<'_, 'e>) {
        let Self { bytes, steps, report, conflicts, strictly, .. } = self;
        (steps, bytes, Records { report, conflicts, strictly })
    }

    /// Settles the answers to [`Plan::changes`], one for each change. Settled steps leave the plan.
    pub(crate) fn settle(&mut self, answers: Answers<Result<Applied, StoreError>>) {
        let mut answers = answers.into_iter();
        let (steps, _, mut records) = self.parts();
        steps.retain_mut(|step| {
            if step.waits_for != WaitsFor::Sending {
                return true;
            }
            let answer = answers.next().flatten();
            let answer = answer
                .unwrap_or_else(|| Err(StoreError::Unknown("the store gave no answer".into())));
            step.take(settled(step, answer), &mut records)
        });
    }
}

impl<'e> Records<'_, 'e> {
    fn lose(&mut self, entry: &'e dyn AnySlot, reason: Reason, uncertain: bool, strict: bool) {
        self.report.record_lost(failed(entry, &reason, uncertain));
        if strict && !matches!(self.strictly, Some(Strictly::Lost(..))) {
            *self.strictly = Some(Strictly::Lost(entry, reason));
        }
    }

    fn refuse(&mut self, entry: &'e dyn AnySlot, reason: &Reason, strict: bool) {
        self.report.record_refused(failed(entry, reason, false));
        if strict && self.strictly.is_none() {
            *self.strictly = Some(Strictly::Refused(entry));
        }
    }
}

fn failed(entry: &dyn AnySlot, reason: &Reason, uncertain: bool) -> FailedWrite {
    let server = reason.server().map(Arc::from);
    FailedWrite { id: entry.id().clone(), reason: reason.to_string(), server, uncertain }
}

impl<'e> Step<'e> {
    /// Does what the verdict says. Returns whether more is to be done.
    pub(super) fn take(&mut self, verdict: Verdict, records: &mut Records<'_, 'e>) -> bool {
        self.waits_for = match self.in_generation(verdict) {
            Verdict::Done(how) => {
                records.report.record(self.entry.id(), how);
                if let (Some(why), How::Written | How::Recreated) = (self.replaces, how) {
                    records.report.record_replaced(self.entry.id(), why);
                }
                if let Some(MergedValue { fields, .. }) = self.merged.take() {
                    records.report.record_merged(self.entry.id(), fields.ours, fields.theirs);
                }
                return false;
            }
            Verdict::Counted(number) => {
                records.report.record_count(self.entry.id(), number);
                return false;
            }
            Verdict::Conflict(disagreement) => {
                // A change that was sent twice may be part of the stored value.
                let uncertain = self.resent;
                if uncertain {
                    records.report.record_uncertain();
                }
                records.conflicts.push(Clash { entry: self.entry, disagreement, uncertain });
                return false;
            }
            Verdict::Lost { reason, uncertain } => {
                records.lose(self.entry, reason, uncertain, self.strict);
                return false;
            }
            Verdict::Refused { reason } => {
                records.refuse(self.entry, &reason, self.strict);
                return false;
            }
            Verdict::Send { expected, purpose } => {
                (self.expected, self.purpose) = (expected, purpose);
                WaitsFor::Sending
            }
            Verdict::SendMerged { expected, merged } => {
                (self.expected, self.purpose) = (expected, Purpose::Write);
                self.merged = Some(merged);
                WaitsFor::Sending
            }
            Verdict::Look { unknown } => WaitsFor::Look { unknown },
            Verdict::LookWhose => WaitsFor::LookWhose,
            Verdict::LookAgain => WaitsFor::LookAgain,
            Verdict::CatchUp { cause } => WaitsFor::CatchUp { cause },
        };
        true
    }

    /// Returns what follows if another session's change is in the way, and nothing of this change
    /// was applied.
    pub(super) fn clash(&self, cause: ConflictCause) -> Verdict {
        // Two sessions that remove one value are not in conflict.
        if self.catches_up() || self.buries() {
            Verdict::CatchUp { cause }
        } else {
            Verdict::conflict(cause)
        }
    }

    /// Returns what follows if the value to be replaced is gone.
    pub(super) fn vanished(&self) -> Verdict {
        if self.was_loaded && self.options.rules.on_vanished == OnVanished::Fail {
            return Verdict::conflict(ConflictCause::Vanished);
        }
        // What was not a usable value has vanished: there was none, and there is none.
        let purpose = if self.was_loaded { Purpose::Recreate } else { Purpose::Write };
        Verdict::Send { expected: Expected::Nothing, purpose }
    }
}

/// Returns what an answer to a change means.
fn settled(step: &Step<'_>, answer: Result<Applied, StoreError>) -> Verdict {
    match (&step.purpose, answer) {
        (_, Ok(Applied::Unproven)) => Verdict::LookAgain,

        // It changes nothing that another session could depend on, so nothing is in doubt.
        (Purpose::Touch, answer) => match answer {
            Ok(Applied::Touched) => Verdict::Done(How::Touched),
            Ok(Applied::Gone) => Verdict::Done(How::Unchanged),
            Ok(_) => Verdict::Lost {
                reason: "the store gave an answer that does not belong to the change".into(),
                uncertain: false,
            },
            Err(StoreError::Refused(reason)) => Verdict::Refused { reason },
            Err(StoreError::Unknown(reason) | StoreError::Down(reason)) => {
                Verdict::Lost { reason, uncertain: false }
            }
        },

        // It has no condition, so a look does not tell whose it was, and it is not sent again.
        (Purpose::Invalidate, answer) => match answer {
            Ok(Applied::Invalidated | Applied::Deleted | Applied::Gone) => {
                Verdict::Done(How::Invalidated)
            }
            Ok(_) => Verdict::Lost {
                reason: "the store gave an answer that does not belong to the change".into(),
                uncertain: true,
            },
            Err(StoreError::Refused(reason)) => Verdict::Refused { reason },
            Err(StoreError::Unknown(reason)) => Verdict::Lost { reason, uncertain: true },
            Err(StoreError::Down(reason)) => Verdict::Lost { reason, uncertain: false },
        },

        // A count that was not answered is not sent again: it is made at most once.
        (Purpose::Count(_), answer) => match answer {
            Ok(Applied::Counted(number)) => Verdict::Counted(number),
            Ok(_) => Verdict::Lost {
                reason: "the store gave an answer that does not belong to the count".into(),
                uncertain: true,
            },
            Err(StoreError::Refused(reason)) => Verdict::Refused { reason },
            Err(StoreError::Unknown(reason)) => Verdict::Lost { reason, uncertain: true },
            Err(StoreError::Down(reason)) => Verdict::Lost { reason, uncertain: false },
        },

        (Purpose::Clear { refused }, answer) => {
            let reason = match answer {
                Ok(_) => refused.clone(),
                Err(error) => {
                    let refused = refused.clone();
                    refused.and(&format!("; the old value could not be deleted: {error}"))
                }
            };
            Verdict::Refused { reason }
        }

        (Purpose::Write, Ok(Applied::Stored)) => Verdict::Done(How::Written),
        (Purpose::Recreate, Ok(Applied::Stored)) => Verdict::Done(How::Recreated),
        (Purpose::Remove, Ok(Applied::Stored)) if step.buries() => Verdict::Done(How::Removed),
        (Purpose::Remove, Ok(Applied::Gone)) if step.buries() => {
            Verdict::Send { expected: Expected::Nothing, purpose: Purpose::Remove }
        }
        (Purpose::Remove, Ok(Applied::Deleted | Applied::Gone)) if !step.buries() => {
            Verdict::Done(How::Removed)
        }

        // The change that was sent first may have been made after the look.
        (_, Ok(Applied::Exists | Applied::Differs))
            if step.resent && (step.purpose != Purpose::Remove || step.buries()) =>
        {
            Verdict::LookWhose
        }
        (_, Ok(Applied::Exists | Applied::Differs)) => step.clash(ConflictCause::Overwritten),
        (_, Ok(Applied::Restarted)) => step.clash(ConflictCause::ServerRestarted),

        (Purpose::Write, Ok(Applied::Gone)) if step.expected != Expected::Nothing => {
            step.vanished()
        }
        (Purpose::Write | Purpose::Recreate, Ok(Applied::Deleted | Applied::Gone))
        | (_, Ok(Applied::Touched | Applied::Invalidated | Applied::Counted(_)))
        | (Purpose::Remove, Ok(Applied::Stored | Applied::Deleted | Applied::Gone)) => {
            Verdict::Lost {
                reason: "the store gave an answer that does not belong to the change".into(),
                uncertain: true,
            }
        }

        // If there was no value, there is nothing to delete; the tombstone of one has to stay. A
        // value that another session stored since then is not the one to be replaced.
        (_, Err(StoreError::Refused(refused)))
            if (step.purpose != Purpose::Remove || step.buries())
                && !matches!(step.expected, Expected::Nothing | Expected::Tombstone(_))
                && step.caught_up == 0 =>
        {
            Verdict::Send { expected: step.expected, purpose: Purpose::Clear { refused } }
        }
        (_, Err(StoreError::Refused(reason))) => Verdict::Refused { reason },
        (_, Err(StoreError::Unknown(unknown))) => Verdict::Look { unknown },
        // The change that was sent first may still arrive.
        (_, Err(StoreError::Down(reason))) => Verdict::Lost { reason, uncertain: step.resent },
    }
}

#[cfg(test)]
mod tests;
