//! The three values of a merge, and the decision where only one side changed.

use std::mem;

use super::conflict::MergeConflict;
use crate::{error::BoxError, track::changes::join};

/// The reason of a conflict that no rule decides.
pub(in crate::track) const BOTH: &str = "changed on both sides";

/// A part before the changes, and with the change of each side.
#[derive(Debug)]
pub struct Sides<'a, T> {
    /// The value that both sides started from.
    pub base: &'a T,
    /// The value of this side, which becomes the result.
    pub ours: &'a mut T,
    /// The value of the other side; a rule may take it.
    pub theirs: &'a mut T,
}

/// The result of a rule: `sides.ours` contains both changes, or the reason why it cannot.
pub type Ruling = Result<(), BoxError>;

/// Keeps the side that changed: `changed` says for ours and theirs whether it differs from the
/// base. If both do, they are returned, and a rule decides.
#[must_use]
pub fn undecided<T>(changed: [bool; 2], sides: Sides<'_, T>) -> Option<Sides<'_, T>> {
    match changed {
        [_, false] => None,
        [false, true] => {
            mem::swap(sides.ours, sides.theirs);
            None
        }
        [true, true] => Some(sides),
    }
}

/// Adds the place to the reason of a rule: it ruled on the part `name` of the value at `path`.
///
/// # Errors
///
/// If the ruling is an error.
pub fn ruled(ruling: Ruling, path: &str, name: &str) -> Result<(), MergeConflict> {
    ruling.map_err(|reason| MergeConflict::at(&join(path, name), reason))
}

/// Decides for a part that has no rule.
///
/// # Errors
///
/// Always.
pub fn refuse<T>(_: Sides<'_, T>) -> Ruling {
    Err(BOTH.into())
}
