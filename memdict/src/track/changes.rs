//! The flags of a tracked type, and the paths of the parts that they mark.

use std::fmt;

/// Flags: the parts of a value that were changed, or that differ.
pub trait Changes: Default + Copy + fmt::Debug + Send + Sync + 'static {
    /// Returns whether any part is marked.
    fn any(&self) -> bool;

    /// Calls `out` with the path of each marked part, such as `address.city`, below `path`; with
    /// that of every part if `all`.
    fn visit(&self, all: bool, path: &str, out: &mut dyn FnMut(String));
}

/// The one flag of a type that is one part.
impl Changes for bool {
    fn any(&self) -> bool {
        *self
    }

    fn visit(&self, all: bool, path: &str, out: &mut dyn FnMut(String)) {
        if *self || all {
            out(path.to_owned());
        }
    }
}

/// Returns the path of a part below `path`.
#[must_use]
pub fn join(path: &str, part: &str) -> String {
    if path.is_empty() { part.to_owned() } else { format!("{path}.{part}") }
}

/// Visits the flags of the part of this name, if one of them is set, or if `all`.
pub fn visit(
    changes: &impl Changes,
    all: bool,
    path: &str,
    part: &str,
    out: &mut dyn FnMut(String),
) {
    if all || changes.any() {
        changes.visit(all, &join(path, part), out);
    }
}

/// Formats the marked paths as a set.
///
/// # Errors
///
/// If the formatter fails.
pub fn debug(changes: &impl Changes, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut paths = Vec::new();
    changes.visit(false, "", &mut |path| paths.push(path));
    f.debug_set().entries(paths).finish()
}
