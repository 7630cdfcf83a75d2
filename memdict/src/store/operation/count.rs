//! Counts: changes of a number that the server computes.

use crate::store::expiry::Expiry;

/// What [`Op::Count`](crate::Op::Count) does with a stored number.
///
/// The number is stored as decimal digits, as memcached does. It is between 0 and 2^64 - 1: a
/// subtraction ends at 0, and an addition begins at 0 again after the largest number. A stored value
/// that is no number, the placeholder of a lease among them, is not changed, and the change is
/// [refused](crate::StoreError::Refused).
///
/// A number that has lost a digit keeps its length: `100` less 1 is stored as `99` and a space.
///
/// ```
/// use std::time::Duration;
/// use memdict::{Applied, Change, Condition, Count, Expiry, MemoryStore, Op, Store};
///
/// let store = MemoryStore::new();
/// let minute = Expiry::After(Duration::from_secs(60));
/// let count = Op::Count(Count::add(1).or_start_at(1, minute));
/// let change = Change::new(b"visits", count, Condition::Always);
/// let mut numbers = Vec::new();
/// store.apply_many(&[change, change], &mut |_, applied| numbers.push(applied));
/// assert!(matches!(numbers[..], [Ok(Applied::Counted(1)), Ok(Applied::Counted(2))]));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Count {
    /// The change.
    pub by: By,
    /// The number to store if there is none, and the end of its life, or `None` to store nothing.
    pub start: Option<(u64, Expiry)>,
    /// The end of life to set if there is a number, or `None` to leave it as it is.
    pub expiry: Option<Expiry>,
}

/// How a number is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum By {
    /// It becomes this much larger.
    Adding(u64),
    /// It becomes this much smaller, but not less than 0.
    Subtracting(u64),
}

impl By {
    /// Returns the changed number.
    #[must_use]
    pub const fn apply(self, number: u64) -> u64 {
        match self {
            Self::Adding(amount) => number.wrapping_add(amount),
            Self::Subtracting(amount) => number.saturating_sub(amount),
        }
    }
}

impl Count {
    /// Adds to a stored number.
    #[must_use]
    pub const fn add(amount: u64) -> Self {
        Self { by: By::Adding(amount), start: None, expiry: None }
    }

    /// Subtracts from a stored number.
    #[must_use]
    pub const fn subtract(amount: u64) -> Self {
        Self { by: By::Subtracting(amount), start: None, expiry: None }
    }

    /// Stores this number, as it is, if there is none.
    #[must_use]
    pub const fn or_start_at(mut self, number: u64, expiry: Expiry) -> Self {
        self.start = Some((number, expiry));
        self
    }

    /// Sets the end of life anew if there is a number.
    #[must_use]
    pub const fn touch(mut self, expiry: Expiry) -> Self {
        self.expiry = Some(expiry);
        self
    }
}
