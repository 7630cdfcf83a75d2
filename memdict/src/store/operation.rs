//! The operations of a store and their outcomes.

use std::{fmt, sync::Arc, time::Duration};

/// The store's version of a loaded value, bound to one life of one server. memcached counts
/// versions from 1 again after a restart, so equal numbers from two lives mean nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    server: u32,
    life: u64,
    cas: u64,
    connection: u64,
}

impl Token {
    /// Makes a token with the version `cas` in life `life` of server number `server`. It holds on
    /// every connection.
    #[must_use]
    pub const fn new(server: u32, life: u64, cas: u64) -> Self {
        Self { server, life, cas, connection: 0 }
    }

    /// Says that the token came over the connection with this number. For a store whose lives only
    /// look the same if they are, the token then holds on that connection alone: see
    /// [`Applied::Unproven`]. A store whose lives never look alike says nothing.
    #[must_use]
    pub const fn over(self, connection: u64) -> Self {
        Self { connection, ..self }
    }

    /// Returns the server's number in its store.
    #[must_use]
    pub const fn server(self) -> u32 {
        self.server
    }

    /// Returns the server's life, or 0 if the store cannot tell one life from another.
    #[must_use]
    pub const fn life(self) -> u64 {
        self.life
    }

    /// Returns the version within that life.
    #[must_use]
    pub const fn cas(self) -> u64 {
        self.cas
    }

    /// Returns the number of the connection that the token came over, or 0 if it holds on all of
    /// them.
    #[must_use]
    pub const fn connection(self) -> u64 {
        self.connection
    }

    /// Returns whether the two tokens look the same, whatever connections they came over.
    pub(crate) fn looks_like(self, other: Self) -> bool {
        self.over(0) == other.over(0)
    }

    /// Returns whether the token is of another life of server number `server` than `life`. If one
    /// of the two lives is unknown (0), the answer is no.
    pub(crate) fn is_of_another_life(self, server: u32, life: u64) -> bool {
        self.server == server && self.life != life && self.life != 0 && life != 0
    }
}

/// One value to load.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Load<'a> {
    /// The key.
    pub key: &'a [u8],
}

impl<'a> Load<'a> {
    /// Makes a load of `key`.
    #[must_use]
    pub const fn new(key: &'a [u8]) -> Self {
        Self { key }
    }
}

/// The outcome of a [`Load`].
#[non_exhaustive]
pub enum Loaded<'a> {
    /// The store has a value.
    #[non_exhaustive]
    Hit {
        /// The value.
        bytes: &'a [u8],
        /// Its version.
        token: Token,
    },
    /// The store has no value. Absent, expired and evicted values look alike.
    Miss,
}

impl<'a> Loaded<'a> {
    /// Makes a hit.
    #[must_use]
    pub const fn hit(bytes: &'a [u8], token: Token) -> Self {
        Self::Hit { bytes, token }
    }
}

/// Shows the length of a value, never the value.
impl fmt::Debug for Loaded<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hit { bytes, token } => f
                .debug_struct("Hit")
                .field("length", &bytes.len())
                .field("token", token)
                .finish_non_exhaustive(),
            Self::Miss => f.write_str("Miss"),
        }
    }
}

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
    /// [unknown](StoreError::Unknown).
    pub quiet: bool,
    /// Whether the change removes a value, although it stores something: a mark that there is none.
    /// A store may remember removals that were lost; deletions always are.
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
    /// Stores `bytes` for `ttl`, or until they are evicted. Stores count whole seconds: a lifetime is
    /// never shorter than asked, and at most about a second longer.
    Store {
        /// The value.
        bytes: &'a [u8],
        /// The lifetime, or `None` to keep the value until it is evicted.
        ttl: Option<Duration>,
    },
    /// Deletes the value.
    Delete,
}

/// Shows the length of a value, never the value.
impl fmt::Debug for Op<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store { bytes, ttl } => f
                .debug_struct("Store")
                .field("length", &bytes.len())
                .field("ttl", ttl)
                .finish_non_exhaustive(),
            Self::Delete => f.write_str("Delete"),
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

/// The outcome of a [`Change`] that reached the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Applied {
    /// The value was stored.
    Stored,
    /// The value was deleted.
    Deleted,
    /// Not applied: there is a value, and the condition was [`Condition::Absent`].
    Exists,
    /// Not applied: the stored value has another version.
    Differs,
    /// Not applied: there is no value of any version, or no value to delete.
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

/// The reason why an operation has no outcome.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The store refuses the operation: the value is above its limit, the key is invalid, or it has
    /// no memory. Not applied; the value to be replaced may be gone, because memcached deletes it
    /// when it has no memory for the new one.
    #[error("refused: {0}")]
    Refused(Reason),
    /// The operation was sent, and no answer came. It may have been applied.
    #[error("outcome unknown: {0}")]
    Unknown(Reason),
    /// The server cannot be reached, or cannot be used. Not applied.
    #[error("{0}")]
    Down(Reason),
}

impl StoreError {
    /// Returns the reason.
    #[must_use]
    pub fn reason(&self) -> &Reason {
        match self {
            Self::Refused(reason) | Self::Unknown(reason) | Self::Down(reason) => reason,
        }
    }
}

/// The reason why an operation has no outcome, as text, and the server that it concerns.
///
/// ```
/// use memdict::{Reason, StoreError};
///
/// let error = StoreError::Down(Reason::new("cache-1 timed out").at("cache-1:11211"));
/// assert_eq!(error.to_string(), "cache-1 timed out");
/// assert_eq!(error.reason().server(), Some("cache-1:11211"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    text: String,
    server: Option<Arc<str>>,
}

impl Reason {
    /// Makes a reason. The text should name the server, if there is one, and must not show a value.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), server: None }
    }

    /// Sets the server that the reason concerns. An outage is logged once for each server, not once
    /// for each operation.
    #[must_use]
    pub fn at(mut self, server: impl Into<Arc<str>>) -> Self {
        self.server = Some(server.into());
        self
    }

    /// Returns the server that the reason concerns, or `None` if it concerns none.
    #[must_use]
    pub fn server(&self) -> Option<&str> {
        self.server.as_deref()
    }

    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Appends `more` to the text.
    #[must_use]
    pub(crate) fn and(mut self, more: &str) -> Self {
        self.text.push_str(more);
        self
    }
}

impl From<String> for Reason {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl From<&str> for Reason {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A callback for the outcomes of a batch of loads. It takes the index of a load and its outcome.
pub type LoadOut<'a> = dyn FnMut(usize, Result<Loaded<'_>, StoreError>) + Send + 'a;

/// A callback for the outcomes of a batch of changes. It takes the index of a change and its
/// outcome.
pub type ApplyOut<'a> = dyn FnMut(usize, Result<Applied, StoreError>) + Send + 'a;
