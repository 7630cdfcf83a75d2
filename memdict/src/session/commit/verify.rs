//! Checks, before the first change is sent, that the store still holds what this session saw. The
//! check narrows the window in which a conflict is found only after a part was written; it does not
//! close the window. This does no I/O and knows no store.

use std::{collections::HashSet, sync::Arc};

use super::{
    conflict::{Clash, cause_of},
    plan::{Plan, Purpose, Step},
    settle::{Answers, Verdict},
};
use crate::{
    conflict::ConflictCause,
    entry_id::EntryId,
    error::{Error, Result},
    session::{
        core::VerifyFirst,
        entry::{
            any_slot::AnySlot,
            generation::Standing,
            seen::{Expected, Look, Version},
        },
    },
    store::{
        caps::Caps,
        operation::{Applied, Change, Op, StoreError},
    },
};

/// What has to be checked.
pub(crate) struct Checks<'e> {
    /// Steps of the plan, by index.
    steps: Vec<usize>,
    /// Entries that the session only read and that have to be current.
    current: Vec<&'e dyn AnySlot>,
    /// Whether nothing is sent unless all of the steps can be made.
    all_or_none: bool,
}

impl Checks<'_> {
    pub(crate) fn is_empty(&self) -> bool {
        self.steps.is_empty() && self.current.is_empty()
    }
}

impl<'e> Plan<'e> {
    /// Returns what has to be checked before the first change is sent: nothing, if nothing is to be
    /// sent.
    ///
    /// A change whose condition is a token that may stand for another value, because the store does
    /// not tell the lives of its server apart, is always checked, by itself.
    pub(crate) fn checks(&self, first: VerifyFirst, current: &'e [Arc<dyn AnySlot>]) -> Checks<'e> {
        let conditional = |step: &Step<'_>| step.expected != Expected::Anything;
        let all_or_none = match first {
            VerifyFirst::No => false,
            VerifyFirst::Yes => true,
            // A single change is made or not; of several, one could be made beside a conflict.
            VerifyFirst::IfSeveral => self.ids().len() > 1 && self.steps.iter().any(conditional),
        };
        let wanted = |step: &Step<'_>| match step.expected {
            Expected::Anything => false,
            Expected::Nothing => all_or_none,
            Expected::Tombstone(version) | Expected::Version(version) => {
                all_or_none || version.token.life() == 0
            }
        };
        let steps = (0..self.steps.len()).filter(|&index| wanted(&self.steps[index])).collect();
        let mut checks = Checks { steps, current: Vec::new(), all_or_none };
        if !self.ids().is_empty() {
            checks.current.extend(current.iter().map(Arc::as_ref));
        }
        checks
    }

