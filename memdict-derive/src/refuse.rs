//! Field types that are refused by name: those that hide their changes, and those that cannot be
//! stored. The compiler would say the same in many messages, and none would say what to do.

use quote::ToTokens;
use syn::{Expr, GenericArgument, Lit, PathArguments, PathSegment, ReturnType, Type, TypePath};

use crate::{
    input::{Keep, Part},
    mistakes::Mistakes,
    path,
};

/// Standard types that change behind a `&`.
const INTERIOR: [&str; 11] = [
    "Cell",
    "RefCell",
    "UnsafeCell",
    "OnceCell",
    "LazyCell",
    "Mutex",
    "RwLock",
    "OnceLock",
    "LazyLock",
    "Rc",
    "Weak",
];

/// Standard types that are tracked if their arguments are.
const CONTAINERS: [&str; 20] = [
    "Option",
    "Result",
    "Box",
    "Arc",
    "Cow",
    "Vec",
    "VecDeque",
    "LinkedList",
    "BinaryHeap",
    "BTreeMap",
    "BTreeSet",
    "HashMap",
    "HashSet",
    "IndexMap",
    "IndexSet",
    "Wrapping",
    "Saturating",
    "Reverse",
    "Range",
    "Bound",
];

/// Containers whose first argument is compared or hashed.
const KEYED: [&str; 7] =
    ["BTreeMap", "BTreeSet", "BinaryHeap", "HashMap", "HashSet", "IndexMap", "IndexSet"];

/// The most elements of a tuple and of an array that serde stores.
const TUPLE: usize = 16;
const ARRAY: usize = 32;

/// Reports the first mistake in the type of a part that is stored. Returns whether there is one.
pub(crate) fn part(part: &Part, mistakes: &mut Mistakes) -> bool {
    if part.attrs.allow_interior.is_none()
        && let Some(segment) = interior(&part.ty)
    {
        mistakes.at(segment, hides_changes(&segment.ident.to_string()));
        return true;
    }
    if matches!(part.keep, Keep::With(_)) {
        return false;
    }
    let found = Search { opaque: matches!(part.keep, Keep::Opaque) }.mistake(&part.ty);
    let refused = found.is_some();
    if let Some((place, message)) = found {
        mistakes.at(place, message);
    }
    refused
}

/// Finds a type that hides its changes, wherever in `ty` it is named.
fn interior(ty: &Type) -> Option<&PathSegment> {
    match path::ungrouped(ty) {
        Type::Path(named) => named.path.segments.iter().find_map(|segment| {
            let name = segment.ident.to_string();
            if INTERIOR.contains(&&*name) || is_atomic(&name) {
                return Some(segment);
            }
            // It holds no value of the type that it names.
            if name == "PhantomData" {
                return None;
            }
            match &segment.arguments {
                PathArguments::Parenthesized(list) => match &list.output {
                    ReturnType::Type(_, ty) => interior(ty),
                    ReturnType::Default => None,
                },
                _ => arguments(segment).find_map(interior),
            }
        }),
        Type::Tuple(tuple) => tuple.elems.iter().find_map(interior),
        Type::Array(array) => interior(&array.elem),
        Type::Slice(slice) => interior(&slice.elem),
        _ => None,
    }
}

fn is_atomic(name: &str) -> bool {
    const OF: [&str; 12] =
        ["Bool", "Ptr", "I8", "I16", "I32", "I64", "Isize", "U8", "U16", "U32", "U64", "Usize"];
    name.strip_prefix("Atomic").is_some_and(|of| OF.contains(&of))
}

fn hides_changes(name: &str) -> String {
    let instead = match name {
        "Rc" | "Weak" => "use `Box<T>`, `Arc<T>` or `T`",
        _ => "use the plain value inside: a guard lends a `&mut` to it",
    };
    format!(
        "`{name}` can change behind a `&`, where no change is noticed: {instead}; or write \
         `#[serde(skip)]` if it need not be stored, or `#[memdict(opaque, allow_interior)]` if you \
         mark its changes yourself"
    )
}

type Found<'a> = (&'a dyn ToTokens, String);

/// The search for a type that cannot be stored, through tuples, arrays and standard containers.
/// The arguments of any other type need not be what it stores.
struct Search {
    /// Whether the field is opaque: its type may store what a tracked type cannot.
    opaque: bool,
}

