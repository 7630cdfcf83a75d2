//! The schema of a type: above all, the fingerprint of its shape.

use std::{
    any::{self, TypeId},
    collections::{HashMap, HashSet, hash_map::Entry},
    sync::LazyLock,
};

use parking_lot::RwLock;
use xxhash_rust::xxh3::Xxh3;

use super::{shape::Shape, tracked::Tracked};
use crate::codec::{Known, OLDER_TYPES, Trial, Unknown};

/// What a session needs to know about a type's shape, computed once for each type in a process.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Schema {
    /// Stored with each value; equal for equal shapes on every platform and compiler.
    pub(crate) fingerprint: u64,
    /// Whether different bytes may mean the same somewhere in the type.
    pub(crate) inexact: bool,
    /// A serde attribute, anywhere in the type, that only a codec with names can decode.
    pub(crate) needs_names: Option<&'static str>,
    /// The fingerprints of the types that this one converts from, newest first.
    pub(crate) lineage: &'static [u64],
    /// What encoding a value needs to know.
    pub(crate) known: Known,
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
        let mut found = Found::default();
        found.add(T::SHAPE);
        if found.with {
            found.unknown.push(Unknown::of::<T>());
        }
        let mut lineage = Vec::new();
        T::lineage(&mut lineage);
        // One of each for each type in a process, and kept as long as it runs.
        let trial = Trial::of(&found.unknown).map(|trial| &*Box::leak(Box::new(trial)));
        let schema = Self {
            fingerprint: fingerprint(T::SHAPE),
            inexact: found.inexact,
            needs_names: found.needs_names,
            lineage: lineage.leak(),
            known: Known { trial, largest: found.largest },
        };
        // Another thread may have been faster: there is one trial for each type.
        KNOWN.write().entry(id).or_insert((schema, any::type_name::<T>())).0
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
}

/// What a walk over a shape finds. A `version` hides parts only from the fingerprint.
#[derive(Default)]
struct Found {
    inexact: bool,
    needs_names: Option<&'static str>,
    largest: usize,
    with: bool,
    unknown: Vec<Unknown>,
    seen: HashSet<TypeId>,
}

/// What is assumed to be the largest type inside one of which only the encoding is known.
const LARGEST_UNKNOWN: usize = 1 << 16;

impl Found {
    fn add(&mut self, shape: &'static Shape) {
        if shape.id.is_some_and(|id| !self.seen.insert(id())) {
            return;
        }
        self.inexact |= shape.inexact;
        self.needs_names = self.needs_names.or(shape.needs_names);
        self.largest = self.largest.max(shape.size);
        self.with |= shape.with;
        self.unknown.extend(shape.unknown);
        if shape.with || shape.unknown.is_some() {
            self.largest = self.largest.max(LARGEST_UNKNOWN);
        }
        for (_, part) in shape.parts {
            self.add(part());
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
