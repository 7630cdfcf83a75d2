//! What flags and comparisons of a tracked type say, as paths.

use memdict::{Changes, Tracked};

/// The paths that are marked.
///
/// # Panics
///
/// If `any` says something else than the paths.
#[must_use]
pub fn marked<T: Tracked>(changes: &T::Changes) -> Vec<String> {
    let mut paths = Vec::new();
    changes.visit("", &mut |path| paths.push(path));
    assert_eq!(changes.any(), !paths.is_empty());
    paths
}

/// The paths in which `now` differs from `base`.
///
/// # Panics
///
/// If `same` says something else than `diff`.
#[must_use]
pub fn diff<T: Tracked>(base: &T, now: &T) -> Vec<String> {
    let mut changes = T::Changes::default();
    T::diff(base, now, &mut changes);
    assert_eq!(T::same(base, now), !changes.any());
    marked::<T>(&changes)
}
