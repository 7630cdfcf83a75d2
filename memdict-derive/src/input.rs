//! The type as the later passes see it: its parts, each with its name, its flag and the way in
//! which it is stored and compared.

use proc_macro2::{Ident, TokenStream};
use syn::{Attribute, Generics, Member, Type, Visibility, WherePredicate};

use crate::attr::{FieldAttrs, TypeAttrs, With};

pub(crate) struct Input {
    pub(crate) ident: Ident,
    pub(crate) vis: Visibility,
    /// The declared generics with `Self` spelled out, and without lifetimes, which are refused.
    pub(crate) generics: Generics,
    /// The type with its arguments.
    pub(crate) this: TokenStream,
    pub(crate) attrs: TypeAttrs,
    /// The name in the fingerprint.
    pub(crate) name: String,
    pub(crate) kind: Kind,
    /// The bounds that `#[serde(bound = ..)]` says for storing, on the type or on a field.
    pub(crate) serde_bounds: Vec<WherePredicate>,
    /// The serde attribute, and its place, that only a codec with names can decode.
    pub(crate) needs_names: Option<String>,
    /// Whether something in it is `#[deprecated]`: generated code then has to be allowed to use it.
    pub(crate) deprecated: bool,
}

pub(crate) enum Kind {
    Struct(Parts),
    Enum(Vec<Variant>),
}

pub(crate) struct Variant {
    pub(crate) ident: Ident,
    /// The name in the fingerprint.
    pub(crate) name: String,
    pub(crate) docs: Vec<Attribute>,
    /// Whether serde ever stores it.
    pub(crate) stored: bool,
    /// The functions that store its fields: serde's `with` on the variant.
    pub(crate) with: Option<With>,
    pub(crate) parts: Parts,
}

/// The fields of a struct or of a variant.
pub(crate) struct Parts {
    pub(crate) style: Style,
    pub(crate) list: Vec<Part>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    Named,
    Tuple,
    Unit,
}

/// A field.
pub(crate) struct Part {
    pub(crate) member: Member,
    /// The name in the fingerprint, and in the path of a changed field.
    pub(crate) name: String,
    pub(crate) vis: Visibility,
    pub(crate) ty: Type,
    pub(crate) docs: Vec<Attribute>,
    /// The field of the flags that marks this part.
    pub(crate) flag: Ident,
    pub(crate) keep: Keep,
    /// Whether it is stored but not compared.
    pub(crate) untracked: bool,
    /// Whether a mistake in its type or its attributes was found: nothing else is said about it.
    pub(crate) refused: bool,
    pub(crate) attrs: FieldAttrs,
}

/// The way in which a field is stored and compared.
pub(crate) enum Keep {
    /// As its type says, which is tracked.
    Tracked,
    /// By its encoding; the fingerprint has the name of the type.
    Opaque,
    /// By the encoding that these functions of serde's `with` make.
    With(With),
    /// Not at all: `#[serde(skip)]`.
    Skipped,
}

impl Part {
    /// Returns whether it has a flag and is compared.
    pub(crate) fn is_flagged(&self) -> bool {
        !self.untracked && !matches!(self.keep, Keep::Skipped)
    }

    /// Returns whether its type has to be tracked.
    pub(crate) fn is_tracked(&self) -> bool {
        matches!(self.keep, Keep::Tracked)
    }
}

impl Input {
    /// Returns every part of the type, of all variants.
    pub(crate) fn parts(&self) -> Vec<&Part> {
        match &self.kind {
            Kind::Struct(parts) => parts.list.iter().collect(),
            Kind::Enum(variants) => variants.iter().flat_map(|v| &v.parts.list).collect(),
        }
    }

    /// Does the same as [`parts`](Self::parts), for writing.
    pub(crate) fn parts_mut(&mut self) -> Vec<&mut Part> {
        match &mut self.kind {
            Kind::Struct(parts) => parts.list.iter_mut().collect(),
            Kind::Enum(variants) => variants.iter_mut().flat_map(|v| &mut v.parts.list).collect(),
        }
    }

    /// Returns the parts that have a flag.
    pub(crate) fn flagged(&self) -> Vec<&Part> {
        let mut parts = self.parts();
        parts.retain(|part| part.is_flagged());
        parts
    }
}
