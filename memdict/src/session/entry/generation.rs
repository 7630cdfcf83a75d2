//! The generation of a dictionary that can be cleared, as a session knows it.
//!
//! The store keeps the number as one of its own, under a key that no entry has. A dictionary without
//! one begins at a random number, so that no value of an earlier generation is ever taken for one of
//! the present.

use std::sync::Arc;

use parking_lot::Mutex;

use crate::{
    entry_id::EntryId,
    key::name::Name,
    random,
    store::{
        expiry::Expiry,
        operation::{Applied, Change, Condition, Count, Load, Loaded, Op, StoreError},
    },
};

/// The form of the generation's key. No key of an entry has it, because text that begins with `#` is
/// quoted.
const FORM: &[u8] = b"#generation";

/// The generation of one dictionary.
pub(crate) struct Generation {
    name: Name,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The one that the session found first. What it writes belongs to this one.
    first: Option<u64>,
    now: Now,
}

/// What the store said last.
#[derive(Debug, Clone, Default)]
pub(crate) enum Now {
    /// It was not asked.
    #[default]
    Unread,
    Is(u64),
    /// There is none: no value is of the present generation.
    None,
    Unreachable(StoreError),
}

impl Generation {
    /// Makes the generation of a dictionary. `prefix` is the beginning of its full keys.
    ///
    /// # Errors
    ///
    /// The reason why its name cannot be used.
    pub(crate) fn of(dict: &Arc<str>, prefix: &[u8]) -> Result<Self, &'static str> {
        let name = Name::new(dict, prefix, &mut FORM.to_vec())?;
        Ok(Self { name, state: Mutex::default() })
    }

    pub(crate) fn id(&self) -> &EntryId {
        &self.name.id
    }

    pub(crate) fn load(&self) -> Load<'_> {
        Load::new(self.name.wire())
    }

    /// Takes the answer to [`load`](Self::load), and returns what it tells.
    pub(crate) fn loaded(&self, loaded: Result<Loaded<'_>, StoreError>) -> Now {
        self.now(match loaded {
            Ok(Loaded::Hit { bytes, .. }) => number(bytes).map_or(Now::None, Now::Is),
            Ok(Loaded::Miss | Loaded::Leased { .. }) => Now::None,
            Err(error) => Now::Unreachable(error),
        })
    }

    /// Asks for the number in a batch of changes.
    pub(crate) fn check(&self) -> Change<'_> {
        self.count(Count::add(0))
    }

    /// Asks for the number, and begins with a new one if there is none.
    pub(crate) fn begin(&self) -> Change<'_> {
        // Larger numbers than this would overflow in a server that counts with a sign.
        let start = random::bits() >> 2 | 1;
        self.count(Count::add(0).or_start_at(start, Expiry::Never))
    }

    /// Raises the number, or begins with a new one. If that is lost, a store that remembers removals
    /// removes the number later, which clears the dictionary as well.
    pub(crate) fn raise(&self) -> Change<'_> {
        let start = random::bits() >> 2 | 1;
        self.count(Count::add(1).or_start_at(start, Expiry::Never)).removal()
    }

    fn count(&self, count: Count) -> Change<'_> {
        Change::new(self.name.wire(), Op::Count(count), Condition::Always)
    }

    /// Takes the answer to [`check`](Self::check) or [`begin`](Self::begin).
    pub(crate) fn counted(&self, answer: Result<Applied, StoreError>) {
        self.now(match answer {
            Ok(Applied::Counted(number)) => Now::Is(number),
            Ok(_) => Now::None,
            Err(error) => Now::Unreachable(error),
        });
    }

    fn now(&self, now: Now) -> Now {
        let mut state = self.state.lock();
        if let Now::Is(number) = now {
            state.first.get_or_insert(number);
        }
        state.now = now.clone();
        now
    }

    /// Returns the generation of what the session writes, or `None` if it is not known yet.
    pub(crate) fn ours(&self) -> Option<u64> {
        self.state.lock().first
    }

    /// Returns the generation that the store said last.
    pub(crate) fn present(&self) -> Option<u64> {
        match self.state.lock().now {
            Now::Is(now) => Some(now),
            _ => None,
        }
    }

    /// Returns the same as [`standing`](Self::standing) and [`ours`](Self::ours).
    pub(crate) fn standing_of_ours(&self) -> (Standing, Option<u64>) {
        (self.standing(), self.ours())
    }

    /// Returns how the generation is, compared with that of what the session writes.
    pub(crate) fn standing(&self) -> Standing {
        let state = self.state.lock();
        match (&state.now, state.first) {
            (Now::Is(now), Some(first)) if *now == first => Standing::Present,
            (Now::Unreachable(error), _) => Standing::Unknown(error.clone()),
            // If there was none, nothing was read that a clear could make void.
            (Now::Unread, _) | (Now::None, None) => Standing::Present,
            _ => Standing::Past,
        }
    }
}

/// How the generation of what a session writes is.
pub(crate) enum Standing {
    Present,
    /// The dictionary was cleared.
    Past,
    Unknown(StoreError),
}

/// Reads a number as servers keep it. memcached pads one that has become shorter with spaces.
fn number(bytes: &[u8]) -> Option<u64> {
    str::from_utf8(bytes).ok()?.trim_end().parse().ok()
}
