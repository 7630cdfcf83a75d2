//! How two changes of one value are brought together: what stands, and what is a conflict.

mod appended;
mod keyed;
mod numbers;
mod parts;
mod properties;
mod sides;
mod types;

use memdict::{MergeConflict, Tracked};

/// What both changes make of `base`, or the conflict's text.
fn merged<T: Tracked + Clone>(base: &T, ours: &T, theirs: &T) -> Result<T, String> {
    let (mut kept, mut theirs, mut changes) = (ours.clone(), theirs.clone(), T::Changes::default());
    T::diff(base, ours, &mut changes);
    match T::merge(base, &mut kept, &mut theirs, &changes, "") {
        Ok(()) => Ok(kept),
        Err(MergeConflict(why)) => Err(why),
    }
}

/// The same, of a part at `path`.
fn conflict<T>(path: &str, why: &str) -> Result<T, String> {
    Err(format!("`{path}`: {why}"))
}

const BOTH: &str = "changed on both sides";
