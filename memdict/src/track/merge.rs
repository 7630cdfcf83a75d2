//! Two changes of one value, brought together.

use std::{error, fmt, mem};

use super::{Changes, Tracked};

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
    if T::same(base, theirs) {
        return Ok(());
    }
    if changes.any() {
        return Err(MergeConflict::at(path, "changed on both sides"));
    }
    mem::swap(ours, theirs);
    Ok(())
}
