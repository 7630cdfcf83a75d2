//! How generated code calls things, and the small pieces of it that several passes write.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::{Generics, Member, spanned::Spanned};

use crate::{
    generics,
    input::{Input, Kind, Part, Parts, Style},
    path,
};

/// How generated code calls things.
pub(super) struct Names {
    pub(super) krate: TokenStream,
    pub(super) edit: Ident,
    pub(super) changes: Ident,
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
            edit: named(&input.attrs.edit, input, "Edit"),
            changes: named(&input.attrs.changes, input, "Changes"),
            in_impl: generics::of_impl(&bounded, &krate),
            bounded,
            krate,
        }
    }

    /// The view's type: without a lifetime where nothing in it is borrowed.
    pub(super) fn view(&self, input: &Input) -> TokenStream {
        let edit = &self.edit;
        if input.parts().is_empty() {
            return edit.to_token_stream();
        }
        let generics = generics::of_view(&self.bounded);
        let (_, arguments, _) = generics.split_for_impl();
        quote!(#edit #arguments)
    }

    /// The type as the trait that all calls are written with. Placed where the type is written:
    /// the compiler shows a type that is not tracked there, and all these mentions as one.
    pub(super) fn tracked(&self, part: &Part) -> TokenStream {
        let (krate, ty) = (&self.krate, &part.ty);
        quote_spanned!(ty.span()=> <#ty as #krate::Tracked>)
    }

    /// The type of a part's flag.
    pub(super) fn flag(&self, part: &Part) -> TokenStream {
        if part.is_tracked() {
            let tracked = self.tracked(part);
            quote!(#tracked::Changes)
        } else {
            quote!(bool)
        }
    }
}

/// A pattern that binds each flagged part to a name of its own and leaves the others.
pub(super) fn pattern(parts: &Parts, bind: impl Fn(usize) -> Ident) -> TokenStream {
    let fields =
        parts.list.iter().enumerate().filter(|(_, part)| part.is_flagged()).map(|(index, part)| {
            let (member, name) = (&part.member, bind(index));
            quote!(#member: #name)
        });
    let rest = (!parts.list.iter().all(Part::is_flagged)).then(|| quote!(..));
    quote!({ #(#fields,)* #rest })
}

/// The fields of a generated struct or variant in the style of the declared one.
pub(super) fn declare(style: Style, fields: impl Iterator<Item = TokenStream>) -> TokenStream {
    match style {
        Style::Named => quote!({ #(#fields,)* }),
        Style::Tuple => quote!((#(#fields,)*)),
        Style::Unit => TokenStream::new(),
    }
}

/// `name:` in front of a declared field, where it has one.
pub(super) fn label(member: &Member) -> Option<TokenStream> {
    match member {
        Member::Named(ident) => Some(quote!(#ident:)),
        Member::Unnamed(_) => None,
    }
}

/// Documentation that was carried over, or a line in its place.
pub(super) fn docs(carried: &[syn::Attribute], otherwise: &str) -> TokenStream {
    if carried.is_empty() { quote!(#[doc = #otherwise]) } else { quote!(#(#carried)*) }
}

/// Leave to use what is deprecated, only where something is: an `allow` is an error in a crate
/// that forbids the lint.
pub(super) fn allow_deprecated(input: &Input) -> Option<TokenStream> {
    input.deprecated.then(|| quote!(#[allow(deprecated)]))
}

pub(super) fn is_enum(input: &Input) -> bool {
    matches!(input.kind, Kind::Enum(_))
}

/// Whether the variant can be another one.
pub(super) fn several(input: &Input) -> bool {
    matches!(&input.kind, Kind::Enum(variants) if variants.len() > 1)
}

/// The name of a part of a variant, of one of several values.
pub(super) fn binding(side: &str, index: usize) -> Ident {
    format_ident!("__memdict_{side}{index}")
}

fn named(given: &Option<Ident>, input: &Input, word: &str) -> Ident {
    given.clone().unwrap_or_else(|| path::derived(&input.ident, word))
}
