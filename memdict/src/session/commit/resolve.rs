//! What is there now, and what that says of a change: whether it was made after all, or on what
//! it can be made instead. No I/O, and no store is known here.

use super::{
    conflict::Disagreement,
    plan::{Merged, Next, Plan, Purpose, Step},
    settle::{Answers, Verdict},
};
use crate::{
    def::OnConflict,
    error::There,
    report::How,
    session::entry::seen::{Expected, Look},
    store::operation::StoreError,
};

/// How often a change goes by what somebody else has stored, only to find that stored over again.
/// Each time is another's success; after so many, the conflict is the application's.
const CATCH_UPS: u32 = 32;

impl Plan<'_> {
    /// Whether the bytes of the look with this index are needed.
    pub(crate) fn needs_bytes(&self, look: usize) -> bool {
        self.steps.get(look).is_some_and(Step::catches_up)
    }

    /// Settles the answers to [`Plan::looks`], of as many.
    pub(crate) fn resolve(&mut self, answers: Answers<Result<Look, StoreError>>) {
        let mut answers = answers.into_iter();
        let Self { steps, report, conflicts, bytes } = self;
        steps.retain_mut(|step| {
            let look = answers.next().flatten().and_then(Result::ok);
            let verdict = match step.next.clone() {
                Next::CatchUp { there } => step.catch_up(there, look, bytes),
                _ => {
                    let verdict = resolved(step, look);
                    step.resent |= matches!(verdict, Verdict::Send { .. });
                    verdict
                }
            };
            step.take(verdict, report, conflicts)
        });
    }
}

impl Step<'_> {
    /// Goes by what is there now, for `there` is in the way. A merged value is appended to
    /// `bytes`.
    pub(super) fn catch_up(
        &mut self,
        there: There,
        look: Option<Look>,
        bytes: &mut Vec<u8>,
    ) -> Verdict {
        let given_up = |reason: &str| {
            Verdict::Conflict(Disagreement { there, reason: Some(reason.to_owned()), fields: None })
        };
        let (version, theirs) = match look {
            None => return given_up("what is there now cannot be read"),
            Some(Look::Nothing) if there == There::ServerRestarted => {
                return Verdict::conflict(there);
            }
            Some(Look::Nothing) => return self.vanished(),
            Some(Look::There { version, bytes }) => (version, bytes.unwrap_or_default()),
        };
        self.caught_up += 1;
        if self.caught_up > CATCH_UPS {
            return given_up("others stored it again and again meanwhile");
        }
        let (expected, start) = (Expected::Version(version), bytes.len());
        match (self.policy.on_conflict, &self.ours) {
            (OnConflict::LastWriteWins, _) => Verdict::Send { expected, purpose: Purpose::Write },
            (OnConflict::Merge, Some(ours)) => {
                let ours = bytes[ours.clone()].to_vec();
                match self.entry.merge(&ours, &theirs, self.nonce, bytes) {
                    Ok(fields) => {
                        let merged = Merged { value: start..bytes.len(), fields };
                        Verdict::SendMerged { expected, merged }
                    }
                    Err(unmerged) => {
                        bytes.truncate(start);
                        let (reason, fields) = (Some(unmerged.reason), unmerged.fields);
                        Verdict::Conflict(Disagreement { there, reason, fields })
                    }
                }
            }
            _ => Verdict::conflict(there),
        }
    }
}

/// What is there now says what became of a change whose answer never came.
pub(super) fn resolved(step: &Step<'_>, look: Option<Look>) -> Verdict {
    let unknown = match &step.next {
        Next::Look { unknown } => unknown.as_str(),
        Next::LookWhose => "another value is there",
        Next::Send | Next::CatchUp { .. } => "no answer",
    };
    let lost = |what: &str| Verdict::Lost { reason: format!("{unknown}; {what}"), uncertain: true };
    let (version, is_ours) = match look {
        None => return lost("and what is there now cannot be read"),
        Some(Look::Nothing) => (None, false),
        Some(Look::There { version, .. }) => (Some(version), version.nonce == Some(step.nonce)),
    };
    match (&step.purpose, version) {
        (Purpose::Write, Some(_)) if is_ours => Verdict::Done(How::Written),
        (Purpose::Recreate, Some(_)) if is_ours => Verdict::Done(How::Recreated),
        (Purpose::Remove, None) => Verdict::Done(How::Removed),

        // There was a value that was not to be, and it is not ours.
        _ if step.next == Next::LookWhose => Verdict::conflict(There::Overwritten),

        // The version that the session saw: the change was certainly not applied.
        (_, Some(now)) if matches!(&step.expected, Expected::Version(seen) if seen.is(&now)) => {
            if step.resent {
                // Two of them are on their way, and may come late.
                Verdict::Lost { reason: format!("{unknown}, twice"), uncertain: true }
            } else {
                Verdict::Send { expected: Expected::Version(now), purpose: step.purpose.clone() }
            }
        }

        // It may have been applied and then overwritten, evicted or removed by others.
        (_, Some(_)) => lost("somebody else's value is there now"),
        (_, None) => lost("nothing is there now"),
    }
}

#[cfg(test)]
mod tests;
