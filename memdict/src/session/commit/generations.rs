//! The generations that a commit depends on: those of the dictionaries that it writes to and that
//! can be cleared.
//!
//! What a session writes belongs to the generation that it found first. Each batch of changes asks
//! for the present one as well. If that is another one, nobody reads what was written, and the
//! commit is in conflict.

use std::{ptr, sync::Arc};

use super::{
    conflict::Clash,
    plan::{Plan, Step},
    settle::Verdict,
};
use crate::{
    conflict::ConflictCause,
    session::entry::{
        any_slot::AnySlot,
        generation::{Generation, Standing},
    },
    store::operation::{Applied, Change, Load, Loaded, StoreError},
};

/// The generations of some entries, each once.
pub(crate) struct Generations<'e>(Vec<&'e Generation>);

impl<'e> Generations<'e> {
    pub(crate) fn of(entries: impl Iterator<Item = &'e dyn AnySlot>) -> Self {
        let mut all: Vec<&Generation> = Vec::new();
        for generation in entries.filter_map(AnySlot::generation) {
            // Entries of one dictionary usually follow one another.
            if !all.iter().rev().any(|known| ptr::eq(*known, &raw const **generation)) {
                all.push(generation);
            }
        }
        Self(all)
    }

    /// Leaves out those that are known.
    pub(crate) fn unknown(mut self) -> Self {
        self.0.retain(|generation| generation.ours().is_none());
        self
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn begins(&self) -> Vec<Change<'e>> {
        self.0.iter().map(|generation| generation.begin()).collect()
    }

    pub(crate) fn checks(&self) -> impl Iterator<Item = Change<'e>> {
        self.0.iter().map(|generation| generation.check())
    }

    pub(crate) fn loads(&self) -> impl Iterator<Item = Load<'e>> {
        self.0.iter().map(|generation| generation.load())
    }

    /// Takes the answer to one of [`begins`](Self::begins) or [`checks`](Self::checks).
    pub(crate) fn counted(&self, index: usize, answer: Result<Applied, StoreError>) {
        if let Some(generation) = self.0.get(index) {
            generation.counted(answer);
        }
    }

    /// Takes the answer to one of [`loads`](Self::loads).
    pub(crate) fn loaded(&self, index: usize, loaded: Result<Loaded<'_>, StoreError>) {
        if let Some(generation) = self.0.get(index) {
            generation.loaded(loaded);
        }
    }
}

impl<'e> Plan<'e> {
    /// Returns the generations that the changes depend on.
    pub(crate) fn generations(&self) -> Generations<'e> {
        let steps = self.steps.iter().filter(|step| step.generation().is_some());
        Generations::of(steps.map(|step| step.entry))
    }

    /// Calls everything off if a dictionary was cleared before anything was sent. What cannot be
    /// written, because its generation is not known, is lost.
    pub(crate) fn call_off_cleared(&mut self) {
        let mut cleared = Vec::new();
        let (steps, _, mut records) = self.parts();
        steps.retain_mut(|step| match step.generation().map(|it| (it.standing(), it.ours())) {
            Some((Standing::Past, _)) => {
                cleared.push(Clash::unsent(step.entry, ConflictCause::Cleared));
                false
            }
            Some((Standing::Unknown(error), None)) => step.take(
                Verdict::Lost { reason: error.reason().clone(), uncertain: false },
                &mut records,
            ),
            _ => true,
        });
        if !cleared.is_empty() {
            steps.clear();
            self.conflicts.append(&mut cleared);
        }
    }
}

impl Step<'_> {
    /// Returns the generation that the change belongs to. A touch and an invalidation belong
    /// to none.
    fn generation(&self) -> Option<&Generation> {
        self.entry.generation().map(Arc::as_ref).filter(|_| self.purpose.is_about_a_value())
    }

    /// Returns what a verdict means in the present generation of the dictionary.
    pub(super) fn in_generation(&self, verdict: Verdict) -> Verdict {
        match self.generation().map(|generation| generation.standing()) {
            None | Some(Standing::Present) => verdict,
            Some(Standing::Past) => Verdict::conflict(ConflictCause::Cleared),
            Some(Standing::Unknown(error)) => match verdict {
                Verdict::Conflict(_) | Verdict::Lost { .. } | Verdict::Refused { .. } => verdict,
                _ => {
                    let reason = error.reason().clone();
                    let reason = reason.and("; whether the dictionary was cleared is not known");
                    Verdict::Lost { reason, uncertain: true }
                }
            },
        }
    }
}
