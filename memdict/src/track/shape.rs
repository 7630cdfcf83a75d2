//! Describes what a type stores.

use std::any::TypeId;

use crate::codec::Unknown;

/// What a type stores: its name, and the names and shapes of its parts.
///
/// A positional codec decodes a reordered struct into garbage without an error. So stored bytes
/// carry a fingerprint of the shape, and bytes with another fingerprint are a miss. Parts are
/// functions because a constant of a recursive type may not mention itself.
#[derive(Debug)]
pub struct Shape {
    pub(super) name: &'static str,
    pub(super) version: Option<u64>,
    pub(super) inexact: bool,
    pub(super) needs_names: Option<&'static str>,
    /// The length of an array.
    pub(super) length: Option<usize>,
    /// Returns the type or constant argument that a generic type does not store.
    pub(super) argument: Option<fn() -> String>,
    /// The size of a value.
    pub(super) size: usize,
    /// The type itself, if nothing but its encoding is known.
    pub(super) unknown: Option<Unknown>,
    /// Whether functions of the application store and read it.
    pub(super) with: bool,
    /// Set for a declared type, which may be recursive; not for a container or a leaf.
    pub(super) id: Option<fn() -> TypeId>,
    pub(super) parts: Parts,
}

/// Names and shapes, in the order in which they are stored.
type Parts = &'static [(&'static str, fn() -> &'static Shape)];

impl Shape {
    /// Describes a leaf, or a container, whose parts have no names.
    #[must_use]
    pub const fn leaf(name: &'static str, parts: Parts) -> Self {
        Self {
            name,
            version: None,
            inexact: false,
            needs_names: None,
            length: None,
            argument: None,
            size: 0,
            unknown: None,
            with: false,
            id: None,
            parts,
        }
    }

    /// Describes the declared type `T`.
    #[must_use]
    pub const fn declared<T: 'static>(name: &'static str, parts: Parts) -> Self {
        Self { id: Some(TypeId::of::<T>), size: size_of::<T>(), ..Self::leaf(name, parts) }
    }

    /// Marks a type whose encoding may differ while it means the same: equal bytes mean equal
    /// values, but different bytes leave the answer to `Tracked::same`.
    #[must_use]
    pub const fn inexact(mut self) -> Self {
        self.inexact = true;
        self
    }

    /// Sets the number of elements, for a type that stores them without their number.
    #[must_use]
    pub const fn length(mut self, length: usize) -> Self {
        self.length = Some(length);
        self
    }

    /// Sets the argument that a generic type does not store: `Money<Usd>` and `Money<Eur>` store
    /// the same bytes, but do not mean the same.
    #[must_use]
    pub const fn argument(mut self, written: fn() -> String) -> Self {
        self.argument = Some(written);
        self
    }

    /// Sets the size of a value.
    #[must_use]
    pub const fn size(mut self, size: usize) -> Self {
        self.size = size;
        self
    }

    /// Marks a type of which nothing but its encoding is known.
    #[must_use]
    pub const fn unknown(mut self, unknown: Unknown) -> Self {
        self.unknown = Some(unknown);
        self
    }

    /// Marks a type that has a part which only functions of the application store and read.
    #[must_use]
    pub const fn with(mut self) -> Self {
        self.with = true;
        self
    }

    /// Marks a type with a serde attribute that only a codec with names can decode. `what` names
    /// the attribute and its place.
    #[must_use]
    pub const fn needs_names(mut self, what: &'static str) -> Self {
        self.needs_names = Some(what);
        self
    }

    /// Returns what [`needs_names`](Self::needs_names) was given.
    #[must_use]
    pub const fn names_needed(&self) -> Option<&'static str> {
        self.needs_names
    }

    /// Replaces names and parts in the fingerprint by `version`.
    #[must_use]
    pub const fn version(mut self, version: u64) -> Self {
        self.version = Some(version);
        self
    }
}
