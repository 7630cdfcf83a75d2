//! The type as the later passes see it: its parts, each with its name, its flag and what is
//! done with it.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::{
    Attribute, Data, DeriveInput, Expr, Fields, Generics, Lit, Member, Meta, Type, Visibility,
    WherePredicate,
};

use crate::{
    attr::{self, Case, FieldAttrs, SerdeField, SerdeType, SerdeVariant, TypeAttrs, With},
    mistakes::Mistakes,
    path,
};

pub(crate) struct Input {
    pub(crate) ident: Ident,
    pub(crate) vis: Visibility,
    /// As declared, but for `Self`, which is spelled out.
    pub(crate) generics: Generics,
    pub(crate) attrs: TypeAttrs,
    /// In the fingerprint.
    pub(crate) name: String,
    pub(crate) kind: Kind,
    /// Which serde attribute, and where, only a codec with names can decode.
    pub(crate) needs_names: Option<String>,
    /// Whether something in it is `#[deprecated]`, so that generated code may use it.
    pub(crate) deprecated: bool,
}

pub(crate) enum Kind {
    Struct(Parts),
    Enum(Vec<Variant>),
}

pub(crate) struct Variant {
    pub(crate) ident: Ident,
    pub(crate) name: String,
    pub(crate) docs: Vec<Attribute>,
    /// Whether it is ever stored.
    pub(crate) stored: bool,
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
    /// In the fingerprint, and in the path of a changed field.
    pub(crate) name: String,
    pub(crate) vis: Visibility,
    pub(crate) ty: Type,
    pub(crate) docs: Vec<Attribute>,
    /// The field of the changes that says whether this was touched.
    pub(crate) flag: Ident,
    pub(crate) keep: Keep,
    /// Stored, but not compared.
    pub(crate) untracked: bool,
    pub(crate) attrs: FieldAttrs,
}

/// How a field is stored and compared.
pub(crate) enum Keep {
    /// As its type says, which is tracked.
    Tracked,
    /// By its encoding; the fingerprint has the type's name.
    Opaque,
    /// By the encoding that these functions of serde's `with` make.
    With(With),
    /// Not at all: `#[serde(skip)]`.
    Skipped,
}

impl Part {
    /// Whether it has a flag and is compared.
    pub(crate) fn is_flagged(&self) -> bool {
        !self.untracked && !matches!(self.keep, Keep::Skipped)
    }

    /// Whether its type has to be tracked.
    pub(crate) fn is_tracked(&self) -> bool {
        matches!(self.keep, Keep::Tracked)
    }
}

impl Input {
    /// Every part of the type, of all variants.
    pub(crate) fn parts(&self) -> Vec<&Part> {
        match &self.kind {
            Kind::Struct(parts) => parts.list.iter().collect(),
            Kind::Enum(variants) => variants.iter().flat_map(|v| &v.parts.list).collect(),
        }
    }

    pub(crate) fn flagged(&self) -> Vec<&Part> {
        let mut parts = self.parts();
        parts.retain(|part| part.is_flagged());
        parts
    }

    pub(crate) fn read(input: &DeriveInput, mistakes: &mut Mistakes) -> Self {
        let attrs = TypeAttrs::read(&input.attrs, mistakes);
        let serde = SerdeType::read(&input.attrs);
        let (_, arguments, _) = input.generics.split_for_impl();
        let ident = &input.ident;
        let mut reader = Reader {
            this: quote!(#ident #arguments),
            type_name: path::plain(ident),
            needs_names: serde.needs_names.map(|what| needs_names(what, &path::plain(ident))),
            deprecated: is_deprecated(&input.attrs),
            mistakes,
        };
        let kind = match &input.data {
            Data::Struct(data) => Kind::Struct(reader.parts(&data.fields, None, serde.rename_all)),
            Data::Enum(data) => Kind::Enum(reader.variants(data, &serde)),
            // Refused by `check`.
            Data::Union(_) => Kind::Enum(Vec::new()),
        };
        let mut name = serde.rename.unwrap_or_else(|| path::plain(ident));
        if let Some(stored) = serde.into {
            name = format!("{name} as {stored}");
        }
        Self {
            ident: ident.clone(),
            vis: input.vis.clone(),
            generics: reader.generics(&input.generics),
            needs_names: reader.needs_names,
            deprecated: reader.deprecated,
            attrs,
            name,
            kind,
        }
    }
}

struct Reader<'a> {
    /// What `Self` means in the type.
    this: TokenStream,
    type_name: String,
    needs_names: Option<String>,
    deprecated: bool,
    mistakes: &'a mut Mistakes,
}

