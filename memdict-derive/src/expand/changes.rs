//! The flags: one for each part. An enum has one more for the variant, and the flags of all
//! variants side by side.

use proc_macro2::TokenStream;
use quote::quote;

use super::names::{Names, allow_deprecated, is_enum};
use crate::{generics, input::Input, path};

pub(super) fn expand(input: &Input, names: &Names) -> TokenStream {
    let Names { krate, changes, bounded, .. } = names;
    let (vis, of_enum) = (&input.vis, is_enum(input));
    let doc = format!("The flags of a [`{}`]: which fields are marked.", path::plain(&input.ident));
    let deprecated = allow_deprecated(input);
    let (params, arguments, clause) = bounded.split_for_impl();
    let parts = input.flagged();

    let mut flags: Vec<_> = parts.iter().map(|part| &part.flag).cloned().collect();
    let mut declared: Vec<_> = parts
        .iter()
        .map(|part| {
            let (flag, ty) = (&part.flag, names.flag(part));
            let vis = (!of_enum).then_some(&part.vis);
            let doc = format!("The flag of the field `{}`.", part.name);
            quote!(#[doc = #doc] #vis #flag: #ty)
        })
        .collect();
    let visits: Vec<_> = parts
        .iter()
        .map(|part| {
            let (flag, name) = (&part.flag, &part.name);
            quote!(#krate::__private::visit(
                &self.#flag, __memdict_all, __memdict_path, #name, __memdict_out,
            );)
        })
        .collect();
    let any: Vec<_> =
        flags.iter().map(|flag| quote!(#krate::__private::Changes::any(&self.#flag))).collect();
    let visit = quote!(#(#visits)*);
    let (any, visit) = if of_enum {
        flags.push(quote::format_ident!("variant"));
        declared.push(quote!(variant: bool));
        (
            quote!(self.variant #(|| #any)*),
            // The variant is another one: all of the enum changed, and its path says so.
            quote! {
                if __memdict_all || self.variant {
                    return #krate::__private::Changes::visit(
                        &true, __memdict_all, __memdict_path, __memdict_out,
                    );
                }
                #visit
            },
        )
    } else {
        let any = if any.is_empty() { quote!(false) } else { quote!(#(#any)||*) };
        (any, visit)
    };
    // The flags need not mention every parameter: a part may have no flag.
    let anchor = generics::anchor(bounded).map(|anchor| quote!(__memdict: #anchor));
    let anchored = anchor.as_ref().map(|_| quote!(__memdict: ::core::marker::PhantomData));
    let [all_arg, path_arg, out_arg] = match visits.is_empty() && !of_enum {
        true => [quote!(_), quote!(_), quote!(_)],
        false => [quote!(__memdict_all), quote!(__memdict_path), quote!(__memdict_out)],
    };

    quote! {
        #[doc = #doc]
        #deprecated
        #[doc(hidden)]
        #vis struct #changes #params #clause { #(#declared,)* #anchor }

        #[automatically_derived]
        impl #params ::core::default::Default for #changes #arguments #clause {
            fn default() -> Self {
                Self { #(#flags: ::core::default::Default::default(),)* #anchored }
            }
        }

        #[automatically_derived]
        impl #params ::core::clone::Clone for #changes #arguments #clause {
            fn clone(&self) -> Self {
                *self
            }
        }

        #[automatically_derived]
        impl #params ::core::marker::Copy for #changes #arguments #clause {}

        #[automatically_derived]
        impl #params ::core::fmt::Debug for #changes #arguments #clause {
            fn fmt(&self, __memdict_f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                #krate::__private::debug(self, __memdict_f)
            }
        }

        #[automatically_derived]
        impl #params #krate::__private::Changes for #changes #arguments #clause {
            fn any(&self) -> bool {
                #any
            }

            fn visit(
                &self,
                #all_arg: bool,
                #path_arg: &str,
                #out_arg: &mut dyn ::core::ops::FnMut(#krate::__private::String),
            ) {
                #visit
            }
        }
    }
}
