//! One part of a view: a value beside its flag.

use std::{
    fmt,
    ops::{Deref, DerefMut},
    path::{Path, PathBuf},
};

use super::Tracked;

/// A part of an entry, handed out for writing.
///
/// It dereferences to the value. Reading never marks; every `&mut` to the value does, and
/// commit then finds out whether anything really changed. [`set`](Self::set) and
/// [`assign`](Self::assign) find out at once. It does not see changes made behind a `&`,
/// through a `Cell` or a lock.
///
/// There is no `replace`, which would hide `Option::replace`: `mem::replace(&mut *field, v)`
/// marks. `mem::swap` of two fields needs the same `&mut *`; without it the views are swapped,
/// not the values.
pub struct Field<'a, T: ?Sized> {
    value: &'a mut T,
    touched: &'a mut bool,
}

impl<'a, T: ?Sized> Field<'a, T> {
    /// A part made of its value and its flag, as generated code does it.
    pub fn new(value: &'a mut T, touched: &'a mut bool) -> Self {
        Self { value, touched }
    }

    /// Whether the part was marked, by this view or an earlier one of the same entry.
    #[must_use]
    pub fn is_touched(&self) -> bool {
        *self.touched
    }

    /// Marks the part without changing it. Commit still writes only what differs.
    pub fn mark(&mut self) {
        *self.touched = true;
    }

    /// The value for writing, without marking. A change made this way is written only if the
    /// entry is marked otherwise: it may be lost.
    pub fn bypass_tracking(&mut self) -> &mut T {
        self.value
    }
}

impl<T: Tracked> Field<'_, T> {
    /// Stores `value` and marks, unless it is the [same](Tracked::same) as what is there.
    /// Returns whether it stored.
    ///
    /// ```
    /// use memdict::Field;
    ///
    /// let (mut coupon, mut touched) = (None::<String>, false);
    /// let mut field = Field::new(&mut coupon, &mut touched);
    /// assert!(!field.set(None));
    /// assert!(field.set(Some("SPRING".into())));
    /// assert!(touched);
    /// ```
    pub fn set(&mut self, value: T) -> bool {
        let differs = !T::same(self.value, &value);
        if differs {
            *self.value = value;
            self.mark();
        }
        differs
    }

    /// As [`set`](Self::set), from a borrowed form: nothing is allocated where nothing differs.
    ///
    /// ```
    /// use memdict::Field;
    ///
    /// let (mut owner, mut touched) = (String::from("bob"), false);
    /// let mut field = Field::new(&mut owner, &mut touched);
    /// assert!(!field.assign("bob"));
    /// assert!(field.assign("alice"));
    /// assert!(touched);
    /// ```
    pub fn assign<Q: ?Sized>(&mut self, value: &Q) -> bool
    where
        T: AssignFrom<Q>,
    {
        let differs = !self.value.matches(value);
        if differs {
            *self.value = T::from_borrowed(value);
            self.mark();
        }
        differs
    }
}

impl<T: ?Sized> Deref for Field<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.value
    }
}

impl<T: ?Sized> DerefMut for Field<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        *self.touched = true;
        self.value
    }
}

/// Never shows the value: what a program logs of a view must not leak what is stored.
impl<T: ?Sized> fmt::Debug for Field<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Field").field("touched", self.touched).finish_non_exhaustive()
    }
}

impl<T: fmt::Display + ?Sized> fmt::Display for Field<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}

/// What [`Field::assign`] takes for a value: its borrowed form, compared as exactly as
/// [`Tracked::same`] compares.
///
/// It is not `T: PartialEq<Q>`: two paths that differ in a slash are equal by that, and so are
/// two records of one id.
pub trait AssignFrom<Q: ?Sized>: Tracked {
    /// Whether `self` is the same as what [`from_borrowed`](Self::from_borrowed) would make.
    fn matches(&self, value: &Q) -> bool;

    /// The owned form.
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

impl<T: Tracked + Clone> AssignFrom<[T]> for Vec<T> {
    fn matches(&self, value: &[T]) -> bool {
        self.len() == value.len() && self.iter().zip(value).all(|(a, b)| T::same(a, b))
    }

    fn from_borrowed(value: &[T]) -> Self {
        value.to_vec()
    }
}

macro_rules! assign_from {
    ($($borrowed:ty => $owned:ty, $bytes:expr;)*) => {$(
        impl AssignFrom<$borrowed> for $owned {
            fn matches(&self, value: &$borrowed) -> bool {
                let bytes: fn(&$borrowed) -> &[u8] = $bytes;
                bytes(self) == bytes(value)
            }

            fn from_borrowed(value: &$borrowed) -> Self {
                value.into()
            }
        }
    )*};
}

assign_from! {
    str => String, str::as_bytes;
    str => Box<str>, str::as_bytes;
    Path => PathBuf, |path| path.as_os_str().as_encoded_bytes();
}
