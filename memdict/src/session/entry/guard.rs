//! Guards: a value that is out of its slot, and the way back.

use std::{
    fmt,
    marker::PhantomData,
    ops::{Deref, DerefMut},
    sync::Arc,
    thread,
};

use super::{
    any_slot::AnySlot,
    identity::Identity,
    seen::changed_paths,
    slot::{Lent, Slot},
    state::{Back, Marks},
};
use crate::{
    error::Result,
    key::{Key, name::Name},
    track::Tracked,
};

/// An entry that is checked out: the one guard with a destructor, inside all those for writing.
/// No lock is held while it lives.
pub(crate) struct Held<'s, T: Tracked> {
    pub(crate) value: Option<Box<T>>,
    pub(crate) marks: Marks<T::Changes>,
    back: Back,
    was_panicking: bool,
    slot: Arc<Slot<T>>,
    session: PhantomData<&'s Identity>,
}

impl<'s, T: Tracked> Held<'s, T> {
    /// Of what the slot has just handed out.
    #[inline(always)]
    pub(crate) fn new(_: &'s Identity, slot: Arc<Slot<T>>, lent: Lent<T>) -> Self {
        let Lent { value, marks, .. } = lent;
        let was_panicking = thread::panicking();
        Self { value, marks, back: Back::Kept, was_panicking, slot, session: PhantomData }
    }

    pub(crate) fn name(&self) -> &Name {
        &self.slot.name
    }

    /// The value of a guard that has one.
    pub(crate) fn value(&self) -> &T {
        // Only the destructor and `revert`, which end the guard, take the value out; without
        // `unsafe` the type cannot say so.
        self.value.as_deref().expect("a guard has its value until it is dropped")
    }

    /// As [`value`](Self::value), and the marks beside it.
    fn parts(&mut self) -> (&mut T, &mut Marks<T::Changes>) {
        let value = self.value.as_deref_mut();
        // As above: the guard has not ended.
        (value.expect("a guard has its value until it is dropped"), &mut self.marks)
    }

    /// As [`value`](Self::value), for writing, which marks it as a whole.
    pub(crate) fn value_mut(&mut self) -> &mut T {
        let (value, marks) = self.parts();
        marks.whole = true;
        value
    }

    /// Puts a value into a vacant entry.
    pub(crate) fn fill(&mut self, value: T) {
        self.value = Some(Box::new(value));
        self.marks = Marks::created();
    }

    /// Takes the value away when the guard ends, which is now.
    pub(crate) fn remove(mut self) {
        self.back = Back::Removed;
    }
}

impl<T: Tracked> Drop for Held<'_, T> {
    fn drop(&mut self) {
        let panicked = thread::panicking() && !self.was_panicking;
        let back = if panicked && self.marks.any() { Back::Torn } else { self.back };
        self.slot.check_in(self.value.take(), std::mem::take(&mut self.marks), back);
    }
}

/// A value handed out for reading.
///
/// While one lives, the entry cannot be handed out for writing. All of a key in one session
/// are the same object. `Debug` shows the key, not the value.
pub struct Ref<'s, T> {
    value: Arc<T>,
    slot: Arc<dyn AnySlot>,
    session: PhantomData<&'s Identity>,
}

impl<'s, T: Tracked> Ref<'s, T> {
    pub(crate) fn new(_: &'s Identity, slot: Arc<Slot<T>>, value: Arc<T>) -> Self {
        Self { value, slot, session: PhantomData }
    }
}

impl<'s, T> Ref<'s, T> {
    /// Makes another guard of the same value.
    ///
    /// This is an associated function, `Ref::clone(&cart)`: `cart.clone()` clones the value.
    #[must_use]
    #[expect(clippy::should_implement_trait, reason = "`clone` of a guard is that of its value")]
    pub fn clone(orig: &Self) -> Self {
        Self { value: Arc::clone(&orig.value), slot: Arc::clone(&orig.slot), session: PhantomData }
    }

