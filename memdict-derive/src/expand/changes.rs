//! The changes: a flag for each part. Of an enum one more for the variant, and those of all
//! variants side by side: which of them are meant, the paths say.

use proc_macro2::TokenStream;
use quote::quote;

use super::names::{Names, allow_deprecated, is_enum};
use crate::{generics, input::Input, path};

pub(super) fn expand(input: &Input, names: &Names) -> TokenStream {
    let Names { krate, changes, bounded, .. } = names;
    let (vis, of_enum) = (&input.vis, is_enum(input));
    let doc = format!("Which parts of a [`{}`] are marked.", path::plain(&input.ident));
    let deprecated = allow_deprecated(input);
    let (params, arguments, clause) = bounded.split_for_impl();
    let parts = input.flagged();

    let mut flags: Vec<_> = parts.iter().map(|part| &part.flag).cloned().collect();
    let mut declared: Vec<_> = parts
        .iter()
        .map(|part| {
            let (flag, ty) = (&part.flag, names.flag(part));
            let vis = (!of_enum).then_some(&part.vis);
            let doc = format!("Of `{}`.", part.name);
            quote!(#[doc = #doc] #vis #flag: #ty)
        })
        .collect();
    let visits: Vec<_> = parts
        .iter()
        .map(|part| {
            let (flag, name) = (&part.flag, &part.name);
            quote!(#krate::__private::visit(
                &self.#flag, __memdict_path, #name, __memdict_out,
            );)
        })
        .collect();
    let any: Vec<_> = flags.iter().map(|flag| quote!(#krate::Changes::any(&self.#flag))).collect();
    let visit = quote!(#(#visits)*);
    let (any, visit, mark_all) = if of_enum {
        flags.push(quote::format_ident!("variant"));
        declared.push(quote!(variant: bool));
        (
            quote!(self.variant #(|| #any)*),
            // Of another variant than what was loaded: the whole, by its own path.
            quote! {
                if self.variant {
                    return #krate::Changes::visit(&self.variant, __memdict_path, __memdict_out);
                }
                #visit
            },
            quote!(self.variant = true;),
        )
    } else {
        let any = if any.is_empty() { quote!(false) } else { quote!(#(#any)||*) };
        (any, visit, quote!(#(#krate::Changes::mark_all(&mut self.#flags);)*))
    };
    // Parameters do not come in from parts that have no flag. And the size of a struct is that of
    // its last field to the compiler: with one of known size, a part whose type is not tracked is
    // an error of its own place and not of every place that has the changes in hand.
    // Not `()`, which would look like a way to keep a struct from being made elsewhere.
    let unbounded = || quote!(::core::marker::PhantomData<()>);
    let anchor = generics::anchor(bounded).unwrap_or_else(unbounded);
    let (path_arg, out_arg) = match visits.is_empty() && !of_enum {
        true => (quote!(_), quote!(_)),
        false => (quote!(__memdict_path), quote!(__memdict_out)),
    };

    quote! {
        #[doc = #doc]
        #deprecated
        #vis struct #changes #params #clause { #(#declared,)* __memdict: #anchor }

        #[automatically_derived]
        impl #params ::core::default::Default for #changes #arguments #clause {
            fn default() -> Self {
                Self { #(#flags: ::core::default::Default::default(),)* __memdict: ::core::default::Default::default() }
            }
        }

        #[automatically_derived]
        impl #params ::core::clone::Clone for #changes #arguments #clause {
            fn clone(&self) -> Self {
                Self { #(#flags: ::core::clone::Clone::clone(&self.#flags),)* __memdict: ::core::default::Default::default() }
            }
        }

        #[automatically_derived]
        impl #params ::core::fmt::Debug for #changes #arguments #clause {
            fn fmt(&self, __memdict_f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                #krate::__private::debug(self, __memdict_f)
            }
        }

        #[automatically_derived]
        impl #params #krate::Changes for #changes #arguments #clause {
            fn any(&self) -> bool {
                #any
            }

            fn visit(
                &self,
                #path_arg: &str,
                #out_arg: &mut dyn ::core::ops::FnMut(#krate::__private::String),
            ) {
                #visit
            }

            fn mark_all(&mut self) {
                #mark_all
            }
        }
    }
}
