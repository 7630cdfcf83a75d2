//! The view: each part beside its flag. Of a struct a struct, of an enum the projection that
//! `EnumField::variant` gives.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::Generics;

use super::names::{Names, allow_deprecated, declare, docs, label};
use crate::{
    generics,
    input::{Input, Keep, Kind, Part, Parts, Style},
    path,
};

pub(super) fn expand(input: &Input, names: &Names) -> TokenStream {
    let (vis, edit, ident) = (&input.vis, &names.edit, path::plain(&input.ident));
    let deprecated = allow_deprecated(input);
    let generics = match input.parts().is_empty() {
        true => Generics::default(),
        false => generics::of_view(&names.bounded),
    };
    let (params, arguments, clause) = generics.split_for_impl();
    let declared = match &input.kind {
        Kind::Struct(parts) => {
            let doc = format!("A field-precise view of [`{ident}`]: each part beside its flag.");
            let fields = fields(parts, names, true);
            let body = match parts.style {
                Style::Named => quote!(#clause #fields),
                Style::Tuple | Style::Unit => quote!(#fields #clause;),
            };
            quote!(#[doc = #doc] #vis struct #edit #params #body)
        }
        Kind::Enum(variants) => {
            let doc = format!("The live variant of a [`{ident}`], its parts beside their flags.");
            let variants = variants.iter().map(|variant| {
                let name = &variant.ident;
                let doc = docs(&variant.docs, &format!("[`{ident}::{name}`]."));
                let fields = fields(&variant.parts, names, false);
                quote!(#doc #name #fields)
            });
            quote!(#[doc = #doc] #vis enum #edit #params #clause { #(#variants,)* })
        }
    };
    let name = edit.to_string();
    let read = match &input.kind {
        Kind::Struct(parts) => read(parts, &quote!(Self)),
        // Nothing is reached behind it.
        Kind::Enum(variants) if variants.is_empty() => TokenStream::new(),
        Kind::Enum(variants) => {
            let arms = variants.iter().map(|variant| {
                let name = &variant.ident;
                read(&variant.parts, &quote!(Self::#name))
            });
            quote!(#(#arms)*)
        }
    };
    let write =
        (!read.is_empty()).then(|| quote!(::core::fmt::Formatter::write_str(__memdict_f, #name)));
    let f = write.as_ref().map_or(quote!(_), |_| quote!(__memdict_f));
    quote! {
        #deprecated
        #declared

        impl #params ::core::fmt::Debug for #edit #arguments #clause {
            fn fmt(&self, #f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                match *self { #read }
                #write
            }
        }
    }
}

/// An arm that reads every field: one that a program never looks at is not dead code of its.
fn read(parts: &Parts, of: &TokenStream) -> TokenStream {
    let members = parts.list.iter().map(|part| &part.member);
    let names: Vec<_> =
        (0..parts.list.len()).map(|index| format_ident!("__memdict_{index}")).collect();
    quote!(#of { #(#members: ref #names,)* } => { let _ = (#(#names,)*); })
}

fn fields(parts: &Parts, names: &Names, visible: bool) -> TokenStream {
    declare(
        parts.style,
        parts.list.iter().map(|part| {
            let doc = docs(&part.docs, &format!("The part `{}`.", part.name));
            let vis = visible.then_some(&part.vis);
            let (label, ty) = (label(&part.member), view(part, names));
            quote!(#doc #vis #label #ty)
        }),
    )
}

fn view(part: &Part, names: &Names) -> TokenStream {
    let (krate, ty) = (&names.krate, &part.ty);
    if !part.is_flagged() {
        return quote!(&'__memdict mut #ty);
    }
    match part.keep {
        Keep::Tracked => {
            let tracked = names.tracked(part);
            quote!(#tracked::Edit<'__memdict>)
        }
        _ => quote!(#krate::Field<'__memdict, #ty>),
    }
}

/// The value of a part of the view, from a place that holds the part (of type `&mut`) and one
/// that holds its flag (of type `&mut` as well).
pub(super) fn make(
    part: &Part,
    names: &Names,
    value: TokenStream,
    flag: TokenStream,
) -> TokenStream {
    let krate = &names.krate;
    if !part.is_flagged() {
        return value;
    }
    match part.keep {
        Keep::Tracked => {
            let tracked = names.tracked(part);
            quote!(#tracked::edit(#value, #flag))
        }
        _ => quote!(#krate::Field::new(#value, #flag)),
    }
}
