//! The names in generated code, and the small pieces of it that several passes write.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::{Generics, Member};

use crate::{
    generics,
    input::{Input, Kind, Part, Parts, Style},
    path,
};

/// The names in generated code.
pub(super) struct Names {
    pub(super) krate: TokenStream,
    pub(super) edit: Ident,
    pub(super) changes: Ident,
    /// What is asserted about the parts: an argument of each type that is named.
    pub(super) checked: Ident,
    /// The generics of generated types.
    pub(super) bounded: Generics,
    /// The generics of the impls for the type itself.
    pub(super) in_impl: Generics,
}

impl Names {
    pub(super) fn new(input: &Input) -> Self {
        let krate = path::krate(input.attrs.krate.as_ref());
        let bounded = generics::bounded(input, &krate);
        Self {
            checked: format_ident!("__{}", path::derived(&input.ident, "Checked")),
            edit: named(&input.attrs.edit, input, "Edit"),
            changes: named(&input.attrs.changes, input, "Changes"),
            in_impl: generics::of_impl(input, &bounded, &krate),
            bounded,
            krate,
        }
    }

    /// Returns the type of the view: without a lifetime where nothing in it is borrowed.
    pub(super) fn view(&self, input: &Input) -> TokenStream {
        let edit = &self.edit;
        if input.parts().is_empty() {
            return edit.to_token_stream();
        }
        let generics = generics::of_view(&self.bounded);
        let (_, arguments, _) = generics.split_for_impl();
        quote!(#edit #arguments)
    }

    /// Returns the type of a part, if the assertions about it hold.
    pub(super) fn of(&self, part: &Part) -> TokenStream {
        let Self { krate, checked, .. } = self;
        let ty = &part.ty;
        quote!(#krate::__private::Of<#ty, #checked>)
    }

    /// Returns the type whose functions do everything with parts.
    pub(super) fn parts(&self) -> TokenStream {
        let Self { krate, checked, .. } = self;
        quote!(<#krate::__private::Parts<#checked>>)
    }

    /// Returns the type of a part's flag.
    pub(super) fn flag(&self, part: &Part) -> TokenStream {
        let Self { krate, checked, .. } = self;
        let ty = &part.ty;
        if part.is_tracked() {
            quote!(#krate::__private::Flags<#ty, #checked>)
        } else {
            quote!(bool)
        }
    }
}

/// Returns a pattern that binds each flagged part to a name of its own, and no other.
pub(super) fn pattern(parts: &Parts, bind: impl Fn(usize) -> Ident) -> TokenStream {
    let fields =
        parts.list.iter().enumerate().filter(|(_, part)| part.is_flagged()).map(|(index, part)| {
            let (member, name) = (&part.member, bind(index));
            quote!(#member: #name)
        });
    let rest = (!parts.list.iter().all(Part::is_flagged)).then(|| quote!(..));
    quote!({ #(#fields,)* #rest })
}

/// Writes the fields of a generated struct or variant in the style of the declared one.
pub(super) fn declare(style: Style, fields: impl Iterator<Item = TokenStream>) -> TokenStream {
    match style {
        Style::Named => quote!({ #(#fields,)* }),
        Style::Tuple => quote!((#(#fields,)*)),
        Style::Unit => TokenStream::new(),
    }
}

/// Writes the `name:` of a declared field, if it has one.
pub(super) fn label(member: &Member) -> Option<TokenStream> {
    match member {
        Member::Named(ident) => Some(quote!(#ident:)),
        Member::Unnamed(_) => None,
    }
}

/// Writes the documentation of the declared part, or `otherwise`.
pub(super) fn docs(carried: &[syn::Attribute], otherwise: &str) -> TokenStream {
    if carried.is_empty() { quote!(#[doc = #otherwise]) } else { quote!(#(#carried)*) }
}

/// Allows the use of what is deprecated. Only where something is: an `allow` is an error in a crate
/// that forbids the lint.
pub(super) fn allow_deprecated(input: &Input) -> Option<TokenStream> {
    input.deprecated.then(|| quote!(#[allow(deprecated)]))
}

pub(super) fn is_enum(input: &Input) -> bool {
    matches!(input.kind, Kind::Enum(_))
}

/// Returns whether there are several variants.
pub(super) fn several(input: &Input) -> bool {
    matches!(&input.kind, Kind::Enum(variants) if variants.len() > 1)
}

/// Returns the name to which a part of a variant is bound, of one of several values.
pub(super) fn binding(side: &str, index: usize) -> Ident {
    format_ident!("__memdict_{side}{index}")
}

fn named(given: &Option<Ident>, input: &Input, word: &str) -> Ident {
    given.clone().unwrap_or_else(|| path::derived(&input.ident, word))
}
