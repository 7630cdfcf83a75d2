//! What a commit's answers mean: outcomes are folded back into the plan. No I/O, and no store
//! is known here.

use super::plan::{Next, Plan, Purpose, Step};
use crate::{
    error::{Error, KeyConflict, Result, There},
    report::{CommitReport, How},
    store::{Applied, Condition, StoreError, Token},
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
}

/// What is under a key whose write is in doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// A value: whose write it is, if that can be told, and its version.
    There { nonce: Option<u64>, token: Token },
    /// None.
    Nothing,
}

/// What an answer means.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Verdict {
    Done(How),
    Conflict(There),
    /// `uncertain`: it may have been applied all the same.
    Lost {
        reason: String,
        uncertain: bool,
    },
    Refused {
        reason: String,
    },
    Send {
        when: Condition,
        purpose: Purpose,
    },
    Look {
        unknown: String,
    },
    LookWhose,
}

impl Plan<'_> {
    /// Settles the answers to [`Plan::changes`], of as many. What is settled leaves the plan.
    pub(crate) fn settle(&mut self, answers: Answers<Result<Applied, StoreError>>) {
        let mut answers = answers.0.into_iter();
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

    /// Settles the answers to [`Plan::looks`], of as many.
    pub(crate) fn resolve(&mut self, answers: Answers<Result<Look, StoreError>>) {
        let mut answers = answers.0.into_iter();
        let Self { steps, report, conflicts, .. } = self;
        steps.retain_mut(|step| {
            let verdict = resolved(step, answers.next().flatten().and_then(Result::ok));
            step.resent |= matches!(verdict, Verdict::Send { .. });
            step.take(verdict, report, conflicts)
        });
    }

    /// What became of it all, once nothing is left to send.
    pub(crate) fn finish(self, strict: bool) -> Result<CommitReport> {
        let report = self.report;
        if !self.conflicts.is_empty() {
            let report = Box::new(report);
            return Err(Error::Conflict { conflicts: self.conflicts, attempts: 1, report });
        }
        match report.lost.first() {
            Some(lost) if strict => Err(Error::Unavailable {
                key: format!("`{}[{}]`", lost.dict, lost.key),
                source: lost.reason.clone().into(),
                report: Some(Box::new(report)),
            }),
            _ => Ok(report),
        }
    }
}

impl Step<'_> {
    /// Does what the verdict says. Whether there is more to do.
    fn take(
        &mut self,
        verdict: Verdict,
        report: &mut CommitReport,
        conflicts: &mut Vec<KeyConflict>,
    ) -> bool {
        let name = self.entry.name();
        match verdict {
            Verdict::Done(how) => report.record(name, how),
            Verdict::Conflict(there) => {
                conflicts.push(KeyConflict::new(name, self.entry.type_name(), there));
            }
            Verdict::Lost { reason, uncertain } => report.record_lost(name, reason, uncertain),
            Verdict::Refused { reason } => report.record_refused(name, reason),
            Verdict::Send { when, purpose } => {
                (self.when, self.purpose, self.next) = (when, purpose, Next::Send);
                return true;
            }
            Verdict::Look { unknown } => {
                self.next = Next::Look { unknown };
                return true;
            }
            Verdict::LookWhose => {
                self.next = Next::LookWhose;
                return true;
            }
        }
        false
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

        (Purpose::Write, Ok(Applied::Done(_))) => Verdict::Done(How::Written),
        (Purpose::Recreate, Ok(Applied::Done(_))) => Verdict::Done(How::Recreated),
        (Purpose::Remove, Ok(Applied::Done(_) | Applied::Gone)) => Verdict::Done(How::Removed),

        // What was sent first may have been made after it was looked for.
        (Purpose::Write | Purpose::Recreate, Ok(Applied::Exists | Applied::Differs))
            if step.resent =>
        {
            Verdict::LookWhose
        }
        (_, Ok(Applied::Exists | Applied::Differs | Applied::Restarted)) => {
            Verdict::Conflict(There::Overwritten)
        }

        // It had vanished since it was loaded: store it anew, unless somebody else has.
        (Purpose::Write, Ok(Applied::Gone)) => {
            Verdict::Send { when: Condition::Absent, purpose: Purpose::Recreate }
        }
        (Purpose::Recreate, Ok(Applied::Gone)) => Verdict::Lost {
            reason: "the store says both that the value exists and that it does not".to_owned(),
            uncertain: true,
        },

        // Where nothing was there, there is nothing to delete.
        (Purpose::Write | Purpose::Recreate, Err(StoreError::Refused(refused)))
            if step.when != Condition::Absent =>
        {
            Verdict::Send { when: step.when, purpose: Purpose::Clear { refused } }
        }
        (_, Err(StoreError::Refused(reason))) => Verdict::Refused { reason },
        (_, Err(StoreError::Unknown(unknown))) => Verdict::Look { unknown },
        (_, Err(StoreError::Down(reason))) => Verdict::Lost { reason, uncertain: false },
    }
}

/// What is there now says what became of a change whose answer never came.
fn resolved(step: &Step<'_>, look: Option<Look>) -> Verdict {
    let unknown = match &step.next {
        Next::Look { unknown } => unknown.as_str(),
        Next::LookWhose => "another value is there",
        Next::Send => "no answer",
    };
    let lost = |what: &str| Verdict::Lost { reason: format!("{unknown}; {what}"), uncertain: true };
    match (&step.purpose, look) {
        (_, None) => lost("and what is there now cannot be read"),

        (Purpose::Write, Some(Look::There { nonce: Some(nonce), .. })) if nonce == step.nonce => {
            Verdict::Done(How::Written)
        }
        (Purpose::Recreate, Some(Look::There { nonce: Some(nonce), .. }))
            if nonce == step.nonce =>
        {
            Verdict::Done(How::Recreated)
        }
        (Purpose::Remove, Some(Look::Nothing)) => Verdict::Done(How::Removed),

        // There was a value that was not to be, and it is not ours.
        (_, Some(_)) if step.next == Next::LookWhose => Verdict::Conflict(There::Overwritten),

        // The version that the session saw: the change was certainly not applied.
        (_, Some(Look::There { token, .. })) if step.when == Condition::Matches(token) => {
            if step.resent {
                Verdict::Lost { reason: format!("{unknown}, twice"), uncertain: false }
            } else {
                Verdict::Send { when: step.when, purpose: step.purpose.clone() }
            }
        }

        // It may have been applied and then overwritten, evicted or removed by others.
        (_, Some(Look::There { .. })) => lost("somebody else's value is there now"),
        (_, Some(Look::Nothing)) => lost("nothing is there now"),
    }
}

#[cfg(test)]
mod tests;
