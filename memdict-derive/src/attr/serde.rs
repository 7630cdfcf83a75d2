//! The attributes of serde that decide what is stored and under which name. Mistakes in them
//! are serde's to report.

use syn::{
    Attribute, LitStr, Token, WherePredicate, meta::ParseNestedMeta, parse::Parser,
    punctuated::Punctuated,
};

use super::{case::Case, list::skip_rest};

/// `#[serde(..)]` on the type.
#[derive(Default)]
pub(crate) struct SerdeType {
    pub(crate) rename: Option<String>,
    /// The rule for a struct's fields, or for an enum's variants.
    pub(crate) rename_all: Case,
    /// The rule for the fields of an enum's variants.
    pub(crate) rename_all_fields: Case,
    /// The type that is stored in place of this one.
    pub(crate) into: Option<String>,
    /// The bounds for storing it.
    pub(crate) bounds: Vec<WherePredicate>,
    /// An attribute that only a codec with names can decode.
    pub(crate) needs_names: Option<&'static str>,
}

/// `#[serde(..)]` on a variant.
#[derive(Default)]
pub(crate) struct SerdeVariant {
    pub(crate) rename: Option<String>,
    pub(crate) rename_all: Case,
    /// Neither stored nor loaded.
    pub(crate) skip: bool,
    /// The functions that store its fields: `with`, or `serialize_with`.
    pub(crate) with: Option<With>,
    pub(crate) needs_names: Option<&'static str>,
}

/// `#[serde(..)]` on a field.
#[derive(Default)]
pub(crate) struct SerdeField {
    pub(crate) rename: Option<String>,
    /// Neither stored nor loaded.
    pub(crate) skip: bool,
    /// The functions that store it: `with`, or `serialize_with`.
    pub(crate) with: Option<With>,
    /// The bounds for storing it.
    pub(crate) bounds: Vec<WherePredicate>,
    pub(crate) needs_names: Option<&'static str>,
}

/// The function that stores a field.
pub(crate) enum With {
    /// The function `serialize` of this module.
    Module(syn::Path),
    Function(syn::Path),
}

impl SerdeType {
    pub(crate) fn read(attrs: &[Attribute]) -> Self {
        let mut read = Self::default();
        each(attrs, |key, meta| match key {
            "rename" => read.rename = name(meta).or(read.rename.take()),
            "rename_all" => read.rename_all = case(meta),
            "rename_all_fields" => read.rename_all_fields = case(meta),
            "into" => read.into = name(meta),
            "bound" => read.bounds = bounds(meta),
            "tag" => read.needs_names = Some("tag"),
            "untagged" => read.needs_names = Some("untagged"),
            _ => {}
        });
        read
    }
}

impl SerdeVariant {
    pub(crate) fn read(attrs: &[Attribute]) -> Self {
        let mut read = Self::default();
        each(attrs, |key, meta| match key {
            "rename" => read.rename = name(meta).or(read.rename.take()),
            "rename_all" => read.rename_all = case(meta),
            "skip" | "skip_deserializing" => read.skip = true,
            "untagged" => read.needs_names = Some("untagged"),
            "with" => read.with = path(meta).map(With::Module),
            "serialize_with" => read.with = path(meta).map(With::Function),
            _ => {}
        });
        read
    }
}

impl SerdeField {
    pub(crate) fn read(attrs: &[Attribute]) -> Self {
        let mut read = Self::default();
        let (mut unstored, mut unloaded) = (false, false);
        each(attrs, |key, meta| match key {
            "rename" => read.rename = name(meta).or(read.rename.take()),
            "skip" => read.skip = true,
            "bound" => read.bounds = bounds(meta),
            "skip_serializing" => unstored = true,
            "skip_deserializing" => unloaded = true,
            "skip_serializing_if" => read.needs_names = Some("skip_serializing_if"),
            "flatten" => read.needs_names = Some("flatten"),
            "with" => read.with = path(meta).map(With::Module),
            "serialize_with" => read.with = path(meta).map(With::Function),
            _ => {}
        });
        // With one of the two alone, the reader does not expect what the writer wrote.
        match (unstored, unloaded) {
            (true, true) => read.skip = true,
            (true, false) => read.needs_names = Some("skip_serializing"),
            (false, true) => read.needs_names = Some("skip_deserializing"),
            (false, false) => {}
        }
        read
    }
}

fn each(attrs: &[Attribute], mut read: impl FnMut(&str, &ParseNestedMeta<'_>)) {
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("serde")) {
        // serde's own derive reports what does not parse.
        let _ = attr.parse_nested_meta(|meta| {
            if let Some(key) = meta.path.get_ident() {
                read(&key.to_string(), &meta);
            }
            skip_rest(meta.input)
        });
    }
}

/// Reads `= "name"`, or `(serialize = "name", ..)`: the name that is stored counts.
fn name(meta: &ParseNestedMeta<'_>) -> Option<String> {
    if meta.input.peek(Token![=]) {
        return literal(meta).map(|name| name.value());
    }
    let mut found = None;
    let _ = meta.parse_nested_meta(|inner| {
        if inner.path.is_ident("serialize") {
            found = literal(&inner).map(|name| name.value());
        }
        skip_rest(inner.input)
    });
    found
}

fn literal(meta: &ParseNestedMeta<'_>) -> Option<LitStr> {
    meta.value().and_then(|value| value.parse()).ok()
}

fn path(meta: &ParseNestedMeta<'_>) -> Option<syn::Path> {
    literal(meta)?.parse().ok()
}

fn bounds(meta: &ParseNestedMeta<'_>) -> Vec<WherePredicate> {
    let parse = Punctuated::<WherePredicate, Token![,]>::parse_terminated;
    let bounds = name(meta).and_then(|text| parse.parse_str(&text).ok());
    bounds.into_iter().flatten().collect()
}

fn case(meta: &ParseNestedMeta<'_>) -> Case {
    name(meta).map_or(Case::Kept, |rule| Case::of(&rule))
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::*;

    #[test]
    fn the_name_and_the_skip_of_what_is_stored_count() {
        let read = |attr: Attribute| SerdeField::read(&[attr]);
        let both = read(parse_quote!(#[serde(rename(serialize = "a", deserialize = "b"))]));
        assert_eq!(both.rename.as_deref(), Some("a"));
        assert!(read(parse_quote!(#[serde(default, skip)])).skip);
        assert!(read(parse_quote!(#[serde(skip_serializing, skip_deserializing)])).skip);
        let half = read(parse_quote!(#[serde(default = "none", skip_serializing)]));
        assert_eq!((half.skip, half.needs_names), (false, Some("skip_serializing")));
        let with = read(parse_quote!(#[serde(with = "as_text")]));
        assert!(matches!(with.with, Some(With::Module(path)) if path.is_ident("as_text")));
    }
}
