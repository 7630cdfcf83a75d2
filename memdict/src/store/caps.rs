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
}

impl Default for Caps {
    fn default() -> Self {
        Self { conditional_store: true, conditional_delete: true }
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
