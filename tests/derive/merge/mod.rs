//! The merge of two changes of one value: what stands, and what is a conflict.

mod appended;
mod keyed;
mod numbers;
mod parts;
mod properties;
mod sides;
mod types;

use memdict::Tracked;

/// Returns the merge of both changes of `base`, or the text of the conflict.
fn merged<T: Tracked + Clone>(base: &T, ours: &T, theirs: &T) -> Result<T, String> {
    let (mut kept, mut theirs, mut changes) = (ours.clone(), theirs.clone(), T::Changes::default());
    T::diff(base, ours, &mut changes);
    match T::merge(base, &mut kept, &mut theirs, &changes, "") {
        Ok(()) => Ok(kept),
        Err(conflict) => Err(conflict.to_string()),
    }
}

/// Returns the conflict of the part at `path`.
fn conflict<T>(path: &str, why: &str) -> Result<T, String> {
    Err(format!("`{path}`: {why}"))
}

const BOTH: &str = "changed on both sides";
