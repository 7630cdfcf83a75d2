//! The generics of what is generated: those of the type, with the bounds that tracking needs.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{GenericArgument, GenericParam, Generics, Ident, PathArguments, Type, parse_quote};

use crate::{
    input::{Input, Keep},
    path,
};

/// The declared generics with bounds: `Tracked` for a parameter that a tracked field mentions,
/// and otherwise only what any stored type is. Defaults are left out: they may not hold here.
pub(crate) fn bounded(input: &Input, krate: &TokenStream) -> Generics {
    let params: Vec<Ident> = input.generics.type_params().map(|p| p.ident.clone()).collect();
    let mut needs = Needs { params: &params, tracked: Vec::new(), projections: Vec::new() };
    for part in input.parts() {
        if matches!(part.keep, Keep::Tracked) {
            needs.of(&part.ty);
        }
    }
    let Needs { tracked, projections, .. } = needs;

    let mut generics = input.generics.clone();
    for param in &mut generics.params {
        match param {
            GenericParam::Type(param) => {
                param.default = None;
                if tracked.contains(&param.ident) {
                    param.bounds.push(parse_quote!(#krate::Tracked));
                } else {
                    param.bounds.push(parse_quote!(::core::marker::Send));
                    param.bounds.push(parse_quote!(::core::marker::Sync));
                    param.bounds.push(parse_quote!('static));
                }
            }
            GenericParam::Const(param) => param.default = None,
            _ => {}
        }
    }
    if !projections.is_empty() {
        let clause = generics.make_where_clause();
        for ty in projections {
            clause.predicates.push(parse_quote!(#ty: #krate::Tracked));
        }
    }
    generics
}

/// `bounded`, for an impl of the type itself: what serde's own impls ask is taken over as a
/// bound, for only they know it (a skipped field wants `Default`, say).
pub(crate) fn of_impl(bounded: &Generics, krate: &TokenStream) -> Generics {
    let mut generics = bounded.clone();
    if generics.type_params().next().is_some() {
        generics.make_where_clause().predicates.push(parse_quote!(
            Self: #krate::__private::Serialize + #krate::__private::DeserializeOwned
        ));
    }
    generics
}

/// `generics` with the lifetime of a view in front.
pub(crate) fn of_view(generics: &Generics) -> Generics {
    let mut generics = generics.clone();
    generics.params.insert(0, parse_quote!('__memdict));
    generics
}

/// A type that mentions every parameter, so that none is unused, and is always `Send`.
pub(crate) fn anchor(generics: &Generics) -> Option<TokenStream> {
    let mut params = generics.type_params().map(|param| &param.ident).peekable();
    params.peek()?;
    Some(quote!(::core::marker::PhantomData<fn() -> (#(*const #params,)*)>))
}

/// Which parameters, and which types made from them, have to be tracked.
struct Needs<'a> {
    params: &'a [Ident],
    tracked: Vec<Ident>,
    projections: Vec<Type>,
}

impl Needs<'_> {
    fn of(&mut self, ty: &Type) {
        let ty = path::ungrouped(ty);
        let Type::Path(named) = ty else {
            return match ty {
                Type::Tuple(tuple) => tuple.elems.iter().for_each(|ty| self.of(ty)),
                Type::Array(array) => self.of(&array.elem),
                Type::Slice(slice) => self.of(&slice.elem),
                // No other kind of type is tracked.
                _ => {}
            };
        };
        let starts = named.path.segments.first().map(|segment| &segment.ident);
        let of_param = named.qself.is_none()
            && named.path.leading_colon.is_none()
            && starts.is_some_and(|ident| self.params.contains(ident));
        if of_param && named.path.segments.len() == 1 {
            self.tracked.extend(starts.cloned());
        } else if of_param || named.qself.as_ref().is_some_and(|this| self.mentioned(&this.ty)) {
            self.projections.push(ty.clone());
        } else if let Some(last) = named.path.segments.last()
            && last.ident != "PhantomData"
            && let PathArguments::AngleBracketed(list) = &last.arguments
        {
            for argument in &list.args {
                if let GenericArgument::Type(ty) = argument {
                    self.of(ty);
                }
            }
        }
    }

    fn mentioned(&self, ty: &Type) -> bool {
        self.params.iter().any(|param| path::mentions(ty.to_token_stream(), param))
    }
}

#[cfg(test)]
mod tests {
    use quote::quote;
    use syn::DeriveInput;

    use super::*;
    use crate::mistakes::Mistakes;

    fn bounds(input: DeriveInput) -> String {
        let input = Input::read(&input, &mut Mistakes::default());
        let generics = bounded(&input, &quote!(::memdict));
        let (generics, _, clause) = generics.split_for_impl();
        path::text(quote!(#generics #clause))
    }

    #[test]
    fn only_parameters_of_tracked_fields_are_tracked() {
        let bounds = bounds(parse_quote! {
            struct Page<A, B: Clone = u8, C, D, const N: usize = 3> {
                rows: Vec<(A, [B; N])>,
                mark: std::marker::PhantomData<C>,
                #[memdict(opaque)]
                foreign: D,
            }
        });
        assert_eq!(
            bounds,
            "<A:::memdict::Tracked,B:Clone+::memdict::Tracked,\
             C:::core::marker::Send+::core::marker::Sync+'static,\
             D:::core::marker::Send+::core::marker::Sync+'static,const N:usize>"
        );
    }

    #[test]
    fn a_projection_is_tracked_itself() {
        let bounds = bounds(parse_quote! {
            struct Held<T: Iterator> { items: Vec<T::Item>, next: Option<<T as Iterator>::Item> }
        });
        assert!(bounds.ends_with(
            "where T::Item:::memdict::Tracked,<T as Iterator>::Item:::memdict::Tracked"
        ));
        assert!(bounds.starts_with("<T:Iterator+::core::marker::Send"));
    }
}
