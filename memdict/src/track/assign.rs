//! The values that `Field::assign` takes.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use super::tracked::{Stored, Tracked};

/// A type that [`Field::assign`](crate::Field::assign) can set from a borrowed form.
///
/// The comparison is as exact as the one that finds changes. `T: PartialEq<Q>` would not be: it
/// calls two paths equal that differ in a slash, and may call two records equal that have one id.
pub trait AssignFrom<Q: ?Sized>: Tracked {
    /// Returns whether `self` is the same as what [`from_borrowed`](Self::from_borrowed) would
    /// return.
    fn matches(&self, value: &Q) -> bool;

    /// Returns the owned form of `value`.
    fn from_borrowed(value: &Q) -> Self;
}

impl<T: Tracked + Clone> AssignFrom<T> for T {
    fn matches(&self, value: &T) -> bool {
        T::same(self, value)
    }

    fn from_borrowed(value: &T) -> Self {
        value.clone()
    }
}

macro_rules! assign_from {
    ($([$($generics:tt)*] $borrowed:ty => $owned:ty, [$($bounds:tt)*] $same:expr;)*) => {$(
        impl<$($generics)*> AssignFrom<$borrowed> for $owned $($bounds)* {
            fn matches(&self, value: &$borrowed) -> bool {
                let same: fn(&$borrowed, &$borrowed) -> bool = $same;
                same(self, value)
            }

            fn from_borrowed(value: &$borrowed) -> Self {
                value.into()
            }
        }
    )*};
}

// The bound on an `Arc` holds where serde's feature `rc` is enabled. With a `for`, it may be
// written down where it does not hold.
assign_from! {
    [] str => String, [] |a, b| a == b;
    [] str => Box<str>, [] |a, b| a == b;
    [] str => Arc<str>, [where for<'a> Arc<str>: Stored] |a, b| a == b;
    [] Path => PathBuf, [] same_path;
    [] Path => Box<Path>, [] same_path;
    [] Path => Arc<Path>, [where for<'a> Arc<Path>: Stored] same_path;
    [T: Tracked + Clone] [T] => Vec<T>, [] same_elements;
    [T: Tracked + Clone] [T] => Box<[T]>, [] same_elements;
    [T: Tracked + Clone] [T] => Arc<[T]>, [where Arc<[T]>: Stored] same_elements;
}

/// `Path`'s own equality ignores slashes that a file system does not need.
fn same_path(a: &Path, b: &Path) -> bool {
    a.as_os_str() == b.as_os_str()
}

fn same_elements<T: Tracked>(a: &[T], b: &[T]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| T::same(a, b))
}
