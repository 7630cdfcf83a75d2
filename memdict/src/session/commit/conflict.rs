//! Describes a conflict: who changed what, as far as it is known.

use crate::{
    conflict::{ConflictCause, KeyConflict},
    envelope::Secrets,
    session::entry::{
        any_slot::{AnySlot, Fields},
        generation::Standing,
        seen::{Look, Version},
    },
};

/// An entry in conflict with another session's change.
pub(super) struct Clash<'e> {
    pub(super) entry: &'e dyn AnySlot,
    pub(super) disagreement: Disagreement,
    /// Whether this session's change may nevertheless be in the stored value.
    pub(super) uncertain: bool,
}

/// What is in conflict, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Disagreement {
    pub(super) cause: ConflictCause,
    /// Why the two changes were not merged, if that was tried.
    pub(super) reason: Option<String>,
    /// Who changed what, if that is known already.
    pub(super) fields: Option<Fields>,
}

impl From<ConflictCause> for Disagreement {
    fn from(cause: ConflictCause) -> Self {
        Self { cause, reason: None, fields: None }
    }
}

impl<'e> Clash<'e> {
    /// Returns a conflict of an entry for which nothing was sent.
    pub(super) fn unsent(entry: &'e dyn AnySlot, cause: ConflictCause) -> Self {
        Self { entry, disagreement: cause.into(), uncertain: false }
    }

    pub(super) fn is_explained(&self) -> bool {
        self.disagreement.fields.is_some()
    }

    /// Adds what a look at the stored value tells.
    pub(super) fn explain(&mut self, look: Look, secrets: &Secrets) {
        let cause = &mut self.disagreement.cause;
        let generation = self.entry.generation().map(|generation| generation.standing());
        if matches!(generation, Some(Standing::Past)) {
            *cause = ConflictCause::Cleared;
        }
        if *cause == ConflictCause::Cleared {
            // What is stored now belongs to another generation.
            self.disagreement.fields = Some(self.entry.fields(None, secrets));
            return;
        }
        let (seen, now) = (self.entry.expected().version(), look.version());
        let is_as_seen = |now: &Version| seen.is_some_and(|seen| seen.is(now));
        *cause = match now {
            // What has to stay is gone.
            None if !cause.is_transient() => ConflictCause::Vanished,
            None => return,
            Some(now) if seen.is_some_and(|seen| seen.ended_with_its_server(&now)) => {
                ConflictCause::ServerRestarted
            }
            // What has to stay is still stored.
            Some(now) if !cause.is_transient() && is_as_seen(&now) => *cause,
            // Another session stored a value in between.
            Some(_) if *cause == ConflictCause::Vanished || !cause.is_transient() => {
                cause_of(&look, ConflictCause::Overwritten)
            }
            Some(_) => cause_of(&look, *cause),
        };
        if let Look::Value { bytes, .. } = look {
            self.disagreement.fields = Some(self.entry.fields(bytes.as_deref(), secrets));
        }
    }

    /// Converts this for the error. `told`: the application reads who changed what.
    pub(super) fn into_public(self, told: bool, secrets: &Secrets) -> KeyConflict {
        let Disagreement { cause, reason, fields } = self.disagreement;
        let fields =
            fields.or_else(|| told.then(|| self.entry.fields(None, secrets))).unwrap_or_default();
        KeyConflict {
            id: self.entry.id().clone(),
            type_name: self.entry.type_name(),
            ours: fields.ours,
            theirs: fields.theirs,
            cause,
            reason,
            uncertain: self.uncertain,
        }
    }
}

/// Returns why a change is in conflict with what is stored now; `value` if that is a value.
pub(super) fn cause_of(now: &Look, value: ConflictCause) -> ConflictCause {
    match now {
        Look::Newer { .. } => ConflictCause::NewerSchema,
        Look::Tombstone { .. } => ConflictCause::Removed,
        Look::Value { .. } | Look::Nothing => value,
    }
}
