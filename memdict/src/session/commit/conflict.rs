//! What is said of a conflict: who changed what, as far as it can be told.

use crate::{
    error::{KeyConflict, There},
    session::entry::{
        any_slot::{AnySlot, Fields},
        seen::{Expected, Look},
    },
};

/// An entry that somebody else's change is in the way of.
pub(super) struct Clash<'e> {
    pub(super) entry: &'e dyn AnySlot,
    pub(super) disagreement: Disagreement,
}

/// How somebody else's change is in the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Disagreement {
    pub(super) there: There,
    /// Why the two were not merged, if that was tried.
    pub(super) reason: Option<String>,
    /// Who changed what, if that is known already.
    pub(super) fields: Option<Fields>,
}

impl Clash<'_> {
    pub(super) fn is_explained(&self) -> bool {
        self.disagreement.fields.is_some()
    }

    /// Adds what a look at what is there now tells.
    pub(super) fn explain(&mut self, look: Look) {
        let Look::There { version, bytes } = look else { return };
        if matches!(self.entry.expected(), Expected::Version(seen) if seen.ended_with_its_server(&version))
        {
            self.disagreement.there = There::ServerRestarted;
        } else if self.disagreement.there == There::Vanished {
            // Somebody else stored it in between.
            self.disagreement.there = There::Overwritten;
        }
        self.disagreement.fields = Some(self.entry.fields(bytes.as_deref()));
    }

    /// `told`: somebody reads who changed what.
    pub(super) fn into_public(self, told: bool) -> KeyConflict {
        let Disagreement { there, reason, fields } = self.disagreement;
        let fields = fields.or_else(|| told.then(|| self.entry.fields(None))).unwrap_or_default();
        let (name, type_name) = (self.entry.name(), self.entry.type_name());
        KeyConflict::new(name, type_name, there, (fields.ours, fields.theirs), reason)
    }
}
