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
//!                                         v |            (from Dirty as well)
//!                                     CheckedOut { before }
//!                                         |
//!            back, not marked: what it was | back, marked: Clean becomes Dirty
//!            back, removed: Removed        | back, created: Absent and Removed become New
//!            back, reverted: Clean, or Absent if there was nothing
//!            back, torn by a panic: Poisoned, which only a rollback leaves
//!
//!   any state -- restore: Absent, Clean, Dirty, New or Removed, as it was at a savepoint
//! ```
//!
//! A rollback to a savepoint restores, from whatever state: a guard that was leaked since cannot
//! come back, for it borrowed the session, which a savepoint and a rollback take `&mut`. What
//! cannot be restored is `Poisoned`.
//!
//! Beside the state stands what the store held when the session looked ([`Seen`]). Only a load
//! sets it, once, for it decides on which condition a change is made: what replaces an unusable
//! value replaces exactly that one, and `remove` and then `insert` after a read go by what the
//! read saw. What is `Clean` or `Dirty` was seen as a value.

use std::sync::Arc;

use super::seen::Seen;
use crate::{
    error::BorrowKind,
    track::{Changes, Tracked},
};

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
    Dirty { value: Value<T>, marks: Marks<T::Changes> },
    /// Made by the session.
    New { value: Value<T> },
    /// Removed by the session.
    Removed,
    /// In a guard, which has the value and the marks.
    CheckedOut { before: Before },
    /// A panic struck while the value was being changed, or what it was did not decode.
    Poisoned,
}

/// What a checked out entry was, and is again if nothing comes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Before {
    Absent,
    Clean,
    Dirty,
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
    /// Make it what it was. `Clean` and `Dirty` only where a value was seen, `Absent` only
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
pub(crate) enum Reply<T: Tracked> {
    Done,
    /// Nothing is known of the entry: it is to be loaded first.
    Unread,
    Read(Option<Arc<T>>),
    Lent {
        value: Option<Box<T>>,
        marks: Marks<T::Changes>,
    },
}

/// A call that the state does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Misuse {
    /// A guard for this lives.
    AlreadyBorrowed(BorrowKind),
    Poisoned,
}

/// A guard for reading lives.
const READ: Misuse = Misuse::AlreadyBorrowed(BorrowKind::Reading);

impl<T: Tracked> State<T> {
    /// Whether nothing is known yet.
    pub(crate) fn needs_load(&self, seen: &Seen) -> bool {
        matches!((self, seen), (Self::Absent, Seen::Unread))
    }

    /// Whether there is a value; it need not be free.
    pub(crate) fn holds_value(&self) -> Result<bool, Misuse> {
        match self {
            Self::Clean { .. } | Self::Dirty { .. } | Self::New { .. } => Ok(true),
            Self::Absent | Self::Removed => Ok(false),
            Self::CheckedOut { .. } => Err(Misuse::AlreadyBorrowed(BorrowKind::Writing)),
            Self::Poisoned => Err(Misuse::Poisoned),
        }
    }

    /// Every transition there is. A call that is not allowed changes nothing.
    ///
    /// Who calls knows which call it is: inlined there, only the lines of that one are left.
    #[inline(always)]
    pub(crate) fn next(self, seen: &mut Seen, call: Call<T>) -> (Self, Result<Reply<T>, Misuse>) {
        let done = |state| (state, Ok(Reply::Done));
        let out =
            |before, value, marks| (Self::CheckedOut { before }, Ok(Reply::Lent { value, marks }));
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
                (Self::Absent, Ok(Reply::Unread))
            }

            (Self::Clean { value }, Call::Read) => {
                let (value, read) = shared(value);
                (Self::Clean { value }, read)
            }
            (Self::Dirty { value, marks }, Call::Read) => {
                let (value, read) = shared(value);
                (Self::Dirty { value, marks }, read)
            }
            (Self::New { value }, Call::Read) => {
                let (value, read) = shared(value);
                (Self::New { value }, read)
            }
            (state @ (Self::Absent | Self::Removed), Call::Read) => (state, Ok(Reply::Read(None))),

            (Self::Absent, Call::CheckOut) => out(Before::Absent, None, Marks::default()),
            (Self::Removed, Call::CheckOut) => out(Before::Removed, None, Marks::default()),
            (Self::Clean { value }, Call::CheckOut) => match value.claim() {
                Ok(value) => out(Before::Clean, Some(value), Marks::default()),
                Err(value) => (Self::Clean { value }, Err(READ)),
            },
            (Self::Dirty { value, marks }, Call::CheckOut) => match value.claim() {
                Ok(value) => out(Before::Dirty, Some(value), marks),
                Err(value) => (Self::Dirty { value, marks }, Err(READ)),
            },
            (Self::New { value }, Call::CheckOut) => match value.claim() {
                Ok(value) => out(Before::New, Some(value), Marks::created()),
                Err(value) => (Self::New { value }, Err(READ)),
            },

            (Self::CheckedOut { before }, Call::CheckIn { value, marks, back }) => {
                done(Self::checked_in(before, seen, value, marks, back))
            }
            (_, Call::Restore(Self::Removed)) => done(Self::removed(seen)),
            (_, Call::Restore(state)) => done(state),

            // Only a guard checks in, and while it lives nothing else changes the state.
            (state, Call::CheckIn { .. }) => done(state),

            (state @ Self::CheckedOut { .. }, _) => {
                (state, Err(Misuse::AlreadyBorrowed(BorrowKind::Writing)))
            }
            (state @ Self::Poisoned, _) => (state, Err(Misuse::Poisoned)),
            (state, Call::Insert(_) | Call::Remove) if state.is_read() => (state, Err(READ)),

            (_, Call::Insert(value)) => done(Self::New { value: Value::Owned(value) }),
            (_, Call::Remove) => done(Self::removed(seen)),
        }
    }

    #[inline(always)]
    fn checked_in(
        before: Before,
        seen: &Seen,
        value: Option<Box<T>>,
        marks: Marks<T::Changes>,
        back: Back,
    ) -> Self {
        let value = value.map(Value::Owned);
        match (before, back, value) {
            (_, Back::Torn, _) => Self::Poisoned,

            (Before::Clean | Before::Dirty | Before::New, Back::Removed, _) => Self::removed(seen),

            (Before::Clean, Back::Kept, Some(value)) if !marks.any() => Self::Clean { value },
            (Before::Clean | Before::Dirty, Back::Kept, Some(value)) => {
                Self::Dirty { value, marks }
            }
            (Before::New, Back::Kept, Some(value)) => Self::New { value },

            (Before::Clean | Before::Dirty | Before::New, Back::Reverted, Some(value))
                if seen.base().is_some() =>
            {
                Self::Clean { value }
            }
            (Before::New, Back::Reverted, _) => Self::Absent,

            // A vacant entry: filled, or left as it was.
            (Before::Absent | Before::Removed, Back::Kept, Some(value)) => Self::New { value },
            (Before::Absent, ..) => Self::Absent,
            (Before::Removed, ..) => Self::Removed,

            // A guard that lost its value: no guard does.
            (Before::Clean | Before::Dirty | Before::New, ..) => Self::Poisoned,
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
            Self::Clean { value } | Self::Dirty { value, .. } | Self::New { value } => {
                value.is_read()
            }
            _ => false,
        }
    }
}

fn shared<T: Tracked>(value: Value<T>) -> (Value<T>, Result<Reply<T>, Misuse>) {
    let value = value.share();
    (Value::Shared(Arc::clone(&value)), Ok(Reply::Read(Some(value))))
}

#[cfg(test)]
mod tests;
