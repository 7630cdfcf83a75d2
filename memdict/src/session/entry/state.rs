//! What a session knows about one key: a state machine, drawn here and written below.
//!
//! ```text
//!   Absent ---- loaded: usable ---------> Clean ---- insert ------------> New
//!   |    |                                | ^  |                         ^   ^
//!   |    +-- loaded: nothing, or not      | |  +-- remove --> Removed ---+   |
//!   |        usable: stays Absent         | |                  |  insert     |
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
//! A rollback to a savepoint restores from any state. A guard that was leaked since the savepoint
//! cannot come back, because it borrows the session, which a savepoint and a rollback take `&mut`.
//! An entry that cannot be restored becomes `Poisoned`.
//!
//! Any state but a checked out one may become Removed. Whether a removal has to be sent, although
//! the store held nothing, depends on the dictionary, and is decided at commit.
//!
//! Beside the state stands what the store held when the session looked ([`Seen`]). Only a load sets
//! it, and only once, because it decides on which condition a change is made: a value that replaces
//! an unusable one replaces exactly that one, and a `remove` and then an `insert` after a read
//! depend on what the read saw. In `Clean` and `Dirty`, a value was seen. As long as nothing in the
//! session depends on a miss, a `fetch` may load the entry anew, with or without a value.

use std::sync::Arc;

use super::seen::Seen;
use crate::{
    error::BorrowKind,
    track::{Changes, Tracked},
};

/// A value that is not in a guard. The first `get` makes it shared. Until then, lending it for
/// writing only moves a pointer.
pub(crate) enum Value<T> {
    Owned(Box<T>),
    Shared(Arc<T>),
}

/// What a value is loaded for. It is stored in the form that needs no copy for this.
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

    /// Returns the value, and a handle to it. As long as that lives, the value is borrowed for
    /// reading.
    pub(crate) fn lend(self) -> (Self, Arc<T>) {
        let value = self.share();
        (Self::Shared(Arc::clone(&value)), value)
    }

    /// Returns the value for writing, unless a guard for reading lives.
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

/// The parts of a value that were lent for writing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Marks<C> {
    /// Whether the whole value was lent through the guard, which says nothing about its parts.
    pub(crate) whole: bool,
    /// The parts that were lent through views.
    pub(crate) parts: C,
}

impl<C: Changes> Marks<C> {
    /// Returns the marks of a value that the session created.
    pub(crate) fn created() -> Self {
        Self { whole: true, parts: C::default() }
    }

    pub(crate) fn any(&self) -> bool {
        self.whole || self.parts.any()
    }
}

/// What a session knows about one key.
pub(crate) enum State<T: Tracked> {
    /// No value is known.
    Absent,
    /// As loaded.
    Clean { value: Value<T> },
    /// Lent for writing, and perhaps changed.
    Dirty { value: Value<T>, marks: Marks<T::Changes> },
    /// Created by the session.
    New { value: Value<T> },
    /// Removed by the session.
    Removed,
    /// In a guard, which has the value and the marks.
    CheckedOut { before: Before },
    /// A panic interrupted a change of the value, or the copy of a savepoint did not decode.
    Poisoned,
}

/// The state of a checked out entry before that. It returns to this state if nothing changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Before {
    Absent,
    Clean,
    Dirty,
    New,
    Removed,
}

/// A call on an entry.
pub(crate) enum Call<T: Tracked> {
    /// A load was answered.
    Loaded { value: Option<Value<T>>, seen: Seen },
    /// A `fetch` has loaded or made the value, of which nothing in the session depends on what was
    /// seen before.
    LoadedAnew { value: Option<Value<T>>, seen: Seen },
    /// Lend the value for reading.
    Read,
    /// Lend the entry for writing.
    CheckOut,
    /// A guard comes back. A value that was removed or torn stays with the caller.
    CheckIn { value: Option<Box<T>>, marks: Marks<T::Changes>, back: Back },
    /// Set the value.
    Insert(Box<T>),
    /// Remove the value.
    Remove,
    /// Set the state to that of a savepoint: `Clean` and `Dirty` only if a value was seen, `Absent`
    /// only if none was.
    Restore(State<T>),
}

/// How a guard comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Back {
    /// With a value, or without one if the entry was vacant and stayed so.
    Kept,
    /// Its value was removed.
    Removed,
    /// With the loaded value, or without one if none was loaded.
    Reverted,
    /// A panic interrupted a change of the value.
    Torn,
}

/// The answer to a call.
pub(crate) enum Reply<T: Tracked> {
    Done,
    /// The entry has to be loaded first.
    Unread,
    Read(Option<Arc<T>>),
    Lent {
        value: Option<Box<T>>,
        marks: Marks<T::Changes>,
    },
}

/// What a call replaced or did not use. Its destructor is the application's code, so it is dropped
/// only after the lock was released.
#[must_use]
pub(crate) enum Spent<T: Tracked> {
    Nothing,
    State(State<T>),
    Call(Call<T>),
}

/// A call that the state does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Misuse {
    /// A guard of this kind lives.
    AlreadyBorrowed(BorrowKind),
    Poisoned,
}

/// A guard for reading lives.
const READ: Misuse = Misuse::AlreadyBorrowed(BorrowKind::Reading);

impl<T: Tracked> State<T> {
    /// Returns whether the entry was neither loaded nor written yet.
    pub(crate) fn needs_load(&self, seen: &Seen) -> bool {
        matches!((self, seen), (Self::Absent, Seen::Unread))
    }

