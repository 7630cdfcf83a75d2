//! The merge of two changes of one value: part by part, and by a rule where both sides changed a
//! part.
//!
//! `sides` decides where only one side changed, the others are the rules; `conflict` is the error.

mod append;
pub(crate) mod conflict;
mod rules;
pub(crate) mod sides;
mod sum;
mod union;

pub use append::Append;
pub use rules::{max, min, ours, theirs, with};
pub use sides::{Ruling, Sides, refuse, ruled, undecided};
pub use sum::Sum;
pub use union::Union;
