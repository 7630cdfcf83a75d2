//! What cannot work, or would not do what it seems to: each a message that says what to do.

use proc_macro2::Span;
use syn::{Data, DeriveInput, GenericArgument, GenericParam, PathArguments, ReturnType, Type};

use crate::{
    input::{Input, Keep, Part},
    mistakes::Mistakes,
    path,
};

/// Standard types that change behind a `&`.
const INTERIOR: [&str; 12] = [
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
    "Arc",
    "Weak",
];

pub(crate) fn check(declared: &DeriveInput, input: &Input, mistakes: &mut Mistakes) {
    if let Data::Union(data) = &declared.data {
        mistakes.hopeless = true;
        mistakes.at(
            data.union_token,
            "a union cannot be tracked: nothing says which of its fields is the live one",
        );
    }
    for param in &declared.generics.params {
        if let GenericParam::Lifetime(lifetime) = param {
            mistakes.hopeless = true;
            mistakes.at(
                &lifetime.lifetime,
                "a stored type outlives its session, so it owns its data: use `String` for \
                 `&str`, `Vec<T>` for `&[T]`",
            );
        }
    }
    if let (Some(edit), Some(changes)) = (&input.attrs.edit, &input.attrs.changes)
        && edit == changes
    {
        mistakes.hopeless = true;
        mistakes.at(changes, "`edit` and `changes` are two types: give them two names");
    }
    for part in input.parts() {
        attributes(part, input, mistakes);
        if !matches!(part.keep, Keep::Skipped) && part.attrs.allow_interior.is_none() {
            interior(&part.ty, mistakes);
        }
    }
}

/// Attributes that contradict each other.
fn attributes(part: &Part, input: &Input, mistakes: &mut Mistakes) {
    let attrs = &part.attrs;
    if attrs.unclear {
        return;
    }
    let mut refuse = |span: Option<Span>, message: &str| {
        if let Some(span) = span {
            mistakes.at_span(span, message);
        }
    };
    let merge = attrs.merge.as_ref().map(|(_, span)| *span);
    if matches!(part.keep, Keep::Skipped) {
        let why = "has no effect on a field that serde skips: it is not stored";
        refuse(attrs.opaque, &format!("`opaque` {why}"));
        refuse(attrs.untracked, &format!("`untracked` {why}"));
        refuse(merge, &format!("`merge` {why}"));
        refuse(attrs.version.map(|(_, span)| span), &format!("`version` {why}"));
        return;
    }
    if matches!(part.keep, Keep::Tracked) {
        refuse(
            attrs.version.map(|(_, span)| span),
            "`version` belongs beside `opaque`, whose insides the schema does not know",
        );
    }
    if matches!(part.keep, Keep::With(_)) {
        refuse(
            attrs.opaque,
            "`opaque` says nothing here: a field with serde's `with` is compared by its encoding",
        );
    }
    if attrs.untracked.is_some() {
        refuse(merge, "`merge` has no effect on an `untracked` field");
    } else if input.attrs.merge.is_none() {
        refuse(merge, "`merge` on a field needs `#[memdict(merge)]` on the type as well");
    }
}

/// Refuses what hides its changes, wherever in `ty` it is named.
fn interior(ty: &Type, mistakes: &mut Mistakes) {
    match path::ungrouped(ty) {
        Type::Path(named) => {
            for segment in &named.path.segments {
                let name = segment.ident.to_string();
                if INTERIOR.contains(&name.as_str()) || is_atomic(&name) {
                    mistakes.hopeless = true;
                    return mistakes.at(segment, hides_changes(&name));
                }
                match &segment.arguments {
                    PathArguments::AngleBracketed(list) => {
                        for argument in &list.args {
                            if let GenericArgument::Type(ty) = argument {
                                interior(ty, mistakes);
                            }
                        }
                    }
                    PathArguments::Parenthesized(list) => {
                        if let ReturnType::Type(_, ty) = &list.output {
                            interior(ty, mistakes);
                        }
                    }
                    PathArguments::None => {}
                }
            }
        }
        Type::Tuple(tuple) => tuple.elems.iter().for_each(|ty| interior(ty, mistakes)),
        Type::Array(array) => interior(&array.elem, mistakes),
        Type::Slice(slice) => interior(&slice.elem, mistakes),
        _ => {}
    }
}

fn is_atomic(name: &str) -> bool {
    const OF: [&str; 12] =
        ["Bool", "Ptr", "I8", "I16", "I32", "I64", "Isize", "U8", "U16", "U32", "U64", "Usize"];
    name.strip_prefix("Atomic").is_some_and(|of| OF.contains(&of))
}

fn hides_changes(name: &str) -> String {
    let instead = match name {
        "Rc" | "Arc" | "Weak" => "own the value: `Box<T>` or `T`",
        _ => "use the plain value inside it: a guard gives `&mut` to it",
    };
    format!(
        "`{name}` can change behind a `&`, where no change is noticed; {instead}, or write \
         `#[serde(skip)]` if it is not to be stored, or `#[memdict(opaque, allow_interior)]` if \
         you mark its changes yourself"
    )
}
