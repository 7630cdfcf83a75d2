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
//!            back, torn by a panic: Poisoned, which only a rollback leaves
//!
//!   any state -- restore: Absent, Clean, Touched, New or Removed, as it was at a savepoint
//! ```
//!
//! A rollback to a savepoint restores, from whatever state: a guard that was leaked since cannot
//! come back, for it borrowed the session, which a savepoint and a rollback take `&mut`. What
//! cannot be restored is `Poisoned`.
//!
//! Beside the state stands what the store held when the session looked ([`Seen`]). Only a load
//! sets it, once, for it decides on which condition a change is made: what replaces an unusable
//! value replaces exactly that one, and `remove` and then `insert` after a read go by what the
//! read saw. What is `Clean` or `Touched` was seen as a value.

use std::sync::Arc;

use super::seen::Seen;
use crate::track::{Changes, Tracked};

/// A value that is not in a guard. The first `get` shares it; until then handing it out for
/// writing moves a pointer.
pub(crate) enum Value<T> {
    Owned(Box<T>),
    Shared(Arc<T>),
}

/// What a value is loaded for: it is kept so that this needs no copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum For {
    Reading,
    Writing,
}

impl<T> Value<T> {
    pub(crate) fn new(value: T, what_for: For) -> Self {
        match what_for {
            For::Reading => Self::Shared(Arc::new(value)),
            For::Writing => Self::Owned(Box::new(value)),
        }
    }

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
    #[inline]
    fn claim(self) -> Result<Box<T>, Self> {
        match self {
            Self::Owned(value) => Ok(value),
            Self::Shared(value) => Self::unshare(value),
        }
    }

    #[cold]
    fn unshare(value: Arc<T>) -> Result<Box<T>, Self> {
        Arc::try_unwrap(value).map(Box::new).map_err(Self::Shared)
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
    Absent,
    /// As loaded.
    Clean { value: Value<T> },
    /// Handed out for writing, and perhaps changed.
    Touched { value: Value<T>, marks: Marks<T::Changes> },
    /// Made by the session.
    New { value: Value<T> },
    /// Removed by the session.
    Removed,
    /// In a guard, which has the value and the marks.
    CheckedOut { was: Was },
    /// A panic struck while the value was being changed, or what it was did not decode.
    Poisoned,
}

/// What a checked out entry was, and is again if nothing comes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Was {
    Absent,
    Clean,
    Touched,
    New,
    Removed,
}

/// What is done with an entry.
pub(crate) enum Call<T: Tracked> {
    /// A load came back.
    Loaded { value: Option<Value<T>>, seen: Seen },
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
    /// Make it what it was. `Clean` and `Touched` only where a value was seen, `Absent` only
    /// where none was.
    Restore(State<T>),
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
    /// A guard for this lives.
    AlreadyBorrowed(For),
    Poisoned,
}

/// A guard for reading lives.
const READ: Misuse = Misuse::AlreadyBorrowed(For::Reading);

impl<T: Tracked> State<T> {
    /// Whether nothing is known yet.
    pub(crate) fn needs_load(&self, seen: &Seen) -> bool {
        matches!((self, seen), (Self::Absent, Seen::Unread))
    }

    /// Whether there is a value; it need not be free.
    pub(crate) fn holds_value(&self) -> Result<bool, Misuse> {
        match self {
            Self::Clean { .. } | Self::Touched { .. } | Self::New { .. } => Ok(true),
            Self::Absent | Self::Removed => Ok(false),
            Self::CheckedOut { .. } => Err(Misuse::AlreadyBorrowed(For::Writing)),
            Self::Poisoned => Err(Misuse::Poisoned),
        }
    }

