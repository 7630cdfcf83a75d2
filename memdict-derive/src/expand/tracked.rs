//! The impl of `Tracked`, and of `TrackedEnum` for an enum.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use super::{
    compare::Compare,
    edit, merge,
    names::{Names, allow_deprecated, binding, is_enum, several},
};
use crate::{
    attr::With,
    input::{Input, Keep, Kind, Part, Parts},
    path,
};

pub(super) fn expand(input: &Input, names: &Names) -> TokenStream {
    let Names { krate, changes, in_impl, .. } = names;
    let (ident, deprecated) = (&input.ident, allow_deprecated(input));
    let (params, arguments, clause) = in_impl.split_for_impl();
    let (_, flags, _) = names.bounded.split_for_impl();

    let shape = shape(input, names);
    let from_older = input.attrs.from.as_ref().map(|older| {
        // There, so that a missing `From` is shown at the type.
        let from_older =
            quote_spanned!(older.span()=> #krate::__private::from_older::<#older, Self>);
        quote! {
            fn from_older(
                __memdict_fingerprint: u64,
                __memdict_payload: #krate::Encoded<'_>,
            ) -> ::core::option::Option<::core::result::Result<Self, #krate::BoxError>> {
                #from_older(__memdict_fingerprint, __memdict_payload)
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
        Kind::Enum(_) => quote!(#krate::EnumField::new(self, __memdict_changes)),
    };
    let edit_arg = match input.flagged().is_empty() && !is_enum(input) {
        true => quote!(_),
        false => quote!(__memdict_changes),
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
        impl #params #krate::Tracked for #ident #arguments #clause {
            const SHAPE: &'static #krate::Shape = #shape;
            type Changes = #changes #flags;
            type Edit<'__memdict> = #edited;

            fn edit<'__memdict>(
                &'__memdict mut self,
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

// --- the shape ---

fn shape(input: &Input, names: &Names) -> TokenStream {
    let (krate, name) = (&names.krate, &input.name);
    let parts = match &input.kind {
        Kind::Struct(parts) => shape_parts(parts, names),
        Kind::Enum(variants) => {
            let variants = variants.iter().filter(|variant| variant.stored).map(|variant| {
                let (name, parts) = (&variant.name, shape_parts(&variant.parts, names));
                quote!((#name, || const { &#krate::Shape::leaf("variant", #parts) }))
            });
            quote!(&[#(#variants),*])
        }
    };
    let version = input.attrs.version.map(|version| quote!(.version(#version)));
    let inexact = input.parts().iter().any(|part| part.untracked).then(|| quote!(.inexact()));
    let needs = input.needs_names.as_ref().map(|what| quote!(.needs_names(#what)));
    quote!(&#krate::Shape::declared::<Self>(#name, #parts) #version #inexact #needs)
}

fn shape_parts(parts: &Parts, names: &Names) -> TokenStream {
    let krate = &names.krate;
    let parts = parts.list.iter().filter_map(|part| {
        let (name, ty) = (&part.name, &part.ty);
        let shape = match &part.keep {
            Keep::Skipped => return None,
            // Not a function with a bound: the compiler tells the same of a type that is not
            // tracked wherever it is mentioned, and shows it once.
            Keep::Tracked => {
                let tracked = names.tracked(part);
                quote!(|| #tracked::SHAPE)
            }
            Keep::Opaque => opaque(part, krate, format!("opaque {}", path::text(ty))),
            Keep::With(With::Module(with) | With::Function(with)) => {
                opaque(part, krate, format!("{} with {}", path::text(ty), path::text(with)))
            }
        };
        Some(quote!((#name, #shape)))
    });
    quote!(&[#(#parts),*])
}

/// The shape of a part of which only a name is known.
fn opaque(part: &Part, krate: &TokenStream, name: String) -> TokenStream {
    let version = part.attrs.version.map(|(version, _)| quote!(.version(#version)));
    quote!(|| const { &#krate::Shape::leaf(#name, &[]) #version })
}

// --- the view ---

fn view_of_struct(parts: &Parts, names: &Names) -> TokenStream {
    let edit = &names.edit;
    let fields = parts.list.iter().map(|part| {
        let (member, flag) = (&part.member, &part.flag);
        let flag = quote!(&mut __memdict_changes.#flag);
        let made = edit::make(part, names, quote!(&mut self.#member), flag);
        quote!(#member: #made)
    });
    quote!(#edit { #(#fields,)* })
}

fn project(input: &Input, names: &Names, view: &TokenStream) -> TokenStream {
    let Names { krate, edit, changes, in_impl, .. } = names;
    let Kind::Enum(variants) = &input.kind else {
        return TokenStream::new();
    };
    let (ident, deprecated) = (&input.ident, allow_deprecated(input));
    let (params, arguments, clause) = in_impl.split_for_impl();
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
        true => quote!(match *self {}),
        false => quote!(match self { #(#arms)* }),
    };
    let changes_arg = match input.flagged().is_empty() {
        true => quote!(_),
        false => quote!(__memdict_changes),
    };
    quote! {
        #[automatically_derived]
        #deprecated
        impl #params #krate::TrackedEnum for #ident #arguments #clause {
            type Variant<'__memdict> = #view;

            fn project<'__memdict>(
                &'__memdict mut self,
                #changes_arg: &'__memdict mut #changes #flags,
            ) -> #view {
                #body
            }
        }
    }
}
