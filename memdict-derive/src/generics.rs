//! The generics of what is generated: those of the type, with the bounds that tracking needs.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{GenericArgument, GenericParam, Generics, Ident, PathArguments, Type, parse_quote};

use crate::{
    input::{Input, Keep},
    path,
};

/// Returns the declared generics with bounds: `Tracked` for a parameter that a tracked field
/// mentions, and for any other only what a part of its kind needs. Defaults are left out, as they
/// are not allowed here.
pub(crate) fn bounded(input: &Input, krate: &TokenStream) -> Generics {
    let params: Vec<Ident> = input.generics.type_params().map(|p| p.ident.clone()).collect();
    let opaque: Vec<_> = input
        .parts()
        .into_iter()
        .filter(|part| matches!(part.keep, Keep::Opaque))
        .map(|part| part.ty.to_token_stream())
        .collect();
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
                    // An opaque field is compared by its encoding.
                    if opaque.iter().any(|ty| path::mentions(ty.clone(), &param.ident)) {
                        param.bounds.push(parse_quote!(#krate::__private::Stored));
                    }
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

/// Returns `bounded` for an impl of the type itself. The bounds of serde's own impls are asked for
/// by one bound, because only serde knows them: a skipped field needs `Default`, for example. Those
/// that `#[serde(bound = ..)]` says are repeated, because a function of `with` may need them.
pub(crate) fn of_impl(input: &Input, bounded: &Generics, krate: &TokenStream) -> Generics {
    let mut generics = bounded.clone();
    if generics.type_params().next().is_some() {
        let this = &input.this;
        let clause = generics.make_where_clause();
        clause.predicates.push(parse_quote!(
            #this: #krate::__private::Serialize + #krate::__private::DeserializeOwned
        ));
        clause.predicates.extend(input.serde_bounds.iter().cloned());
    }
    generics
}

/// Returns `generics` with the lifetime of a view in front.
pub(crate) fn of_view(generics: &Generics) -> Generics {
    let mut generics = generics.clone();
    generics.params.insert(0, parse_quote!('__memdict));
    generics
}

/// Returns a type that mentions every type parameter, so that none is unused, and that is always
/// `Send`.
pub(crate) fn anchor(generics: &Generics) -> Option<TokenStream> {
    let mut params = generics.type_params().map(|param| &param.ident).peekable();
    params.peek()?;
    Some(quote!(::core::marker::PhantomData<fn() -> (#(*const #params,)*)>))
}

/// Returns the parameters that no stored part of known shape mentions, such as the `C` of
/// `Money<C>`: the schema has their arguments by name.
pub(crate) fn unstored(input: &Input) -> Vec<&GenericParam> {
    let parts: Vec<_> = input.parts().into_iter().filter(|part| part.is_tracked()).collect();
    let stored = |param: &Ident| parts.iter().any(|part| stores(&part.ty, param));
    let params = input.generics.params.iter();
    params
        .filter(|param| match param {
            GenericParam::Type(param) => !stored(&param.ident),
            GenericParam::Const(param) => !stored(&param.ident),
            _ => false,
        })
        .collect()
}

/// Returns whether a value of type `ty` contains something of `param`, as far as names show.
fn stores(ty: &Type, param: &Ident) -> bool {
    match path::ungrouped(ty) {
        Type::Tuple(tuple) => tuple.elems.iter().any(|ty| stores(ty, param)),
        Type::Path(named) if named.qself.is_none() => named.path.segments.iter().any(|segment| {
            segment.ident == *param
                || match &segment.arguments {
                    _ if segment.ident == "PhantomData" => false,
                    PathArguments::AngleBracketed(list) => {
                        list.args.iter().any(|argument| match argument {
                            GenericArgument::Type(ty) => stores(ty, param),
                            other => path::mentions(other.to_token_stream(), param),
                        })
                    }
                    _ => false,
                }
        }),
        other => path::mentions(other.to_token_stream(), param),
    }
}

/// Returns arguments that generic code can be tried with: one for each parameter, of a type that
/// has the usual traits.
pub(crate) fn stand_ins(declared: &Generics) -> Option<Vec<TokenStream>> {
    let arguments = declared.params.iter().map(|param| match param {
        GenericParam::Type(_) => Some(quote!(::core::primitive::u8)),
        GenericParam::Const(param) => match &*path::text(&param.ty) {
            "bool" => Some(quote!(false)),
            "char" => Some(quote!('0')),
            "u8" | "u16" | "u32" | "u64" | "u128" | "usize" | "i8" | "i16" | "i32" | "i64"
            | "i128" | "isize" => Some(quote!(0)),
            _ => None,
        },
        _ => None,
    });
    arguments.collect()
}

/// Returns `declared` without bounds.
pub(crate) fn unbounded(declared: &Generics) -> Generics {
    let mut generics = declared.clone();
    generics.where_clause = None;
    for param in &mut generics.params {
        match param {
            GenericParam::Type(param) => (param.bounds, param.default) = Default::default(),
            GenericParam::Const(param) => param.default = None,
            _ => {}
        }
    }
    generics
}

/// The parameters, and the types made from them, that have to be tracked.
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
    use crate::{mistakes::Mistakes, read};

    fn bounds(input: DeriveInput) -> String {
        let input = read::input(&input, &mut Mistakes::default());
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
             D:::core::marker::Send+::core::marker::Sync+'static+::memdict::__private::Stored,\
             const N:usize>"
        );
    }

    #[test]
    fn a_parameter_is_stored_where_a_tracked_field_mentions_it() {
        let declared = parse_quote! {
            struct Page<A, B, C, D, E: Iterator, const N: usize, const M: u8> {
                rows: Vec<(A, [u8; N])>,
                mark: PhantomData<fn() -> B>,
                link: Box<Id<PhantomData<B>, E::Item>>,
                #[memdict(opaque)]
                foreign: C,
                #[serde(skip)]
                spare: D,
            }
        };
        let input = read::input(&declared, &mut Mistakes::default());
        let unstored = unstored(&input).into_iter().map(|param| match param {
            GenericParam::Type(param) => param.ident.to_string(),
            GenericParam::Const(param) => param.ident.to_string(),
            _ => unreachable!("there are no others"),
        });
        assert_eq!(unstored.collect::<Vec<_>>(), ["B", "C", "D", "M"]);
    }

    #[test]
    fn types_and_simple_constants_have_stand_ins() {
        let stand_ins =
            |generics: Generics| stand_ins(&generics).map(|of| path::text(quote!(#(#of),*)));
        assert_eq!(
            stand_ins(parse_quote!(<A: Ord, B: 'static = u8, const N: usize, const C: char>))
                .as_deref(),
            Some("::core::primitive::u8,::core::primitive::u8,0,'0'")
        );
        assert_eq!(stand_ins(parse_quote!(<const M: Mode>)), None);
    }

    #[test]
    fn a_projection_has_a_bound_of_its_own() {
        let bounds = bounds(parse_quote! {
            struct Held<T: Iterator> { items: Vec<T::Item>, next: Option<<T as Iterator>::Item> }
        });
        assert!(bounds.ends_with(
            "where T::Item:::memdict::Tracked,<T as Iterator>::Item:::memdict::Tracked"
        ));
        assert!(bounds.starts_with("<T:Iterator+::core::marker::Send"));
    }
}
