//! The shape: what the type stores.

use proc_macro2::TokenStream;
use quote::quote;
use syn::GenericParam;

use super::names::Names;
use crate::{
    attr::With,
    generics,
    input::{Input, Keep, Kind, Part, Parts},
    path,
};

pub(super) fn expand(input: &Input, names: &Names) -> TokenStream {
    let (krate, name) = (&names.krate, &input.name);
    let mut list = match &input.kind {
        Kind::Struct(parts) => parts_of(parts, names),
        Kind::Enum(variants) => {
            let variants = variants.iter().filter(|variant| variant.stored).map(|variant| {
                let (name, parts) = (&variant.name, parts_of(&variant.parts, names));
                let variant = match &variant.with {
                    Some(with) => format!("variant with {}", text(with)),
                    None => "variant".to_owned(),
                };
                quote!((#name, || const { &#krate::__private::Shape::leaf(#variant, &[#(#parts),*]) }))
            });
            variants.collect()
        }
    };
    list.extend(generics::unstored(input).into_iter().map(|param| argument(param, names)));
    let version = input.attrs.version.map(|version| quote!(.version(#version)));
    let inexact = input.parts().iter().any(|part| part.untracked).then(|| quote!(.inexact()));
    let needs = input.needs_names.as_ref().map(|what| quote!(.needs_names(#what)));
    quote!(
        &#krate::__private::Shape::declared::<Self>(#name, &[#(#list),*]) #version #inexact #needs
    )
}

fn parts_of(parts: &Parts, names: &Names) -> Vec<TokenStream> {
    let krate = &names.krate;
    let parts = parts.list.iter().filter_map(|part| {
        let (name, ty) = (&part.name, &part.ty);
        let shape = match &part.keep {
            Keep::Skipped => return None,
            Keep::Tracked => {
                let of = names.of(part);
                quote!(#krate::__private::shape::<#of>)
            }
            Keep::Opaque => {
                let of = names.of(part);
                let known_by = quote!(.unknown(#krate::__private::Unknown::of::<#of>()));
                opaque(part, krate, format!("opaque {}", path::text(ty)), known_by)
            }
            Keep::With(with) => {
                let name = format!("{} with {}", path::text(ty), text(with));
                opaque(part, krate, name, quote!(.with()))
            }
        };
        Some(quote!((#name, #shape)))
    });
    parts.collect()
}

/// Writes the shape of a part of which only a name is known.
fn opaque(part: &Part, krate: &TokenStream, name: String, known_by: TokenStream) -> TokenStream {
    let version = part.attrs.version.map(|(version, _)| quote!(.version(#version)));
    quote!(|| const { &#krate::__private::Shape::leaf(#name, &[]) #version #known_by })
}

/// Writes the argument for a parameter that is not stored.
fn argument(param: &GenericParam, names: &Names) -> TokenStream {
    let private = &names.krate;
    let written = match param {
        GenericParam::Const(param) => {
            let ident = &param.ident;
            quote!(|| #private::__private::written(#ident))
        }
        GenericParam::Type(param) => {
            let ident = &param.ident;
            quote!(#private::__private::name_of::<#ident>)
        }
        // No lifetime is left.
        _ => return TokenStream::new(),
    };
    quote!(("", || const { &#private::__private::Shape::leaf("argument", &[]).argument(#written) }))
}

fn text(with: &With) -> String {
    match with {
        With::Module(path) | With::Function(path) => path::text(path),
    }
}
