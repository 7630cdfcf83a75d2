//! Changes: what a change does, on which condition, and what became of it.

use std::fmt;

use super::{count::Count, token::Token};
use crate::store::expiry::Expiry;

/// A change to make.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Change<'a> {
    /// The key.
    pub key: &'a [u8],
    /// What to do.
    pub op: Op<'a>,
    /// The condition on which to do it.
    pub when: Condition,
    /// Whether the server may leave success unanswered. This is faster. If such a server reports an
    /// error without naming the change, the outcome of the change is
    /// [unknown](crate::StoreError::Unknown).
    pub quiet: bool,
    /// Whether the change removes a value, although it stores something: a mark that there is none.
    /// A store may remember removals that were lost; deletions and invalidations always are such.
    pub removal: bool,
}

impl<'a> Change<'a> {
    /// Makes a change of `key` whose success is acknowledged.
    #[must_use]
    pub const fn new(key: &'a [u8], op: Op<'a>, when: Condition) -> Self {
        Self { key, op, when, quiet: false, removal: false }
    }

    /// Makes the change [quiet](Self::quiet).
    #[must_use]
    pub const fn quiet(mut self) -> Self {
        self.quiet = true;
        self
    }

    /// Makes the change a [removal](Self::removal).
    #[must_use]
    pub const fn removal(mut self) -> Self {
        self.removal = true;
        self
    }
}

/// What a [`Change`] does.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Op<'a> {
    /// Stores `bytes`.
    Store {
        /// The value.
        bytes: &'a [u8],
        /// When it expires.
        expiry: Expiry,
    },
    /// Deletes the value, or the placeholder of a lease.
    Delete,
    /// Sets the end of life anew. The value and its version stay, so this is no change for those
    /// who depend on the version. The condition has to be [`Condition::Always`].
    ///
    /// Needs [`Caps::touch`](crate::Caps::touch).
    Touch {
        /// When the value expires.
        expiry: Expiry,
    },
    /// Makes the value stale: it stays loadable, and says so, and the next caller that asks to renew
    /// it gets the right to. Its version changes. A lease that is being held is void: what its
    /// holder stores on the token of the placeholder is not stored. The condition is
    /// [`Condition::Always`] or [`Condition::Matches`].
    ///
    /// A store without [`Caps::stale`](crate::Caps::stale) deletes the value, and says so:
    /// [`Applied::Deleted`].
    Invalidate {
        /// When the stale value expires, or `None` to leave that as it is.
        grace: Option<Expiry>,
    },
    /// Changes a stored number, and returns the new one. The condition has to be
    /// [`Condition::Always`].
    ///
    /// Needs [`Caps::counts`](crate::Caps::counts).
    Count(Count),
}

#[cfg(any(feature = "tokio", feature = "classic"))]
impl Op<'_> {
    /// Returns a copy of the value to store, and the operation without it.
    #[must_use]
    pub(in crate::store) fn apart(self) -> (Vec<u8>, Op<'static>) {
        match self {
            Self::Store { bytes, expiry } => (bytes.to_vec(), Op::Store { bytes: &[], expiry }),
            other => (Vec::new(), other.with_bytes(&[])),
        }
    }

    /// Returns the operation with this value, if it stores one.
    #[must_use]
    pub(in crate::store) fn with_bytes(self, bytes: &[u8]) -> Op<'_> {
        match self {
            Self::Store { expiry, .. } => Op::Store { bytes, expiry },
            Self::Delete => Op::Delete,
            Self::Touch { expiry } => Op::Touch { expiry },
            Self::Invalidate { grace } => Op::Invalidate { grace },
            Self::Count(count) => Op::Count(count),
        }
    }
}

/// Shows the length of a value, never the value.
impl fmt::Debug for Op<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store { bytes, expiry } => f
                .debug_struct("Store")
                .field("length", &bytes.len())
                .field("expiry", expiry)
                .finish_non_exhaustive(),
            Self::Delete => f.write_str("Delete"),
            Self::Touch { expiry } => f.debug_struct("Touch").field("expiry", expiry).finish(),
            Self::Invalidate { grace } => {
                f.debug_struct("Invalidate").field("grace", grace).finish()
            }
            Self::Count(count) => f.debug_tuple("Count").field(count).finish(),
        }
    }
}

/// The condition on which a [`Change`] takes effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Condition {
    /// The change always takes effect.
    Always,
    /// The change takes effect only if the store has no value. A delete on this condition changes
    /// nothing and reports whether there is a value: [`Applied::Exists`] or [`Applied::Gone`].
    Absent,
    /// The change takes effect only if the stored value has this version. A token of another
    /// server, or of another life of the server, matches nothing; if both lives are known, the
    /// outcome for the latter is [`Applied::Restarted`]. If the token came over another connection,
    /// the outcome may be [`Applied::Unproven`].
    Matches(Token),
}

impl Condition {
    /// Returns the condition for a change of bytes that were just seen with this token. Where no
    /// versions are kept, having just seen them has to do.
    pub(crate) const fn as_just_seen(token: Token) -> Self {
        if token.is_of_no_version() { Self::Always } else { Self::Matches(token) }
    }
}

/// The outcome of a [`Change`] that reached the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Applied {
    /// The value was stored.
    Stored,
    /// The value was deleted.
    Deleted,
    /// The value has a new end of life.
    Touched,
    /// The value is stale.
    Invalidated,
    /// The number was changed, and is now this one.
    Counted(u64),
    /// Not applied: there is a value, and the condition was [`Condition::Absent`].
    Exists,
    /// Not applied: the stored value has another version.
    Differs,
    /// Not applied: there is no value of any version, or no value to delete, to touch, to make stale
    /// or to count with.
    Gone,
    /// Not applied: the condition names a token of another life of this server. The token's value
    /// ended with that life. Whatever the server holds now is a different value, and the store did
    /// not look at it.
    ///
    /// Only a store that knows both lives reports this. If one of the two lives is 0, the token
    /// matches nothing, and the outcome is [`Differs`](Self::Differs) or [`Gone`](Self::Gone). Two
    /// lives of 0 count as one life, so a token from before a restart may then match a value from
    /// after it.
    Restarted,
    /// Not applied, and not sent: the condition names a token that came over [another
    /// connection](Token::connection), and two servers, or two lives of one, may look the same.
    /// Load the value again. If it is the one that was seen, repeat the change on its new token.
    Unproven,
}
