//! The derive macro of memdict. Use it as `memdict::Tracked`, where it is documented: the code
//! it writes names items of that crate.
//!
//! One file for each pass: `read` makes an `input` of the declared type, with `attr` for its
//! attributes; `check` finds what cannot work, with `refuse` for the types of fields; `generics`
//! and `path` say how generated code names things, and `expand` writes it. Mistakes are collected
//! on the way and reported together; `suggest` finds what a misspelt word was meant to be.
#![forbid(unsafe_code)]

mod attr;
mod check;
mod expand;
mod generics;
mod input;
mod mistakes;
mod path;
mod read;
mod refuse;
mod suggest;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

// memdict documents it: this crate cannot depend on memdict, so examples would not compile here.
#[expect(missing_docs)]
#[proc_macro_derive(Tracked, attributes(memdict, serde))]
pub fn tracked(input: TokenStream) -> TokenStream {
    expand::derive(&parse_macro_input!(input as DeriveInput)).into()
}
