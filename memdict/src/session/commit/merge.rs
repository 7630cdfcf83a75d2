//! Two changes of one value, made into one: all or nothing.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::{
    session::entry::{
        any_slot::{Fields, Unmerged},
        seen::changed_paths,
    },
    track::{Changes, Tracked},
};

/// What `run` gives, unless it panics: it runs the application's code about data that another
/// session wrote, and a part of the commit may have been sent. Nothing that it could leave half
/// done is to be used after a panic.
pub(super) fn caught<R>(run: impl FnOnce() -> R) -> Option<R> {
    catch_unwind(AssertUnwindSafe(run)).ok()
}

/// What `ours` and `theirs` come to together. All three are copies: nothing is left half merged.
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
