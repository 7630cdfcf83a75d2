//! Optional abilities of a store.

/// What a store can do beyond loading, storing and deleting.
///
/// By default a store has conditional stores and conditional deletes, and nothing else. Abilities that
/// are added are off until a store declares them, so a store written today stays correct.
///
/// ```
/// use memdict::Caps;
///
/// let caps = Caps::default().without_conditional_delete().with_touch();
/// assert!(caps.conditional_store() && !caps.conditional_delete());
/// assert!(caps.touch() && !caps.leases());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caps {
    conditional_store: bool,
    conditional_delete: bool,
    touch: bool,
    life: bool,
    leases: bool,
    stale: bool,
    counts: bool,
    waits: bool,
}

impl Default for Caps {
    fn default() -> Self {
        Self {
            conditional_store: true,
            conditional_delete: true,
            touch: false,
            life: false,
            leases: false,
            stale: false,
            counts: false,
            waits: true,
        }
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

    /// Declares every ability.
    #[must_use]
    pub(crate) const fn all() -> Self {
        Self {
            conditional_store: true,
            conditional_delete: true,
            touch: true,
            life: true,
            leases: true,
            stale: true,
            counts: true,
            waits: true,
        }
    }

    /// Declares that the store can set the end of a value's life anew.
    #[must_use]
    pub const fn with_touch(mut self) -> Self {
        self.touch = true;
        self
    }

    /// Declares that the store tells how much life a value has left.
    #[must_use]
    pub const fn with_life(mut self) -> Self {
        self.life = true;
        self
    }

    /// Declares that the store gives leases, and rights to renew a value.
    #[must_use]
    pub const fn with_leases(mut self) -> Self {
        self.leases = true;
        self
    }

    /// Declares that the store keeps stale values.
    #[must_use]
    pub const fn with_stale(mut self) -> Self {
        self.stale = true;
        self
    }

    /// Declares that the store changes numbers.
    #[must_use]
    pub const fn with_counts(mut self) -> Self {
        self.counts = true;
        self
    }

    /// Returns whether [`Op::Touch`](crate::Op::Touch) and [`Load::touch`](crate::Load::touch) work.
    #[must_use]
    pub const fn touch(self) -> bool {
        self.touch
    }

    /// Returns whether [`Load::with_life`](crate::Load::with_life) works.
    #[must_use]
    pub const fn life(self) -> bool {
        self.life
    }

    /// Returns whether [`Load::lease`](crate::Load::lease) and
    /// [`Load::renew_within`](crate::Load::renew_within) work.
    #[must_use]
    pub const fn leases(self) -> bool {
        self.leases
    }

    /// Returns whether [`Op::Invalidate`](crate::Op::Invalidate) keeps the value.
    #[must_use]
    pub const fn stale(self) -> bool {
        self.stale
    }

    /// Returns whether [`Op::Count`](crate::Op::Count) works.
    #[must_use]
    pub const fn counts(self) -> bool {
        self.counts
    }
}
