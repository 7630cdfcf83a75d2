//! Where bytes live: what memdict asks of a store.

pub(crate) mod classic;
pub(crate) mod clock;
pub(crate) mod credentials;
mod limits;
pub(crate) mod memcached;
pub(crate) mod memory;
mod servers;
mod ttl;

use std::{fmt, sync::Arc, time::Duration};

/// A place where bytes are kept under keys, and may be lost at any time.
///
/// It is batch first: there is no method for one key. Each operation of a batch has its own
/// outcome, given to `out` with the operation's index, once, in any order; an operation without
/// one counts as unanswered. Nothing is [`Applied::Done`] until the store has acknowledged it.
/// Operations on one key take effect in the order of the batch; otherwise a batch is not atomic.
/// Keys are 1 to 250 bytes without white space and control characters (no byte up to 32, nor
/// 127); an operation on another key is [refused](StoreError::Refused). A store may refuse keys
/// that are not UTF-8 as well: memdict itself has none.
///
/// ```
/// use memdict::{Applied, Change, Condition, Load, Loaded, MemoryStore, Store, What};
///
/// let store = MemoryStore::new();
/// let what = What::Store { bytes: b"v", ttl: None };
/// let absent = Change::new(b"k", what, Condition::Absent);
/// let mut outcomes = Vec::new();
/// store.apply_many(&[absent, absent], &mut |i, outcome| outcomes.push((i, outcome)));
/// assert!(matches!(outcomes[..], [(0, Ok(Applied::Done(_))), (1, Ok(Applied::Exists))]));
/// store.load_many(&[Load::new(b"k")], &mut |_, loaded| {
///     assert!(matches!(loaded, Ok(Loaded::Hit { bytes: b"v", .. })));
/// });
/// ```
pub trait Store: Send + Sync + fmt::Debug {
    /// Loads values. The bytes given to `out` are borrowed for that call.
    fn load_many(
        &self,
        loads: &[Load<'_>],
        out: &mut dyn FnMut(usize, Result<Loaded<'_>, StoreError>),
    );

    /// Stores and deletes.
    fn apply_many(
        &self,
        changes: &[Change<'_>],
        out: &mut dyn FnMut(usize, Result<Applied, StoreError>),
    );

    /// What the store can do. A commit that needs more fails before it sends anything.
    fn caps(&self) -> Caps {
        Caps::default()
    }
}

/// A store that is shared.
impl<S: Store + ?Sized> Store for Arc<S> {
    fn load_many(
        &self,
        loads: &[Load<'_>],
        out: &mut dyn FnMut(usize, Result<Loaded<'_>, StoreError>),
    ) {
        (**self).load_many(loads, out);
    }

    fn apply_many(
        &self,
        changes: &[Change<'_>],
        out: &mut dyn FnMut(usize, Result<Applied, StoreError>),
    ) {
        (**self).apply_many(changes, out);
    }

    fn caps(&self) -> Caps {
        (**self).caps()
    }
}

/// What a store can do beyond storing; everything, unless it says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Caps {
    /// [`Condition::Matches`] on [`What::Store`].
    pub conditional_store: bool,
    /// [`Condition::Matches`] on [`What::Delete`].
    pub conditional_delete: bool,
    /// The token in the [`Applied::Done`] of a store is the stored value's. Without this it
    /// matches nothing, and only loading gives one that does.
    pub returns_tokens: bool,
}

impl Default for Caps {
    fn default() -> Self {
        Self { conditional_store: true, conditional_delete: true, returns_tokens: true }
    }
}

/// The store's version of a value that was loaded, bound to one life of one server: memcached
/// counts from 1 again after a restart, so that equal numbers of two lives mean nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    server: u32,
    life: u64,
    cas: u64,
}

impl Token {
    /// A token of server number `server`, in its life `life`, with the number `cas`.
    #[must_use]
    pub const fn new(server: u32, life: u64, cas: u64) -> Self {
        Self { server, life, cas }
    }

    /// The server's number in its store.
    #[must_use]
    pub const fn server(self) -> u32 {
        self.server
    }

    /// The server's life, 0 where the store cannot tell one from another.
    #[must_use]
    pub const fn life(self) -> u64 {
        self.life
    }

    /// The version within that life.
    #[must_use]
    pub const fn cas(self) -> u64 {
        self.cas
    }

    /// Whether it is of server number `server`, and of another life of it than `life`. Of a life
    /// that is not known (0) nobody can say so.
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
    /// A load of `key`.
    #[must_use]
    pub const fn new(key: &'a [u8]) -> Self {
        Self { key }
    }
}

/// The outcome of a [`Load`].
#[non_exhaustive]
pub enum Loaded<'a> {
    /// There is a value.
    #[non_exhaustive]
    Hit {
        /// The value.
        bytes: &'a [u8],
        /// Its version.
        token: Token,
    },
    /// There is none: absent, expired and evicted look alike.
    Miss,
}

impl<'a> Loaded<'a> {
    /// A hit.
    #[must_use]
    pub const fn hit(bytes: &'a [u8], token: Token) -> Self {
        Self::Hit { bytes, token }
    }
}

/// Without the value.
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
    pub what: What<'a>,
    /// When to do it.
    pub when: Condition,
    /// Whether the token of what is stored is of use. Without it a store may be faster, and
    /// [`Applied::Done`] may have one that matches nothing.
    pub wants_token: bool,
}

impl<'a> Change<'a> {
    /// A change of `key`.
    #[must_use]
    pub const fn new(key: &'a [u8], what: What<'a>, when: Condition) -> Self {
        Self { key, what, when, wants_token: true }
    }

    /// The same, where the token of what is stored is of no use.
    #[must_use]
    pub const fn without_token(mut self) -> Self {
        self.wants_token = false;
        self
    }
}

/// What a [`Change`] does.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum What<'a> {
    /// Stores `bytes` for `ttl`, or until evicted. Stores count whole seconds, rounded up.
    Store {
        /// The value.
        bytes: &'a [u8],
        /// How long it lives.
        ttl: Option<Duration>,
    },
    /// Deletes the value.
    Delete,
}

/// Without the value.
impl fmt::Debug for What<'_> {
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
    /// Whatever is there.
    Always,
    /// Only if nothing is there. A delete on this condition does nothing, and says whether
    /// there is a value: [`Applied::Exists`] or [`Applied::Gone`].
    Absent,
    /// Only if what is there is of this version. A token of another server, or of another life
    /// of it, matches nothing: where the lives are known, the latter is
    /// [`Applied::Restarted`].
    Matches(Token),
}

/// The outcome of a [`Change`] that reached the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Applied {
    /// Done. The token is the stored value's, if the store [gives them](Caps::returns_tokens) and
    /// the change [wants it](Change::wants_token); after a delete its number is 0.
    Done(Token),
    /// Not done: there is a value, and the condition was [`Condition::Absent`].
    Exists,
    /// Not done: there is a value of another version.
    Differs,
    /// Not done: there is no value of any version, or there was none to delete.
    Gone,
    /// Not done: the condition names a token of another life of this server. Whatever the token's
    /// value was, it ended with that life; what is there now, if anything, is none of its
    /// versions, and was not looked at.
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
    /// The store will not do it: a value above its limit, a key that is none, no memory. Not
    /// applied; the value that was to be replaced may be gone (memcached deletes it when it has
    /// no memory for the new one).
    #[error("refused: {0}")]
    Refused(String),
    /// It was sent, and no answer came: it may have been applied.
    #[error("outcome unknown: {0}")]
    Unknown(String),
    /// The server cannot be reached, or not be used. Not applied.
    #[error("{0}")]
    Down(String),
}
