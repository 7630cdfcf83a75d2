//! What a commit's answers mean: outcomes are folded back into the plan. No I/O, and no store
//! is known here.

use super::{
    conflict::{Clash, Disagreement},
    plan::{Merged, Next, Plan, Purpose, Step},
};
use crate::{
    def::OnVanished,
    error::There,
    report::{CommitReport, How},
    session::entry::seen::Expected,
    store::operation::{Applied, StoreError},
};

/// The answers to a batch, collected while the plan is lent out.
#[derive(Debug)]
pub(crate) struct Answers<A>(Vec<Option<A>>);

impl<A> Answers<A> {
    /// Room for the answers to `many` operations.
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

    /// In the order of the operations; none where there was no answer.
    pub(super) fn into_iter(self) -> impl Iterator<Item = Option<A>> {
        self.0.into_iter()
    }
}

/// What an answer means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    Done(How),
    Conflict(Disagreement),
    /// `uncertain`: it may have been applied all the same.
    Lost {
        reason: String,
        uncertain: bool,
    },
    Refused {
        reason: String,
    },
    Send {
        expected: Expected,
        purpose: Purpose,
    },
    /// Send what the session's value was merged to.
    SendMerged {
        expected: Expected,
        merged: Merged,
    },
    Look {
        unknown: String,
    },
    LookWhose,
    CatchUp {
        there: There,
    },
}

impl Verdict {
    pub(super) fn conflict(there: There) -> Self {
        Self::Conflict(Disagreement { there, reason: None, fields: None })
    }
}

impl<'e> Plan<'e> {
    /// Settles the answers to [`Plan::changes`], of as many. What is settled leaves the plan.
    pub(crate) fn settle(&mut self, answers: Answers<Result<Applied, StoreError>>) {
        let mut answers = answers.into_iter();
        let Self { steps, report, conflicts, .. } = self;
        steps.retain_mut(|step| {
            if step.next != Next::Send {
                return true;
            }
            let answer = answers.next().flatten();
            let answer = answer
                .unwrap_or_else(|| Err(StoreError::Unknown("the store gave no answer".into())));
            step.take(settled(step, answer), report, conflicts)
        });
    }
}

impl<'e> Step<'e> {
    /// Does what the verdict says. Whether there is more to do.
    pub(super) fn take(
        &mut self,
        verdict: Verdict,
        report: &mut CommitReport,
        conflicts: &mut Vec<Clash<'e>>,
    ) -> bool {
        let name = self.entry.name();
        self.next = match verdict {
            Verdict::Done(how) => {
                report.record(name, how);
                if let Some(Merged { fields, .. }) = self.merged.take() {
                    report.record_merged(name, fields.ours, fields.theirs);
                }
                return false;
            }
            Verdict::Conflict(disagreement) => {
                // What was sent twice may be a part of what is there now.
                if self.resent {
                    report.record_uncertain();
                }
                conflicts.push(Clash { entry: self.entry, disagreement });
                return false;
            }
            Verdict::Lost { reason, uncertain } => {
                report.record_lost(name, reason, uncertain);
                return false;
            }
            Verdict::Refused { reason } => {
                report.record_refused(name, reason);
                return false;
            }
            Verdict::Send { expected, purpose } => {
                (self.expected, self.purpose) = (expected, purpose);
                Next::Send
            }
            Verdict::SendMerged { expected, merged } => {
                (self.expected, self.purpose) = (expected, Purpose::Write);
                self.merged = Some(merged);
                Next::Send
            }
            Verdict::Look { unknown } => Next::Look { unknown },
            Verdict::LookWhose => Next::LookWhose,
            Verdict::CatchUp { there } => Next::CatchUp { there },
        };
        true
    }

    /// Somebody else's change is in the way, and nothing of this one was applied.
    pub(super) fn clash(&self, there: There) -> Verdict {
        if self.catches_up() { Verdict::CatchUp { there } } else { Verdict::conflict(there) }
    }

    /// The value to be replaced is not there any more.
    pub(super) fn vanished(&self) -> Verdict {
        if self.was_loaded && self.policy.on_vanished == OnVanished::Fail {
            return Verdict::conflict(There::Vanished);
        }
        Verdict::Send { expected: Expected::Nothing, purpose: Purpose::Recreate }
    }
}

/// What an answer to a change means.
fn settled(step: &Step<'_>, answer: Result<Applied, StoreError>) -> Verdict {
    match (&step.purpose, answer) {
        (Purpose::Clear { refused }, answer) => {
            let reason = match answer {
                Ok(_) => refused.clone(),
                Err(error) => format!("{refused}; the old value could not be deleted: {error}"),
            };
            Verdict::Refused { reason }
        }

        (Purpose::Write, Ok(Applied::Stored)) => Verdict::Done(How::Written),
        (Purpose::Recreate, Ok(Applied::Stored)) => Verdict::Done(How::Recreated),
        (Purpose::Remove, Ok(Applied::Deleted | Applied::Gone)) => Verdict::Done(How::Removed),

        // What was sent first may have been made after it was looked for.
        (Purpose::Write | Purpose::Recreate, Ok(Applied::Exists | Applied::Differs))
            if step.resent =>
        {
            Verdict::LookWhose
        }
        (_, Ok(Applied::Exists | Applied::Differs)) => step.clash(There::Overwritten),
        (_, Ok(Applied::Restarted)) => step.clash(There::ServerRestarted),

        (Purpose::Write, Ok(Applied::Gone)) => step.vanished(),
        (Purpose::Write | Purpose::Recreate, Ok(Applied::Deleted))
        | (Purpose::Remove, Ok(Applied::Stored))
        | (Purpose::Recreate, Ok(Applied::Gone)) => Verdict::Lost {
            reason: "the store gave an answer that does not belong to the change".to_owned(),
            uncertain: true,
        },

        // Where nothing was there, there is nothing to delete; and what somebody else stored since
        // is not what this session was to replace.
        (Purpose::Write | Purpose::Recreate, Err(StoreError::Refused(refused)))
            if step.expected != Expected::Nothing && step.caught_up == 0 =>
        {
            Verdict::Send { expected: step.expected, purpose: Purpose::Clear { refused } }
        }
        (_, Err(StoreError::Refused(reason))) => Verdict::Refused { reason },
        (_, Err(StoreError::Unknown(unknown))) => Verdict::Look { unknown },
        // What was sent first may still come.
        (_, Err(StoreError::Down(reason))) => Verdict::Lost { reason, uncertain: step.resent },
    }
}

#[cfg(test)]
mod tests;
