//! The error of a merge.

use std::{error, fmt};

/// The reason why two changes of a value cannot be merged, and the part that they concern.
///
/// A function that is named by `merge = with(function)` may return it as its error; any other
/// error will do as well. [`KeyConflict::reason`](crate::KeyConflict::reason) shows the text.
///
/// ```
/// use memdict::MergeConflict;
///
/// fn sum_of_seats(base: &u32, ours: &u32, theirs: &u32) -> Result<u32, MergeConflict> {
///     let seats = (ours + theirs).saturating_sub(*base);
///     if seats > 4 { Err(MergeConflict::new("more than four seats")) } else { Ok(seats) }
/// }
///
/// let conflict = sum_of_seats(&0, &2, &3).unwrap_err();
/// assert_eq!((conflict.path(), conflict.reason()), ("", "more than four seats"));
/// assert_eq!(conflict.to_string(), "more than four seats");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergeConflict {
    path: String,
    reason: String,
}

impl MergeConflict {
    /// A conflict with this reason, which concerns a value as a whole.
    ///
    /// Where it comes from a merge function, memdict adds the path of the field.
    pub fn new(reason: impl Into<String>) -> Self {
        Self { path: String::new(), reason: reason.into() }
    }

    /// A conflict that concerns the part at `path`.
    pub(in crate::track) fn at(path: &str, reason: impl fmt::Display) -> Self {
        Self { path: path.to_owned(), reason: reason.to_string() }
    }

    /// Returns the path of the part, such as `address.city`, or an empty string for the whole
    /// value.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns the reason, without the path.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

impl fmt::Display for MergeConflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.path {
            "" => f.write_str(&self.reason),
            path => write!(f, "`{path}`: {}", self.reason),
        }
    }
}

impl error::Error for MergeConflict {}
