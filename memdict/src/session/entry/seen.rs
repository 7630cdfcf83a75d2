//! What the store held when the session looked. A change is compared with it, and depends on it.

use std::{fmt, sync::Arc};

use crate::{
    codec::{Codec, Encoded, Limits},
    envelope::Sealed,
    store::{
        expiry::Life,
        operation::{Condition, Token},
    },
    track::{Changes, Schema, Tracked},
    unusable::Unusable,
};

/// What the store held when the session looked.
#[derive(Debug, Clone)]
pub(crate) enum Seen {
    /// The session has not looked, because `insert` and `remove` need no read.
    Unread,
    /// There was no value.
    Nothing,
    /// There was no value, but the tombstone of one that was removed.
    Tombstone(Version),
    /// There was no value, but the record that the source of the values has none.
    Absence(Version),
    /// The store could not be reached, which reads as a miss. `lookup` returns the reason.
    Unreachable(Arc<str>),
    /// There were bytes that are not a usable value.
    Unusable(Version, Unusable),
    /// There was a value.
    Value(Base),
}

impl Seen {
    pub(crate) fn base(&self) -> Option<&Base> {
        match self {
            Self::Value(base) => Some(base),
            _ => None,
        }
    }

    /// Returns what the store has to hold so that a new value can be stored.
    pub(crate) fn expected(&self) -> Expected {
        match self {
            Self::Unread => Expected::Anything,
            Self::Nothing | Self::Unreachable(_) => Expected::Nothing,
            Self::Tombstone(version) => Expected::Tombstone(*version),
            Self::Absence(version)
            | Self::Unusable(version, _)
            | Self::Value(Base { version, .. }) => Expected::Version(*version),
        }
    }

    /// Returns what the store has to hold so that the value can be deleted. A deletion after a read
    /// that did not reach the store, or found nothing, has no condition.
    pub(crate) fn expected_for_deletion(&self) -> Expected {
        match self.expected() {
            Expected::Nothing | Expected::Tombstone(_) => Expected::Anything,
            expected => expected,
        }
    }

    /// Returns whether the store is known to have held no value.
    pub(crate) fn is_known_absent(&self) -> bool {
        matches!(self, Self::Nothing | Self::Tombstone(_))
    }

    /// Returns why the stored bytes were not usable, if there were any.
    pub(crate) fn unusable(&self) -> Option<Unusable> {
        match self {
            Self::Unusable(_, why) => Some(*why),
            _ => None,
        }
    }
}

/// What `fetch` does about an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WayToFetch {
    /// Nothing: the session has its value, or knows that its source has none.
    Known,
    /// It loads it.
    Load,
    /// It makes a value and inserts it in this session alone, which has removed the entry, has
    /// borrowed it without a value, or depends on its having none.
    Insert,
}

/// A version of stored bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Version {
    pub(crate) token: Token,
    /// The nonce of the write that stored these bytes, if they contain one.
    pub(crate) nonce: Option<u64>,
}

impl Version {
    /// Stands for the nonce of a placeholder, which has no content to tell two of them apart.
    const PLACEHOLDER: u64 = 0;

    /// The version of what was written with this nonce. Its token is not known: before a change, a
    /// commit looks whether it is still stored.
    pub(crate) const fn of_nonce(nonce: Option<u64>) -> Self {
        Self { token: Token::new(0, 0, 0), nonce }
    }

    /// The version of a placeholder, whose value is being made.
    pub(crate) const fn of_placeholder(token: Token) -> Self {
        Self { token, nonce: Some(Self::PLACEHOLDER) }
    }

    /// The version of a value that was invalidated. It is another one than that of the value as it
    /// was before.
    pub(crate) fn made_stale(self) -> Self {
        Self { nonce: self.nonce.map(|nonce| !nonce), ..self }
    }

    /// Returns whether `now` shows that the server has lost its values since this one was read.
    pub(crate) fn ended_with_its_server(&self, now: &Self) -> bool {
        self.token.is_of_another_life(now.token.server(), now.token.life())
    }

    /// Returns whether `now` is the same write. Tokens of one connection tell, if the store knows
    /// its server's life. Else one token may stand for two values, and the nonce decides.
    pub(crate) fn is(&self, now: &Self) -> bool {
        let (seen, token) = (self.token, now.token);
        if seen.life() != 0 && seen.connection() == token.connection() {
            return seen == token;
        }
        if self.ended_with_its_server(now) {
            return false;
        }
        self.nonce == now.nonce && (self.nonce.is_some() || seen.looks_like(token))
    }
}

/// What the store holds for a key now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Look {
    /// A value: its version, and its bytes if they are needed.
    Value { version: Version, bytes: Option<Vec<u8>> },
    /// A value of a newer version of the type.
    Newer { version: Version },
    /// No value, but the tombstone of one that was removed.
    Tombstone { version: Version },
    /// No value.
    Nothing,
}

