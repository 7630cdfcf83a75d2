//! The rule `append`.

use std::{collections::VecDeque, mem};

use super::sides::{Ruling, Sides};
use crate::track::tracked::Tracked;

/// A sequence: the types that `merge = append` works on.
#[diagnostic::on_unimplemented(
    message = "`merge = append` works on `Vec`, `VecDeque` and `SmallVec`, not on `{Self}`",
    label = "not a sequence",
    note = "`ours`, `theirs` and `with(function)` work on every type"
)]
pub trait Append: Sized {
    /// Keeps the base, then what theirs appended, then what ours appended.
    ///
    /// # Errors
    ///
    /// If a side did anything other than append.
    fn append(sides: Sides<'_, Self>) -> Ruling;
}

macro_rules! appends {
    ($([$($generics:tt)*] $type:ty, [$($bounds:tt)*];)*) => {$(
        impl<$($generics)*> Append for $type $($bounds)* {
            fn append(sides: Sides<'_, Self>) -> Ruling {
                let Sides { base, ours, theirs } = sides;
                let appended = |side: &Self| {
                    base.len() <= side.len()
                        && base.iter().zip(side.iter()).all(|(a, b)| Tracked::same(a, b))
                };
                if !appended(ours) || !appended(theirs) {
                    return Err("changed on both sides, and not only by appending".into());
                }
                mem::swap(ours, theirs);
                ours.extend(theirs.drain(base.len()..));
                Ok(())
            }
        }
    )*};
}

appends! {
    [T: Tracked] Vec<T>, [];
    [T: Tracked] VecDeque<T>, [];
}

#[cfg(feature = "smallvec")]
appends! {
    [A: smallvec::Array<Item: Tracked>] smallvec::SmallVec<A>, [];
}
