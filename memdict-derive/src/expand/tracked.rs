//! The impl of `Tracked`, and of `TrackedEnum` for an enum.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use super::{
    compare::Compare,
    edit, merge,
    names::{Names, allow_deprecated, binding, is_enum, several},
    shape,
};
use crate::input::{Input, Kind, Parts};

pub(super) fn expand(input: &Input, names: &Names) -> TokenStream {
    let Names { krate, changes, in_impl, .. } = names;
    let (this, deprecated) = (&input.this, allow_deprecated(input));
    let (params, _, clause) = in_impl.split_for_impl();
    let (_, flags, _) = names.bounded.split_for_impl();

    let shape = shape::expand(input, names);
    let from_older = input.attrs.from.as_ref().map(|older| {
        // The compiler shows a missing `From` at the older type.
        let from_older =
            quote_spanned!(older.span()=> #krate::__private::from_older::<#older, Self>);
        quote! {
            fn from_older(
                __memdict_fingerprint: u64,
                __memdict_payload: #krate::__private::Encoded<'_>,
            ) -> ::core::option::Option<::core::result::Result<Self, #krate::BoxError>> {
                #from_older(__memdict_fingerprint, __memdict_payload)
            }

            fn lineage(__memdict_lineage: &mut #krate::__private::Vec<u64>) {
                #krate::__private::add_lineage::<#older>(__memdict_lineage)
            }
        }
    });
    let view = names.view(input);
    let (edited, project) = if is_enum(input) {
        (quote!(#krate::EnumField<'__memdict, Self>), Some(project(input, names, &view)))
    } else {
        (view, None)
    };
    let edit = match &input.kind {
        Kind::Struct(parts) => view_of_struct(parts, names),
        Kind::Enum(_) => quote!(#krate::__private::enum_field(__memdict_value, __memdict_changes)),
    };
    let edit_arg = match input.flagged().is_empty() && !is_enum(input) {
        true => quote!(_),
        false => quote!(__memdict_changes),
    };
    let value_arg = match input.parts().is_empty() && !is_enum(input) {
        true => quote!(_),
        false => quote!(__memdict_value),
    };
    let same = Compare::new(input, names, "a", "b");
    let (same, same_args) = same.body(same.all(), quote!(false));
    let diff = Compare::new(input, names, "base", "now");
    let (diff, [base, now]) = diff.body(diff.each(), quote!(__memdict_changes.variant = true));
    let [a, b] = same_args;
    let merge = merge::expand(input, names);
    let diff_arg = match input.flagged().is_empty() && !several(input) {
        true => quote!(_),
        false => quote!(__memdict_changes),
    };

    quote! {
        #[automatically_derived]
        #deprecated
        impl #params #krate::Tracked for #this #clause {
            type Edit<'__memdict> = #edited;
            const SHAPE: &'static #krate::__private::Shape = #shape;
            type Changes = #changes #flags;

            fn edit<'__memdict>(
                #value_arg: &'__memdict mut Self,
                #edit_arg: &'__memdict mut #changes #flags,
            ) -> #edited {
                #edit
            }

            fn same(#a: &Self, #b: &Self) -> bool {
                #same
            }

            fn diff(#base: &Self, #now: &Self, #diff_arg: &mut #changes #flags) {
                #diff
            }

            #merge

            #from_older
        }

        #project
    }
}

fn view_of_struct(parts: &Parts, names: &Names) -> TokenStream {
    let edit = &names.edit;
    let fields = parts.list.iter().map(|part| {
        let (member, flag) = (&part.member, &part.flag);
        let flag = quote!(&mut __memdict_changes.#flag);
        let made = edit::make(part, names, quote!(&mut __memdict_value.#member), flag);
        quote!(#member: #made)
    });
    quote!(#edit { #(#fields,)* })
}

fn project(input: &Input, names: &Names, view: &TokenStream) -> TokenStream {
    let Names { krate, edit, changes, in_impl, .. } = names;
    let Kind::Enum(variants) = &input.kind else {
        return TokenStream::new();
    };
    let (this, deprecated) = (&input.this, allow_deprecated(input));
    let (params, _, clause) = in_impl.split_for_impl();
    let (_, flags, _) = names.bounded.split_for_impl();
    let arms = variants.iter().map(|variant| {
        let name = &variant.ident;
        let bound = variant.parts.list.iter().enumerate().map(|(index, part)| {
            let (member, value) = (&part.member, binding("", index));
            quote!(#member: #value)
        });
        let made = variant.parts.list.iter().enumerate().map(|(index, part)| {
            let (member, value, flag) = (&part.member, binding("", index), &part.flag);
            let flag = quote!(&mut __memdict_changes.#flag);
            let made = edit::make(part, names, quote!(#value), flag);
            quote!(#member: #made)
        });
        quote!(Self::#name { #(#bound,)* } => #edit::#name { #(#made,)* },)
    });
    let body = match variants.is_empty() {
        true => quote!(match *__memdict_value {}),
        false => quote!(match __memdict_value { #(#arms)* }),
    };
    let changes_arg = match input.flagged().is_empty() {
        true => quote!(_),
        false => quote!(__memdict_changes),
    };
    quote! {
        #[automatically_derived]
        #deprecated
        impl #params #krate::__private::TrackedEnum for #this #clause {
            type Variant<'__memdict> = #view;

            fn mark(__memdict_changes: &mut #changes #flags) {
                __memdict_changes.variant = true;
            }

            fn project<'__memdict>(
                __memdict_value: &'__memdict mut Self,
                #changes_arg: &'__memdict mut #changes #flags,
            ) -> #view {
                #body
            }
        }
    }
}
