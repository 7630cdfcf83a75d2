//! The assertions about the types of the parts, in one constant. See `__private::Checked`.

use std::collections::HashSet;

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::GenericParam;

use super::names::Names;
use crate::{
    generics,
    input::{Input, Keep, Part},
    path,
};

/// Writes the assertions, or the mistakes of the type, which have the same effect.
pub(super) fn expand(input: &Input, names: &Names, mistakes: Option<TokenStream>) -> TokenStream {
    let Names { krate, checked, .. } = names;
    let mut seen = HashSet::new();
    let parts: Vec<_> = input
        .parts()
        .into_iter()
        .filter(|part| !part.refused)
        .filter_map(|part| {
            let (ty, asserted) = (&part.ty, assertion(part)?);
            // A type that is not tracked is one mistake, however many parts are of it.
            let is_new = seen.insert((asserted, path::text(ty)));
            let asserted = quote::format_ident!("{asserted}");
            is_new.then(|| (part, quote!(#krate::__private::#asserted::<#ty>();)))
        })
        .collect();
    let mentioned = input.parts().iter().any(|part| assertion(part).is_some());
    if !mentioned {
        return mistakes.unwrap_or_default();
    }

    let is_generic = |part: &Part| {
        input.generics.params.iter().any(|param| {
            let name = match param {
                GenericParam::Type(param) => &param.ident,
                GenericParam::Const(param) => &param.ident,
                _ => return false,
            };
            path::mentions(part.ty.to_token_stream(), name)
        })
    };
    let (generic, plain): (Vec<_>, Vec<_>) =
        parts.into_iter().partition(|(part, _)| is_generic(part));
    let (plain, generic) = (plain.iter().map(|of| &of.1), generic.iter().map(|of| &of.1));
    let generic = (generic.len() > 0).then(|| about_parameters(input, names, quote!(#(#generic)*)));
    quote! {
        #[doc(hidden)]
        type #checked = #krate::__private::Checked<{ #generic #mistakes #(#plain)* true }>;
    }
}

/// Writes the assertions about types that mention a parameter. The constant may not mention one, so
/// they stand in an impl with parameters of its own, and the constant evaluates them for stand-ins.
/// If these do not meet the bounds of the parameters, the name finds the trait, and nothing is
/// evaluated: a mistake is then an error in each place that names the type.
fn about_parameters(input: &Input, names: &Names, assertions: TokenStream) -> TokenStream {
    let declared = generics::unbounded(&input.generics);
    let (free, arguments, _) = declared.split_for_impl();
    let (params, _, clause) = names.bounded.split_for_impl();
    let anchor = generics::anchor(&declared).map(|anchor| quote!((#anchor)));
    let evaluated = generics::stand_ins(&input.generics)
        .map(|stand_ins| quote!(__MemdictParts::<#(#stand_ins),*>::_ASSERTED;));
    quote! {
        struct __MemdictParts #free #anchor;
        impl #params __MemdictParts #arguments #clause {
            const _ASSERTED: () = { #assertions };
        }
        trait __MemdictUnknown {
            const _ASSERTED: () = ();
        }
        impl #free __MemdictUnknown for __MemdictParts #arguments {}
        #evaluated
    }
}

/// Returns the name of the function that asserts what the type of a part has to be.
fn assertion(part: &Part) -> Option<&'static str> {
    match part.keep {
        Keep::Tracked => Some("tracked"),
        Keep::Opaque => Some("stored"),
        Keep::With(_) | Keep::Skipped => None,
    }
}
