//! An entry borrowed for writing, with or without a value.

use std::fmt;

use crate::{
    key::Key,
    session::entry::guard::{Held, RefMut},
    track::Tracked,
};

/// An entry of a dictionary, borrowed for writing, with or without a value.
/// [`MemcachedDict::entry`](crate::MemcachedDict::entry) returns it.
#[derive(Debug)]
pub enum Entry<'s, T: Tracked> {
    /// The key has a value.
    Occupied(OccupiedEntry<'s, T>),
    /// The key has no value.
    Vacant(VacantEntry<'s, T>),
}

/// An entry with a value.
pub struct OccupiedEntry<'s, T: Tracked> {
    pub(super) held: Held<'s, T>,
}

/// An entry without a value.
pub struct VacantEntry<'s, T: Tracked> {
    pub(super) held: Held<'s, T>,
}

impl<'s, T: Tracked> Entry<'s, T> {
    /// Returns the value for writing. A vacant entry gets `value`.
    pub fn or_insert(self, value: T) -> RefMut<'s, T> {
        self.or_insert_with(|| value)
    }

    /// Returns the value for writing. A vacant entry gets the default value.
    pub fn or_default(self) -> RefMut<'s, T>
    where
        T: Default,
    {
        self.or_insert_with(T::default)
    }

    /// Returns the value for writing. A vacant entry gets the result of `make`.
    pub fn or_insert_with(self, make: impl FnOnce() -> T) -> RefMut<'s, T> {
        match self {
            Self::Occupied(entry) => entry.into_mut(),
            Self::Vacant(entry) => entry.insert(make()),
        }
    }

    /// Returns the value for writing. A vacant entry gets the result of `make`.
    ///
    /// # Errors
    ///
    /// Returns the error of `make`. The entry then stays vacant.
    pub fn or_try_insert_with<E>(
        self,
        make: impl FnOnce() -> Result<T, E>,
    ) -> Result<RefMut<'s, T>, E> {
        Ok(match self {
            Self::Occupied(entry) => entry.into_mut(),
            Self::Vacant(entry) => entry.insert(make()?),
        })
    }

    /// Calls `change` on the value of an occupied entry, and marks the entry dirty.
    #[must_use = "it returns the entry for a further call; to only change a value, use `get_mut`"]
    pub fn and_modify(self, change: impl FnOnce(&mut T)) -> Self {
        match self {
            Self::Occupied(entry) => {
                let mut value = entry.into_mut();
                change(&mut value);
                Self::Occupied(OccupiedEntry { held: value.into_held() })
            }
            vacant @ Self::Vacant(_) => vacant,
        }
    }

    /// Returns the key.
    #[must_use]
    pub fn key(&self) -> &Key {
        match self {
            Self::Occupied(entry) => entry.key(),
            Self::Vacant(entry) => entry.key(),
        }
    }
}

impl<'s, T: Tracked> OccupiedEntry<'s, T> {
    /// Returns the key.
    #[must_use]
    pub fn key(&self) -> &Key {
        &self.held.name().id.key
    }

    /// Returns the value.
    #[must_use]
    pub fn get(&self) -> &T {
        self.held.value()
    }

    /// Returns the value for writing. Any `&mut` to it marks the entry dirty.
    pub fn get_mut(&mut self) -> &mut T {
        self.held.value_mut()
    }

    /// Replaces the value and returns the old one.
    pub fn insert(&mut self, value: T) -> T {
        std::mem::replace(self.get_mut(), value)
    }

    /// Converts the entry into a guard of its value for writing.
    pub fn into_mut(self) -> RefMut<'s, T> {
        RefMut::new(self.held)
    }

    /// Removes the value. The commit deletes it if the store still holds what was read.
    pub fn remove(self) {
        self.held.remove();
    }
}

impl<'s, T: Tracked> VacantEntry<'s, T> {
    /// Returns the key.
    #[must_use]
    pub fn key(&self) -> &Key {
        &self.held.name().id.key
    }

    /// Sets the value and returns it for writing. The commit stores it if the store still has none.
    pub fn insert(self, value: T) -> RefMut<'s, T> {
        let mut held = self.held;
        held.fill(value);
        RefMut::new(held)
    }
}

macro_rules! debug_without_value {
    ($($entry:ident)*) => {$(
        /// Shows the key, not the value.
        impl<T: Tracked> fmt::Debug for $entry<'_, T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($entry))
                    .field("id", &self.held.name().id)
                    .finish_non_exhaustive()
            }
        }
    )*};
}

debug_without_value! { OccupiedEntry VacantEntry }
