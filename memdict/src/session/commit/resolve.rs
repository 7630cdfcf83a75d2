//! Decides about a change from what the store holds now: whether it was made after all, or on which
//! value it can be based instead. This does no I/O and knows no store.

use super::{
    conflict::{Disagreement, cause_of},
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
        let is_same = changed(self.expected, &look).is_none();
        match (&self.purpose, look.version()) {
            // The value that was to be deleted is gone, or another one has taken its place.
            (Purpose::Clear { refused }, now) if !is_same || now.is_none() => {
                Verdict::Refused { reason: refused.clone() }
            }
            // The change that was sent first was made after all.
            (purpose, Some(now))
                if !is_same && self.resent && now.nonce == Some(self.stamp.nonce) =>
            {
                Verdict::Done(match purpose {
                    Purpose::Remove => How::Removed,
                    Purpose::Recreate => How::Recreated,
                    // None of the others has a version to look for.
                    _ => How::Written,
                })
            }
            (Purpose::Write, None) => self.vanished(),
            _ => self.verified(Ok(look), bytes),
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
            Some(Look::Nothing) if self.buries() => {
                return Verdict::Send { expected: Expected::Nothing, purpose: Purpose::Remove };
            }
            Some(Look::Nothing) => return self.vanished(),
            Some(Look::Tombstone { .. }) if self.buries() => return Verdict::Done(How::Removed),
            Some(Look::Value { .. }) if self.buries() => return Verdict::conflict(cause),
            Some(Look::Newer { .. }) => return Verdict::conflict(ConflictCause::NewerSchema),
            Some(Look::Value { version, bytes }) => (version, bytes.unwrap_or_default()),
            Some(Look::Tombstone { version }) => match self.options.rules.on_conflict {
                OnConflict::LastWriteWins => (version, Vec::new()),
                _ => return Verdict::conflict(ConflictCause::Removed),
            },
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
                match self.entry.merge(&ours, &theirs, self.stamp, bytes) {
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
    let Some(look) = look else { return lost("and the stored value cannot be read") };
    let version = look.version();
    let is_ours = version.is_some_and(|version| version.nonce == Some(step.stamp.nonce));
    match (&step.purpose, version) {
        (Purpose::Write, Some(_)) if is_ours => Verdict::Done(How::Written),
        (Purpose::Recreate, Some(_)) if is_ours => Verdict::Done(How::Recreated),
        (Purpose::Remove, Some(_)) if is_ours => Verdict::Done(How::Removed),
        // The tombstone was not stored, or was evicted.
        (Purpose::Remove, None) if step.buries() && !step.resent => {
            let expected = match step.expected {
                // A removal without a read is never in conflict.
                Expected::Anything => Expected::Anything,
                _ => Expected::Nothing,
            };
            Verdict::Send { expected, purpose: Purpose::Remove }
        }
        // The value is gone. Whether others learn that it was removed stays unknown.
        (Purpose::Remove, None) if step.buries() => lost("the store has no tombstone now"),
        (Purpose::Remove, None) => Verdict::Done(How::Removed),
        (Purpose::Remove, Some(_)) if matches!(look, Look::Tombstone { .. }) => {
            Verdict::Done(How::Removed)
        }

        // There is a value where none was expected, and it is not this session's.
        _ if step.waits_for == WaitsFor::LookWhose => {
            Verdict::conflict(cause_of(&look, ConflictCause::Overwritten))
        }

        // The version that the session saw: the change was certainly not applied.
        (_, Some(now)) if step.expected.version().is_some_and(|seen| seen.is(&now)) => {
            if step.resent {
                // Both of them may still arrive late.
                Verdict::Lost { reason: unknown.and(", twice"), uncertain: true }
            } else {
                let expected = step.expected.with_version(now);
                Verdict::Send { expected, purpose: step.purpose.clone() }
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
