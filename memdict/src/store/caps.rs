//! Optional abilities of a store.

/// What a store can do beyond loading, storing and deleting.
///
/// By default a store has every ability that this version of memdict asks for: conditional stores
/// and conditional deletes. Abilities that later versions add will be off until a store declares
/// them, so a store written today stays correct.
///
/// ```
/// use memdict::Caps;
///
/// let caps = Caps::default().without_conditional_delete();
/// assert!(caps.conditional_store() && !caps.conditional_delete());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caps {
    conditional_store: bool,
    conditional_delete: bool,
    waits: bool,
}

impl Default for Caps {
    fn default() -> Self {
        Self { conditional_store: true, conditional_delete: true, waits: true }
    }
}

impl Caps {
    /// Declares that the store cannot store a value on the condition that it has not changed.
    #[must_use]
    pub const fn without_conditional_store(mut self) -> Self {
        self.conditional_store = false;
        self
    }

    /// Declares that the store cannot delete a value on the condition that it has not changed.
    #[must_use]
    pub const fn without_conditional_delete(mut self) -> Self {
        self.conditional_delete = false;
        self
    }

    /// Declares that the store never waits for anything, so that it is not worthwhile to measure
    /// how long it takes.
    #[must_use]
    pub const fn without_waits(mut self) -> Self {
        self.waits = false;
        self
    }

    /// Returns whether the store may wait, and [how long](crate::Cache::latencies) it takes is
    /// measured.
    #[must_use]
    pub const fn waits(self) -> bool {
        self.waits
    }

    /// Returns whether [`Condition::Matches`](crate::Condition::Matches) works for
    /// [`Op::Store`](crate::Op::Store).
    #[must_use]
    pub const fn conditional_store(self) -> bool {
        self.conditional_store
    }

    /// Returns whether [`Condition::Matches`](crate::Condition::Matches) works for
    /// [`Op::Delete`](crate::Op::Delete).
    #[must_use]
    pub const fn conditional_delete(self) -> bool {
        self.conditional_delete
    }
}
