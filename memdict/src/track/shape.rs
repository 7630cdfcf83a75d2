//! The schema of a type, and its fingerprint.

use std::{
    any::TypeId,
    collections::{HashMap, HashSet, hash_map::Entry},
    sync::LazyLock,
};

use parking_lot::RwLock;
use xxhash_rust::xxh3::Xxh3;

use super::Tracked;

/// What a type stores: its name, and the names and shapes of its parts.
///
/// Positional codecs decode a reordered struct into garbage without an error, so stored bytes
/// carry a fingerprint of this, and bytes with another one are a miss. Parts are functions,
/// for a constant of a recursive type may not mention itself.
#[derive(Debug)]
pub struct Shape {
    name: &'static str,
    version: Option<u64>,
    inexact: bool,
    needs_names: Option<&'static str>,
    /// Of an array.
    length: Option<usize>,
    /// Of a declared type, which may be recursive; a container or a leaf has none.
    id: Option<fn() -> TypeId>,
    parts: Parts,
}

/// Names and shapes, in the order in which they are stored.
type Parts = &'static [(&'static str, fn() -> &'static Shape)];

impl Shape {
    /// The shape of a leaf, or of a container, whose parts have no names.
    #[must_use]
    pub const fn leaf(name: &'static str, parts: Parts) -> Self {
        Self {
            name,
            version: None,
            inexact: false,
            needs_names: None,
            length: None,
            id: None,
            parts,
        }
    }

    /// The shape of the declared type `T`.
    #[must_use]
    pub const fn declared<T: 'static>(name: &'static str, parts: Parts) -> Self {
        Self { id: Some(TypeId::of::<T>), ..Self::leaf(name, parts) }
    }

    /// Of a type whose encoding may differ while it means the same: equal bytes mean equal
    /// values, but different bytes leave it to [`Tracked::same`].
    #[must_use]
    pub const fn inexact(mut self) -> Self {
        self.inexact = true;
        self
    }

    /// Of a type whose elements are stored without their number, which is this.
    #[must_use]
    pub const fn length(mut self, length: usize) -> Self {
        self.length = Some(length);
        self
    }

    /// Of a type with a serde attribute that only a codec with names can decode: `what` says
    /// which and where.
    #[must_use]
    pub const fn needs_names(mut self, what: &'static str) -> Self {
        self.needs_names = Some(what);
        self
    }

    /// What was given to [`needs_names`](Self::needs_names).
    #[must_use]
    pub const fn names_needed(&self) -> Option<&'static str> {
        self.needs_names
    }

    /// Puts `version` in place of names and parts in the fingerprint.
    #[must_use]
    pub const fn version(mut self, version: u64) -> Self {
        self.version = Some(version);
        self
    }
}

/// What a session needs of a shape, worked out once for each type in a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Schema {
    /// Stored with each value; equal for equal shapes on every platform and compiler.
    pub(crate) fingerprint: u64,
    /// Whether different bytes may mean the same somewhere in the type.
    pub(crate) inexact: bool,
    /// A serde attribute, anywhere in the type, that only a codec with names can decode.
    pub(crate) needs_names: Option<&'static str>,
}

/// Of each type that this process has used: its schema, and its name.
static KNOWN: LazyLock<RwLock<HashMap<TypeId, (Schema, &'static str)>>> =
    LazyLock::new(RwLock::default);

impl Schema {
    pub(crate) fn of<T: Tracked>() -> Self {
        let id = TypeId::of::<T>();
        if let Some((known, _)) = KNOWN.read().get(&id) {
            return *known;
        }
        let mut print = Print { hash: Xxh3::new(), seen: HashMap::new() };
        print.shape(T::SHAPE);
        let mut schema =
            Self { fingerprint: print.hash.digest(), inexact: false, needs_names: None };
        schema.add_traits(T::SHAPE, &mut HashSet::new());
        KNOWN.write().insert(id, (schema, std::any::type_name::<T>()));
        schema
    }

    /// Returns the name of a type that has this fingerprint, if this process has used one, or if it
    /// is a standard type that values are often stored as by mistake.
    pub(crate) fn name_of(fingerprint: u64) -> Option<&'static str> {
        macro_rules! standard {
            ($($type:ty),*) => {
                $(if Self::of::<$type>().fingerprint == fingerprint {
                    return Some(std::any::type_name::<$type>());
                })*
            };
        }
        standard!(i32, i64, u32, u64, usize, isize, f64, bool, String);
        let known = KNOWN.read();
        let found = known.values().find(|(schema, _)| schema.fingerprint == fingerprint);
        found.map(|(_, name)| *name)
    }

    /// Goes behind a `version` too, which stands for names and parts in the fingerprint only.
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

/// The fingerprint: a walk over the shape, depth first. A declared type met before is written
/// as the number of its first visit, so that the walk ends and takes linear time.
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
        self.hash.update(b"(");
        for (name, part) in shape.parts {
            self.text(name);
            self.shape(part());
        }
        self.hash.update(b")");
    }

    /// With its length, so that `ab`, `c` and `a`, `bc` differ.
    fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.hash.update(text.as_bytes());
    }

    fn number(&mut self, number: u64) {
        self.hash.update(&number.to_le_bytes());
    }
}
