//! Loads: what a load asks besides the value, and what it finds.

use std::{fmt, time::Duration};

use super::token::Token;
use crate::store::expiry::{Expiry, Life};

/// One value to load.
///
/// A plain load asks for the value and its version, and changes nothing. The methods ask for more,
/// in the same round trip.
///
/// ```
/// use std::time::Duration;
/// use memdict::{Load, Loaded, MemoryStore, Store};
///
/// let store = MemoryStore::new();
/// let load = Load::new(b"k").lease(Duration::from_secs(5));
/// let mut outcomes = Vec::new();
/// store.load_many(&[load, load], &mut |_, loaded| {
///     outcomes.push(matches!(loaded, Ok(Loaded::Leased { won: true, .. })));
/// });
/// assert_eq!(outcomes, [true, false], "one caller makes the value");
/// ```
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Load<'a> {
    /// The key.
    pub key: &'a [u8],
    /// The end of life to set on a hit, or `None` to leave it as it is.
    pub touch: Option<Expiry>,
    /// Whether to tell how much life is left.
    pub life: bool,
    /// How long the lease lasts that is taken on a miss, or `None` to take none.
    pub lease: Option<Duration>,
    /// How much life may be left so that the right to renew the value is given, or `None` not to
    /// ask for that right.
    pub renew: Option<Duration>,
    /// Whether the caller is about to replace the value.
    pub replaces: bool,
}

impl<'a> Load<'a> {
    /// Makes a plain load of `key`.
    #[must_use]
    pub const fn new(key: &'a [u8]) -> Self {
        Self { key, touch: None, life: false, lease: None, renew: None, replaces: false }
    }

    /// Sets the end of life anew on a hit. The version stays. A store without
    /// [`Caps::touch`](crate::Caps::touch) leaves the end of life as it is.
    ///
    /// memcached also prolongs the placeholder of a lease that it finds.
    #[must_use]
    pub const fn touch(mut self, expiry: Expiry) -> Self {
        self.touch = Some(expiry);
        self
    }

    /// Asks how much life is left, after a [touch](Self::touch) if there is one. A store without
    /// [`Caps::life`](crate::Caps::life) does not tell.
    #[must_use]
    pub const fn with_life(mut self) -> Self {
        self.life = true;
        self
    }

    /// Takes the lease on a miss: leaves a placeholder for this long, rounded up to whole seconds,
    /// and gives one caller the right to make the value. The outcome is [`Loaded::Leased`]. A store
    /// without [`Caps::leases`](crate::Caps::leases) gives no lease; the outcome is
    /// [`Loaded::Miss`].
    ///
    /// Who has the lease stores the value on the token of the placeholder, or deletes the
    /// placeholder on that token. Both do nothing if the placeholder was replaced, deleted or
    /// [invalidated](crate::Op::Invalidate) meanwhile.
    #[must_use]
    pub const fn lease(mut self, lasts: Duration) -> Self {
        self.lease = Some(lasts);
        self
    }

    /// Asks for the right to renew the value, which is given to one caller if less life than this is
    /// left, rounded up to whole seconds. A value that does not expire is never renewed.
    #[must_use]
    pub const fn renew_within(mut self, left: Duration) -> Self {
        self.renew = Some(left);
        self
    }

    /// Says that the caller is about to replace the value. If the value is stale, and nobody has the
    /// right to renew it, the caller gets and keeps that right.
    #[must_use]
    pub const fn to_replace(mut self) -> Self {
        self.replaces = true;
        self
    }

