//! The rule `union`.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    hash::{BuildHasher, Hash},
    mem,
};

use super::sides::{Ruling, Sides};
use crate::track::tracked::Tracked;

/// A map or a set: the types that `merge = union` works on. An entry is found by its key; the
/// values of a set are empty.
#[diagnostic::on_unimplemented(
    message = "`merge = union` works on sets and maps, not on `{Self}`",
    label = "neither a set nor a map",
    note = "`ours`, `theirs` and `with(function)` work on every type"
)]
pub trait Union: Default + IntoIterator {
    /// The type by which an entry is found.
    type Key: Tracked;
    /// The type of what is found.
    type Value: Tracked;
    /// Whether two equal changes are one: an element that both sides add is added, but two
    /// bookings of one seat are not one booking.
    const IS_SET: bool;

    /// Returns the entry of a key.
    fn entry<'a>(&'a self, key: &Self::Key) -> Option<(&'a Self::Key, &'a Self::Value)>;

    /// Iterates over all entries.
    fn entries(&self) -> impl Iterator<Item = (&Self::Key, &Self::Value)>;

    /// Splits an element into key and value.
    fn owned(element: Self::Item) -> (Self::Key, Self::Value);

    /// Removes the entries for whose keys `stays` returns `false`.
    fn keep(&mut self, stays: impl Fn(&Self::Key) -> bool);

    /// Adds an entry, or replaces the one that its key finds, the key included.
    fn put(&mut self, key: Self::Key, value: Self::Value);

    /// Returns whether the order means something and is not that of the base, which cannot be
    /// merged.
    fn reordered(&self, _base: &Self) -> bool {
        false
    }

    /// Keeps what either side added, removed or updated.
    ///
    /// # Errors
    ///
    /// If both sides changed one key, or if one of them changed the order. For a map also if a
    /// side, or the result, is empty: the side that emptied it did not mean to keep what the other
    /// added.
    fn union(sides: Sides<'_, Self>) -> Ruling {
        let Sides { base, ours, theirs } = sides;
        check(base, ours, theirs)?;
        ours.keep(|key| base.entry(key).is_none() || theirs.entry(key).is_some());
        for element in mem::take(theirs) {
            let (key, value) = Self::owned(element);
            if !base.entry(&key).is_some_and(|base| same::<Self>(base, (&key, &value))) {
                ours.put(key, value);
            }
        }
        let emptied = !Self::IS_SET && is_empty(ours);
        if emptied { Err("both sides removed keys, and none would be left".into()) } else { Ok(()) }
    }
}

/// Finds a conflict before anything is moved.
fn check<C: Union>(base: &C, ours: &C, theirs: &C) -> Ruling {
    if !C::IS_SET && is_empty(ours) {
        return Err("emptied on our side and changed on theirs".into());
    }
    if !C::IS_SET && is_empty(theirs) {
        return Err("emptied on their side and changed on ours".into());
    }
    if ours.reordered(base) || theirs.reordered(base) {
        return Err("changed on both sides, the order included".into());
    }
    for entry in base.entries() {
        let (ours, theirs) = (ours.entry(entry.0), theirs.entry(entry.0));
        let unchanged = |side: Option<_>| side.is_some_and(|now| same::<C>(entry, now));
        if unchanged(ours) || unchanged(theirs) {
            continue;
        }
        let why = match (ours, theirs) {
            (None, None) if C::IS_SET => continue,
            (None, None) => "a key was removed on both sides",
            (None, Some(_)) => "a key was removed on our side and updated on theirs",
            (Some(_), None) => "a key was updated on our side and removed on theirs",
            (Some(ours), Some(theirs)) if same::<C>(ours, theirs) => continue,
            (Some(_), Some(_)) => "a key was updated differently on both sides",
        };
        return Err(why.into());
    }
    for entry in theirs.entries().filter(|entry| base.entry(entry.0).is_none()) {
        let ours = ours.entry(entry.0);
        if ours.is_some_and(|ours| !C::IS_SET || !same::<C>(ours, entry)) {
            return Err("a key was inserted on both sides".into());
        }
    }
    Ok(())
}

