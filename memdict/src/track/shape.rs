//! The description of what a type stores.

use std::any::TypeId;

/// What a type stores: its name, and the names and shapes of its parts.
///
/// A positional codec decodes a reordered struct into garbage without an error. So stored bytes
/// carry a fingerprint of this, and bytes with another one are a miss. Parts are functions because
/// a constant of a recursive type may not mention itself.
#[derive(Debug)]
pub struct Shape {
    pub(super) name: &'static str,
    pub(super) version: Option<u64>,
    pub(super) inexact: bool,
    pub(super) needs_names: Option<&'static str>,
    /// The length of an array.
    pub(super) length: Option<usize>,
    /// Writes the type or value that a generic type was given and does not store.
    pub(super) argument: Option<fn() -> String>,
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
            id: None,
            parts,
        }
    }

    /// Describes the declared type `T`.
    #[must_use]
    pub const fn declared<T: 'static>(name: &'static str, parts: Parts) -> Self {
        Self { id: Some(TypeId::of::<T>), ..Self::leaf(name, parts) }
    }

    /// Marks a type whose encoding may differ while it means the same: equal bytes mean equal
    /// values, but different bytes leave the answer to `Tracked::same`.
    #[must_use]
    pub const fn inexact(mut self) -> Self {
        self.inexact = true;
        self
    }

    /// Gives the number of elements, for a type that stores them without their number.
    #[must_use]
    pub const fn length(mut self, length: usize) -> Self {
        self.length = Some(length);
        self
    }

    /// Gives what a generic type was given: `Money<Usd>` and `Money<Eur>` store the same bytes and
    /// do not mean the same.
    #[must_use]
    pub const fn argument(mut self, written: fn() -> String) -> Self {
        self.argument = Some(written);
        self
    }

    /// Marks a type with a serde attribute that only a codec with names can decode; `what` names
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

    /// Puts `version` in place of names and parts in the fingerprint.
    #[must_use]
    pub const fn version(mut self, version: u64) -> Self {
        self.version = Some(version);
        self
    }
}
