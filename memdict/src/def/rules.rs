//! The rules for values that several sessions change.

/// What a commit does with a key that another session has changed since this session read it.
///
/// `insert` and `remove` without a read of the key are never in conflict, because the change does
/// not depend on the stored value.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnConflict {
    /// Reports the key in [`Error::Conflict`](crate::Error::Conflict) and keeps the stored value.
    #[default]
    Fail,
    /// Stores this session's value over any stored value, even if this session had read a miss. The
    /// other session's change is overwritten, and neither session is told.
    LastWriteWins,
    /// Merges three values field by field, as the type's `#[memdict(merge)]` says: the loaded
    /// value, this session's changed value, and the stored value. What cannot be merged is a
    /// conflict as with `Fail`: both sides changed a field without a rule, a rule or a function
    /// failed, this session removed the value, or both sides created it. If the value is gone,
    /// [`OnVanished`] applies.
    Merge,
}

/// What a commit does with a value that this session read and changed, and that the store no longer
/// has. Eviction, expiry and removal by another session look alike, unless the dictionary leaves
/// [tombstones](crate::DictDef::tombstone): then a removal is a conflict, whatever this says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnVanished {
    /// Stores the value again, unless another session has stored one in the meantime. If another
    /// session had changed the value before it was evicted, that change is lost without notice.
    #[default]
    Recreate,
    /// Reports the key in [`Error::Conflict`](crate::Error::Conflict) and stores nothing.
    Fail,
}

/// What a commit does with a change of a key whose stored bytes this session has read and could not
/// use ([`Unusable`](crate::Unusable)).
///
/// A value of a [newer version](crate::Unusable::NewerSchema) of the type is always kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnUnusable {
    /// Replaces exactly these bytes, so that a cache refills after a deployment with another type.
    /// [`CommitReport::replaced`](crate::CommitReport::replaced) lists them.
    #[default]
    Replace,
    /// Reports the key in [`Error::Conflict`](crate::Error::Conflict) and keeps the stored bytes.
    Keep,
}

/// The rules of a dictionary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rules {
    pub(crate) on_conflict: OnConflict,
    pub(crate) on_vanished: OnVanished,
    pub(crate) on_unusable: OnUnusable,
}

impl Rules {
    pub(crate) const DEFAULT: Self = Self {
        on_conflict: OnConflict::Fail,
        on_vanished: OnVanished::Recreate,
        on_unusable: OnUnusable::Replace,
    };
}