impl Search {
    fn mistake<'a>(&self, ty: &'a Type) -> Option<Found<'a>> {
        let ty = path::ungrouped(ty);
        let here = match ty {
            _ if self.opaque => None,
            Type::Reference(_) => Some(
                "a stored type owns its data, and a reference borrows it: use `String` for `&str`, \
                 `Vec<T>` for `&[T]`, `T` for `&T`"
                    .to_owned(),
            ),
            Type::Ptr(_) => Some(
                "a pointer cannot be stored: it means nothing in another process; store the value, \
                 or write `#[serde(skip)]`"
                    .to_owned(),
            ),
            Type::FnPtr(_) => Some(
                "a function pointer cannot be stored: it means nothing in another process; store a \
                 value that selects the function, or write `#[serde(skip)]`"
                    .to_owned(),
            ),
            Type::TraitObject(_) => Some(
                "a trait object cannot be stored: nothing says which type to load; use an enum of \
                 the types that it may be, or write `#[serde(skip)]`"
                    .to_owned(),
            ),
            Type::Tuple(tuple) if tuple.elems.len() > TUPLE => Some(format!(
                "serde stores tuples of up to {TUPLE} elements, and this one has {}: use a struct",
                tuple.elems.len()
            )),
            Type::Array(array) => length(&array.len).filter(|length| *length > ARRAY).map(|length| {
                format!(
                    "serde stores arrays of up to {ARRAY} elements, and this one has {length}: use \
                     `Vec<T>`, or name functions that store it with `#[serde(with = ..)]`"
                )
            }),
            Type::Path(named) => lossy(named),
            _ => None,
        };
        if let Some(message) = here {
            return Some((ty, message));
        }
        match ty {
            Type::Tuple(tuple) => tuple.elems.iter().find_map(|ty| self.mistake(ty)),
            Type::Array(array) => self.mistake(&array.elem),
            Type::Slice(slice) => self.mistake(&slice.elem),
            Type::Path(named) => {
                let segment = container(named)?;
                let keyed = KEYED.iter().any(|name| segment.ident == name);
                let key = arguments(segment).next().filter(|_| keyed);
                if let Some(float) = key.and_then(float) {
                    return Some((float, no_key(&path::text(float))));
                }
                arguments(segment).find_map(|ty| self.mistake(ty))
            }
            _ => None,
        }
    }
}

/// Finds a type of which serde does not store everything, so that another value would come back.
fn lossy(named: &TypePath) -> Option<String> {
    let last = named.path.segments.last().filter(|_| named.qself.is_none())?;
    let name = last.ident.to_string();
    let (what, instead) = match &*name {
        "RangeInclusive" => (
            "whether a `RangeInclusive` was iterated to its end",
            "use a `Range`, or two fields, its start and its end",
        ),
        "SocketAddr" | "SocketAddrV6" => (
            "the scope and the flow of an IPv6 address",
            "use an `IpAddr` and a port, or a `SocketAddrV4`",
        ),
        "DateTime" if arguments(last).any(|ty| path::text(ty).ends_with("FixedOffset")) => (
            "the seconds of a `FixedOffset`",
            "use a `DateTime<Utc>`, and a field for the seconds of the offset",
        ),
        _ => return None,
    };
    Some(format!(
        "serde does not store {what}: {instead}; or write `#[memdict(opaque)]` if it may be lost"
    ))
}

/// Finds a float that is part of a key.
fn float(key: &Type) -> Option<&Type> {
    match path::ungrouped(key) {
        Type::Tuple(tuple) => tuple.elems.iter().find_map(float),
        Type::Array(array) => float(&array.elem),
        Type::Slice(slice) => float(&slice.elem),
        Type::Path(named) => match container(named) {
            Some(segment) => arguments(segment).find_map(float),
            None => {
                let last = named.path.segments.last()?;
                (last.ident == "f32" || last.ident == "f64").then_some(key)
            }
        },
        _ => None,
    }
}

fn no_key(float: &str) -> String {
    format!(
        "`{float}` cannot be a key: NaN is not equal to itself, so floats have no `Eq`, `Hash` and \
         `Ord`; use an integer, such as the bits of the float (`to_bits`), or a type of your own \
         that has them"
    )
}

