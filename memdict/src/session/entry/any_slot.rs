//! An entry of any type: what a session keeps in its lists, and what a commit asks of it.

use std::sync::Arc;

use super::{
    generation::Generation,
    seen::{Expected, Look},
};
use crate::{
    conflict::ConflictCause,
    def::options::DictOptions,
    entry_id::EntryId,
    envelope::Secrets,
    error::Result,
    key::name::Name,
    pack::Packing,
    store::{
        expiry::Expiry,
        operation::{Count, Token},
    },
    unusable::Unusable,
};

/// An entry of any type. `commit::draft` implements it for every slot.
pub(crate) trait AnySlot: Send + Sync {
    fn name(&self) -> &Name;

    fn id(&self) -> &EntryId {
        &self.name().id
    }

    fn type_name(&self) -> &'static str;

    /// Returns the generation of the dictionary, if it can be cleared.
    fn generation(&self) -> Option<&Arc<Generation>> {
        None
    }

    /// Says what a commit has to do. Appends a value that has to be stored to `bytes`, in its
    /// envelope, or the tombstone of one that has to be removed. The caller cuts off anything else
    /// that was appended.
    fn draft(&self, stamp: Stamp<'_>, bytes: &mut Vec<u8>) -> Result<Draft>;

    /// Returns what stored bytes are. Those of a value are copied if they are needed.
    fn look(&self, stored: &[u8], token: Token, secrets: &Secrets, needs_bytes: bool) -> Look;

    /// Returns whether a commit may find something to write or to remove.
    fn is_dirty(&self) -> bool;

    /// Returns what the session saw, and so expects to find.
    fn expected(&self) -> Expected;

    /// Merges the loaded value with `ours` and `theirs`, which are in their stored form. Appends
    /// the result to `bytes` in its stored form. On an error, the caller cuts off what was
    /// appended.
    fn merge(
        &self,
        ours: &[u8],
        theirs: &[u8],
        stamp: Stamp<'_>,
        bytes: &mut Vec<u8>,
    ) -> Result<Fields, Unmerged>;

    /// Returns the fields that this session changed, and those that differ in `theirs`, which is in
    /// its stored form.
    fn fields(&self, theirs: Option<&[u8]>, secrets: &Secrets) -> Fields;

    /// Returns the paths of the fields in which a value that was only read differs from what was
    /// loaded: changes that were made behind a `&`.
    fn hidden_changes(&self) -> Vec<String>;
}

/// What a write puts into the envelope besides the value.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stamp<'e> {
    /// By this number a writer recognizes its own.
    pub(crate) nonce: u64,
    pub(crate) secrets: &'e Secrets,
    /// How the cache compresses values.
    pub(crate) packing: Packing,
}

/// What a commit has to do about one entry.
#[derive(Debug)]
pub(crate) enum Draft {
    /// Nothing, and the report does not mention it: the entry has no value.
    Nothing,
    /// Nothing: the value is the one that was loaded.
    Unchanged,
    /// Store the value that was appended.
    Store {
        options: DictOptions,
        /// When the value expires.
        expiry: Expiry,
        expected: Expected,
        /// Whether this value was made from a loaded one.
        was_loaded: bool,
        /// Why the bytes that it replaces were not usable, if there were such.
        replaces: Option<Unusable>,
    },
    /// Let the server count.
    Count(Count),
    /// Nothing but a new end of life.
    Touch { options: DictOptions, expiry: Expiry },
    /// Make the value stale.
    Invalidate { options: DictOptions },
    /// Delete the value, or store the tombstone that was appended, if the options say so.
    Delete { options: DictOptions, expected: Expected },
    /// Nothing, because what is stored has to stay.
    Conflict(ConflictCause),
}

/// The paths of the fields that each side changed.
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
