//! What is said of a conflict: who changed what, as far as it can be told.

use crate::{
    conflict::{ConflictCause, KeyConflict},
    session::entry::{
        any_slot::{AnySlot, Fields},
        seen::{Expected, Look},
    },
};

/// An entry that another session's change is in the way of.
pub(super) struct Clash<'e> {
    pub(super) entry: &'e dyn AnySlot,
    pub(super) disagreement: Disagreement,
    /// Whether this session's change may be in the stored value all the same.
    pub(super) uncertain: bool,
}

/// How another session's change is in the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Disagreement {
    pub(super) cause: ConflictCause,
    /// Why the two were not merged, if that was tried.
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
    /// An entry of which nothing was sent.
    pub(super) fn unsent(entry: &'e dyn AnySlot, cause: ConflictCause) -> Self {
        Self { entry, disagreement: cause.into(), uncertain: false }
    }

    pub(super) fn is_explained(&self) -> bool {
        self.disagreement.fields.is_some()
    }

    /// Adds what a look at the stored value tells.
    pub(super) fn explain(&mut self, look: Look) {
        let Look::Value { version, bytes } = look else { return };
        let expected = self.entry.expected();
        if matches!(expected, Expected::Version(seen) if seen.ended_with_its_server(&version)) {
            self.disagreement.cause = ConflictCause::ServerRestarted;
        } else if self.disagreement.cause == ConflictCause::Vanished {
            // Another session stored it in between.
            self.disagreement.cause = ConflictCause::Overwritten;
        }
        self.disagreement.fields = Some(self.entry.fields(bytes.as_deref()));
    }

    /// Makes it what the error says. `told`: somebody reads who changed what.
    pub(super) fn into_public(self, told: bool) -> KeyConflict {
        let Disagreement { cause, reason, fields } = self.disagreement;
        let fields = fields.or_else(|| told.then(|| self.entry.fields(None))).unwrap_or_default();
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
