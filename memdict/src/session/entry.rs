//! What a session knows about one key: a state machine, drawn here before it is written below.
//!
//! ```text
//!   Absent ---- loaded: usable ---------> Clean ---- insert ------------> New
//!   |  ^ |                                | ^  |                         ^ | ^
//!   |  | +-- loaded: nothing, or not      | |  +-- remove --> Removed ---+ | |
//!   |  |     usable: stays Absent         | |                  |  insert   | |
//!   |  +- remove of what was created -----|-|------------------|-----------+ |
//!   |                                     | |                  |             |
//!   +------------- check out -------------+-|------------------+-------------+
//!                                         v |            (from Touched as well)
//!                                     CheckedOut { was }
//!                                         |
//!            back, not marked: what it was | back, marked: Clean becomes Touched
//!            back, removed: Removed        | back, created: Absent and Removed become New
//!            back, reverted: Clean, or Absent if there was nothing
//!            back, torn by a panic: Poisoned, which nothing leaves
//! ```
//!
//! Every state but `Poisoned` keeps what the store held when the session looked ([`Seen`]), for
//! that decides on which condition a change is made: what replaces an unusable value replaces
//! exactly that one, and `remove` and then `insert` after a read keep what the read saw.

use std::sync::Arc;

use super::seen::{Base, Seen};
use crate::track::{Changes, Tracked};

/// A value that is not in a guard. The first `get` shares it; until then handing it out for
/// writing moves a pointer.
pub(crate) enum Value<T> {
    Owned(Box<T>),
    Shared(Arc<T>),
}

impl<T> Value<T> {
    pub(crate) fn get(&self) -> &T {
        match self {
            Self::Owned(value) => value,
            Self::Shared(value) => value,
        }
    }

    fn is_read(&self) -> bool {
        matches!(self, Self::Shared(value) if Arc::strong_count(value) > 1)
    }

    fn share(self) -> Arc<T> {
        match self {
            Self::Owned(value) => Arc::from(value),
            Self::Shared(value) => value,
        }
    }

    /// The value for writing, unless somebody reads it.
    fn claim(self) -> Result<Box<T>, Self> {
        match self {
            Self::Owned(value) => Ok(value),
            Self::Shared(value) => Arc::try_unwrap(value).map(Box::new).map_err(Self::Shared),
        }
    }
}

/// What was touched of a value that was handed out for writing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Marks<C> {
    /// Through the guard itself, which says nothing about the parts.
    pub(crate) whole: bool,
    /// Through views.
    pub(crate) parts: C,
}

impl<C: Changes> Marks<C> {
    /// Of a value that the session made.
    pub(crate) fn created() -> Self {
        Self { whole: true, parts: C::default() }
    }

    pub(crate) fn any(&self) -> bool {
        self.whole || self.parts.any()
    }
}

/// What a session knows about one key.
pub(crate) enum State<T: Tracked> {
    /// No value, or none that is known.
    Absent { seen: Seen },
    /// As loaded.
    Clean { value: Value<T>, base: Base },
    /// Handed out for writing, and perhaps changed.
    Touched { value: Value<T>, base: Base, marks: Marks<T::Changes> },
    /// Made by the session.
    New { value: Value<T>, seen: Seen },
    /// Removed by the session.
    Removed { seen: Seen },
    /// In a guard, which has the value and the marks.
    CheckedOut { was: Was },
    /// A panic struck while the value was being changed.
    Poisoned,
}

/// What a checked out entry was, and is again if nothing comes of it.
#[derive(Debug, Clone)]
pub(crate) enum Was {
    Absent { seen: Seen },
    Clean { base: Base },
    Touched { base: Base },
    New { seen: Seen },
    Removed { seen: Seen },
}

impl Was {
    /// What was loaded, if anything was.
    pub(crate) fn base(&self) -> Option<&Base> {
        match self {
            Self::Clean { base } | Self::Touched { base } => Some(base),
            Self::Absent { seen } | Self::New { seen } | Self::Removed { seen } => seen.base(),
        }
    }
}

