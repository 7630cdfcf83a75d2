//! The place of a key, with its value or without.

use std::fmt;

use crate::{
    key::Key,
    session::entry::guard::{Held, RefMut},
    track::Tracked,
};

/// The place of a key in a dictionary: what [`MemcachedDict::entry`](crate::MemcachedDict::entry) gives.
#[derive(Debug)]
pub enum Entry<'s, T: Tracked> {
    /// There is a value.
    Occupied(OccupiedEntry<'s, T>),
    /// There is none.
    Vacant(VacantEntry<'s, T>),
}

/// A place with a value.
pub struct OccupiedEntry<'s, T: Tracked> {
    pub(super) held: Held<'s, T>,
}

/// A place without one.
pub struct VacantEntry<'s, T: Tracked> {
    pub(super) held: Held<'s, T>,
}

impl<'s, T: Tracked> Entry<'s, T> {
    /// The value for writing; `value` where there is none.
    pub fn or_insert(self, value: T) -> RefMut<'s, T> {
        self.or_insert_with(|| value)
    }

    /// The value for writing; the default where there is none.
    pub fn or_default(self) -> RefMut<'s, T>
    where
        T: Default,
    {
        self.or_insert_with(T::default)
    }

    /// The value for writing; what `make` makes where there is none.
    pub fn or_insert_with(self, make: impl FnOnce() -> T) -> RefMut<'s, T> {
        match self {
            Self::Occupied(entry) => entry.into_mut(),
            Self::Vacant(entry) => entry.insert(make()),
        }
    }

    /// The value for writing; what `make` makes where there is none.
    ///
    /// # Errors
    ///
    /// What `make` returns. The entry stays vacant then.
    pub fn or_try_insert_with<E>(
        self,
        make: impl FnOnce() -> Result<T, E>,
    ) -> Result<RefMut<'s, T>, E> {
        Ok(match self {
            Self::Occupied(entry) => entry.into_mut(),
            Self::Vacant(entry) => entry.insert(make()?),
        })
    }

    /// Changes the value, if there is one.
    #[must_use = "this returns the entry, to go on with; `get_mut` changes a value and ends there"]
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

    /// The key.
    #[must_use]
    pub fn key(&self) -> &Key {
        match self {
            Self::Occupied(entry) => entry.key(),
            Self::Vacant(entry) => entry.key(),
        }
    }
}

impl<'s, T: Tracked> OccupiedEntry<'s, T> {
    /// The key.
    #[must_use]
    pub fn key(&self) -> &Key {
        &self.held.name().id.key
    }

    /// The value.
    #[must_use]
    pub fn get(&self) -> &T {
        self.held.value()
    }

    /// Returns the value for writing. Any `&mut` to it marks the entry dirty.
    pub fn get_mut(&mut self) -> &mut T {
        self.held.value_mut()
    }

    /// Replaces the value, and returns the old one.
    pub fn insert(&mut self, value: T) -> T {
        std::mem::replace(self.get_mut(), value)
    }

    /// The value for writing.
    pub fn into_mut(self) -> RefMut<'s, T> {
        RefMut::new(self.held)
    }

    /// Removes the value: at commit it is deleted, if it is still the one that was read.
    pub fn remove(self) {
        self.held.remove();
    }
}

impl<'s, T: Tracked> VacantEntry<'s, T> {
    /// The key.
    #[must_use]
    pub fn key(&self) -> &Key {
        &self.held.name().id.key
    }

    /// Puts a value in place: at commit it is stored, if there is still nothing.
    pub fn insert(self, value: T) -> RefMut<'s, T> {
        let mut held = self.held;
        held.fill(value);
        RefMut::new(held)
    }
}

macro_rules! debug_without_value {
    ($($entry:ident)*) => {$(
        /// Without the value.
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
