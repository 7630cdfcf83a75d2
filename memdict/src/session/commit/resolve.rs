//! Decides about a change from what the store holds now: whether it was made after all, or on which
//! value it can be based instead. This does no I/O and knows no store.

use super::{
    conflict::Disagreement,
    plan::{MergedValue, Plan, Purpose, Step, WaitsFor},
    settle::{Answers, Verdict},
    verify::changed,
};
use crate::{
    conflict::ConflictCause,
    def::rules::OnConflict,
    report::How,
    session::entry::seen::{Expected, Look},
    store::operation::{Reason, StoreError},
};

/// How often a change is based on another session's newer value, only to find that this was
/// replaced again. Each time, another session succeeds; after this many, the conflict is left to
/// the application.
const CATCH_UPS: u32 = 32;

/// How often a change is based on the same value over another connection, only to be sent on yet
/// another one, because other threads use the store.
const CONNECTIONS: u32 = 32;

impl Plan<'_> {
    /// Returns whether the bytes of the look with this index are needed.
    pub(crate) fn needs_bytes(&self, look: usize) -> bool {
        self.steps.get(look).is_some_and(Step::catches_up)
    }

    /// Settles the answers to [`Plan::looks`], one for each load.
    pub(crate) fn resolve(&mut self, answers: Answers<Result<Look, StoreError>>) {
        let mut answers = answers.into_iter();
        let (steps, bytes, mut records) = self.parts();
        steps.retain_mut(|step| {
            let look = answers.next().flatten().and_then(Result::ok);
            let verdict = match step.waits_for.clone() {
                WaitsFor::CatchUp { cause } => step.catch_up(cause, look, bytes),
                WaitsFor::LookAgain => step.look_again(look, bytes),
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
    /// Decides about a change that was not sent, because its token came over another connection,
    /// whose server may be another one. Appends a merged value to `bytes`.
    fn look_again(&mut self, look: Option<Look>, bytes: &mut Vec<u8>) -> Verdict {
        let lost = |uncertain| Verdict::Lost {
            reason: "not sent, because the stored value cannot be read on this connection".into(),
            uncertain,
        };
        self.unproven += 1;
        let Some(look) = look.filter(|_| self.unproven <= CONNECTIONS) else {
            return lost(self.resent);
        };
        let cause = match (changed(self.expected, &look), &look) {
            (None, Look::Value { version, .. }) => {
                let expected = Expected::Version(*version);
                return Verdict::Send { expected, purpose: self.purpose.clone() };
            }
            (None, Look::Nothing) => ConflictCause::Vanished,
            (Some(cause), _) => cause,
        };
        match (&self.purpose, cause, look) {
            // The value that was to be deleted is gone, or another one has taken its place.
            (Purpose::Clear { refused }, ..) => Verdict::Refused { reason: refused.clone() },
            // The change that was sent first was made after all.
            (Purpose::Write, _, Look::Value { version, .. })
                if self.resent && version.nonce == Some(self.nonce) =>
            {
                Verdict::Done(How::Written)
            }
            (Purpose::Remove, ConflictCause::Vanished, _) => {
                Verdict::Send { expected: Expected::Nothing, purpose: Purpose::Remove }
            }
            (_, ConflictCause::Vanished, _) => self.vanished(),
            (_, cause, look) if self.catches_up() => self.catch_up(cause, Some(look), bytes),
            (_, cause, _) => Verdict::conflict(cause),
        }
    }

    /// Bases the change on what the store holds now, which is in conflict with it because of
    /// `cause`. Appends a merged value to `bytes`.
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
            return given_up("other sessions kept storing new values meanwhile");
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

/// Decides about a change that was not answered, from what the store holds now.
pub(super) fn resolved(step: &Step<'_>, look: Option<Look>) -> Verdict {
    let unknown = match &step.waits_for {
        WaitsFor::Look { unknown } => unknown.clone(),
        WaitsFor::LookWhose => Reason::new("the store has another value"),
        WaitsFor::Sending | WaitsFor::LookAgain | WaitsFor::CatchUp { .. } => {
            Reason::new("no answer")
        }
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

        // There is a value where none was expected, and it is not this session's.
        _ if step.waits_for == WaitsFor::LookWhose => Verdict::conflict(ConflictCause::Overwritten),

        // The version that the session saw: the change was certainly not applied.
        (_, Some(now)) if matches!(&step.expected, Expected::Version(seen) if seen.is(&now)) => {
            if step.resent {
                // Both of them may still arrive late.
                Verdict::Lost { reason: unknown.and(", twice"), uncertain: true }
            } else {
                Verdict::Send { expected: Expected::Version(now), purpose: step.purpose.clone() }
            }
        }

        // The change may have been applied, and other sessions then replaced, evicted or removed
        // it.
        (_, Some(_)) => lost("the store has another session's value now"),
        (_, None) => lost("the store has no value now"),
    }
}

#[cfg(test)]
mod tests;