/// What is done with an entry.
pub(crate) enum Call<T: Tracked> {
    /// A load came back.
    Loaded { value: Option<Box<T>>, seen: Seen },
    /// Hand it out for reading.
    Read,
    /// Hand it out for writing.
    CheckOut,
    /// A guard comes back.
    CheckIn { value: Option<Box<T>>, marks: Marks<T::Changes>, back: Back },
    /// Put a value in its place.
    Insert(Box<T>),
    /// Take the value away.
    Remove,
}

/// How a guard comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Back {
    /// With a value, or without one from a vacant entry that stayed so.
    Kept,
    /// Its value was removed.
    Removed,
    /// With the value as it was loaded; without one if none was.
    Reverted,
    /// A panic struck while the value was being changed.
    Torn,
}

/// What a call gives.
pub(crate) enum Answer<T: Tracked> {
    Done,
    /// Nothing is known of the entry: it is to be loaded first.
    Unread,
    Read(Option<Arc<T>>),
    Out {
        value: Option<Box<T>>,
        marks: Marks<T::Changes>,
    },
}

/// A call that the state does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Misuse {
    AlreadyBorrowed,
    Poisoned,
}

impl<T: Tracked> State<T> {
    /// Nothing is known yet.
    pub(crate) fn unread() -> Self {
        Self::Absent { seen: Seen::Unread }
    }

    pub(crate) fn needs_load(&self) -> bool {
        matches!(self, Self::Absent { seen: Seen::Unread })
    }

    /// Whether there is a value; it need not be free.
    pub(crate) fn holds_value(&self) -> Result<bool, Misuse> {
        match self {
            Self::Clean { .. } | Self::Touched { .. } | Self::New { .. } => Ok(true),
            Self::Absent { .. } | Self::Removed { .. } => Ok(false),
            Self::CheckedOut { .. } => Err(Misuse::AlreadyBorrowed),
            Self::Poisoned => Err(Misuse::Poisoned),
        }
    }

    /// Every transition there is. A call that is not allowed changes nothing.
    ///
    /// Who calls knows which call it is: inlined there, only the lines of that one are left.
    #[inline(always)]
    pub(crate) fn next(self, call: Call<T>) -> (Self, Result<Answer<T>, Misuse>) {
        let done = |state| (state, Ok(Answer::Done));
        let out = |was, value, marks| (Self::CheckedOut { was }, Ok(Answer::Out { value, marks }));
        match (self, call) {
            // Of two loads that race the first one counts, and none undoes what was done since.
            (Self::Absent { seen: Seen::Unread }, Call::Loaded { value, seen }) => {
                done(match (value, seen) {
                    (Some(value), Seen::Value(base)) => {
                        Self::Clean { value: Value::Owned(value), base }
                    }
                    (_, seen) => Self::Absent { seen },
                })
            }
            (state, Call::Loaded { .. }) => done(state),

            (state @ Self::Absent { seen: Seen::Unread }, Call::Read | Call::CheckOut) => {
                (state, Ok(Answer::Unread))
            }

            (Self::Clean { value, base }, Call::Read) => {
                let (value, read) = shared(value);
                (Self::Clean { value, base }, read)
            }
            (Self::Touched { value, base, marks }, Call::Read) => {
                let (value, read) = shared(value);
                (Self::Touched { value, base, marks }, read)
            }
            (Self::New { value, seen }, Call::Read) => {
                let (value, read) = shared(value);
                (Self::New { value, seen }, read)
            }
            (state @ (Self::Absent { .. } | Self::Removed { .. }), Call::Read) => {
                (state, Ok(Answer::Read(None)))
            }

            (Self::Absent { seen }, Call::CheckOut) => {
                out(Was::Absent { seen }, None, Marks::default())
            }
            (Self::Removed { seen }, Call::CheckOut) => {
                out(Was::Removed { seen }, None, Marks::default())
            }
            (Self::Clean { value, base }, Call::CheckOut) => match value.claim() {
                Ok(value) => out(Was::Clean { base }, Some(value), Marks::default()),
                Err(value) => (Self::Clean { value, base }, Err(Misuse::AlreadyBorrowed)),
            },
            (Self::Touched { value, base, marks }, Call::CheckOut) => match value.claim() {
                Ok(value) => out(Was::Touched { base }, Some(value), marks),
                Err(value) => (Self::Touched { value, base, marks }, Err(Misuse::AlreadyBorrowed)),
            },
            (Self::New { value, seen }, Call::CheckOut) => match value.claim() {
                Ok(value) => out(Was::New { seen }, Some(value), Marks::created()),
                Err(value) => (Self::New { value, seen }, Err(Misuse::AlreadyBorrowed)),
            },

            (Self::CheckedOut { was }, Call::CheckIn { value, marks, back }) => {
                done(Self::checked_in(was, value, marks, back))
            }
            // Only a guard checks in, and while it lives nothing else changes the state.
            (state, Call::CheckIn { .. }) => done(state),

            (
                state @ (Self::Clean { .. } | Self::Touched { .. } | Self::New { .. }),
                Call::Insert(_) | Call::Remove,
            ) if state.is_read() => (state, Err(Misuse::AlreadyBorrowed)),

            (Self::Clean { base, .. } | Self::Touched { base, .. }, Call::Insert(value)) => {
                done(Self::New { value: Value::Owned(value), seen: Seen::Value(base) })
            }
            (
                Self::Absent { seen } | Self::Removed { seen } | Self::New { seen, .. },
                Call::Insert(value),
            ) => done(Self::New { value: Value::Owned(value), seen }),

            (Self::Clean { base, .. } | Self::Touched { base, .. }, Call::Remove) => {
                done(Self::Removed { seen: Seen::Value(base) })
            }
            (
                Self::Absent { seen } | Self::Removed { seen } | Self::New { seen, .. },
                Call::Remove,
            ) => done(Self::removed(seen)),

            (state @ Self::CheckedOut { .. }, _) => (state, Err(Misuse::AlreadyBorrowed)),
            (state @ Self::Poisoned, _) => (state, Err(Misuse::Poisoned)),
        }
    }

