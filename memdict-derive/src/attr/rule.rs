//! The rule of a field that both sides of a merge changed: `merge = ..`.

use proc_macro2::Ident;
use syn::{Error, Path, Result, parenthesized, parse::ParseStream};

use crate::suggest;

pub(crate) enum Rule {
    Sum,
    Max,
    Min,
    Union,
    Append,
    Ours,
    Theirs,
    With(Path),
}

/// The rules that take no argument.
const WORDS: [&str; 7] = ["sum", "max", "min", "union", "append", "ours", "theirs"];

impl Rule {
    pub(super) fn read(input: ParseStream<'_>) -> Result<Self> {
        let rule: Ident = input.parse()?;
        Ok(match &*rule.to_string() {
            "sum" => Self::Sum,
            "max" => Self::Max,
            "min" => Self::Min,
            "union" => Self::Union,
            "append" => Self::Append,
            "ours" => Self::Ours,
            "theirs" => Self::Theirs,
            "with" => {
                let path;
                parenthesized!(path in input);
                Self::With(path.parse()?)
            }
            unknown => return Err(Error::new(rule.span(), refuse(unknown))),
        })
    }
}

fn refuse(rule: &str) -> String {
    match suggest::nearest(rule, &WORDS) {
        Some(near) => format!("unknown merge rule `{rule}`: did you mean `{near}`?"),
        None => {
            let words = suggest::list(&WORDS);
            format!("unknown merge rule `{rule}`: the rules are {words} and `with(function)`")
        }
    }
}