    /// Returns whether the load keeps a right to renew that it gets. memcached gives the right to
    /// the first that loads a stale value, even if that is a plain load.
    pub(in crate::store) fn keeps_right(&self) -> bool {
        self.lease.is_some() || self.renew.is_some() || self.replaces
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
        /// Its version. A change on the version of a stale value may be
        /// [`Applied::Unproven`](crate::Applied::Unproven), unless the caller has the right to renew
        /// it.
        token: Token,
        /// How much life is left, if that was asked and the store tells.
        life: Option<Life>,
        /// Whether the value was [invalidated](crate::Op::Invalidate).
        stale: bool,
        /// Who renews the value.
        renewal: Renewal,
    },
    /// The store has no value. Absent, expired and evicted values look alike.
    Miss,
    /// The store has no value, but the placeholder of a lease: a caller is making the value.
    ///
    /// An empty value that is stale, or being renewed, looks the same.
    #[non_exhaustive]
    Leased {
        /// The version of the placeholder.
        token: Token,
        /// Whether this caller has the lease, and is to make the value.
        won: bool,
    },
}

/// Who renews a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Renewal {
    /// Nobody, as far as is known.
    #[default]
    Open,
    /// This caller, who has just got the right to. It lasts until the value is replaced, or its
    /// life ends.
    Won,
    /// Another caller.
    Taken,
}

impl<'a> Loaded<'a> {
    /// Makes a hit of a value that is not stale, and that nobody renews.
    #[must_use]
    pub const fn hit(bytes: &'a [u8], token: Token) -> Self {
        Self::Hit { bytes, token, life: None, stale: false, renewal: Renewal::Open }
    }

    /// Makes the outcome of a load that found the placeholder of a lease.
    #[must_use]
    pub const fn leased(token: Token, won: bool) -> Self {
        Self::Leased { token, won }
    }

    /// Says of a hit how much life is left.
    #[must_use]
    pub const fn with_life(mut self, left: Life) -> Self {
        if let Self::Hit { life, .. } = &mut self {
            *life = Some(left);
        }
        self
    }

    /// Says of a hit that the value is stale.
    #[must_use]
    pub const fn made_stale(mut self) -> Self {
        if let Self::Hit { stale, .. } = &mut self {
            *stale = true;
        }
        self
    }

    /// Says of a hit who renews the value.
    #[must_use]
    pub const fn renewed_by(mut self, who: Renewal) -> Self {
        if let Self::Hit { renewal, .. } = &mut self {
            *renewal = who;
        }
        self
    }

    /// Returns the outcome with another token, if it has one.
    #[must_use]
    pub fn map_token(mut self, map: impl FnOnce(Token) -> Token) -> Self {
        if let Self::Hit { token, .. } | Self::Leased { token, .. } = &mut self {
            *token = map(*token);
        }
        self
    }

    /// Returns a copy of the bytes, and the outcome without them.
    #[must_use]
    pub fn apart(self) -> (Vec<u8>, Loaded<'static>) {
        match self {
            Self::Hit { bytes, token, life, stale, renewal } => {
                (bytes.to_vec(), Loaded::Hit { bytes: &[], token, life, stale, renewal })
            }
            Self::Miss => (Vec::new(), Loaded::Miss),
            Self::Leased { token, won } => (Vec::new(), Loaded::Leased { token, won }),
        }
    }

    /// Returns the outcome with these bytes, if it is a hit.
    #[must_use]
    pub const fn with_bytes<'b>(&self, bytes: &'b [u8]) -> Loaded<'b> {
        match *self {
            Self::Hit { token, life, stale, renewal, .. } => {
                Loaded::Hit { bytes, token, life, stale, renewal }
            }
            Self::Miss => Loaded::Miss,
            Self::Leased { token, won } => Loaded::Leased { token, won },
        }
    }
}

/// Shows the length of a value, never the value.
impl fmt::Debug for Loaded<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hit { bytes, token, life, stale, renewal } => f
                .debug_struct("Hit")
                .field("length", &bytes.len())
                .field("token", token)
                .field("life", life)
                .field("stale", stale)
                .field("renewal", renewal)
                .finish_non_exhaustive(),
            Self::Miss => f.write_str("Miss"),
            Self::Leased { token, won } => f
                .debug_struct("Leased")
                .field("token", token)
                .field("won", won)
                .finish_non_exhaustive(),
        }
    }
}
