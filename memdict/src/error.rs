//! The one error type.

use std::fmt;

use crate::{conflict::KeyConflict, entry_id::EntryId, report::CommitReport};

/// Any error, boxed: the cause behind an [`Error`].
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A result whose error is memdict's unless another is named.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can go wrong.
///
/// A miss is not an error. Neither is a store that is down, unless the
/// [cache](crate::CacheBuilder::strict) or the [dictionary](crate::DictDef::strict) is strict.
///
/// No variant ever shows a stored value. There is no `From` for an application's errors, so
/// `?` and `Ok(())` in a transaction need no annotation: use [`Error::user`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The entry is in a guard that is still alive in this session.
    #[error("`{call}` of `{id}`: it is {state} in this session; drop that guard first")]
    #[non_exhaustive]
    AlreadyBorrowed {
        /// The entry.
        id: EntryId,
        /// The call that was refused, such as `insert`.
        call: &'static str,
        /// What the living guard is for.
        state: BorrowKind,
    },

    /// A guard of the entry was leaked (with `mem::forget`, say), so the commit cannot know its
    /// value. Nothing was sent.
    #[error(
        "`commit`: `{id}` is still borrowed for writing, because a guard of it was never dropped; \
         nothing was sent"
    )]
    #[non_exhaustive]
    StillBorrowed {
        /// The entry.
        id: EntryId,
    },

    /// One dictionary name is used with two types in one session.
    #[error("the dictionary of `{id}` holds `{is}` in this session, not `{asked}`")]
    #[non_exhaustive]
    WrongType {
        /// The entry that was asked for.
        id: EntryId,
        /// The type that the dictionary's name was first used with.
        is: &'static str,
        /// The type that was asked for.
        asked: &'static str,
    },

    /// The code that was changing the entry panicked, or a rollback of the entry failed. The value
    /// may be half changed, so it is neither handed out again nor written, and a commit sends
    /// nothing.
    #[error(
        "`{call}` of `{id}`: the value may be half changed, because a panic interrupted the change \
         or a rollback failed"
    )]
    #[non_exhaustive]
    Poisoned {
        /// The entry.
        id: EntryId,
        /// The call that was refused, `commit` included.
        call: &'static str,
    },

    /// Another session changed an entry that this session changed.
    ///
    /// Other changes of the same commit may have been written: `report` names them. The error
    /// is [transient](Self::is_transient) only if none was, nor may have been. If the entries were
    /// [checked first](crate::Session::verify_first), changes that were not sent because others
    /// were in conflict are named nowhere: all of the work has to be done again.
    #[error("{}", conflict_message(conflicts, *attempts, report))]
    #[non_exhaustive]
    Conflict {
        /// Each entry in conflict.
        conflicts: Vec<KeyConflict>,
        /// How often the work was tried.
        attempts: u32,
        /// What happened to the other entries of the commit.
        report: Box<CommitReport>,
    },

    /// A value was changed behind a `&`, where tracking cannot see it. Only a cache that
    /// [looks for such changes](crate::CacheBuilder::detect_untracked) has this error. Nothing was
    /// sent.
    #[error("`{id}` was only read, but {fields:?} changed: hand the entry out for writing")]
    #[non_exhaustive]
    HiddenChange {
        /// The entry.
        id: EntryId,
        /// The paths that differ from what was loaded.
        fields: Vec<String>,
    },

    /// A value does not encode. If this is a commit, nothing of it was sent. After a
    /// [savepoint](crate::Session::savepoint), the value was not handed out, because it could not
    /// be kept.
    #[error("`{id}` cannot be encoded; nothing was sent")]
    #[non_exhaustive]
    Encode {
        /// The entry.
        id: EntryId,
        /// What the codec says.
        source: BoxError,
    },

    /// A value that its type encoded does not decode, so the entry could not be [rolled
    /// back](crate::Session::rollback_to). The entry is poisoned.
    #[error("`{id}` cannot be rolled back, because its own encoding does not decode")]
    #[non_exhaustive]
    Decode {
        /// The entry.
        id: EntryId,
        /// What the codec says.
        source: BoxError,
    },

    /// The session cannot be rolled back to this savepoint: an earlier one was rolled back to
    /// since it was made, or it belongs to another session. Nothing was done.
    #[error(
        "savepoint {id} is not valid in this session: an earlier one was rolled back to since, or \
         it belongs to another session; take a new one"
    )]
    #[non_exhaustive]
    Savepoint {
        /// Its number, which no other savepoint of this process has.
        id: u64,
    },

    /// The store cannot do what a change needs. Nothing of the commit was sent.
    #[error("the store cannot {missing}, as a change of `{id}` needs")]
    #[non_exhaustive]
    Unsupported {
        /// The entry.
        id: EntryId,
        /// What the store cannot do.
        missing: &'static str,
    },

    /// A key that cannot be used.
    #[error("`{id}` has no usable key: {reason}")]
    #[non_exhaustive]
    Key {
        /// The dictionary and the key.
        id: EntryId,
        /// Why it cannot be used.
        reason: &'static str,
    },

    /// An option, of a URL or a builder, that cannot be used. Nothing was connected.
    #[error("`{option}`: {reason}")]
    #[non_exhaustive]
    Config {
        /// The option, or the part of the URL.
        option: String,
        /// Why it cannot be used, and what is allowed.
        reason: String,
    },

    /// The store could not be reached, and the cache or the dictionary is strict.
    #[error("{}", unavailable_message(id, source, report))]
    #[non_exhaustive]
    Unavailable {
        /// The entry that could not be read, or the first that was not written.
        id: EntryId,
        /// How often the work was tried.
        attempts: u32,
        /// After a commit: what happened to each entry. `None` after a read, even if
        /// [`read_current`](crate::MemcachedDict::read_current) asked for it: nothing was sent
        /// then.
        report: Option<Box<CommitReport>>,
        /// What happened, naming the server.
        source: BoxError,
    },

    /// The store refused a change, because the value is above its limit, say, and the cache or the
    /// dictionary is strict.
    #[error("the store refused {}", list(report.refused.iter().map(ToString::to_string)))]
    #[non_exhaustive]
    Refused {
        /// The first entry that was refused.
        id: EntryId,
        /// What happened to each entry.
        report: Box<CommitReport>,
    },

    /// The session is [doomed](crate::Session::doom): its commit sends nothing.
    #[error("the session is doomed: its commit sends nothing")]
    Doomed,

    /// The application's own error, on its way through a transaction, or from a hook that refused
    /// a commit. Nothing was sent. It shows as the application's error does.
    #[error(transparent)]
    User(BoxError),
}

