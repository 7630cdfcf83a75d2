//! The merge of two changes of a value: part by part if the type has `merge`, and as one part
//! otherwise.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;

use super::{
    compare,
    names::{Names, binding, pattern, several},
};
use crate::{
    attr::Rule,
    input::{Input, Kind, Part, Parts, Variant},
    path,
};

/// The three values: names of arguments, and parts of the names to which their parts are bound.
const SIDES: [&str; 3] = ["base", "ours", "theirs"];

/// Writes the methods that concern merging; none if the type is merged as one part.
pub(super) fn expand(input: &Input, names: &Names) -> Option<TokenStream> {
    input.attrs.merge?;
    let Names { krate, changes, .. } = names;
    let (_, flags, _) = names.bounded.split_for_impl();
    let body = match &input.kind {
        Kind::Struct(parts) => of_struct(parts, names),
        Kind::Enum(variants) => of_enum(input, variants, names),
    };
    let arg = |name: &str| {
        let name = format_ident!("__memdict_{name}");
        if path::mentions(body.clone(), &name) { quote!(#name) } else { quote!(_) }
    };
    let [base, ours, theirs] = SIDES.map(arg);
    let [marks, path] = ["changes", "path"].map(arg);
    Some(quote! {
        const MERGES: bool = true;

        fn merge(
            #base: &Self,
            #ours: &mut Self,
            #theirs: &mut Self,
            #marks: &#changes #flags,
            #path: &str,
        ) -> ::core::result::Result<(), #krate::MergeConflict> {
            #body
        }
    })
}

fn as_one(names: &Names) -> TokenStream {
    let krate = &names.krate;
    quote! {
        <Self as #krate::Tracked>::merge_as_one(
            __memdict_base,
            __memdict_ours,
            __memdict_theirs,
            __memdict_changes,
            __memdict_path,
        )
    }
}

fn of_struct(parts: &Parts, names: &Names) -> TokenStream {
    each(parts, names, |_, part| {
        SIDES.map(|side| {
            let (value, member) = (format_ident!("__memdict_{side}"), &part.member);
            quote!(#value.#member)
        })
    })
}

/// Merges part by part if all three are of one variant, which may have no parts.
fn of_enum(input: &Input, variants: &[Variant], names: &Names) -> TokenStream {
    if variants.is_empty() {
        return quote!(match *__memdict_base {});
    }
    let arms = variants.iter().map(|variant| {
        let name = &variant.ident;
        let [base, ours, theirs] =
            SIDES.map(|side| pattern(&variant.parts, |index| binding(side, index)));
        let body = each(&variant.parts, names, |index, _| {
            SIDES.map(|side| {
                let bound = binding(side, index);
                quote!(*#bound)
            })
        });
        quote!((Self::#name #base, Self::#name #ours, Self::#name #theirs) => { #body })
    });
    let otherwise = several(input).then(|| {
        let as_one = as_one(names);
        quote!(_ => #as_one,)
    });
    quote! {
        match (__memdict_base, &mut *__memdict_ours, &mut *__memdict_theirs) {
            #(#arms)*
            #otherwise
        }
    }
}

/// Merges each flagged part. `places` returns the places of its three values.
fn each(
    parts: &Parts,
    names: &Names,
    places: impl Fn(usize, &Part) -> [TokenStream; 3],
) -> TokenStream {
    let merged = parts
        .list
        .iter()
        .enumerate()
        .filter(|(_, part)| part.is_flagged())
        .map(|(index, part)| part_of(part, names, places(index, part)));
    quote! {
        #(#merged)*
        ::core::result::Result::Ok(())
    }
}

fn part_of(part: &Part, names: &Names, [base, ours, theirs]: [TokenStream; 3]) -> TokenStream {
    let (krate, name, flag) = (&names.krate, &part.name, &part.flag);
    let flag = quote!(&__memdict_changes.#flag);
    if part.is_tracked() && part.attrs.merge.is_none() {
        let of_parts = names.parts();
        let path = quote!(&#krate::__private::join(__memdict_path, #name));
        return quote!(#of_parts::merge(&#base, &mut #ours, &mut #theirs, #flag, #path)?;);
    }
    let same = compare::same(part, names, &quote!(&#base), &quote!(&#theirs));
    let rule = rule(part, names);
    quote! {
        if let ::core::option::Option::Some(__memdict_sides) = #krate::__private::undecided(
            [#krate::__private::Changes::any(#flag), !#same],
            #krate::__private::Sides { base: &#base, ours: &mut #ours, theirs: &mut #theirs },
        ) {
            #krate::__private::ruled(#rule, __memdict_path, #name)?;
        }
    }
}

/// Writes what the rule of a part makes of `__memdict_sides`. It is called, and not passed as a
/// function, so that the compiler says once, at the type, that the rule does not work on it.
fn rule(part: &Part, names: &Names) -> TokenStream {
    let (ty, place) = (&part.ty, part.ty.span());
    let krate = &names.krate;
    let private = quote!(#krate::__private);
    let Some((rule, _)) = &part.attrs.merge else {
        return quote!(#private::refuse::<#ty>(__memdict_sides));
    };
    let function = match rule {
        Rule::Sum => quote_spanned!(place=> <#ty as #private::Sum>::sum),
        Rule::Union => quote_spanned!(place=> <#ty as #private::Union>::union),
        Rule::Append => quote_spanned!(place=> <#ty as #private::Append>::append),
        Rule::Max => quote!(#private::max::<#ty>),
        Rule::Min => quote!(#private::min::<#ty>),
        Rule::Ours => quote!(#private::ours::<#ty>),
        Rule::Theirs => quote!(#private::theirs::<#ty>),
        Rule::With(function) => {
            return quote!(#private::with::<#ty, _>(__memdict_sides, #function));
        }
    };
    quote!(#function(__memdict_sides))
}