    /// Every transition there is. A call that is not allowed changes nothing.
    ///
    /// Who calls knows which call it is: inlined there, only the lines of that one are left.
    #[inline(always)]
    pub(crate) fn next(self, seen: &mut Seen, call: Call<T>) -> (Self, Result<Answer<T>, Misuse>) {
        let done = |state| (state, Ok(Answer::Done));
        let out = |was, value, marks| (Self::CheckedOut { was }, Ok(Answer::Out { value, marks }));
        match (self, call) {
            // Of two loads that race the first one counts, and none undoes what was done since.
            (Self::Absent, Call::Loaded { value, seen: found }) if matches!(seen, Seen::Unread) => {
                *seen = found;
                done(match value {
                    Some(value) if seen.base().is_some() => Self::Clean { value },
                    _ => Self::Absent,
                })
            }
            (state, Call::Loaded { .. }) => done(state),

            (Self::Absent, Call::Read | Call::CheckOut) if matches!(seen, Seen::Unread) => {
                (Self::Absent, Ok(Answer::Unread))
            }

            (Self::Clean { value }, Call::Read) => {
                let (value, read) = shared(value);
                (Self::Clean { value }, read)
            }
            (Self::Touched { value, marks }, Call::Read) => {
                let (value, read) = shared(value);
                (Self::Touched { value, marks }, read)
            }
            (Self::New { value }, Call::Read) => {
                let (value, read) = shared(value);
                (Self::New { value }, read)
            }
            (state @ (Self::Absent | Self::Removed), Call::Read) => (state, Ok(Answer::Read(None))),

            (Self::Absent, Call::CheckOut) => out(Was::Absent, None, Marks::default()),
            (Self::Removed, Call::CheckOut) => out(Was::Removed, None, Marks::default()),
            (Self::Clean { value }, Call::CheckOut) => match value.claim() {
                Ok(value) => out(Was::Clean, Some(value), Marks::default()),
                Err(value) => (Self::Clean { value }, Err(READ)),
            },
            (Self::Touched { value, marks }, Call::CheckOut) => match value.claim() {
                Ok(value) => out(Was::Touched, Some(value), marks),
                Err(value) => (Self::Touched { value, marks }, Err(READ)),
            },
            (Self::New { value }, Call::CheckOut) => match value.claim() {
                Ok(value) => out(Was::New, Some(value), Marks::created()),
                Err(value) => (Self::New { value }, Err(READ)),
            },

            (Self::CheckedOut { was }, Call::CheckIn { value, marks, back }) => {
                done(Self::checked_in(was, seen, value, marks, back))
            }
            (_, Call::Restore(Self::Removed)) => done(Self::removed(seen)),
            (_, Call::Restore(state)) => done(state),

            // Only a guard checks in, and while it lives nothing else changes the state.
            (state, Call::CheckIn { .. }) => done(state),

            (state @ Self::CheckedOut { .. }, _) => {
                (state, Err(Misuse::AlreadyBorrowed(For::Writing)))
            }
            (state @ Self::Poisoned, _) => (state, Err(Misuse::Poisoned)),
            (state, Call::Insert(_) | Call::Remove) if state.is_read() => (state, Err(READ)),

            (_, Call::Insert(value)) => done(Self::New { value: Value::Owned(value) }),
            (_, Call::Remove) => done(Self::removed(seen)),
        }
    }

    #[inline(always)]
    fn checked_in(
        was: Was,
        seen: &Seen,
        value: Option<Box<T>>,
        marks: Marks<T::Changes>,
        back: Back,
    ) -> Self {
        let value = value.map(Value::Owned);
        match (was, back, value) {
            (_, Back::Torn, _) => Self::Poisoned,

            (Was::Clean | Was::Touched | Was::New, Back::Removed, _) => Self::removed(seen),

            (Was::Clean, Back::Kept, Some(value)) if !marks.any() => Self::Clean { value },
            (Was::Clean | Was::Touched, Back::Kept, Some(value)) => Self::Touched { value, marks },
            (Was::New, Back::Kept, Some(value)) => Self::New { value },

            (Was::Clean | Was::Touched | Was::New, Back::Reverted, Some(value))
                if seen.base().is_some() =>
            {
                Self::Clean { value }
            }
            (Was::New, Back::Reverted, _) => Self::Absent,

            // A vacant entry: filled, or left as it was.
            (Was::Absent | Was::Removed, Back::Kept, Some(value)) => Self::New { value },
            (Was::Absent, ..) => Self::Absent,
            (Was::Removed, ..) => Self::Removed,

            // A guard that lost its value: no guard does.
            (Was::Clean | Was::Touched | Was::New, ..) => Self::Poisoned,
        }
    }

    /// Where the store is known to hold nothing, there is nothing left to do.
    fn removed(seen: &Seen) -> Self {
        match seen {
            Seen::Nothing => Self::Absent,
            _ => Self::Removed,
        }
    }

    fn is_read(&self) -> bool {
        match self {
            Self::Clean { value } | Self::Touched { value, .. } | Self::New { value } => {
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
