//! Two changes of one value, brought together: part by part, and by a rule where both sides
//! changed one.

mod append;
mod sum;
mod union;

use std::{cmp::Ordering, error, fmt, mem};

use super::{Changes, Tracked};
use crate::error::BoxError;

pub use append::Append;
pub use sum::Sum;
pub use union::Union;

/// The path of a part under `path`.
#[must_use]
pub fn join(path: &str, part: &str) -> String {
    if path.is_empty() { part.to_owned() } else { format!("{path}.{part}") }
}

/// Why two changes cannot both stand: the part, and the reason in a few words, as in
/// "`address.city`: changed on both sides".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergeConflict(pub String);

impl MergeConflict {
    /// Of the part at `path`; of the whole if that is empty.
    fn at(path: &str, why: impl fmt::Display) -> Self {
        if path.is_empty() { Self(why.to_string()) } else { Self(format!("`{path}`: {why}")) }
    }
}

impl fmt::Display for MergeConflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl error::Error for MergeConflict {}

const BOTH: &str = "changed on both sides";

/// [`Tracked::merge`] of a type that is one part: the side that changed stands, and two that
/// changed are a conflict, even if they changed to the same.
///
/// # Errors
///
/// If both sides changed.
pub fn merge_as_one<T: Tracked>(
    base: &T,
    ours: &mut T,
    theirs: &mut T,
    changes: &T::Changes,
    path: &str,
) -> Result<(), MergeConflict> {
    let changed = [changes.any(), !T::same(base, theirs)];
    match undecided(changed, Sides { base, ours, theirs }) {
        None => Ok(()),
        Some(_) => Err(MergeConflict::at(path, BOTH)),
    }
}

/// What a part was, and what each side made of it.
#[derive(Debug)]
pub struct Sides<'a, T> {
    /// What both sides started from.
    pub base: &'a T,
    /// What this side made of it, and what is kept.
    pub ours: &'a mut T,
    /// What the other side made of it; may be taken.
    pub theirs: &'a mut T,
}

/// What a rule says: `sides.ours` is the value in which both changes stand, or why there is none.
pub type Ruling = Result<(), BoxError>;

/// Keeps the side that changed: `changed` says whether ours and theirs differ from the base. If
/// both do, they are given back for a rule to decide.
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

/// A ruling on the part `name` of what is at `path`.
///
/// # Errors
///
/// That of the rule.
pub fn ruled(ruling: Ruling, path: &str, name: &str) -> Result<(), MergeConflict> {
    ruling.map_err(|why| MergeConflict::at(&join(path, name), why))
}

/// The rule of a part that has none.
///
/// # Errors
///
/// Always.
pub fn refuse<T>(_: Sides<'_, T>) -> Ruling {
    Err(BOTH.into())
}

/// The rule `ours`.
///
/// # Errors
///
/// Never.
pub fn ours<T>(_: Sides<'_, T>) -> Ruling {
    Ok(())
}

/// The rule `theirs`.
///
/// # Errors
///
/// Never.
pub fn theirs<T>(sides: Sides<'_, T>) -> Ruling {
    mem::swap(sides.ours, sides.theirs);
    Ok(())
}

/// The rule `max`.
///
/// # Errors
///
/// If the two cannot be compared.
pub fn max<T: PartialOrd>(sides: Sides<'_, T>) -> Ruling {
    keep(sides, Ordering::Greater)
}

/// The rule `min`.
///
/// # Errors
///
/// If the two cannot be compared.
pub fn min<T: PartialOrd>(sides: Sides<'_, T>) -> Ruling {
    keep(sides, Ordering::Less)
}

/// Keeps the one that compares so with the other; ours if they are equal.
fn keep<T: PartialOrd>(sides: Sides<'_, T>, wanted: Ordering) -> Ruling {
    match sides.ours.partial_cmp(&sides.theirs) {
        None => Err("changed on both sides, to what cannot be compared".into()),
        Some(found) if found == wanted || found == Ordering::Equal => Ok(()),
        Some(_) => theirs(sides),
    }
}

/// The rule `with(function)`.
///
/// # Errors
///
/// Those of the function.
pub fn with<T, E: Into<BoxError>>(
    sides: Sides<'_, T>,
    function: impl FnOnce(&T, &T, &T) -> Result<T, E>,
) -> Ruling {
    *sides.ours = function(sides.base, sides.ours, sides.theirs).map_err(Into::into)?;
    Ok(())
}
