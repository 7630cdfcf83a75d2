//! The types of the parts of a derived type, asserted to be tracked.
//!
//! Generated code names the type of a part in many places, and each place would have an error of
//! its own for a type that is not tracked. So it asserts once, in a constant that is an argument of
//! [`Checked`], and names the type of each part through [`Of`] everywhere else. If an assertion
//! fails, the constant is an error to the compiler and [`Of`] is no type, so that the compiler
//! reports no further errors about it.

use crate::{
    codec,
    track::{MergeConflict, Stored, Tracked},
};

/// What generated code asserted about the parts of a type. The argument is `true`, or an error.
#[derive(Debug)]
pub struct Checked<const ASSERTED: bool>;

/// Passes a type on.
pub trait Pass<T> {
    /// `T`.
    type Type;
}

impl<T, const ASSERTED: bool> Pass<T> for Checked<ASSERTED> {
    type Type = T;
}

/// `T`, if what `C` asserts holds.
pub type Of<T, C> = <C as Pass<T>>::Type;

/// The view of a part.
pub type View<'a, T, C> = <Of<T, C> as Tracked>::Edit<'a>;

/// The flags of a part.
pub type Flags<T, C> = <Of<T, C> as Tracked>::Changes;

/// [`Operations`], if what `C` asserts holds.
pub type Parts<C> = Of<Operations, C>;

/// What generated code does with parts, whose types it need not name here.
#[derive(Debug)]
pub struct Operations;

impl Operations {
    /// [`Tracked::edit`] of a part.
    pub fn edit<'a, T: Tracked>(value: &'a mut T, changes: &'a mut T::Changes) -> T::Edit<'a> {
        T::edit(value, changes)
    }

    /// [`Tracked::same`] of a part.
    pub fn same<T: Tracked>(a: &T, b: &T) -> bool {
        T::same(a, b)
    }

    /// [`Tracked::diff`] of a part.
    pub fn diff<T: Tracked>(base: &T, now: &T, changes: &mut T::Changes) {
        T::diff(base, now, changes);
    }

    /// [`Tracked::merge`] of a part.
    ///
    /// # Errors
    ///
    /// If the changes cannot be merged.
    pub fn merge<T: Tracked>(
        base: &T,
        ours: &mut T,
        theirs: &mut T,
        changes: &T::Changes,
        path: &str,
    ) -> Result<(), MergeConflict> {
        T::merge(base, ours, theirs, changes, path)
    }

    /// Returns whether both values of an opaque part have the same encoding.
    pub fn same_encoding<T: Stored>(a: &T, b: &T) -> bool {
        codec::same_encoding(a, b)
    }
}

/// Asserts that a part is tracked.
pub const fn tracked<T: Tracked>() {}

/// Asserts that an opaque part can be stored.
pub const fn stored<T: Stored>() {}
