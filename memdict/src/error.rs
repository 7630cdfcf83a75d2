//! The one error type.

use std::fmt;

use crate::{
    key::{Key, name::Name},
    report::CommitReport,
};

/// Any error, boxed: the cause behind an [`Error`].
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A result whose error is memdict's unless another is named.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can go wrong. A miss is not an error, and neither is a store that is down, unless the
/// cache is [strict](crate::CacheBuilder::strict).
///
/// No variant ever shows a stored value. There is no `From` for an application's errors, so
/// that `?` and `Ok(())` in a transaction need no annotation: use [`Error::user`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The entry is in a guard that is still alive in this session.
    #[error("`{call}` of `{dict}[{key}]`: it is {state} in this session; drop that guard first")]
    #[non_exhaustive]
    AlreadyBorrowed {
        /// The dictionary's name.
        dict: String,
        /// The key.
        key: Key,
        /// The call that was refused, such as `insert`.
        call: &'static str,
        /// What the entry is: "handed out for reading", or "handed out for writing".
        state: &'static str,
    },

    /// A guard of the entry was leaked (with `mem::forget`, say), so commit cannot know its
    /// value. Nothing was sent.
    #[error(
        "`commit`: `{dict}[{key}]` is handed out for writing still, for a guard of it was never \
         dropped; nothing was sent"
    )]
    #[non_exhaustive]
    StillBorrowed {
        /// The dictionary's name.
        dict: String,
        /// The key.
        key: Key,
    },

    /// One dictionary name is used with two types in one session.
    #[error("dictionary `{dict}` holds `{is}` in this session, not `{asked}` (key `{key}`)")]
    #[non_exhaustive]
    WrongType {
        /// The dictionary's name.
        dict: String,
        /// The key that was asked for.
        key: Key,
        /// The type it was first used with.
        is: &'static str,
        /// The type it was asked as.
        asked: &'static str,
    },

    /// A panic struck while the entry was being changed, or it could not be rolled back to a
    /// savepoint. It may be half changed, so it is neither handed out again nor written, and a
    /// commit sends nothing.
    #[error(
        "`{call}` of `{dict}[{key}]`: it may be half changed, for a panic struck or a rollback failed"
    )]
    #[non_exhaustive]
    Poisoned {
        /// The dictionary's name.
        dict: String,
        /// The key.
        key: Key,
        /// The call that was refused, `commit` included.
        call: &'static str,
    },

    /// Somebody else changed what this session changed.
    ///
    /// Other changes of the same commit may have been written: `report` names them. The error
    /// is [transient](Self::is_transient) only if none was, nor may have been. Where the keys were
    /// [looked at first](crate::Session::verify_first), changes that were not sent because others
    /// were in conflict are named nowhere: all of the work is to be done again.
    #[error("{}", conflict_message(conflicts, *attempts, report))]
    #[non_exhaustive]
    Conflict {
        /// Each key in conflict.
        conflicts: Vec<KeyConflict>,
        /// How often the work was tried.
        attempts: u32,
        /// What happened to the other keys of the commit.
        report: Box<CommitReport>,
    },

    /// A value was changed behind a `&`, where tracking cannot see it. Only a cache that was
    /// told to [detect](crate::CacheBuilder::detect_untracked) this has it. Nothing was sent.
    #[error("`{dict}[{key}]` was only read, but is changed in {fields:?}: hand it out for writing")]
    #[non_exhaustive]
    HiddenChange {
        /// The dictionary's name.
        dict: String,
        /// The key.
        key: Key,
        /// The paths that differ from what was loaded.
        fields: Vec<String>,
    },

    /// A value does not encode, and nothing of the commit was sent. After a
    /// [savepoint](crate::Session::savepoint): it does not encode, and was not handed out; or
    /// what it encoded does not decode, and it was not [rolled
    /// back](crate::Session::rollback_to).
    #[error("`{dict}[{key}]` cannot be encoded; nothing was sent")]
    #[non_exhaustive]
    Encode {
        /// The dictionary's name.
        dict: String,
        /// The key.
        key: Key,
        /// What the codec says.
        source: BoxError,
    },

    /// A savepoint that the session cannot be rolled back to: an earlier one was rolled back to
    /// since it was made, or it is another session's. Nothing was done.
    #[error(
        "savepoint {id} is not valid in this session: an earlier one was rolled back to since, or \
         it is another session's; take a new one"
    )]
    #[non_exhaustive]
    Savepoint {
        /// Its number, which no other savepoint of this process has.
        id: u64,
    },

    /// The store cannot do what a change needs. Nothing of the commit was sent.
    #[error("the store cannot {missing}, as a change of `{dict}[{key}]` needs")]
    #[non_exhaustive]
    Unsupported {
        /// The dictionary's name.
        dict: String,
        /// The key.
        key: Key,
        /// What it cannot do.
        missing: &'static str,
    },

    /// A key that cannot be used.
    #[error("`{key}` is not a usable key of `{dict}`: {reason}")]
    #[non_exhaustive]
    Key {
        /// The dictionary's name.
        dict: String,
        /// The key, or its beginning.
        key: String,
        /// Why not.
        reason: &'static str,
    },

    /// An option, of a URL or a builder, that cannot be used. Nothing was connected.
    #[error("`{option}`: {reason}")]
    #[non_exhaustive]
    Config {
        /// The option, or the part of the URL.
        option: String,
        /// Why not, and what is allowed.
        reason: String,
    },

    /// A store is down, and the cache is strict.
    #[error("{}", unavailable_message(key, report))]
    #[non_exhaustive]
    Unavailable {
        /// The dictionary and key that could not be read, or the first that was not written.
        key: String,
        /// How often the work was tried.
        attempts: u32,
        /// After a commit: what happened to each key. `None` after a read, be it one that
        /// [`read_current`](crate::MemcachedDict::read_current) asked for: nothing was sent then.
        report: Option<Box<CommitReport>>,
        /// What happened, naming the server.
        source: BoxError,
    },

    /// The session is [doomed](crate::Session::doom): its commit sends nothing.
    #[error("the session is doomed: its commit sends nothing")]
    Doomed,

    /// The application's own error, on its way through a transaction, or from a hook that refused
    /// a commit. Nothing was sent.
    #[error("the application refused")]
    User(#[source] BoxError),
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
    /// assert!(matches!(sold_out, Err(Error::User(cause)) if cause.to_string() == "sold out"));
    /// # Ok::<_, Error>(())
    /// ```
    pub fn user(error: impl Into<BoxError>) -> Self {
        Self::User(error.into())
    }

    /// What was worth another attempt says how many there were.
    pub(crate) fn in_attempt(mut self, attempt: u32) -> Self {
        if let Self::Conflict { attempts, .. } | Self::Unavailable { attempts, .. } = &mut self {
            *attempts = attempt;
        }
        self
    }

    /// Whether the same work, run again from the start, may succeed and cannot be applied
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

/// One key that somebody else changed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyConflict {
    /// The dictionary's name.
    pub dict: String,
    /// The key.
    pub key: Key,
    /// The type of the entry.
    pub type_name: &'static str,
    /// The paths of the fields that this session changed, all of them in a value that it made;
    /// none of a value that it removed or only read.
    pub ours: Vec<String>,
    /// The paths of the fields that were changed there, as far as it can be told: there is a
    /// usable value, and this session had loaded one.
    pub theirs: Vec<String>,
    /// What happened there.
    pub there: There,
    /// Why the two changes could not be merged, if the dictionary asks for that.
    pub reason: Option<String>,
}

