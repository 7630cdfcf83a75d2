//! An enum in a view.

use std::{
    fmt,
    ops::{Deref, DerefMut},
};

use super::{Changes, Tracked};

/// A tracked enum, as its derive makes it one.
pub trait TrackedEnum: Tracked {
    /// The live variant, its parts beside their flags.
    type Variant<'a>: Send;

    /// Hands out the parts of the live variant for writing.
    fn project<'a>(&'a mut self, changes: &'a mut Self::Changes) -> Self::Variant<'a>;
}

/// An enum of an entry, handed out for writing: read it, [`set`](Self::set) another variant, or
/// edit inside the live one with [`variant`](Self::variant).
///
/// It dereferences to the enum. Reading never marks; `&mut` to the enum marks it as a whole.
///
/// ```
/// use memdict::Tracked;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize, Tracked)]
/// enum Pay {
///     Nothing,
///     Card { number: String, cvc: u16 },
/// }
///
/// let (mut pay, mut changes) = (Pay::Nothing, Default::default());
/// let mut view = pay.edit(&mut changes);
/// view.set(Pay::Card { number: "4".into(), cvc: 1 });
/// if let PayEdit::Card { mut cvc, .. } = view.variant() {
///     *cvc = 2;
/// }
/// assert!(matches!(pay, Pay::Card { cvc: 2, .. }));
/// ```
pub struct EnumField<'a, T: TrackedEnum> {
    value: &'a mut T,
    changes: &'a mut T::Changes,
}

impl<'a, T: TrackedEnum> EnumField<'a, T> {
    /// An enum and its flags, as generated code does it.
    pub fn new(value: &'a mut T, changes: &'a mut T::Changes) -> Self {
        Self { value, changes }
    }

    /// The live variant: an enum of the same variants, with a view of each part. It changes
    /// parts; another variant is [`set`](Self::set).
    pub fn variant(&mut self) -> T::Variant<'_> {
        self.value.project(self.changes)
    }

    /// Stores `value` and marks the whole, unless it is the [same](Tracked::same) as what is
    /// there. Returns whether it stored.
    pub fn set(&mut self, value: T) -> bool {
        let differs = !T::same(self.value, &value);
        if differs {
            *self.value = value;
            self.mark();
        }
        differs
    }

    /// Whether the enum or a part of it was marked, by this view or an earlier one of the same
    /// entry.
    #[must_use]
    pub fn is_touched(&self) -> bool {
        self.changes.any()
    }

    /// Marks the whole without changing it. Commit still writes only what differs.
    pub fn mark(&mut self) {
        self.changes.mark_all();
    }

    /// The enum for writing, without marking. A change made this way is written only if the
    /// entry is marked otherwise: it may be lost.
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
        self.changes.mark_all();
        self.value
    }
}

/// Never shows the value.
impl<T: TrackedEnum> fmt::Debug for EnumField<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnumField").field("touched", &self.is_touched()).finish_non_exhaustive()
    }
}
