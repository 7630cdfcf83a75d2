//! The mistakes of a type, collected so that one build shows them all.

use std::fmt::Display;

use proc_macro2::Span;
use quote::ToTokens;
use syn::Error;

#[derive(Default)]
pub(crate) struct Mistakes {
    found: Option<Error>,
    /// Whether a part of the type is such that nothing but a stub can be written for it.
    pub(crate) hopeless: bool,
}

impl Mistakes {
    /// A mistake shown at `place`.
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

    pub(crate) fn into_error(self) -> Option<Error> {
        self.found
    }
}
