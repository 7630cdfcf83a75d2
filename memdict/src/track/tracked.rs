//! The trait of types whose changes a session notices.

use serde::{Serialize, de::DeserializeOwned};

use super::{
    changes::Changes,
    merge::{
        conflict::MergeConflict,
        sides::{BOTH, Sides, undecided},
    },
    shape::Shape,
};
use crate::{codec::Encoded, error::BoxError};

/// A type whose changes a session notices.
///
/// The [derive macro](derive@crate::Tracked) of the same name implements it for structs and enums.
/// It is implemented for primitives, `String`, the standard containers and tuples of tracked
/// types, and, behind features, for types of other crates. Each of these is one part.
///
/// It needs no `PartialEq` and no `Clone`, and does not use those that a type has: an equality that
/// compares only an id would lose writes.
///
/// ```
/// use memdict::{Cache, Tracked};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Default, Serialize, Deserialize, Tracked)]
/// struct Cart {
///     owner: String,
///     total: u64,
/// }
///
/// /// Works on entries of any type.
/// fn is_dirty<T: Tracked>(entry: &memdict::RefMut<'_, T>) -> bool {
///     entry.is_dirty()
/// }
///
/// let session = Cache::open("memory:")?.session();
/// session.dict::<Cart>("carts").insert("a", Cart::default())?;
/// if let Some(mut cart) = session.dict::<Cart>("carts").get_mut("a")? {
///     let mut view = cart.edit();
///     assert!(!view.total.set(0)); // it is 0 already
///     assert!(view.owner.assign("alice"));
///     assert!(view.owner.is_dirty() && !view.total.is_dirty());
///     assert!(is_dirty(&cart));
/// }
/// # Ok::<_, memdict::Error>(())
/// ```
///
/// # Stability
///
/// Use this trait as a bound, and use [`Edit`](Self::Edit). Its other items are hidden: only the
/// derive macro and this crate implement and call them, and they may change in any release. A type
/// of another crate that is not tracked can be stored as [`Opaque`](crate::Opaque), or as a field
/// with `#[memdict(opaque)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not tracked",
    label = "missing `#[derive(Tracked)]`",
    note = "derive `Tracked` for it, mark the field `#[memdict(opaque)]`, or store \
            `memdict::Opaque` of it; if it needs the names of its fields, as JSON values do, store \
            it with `memdict::as_json` or as a `memdict::Json`"
)]
pub trait Tracked: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The view that [`RefMut::edit`](crate::RefMut::edit) returns.
    ///
    /// For a derived struct it is a generated struct with a [`Field`](crate::Field) or a nested
    /// view for each field, for a derived enum an [`EnumField`](crate::EnumField), for any other
    /// type one `Field`.
    type Edit<'a>: Send;

    /// The names and types of what is stored: the input of the schema fingerprint.
    ///
    /// It is required and its type is hidden, so that the trait cannot be implemented by hand.
    #[doc(hidden)]
    const SHAPE: &'static Shape;

    /// The serde attribute, and its place, that a positional codec cannot decode: `flatten`,
    /// `tag`, `untagged`, `skip_serializing_if`, or one half of `skip`.
    ///
    /// This covers the type itself and, for a container, its elements, but not the types of fields,
    /// because a constant of a recursive type may not mention itself. A session finds those when it
    /// computes the schema.
    #[doc(hidden)]
    const NEEDS_NAMES: Option<&'static str> = Self::SHAPE.names_needed();

    /// Whether the type merges part by part, as `#[memdict(merge)]` on a derived type says. Other
    /// types merge as one part.
    #[doc(hidden)]
    const MERGES: bool = false;

    /// The flags of this type's parts; `bool` for a type that is one part.
    #[doc(hidden)]
    type Changes: Changes;

    /// Lends the parts for writing, each with its flag. This is not a method, so that it hides no
    /// method of the type.
    #[doc(hidden)]
    fn edit<'a>(value: &'a mut Self, changes: &'a mut Self::Changes) -> Self::Edit<'a>;

    /// Returns whether both mean the same: floats are compared by their bits, unordered
    /// collections without regard to order, opaque parts by their encoding.
    #[doc(hidden)]
    fn same(a: &Self, b: &Self) -> bool;

    /// Marks in `changes` the parts in which `now` is not the same as `base`.
    #[doc(hidden)]
    fn diff(base: &Self, now: &Self, changes: &mut Self::Changes);

    /// Merges two changes of `base`: `ours` becomes the value that contains both.
    ///
    /// `changes` are the marks of [`diff`](Self::diff) between `base` and `ours`. `theirs` is
    /// consumed: its parts may be swapped with parts of `ours`. `path` is the place of the value in
    /// its entry, such as `address`, and empty for the entry itself. A conflict names the part
    /// below it.
    ///
    /// A part that one side changed takes that side's value. A part that both sides changed is a
    /// conflict, even if they changed it to the same value, unless its type or a rule says what
    /// both changes together mean: two sessions that each add 1 to 4 both store 5, and one
    /// addition would be lost.
    ///
    /// # Errors
    ///
    /// Fails if the changes cannot be merged. `ours` and `theirs` may then be half merged, as after
    /// a panic. So the caller passes copies, and keeps `ours` only if this returns `Ok`.
    #[doc(hidden)]
    fn merge(
        base: &Self,
        ours: &mut Self,
        theirs: &mut Self,
        changes: &Self::Changes,
        path: &str,
    ) -> Result<(), MergeConflict> {
        Self::merge_as_one(base, ours, theirs, changes, path)
    }

    /// Does the same as [`merge`](Self::merge) for a type that is one part.
    ///
    /// # Errors
    ///
    /// Fails if both sides changed the value.
    #[doc(hidden)]
    fn merge_as_one(
        base: &Self,
        ours: &mut Self,
        theirs: &mut Self,
        changes: &Self::Changes,
        path: &str,
    ) -> Result<(), MergeConflict> {
        let changed = [changes.any(), !Self::same(base, theirs)];
        match undecided(changed, Sides { base, ours, theirs }) {
            None => Ok(()),
            Some(_) => Err(MergeConflict::at(path, BOTH)),
        }
    }

    /// Decodes a value that was stored by an older type whose schema has this fingerprint:
    /// `#[memdict(from = OldType)]`. Returns `None` if the type names no such older type; the
    /// stored bytes are then a miss.
    #[doc(hidden)]
    #[must_use]
    fn from_older(fingerprint: u64, payload: Encoded<'_>) -> Option<Result<Self, BoxError>> {
        let _ = (fingerprint, payload);
        None
    }

    /// Adds the fingerprints of the older types that this one converts from, newest first.
    #[doc(hidden)]
    fn lineage(lineage: &mut Vec<u64>) {
        let _ = lineage;
    }
}

/// Returns the shape of a part. A constant of a recursive type may not mention itself, but it may
/// contain this function.
#[must_use]
pub fn shape<T: Tracked>() -> &'static Shape {
    T::SHAPE
}

/// A type that serde can store. This is both traits of serde as one bound, so that a type without
/// either causes one error.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be stored",
    label = "not `Serialize`, or not `Deserialize`",
    note = "serde stores arrays of up to 32 elements, and an `Arc` with its feature `rc`"
)]
pub trait Stored: Serialize + DeserializeOwned {}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned> Stored for T {}
