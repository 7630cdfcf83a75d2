//! What stands in where a type cannot be tracked: an impl without insides, so that the mistake
//! is the only message and not the first of many.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{GenericParam, parse_quote};

use crate::{input::Input, path};

pub(crate) fn stub(input: &Input) -> TokenStream {
    let krate = path::krate(input.attrs.krate.as_ref());
    let ident = &input.ident;
    let mut generics = input.generics.clone();
    let arguments = generics.params.iter().map(|param| match param {
        GenericParam::Type(param) => {
            let ident = &param.ident;
            quote!(#ident)
        }
        GenericParam::Const(param) => {
            let ident = &param.ident;
            quote!(#ident)
        }
        // No other lifetime can be tracked.
        _ => quote!('static),
    });
    let this = quote!(#ident<#(#arguments),*>);
    generics.params = generics
        .params
        .into_iter()
        .filter(|param| !matches!(param, GenericParam::Lifetime(_)))
        .collect();
    // With a `for`, the compiler does not find out that some of it cannot hold.
    generics.make_where_clause().predicates.push(parse_quote!(
        for<'__memdict> #this: #krate::__private::Serialize
            + #krate::__private::DeserializeOwned
            + ::core::marker::Send
            + ::core::marker::Sync
            + 'static
    ));
    let (params, _, clause) = generics.split_for_impl();
    quote! {
        #[automatically_derived]
        impl #params #krate::Tracked for #this #clause {
            const SHAPE: &'static #krate::Shape = &#krate::Shape::leaf("", &[]);
            type Changes = bool;
            type Edit<'__memdict> = &'__memdict mut bool;

            fn edit<'__memdict>(
                &'__memdict mut self,
                __memdict_changes: &'__memdict mut bool,
            ) -> &'__memdict mut bool {
                __memdict_changes
            }

            fn same(_: &Self, _: &Self) -> bool {
                true
            }

            fn diff(_: &Self, _: &Self, _: &mut bool) {}

            fn merge(
                _: &Self,
                _: &mut Self,
                _: &mut Self,
                _: &bool,
                _: &str,
            ) -> ::core::result::Result<(), #krate::MergeConflict> {
                ::core::result::Result::Ok(())
            }
        }
    }
}