impl Reader<'_> {
    fn variants(&mut self, data: &syn::DataEnum, serde: &SerdeType) -> Vec<Variant> {
        let mut read = Vec::new();
        let mut skipped: Option<String> = None;
        for (index, variant) in data.variants.iter().enumerate() {
            attr::check_variant(&variant.attrs, self.mistakes);
            self.deprecated |= is_deprecated(&variant.attrs);
            let attrs = SerdeVariant::read(&variant.attrs);
            let plain = path::plain(&variant.ident);
            let place = format!("{}::{plain}", self.type_name);
            if let Some(what) = attrs.needs_names {
                self.needs_names.get_or_insert(needs_names(what, &place));
            }
            // serde numbers the variants it writes and those it reads differently then.
            if attrs.skip {
                skipped.get_or_insert(place);
            } else if let Some(place) = &skipped {
                self.needs_names.get_or_insert(needs_names("skip", place));
            }
            let case = attrs.rename_all.or(serde.rename_all_fields);
            let parts = self.parts(&variant.fields, Some((index, &plain)), case);
            read.push(Variant {
                ident: variant.ident.clone(),
                name: attrs.rename.unwrap_or_else(|| serde.rename_all.variant(&plain)),
                docs: docs(&variant.attrs),
                stored: !attrs.skip,
                parts,
            });
        }
        read
    }

    fn parts(&mut self, fields: &Fields, variant: Option<(usize, &str)>, case: Case) -> Parts {
        let style = match fields {
            Fields::Named(_) => Style::Named,
            Fields::Unnamed(_) => Style::Tuple,
            Fields::Unit => Style::Unit,
        };
        let list = fields
            .iter()
            .enumerate()
            .map(|(index, field)| self.part(index, field, variant, case))
            .collect();
        Parts { style, list }
    }

    fn part(
        &mut self,
        index: usize,
        field: &syn::Field,
        variant: Option<(usize, &str)>,
        case: Case,
    ) -> Part {
        let attrs = FieldAttrs::read(&field.attrs, self.mistakes);
        let serde = SerdeField::read(&field.attrs);
        self.deprecated |= is_deprecated(&field.attrs);
        let (member, plain) = match &field.ident {
            Some(ident) => (Member::Named(ident.clone()), path::plain(ident)),
            None => (Member::Unnamed(index.into()), index.to_string()),
        };
        if let Some(what) = serde.needs_names {
            let place = match variant {
                Some((_, variant)) => format!("{}::{variant}::{plain}", self.type_name),
                None => format!("{}::{plain}", self.type_name),
            };
            self.needs_names.get_or_insert(needs_names(what, &place));
        }
        let flag = match (variant, &field.ident) {
            (Some((number, _)), _) => format_ident!("v{number}_{index}"),
            (None, Some(ident)) => ident.clone(),
            (None, None) => format_ident!("_{index}"),
        };
        let keep = match serde.with {
            // Nothing is asked of the type of a field that was not understood.
            _ if serde.skip || attrs.unclear => Keep::Skipped,
            Some(with) => Keep::With(with),
            None if attrs.opaque.is_some() => Keep::Opaque,
            None => Keep::Tracked,
        };
        Part {
            name: serde.rename.unwrap_or_else(|| match field.ident {
                Some(_) => case.field(&plain),
                None => plain,
            }),
            vis: field.vis.clone(),
            ty: self.spelled(&field.ty),
            docs: docs(&field.attrs),
            untracked: attrs.untracked.is_some(),
            member,
            flag,
            keep,
            attrs,
        }
    }

    /// `ty` without `Self`; as it is where it has none, so that errors point at it.
    fn spelled(&self, ty: &Type) -> Type {
        let tokens = ty.to_token_stream();
        if !path::mentions(tokens.clone(), &Ident::new("Self", Span::call_site())) {
            return ty.clone();
        }
        let spelled = path::without_self(tokens.clone(), &self.this);
        syn::parse2(spelled).unwrap_or(Type::Verbatim(tokens))
    }

    fn generics(&self, declared: &Generics) -> Generics {
        let mut generics = declared.clone();
        if let Some(clause) = &mut generics.where_clause {
            for predicate in &mut clause.predicates {
                let spelled = path::without_self(predicate.to_token_stream(), &self.this);
                if let Ok(spelled) = syn::parse2::<WherePredicate>(spelled) {
                    *predicate = spelled;
                }
            }
        }
        generics
    }
}

/// The text behind `NEEDS_NAMES`, which ends in a compile error.
fn needs_names(attribute: &str, place: &str) -> String {
    format!("`#[serde({attribute})]` on `{place}` needs a codec that stores names")
}

fn is_deprecated(attrs: &[Attribute]) -> bool {
    attrs.iter().any(|attr| attr.path().is_ident("deprecated"))
}

/// The documentation, for the view. Not where it speaks of `Self`: that would be the view.
fn docs(attrs: &[Attribute]) -> Vec<Attribute> {
    let docs: Vec<_> = attrs
        .iter()
        .filter(|attr| attr.path().is_ident("doc"))
        .filter(|attr| matches!(&attr.meta, Meta::NameValue(_)))
        .cloned()
        .collect();
    let of_self = docs.iter().any(|attr| match &attr.meta {
        Meta::NameValue(pair) => match &pair.value {
            Expr::Lit(text) => matches!(&text.lit, Lit::Str(text) if text.value().contains("Self")),
            _ => false,
        },
        _ => false,
    });
    if of_self { Vec::new() } else { docs }
}
