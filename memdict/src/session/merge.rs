//! Two changes of one value, made into one: all or nothing.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::seen::changed_paths;
use crate::track::{Changes, Tracked};

/// The paths of the fields that two sides have changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Fields {
    pub(crate) ours: Vec<String>,
    pub(crate) theirs: Vec<String>,
}

/// Why two changes could not be merged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unmerged {
    pub(crate) reason: String,
    /// The fields that both sides changed, if it came so far.
    pub(crate) fields: Option<Fields>,
}

impl Unmerged {
    pub(crate) fn because(reason: &str) -> Self {
        Self { reason: reason.to_owned(), fields: None }
    }
}

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
    changes.visit("", &mut |path| paths.push(path));
    let fields = Fields { ours: paths, theirs: changed_paths(Some(base), &theirs) };
    match T::merge(base, &mut ours, &mut theirs, &changes, "") {
        Ok(()) => Ok((ours, fields)),
        Err(conflict) => Err(Unmerged { reason: conflict.0, fields: Some(fields) }),
    }
}
