//! What a session counts with its commit.

use std::{fmt, sync::Arc};

use super::definition::CounterDef;
use crate::{
    envelope::Secrets,
    error::Result,
    key::{ToKey, name::Name},
    session::{
        core::Core,
        entry::{
            any_slot::{AnySlot, Draft, Fields, Stamp, Unmerged},
            seen::{Expected, Look, Version},
        },
    },
    store::operation::{By, Count, Token},
};

/// A counter of a session. Its calls contact no store: the commit sends the counts with its changes,
/// and its [report](crate::CommitReport::counts) has the new numbers.
///
/// A count is a change that depends on nothing and cannot be taken back. So in a transaction whose
/// other changes depend on stored values, those are checked first, as they are for any second change.
/// A rollback to a savepoint drops the counts that were made since.
pub struct SessionCounter<'s> {
    core: &'s Core,
    def: CounterDef,
}

impl<'s> SessionCounter<'s> {
    pub(crate) fn new(core: &'s Core, def: CounterDef) -> Self {
        Self { core, def }
    }

    /// Adds to the number of a key when the session commits.
    ///
    /// # Errors
    ///
    /// Fails with [`Key`](crate::Error::Key) if the key cannot be used.
    pub fn add(&self, key: impl ToKey, amount: u64) -> Result<()> {
        self.count(&key, By::Adding(amount))
    }

    /// Subtracts from the number of a key when the session commits.
    ///
    /// # Errors
    ///
    /// Fails as [`add`](Self::add) does.
    pub fn subtract(&self, key: impl ToKey, amount: u64) -> Result<()> {
        self.count(&key, By::Subtracting(amount))
    }

    fn count(&self, key: &impl ToKey, by: By) -> Result<()> {
        let name = self.def.number(&self.core.settings.namespace, key)?;
        self.core.list_count(Arc::new(Pending { name, count: self.def.count(by) }));
        Ok(())
    }
}

/// Shows the definition of the counter.
impl fmt::Debug for SessionCounter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionCounter").field("def", &self.def).finish_non_exhaustive()
    }
}

/// A count that is sent with the commit.
struct Pending {
    name: Name,
    count: Count,
}

impl AnySlot for Pending {
    fn name(&self) -> &Name {
        &self.name
    }

    fn type_name(&self) -> &'static str {
        "a counter"
    }

    fn draft(&self, _: Stamp<'_>, _: &mut Vec<u8>) -> Result<Draft> {
        Ok(Draft::Count(self.count))
    }

    // A count is never looked at, because it has no condition.
    fn look(&self, _: &[u8], token: Token, _: &Secrets, _: bool) -> Look {
        Look::Value { version: Version { token, nonce: None }, bytes: None }
    }

    fn is_dirty(&self) -> bool {
        true
    }

    fn expected(&self) -> Expected {
        Expected::Anything
    }

    fn merge(&self, _: &[u8], _: &[u8], _: Stamp<'_>, _: &mut Vec<u8>) -> Result<Fields, Unmerged> {
        Err(Unmerged::because("a count is not merged"))
    }

    fn fields(&self, _: Option<&[u8]>, _: &Secrets) -> Fields {
        Fields::default()
    }

    fn hidden_changes(&self) -> Vec<String> {
        Vec::new()
    }
}
