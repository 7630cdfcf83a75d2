//! The flags and the comparisons of a tracked type, as paths.

use memdict::{__private::Changes, Tracked};

/// Returns the paths that are marked.
///
/// # Panics
///
/// If `any` contradicts the paths.
#[must_use]
pub fn marked<T: Tracked>(changes: &T::Changes) -> Vec<String> {
    let mut paths = Vec::new();
    changes.visit(false, "", &mut |path| paths.push(path));
    assert_eq!(changes.any(), !paths.is_empty());
    paths
}

/// Returns the paths in which `now` differs from `base`.
///
/// # Panics
///
/// If `same` contradicts `diff`.
#[must_use]
pub fn diff<T: Tracked>(base: &T, now: &T) -> Vec<String> {
    let mut changes = T::Changes::default();
    T::diff(base, now, &mut changes);
    assert_eq!(T::same(base, now), !changes.any());
    marked::<T>(&changes)
}
