//! What generated code names. It may change in any release, so nothing else may name it.

mod checked;

use std::marker::PhantomData;

pub use serde::{Serialize, Serializer, de::DeserializeOwned};
pub use std::{string::String, vec::Vec};

pub use self::checked::{Checked, Flags, Of, Operations, Parts, Pass, View, stored, tracked};
pub use crate::{
    codec::{Encoded, Unknown},
    track::{
        Changes, HashKey, Shape, Stored, TrackedEnum, add_lineage, debug, join,
        merge::{
            Append, Ruling, Sides, Sum, Union, max, min, ours, refuse, ruled, theirs, undecided,
            with,
        },
        name_of, shape, visit, written,
    },
};

use crate::{
    BoxError, EnumField, Field,
    codec::same_encoding,
    track::{Schema, Tracked},
};

/// Returns the schema fingerprint of a type.
#[must_use]
pub fn fingerprint<T: Tracked>() -> u64 {
    Schema::of::<T>().fingerprint
}

/// Returns whether the encoding of a type may differ while it means the same.
#[must_use]
pub fn is_inexact<T: Tracked>() -> bool {
    Schema::of::<T>().inexact
}

/// Returns [`Tracked::NEEDS_NAMES`] of a type or of anything inside.
#[must_use]
pub fn needs_names<T: Tracked>() -> Option<&'static str> {
    Schema::of::<T>().needs_names
}

/// Makes the view of a part that is one field.
pub fn field<'a, T: ?Sized>(value: &'a mut T, dirty: &'a mut bool) -> Field<'a, T> {
    Field::new(value, dirty)
}

/// Makes the view of an enum.
pub fn enum_field<'a, T: TrackedEnum>(
    value: &'a mut T,
    changes: &'a mut T::Changes,
) -> EnumField<'a, T> {
    EnumField::new(value, changes)
}

/// How serde's field attribute `with` stores a `T`.
pub trait SerializeWith<T> {
    /// Serializes `value`, as serde's `Serialize` does.
    ///
    /// # Errors
    ///
    /// If the serializer fails.
    fn serialize<S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error>;
}

/// Returns whether both have the same encoding, as `W` makes it.
pub fn same_with<T, W: SerializeWith<T>>(a: &T, b: &T, _: W) -> bool {
    struct With<'a, T, W>(&'a T, PhantomData<W>);

    impl<T, W: SerializeWith<T>> Serialize for With<'_, T, W> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            W::serialize(self.0, serializer)
        }
    }

    same_encoding(&With::<T, W>(a, PhantomData), &With::<T, W>(b, PhantomData))
}

/// Decodes what an `O` stored, or a type that is older than that, as [`Tracked::from_older`].
#[must_use]
pub fn from_older<O: Tracked, T: From<O>>(
    fingerprint: u64,
    payload: Encoded<'_>,
) -> Option<Result<T, BoxError>> {
    let older = if self::fingerprint::<O>() == fingerprint {
        payload.decode::<O>()
    } else {
        O::from_older(fingerprint, payload.next_older()?)?
    };
    Some(older.map(T::from))
}

#[cfg(test)]
#[expect(unused_qualifications, reason = "`crate` as a path stands in for that of a user")]
mod tests;
