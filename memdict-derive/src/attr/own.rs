//! memdict's attributes.

use proc_macro2::{Ident, Span};
use syn::{Attribute, Path, Type, spanned::Spanned};

use super::{
    list::{crate_path, each, number, once},
    place::Place,
    rule::Rule,
};
use crate::mistakes::Mistakes;

/// `#[memdict(..)]` on the type.
#[derive(Default)]
pub(crate) struct TypeAttrs {
    pub(crate) krate: Option<Path>,
    pub(crate) edit: Option<Ident>,
    pub(crate) changes: Option<Ident>,
    pub(crate) version: Option<u64>,
    pub(crate) from: Option<Type>,
    pub(crate) merge: Option<Span>,
}

/// `#[memdict(..)]` on a field: each word with the place where it is written.
#[derive(Default)]
pub(crate) struct FieldAttrs {
    pub(crate) opaque: Option<Span>,
    pub(crate) version: Option<(u64, Span)>,
    pub(crate) untracked: Option<Span>,
    pub(crate) merge: Option<(Rule, Span)>,
    pub(crate) allow_interior: Option<Span>,
    /// Whether an attribute was not understood: nothing is known about the field then.
    pub(crate) unclear: bool,
}

impl TypeAttrs {
    pub(crate) fn read(attrs: &[Attribute], mistakes: &mut Mistakes) -> Self {
        let mut read = Self::default();
        each(attrs, Place::Type, mistakes, |word, meta| {
            match word {
                "crate" => once(&mut read.krate, crate_path(meta)?, meta),
                "edit" => once(&mut read.edit, meta.value()?.parse()?, meta),
                "changes" => once(&mut read.changes, meta.value()?.parse()?, meta),
                "version" => once(&mut read.version, number(meta)?, meta),
                "from" => once(&mut read.from, meta.value()?.parse()?, meta),
                // The only other word of this place.
                _ => once(&mut read.merge, meta.path.span(), meta),
            }
        });
        read
    }
}

impl FieldAttrs {
    pub(crate) fn read(attrs: &[Attribute], mistakes: &mut Mistakes) -> Self {
        let mut read = Self::default();
        let unclear = each(attrs, Place::Field, mistakes, |word, meta| {
            let span = meta.path.span();
            match word {
                "opaque" => once(&mut read.opaque, span, meta),
                "version" => once(&mut read.version, (number(meta)?, span), meta),
                "untracked" => once(&mut read.untracked, span, meta),
                "allow_interior" => once(&mut read.allow_interior, span, meta),
                // The only other word of this place.
                _ => once(&mut read.merge, (Rule::read(meta.value()?)?, span), meta),
            }
        });
        read.unclear = unclear;
        read
    }
}

/// Refuses every word of memdict on a variant, which takes none.
pub(crate) fn check_variant(attrs: &[Attribute], mistakes: &mut Mistakes) {
    each(attrs, Place::Variant, mistakes, |_, _| Ok(()));
}