impl Look {
    /// Returns the same look at a value that was invalidated, so that its bytes are of no use.
    pub(crate) fn made_stale(self) -> Self {
        match self {
            Self::Value { version, .. } | Self::Newer { version } => {
                Self::Value { version: version.made_stale(), bytes: None }
            }
            Self::Tombstone { version } => Self::Tombstone { version: version.made_stale() },
            Self::Nothing => Self::Nothing,
        }
    }

    /// Returns the version of the stored bytes, if there are any.
    pub(crate) fn version(&self) -> Option<Version> {
        match self {
            Self::Value { version, .. } | Self::Newer { version } | Self::Tombstone { version } => {
                Some(*version)
            }
            Self::Nothing => None,
        }
    }
}

/// What the store has to hold so that a change is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expected {
    Anything,
    Nothing,
    /// No value, but this tombstone; or nothing, once it has expired.
    Tombstone(Version),
    Version(Version),
}

impl Expected {
    pub(crate) fn condition(&self) -> Condition {
        match self {
            Self::Anything => Condition::Always,
            Self::Nothing => Condition::Absent,
            Self::Tombstone(version) | Self::Version(version) => Condition::Matches(version.token),
        }
    }

    /// Returns the same with this version of the stored bytes.
    pub(crate) fn with_version(self, version: Version) -> Self {
        match self {
            Self::Tombstone(_) => Self::Tombstone(version),
            _ => Self::Version(version),
        }
    }

    /// Returns the version that the store has to hold, if it is one.
    pub(crate) fn version(&self) -> Option<Version> {
        match self {
            Self::Tombstone(version) | Self::Version(version) => Some(*version),
            Self::Anything | Self::Nothing => None,
        }
    }
}

/// A value as it was loaded.
#[derive(Clone)]
pub(crate) struct Base {
    pub(crate) version: Version,
    pub(crate) codec: Codec,
    /// The fingerprint of the stored type, which may be an older one.
    pub(crate) fingerprint: u64,
    /// The generation of the dictionary that the value was stored in.
    pub(crate) generation: u64,
    pub(crate) payload: Arc<[u8]>,
    /// How much life it had left, if that was asked and told.
    pub(crate) life: Option<Life>,
}

impl Base {
    /// Returns the value as it was loaded. `schema` is that of `T`.
    ///
    /// # Errors
    ///
    /// The payload does not decode. This does not happen if it was loaded.
    pub(crate) fn decode<T: Tracked>(
        &self,
        schema: &Schema,
        limits: Limits,
    ) -> Result<T, Unusable> {
        decode_as(schema, limits, self.codec, self.fingerprint, &self.payload)
    }
}

/// Decodes a value, through the older type that was stored if necessary. `schema` is that of `T`, and
/// `payload` what is in the envelope, unpacked.
///
/// # Errors
///
/// The value is of another schema, from which the type does not convert, or it does not decode.
pub(crate) fn decode<T: Tracked>(
    schema: &Schema,
    limits: Limits,
    sealed: &Sealed<'_>,
    payload: &[u8],
) -> Result<T, Unusable> {
    let Sealed { codec, fingerprint, .. } = *sealed;
    decode_as(schema, limits, codec, fingerprint, payload).map_err(|why| match why {
        Unusable::OtherSchema { fingerprint, found, asked } if is_newer(schema, sealed) => {
            Unusable::NewerSchema { fingerprint, found, asked }
        }
        why => why,
    })
}

/// Returns whether a value is of a type that converts from the type with this schema, and not the
/// other way around.
pub(crate) fn is_newer(schema: &Schema, sealed: &Sealed<'_>) -> bool {
    sealed.lineage.contains(schema.fingerprint)
        && sealed.fingerprint != schema.fingerprint
        && !schema.lineage.contains(&sealed.fingerprint)
}

fn decode_as<T: Tracked>(
    schema: &Schema,
    limits: Limits,
    codec: Codec,
    fingerprint: u64,
    payload: &[u8],
) -> Result<T, Unusable> {
    let decoded = if fingerprint == schema.fingerprint {
        codec.decode(payload, limits)
    } else {
        let older = T::from_older(fingerprint, Encoded::new(codec, payload, limits));
        older.ok_or_else(|| Unusable::OtherSchema {
            fingerprint,
            found: Schema::name_of(fingerprint),
            asked: std::any::type_name::<T>(),
        })?
    };
    decoded.map_err(|_| Unusable::Undecodable)
}

/// Does not show the payload.
impl fmt::Debug for Base {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Base").field("version", &self.version).finish_non_exhaustive()
    }
}

/// Returns the paths of the fields in which `now` differs from `base`; all paths without `base`.
pub(crate) fn changed_paths<T: Tracked>(base: Option<&T>, now: &T) -> Vec<String> {
    let mut changes = T::Changes::default();
    if let Some(base) = base {
        T::diff(base, now, &mut changes);
    }
    let mut paths = Vec::new();
    changes.visit(base.is_none(), "", &mut |path| paths.push(path));
    paths
}