/// The keys are compared as well: their own equality may compare only an id.
fn same<C: Union>(a: (&C::Key, &C::Value), b: (&C::Key, &C::Value)) -> bool {
    C::Key::same(a.0, b.0) && C::Value::same(a.1, b.1)
}

fn is_empty(of: &impl Union) -> bool {
    of.entries().next().is_none()
}

macro_rules! maps {
    ($([$($generics:tt)*] $type:ty, $put:expr $(, $reordered:expr)?;)*) => {$(
        impl<$($generics)*> Union for $type {
            type Key = K;
            type Value = V;
            const IS_SET: bool = false;

            fn entry<'a>(&'a self, key: &K) -> Option<(&'a K, &'a V)> {
                self.get_key_value(key)
            }

            fn entries(&self) -> impl Iterator<Item = (&K, &V)> {
                self.iter()
            }

            fn owned(element: (K, V)) -> (K, V) {
                element
            }

            fn keep(&mut self, stays: impl Fn(&K) -> bool) {
                self.retain(|key, _| stays(key));
            }

            fn put(&mut self, key: K, value: V) {
                let put: fn(&mut Self, K, V) = $put;
                put(self, key, value);
            }

            $(fn reordered(&self, base: &Self) -> bool {
                let reordered: fn(&Self, &Self) -> bool = $reordered;
                reordered(self, base)
            })?
        }
    )*};
}

macro_rules! sets {
    ($([$($generics:tt)*] $type:ty $(, $reordered:expr)?;)*) => {$(
        impl<$($generics)*> Union for $type {
            type Key = K;
            type Value = ();
            const IS_SET: bool = true;

            fn entry<'a>(&'a self, key: &K) -> Option<(&'a K, &'a ())> {
                self.get(key).map(|key| (key, &()))
            }

            fn entries(&self) -> impl Iterator<Item = (&K, &())> {
                self.iter().map(|key| (key, &()))
            }

            fn owned(element: K) -> (K, ()) {
                (element, ())
            }

            fn keep(&mut self, stays: impl Fn(&K) -> bool) {
                self.retain(|key| stays(key));
            }

            fn put(&mut self, key: K, (): ()) {
                self.replace(key);
            }

            $(fn reordered(&self, base: &Self) -> bool {
                let reordered: fn(&Self, &Self) -> bool = $reordered;
                reordered(self, base)
            })?
        }
    )*};
}

maps! {
    [K: Tracked + Ord, V: Tracked] BTreeMap<K, V>, |map, key, value| {
        map.remove(&key);
        map.insert(key, value);
    };
    [K: Tracked + Eq + Hash, V: Tracked, S: BuildHasher + Default] HashMap<K, V, S>,
        |map, key, value| {
            map.remove(&key);
            map.insert(key, value);
        };
}

sets! {
    [K: Tracked + Ord] BTreeSet<K>;
    [K: Tracked + Eq + Hash, S: BuildHasher + Default] HashSet<K, S>;
}

#[cfg(feature = "indexmap")]
mod ordered {
    use indexmap::{IndexMap, IndexSet};

    use super::*;

    maps! {
        [K: Tracked + Eq + Hash, V: Tracked, S: BuildHasher + Default] IndexMap<K, V, S>,
            |map, key, value| match map.get_index_of(&key) {
                Some(at) => {
                    if let (_, Some(now)) = (map.replace_index(at, key), map.get_index_mut(at)) {
                        *now.1 = value;
                    }
                }
                None => {
                    map.insert(key, value);
                }
            },
            |map, base| reordered(map.keys().map(|key| base.get_index_of(key)));
    }

    sets! {
        [K: Tracked + Eq + Hash, S: BuildHasher + Default] IndexSet<K, S>,
            |set, base| reordered(set.iter().map(|key| base.get_index_of(key)));
    }

    /// Returns whether the keys of the base are in another order, or behind a new key. `places`
    /// are the places in the base of the keys of a side.
    fn reordered(places: impl Iterator<Item = Option<usize>>) -> bool {
        !places.map(|place| place.unwrap_or(usize::MAX)).is_sorted()
    }
}
