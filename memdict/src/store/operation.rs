//! What a store is asked to do, and what comes of it.

use std::{fmt, sync::Arc, time::Duration};

/// The store's version of a value that was loaded, bound to one life of one server: memcached
/// counts from 1 again after a restart, so equal numbers of two lives mean nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    server: u32,
    life: u64,
    cas: u64,
}

impl Token {
    /// Makes a token of server number `server`, in its life `life`, with the number `cas`.
    #[must_use]
    pub const fn new(server: u32, life: u64, cas: u64) -> Self {
        Self { server, life, cas }
    }

    /// Returns the server's number in its store.
    #[must_use]
    pub const fn server(self) -> u32 {
        self.server
    }

    /// Returns the server's life, 0 where the store cannot tell one life from another.
    #[must_use]
    pub const fn life(self) -> u64 {
        self.life
    }

    /// Returns the version within that life.
    #[must_use]
    pub const fn cas(self) -> u64 {
        self.cas
    }

    /// Returns whether the token is of server number `server`, and of another life of it than
    /// `life`. Of a life that is not known (0) nobody can say so.
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
    /// The store has no value: absent, expired and evicted look alike.
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

/// One change to make.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Change<'a> {
    /// The key.
    pub key: &'a [u8],
    /// What to do.
    pub op: Op<'a>,
    /// When to do it.
    pub when: Condition,
    /// Whether the server may keep silent about success. That is faster, and a server that then
    /// reports an error without naming the change leaves it [unknown](StoreError::Unknown).
    pub quiet: bool,
}

impl<'a> Change<'a> {
    /// Makes a change of `key` whose success is acknowledged by itself.
    #[must_use]
    pub const fn new(key: &'a [u8], op: Op<'a>, when: Condition) -> Self {
        Self { key, op, when, quiet: false }
    }

    /// Makes the same change [quiet](Self::quiet).
    #[must_use]
    pub const fn quiet(mut self) -> Self {
        self.quiet = true;
        self
    }
}

/// What a [`Change`] does.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Op<'a> {
    /// Stores `bytes` for `ttl`, or until they are evicted. Stores count whole seconds, rounded up.
    Store {
        /// The value.
        bytes: &'a [u8],
        /// How long it lives.
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

/// When a [`Change`] takes effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Condition {
    /// Always.
    Always,
    /// Only if the store has no value. A delete on this condition does nothing, and says whether
    /// there is a value: [`Applied::Exists`] or [`Applied::Gone`].
    Absent,
    /// Only if the stored value has this version. A token of another server, or of another life of
    /// it, matches nothing: where the lives are known, the latter is [`Applied::Restarted`].
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
    /// Not applied: there is no value of any version, or there was none to delete.
    Gone,
    /// Not applied: the condition names a token of another life of this server. The token's value
    /// ended with that life; what the server holds now, if anything, is none of its versions, and
    /// the store did not look at it.
    ///
    /// Only a store that knows both lives says so. Where the token's life or the server's is 0
    /// nobody can tell, and the token, which matches nothing, is answered as any such:
    /// [`Differs`](Self::Differs) or [`Gone`](Self::Gone). Two lives of 0 count as one: there a
    /// token from before a restart may match a value from after it.
    Restarted,
}

/// Why an operation has no outcome.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The store will not do it: the value is above its limit, the key is invalid, it has no
    /// memory. Not applied; the value that was to be replaced may be gone (memcached deletes it
    /// when it has no memory for the new one).
    #[error("refused: {0}")]
    Refused(Reason),
    /// The operation was sent, and no answer came: it may have been applied.
    #[error("outcome unknown: {0}")]
    Unknown(Reason),
    /// The server cannot be reached, or cannot be used. Not applied.
    #[error("{0}")]
    Down(Reason),
}

impl StoreError {
    /// Returns the reason, whatever it is the reason of.
    #[must_use]
    pub fn reason(&self) -> &Reason {
        match self {
            Self::Refused(reason) | Self::Unknown(reason) | Self::Down(reason) => reason,
        }
    }
}

/// Why an operation has no outcome, in words, and at which server.
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
    /// Makes a reason. The text names the server, if there is one, and never shows a value.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), server: None }
    }

    /// Says which server it is about: an outage is logged once for each server, not for each
    /// operation.
    #[must_use]
    pub fn at(mut self, server: impl Into<Arc<str>>) -> Self {
        self.server = Some(server.into());
        self
    }

    /// Returns the server that it is about, if it is about one.
    #[must_use]
    pub fn server(&self) -> Option<&str> {
        self.server.as_deref()
    }

    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Adds to the text.
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

/// Takes the outcomes of a batch of loads: the index of a load, and what came of it.
pub type LoadOut<'a> = dyn FnMut(usize, Result<Loaded<'_>, StoreError>) + Send + 'a;

/// Takes the outcomes of a batch of changes: the index of a change, and what came of it.
pub type ApplyOut<'a> = dyn FnMut(usize, Result<Applied, StoreError>) + Send + 'a;
