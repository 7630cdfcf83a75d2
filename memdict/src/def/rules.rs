//! By which rules a dictionary's values change while others change them.

/// What a commit does about a key that another session has changed since this one read it.
///
/// `insert` and `remove` without a read of the key are never in conflict: the stored value had no
/// part in the decision.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnConflict {
    /// Reports the key in [`Error::Conflict`](crate::Error::Conflict) and leaves the stored value.
    #[default]
    Fail,
    /// Stores this session's value, whatever the store holds, and also a value made after a miss.
    /// The other session's change is overwritten, and nobody is told.
    LastWriteWins,
    /// Merges the loaded value, what this session made of it and the stored value, field by field,
    /// as the type says: `#[memdict(merge)]`. What cannot be merged is a conflict as with `Fail`:
    /// both sides changed a field without a rule, a rule or function failed, this session removed
    /// the value, or both sides created it. A value that is gone is left to [`OnVanished`].
    Merge,
}

/// What a commit does about a value that this session read and changed, and that the store no
/// longer has. Eviction, expiry and removal by another session look alike.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnVanished {
    /// Stores the value anew, unless another session has stored one meanwhile. If another session
    /// had changed the value before it was evicted, that change is lost with it; nobody can tell.
    #[default]
    Recreate,
    /// Reports the key in [`Error::Conflict`](crate::Error::Conflict) and stores nothing.
    Fail,
}

/// Both of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rules {
    pub(crate) on_conflict: OnConflict,
    pub(crate) on_vanished: OnVanished,
}

impl Rules {
    pub(crate) const DEFAULT: Self =
        Self { on_conflict: OnConflict::Fail, on_vanished: OnVanished::Recreate };
}
