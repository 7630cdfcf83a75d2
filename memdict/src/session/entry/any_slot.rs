//! An entry of whatever type: what a session keeps in its lists, and what a commit asks of it.

use super::seen::Expected;
use crate::{def::options::DictOptions, entry_id::EntryId, error::Result, key::name::Name};

/// An entry of whatever type. `commit::draft` implements it for every slot.
pub(crate) trait AnySlot: Send + Sync {
    fn name(&self) -> &Name;

    fn id(&self) -> &EntryId {
        &self.name().id
    }

    fn type_name(&self) -> &'static str;

    /// Says what has to be done. A value to be stored is appended to `bytes` in its envelope;
    /// whatever else is appended is to be cut off again.
    fn draft(&self, nonce: u64, bytes: &mut Vec<u8>) -> Result<Draft>;

    /// Whether a commit may find something to write or to remove.
    fn is_dirty(&self) -> bool;

    /// What the session saw, and so expects to find.
    fn expected(&self) -> Expected;

    /// Merges the loaded value, `ours` and `theirs`, both as stored, and appends the outcome to
    /// `bytes`, as stored with this nonce. What it appends otherwise is to be cut off again.
    fn merge(
        &self,
        ours: &[u8],
        theirs: &[u8],
        nonce: u64,
        bytes: &mut Vec<u8>,
    ) -> Result<Fields, Unmerged>;

    /// The fields that this session changed, and those that `theirs`, as stored, has changed.
    fn fields(&self, theirs: Option<&[u8]>) -> Fields;

    /// The paths in which a value that was only read differs from what was loaded: changes made
    /// behind a `&`.
    fn hidden_changes(&self) -> Vec<String>;
}

/// What a commit has to do about one entry.
#[derive(Debug)]
pub(crate) enum Draft {
    /// Nothing, and the report does not mention it: the entry has no value.
    Nothing,
    /// Nothing: the value is the one that was loaded.
    Unchanged,
    /// Store what was appended.
    Store {
        options: DictOptions,
        expected: Expected,
        /// Whether this value was made from one that was loaded.
        was_loaded: bool,
    },
    Delete {
        options: DictOptions,
        expected: Expected,
    },
}

/// The paths of the fields that two sides have changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Fields {
    pub(crate) ours: Vec<String>,
    pub(crate) theirs: Vec<String>,
}

/// Why two changes could not be merged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unmerged {
    pub(crate) reason: String,
    /// The fields that both sides changed, if they were compared.
    pub(crate) fields: Option<Fields>,
}

impl Unmerged {
    pub(crate) fn because(reason: &str) -> Self {
        Self { reason: reason.to_owned(), fields: None }
    }
}
