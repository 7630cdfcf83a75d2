//! The view: each part beside its flag. For a struct it is a struct, for an enum the enum that
//! `EnumField::variant` returns.

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
            let doc = format!("A view of a [`{ident}`] that marks the fields it changes.");
            let fields = fields(parts, names, true);
            let body = match parts.style {
                Style::Named => quote!(#clause #fields),
                Style::Tuple | Style::Unit => quote!(#fields #clause;),
            };
            quote!(#[doc = #doc] #vis struct #edit #params #body)
        }
        Kind::Enum(variants) => {
            let doc =
                format!("The live variant of a [`{ident}`], which marks the fields it changes.");
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
        // There is no value of it.
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

/// Writes an arm that reads every field, so that one which the program never reads is not reported
/// as dead code.
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
            let doc = docs(&part.docs, &format!("The field `{}`.", part.name));
            let vis = visible.then_some(&part.vis);
            let (label, ty) = (label(&part.member), view(part, names));
            quote!(#doc #vis #label #ty)
        }),
    )
}

fn view(part: &Part, names: &Names) -> TokenStream {
    let Names { krate, checked, .. } = names;
    let ty = &part.ty;
    if !part.is_flagged() {
        return quote!(&'__memdict mut #ty);
    }
    match part.keep {
        Keep::Tracked => quote!(#krate::__private::View<'__memdict, #ty, #checked>),
        _ => quote!(#krate::Field<'__memdict, #ty>),
    }
}

/// Writes the value of a part of the view, from a `&mut` to the part and a `&mut` to its flag.
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
            let parts = names.parts();
            quote!(#parts::edit(#value, #flag))
        }
        _ => quote!(#krate::__private::field(#value, #flag)),
    }
}
