//! What the store held when the session looked: what a change is compared with, and on what
//! condition it is made.

use std::{fmt, sync::Arc};

use crate::{
    codec::{Codec, Encoded},
    envelope::Unusable,
    store::{Condition, Token},
    track::{Changes, Schema, Tracked},
};

/// What the store held when the session looked.
#[derive(Debug, Clone)]
pub(crate) enum Seen {
    /// The session has not looked: `insert` and `remove` need no read.
    Unread,
    /// Nothing.
    Nothing,
    /// The store could not be reached, which reads as a miss.
    Unreachable,
    /// Bytes that are no usable value: corrupt, foreign, or of another schema.
    Unusable(Token),
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

    /// On what condition a value takes the place of what was seen.
    pub(crate) fn store_when(&self) -> Condition {
        match self {
            Self::Unread => Condition::Always,
            Self::Nothing | Self::Unreachable => Condition::Absent,
            Self::Unusable(token) | Self::Value(Base { token, .. }) => Condition::Matches(*token),
        }
    }

    /// On what condition what was seen is deleted. A read that did not reach the store saw
    /// nothing that a deletion could go by.
    pub(crate) fn delete_when(&self) -> Condition {
        match self {
            Self::Unread | Self::Unreachable | Self::Nothing => Condition::Always,
            Self::Unusable(token) | Self::Value(Base { token, .. }) => Condition::Matches(*token),
        }
    }
}

/// A value as it was loaded.
#[derive(Clone)]
pub(crate) struct Base {
    pub(crate) token: Token,
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
        older.ok_or(Unusable::OtherSchema)?
    };
    decoded.map_err(|_| Unusable::Undecodable)
}

/// Without the payload.
impl fmt::Debug for Base {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Base").field("token", &self.token).finish_non_exhaustive()
    }
}

/// The paths of the parts in which `now` is not the same as `base`; all of them without one.
pub(crate) fn changed_paths<T: Tracked>(base: Option<&T>, now: &T) -> Vec<String> {
    let mut changes = T::Changes::default();
    match base {
        Some(base) => T::diff(base, now, &mut changes),
        None => changes.mark_all(),
    }
    let mut paths = Vec::new();
    changes.visit("", &mut |path| paths.push(path));
    paths
}
