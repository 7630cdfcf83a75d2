//! What the store held when the session looked: what a change is compared with, and on what
//! condition it is made.

use std::{fmt, sync::Arc};

use crate::{
    codec::{Codec, Encoded},
    store::operation::{Condition, Token},
    track::{Changes, Schema, Tracked},
    unusable::Unusable,
};

/// What the store held when the session looked.
#[derive(Debug, Clone)]
pub(crate) enum Seen {
    /// The session has not looked: `insert` and `remove` need no read.
    Unread,
    /// No value.
    Nothing,
    /// The store could not be reached, which reads as a miss. The reason is said once more by
    /// `lookup`.
    Unreachable(Arc<str>),
    /// Bytes that are no usable value.
    Unusable(Version, Unusable),
    /// A value.
    Value(Base),
}

impl Seen {
    pub(crate) fn base(&self) -> Option<&Base> {
        match self {
            Self::Value(base) => Some(base),
            _ => None,
        }
    }

    /// What has to be there for a value to take its place.
    pub(crate) fn expected(&self) -> Expected {
        match self {
            Self::Unread => Expected::Anything,
            Self::Nothing | Self::Unreachable(_) => Expected::Nothing,
            Self::Unusable(version, _) | Self::Value(Base { version, .. }) => {
                Expected::Version(*version)
            }
        }
    }

    /// What has to be there to be deleted. A read that did not reach the store saw nothing that
    /// a deletion could go by.
    pub(crate) fn expected_for_deletion(&self) -> Expected {
        match self.expected() {
            Expected::Nothing => Expected::Anything,
            expected => expected,
        }
    }
}

/// A version of stored bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Version {
    pub(crate) token: Token,
    /// Whose write it is, if the bytes say so.
    pub(crate) nonce: Option<u64>,
}

impl Version {
    /// Whether `now` shows that the server has lost what it had when this was read.
    pub(crate) fn ended_with_its_server(&self, now: &Self) -> bool {
        self.token.is_of_another_life(now.token.server(), now.token.life())
    }

    /// Whether `now` is the same write. Where the store tells no life from another, one token may
    /// stand for two values, and the nonce decides.
    pub(crate) fn is(&self, now: &Self) -> bool {
        let same_token = self.token == now.token;
        if self.token.life() == 0 {
            self.nonce == now.nonce && (self.nonce.is_some() || same_token)
        } else {
            same_token
        }
    }
}

/// What is under a key now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Look {
    /// A value: its version, and its bytes where they are needed.
    Value { version: Version, bytes: Option<Vec<u8>> },
    /// None.
    Nothing,
}

/// What has to be there for a change to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expected {
    Anything,
    Nothing,
    Version(Version),
}

impl Expected {
    pub(crate) fn condition(&self) -> Condition {
        match self {
            Self::Anything => Condition::Always,
            Self::Nothing => Condition::Absent,
            Self::Version(version) => Condition::Matches(version.token),
        }
    }
}

/// A value as it was loaded.
#[derive(Clone)]
pub(crate) struct Base {
    pub(crate) version: Version,
    pub(crate) codec: Codec,
    /// Of the type that was stored, which may be an older one.
    pub(crate) fingerprint: u64,
    pub(crate) payload: Arc<[u8]>,
}

impl Base {
    /// The value again, as it was loaded. `schema` is that of `T`.
    ///
    /// # Errors
    ///
    /// It does not decode; what was loaded does.
    pub(crate) fn decode<T: Tracked>(&self, schema: &Schema) -> Result<T, Unusable> {
        decode(schema, self.codec, self.fingerprint, &self.payload)
    }
}

/// Decodes a payload, if need be through the older type that was stored. `schema` is that of `T`.
///
/// # Errors
///
/// It is of another schema that the type does not know how to convert, or does not decode.
pub(crate) fn decode<T: Tracked>(
    schema: &Schema,
    codec: Codec,
    fingerprint: u64,
    payload: &[u8],
) -> Result<T, Unusable> {
    let decoded = if fingerprint == schema.fingerprint {
        codec.decode(payload)
    } else {
        let older = T::from_older(fingerprint, Encoded::new(codec, payload));
        older.ok_or_else(|| Unusable::OtherSchema {
            fingerprint,
            found: Schema::name_of(fingerprint),
            asked: std::any::type_name::<T>(),
        })?
    };
    decoded.map_err(|_| Unusable::Undecodable)
}

/// Without the payload.
impl fmt::Debug for Base {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Base").field("version", &self.version).finish_non_exhaustive()
    }
}

/// The paths of the parts in which `now` is not the same as `base`; all of them without one.
pub(crate) fn changed_paths<T: Tracked>(base: Option<&T>, now: &T) -> Vec<String> {
    let mut changes = T::Changes::default();
    if let Some(base) = base {
        T::diff(base, now, &mut changes);
    }
    let mut paths = Vec::new();
    changes.visit(base.is_none(), "", &mut |path| paths.push(path));
    paths
}
