//! The attributes of a type, a variant or a field: memdict's (`own`), and those of serde that
//! decide what is stored (`serde`, with the rules of `rename_all` in `case`).
//!
//! `list` reads the words of an attribute, `place` knows where each belongs, `rule` reads what
//! stands behind `merge =`.

mod case;
mod list;
mod own;
mod place;
mod rule;
mod serde;

pub(crate) use self::{
    case::Case,
    own::{FieldAttrs, TypeAttrs, check_variant},
    rule::Rule,
    serde::{SerdeField, SerdeType, SerdeVariant, With},
};