impl KeyConflict {
    pub(crate) fn new(
        name: &Name,
        type_name: &'static str,
        there: There,
        (ours, theirs): (Vec<String>, Vec<String>),
        reason: Option<String>,
    ) -> Self {
        let (dict, key) = (name.dict.to_string(), name.key.clone());
        Self { dict, key, type_name, ours, theirs, there, reason }
    }
}

impl fmt::Display for KeyConflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}[{}]` (`{}`) {}", self.dict, self.key, self.type_name, self.there)?;
        let changed = |fields: &[String]| match fields {
            [field] if field.is_empty() => "the whole".to_owned(),
            fields => {
                fields.iter().map(|field| format!("`{field}`")).collect::<Vec<_>>().join(", ")
            }
        };
        if !self.theirs.is_empty() {
            write!(f, ", changed there: {}", changed(&self.theirs))?;
        }
        if !self.ours.is_empty() {
            write!(f, ", changed here: {}", changed(&self.ours))?;
        }
        match &self.reason {
            Some(reason) => write!(f, "; not merged: {reason}"),
            None => Ok(()),
        }
    }
}

/// What became of a key that this session changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum There {
    /// Somebody else stored a value since this session looked.
    Overwritten,
    /// Somebody else removed it. No store can tell that from an eviction so far, and what cannot
    /// be told is [`Vanished`](Self::Vanished); a match for what is gone names both.
    Removed,
    /// It is gone: evicted, expired or removed by somebody else.
    Vanished,
    /// Its server has restarted since this session looked, and holds nothing of what it held
    /// then. Versions count anew, so what was seen can be compared with nothing.
    ServerRestarted,
}

impl fmt::Display for There {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Overwritten => f.write_str("was overwritten by somebody else"),
            Self::Removed => f.write_str("was removed by somebody else"),
            Self::Vanished => f.write_str("is gone: evicted, expired or removed"),
            Self::ServerRestarted => f.write_str("is not what it was: its server restarted"),
        }
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

fn unavailable_message(key: &str, report: &Option<Box<CommitReport>>) -> String {
    match report {
        None => format!("{key} cannot be read: its store is unavailable"),
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
