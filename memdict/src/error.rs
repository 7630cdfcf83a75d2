//! The error type.

use std::fmt;

use crate::{conflict::KeyConflict, entry_id::EntryId, report::CommitReport};

/// Any error, boxed: the source of an [`Error`].
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A result with memdict's error, unless another one is named.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error of memdict.
///
/// A miss is not an error. Neither is a store that is down, unless the
/// [cache](crate::CacheBuilder::strict) or the [dictionary](crate::DictDef::strict) is strict.
///
/// No variant shows a stored value. There is no `From` for an application's errors, so that `?` and
/// `Ok(())` in a transaction need no annotation. To return an application's error, use
/// [`Error::user`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The entry is in a guard of this session that is still alive.
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

    /// A guard of the entry was leaked, for example with `mem::forget`, so the commit cannot know
    /// its value. Nothing was sent.
    #[error(
        "`commit`: `{id}` is still borrowed for writing, because its guard was never dropped; \
         nothing was sent"
    )]
    #[non_exhaustive]
    StillBorrowed {
        /// The entry.
        id: EntryId,
    },

    /// A dictionary name is used with two types in one session.
    #[error("the dictionary of `{id}` holds `{is}` in this session, not `{asked}`")]
    #[non_exhaustive]
    WrongType {
        /// The entry that was asked for.
        id: EntryId,
        /// The type with which the dictionary's name was first used.
        is: &'static str,
        /// The type that was asked for.
        asked: &'static str,
    },

    /// The code that changed the entry panicked, or a rollback of the entry failed. The value may
    /// be partly changed, so it can be neither borrowed nor written, and a commit sends nothing.
    #[error(
        "`{call}` of `{id}`: the value may be partly changed, because a panic interrupted the \
         change or a rollback failed"
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
    /// Other changes of the same commit may have been written; `report` names them. The error is
    /// [transient](Self::is_transient) only if none was written or may have been. If the entries
    /// were [checked first](crate::Session::verify_first), changes that were not sent because other
    /// entries were in conflict are not named, because all of the work has to be done again.
    #[error("{}", conflict_message(conflicts, *attempts, report))]
    #[non_exhaustive]
    Conflict {
        /// Each entry in conflict.
        conflicts: Vec<KeyConflict>,
        /// The number of attempts, including the last.
        attempts: u32,
        /// The outcome of the commit's other entries.
        report: Box<CommitReport>,
    },

    /// A value was changed behind a `&`, which tracking does not notice. Only a cache that
    /// [detects such changes](crate::CacheBuilder::detect_untracked) returns this error. Nothing
    /// was sent.
    #[error("`{id}` was only read, but {fields:?} changed: change it through `get_mut`")]
    #[non_exhaustive]
    HiddenChange {
        /// The entry.
        id: EntryId,
        /// The paths that differ from the loaded value.
        fields: Vec<String>,
    },

    /// A value cannot be encoded, [exceeds a limit](crate::DictDef::max_depth) of its dictionary, or
    /// could not be read again. The source says which, and what to do. A commit with this error
    /// sent nothing. After a
    /// [savepoint](crate::Session::savepoint), the value was not borrowed, because no copy could be
    /// kept for a rollback.
    #[error("`{id}` cannot be encoded; nothing was sent")]
    #[non_exhaustive]
    Encode {
        /// The entry.
        id: EntryId,
        /// The codec's error.
        source: BoxError,
    },

    /// The encoding of a value does not decode, so the entry could not be
    /// [rolled back](crate::Session::rollback_to). The entry is poisoned.
    #[error("`{id}` cannot be rolled back, because its own encoding does not decode")]
    #[non_exhaustive]
    Decode {
        /// The entry.
        id: EntryId,
        /// The codec's error.
        source: BoxError,
    },

    /// The session cannot be rolled back to this savepoint, because an earlier one was rolled back
    /// to since it was made, or because it belongs to another session. Nothing was changed.
    #[error(
        "savepoint {id} is not valid in this session: an earlier one was rolled back to since, or \
         it belongs to another session; take a new one"
    )]
    #[non_exhaustive]
    Savepoint {
        /// The savepoint's number, which is unique in this process.
        id: u64,
    },

    /// The store lacks an ability that a change needs. Nothing of the commit was sent.
    #[error("the store cannot {missing}, which a change of `{id}` requires")]
    #[non_exhaustive]
    Unsupported {
        /// The entry.
        id: EntryId,
        /// What the store cannot do.
        missing: &'static str,
    },

    /// The key cannot be used.
    #[error("the key of `{id}` cannot be used: {reason}")]
    #[non_exhaustive]
    Key {
        /// The dictionary and the key.
        id: EntryId,
        /// Why it cannot be used.
        reason: &'static str,
    },

    /// An option of a URL or a builder cannot be used. No connection was made.
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
        /// The entry that could not be read, or the first one that was not written.
        id: EntryId,
        /// The number of attempts, including the last.
        attempts: u32,
        /// The outcome of each entry after a commit, or `None` after a read. Nothing was sent then,
        /// even if the read was for [`read_current`](crate::MemcachedDict::read_current).
        report: Option<Box<CommitReport>>,
        /// The cause, which names the server.
        source: BoxError,
    },

    /// The store refused a change, for example because the value is above its limit, and the cache
    /// or the dictionary is strict.
    #[error("the store refused {}", list(report.refused.iter().map(ToString::to_string)))]
    #[non_exhaustive]
    Refused {
        /// The first refused entry.
        id: EntryId,
        /// The outcome of each entry.
        report: Box<CommitReport>,
    },

    /// The session is [doomed](crate::Session::doom), so its commit sends nothing.
    #[error("the session is doomed: its commit sends nothing")]
    Doomed,

    /// The application's own error, returned from a transaction or from a hook that refused a
    /// commit. Nothing was sent. `Display` shows the application's error.
    #[error(transparent)]
    User(BoxError),
}

