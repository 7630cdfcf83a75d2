//! The mistakes of a type, collected so that one build shows all of them.

use std::fmt::Display;

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use syn::Error;

#[derive(Default)]
pub(crate) struct Mistakes {
    found: Option<Error>,
}

impl Mistakes {
    /// Adds a mistake that is shown at `place`.
    pub(crate) fn at(&mut self, place: impl ToTokens, message: impl Display) {
        self.push(Error::new_spanned(place, message));
    }

    pub(crate) fn at_span(&mut self, span: Span, message: impl Display) {
        self.push(Error::new(span, message));
    }

    pub(crate) fn push(&mut self, error: Error) {
        match &mut self.found {
            Some(found) => found.combine(error),
            none => *none = Some(error),
        }
    }

    /// Returns the code that makes the compiler show them.
    pub(crate) fn into_compile_errors(self) -> Option<TokenStream> {
        self.found.map(Error::into_compile_error)
    }
}
