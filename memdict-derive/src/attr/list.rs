//! The comma-separated words of an attribute, read one by one.

use proc_macro2::TokenTree;
use syn::{
    Attribute, LitInt, LitStr, Path, Result, Token, meta::ParseNestedMeta, parse::ParseStream,
};

use super::place::Place;
use crate::mistakes::Mistakes;

/// Reads each word of each `#[memdict(..)]` that belongs to `place`; the others are mistakes.
/// A mistake does not hide the words after it. Returns whether there was one.
pub(super) fn each(
    attrs: &[Attribute],
    place: Place,
    mistakes: &mut Mistakes,
    mut read: impl FnMut(&str, &ParseNestedMeta<'_>) -> Result<()>,
) -> bool {
    let mut unclear = false;
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("memdict")) {
        let list = attr.parse_nested_meta(|meta| {
            let word = meta.path.get_ident().map(ToString::to_string);
            let done = match word.as_deref().filter(|word| place.words().contains(word)) {
                Some(word) => read(word, &meta),
                None => Err(meta.error(place.refuse(&meta.path))),
            };
            if let Err(mistake) = done {
                unclear = true;
                mistakes.push(mistake);
            }
            skip_rest(meta.input)
        });
        if let Err(mistake) = list {
            unclear = true;
            mistakes.push(mistake);
        }
    }
    unclear
}

/// Skips to the next comma.
pub(super) fn skip_rest(input: ParseStream<'_>) -> Result<()> {
    while !input.is_empty() && !input.peek(Token![,]) {
        input.parse::<TokenTree>()?;
    }
    Ok(())
}

pub(super) fn once<T>(slot: &mut Option<T>, value: T, meta: &ParseNestedMeta<'_>) -> Result<()> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(meta.error("given twice")),
    }
}

pub(super) fn number(meta: &ParseNestedMeta<'_>) -> Result<u64> {
    meta.value()?.parse::<LitInt>()?.base10_parse()
}

/// Reads `crate = "path"`, as serde spells it, or `crate = path`.
pub(super) fn crate_path(meta: &ParseNestedMeta<'_>) -> Result<Path> {
    let value = meta.value()?;
    if value.peek(LitStr) {
        value.parse::<LitStr>()?.parse_with(Path::parse_mod_style)
    } else {
        value.call(Path::parse_mod_style)
    }
}
