//! The attributes of a type, a variant or a field: memdict's own, and those of serde that
//! decide what is stored.

mod known;
mod rule;
mod serde;

use proc_macro2::{Ident, Span, TokenTree};
use syn::{
    Attribute, LitInt, LitStr, Path, Result, Token, Type, meta::ParseNestedMeta,
    parse::ParseStream, spanned::Spanned,
};

use self::known::Place;
pub(crate) use self::{
    rule::Rule,
    serde::{Case, SerdeField, SerdeType, SerdeVariant, With},
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

/// `#[memdict(..)]` on a field. Each is where it was written.
#[derive(Default)]
pub(crate) struct FieldAttrs {
    pub(crate) opaque: Option<Span>,
    pub(crate) version: Option<(u64, Span)>,
    pub(crate) untracked: Option<Span>,
    pub(crate) merge: Option<(Rule, Span)>,
    pub(crate) allow_interior: Option<Span>,
    /// Whether an attribute was not understood: the field may be meant to be anything.
    pub(crate) unclear: bool,
}

impl TypeAttrs {
    pub(crate) fn read(attrs: &[Attribute], mistakes: &mut Mistakes) -> Self {
        let mut read = Self::default();
        each(attrs, Place::Type, mistakes, |key, meta| {
            match key {
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
        let unclear = each(attrs, Place::Field, mistakes, |key, meta| {
            let span = meta.path.span();
            match key {
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

/// A variant takes none of memdict's attributes.
pub(crate) fn read_variant(attrs: &[Attribute], mistakes: &mut Mistakes) {
    each(attrs, Place::Variant, mistakes, |_, _| Ok(()));
}

/// Reads each word of each `#[memdict(..)]` that belongs to `place`; the others are mistakes.
/// A mistake does not hide the words behind it. Returns whether there was one.
fn each(
    attrs: &[Attribute],
    place: Place,
    mistakes: &mut Mistakes,
    mut read: impl FnMut(&str, &ParseNestedMeta<'_>) -> Result<()>,
) -> bool {
    let mut unclear = false;
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("memdict")) {
        let list = attr.parse_nested_meta(|meta| {
            let key = meta.path.get_ident().map(ToString::to_string);
            let done = match key.as_deref().filter(|key| place.keys().contains(key)) {
                Some(key) => read(key, &meta),
                None => Err(meta.error(place.refuse(&meta.path))),
            };
            if let Err(mistake) = done {
                unclear = true;
                mistakes.push(mistake);
            }
            skip_rest(meta.input)
        });
        if let Err(mistake) = list {
            unclear = true;
            mistakes.push(mistake);
        }
    }
    unclear
}

/// Up to the next comma, whatever it is.
fn skip_rest(input: ParseStream<'_>) -> Result<()> {
    while !input.is_empty() && !input.peek(Token![,]) {
        input.parse::<TokenTree>()?;
    }
    Ok(())
}

fn once<T>(slot: &mut Option<T>, value: T, meta: &ParseNestedMeta<'_>) -> Result<()> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(meta.error("given twice")),
    }
}

fn number(meta: &ParseNestedMeta<'_>) -> Result<u64> {
    meta.value()?.parse::<LitInt>()?.base10_parse()
}

/// `crate = "path"`, as serde has it, or `crate = path`.
fn crate_path(meta: &ParseNestedMeta<'_>) -> Result<Path> {
    let value = meta.value()?;
    if value.peek(LitStr) {
        value.parse::<LitStr>()?.parse_with(Path::parse_mod_style)
    } else {
        value.call(Path::parse_mod_style)
    }
}
