//! The schema of a type: above all, the fingerprint of its shape.

use std::{
    any::{self, TypeId},
    collections::{HashMap, HashSet, hash_map::Entry},
    sync::LazyLock,
};

use parking_lot::RwLock;
use xxhash_rust::xxh3::Xxh3;

use super::{shape::Shape, tracked::Tracked};
use crate::codec::OLDER_TYPES;

/// What a session needs to know about a type's shape, computed once for each type in a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Schema {
    /// Stored with each value; equal for equal shapes on every platform and compiler.
    pub(crate) fingerprint: u64,
    /// Whether different bytes may mean the same somewhere in the type.
    pub(crate) inexact: bool,
    /// A serde attribute, anywhere in the type, that only a codec with names can decode.
    pub(crate) needs_names: Option<&'static str>,
    /// The fingerprints of the types that this one converts from, newest first.
    pub(crate) lineage: &'static [u64],
}

/// The schema and the name of each type that this process has used.
static KNOWN: LazyLock<RwLock<HashMap<TypeId, (Schema, &'static str)>>> =
    LazyLock::new(RwLock::default);

impl Schema {
    pub(crate) fn of<T: Tracked>() -> Self {
        let id = TypeId::of::<T>();
        if let Some((known, _)) = KNOWN.read().get(&id) {
            return *known;
        }
        let mut lineage = Vec::new();
        T::lineage(&mut lineage);
        let mut schema = Self {
            fingerprint: fingerprint(T::SHAPE),
            inexact: false,
            needs_names: None,
            // Once for each type, so this memory is bounded by the program's text.
            lineage: lineage.leak(),
        };
        schema.add_traits(T::SHAPE, &mut HashSet::new());
        KNOWN.write().insert(id, (schema, any::type_name::<T>()));
        schema
    }

    /// Returns the name of a type that has this fingerprint, if this process has used one, or if it
    /// is a standard type that values are often stored as by mistake.
    pub(crate) fn name_of(fingerprint: u64) -> Option<&'static str> {
        macro_rules! standard {
            ($($type:ty),*) => {
                $(if Self::of::<$type>().fingerprint == fingerprint {
                    return Some(any::type_name::<$type>());
                })*
            };
        }
        standard!(i32, i64, u32, u64, usize, isize, f64, bool, String);
        let known = KNOWN.read();
        let found = known.values().find(|(schema, _)| schema.fingerprint == fingerprint);
        found.map(|(_, name)| *name)
    }

    /// Adds the traits of a shape and of its parts. A `version` hides parts only from the
    /// fingerprint.
    fn add_traits(&mut self, shape: &'static Shape, seen: &mut HashSet<TypeId>) {
        if shape.id.is_some_and(|id| !seen.insert(id())) {
            return;
        }
        self.inexact |= shape.inexact;
        self.needs_names = self.needs_names.or(shape.needs_names);
        for (_, part) in shape.parts {
            self.add_traits(part(), seen);
        }
    }
}

/// Returns the fingerprint of a shape.
fn fingerprint(shape: &'static Shape) -> u64 {
    let mut print = Print { hash: Xxh3::new(), seen: HashMap::new() };
    print.shape(shape);
    print.hash.digest()
}

/// Adds the fingerprints of `T`, and of the types that it converts from, to the lineage of a type
/// that converts from `T`. A cycle of types that name each other ends at the first repetition.
pub fn add_lineage<T: Tracked>(lineage: &mut Vec<u64>) {
    let fingerprint = fingerprint(T::SHAPE);
    if lineage.len() < OLDER_TYPES.into() && !lineage.contains(&fingerprint) {
        lineage.push(fingerprint);
        T::lineage(lineage);
    }
}

/// Computes a fingerprint by a depth-first walk over the shape. A declared type that was visited
/// before is written as the number of its first visit, so that the walk ends and takes linear time.
struct Print {
    hash: Xxh3,
    seen: HashMap<TypeId, u64>,
}

impl Print {
    fn shape(&mut self, shape: &'static Shape) {
        if let Some(id) = shape.id {
            let next = self.seen.len() as u64;
            match self.seen.entry(id()) {
                Entry::Occupied(first) => {
                    let first = *first.get();
                    self.hash.update(b"^");
                    return self.number(first);
                }
                Entry::Vacant(unseen) => {
                    unseen.insert(next);
                }
            }
        }
        self.text(shape.name);
        if let Some(version) = shape.version {
            self.hash.update(b"@");
            return self.number(version);
        }
        if let Some(length) = shape.length {
            self.hash.update(b"#");
            self.number(length as u64);
        }
        if let Some(argument) = shape.argument {
            self.hash.update(b"=");
            self.text(&argument());
        }
        self.hash.update(b"(");
        for (name, part) in shape.parts {
            self.text(name);
            self.shape(part());
        }
        self.hash.update(b")");
    }

    /// Hashes a text with its length, so that `ab`, `c` and `a`, `bc` differ.
    fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.hash.update(text.as_bytes());
    }

    fn number(&mut self, number: u64) {
        self.hash.update(&number.to_le_bytes());
    }
}