    /// Returns the entries of these checks.
    pub(crate) fn entries_of(&self, checks: &Checks<'e>) -> Vec<&'e dyn AnySlot> {
        let steps = checks.steps.iter().map(|&index| self.steps[index].entry);
        steps.chain(checks.current.iter().copied()).collect()
    }

    /// Returns whether the bytes of the check with this index are needed.
    pub(crate) fn check_needs_bytes(&self, checks: &Checks<'_>, check: usize) -> bool {
        checks.steps.get(check).is_some_and(|&index| self.steps[index].catches_up())
    }

    /// Takes the answers to [`Plan::entries_of`]. If a stored value is not the one that was seen,
    /// nothing is left to send, except for changes that are checked by themselves.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if an entry that has to be current cannot be checked.
    pub(crate) fn verify(
        &mut self,
        checks: &Checks<'e>,
        answers: Answers<Result<Look, StoreError>>,
    ) -> Result<()> {
        let mut answers = answers.into_iter().map(|answer| {
            answer.unwrap_or_else(|| Err(StoreError::Down("the store gave no answer".into())))
        });
        let mut called_off = false;
        let (steps, bytes, mut records) = self.parts();
        let (mut index, mut to_check) = (0, checks.steps.iter().copied().peekable());
        steps.retain_mut(|step| {
            let checked = to_check.next_if_eq(&index).is_some();
            index += 1;
            let Some(look) = checked.then(|| answers.next()).flatten() else {
                return true;
            };
            let verdict = step.verified(look, bytes);
            let verdict = step.in_generation(verdict);
            called_off |= checks.all_or_none && matches!(verdict, Verdict::Conflict(_));
            step.take(verdict, &mut records)
        });
        let mut outdated = Vec::new();
        for (&entry, look) in checks.current.iter().zip(answers) {
            let look = look.map_err(|error| unchecked(entry, error))?;
            let cause = match entry.generation().map(|generation| generation.standing()) {
                Some(Standing::Unknown(error)) => return Err(unchecked(entry, error)),
                Some(Standing::Past) => Some(ConflictCause::Cleared),
                Some(Standing::Present) | None => changed(entry.expected(), &look),
            };
            outdated.extend(cause.map(|cause| Clash::unsent(entry, cause)));
        }
        if called_off || !outdated.is_empty() {
            steps.clear();
        }
        self.call_off(outdated);
        Ok(())
    }

    /// Adds conflicts of entries that had to be current. Each entry is named once, even if it is
    /// also a change with a verdict.
    fn call_off(&mut self, mut outdated: Vec<Clash<'e>>) {
        if outdated.is_empty() {
            return;
        }
        let known: HashSet<EntryId> =
            self.conflicts.iter().map(|clash| clash.entry.id().clone()).collect();
        outdated.retain(|clash| !known.contains(clash.entry.id()));
        let outdated_ids: HashSet<EntryId> =
            outdated.iter().map(|clash| clash.entry.id().clone()).collect();
        self.report.forget(|id| outdated_ids.contains(id));
        self.conflicts.append(&mut outdated);
    }

    /// Returns changes that tell whether a vanished value was evicted or its server restarted, if
    /// other changes would be made before that is known. They are deletions on the token that was
    /// seen. No value has that token any more, so they change nothing.
    pub(crate) fn probes(&self, checks: &Checks<'_>, caps: Caps) -> Vec<Change<'_>> {
        if !checks.all_or_none || !caps.conditional_delete() || self.steps.len() < 2 {
            return Vec::new();
        }
        let vanished = self.steps.iter().filter(|step| step.vanished);
        vanished
            .map(|step| {
                let (key, when) = (step.entry.name().wire(), step.expected.condition());
                Change::new(key, Op::Delete, when)
            })
            .collect()
    }

    /// Takes the answers to [`Plan::probes`], one for each. If a server restarted, nothing is left
    /// to send.
    pub(crate) fn probed(&mut self, answers: Answers<Result<Applied, StoreError>>) {
        let vanished = self.steps.iter().filter(|step| step.vanished);
        let restarted = vanished
            .zip(answers.into_iter())
            .filter(|(_, answer)| matches!(answer, Some(Ok(Applied::Restarted))));
        let restarted: Vec<_> = restarted
            .map(|(step, _)| Clash::unsent(step.entry, ConflictCause::ServerRestarted))
            .collect();
        if !restarted.is_empty() {
            self.conflicts.extend(restarted);
            self.steps.clear();
        }
    }
}

/// The error of a commit that cannot check an entry which has to be current.
fn unchecked(entry: &dyn AnySlot, error: StoreError) -> Error {
    let (id, source) = (entry.id().clone(), Box::new(error));
    Error::Unavailable { id, attempts: 1, report: None, source }
}

/// Returns how the stored value differs from the one that was seen, if it does.
pub(super) fn changed(seen: Expected, now: &Look) -> Option<ConflictCause> {
    let overwritten = cause_of(now, ConflictCause::Overwritten);
    match (seen, now.version()) {
        (Expected::Anything, _) | (Expected::Nothing | Expected::Tombstone(_), None) => None,
        (Expected::Nothing, Some(_)) => Some(overwritten),
        (Expected::Version(_), None) => Some(ConflictCause::Vanished),
        (Expected::Version(seen) | Expected::Tombstone(seen), Some(now)) => {
            another(&seen, &now, overwritten)
        }
    }
}

fn another(seen: &Version, now: &Version, overwritten: ConflictCause) -> Option<ConflictCause> {
    if seen.is(now) {
        None
    } else if seen.ended_with_its_server(now) {
        Some(ConflictCause::ServerRestarted)
    } else {
        Some(overwritten)
    }
}

impl Step<'_> {
    /// Returns what a check before the first change means. Appends a merged value to `bytes`.
    pub(super) fn verified(
        &mut self,
        look: Result<Look, StoreError>,
        bytes: &mut Vec<u8>,
    ) -> Verdict {
        let as_it_is = Verdict::Send { expected: self.expected, purpose: self.purpose.clone() };
        // A store that tells the lives of its servers apart decides when the change is sent.
        let is_certain = self.expected.version().is_none_or(|seen| seen.token.life() != 0);
        let look = match look {
            Ok(look) => look,
            Err(_) if is_certain => return as_it_is,
            Err(error) => {
                let reason = error.reason().clone();
                let reason = reason.and("; not sent, because the stored value cannot be read");
                return Verdict::Lost { reason, uncertain: false };
            }
        };
        match (changed(self.expected, &look), look) {
            // The stored bytes are those that were seen, perhaps with another token.
            (None, look) => match look.version() {
                Some(version) => {
                    let expected = self.expected.with_version(version);
                    Verdict::Send { expected, purpose: self.purpose.clone() }
                }
                None if matches!(self.expected, Expected::Tombstone(_)) => self.vanished(),
                None => as_it_is,
            },
            (Some(ConflictCause::Vanished), _) if self.purpose == Purpose::Remove => {
                // This deletion asks whether there is still no value, and changes nothing.
                let expected = Expected::Nothing;
                Verdict::Send { expected, purpose: Purpose::Remove }
            }
            (Some(ConflictCause::Vanished), _) => match self.vanished() {
                Verdict::Send { .. } if is_certain => {
                    self.vanished = true;
                    as_it_is
                }
                verdict => verdict,
            },
            // The removal leaves a tombstone of its own, if the other changes can be made as well.
            (Some(_), Look::Tombstone { version }) if self.buries() => {
                Verdict::Send { expected: Expected::Version(version), purpose: Purpose::Remove }
            }
            (Some(cause), look) if self.catches_up() || self.buries() => {
                self.catch_up(cause, Some(look), bytes)
            }
            (Some(cause), _) => Verdict::conflict(cause),
        }
    }
}

#[cfg(test)]
mod tests;
