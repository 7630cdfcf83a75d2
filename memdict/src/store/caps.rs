//! What a store can do beyond loading, storing and deleting.

/// What a store can do beyond loading, storing and deleting.
///
/// The default is what every store of this version is asked for: changes on the condition that a
/// value has not changed. What later versions of memdict can make use of is off until a store says
/// that it has it, so a store that was written before stays right.
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
    /// Says that the store cannot store a value on the condition that it has not changed.
    #[must_use]
    pub const fn without_conditional_store(mut self) -> Self {
        self.conditional_store = false;
        self
    }

    /// Says that the store cannot delete a value on the condition that it has not changed.
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