    #[inline(always)]
    fn checked_in(was: Was, value: Option<Box<T>>, marks: Marks<T::Changes>, back: Back) -> Self {
        let value = value.map(Value::Owned);
        match (was, back, value) {
            (_, Back::Torn, _) => Self::Poisoned,

            (Was::Clean { base } | Was::Touched { base }, Back::Removed, _) => {
                Self::Removed { seen: Seen::Value(base) }
            }
            (Was::New { seen }, Back::Removed, _) => Self::removed(seen),

            (Was::Clean { base }, Back::Kept, Some(value)) if !marks.any() => {
                Self::Clean { value, base }
            }
            (Was::Clean { base } | Was::Touched { base }, Back::Kept, Some(value)) => {
                Self::Touched { value, base, marks }
            }
            (Was::New { seen }, Back::Kept, Some(value)) => Self::New { value, seen },

            (
                Was::Clean { base } | Was::Touched { base } | Was::New { seen: Seen::Value(base) },
                Back::Reverted,
                Some(value),
            ) => Self::Clean { value, base },
            (Was::New { seen }, Back::Reverted, _) => Self::Absent { seen },

            // A vacant entry: filled, or left as it was.
            (Was::Absent { seen } | Was::Removed { seen }, Back::Kept, Some(value)) => {
                Self::New { value, seen }
            }
            (Was::Absent { seen }, ..) => Self::Absent { seen },
            (Was::Removed { seen }, ..) => Self::Removed { seen },

            // A guard that lost its value: no guard does.
            (Was::Clean { .. } | Was::Touched { .. } | Was::New { .. }, _, None) => Self::Poisoned,
        }
    }

    /// Where the store is known to hold nothing, there is nothing left to do.
    fn removed(seen: Seen) -> Self {
        match seen {
            Seen::Nothing => Self::Absent { seen },
            _ => Self::Removed { seen },
        }
    }

    fn is_read(&self) -> bool {
        match self {
            Self::Clean { value, .. } | Self::Touched { value, .. } | Self::New { value, .. } => {
                value.is_read()
            }
            _ => false,
        }
    }
}

fn shared<T: Tracked>(value: Value<T>) -> (Value<T>, Result<Answer<T>, Misuse>) {
    let value = value.share();
    (Value::Shared(Arc::clone(&value)), Ok(Answer::Read(Some(value))))
}

#[cfg(test)]
mod tests;
