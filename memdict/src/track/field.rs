//! One part of a view: a value beside its flag.

use std::{
    fmt,
    ops::{Deref, DerefMut},
};

use super::{assign::AssignFrom, tracked::Tracked};

/// A part of an entry, lent for writing.
///
/// It dereferences to the value. Reading marks nothing. Every `&mut` to the value marks the part
/// dirty, and commit then finds out whether it changed; [`set`](Self::set) and
/// [`assign`](Self::assign) find out at once. Changes behind a `&`, through a `Cell` or a lock, are
/// not noticed.
///
/// There is no `replace`, because it would hide `Option::replace`: write
/// `mem::replace(&mut *field, value)`, which marks the part. `mem::swap` of two fields swaps the
/// views unless you write `&mut *` there too.
///
/// ```
/// use memdict::{Cache, Tracked};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Default, Serialize, Deserialize, Tracked)]
/// struct Cart {
///     owner: String,
///     coupon: Option<String>,
/// }
///
/// let session = Cache::open("memory:")?.session();
/// let mut cart = session.dict::<Cart>("carts").entry("a")?.or_default();
/// let mut view = cart.edit();
/// assert!(!view.coupon.set(None)); // nothing to do
/// assert!(view.coupon.set(Some("SPRING".into())));
/// assert!(!view.owner.assign(""));
/// assert!(view.owner.assign("alice"));
/// # Ok::<_, memdict::Error>(())
/// ```
pub struct Field<'a, T: ?Sized> {
    value: &'a mut T,
    dirty: &'a mut bool,
}

impl<'a, T: ?Sized> Field<'a, T> {
    pub(crate) fn new(value: &'a mut T, dirty: &'a mut bool) -> Self {
        Self { value, dirty }
    }

    /// Returns whether the part is marked, by this view or by an earlier one of the same entry.
    ///
    /// A dirty part was perhaps changed; only commit, which compares, knows.
    #[must_use]
    pub fn is_dirty(&self) -> bool {
        *self.dirty
    }

    /// Marks the part dirty without changing it. Commit still writes only what differs.
    pub fn mark(&mut self) {
        *self.dirty = true;
    }

    /// Lends the value for writing without marking the part.
    ///
    /// Commit does not notice a change that is made this way. It is written only if something
    /// else marks the entry; otherwise it is lost.
    pub fn bypass_tracking(&mut self) -> &mut T {
        self.value
    }
}

impl<T: Tracked> Field<'_, T> {
    /// Stores `value` and marks the part, unless the part has this value already. Returns whether
    /// it stored.
    ///
    /// Values are compared as commit compares them: floats by their bits, unordered collections
    /// without regard to order. No `PartialEq` of a derived type is asked.
    pub fn set(&mut self, value: T) -> bool {
        let differs = !T::same(self.value, &value);
        if differs {
            *self.value = value;
            self.mark();
        }
        differs
    }

    /// Does the same as [`set`](Self::set) with a borrowed form of the value, such as `&str` for a
    /// `String`. It allocates only if the value differs.
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
        *self.dirty = true;
        self.value
    }
}

/// Never shows the value: a program that logs a view must not leak what is stored.
impl<T: ?Sized> fmt::Debug for Field<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Field").field("dirty", self.dirty).finish_non_exhaustive()
    }
}

impl<T: fmt::Display + ?Sized> fmt::Display for Field<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}
