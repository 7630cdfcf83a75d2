//! An enum in a view.

use std::{
    fmt,
    ops::{Deref, DerefMut},
};

use super::{changes::Changes, tracked::Tracked};

/// A tracked enum: what its derive implements beside `Tracked`.
pub trait TrackedEnum: Tracked {
    /// The live variant, its parts beside their flags.
    type Variant<'a>: Send;

    /// Marks the variant, and so all of the enum.
    fn mark(changes: &mut Self::Changes);

    /// Lends the parts of the live variant for writing.
    fn project<'a>(value: &'a mut Self, changes: &'a mut Self::Changes) -> Self::Variant<'a>;
}

/// An enum of an entry, lent for writing: read it, [`set`](Self::set) another variant, or edit the
/// live variant through [`variant`](Self::variant).
///
/// It dereferences to the enum. Reading marks nothing; a `&mut` to the enum marks all of it dirty.
///
/// ```
/// use memdict::{Cache, Tracked};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Default, Serialize, Deserialize, Tracked)]
/// enum Pay {
///     #[default]
///     Nothing,
///     Card { number: String, cvc: u16 },
/// }
///
/// let session = Cache::open("memory:")?.session();
/// let mut pay = session.dict::<Pay>("payments").entry("a")?.or_default();
/// let mut view = pay.edit();
/// view.set(Pay::Card { number: "4".into(), cvc: 1 });
/// if let PayEdit::Card { mut cvc, .. } = view.variant() {
///     *cvc = 2;
/// }
/// assert!(matches!(*pay, Pay::Card { cvc: 2, .. }));
/// # Ok::<_, memdict::Error>(())
/// ```
pub struct EnumField<'a, T: TrackedEnum> {
    value: &'a mut T,
    changes: &'a mut T::Changes,
}

impl<'a, T: TrackedEnum> EnumField<'a, T> {
    pub(crate) fn new(value: &'a mut T, changes: &'a mut T::Changes) -> Self {
        Self { value, changes }
    }

    /// Returns the live variant: an enum of the same variants, with a view of each part.
    ///
    /// It changes parts of the variant. [`set`](Self::set) changes the variant.
    pub fn variant(&mut self) -> T::Variant<'_> {
        T::project(self.value, self.changes)
    }

    /// Stores `value` and marks all of the enum, unless it has this value already. Returns whether
    /// it stored.
    ///
    /// Values are compared as [`Field::set`](crate::Field::set) compares them.
    pub fn set(&mut self, value: T) -> bool {
        let differs = !T::same(self.value, &value);
        if differs {
            *self.value = value;
            self.mark();
        }
        differs
    }

    /// Returns whether the enum or a part of it is marked, by this view or by an earlier one of the
    /// same entry.
    #[must_use]
    pub fn is_dirty(&self) -> bool {
        self.changes.any()
    }

    /// Marks all of the enum dirty without changing it. Commit still writes only what differs.
    pub fn mark(&mut self) {
        T::mark(self.changes);
    }

    /// Lends the enum for writing without marking it.
    ///
    /// Commit does not notice a change that is made this way. It is written only if something
    /// else marks the entry; otherwise it is lost.
    pub fn bypass_tracking(&mut self) -> &mut T {
        self.value
    }
}

impl<T: TrackedEnum> Deref for EnumField<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.value
    }
}

impl<T: TrackedEnum> DerefMut for EnumField<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        T::mark(self.changes);
        self.value
    }
}

/// Never shows the value.
impl<T: TrackedEnum> fmt::Debug for EnumField<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnumField").field("dirty", &self.is_dirty()).finish_non_exhaustive()
    }
}
