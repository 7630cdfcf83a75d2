//! The generated code: the assertions about the parts, the view, the flags, and the impl of
//! `Tracked`.
//!
//! A type with mistakes gets all of it too, so that other code which names any of it has no further
//! errors. Its mistakes stand in place of the assertions.

mod changes;
mod checked;
mod compare;
mod edit;
mod merge;
mod names;
mod shape;
mod tracked;

use proc_macro2::TokenStream;
use quote::quote;
use syn::DeriveInput;

use self::names::Names;
use crate::{check, mistakes::Mistakes, read};

pub(crate) fn derive(declared: &DeriveInput) -> TokenStream {
    let mut mistakes = Mistakes::default();
    let mut input = read::input(declared, &mut mistakes);
    check::check(declared, &mut input, &mut mistakes);
    let names = Names::new(&input);
    let checked = checked::expand(&input, &names, mistakes.into_compile_errors());
    let edit = edit::expand(&input, &names);
    let changes = changes::expand(&input, &names);
    let tracked = tracked::expand(&input, &names);
    quote!(#checked #edit #changes #tracked)
}

#[cfg(test)]
mod tests;
