//! The derive macro of memdict. Use it as `memdict::Tracked`, where it is documented: the code
//! it writes names items of that crate.
//!
//! One file for each pass: `input` reads the type, with `attr` for its attributes; `check`
//! finds what cannot work; `generics` and `path` say how generated code names things; `expand`
//! writes it; where it cannot, `fallback` stands in. Mistakes are collected on the way and
//! reported together.
#![forbid(unsafe_code)]

mod attr;
mod check;
mod expand;
mod fallback;
mod generics;
mod input;
mod mistakes;
mod path;
mod suggest;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

// Documented where memdict gives it out: this crate cannot depend on memdict, so examples would
// not compile here.
#[expect(missing_docs)]
#[proc_macro_derive(Tracked, attributes(memdict, serde))]
pub fn tracked(input: TokenStream) -> TokenStream {
    expand::derive(&parse_macro_input!(input as DeriveInput)).into()
}
