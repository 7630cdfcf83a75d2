//! The generated code: the view, the changes, and the impl of `Tracked`.

mod changes;
mod compare;
mod edit;
mod merge;
mod names;
mod tracked;

use proc_macro2::TokenStream;
use quote::quote;
use syn::DeriveInput;

use self::names::Names;
use crate::{check, fallback, input::Input, mistakes::Mistakes};

pub(crate) fn derive(declared: &DeriveInput) -> TokenStream {
    let mut mistakes = Mistakes::default();
    let input = Input::read(declared, &mut mistakes);
    check::check(declared, &input, &mut mistakes);
    let code = if mistakes.hopeless { fallback::stub(&input) } else { expand(&input) };
    let errors = mistakes.into_error().map(|mistakes| mistakes.into_compile_error());
    quote!(#errors #code)
}

fn expand(input: &Input) -> TokenStream {
    let names = Names::new(input);
    let edit = edit::expand(input, &names);
    let changes = changes::expand(input, &names);
    let tracked = tracked::expand(input, &names);
    quote!(#edit #changes #tracked)
}

#[cfg(test)]
mod tests;