impl Error {
    /// Wraps an application's error, to return it from a [transaction](crate::Cache::transaction).
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

    /// Sets the number of attempts in an error that has one.
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

    /// Returns the report of a commit that sent something.
    pub(crate) fn report(&self) -> Option<&CommitReport> {
        match self {
            Self::Conflict { report, .. }
            | Self::Unavailable { report: Some(report), .. }
            | Self::Refused { report, .. } => Some(report),
            _ => None,
        }
    }

    /// Returns the kind of the error, for spans and series.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Conflict { .. } => "conflict",
            Self::Unavailable { .. } => "unavailable",
            Self::Refused { .. } => "refused",
            Self::User(_) => "user",
            _ => "misuse",
        }
    }

    /// Returns whether the same work, run again from the start, may succeed and cannot be applied
    /// twice: a conflict or an unavailable store, if no part of the commit is in the store or may
    /// be. A conflict with a stored value that this program cannot read stays one.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Conflict { report, conflicts, .. } => {
                !report.anything_landed() && conflicts.iter().all(|one| one.cause.is_transient())
            }
            Self::Unavailable { report, .. } => {
                report.as_ref().is_none_or(|report| !report.anything_landed())
            }
            _ => false,
        }
    }
}

/// The kind of the guard that prevents a call.
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
        format!("; the same commit wrote {} and removed {}", report.written, report.removed)
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
            "{} changes did not reach the store ({} were written): {}",
            report.lost.len(),
            report.written,
            list(report.lost.iter().map(ToString::to_string)),
        ),
    }
}

/// Lists the first items of a list that may be long.
pub(crate) fn list(items: impl ExactSizeIterator<Item = String>) -> String {
    const SHOWN: usize = 5;
    let more = items.len().saturating_sub(SHOWN);
    let mut text = items.take(SHOWN).collect::<Vec<_>>().join(", ");
    if more > 0 {
        text.push_str(&format!(" and {more} more"));
    }
    text
}
