//! The reasons why stored bytes are not a usable value. A key with such bytes is a miss.

use std::fmt;

/// The reason why the stored value of a key is not usable, in
/// [`Lookup::Unusable`](crate::Lookup::Unusable).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unusable {
    /// The bytes were not written by memdict.
    Foreign,
    /// The value was written by a newer memdict, with a codec or a feature that this one lacks, or with
    /// another trained dictionary (`DictDef::trained_by`).
    Newer,
    /// The value is truncated or damaged, or it was stored under another key and then moved here:
    /// its checksum covers namespace, dictionary and key.
    Damaged,
    /// The value is not signed with any of the cache's
    /// [secrets](crate::CacheBuilder::secrets).
    Unverified,
    /// The value belongs to another key with the same hash.
    OtherKey,
    /// The value was stored as another type, or as another version of this type.
    #[non_exhaustive]
    OtherSchema {
        /// The fingerprint of the stored schema.
        fingerprint: u64,
        /// The type that was stored, if this process knows it.
        found: Option<&'static str>,
        /// The type that was asked for.
        asked: &'static str,
    },
    /// The value was stored as a newer version of this type: one that converts from it
    /// (`#[memdict(from = OldType)]`). A session that has read such a value does not replace it.
    #[non_exhaustive]
    NewerSchema {
        /// The fingerprint of the stored schema.
        fingerprint: u64,
        /// The type that was stored, if this process knows it.
        found: Option<&'static str>,
        /// The type that was asked for.
        asked: &'static str,
    },
    /// The payload does not decode, although its envelope is intact.
    Undecodable,
    /// The value was invalidated. The next session may replace it.
    Stale,
    /// There is no value yet: a caller has the lease to make it. A session may store a value
    /// nevertheless, which wins over that caller's.
    Leased,
    /// The dictionary was [cleared](crate::Cache::clear) after the value was stored, or its
    /// generation was lost, which clears it as well. The next session may replace it.
    Cleared,
}

impl Unusable {
    /// Returns whether this is in the nature of a cache, and neither damage nor another program's
    /// doing.
    pub(crate) fn is_ordinary(self) -> bool {
        matches!(self, Self::Stale | Self::Leased | Self::Cleared)
    }
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Foreign => f.write_str("memdict did not write the stored bytes"),
            Self::Newer => f.write_str("the stored value has a newer format"),
            Self::Damaged => {
                f.write_str("the stored value is damaged, or was stored under another key")
            }
            Self::Unverified => f.write_str("the stored value is not signed with a known secret"),
            Self::OtherKey => {
                f.write_str("the stored value belongs to another key with the same hash")
            }
            Self::OtherSchema { found: Some(found), asked, .. } => {
                write!(f, "the stored value is a `{found}`, not a `{asked}`")
            }
            Self::OtherSchema { fingerprint, asked, .. } => write!(
                f,
                "the stored value has the schema {fingerprint:016x}, which is not that of `{asked}`"
            ),
            Self::NewerSchema { found: Some(found), asked, .. } => {
                write!(f, "the stored value is a `{found}`, a newer version of `{asked}`")
            }
            Self::NewerSchema { fingerprint, asked, .. } => write!(
                f,
                "the stored value has the schema {fingerprint:016x}, a newer version of `{asked}`"
            ),
            Self::Undecodable => f.write_str("the stored value does not decode"),
            Self::Stale => f.write_str("the stored value was invalidated"),
            Self::Leased => f.write_str("the value is being made by another caller"),
            Self::Cleared => f.write_str("the dictionary was cleared after the value was stored"),
        }
    }
}
