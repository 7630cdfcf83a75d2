//! Reads the declared type: names, attributes, and what becomes of each field.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::{
    Attribute, Data, DeriveInput, Expr, Fields, GenericParam, Generics, Lit, Member, Meta,
    WherePredicate, parse::Parse,
};

use crate::{
    attr::{self, Case, FieldAttrs, SerdeField, SerdeType, SerdeVariant, TypeAttrs},
    input::{Input, Keep, Kind, Part, Parts, Style, Variant},
    mistakes::Mistakes,
    path,
};

pub(crate) fn input(declared: &DeriveInput, mistakes: &mut Mistakes) -> Input {
    let attrs = TypeAttrs::read(&declared.attrs, mistakes);
    let serde = SerdeType::read(&declared.attrs);
    let ident = &declared.ident;
    let plain = path::plain(ident);
    let mut reader = Reader {
        this: this(declared),
        lifetimes: declared
            .generics
            .lifetimes()
            .map(|param| param.lifetime.ident.clone())
            .collect(),
        type_name: plain.clone(),
        needs_names: serde.needs_names.map(|what| needs_names(what, &plain)),
        deprecated: is_deprecated(&declared.attrs),
        serde_bounds: serde.bounds.clone(),
        mistakes,
    };
    let kind = match &declared.data {
        Data::Struct(data) => Kind::Struct(reader.parts(&data.fields, None, serde.rename_all)),
        Data::Enum(data) => Kind::Enum(reader.variants(data, &serde)),
        // Refused by `check`.
        Data::Union(_) => Kind::Struct(Parts { style: Style::Unit, list: Vec::new() }),
    };
    let name = serde.rename.unwrap_or(plain);
    Input {
        ident: ident.clone(),
        vis: declared.vis.clone(),
        generics: reader.generics(&declared.generics),
        this: reader.this,
        attrs,
        name: match serde.into {
            Some(stored) => format!("{name} as {stored}"),
            None => name,
        },
        kind,
        serde_bounds: reader.serde_bounds,
        needs_names: reader.needs_names,
        deprecated: reader.deprecated,
    }
}

/// Returns the type with its arguments, with `'static` for each lifetime.
fn this(declared: &DeriveInput) -> TokenStream {
    let ident = &declared.ident;
    let arguments = declared.generics.params.iter().map(|param| match param {
        GenericParam::Type(param) => param.ident.to_token_stream(),
        GenericParam::Const(param) => param.ident.to_token_stream(),
        _ => quote!('static),
    });
    if declared.generics.params.is_empty() {
        quote!(#ident)
    } else {
        quote!(#ident<#(#arguments),*>)
    }
}

struct Reader<'a> {
    /// What `Self` means in the type.
    this: TokenStream,
    /// The names of its lifetimes, which are refused.
    lifetimes: Vec<Ident>,
    type_name: String,
    needs_names: Option<String>,
    deprecated: bool,
    serde_bounds: Vec<WherePredicate>,
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
            // serde numbers the variants that it writes and those that it reads differently then.
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
                with: attrs.with,
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
        self.serde_bounds.extend(serde.bounds);
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
            _ if serde.skip => Keep::Skipped,
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
            refused: false,
            member,
            flag,
            keep,
            attrs,
        }
    }

    fn generics(&self, declared: &Generics) -> Generics {
        let mut generics = declared.clone();
        generics.params = generics
            .params
            .into_iter()
            .filter(|param| !matches!(param, GenericParam::Lifetime(_)))
            .map(|param| self.spelled(&param))
            .collect();
        if let Some(clause) = &mut generics.where_clause {
            for predicate in &mut clause.predicates {
                *predicate = self.spelled(predicate);
            }
        }
        generics
    }

    /// Returns `syntax` with `Self` spelled out, which would mean another type in a generated one,
    /// and without lifetimes. Leaves it alone where it has none, so that errors point at it.
    fn spelled<T: Parse + ToTokens + Clone>(&self, syntax: &T) -> T {
        let tokens = syntax.to_token_stream();
        let own = Ident::new("Self", Span::call_site());
        let mentioned = |name: &Ident| path::mentions(tokens.clone(), name);
        if !mentioned(&own) && !self.lifetimes.iter().any(mentioned) {
            return syntax.clone();
        }
        let spelled = path::without_self(tokens.clone(), &self.this);
        let spelled = path::with_static(spelled, &self.lifetimes);
        syn::parse2(spelled).unwrap_or_else(|_| syntax.clone())
    }
}

/// Returns the text of `NEEDS_NAMES`, which becomes a compile error.
fn needs_names(attribute: &str, place: &str) -> String {
    format!("`#[serde({attribute})]` on `{place}` needs a codec that stores names")
}

fn is_deprecated(attrs: &[Attribute]) -> bool {
    attrs.iter().any(|attr| attr.path().is_ident("deprecated"))
}

/// Returns the documentation, for the view; none if it names `Self`, which would mean the view.
fn docs(attrs: &[Attribute]) -> Vec<Attribute> {
    let docs: Vec<_> = attrs
        .iter()
        .filter(|attr| attr.path().is_ident("doc"))
        .filter(|attr| matches!(&attr.meta, Meta::NameValue(_)))
        .cloned()
        .collect();
    let names_self = docs.iter().any(|attr| match &attr.meta {
        Meta::NameValue(pair) => match &pair.value {
            Expr::Lit(text) => matches!(&text.lit, Lit::Str(text) if text.value().contains("Self")),
            _ => false,
        },
        _ => false,
    });
    if names_self { Vec::new() } else { docs }
}
