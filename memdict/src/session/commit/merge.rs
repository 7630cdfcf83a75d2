//! Merges two changes of one value: both, or none.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::{
    session::entry::{
        any_slot::{Fields, Unmerged},
        seen::changed_paths,
    },
    track::{Changes, Tracked},
};

/// Returns the result of `run`, or `None` if it panics. `run` calls the application's code with
/// data that another session wrote, possibly after a part of the commit was sent. After a panic,
/// nothing that `run` may have left half done is used.
pub(super) fn caught<R>(run: impl FnOnce() -> R) -> Option<R> {
    catch_unwind(AssertUnwindSafe(run)).ok()
}

/// Merges `ours` and `theirs`. All three values are copies, so a failure leaves nothing half
/// merged.
pub(super) fn merge<T: Tracked>(
    base: &T,
    mut ours: T,
    mut theirs: T,
) -> Result<(T, Fields), Unmerged> {
    let mut changes = T::Changes::default();
    T::diff(base, &ours, &mut changes);
    let mut paths = Vec::new();
    changes.visit(false, "", &mut |path| paths.push(path));
    let fields = Fields { ours: paths, theirs: changed_paths(Some(base), &theirs) };
    match T::merge(base, &mut ours, &mut theirs, &changes, "") {
        Ok(()) => Ok((ours, fields)),
        Err(conflict) => Err(Unmerged { reason: conflict.to_string(), fields: Some(fields) }),
    }
}