    /// Returns a clone of the value.
    ///
    /// ```
    /// use memdict::Cache;
    ///
    /// let cache = Cache::open("memory:")?;
    /// let session = cache.session();
    /// let names = session.dict::<String>("names");
    /// names.insert(7, "ann".to_owned())?;
    /// let name = names.get(7)?.map(|name| name.cloned());
    /// assert_eq!(name.as_deref(), Some("ann"));
    /// # Ok::<_, memdict::Error>(())
    /// ```
    #[must_use]
    pub fn cloned(&self) -> T
    where
        T: Clone,
    {
        T::clone(self)
    }
}

impl<T> Deref for Ref<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// A value handed out for writing: plain Rust, every change noticed at commit.
///
/// It dereferences to the value. Any `&mut` to it marks the entry dirty, and commit
/// writes it only if it is then not the same as what was loaded. Dropping the guard puts the
/// value back into the session; it never writes.
///
/// The guard's own methods hide those of the value that have the same name: `(*guard).key()`
/// reaches them. `Debug` shows the key, not the value.
///
/// ```
/// use memdict::Cache;
///
/// let cache = Cache::open("memory:")?;
/// cache.transaction(|session| session.dict("names").insert("a", vec!["ann".to_owned()]))?;
///
/// let session = cache.session();
/// let dict = session.dict::<Vec<String>>("names");
/// let mut names = dict.get_mut("a")?.expect("it was just stored");
/// names[0].push('e');
/// names[0].pop();
/// assert!(names.is_dirty());
/// assert!(names.changed_fields().is_empty());
/// drop(names);
/// assert_eq!(session.commit()?.written, 0);
/// # Ok::<_, memdict::Error>(())
/// ```
pub struct RefMut<'s, T: Tracked> {
    held: Held<'s, T>,
}

impl<'s, T: Tracked> RefMut<'s, T> {
    /// `held` has a value.
    pub(crate) fn new(held: Held<'s, T>) -> Self {
        Self { held }
    }

    pub(crate) fn into_held(self) -> Held<'s, T> {
        self.held
    }

    /// A view that marks the parts it changes: disjoint fields borrow freely, and setting what
    /// is there already marks nothing.
    pub fn edit(&mut self) -> T::Edit<'_> {
        let (value, marks) = self.held.parts();
        T::edit(value, &mut marks.parts)
    }

    /// The key.
    #[must_use]
    pub fn key(&self) -> &Key {
        &self.held.name().id.key
    }

    /// Returns whether the entry is marked: it was lent for writing, through this guard or through
    /// an earlier one of this session, and perhaps changed. Whether it *is* changed,
    /// [`changed_fields`](Self::changed_fields) says.
    #[must_use]
    pub fn is_dirty(&self) -> bool {
        self.held.marks.any()
    }

    /// The paths of the parts, such as `address.city`, in which the value differs from what was
    /// loaded, in whichever way they were changed; all of them if it was not loaded.
    ///
    /// A value that is one part, such as a number or a `Vec`, has one empty path. The loaded
    /// bytes are decoded for this at each call.
    #[must_use]
    pub fn changed_fields(&self) -> Vec<String> {
        changed_paths(self.held.slot.loaded().as_ref(), self.held.value())
    }

    /// Makes the value what was loaded, with nothing touched. A value that this session made
    /// has nothing to go back to: there is none then.
    ///
    /// Fields with `#[serde(skip)]` are not in what was loaded, and come back as their default.
    ///
    /// # Errors
    ///
    /// None so far: what was loaded decodes again.
    pub fn revert(mut self) -> Result<()> {
        self.held.value = self.held.slot.loaded().map(Box::new);
        self.held.marks = Marks::default();
        self.held.back = Back::Reverted;
        Ok(())
    }
}

impl<T: Tracked> Deref for RefMut<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.held.value()
    }
}

impl<T: Tracked> DerefMut for RefMut<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.held.value_mut()
    }
}

/// Without the value.
impl<T> fmt::Debug for Ref<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ref").field("id", self.slot.id()).finish_non_exhaustive()
    }
}

/// Without the value.
impl<T: Tracked> fmt::Debug for RefMut<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefMut")
            .field("id", &self.held.name().id)
            .field("dirty", &self.is_dirty())
            .finish_non_exhaustive()
    }
}

impl<T: fmt::Display> fmt::Display for Ref<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: Tracked + fmt::Display> fmt::Display for RefMut<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