    /// Returns whether there is a value, even if a guard for reading lives.
    pub(crate) fn holds_value(&self) -> Result<bool, Misuse> {
        match self {
            Self::Clean { .. } | Self::Dirty { .. } | Self::New { .. } => Ok(true),
            Self::Absent | Self::Removed => Ok(false),
            Self::CheckedOut { .. } => Err(Misuse::AlreadyBorrowed(BorrowKind::Writing)),
            Self::Poisoned => Err(Misuse::Poisoned),
        }
    }

    /// Makes a transition. These are all of them. A call that is not allowed changes nothing.
    ///
    /// Each caller passes a constant kind of call, so inlining leaves only the lines of that call.
    #[inline(always)]
    pub(crate) fn next(
        self,
        seen: &mut Seen,
        call: Call<T>,
    ) -> (Self, Result<Reply<T>, Misuse>, Spent<T>) {
        let done = |state| (state, Ok(Reply::Done), Spent::Nothing);
        let instead = |old, state| (state, Ok(Reply::Done), Spent::State(old));
        let unused = |state, call| (state, Ok(Reply::Done), Spent::Call(call));
        let answer = |state, answer| (state, answer, Spent::Nothing);
        let out = |before, value, marks| {
            (Self::CheckedOut { before }, Ok(Reply::Lent { value, marks }), Spent::Nothing)
        };
        let refused = |state, misuse, call| (state, Err(misuse), Spent::Call(call));
        match (self, call) {
            // The first of two concurrent loads wins, and a load never undoes what was done since.
            (Self::Absent, Call::Loaded { value, seen: found }) if matches!(seen, Seen::Unread) => {
                *seen = found;
                done(match value {
                    Some(value) if seen.base().is_some() => Self::Clean { value },
                    _ => Self::Absent,
                })
            }
            (Self::Absent, Call::LoadedAnew { value, seen: found }) => {
                *seen = found;
                done(match value {
                    Some(value) if seen.base().is_some() => Self::Clean { value },
                    _ => Self::Absent,
                })
            }
            (state, call @ (Call::Loaded { .. } | Call::LoadedAnew { .. })) => unused(state, call),

            (Self::Absent, Call::Read | Call::CheckOut) if matches!(seen, Seen::Unread) => {
                answer(Self::Absent, Ok(Reply::Unread))
            }

            (Self::Clean { value }, Call::Read) => {
                let (value, read) = shared(value);
                answer(Self::Clean { value }, read)
            }
            (Self::Dirty { value, marks }, Call::Read) => {
                let (value, read) = shared(value);
                answer(Self::Dirty { value, marks }, read)
            }
            (Self::New { value }, Call::Read) => {
                let (value, read) = shared(value);
                answer(Self::New { value }, read)
            }
            (state @ (Self::Absent | Self::Removed), Call::Read) => {
                answer(state, Ok(Reply::Read(None)))
            }

            (Self::Absent, Call::CheckOut) => out(Before::Absent, None, Marks::default()),
            (Self::Removed, Call::CheckOut) => out(Before::Removed, None, Marks::default()),
            (Self::Clean { value }, Call::CheckOut) => match value.claim() {
                Ok(value) => out(Before::Clean, Some(value), Marks::default()),
                Err(value) => answer(Self::Clean { value }, Err(READ)),
            },
            (Self::Dirty { value, marks }, Call::CheckOut) => match value.claim() {
                Ok(value) => out(Before::Dirty, Some(value), marks),
                Err(value) => answer(Self::Dirty { value, marks }, Err(READ)),
            },
            (Self::New { value }, Call::CheckOut) => match value.claim() {
                Ok(value) => out(Before::New, Some(value), Marks::created()),
                Err(value) => answer(Self::New { value }, Err(READ)),
            },

            (Self::CheckedOut { before }, Call::CheckIn { value, marks, back }) => {
                done(Self::checked_in(before, seen, value, marks, back))
            }
            (old, Call::Restore(state)) => instead(old, state),

            // Only a guard checks in, and nothing else changes the state while it lives.
            (state, call @ Call::CheckIn { .. }) => unused(state, call),

            (state @ Self::CheckedOut { .. }, call) => {
                refused(state, Misuse::AlreadyBorrowed(BorrowKind::Writing), call)
            }
            (state @ Self::Poisoned, call) => refused(state, Misuse::Poisoned, call),
            (state, call @ (Call::Insert(_) | Call::Remove)) if state.is_read() => {
                refused(state, READ, call)
            }

            (old, Call::Insert(value)) => instead(old, Self::New { value: Value::Owned(value) }),
            (old, Call::Remove) => instead(old, Self::Removed),
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

            (Before::Clean | Before::Dirty | Before::New, Back::Removed, _) => Self::Removed,

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

            // A vacant entry that was filled, or that stayed vacant.
            (Before::Absent | Before::Removed, Back::Kept, Some(value)) => Self::New { value },
            (Before::Absent, ..) => Self::Absent,
            (Before::Removed, ..) => Self::Removed,

            // No guard loses its value.
            (Before::Clean | Before::Dirty | Before::New, ..) => Self::Poisoned,
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
    let (value, lent) = value.lend();
    (value, Ok(Reply::Read(Some(lent))))
}

#[cfg(test)]
mod tests;
