//! Finds what cannot work, or would not do what it seems to do: each is a message that says what
//! to do instead.

use proc_macro2::Span;
use syn::{Data, DeriveInput, GenericParam, Type};

use crate::{
    input::{Input, Keep, Part},
    mistakes::Mistakes,
    refuse,
};

pub(crate) fn check(declared: &DeriveInput, input: &mut Input, mistakes: &mut Mistakes) {
    if let Data::Union(data) = &declared.data {
        mistakes.at(
            data.union_token,
            "a union cannot be tracked: nothing says which of its fields is the live one",
        );
    }
    let mut borrows = false;
    for param in &declared.generics.params {
        if let GenericParam::Lifetime(lifetime) = param {
            borrows = true;
            mistakes.at(
                &lifetime.lifetime,
                "a stored type owns its data, because it outlives the session: use `String` for \
                 `&str`, `Vec<T>` for `&[T]`",
            );
        }
    }
    if let (Some(edit), Some(changes)) = (&input.attrs.edit, &input.attrs.changes)
        && edit == changes
    {
        mistakes.at(changes, "`edit` and `changes` name two types: give them two names");
        input.attrs.changes = None;
    }
    let merges = input.attrs.merge.is_some();
    let this = input.this.clone();
    for part in input.parts_mut() {
        attributes(part, merges, mistakes);
        // A borrowing type was refused as a whole.
        part.refused = match part.keep {
            Keep::Skipped => false,
            _ => borrows || part.attrs.unclear || refuse::part(part, mistakes),
        };
        if part.refused {
            // Any type will do that mentions all parameters: none of it is looked at.
            part.ty = Type::Verbatim(this.clone());
            (part.keep, part.untracked, part.attrs.merge) = (Keep::Tracked, false, None);
        }
    }
}

/// Finds attributes that contradict each other.
fn attributes(part: &Part, merges: bool, mistakes: &mut Mistakes) {
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
            "`version` on a field needs `opaque` beside it: the schema describes every other field",
        );
    }
    if matches!(part.keep, Keep::With(_)) {
        refuse(
            attrs.opaque,
            "`opaque` has no effect on a field with serde's `with`: it is compared by its encoding \
             anyway",
        );
    }
    if attrs.untracked.is_some() {
        refuse(merge, "`merge` has no effect on an `untracked` field");
    } else if !merges {
        refuse(merge, "`merge` on a field needs `#[memdict(merge)]` on the type as well");
    }
}
