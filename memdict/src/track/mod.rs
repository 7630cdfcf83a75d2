//! What it means for a type to be tracked.
//!
//! Three questions, asked at three prices. *Touched*: was it handed out for writing and perhaps
//! changed? A flag, set by [`Field`] and by the guards. *Same*: does it still mean what was
//! loaded? [`Tracked::same`], asked only where encoded bytes cannot tell. *Which fields?*
//! [`Tracked::diff`], asked only when somebody wants to know.

mod collections;
mod enum_field;
mod field;
mod foreign;
pub(crate) mod leaf;
pub(crate) mod merge;
mod opaque;
mod shape;
mod wrappers;

use std::fmt;

use serde::{Serialize, de::DeserializeOwned};

use crate::{codec::Encoded, error::BoxError};

pub use enum_field::{EnumField, TrackedEnum};
pub use field::{AssignFrom, Field};
pub use merge::MergeConflict;
pub use opaque::Opaque;
pub(crate) use opaque::same_encoding;
pub(crate) use shape::Schema;
pub use shape::Shape;

/// A type whose changes a session notices; the derive macro of the same name implements it.
///
/// Primitives, `String`, the standard containers and tuples of tracked types are tracked
/// themselves, each as one part. No `PartialEq` or `Clone` is asked of a type, and one that it
/// has is not trusted: an equality that looks only at an id would lose writes.
///
/// ```
/// use memdict::Tracked;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Default, Serialize, Deserialize, Tracked)]
/// struct Cart {
///     owner: String,
///     total: u64,
/// }
///
/// let (mut cart, mut changes) = (Cart::default(), Default::default());
/// let mut view = cart.edit(&mut changes);
/// assert!(!view.total.set(0)); // it was 0
/// assert!(view.owner.assign("alice"));
/// assert!(view.owner.is_touched() && !view.total.is_touched());
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not tracked",
    label = "missing `#[derive(Tracked)]`",
    note = "derive `Tracked` on it, mark the field `#[memdict(opaque)]`, or store `memdict::Opaque` of it"
)]
pub trait Tracked: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// What is stored, by names and types: the input of the schema fingerprint.
    const SHAPE: &'static Shape;

    /// The serde attribute, and where it is, that a positional codec cannot decode: `flatten`,
    /// `tag`, `untagged`, `skip_serializing_if`, or a half of `skip`. `None` if there is none.
    ///
    /// Of the type itself and, for a container, of its elements. That of a field's type is not
    /// in it (a constant of a recursive type may not mention itself); a session finds it when it
    /// first works out the schema.
    const NEEDS_NAMES: Option<&'static str> = Self::SHAPE.names_needed();

    /// Whether it merges part by part, as `#[memdict(merge)]` on a derived type says. A type that
    /// does not merges as one part.
    const MERGES: bool = false;

    /// The flags of this type's parts; `bool` where it is one part.
    type Changes: Changes;

    /// The view that [`RefMut::edit`](crate::RefMut::edit) gives: a struct of [`Field`]s for a
    /// derived struct, one [`Field`] for a type that is one part.
    type Edit<'a>: Send;

    /// Hands out the parts for writing, each beside its flag.
    fn edit<'a>(&'a mut self, changes: &'a mut Self::Changes) -> Self::Edit<'a>;

    /// Whether both mean the same: floats by their bits, unordered collections without regard
    /// to order, opaque parts by their encoding.
    fn same(a: &Self, b: &Self) -> bool;

    /// Marks in `changes` the parts in which `now` is not the same as `base`.
    fn diff(base: &Self, now: &Self, changes: &mut Self::Changes);

    /// Brings two changes of `base` together: `ours` becomes the value in which both stand.
    ///
    /// `changes` is what [`diff`](Self::diff) marks between `base` and `ours`. What is taken from
    /// `theirs` may be swapped for what was in `ours`, so nothing can be told from it afterwards.
    /// `path` is where the value is in its entry, such as `address`, and empty for the entry
    /// itself; a conflict names the part under it.
    ///
    /// A part that one side changed is that side's. One that both changed is a conflict, even if
    /// they changed it to the same, unless its type or a rule can tell what both together mean:
    /// two sessions that each add 1 to 4 both store 5, and one addition would be lost.
    ///
    /// ```
    /// use memdict::{MergeConflict, Tracked};
    ///
    /// let (base, mut ours, mut theirs) = (4, 4, 5);
    /// assert_eq!(u64::merge(&base, &mut ours, &mut theirs, &false, "total"), Ok(()));
    /// assert_eq!(ours, 5);
    ///
    /// let (base, mut ours, mut theirs) = (4, 5, 5);
    /// let conflict = MergeConflict("`total`: changed on both sides".into());
    /// assert_eq!(u64::merge(&base, &mut ours, &mut theirs, &true, "total"), Err(conflict));
    /// ```
    ///
    /// # Errors
    ///
    /// If the changes cannot both stand. `ours` and `theirs` may be half merged then, as they are
    /// after a panic: all or nothing is the caller's, who gives copies and keeps `ours` only if
    /// this is `Ok`.
    fn merge(
        base: &Self,
        ours: &mut Self,
        theirs: &mut Self,
        changes: &Self::Changes,
        path: &str,
    ) -> Result<(), MergeConflict>;

    /// Decodes what an older type, whose schema has this fingerprint, stored in this one's place:
    /// `#[memdict(from = OldType)]`. `None` if no such type is known; stored bytes are a miss
    /// then.
    #[must_use]
    fn from_older(fingerprint: u64, payload: Encoded<'_>) -> Option<Result<Self, BoxError>> {
        let _ = (fingerprint, payload);
        None
    }
}

/// The flags of a tracked type: which parts were touched, or which differ.
pub trait Changes: Default + Clone + fmt::Debug + Send + Sync + 'static {
    /// Whether any part is marked.
    fn any(&self) -> bool;

    /// Gives the path of each marked part, such as `address.city`, under `path`.
    fn visit(&self, path: &str, out: &mut dyn FnMut(String));

    /// Marks every part.
    fn mark_all(&mut self);
}

/// The one flag of a type that is one part.
impl Changes for bool {
    fn any(&self) -> bool {
        *self
    }

    fn visit(&self, path: &str, out: &mut dyn FnMut(String)) {
        if *self {
            out(path.to_owned());
        }
    }

    fn mark_all(&mut self) {
        *self = true;
    }
}
