//! Guards, which hold a value outside its slot and put it back.

use std::{
    fmt,
    marker::PhantomData,
    ops::{Deref, DerefMut},
    sync::Arc,
    thread,
    time::SystemTime,
};

use super::{
    any_slot::AnySlot,
    identity::Identity,
    seen::changed_paths,
    slot::{Lent, Slot},
    state::{Back, Marks},
};
use crate::{
    def::ttl::Ttl,
    error::Result,
    key::{Key, name::Name},
    track::Tracked,
};

/// An entry that is checked out. Every guard for writing contains one, and only this one has a
/// destructor. No lock is held while it lives.
pub(crate) struct Held<'s, T: Tracked> {
    pub(crate) value: Option<Box<T>>,
    pub(crate) marks: Marks<T::Changes>,
    back: Back,
    was_panicking: bool,
    slot: Arc<Slot<T>>,
    session: PhantomData<&'s Identity>,
}

impl<'s, T: Tracked> Held<'s, T> {
    /// Returns a guard of what the slot has just lent.
    #[inline(always)]
    pub(crate) fn new(_: &'s Identity, slot: Arc<Slot<T>>, lent: Lent<T>) -> Self {
        let Lent { value, marks, .. } = lent;
        let was_panicking = thread::panicking();
        Self { value, marks, back: Back::Kept, was_panicking, slot, session: PhantomData }
    }

    pub(crate) fn name(&self) -> &Name {
        &self.slot.name
    }

    /// Returns the value of a guard that has one.
    pub(crate) fn value(&self) -> &T {
        // Only the destructor and `revert`, which end the guard, take the value out. The type
        // cannot express this without `unsafe`.
        self.value.as_deref().expect("a guard has its value until it is dropped")
    }

    /// Returns the value, as [`value`](Self::value) does, and its marks.
    fn parts(&mut self) -> (&mut T, &mut Marks<T::Changes>) {
        let value = self.value.as_deref_mut();
        // See `value`: the guard has not ended.
        (value.expect("a guard has its value until it is dropped"), &mut self.marks)
    }

    /// Returns the value for writing, and marks it as a whole.
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

    /// Ends the guard and removes the value.
    pub(crate) fn remove(mut self) {
        self.slot.set_ttl(None);
        self.back = Back::Removed;
    }
}

impl<T: Tracked> Drop for Held<'_, T> {
    fn drop(&mut self) {
        let panicked = thread::panicking() && !self.was_panicking;
        let back = if panicked && self.marks.any() { Back::Torn } else { self.back };
        let value = self.value.take();
        let (kept, spent) = match back {
            Back::Removed | Back::Torn => (None, value),
            Back::Kept | Back::Reverted => (value, None),
        };
        self.slot.check_in(kept, std::mem::take(&mut self.marks), back);
        // The destructor of a value may use the session.
        drop(spent);
    }
}

/// A value borrowed for reading.
///
/// While a `Ref` lives, its entry cannot be borrowed for writing. All `Ref`s of a key in one
/// session refer to the same object. `Debug` shows the key, not the value.
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
    /// Returns another guard of the same value.
    ///
    /// This is an associated function, called as `Ref::clone(&cart)`, because `cart.clone()` clones
    /// the value.
    #[must_use]
    #[expect(clippy::should_implement_trait, reason = "`guard.clone()` has to clone the value")]
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

/// A value borrowed for writing.
///
/// The guard dereferences to the value. Any `&mut` to the value marks the entry dirty, and the
/// commit writes a dirty value only if it differs from what was loaded. Dropping the guard puts the
/// value back into the session and writes nothing.
///
/// The guard's own methods hide those of the value that have the same name, which `(*guard).key()`
/// calls. `Debug` shows the key, not the value.
///
/// ```
/// use memdict::Cache;
///
/// let cache = Cache::open("memory:")?;
/// cache.transaction(|session| session.dict("names").insert("a", vec!["ann".to_owned()]))?;
///
/// let session = cache.session();
/// if let Some(mut names) = session.dict::<Vec<String>>("names").get_mut("a")? {
///     names[0].push('e');
///     names[0].pop();
///     assert!(names.is_dirty());
///     assert!(names.changed_fields().is_empty());
/// }
/// assert_eq!(session.commit()?.written, 0);
/// # Ok::<_, memdict::Error>(())
/// ```
pub struct RefMut<'s, T: Tracked> {
    held: Held<'s, T>,
}

impl<'s, T: Tracked> RefMut<'s, T> {
    /// Returns a guard; `held` has a value.
    pub(crate) fn new(held: Held<'s, T>) -> Self {
        Self { held }
    }

    pub(crate) fn into_held(self) -> Held<'s, T> {
        self.held
    }

    /// Returns a view of the value, which marks only the parts that it changes. Its fields can be
    /// borrowed independently of each other. Setting a field to the value that it has marks
    /// nothing.
    pub fn edit(&mut self) -> T::Edit<'_> {
        let (value, marks) = self.held.parts();
        T::edit(value, &mut marks.parts)
    }

    /// Returns the key.
    #[must_use]
    pub fn key(&self) -> &Key {
        &self.held.name().id.key
    }

    /// Returns whether the entry is dirty: this guard, or an earlier one of this session, lent the
    /// value for writing. The value may still be equal to what was loaded;
    /// [`changed_fields`](Self::changed_fields) tells.
    #[must_use]
    pub fn is_dirty(&self) -> bool {
        self.held.marks.any()
    }

    /// Returns the paths of the fields, such as `address.city`, in which the value differs from
    /// what was loaded, however they were changed. If the value was not loaded, returns all paths.
    ///
    /// A value without fields, such as a number or a `Vec`, has one empty path. Each call decodes
    /// the loaded bytes.
    #[must_use]
    pub fn changed_fields(&self) -> Vec<String> {
        changed_paths(self.held.slot.loaded().as_ref(), self.held.value())
    }

    /// Sets how long the value lives, instead of what its dictionary says. If the value does not
    /// change, the commit sets only that: a change of a lifetime is never in conflict.
    ///
    /// [`Ttl::Keep`] needs a dictionary with [`keep_ttl`](crate::DictDef::keep_ttl).
    pub fn set_ttl(&mut self, ttl: Ttl) {
        self.held.slot.set_ttl(Some(ttl));
    }

    /// Sets when the value expires: [`set_ttl`](Self::set_ttl) with [`Ttl::Until`].
    pub fn expires_at(&mut self, end: SystemTime) {
        self.set_ttl(Ttl::Until(end));
    }

    /// Restores the value that was loaded and clears its dirty marks, and what was said about its
    /// life. If the session created the value, the entry has no value afterwards.
    ///
    /// Fields with `#[serde(skip)]` are not part of what was loaded, and get their default.
    ///
    /// # Errors
    ///
    /// None so far, because a value that was loaded decodes again.
    pub fn revert(mut self) -> Result<()> {
        self.held.value = self.held.slot.loaded().map(Box::new);
        self.held.slot.set_ttl(None);
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

/// Shows the key, not the value.
impl<T> fmt::Debug for Ref<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ref").field("id", self.slot.id()).finish_non_exhaustive()
    }
}

/// Shows the key, not the value.
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
