//! What the store holds now, and what that says of a change: whether it was made after all, or on
//! which value it can be made instead. No I/O, and no store is known here.

use super::{
    conflict::Disagreement,
    plan::{MergedValue, Plan, Purpose, Step, WaitsFor},
    settle::{Answers, Verdict},
};
use crate::{
    conflict::ConflictCause,
    def::rules::OnConflict,
    report::How,
    session::entry::seen::{Expected, Look},
    store::operation::{Reason, StoreError},
};

/// How often a change follows what another session has stored, only to find that it was stored
/// over again. Each time is another session's success; after so many, the conflict is the
/// application's.
const CATCH_UPS: u32 = 32;

impl Plan<'_> {
    /// Returns whether the bytes of the look with this index are needed.
    pub(crate) fn needs_bytes(&self, look: usize) -> bool {
        self.steps.get(look).is_some_and(Step::catches_up)
    }

    /// Settles the answers to [`Plan::looks`], of as many.
    pub(crate) fn resolve(&mut self, answers: Answers<Result<Look, StoreError>>) {
        let mut answers = answers.into_iter();
        let (steps, bytes, mut records) = self.parts();
        steps.retain_mut(|step| {
            let look = answers.next().flatten().and_then(Result::ok);
            let verdict = match step.waits_for.clone() {
                WaitsFor::CatchUp { cause } => step.catch_up(cause, look, bytes),
                _ => {
                    let verdict = resolved(step, look);
                    step.resent |= matches!(verdict, Verdict::Send { .. });
                    verdict
                }
            };
            step.take(verdict, &mut records)
        });
    }
}

impl Step<'_> {
    /// Follows what the store holds now, which is in the way because of `cause`. A merged value is
    /// appended to `bytes`.
    pub(super) fn catch_up(
        &mut self,
        cause: ConflictCause,
        look: Option<Look>,
        bytes: &mut Vec<u8>,
    ) -> Verdict {
        let given_up = |reason: &str| {
            let reason = Some(reason.to_owned());
            Verdict::Conflict(Disagreement { cause, reason, fields: None })
        };
        let (version, theirs) = match look {
            None => return given_up("the stored value cannot be read"),
            Some(Look::Nothing) if cause == ConflictCause::ServerRestarted => {
                return Verdict::conflict(cause);
            }
            Some(Look::Nothing) => return self.vanished(),
            Some(Look::Value { version, bytes }) => (version, bytes.unwrap_or_default()),
        };
        self.caught_up += 1;
        if self.caught_up > CATCH_UPS {
            return given_up("other sessions stored it again and again meanwhile");
        }
        let (expected, start) = (Expected::Version(version), bytes.len());
        match (self.options.rules.on_conflict, &self.ours) {
            (OnConflict::LastWriteWins, _) => Verdict::Send { expected, purpose: Purpose::Write },
            (OnConflict::Merge, Some(ours)) => {
                let ours = bytes[ours.clone()].to_vec();
                match self.entry.merge(&ours, &theirs, self.nonce, bytes) {
                    Ok(fields) => {
                        let merged = MergedValue { value: start..bytes.len(), fields };
                        Verdict::SendMerged { expected, merged }
                    }
                    Err(unmerged) => {
                        bytes.truncate(start);
                        let (reason, fields) = (Some(unmerged.reason), unmerged.fields);
                        Verdict::Conflict(Disagreement { cause, reason, fields })
                    }
                }
            }
            _ => Verdict::conflict(cause),
        }
    }
}

/// Says what became of a change whose answer never came, by what the store holds now.
pub(super) fn resolved(step: &Step<'_>, look: Option<Look>) -> Verdict {
    let unknown = match &step.waits_for {
        WaitsFor::Look { unknown } => unknown.clone(),
        WaitsFor::LookWhose => Reason::new("the store has another value"),
        WaitsFor::Sending | WaitsFor::CatchUp { .. } => Reason::new("no answer"),
    };
    let lost =
        |what: &str| Verdict::Lost { reason: unknown.clone().and("; ").and(what), uncertain: true };
    let (version, is_ours) = match look {
        None => return lost("and the stored value cannot be read"),
        Some(Look::Nothing) => (None, false),
        Some(Look::Value { version, .. }) => (Some(version), version.nonce == Some(step.nonce)),
    };
    match (&step.purpose, version) {
        (Purpose::Write, Some(_)) if is_ours => Verdict::Done(How::Written),
        (Purpose::Recreate, Some(_)) if is_ours => Verdict::Done(How::Recreated),
        (Purpose::Remove, None) => Verdict::Done(How::Removed),

        // There is a value where none was expected, and it is not ours.
        _ if step.waits_for == WaitsFor::LookWhose => Verdict::conflict(ConflictCause::Overwritten),

        // The version that the session saw: the change was certainly not applied.
        (_, Some(now)) if matches!(&step.expected, Expected::Version(seen) if seen.is(&now)) => {
            if step.resent {
                // Two of them are on their way, and may come late.
                Verdict::Lost { reason: unknown.and(", twice"), uncertain: true }
            } else {
                Verdict::Send { expected: Expected::Version(now), purpose: step.purpose.clone() }
            }
        }

        // It may have been applied and then overwritten, evicted or removed by others.
        (_, Some(_)) => lost("the store has another session's value now"),
        (_, None) => lost("the store has no value now"),
    }
}

#[cfg(test)]
mod tests;