fn container(named: &TypePath) -> Option<&PathSegment> {
    let last = named.path.segments.last().filter(|_| named.qself.is_none())?;
    CONTAINERS.iter().any(|name| last.ident == name).then_some(last)
}

fn arguments(segment: &PathSegment) -> impl Iterator<Item = &Type> {
    let list = match &segment.arguments {
        PathArguments::AngleBracketed(list) => Some(list.args.iter()),
        _ => None,
    };
    list.into_iter().flatten().filter_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    })
}

/// Returns the length of an array, if it is written as a number.
fn length(length: &Expr) -> Option<usize> {
    match length {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Int(number) => number.base10_parse().ok(),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::*;

    fn refused(ty: &Type) -> Option<String> {
        let search = Search { opaque: false };
        let found = search.mistake(ty).map(|(place, _)| path::text(place));
        found.or_else(|| interior(ty).map(|segment| segment.ident.to_string()))
    }

    #[test]
    fn a_float_is_found_wherever_a_key_is_made_of_it() {
        let of = |ty: Type| refused(&ty);
        for ty in [
            parse_quote!(HashMap<f32, u64>),
            parse_quote!(std::collections::BTreeMap<(u8, f32), u64>),
            parse_quote!(HashSet<Option<f32>>),
            parse_quote!(BTreeSet<Vec<[f32; 2]>>),
            parse_quote!(indexmap::IndexMap<Box<f32>, u64, S>),
            parse_quote!(IndexSet<(u8, (u8, f32))>),
            parse_quote!(BinaryHeap<Reverse<f32>>),
            parse_quote!(Vec<Option<HashMap<u8, HashMap<f32, u8>>>>),
            parse_quote!(HashMap<u8, (u8, BTreeSet<f32>)>),
        ] {
            assert_eq!(of(ty).as_deref(), Some("f32"));
        }
        assert_eq!(
            of(parse_quote!(BTreeMap<core::primitive::f64, u8>)).as_deref(),
            Some("core::primitive::f64")
        );
        for ty in [
            parse_quote!(HashMap<u8, f32>),
            parse_quote!(BTreeSet<OrderedFloat<f64>>),
            parse_quote!(HashMap<Id<f32>, Vec<f64>>),
            parse_quote!(Sparse<f32, u8>),
        ] {
            assert_eq!(of(ty), None);
        }
    }

    #[test]
    fn a_type_that_cannot_be_stored_is_found_inside_standard_types_alone() {
        for (ty, found) in [
            (parse_quote!(&'static str), "&'static str"),
            (parse_quote!(Option<(u8, &'static [u8])>), "&'static[u8]"),
            (parse_quote!(Vec<*const u8>), "*const u8"),
            (parse_quote!(HashMap<u8, fn(u8) -> u8>), "fn(u8)->u8"),
            (parse_quote!(Box<dyn Fn() + Send>), "dyn Fn()+Send"),
            (parse_quote!([[u8; 33]; 2]), "[u8;33]"),
            (parse_quote!(Arc<Mutex<u8>>), "Mutex"),
            (parse_quote!(Rc<str>), "Rc"),
            (parse_quote!(Option<std::ops::RangeInclusive<u8>>), "std::ops::RangeInclusive<u8>"),
            (parse_quote!(Vec<SocketAddr>), "SocketAddr"),
            (parse_quote!((u8, SocketAddrV6)), "SocketAddrV6"),
            (parse_quote!(DateTime<chrono::FixedOffset>), "DateTime<chrono::FixedOffset>"),
            (parse_quote!(Wrapper<std::sync::atomic::AtomicU8>), "AtomicU8"),
        ] {
            assert_eq!(refused(&ty).as_deref(), Some(found));
        }
        for ty in [
            parse_quote!(PhantomData<&'static Cell<u8>>),
            parse_quote!(PhantomData<fn() -> dyn Marker>),
            parse_quote!(Id<dyn Marker>),
            parse_quote!(Arc<str>),
            parse_quote!([u8; 32]),
            parse_quote!([u8; LENGTH]),
            parse_quote!(SmallVec<[u8; 64]>),
            parse_quote!(SocketAddrV4),
            parse_quote!(DateTime<Utc>),
        ] {
            assert_eq!(refused(&ty), None, "{}", path::text(&ty));
        }
    }
}