impl Error {
    /// Wraps an application's error, to leave a [transaction](crate::Cache::transaction) with
    /// it.
    ///
    /// ```
    /// use memdict::{Cache, Error};
    ///
    /// let cache = Cache::open("memory:")?;
    /// let sold_out = cache.transaction(|_session| -> memdict::Result<()> {
    ///     Err(Error::user("sold out"))
    /// });
    /// assert!(matches!(sold_out, Err(error @ Error::User(_)) if error.to_string() == "sold out"));
    /// # Ok::<_, Error>(())
    /// ```
    pub fn user(error: impl Into<BoxError>) -> Self {
        Self::User(error.into())
    }

    /// Notes how often the work was tried, where the error says so.
    pub(crate) fn in_attempt(mut self, attempt: u32) -> Self {
        if let Self::Conflict { attempts, .. } | Self::Unavailable { attempts, .. } = &mut self {
            *attempts = attempt;
        }
        self
    }

    /// Returns the entries in conflict.
    pub(crate) fn ids_in_conflict(&self) -> Vec<EntryId> {
        match self {
            Self::Conflict { conflicts, .. } => {
                conflicts.iter().map(|one| one.id.clone()).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Returns whether the same work, run again from the start, may succeed and cannot be applied
    /// twice: a conflict or an unavailable store of which nothing landed.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Conflict { report, .. } => !report.anything_landed(),
            Self::Unavailable { report, .. } => {
                report.as_ref().is_none_or(|report| !report.anything_landed())
            }
            _ => false,
        }
    }
}

/// What a guard is for that stands in the way of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum BorrowKind {
    /// A guard for reading: a [`Ref`](crate::Ref).
    Reading,
    /// A guard for writing: a [`RefMut`](crate::RefMut) or an [`Entry`](crate::Entry).
    Writing,
}

impl fmt::Display for BorrowKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Reading => "borrowed for reading",
            Self::Writing => "borrowed for writing",
        })
    }
}

fn conflict_message(conflicts: &[KeyConflict], attempts: u32, report: &CommitReport) -> String {
    let named = list(conflicts.iter().map(ToString::to_string));
    let rest = if report.anything_landed() {
        format!("; of the same commit {} written, {} removed", report.written, report.removed)
    } else {
        "; nothing of the commit was written".to_owned()
    };
    format!("{named}{rest} (attempt {attempts})")
}

fn unavailable_message(
    id: &EntryId,
    cause: &BoxError,
    report: &Option<Box<CommitReport>>,
) -> String {
    match report {
        None => format!("`{id}` cannot be read: {cause}"),
        Some(report) => format!(
            "{} changes did not reach the store, {} were written: {}",
            report.lost.len(),
            report.written,
            list(report.lost.iter().map(ToString::to_string)),
        ),
    }
}

/// The first few of a list that may be long.
fn list(items: impl ExactSizeIterator<Item = String>) -> String {
    const SHOWN: usize = 5;
    let more = items.len().saturating_sub(SHOWN);
    let mut text = items.take(SHOWN).collect::<Vec<_>>().join(", ");
    if more > 0 {
        text.push_str(&format!(" and {more} more"));
    }
    text
}
