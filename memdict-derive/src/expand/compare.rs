//! The comparison of two values, part by part: whether they are the same, and which parts differ.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::names::{Names, binding, is_enum, pattern, several};
use crate::{
    attr::With,
    generics,
    input::{Input, Keep, Kind, Part, Parts, Variant},
};

/// The comparison of two values, which are called by these names.
pub(super) struct Compare<'a> {
    input: &'a Input,
    names: &'a Names,
    left: &'static str,
    right: &'static str,
}

impl<'a> Compare<'a> {
    pub(super) fn new(
        input: &'a Input,
        names: &'a Names,
        left: &'static str,
        right: &'static str,
    ) -> Self {
        Self { input, names, left, right }
    }

    /// Writes whether all flagged parts of one struct or variant are the same.
    pub(super) fn all(&self) -> impl Fn(&Parts) -> TokenStream {
        |parts| {
            let same: Vec<_> =
                self.pairs(parts).map(|(part, a, b)| same(part, self.names, &a, &b)).collect();
            if same.is_empty() { quote!(true) } else { quote!(#(#same)&&*) }
        }
    }

    /// Writes code that marks the parts that differ.
    pub(super) fn each(&self) -> impl Fn(&Parts) -> TokenStream {
        |parts| {
            let marks = self.pairs(parts).map(|(part, base, now)| {
                let flag = &part.flag;
                if part.is_tracked() {
                    let of_parts = self.names.parts();
                    quote!(#of_parts::diff(#base, #now, &mut __memdict_changes.#flag);)
                } else {
                    let same = same(part, self.names, &base, &now);
                    quote!(__memdict_changes.#flag |= !#same;)
                }
            });
            quote!(#(#marks)*)
        }
    }

    /// Returns the flagged parts, with the places of both values of each.
    fn pairs<'p>(
        &self,
        parts: &'p Parts,
    ) -> impl Iterator<Item = (&'p Part, TokenStream, TokenStream)> {
        let of_enum = is_enum(self.input);
        let (left, right) = (self.left, self.right);
        let place = move |side: &str, index: usize, part: &Part| {
            if of_enum {
                let bound = binding(side, index);
                quote!(#bound)
            } else {
                let (value, member) = (format_ident!("__memdict_{side}"), &part.member);
                quote!(&#value.#member)
            }
        };
        parts
            .list
            .iter()
            .enumerate()
            .filter(|(_, part)| part.is_flagged())
            .map(move |(index, part)| (part, place(left, index, part), place(right, index, part)))
    }

    /// Returns the body of the function, and the names of its two arguments. `differs` is the code
    /// for two different variants.
    pub(super) fn body(
        &self,
        of: impl Fn(&Parts) -> TokenStream,
        differs: TokenStream,
    ) -> (TokenStream, [TokenStream; 2]) {
        let args = [self.left, self.right].map(|side| {
            let name = format_ident!("__memdict_{side}");
            quote!(#name)
        });
        let none = [quote!(_), quote!(_)];
        match &self.input.kind {
            Kind::Struct(parts) => {
                let used = parts.list.iter().any(Part::is_flagged);
                (of(parts), if used { args } else { none })
            }
            Kind::Enum(variants) if variants.is_empty() => {
                let [left, _] = &args;
                (quote!(match *#left {}), [quote!(#left), quote!(_)])
            }
            Kind::Enum(variants) => {
                let arms = variants.iter().map(|variant| self.arm(variant, &of));
                let otherwise = several(self.input).then(|| quote!(_ => #differs,));
                let [left, right] = &args;
                (quote!(match (#left, #right) { #(#arms)* #otherwise }), args)
            }
        }
    }

    fn arm(&self, variant: &Variant, of: impl Fn(&Parts) -> TokenStream) -> TokenStream {
        let name = &variant.ident;
        let left = pattern(&variant.parts, |index| binding(self.left, index));
        let right = pattern(&variant.parts, |index| binding(self.right, index));
        let body = of(&variant.parts);
        quote!((Self::#name #left, Self::#name #right) => { #body })
    }
}

/// Writes whether two values of a part are the same. It never begins with a block, which would be
/// a statement of its own at the start of an expression.
pub(super) fn same(part: &Part, names: &Names, a: &TokenStream, b: &TokenStream) -> TokenStream {
    let krate = &names.krate;
    match &part.keep {
        Keep::With(with) => {
            let ty = &part.ty;
            let function = match with {
                With::Module(path) => quote!(#path::serialize),
                With::Function(path) => quote!(#path),
            };
            let generics = &names.in_impl;
            let (params, arguments, clause) = generics.split_for_impl();
            let turbofish = arguments.as_turbofish();
            let (field, made) = match generics::anchor(generics) {
                Some(anchor) => (quote!((#anchor)), quote!((::core::marker::PhantomData))),
                None => (TokenStream::new(), TokenStream::new()),
            };
            quote!(#krate::__private::same_with::<#ty, _>(#a, #b, {
                struct __MemdictWith #params #field #clause;
                impl #params #krate::__private::SerializeWith<#ty>
                    for __MemdictWith #arguments #clause
                {
                    fn serialize<__MemdictS: #krate::__private::Serializer>(
                        __memdict_value: &#ty,
                        __memdict_serializer: __MemdictS,
                    ) -> ::core::result::Result<__MemdictS::Ok, __MemdictS::Error> {
                        #function(__memdict_value, __memdict_serializer)
                    }
                }
                __MemdictWith #turbofish #made
            }))
        }
        Keep::Opaque => {
            let parts = names.parts();
            quote!(#parts::same_encoding(#a, #b))
        }
        Keep::Tracked | Keep::Skipped => {
            let parts = names.parts();
            quote!(#parts::same(#a, #b))
        }
    }
}
