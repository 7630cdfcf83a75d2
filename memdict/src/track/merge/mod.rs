//! Merges two changes of one value part by part, and by a rule if both sides changed a part.
//!
//! `sides` decides if only one side changed; the other files are the rules; `conflict` is the
//! error.

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
