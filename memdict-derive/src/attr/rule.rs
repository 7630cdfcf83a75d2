//! What to do with a field that both sides changed: `merge = ..`.

use proc_macro2::Ident;
use syn::{Error, Path, Result, parenthesized, parse::ParseStream};

use super::known;

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

/// Those of one word.
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
    if let Some(near) = known::nearest(rule, &WORDS) {
        return format!("unknown merge rule `{rule}`: did you mean `{near}`?");
    }
    let words = WORDS.map(|word| format!("`{word}`")).join(", ");
    format!("unknown merge rule `{rule}`: there are {words} and `with(path)`")
}
