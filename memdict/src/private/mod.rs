//! What generated code calls. Not for people: it may change in any release.

use std::{fmt, marker::PhantomData};

pub use serde::{Serialize, Serializer, de::DeserializeOwned};
pub use std::string::String;

pub use crate::track::merge::{
    Append, Ruling, Sides, Sum, Union, join, max, merge_as_one, min, ours, refuse, ruled, theirs,
    undecided, with,
};

#[cfg(fuzzing)]
pub use crate::store::memcached::talk::scripted::answers as fuzz_answers;

use crate::{
    BoxError, Changes, Encoded, Shape, Tracked,
    track::{self, Schema},
};

/// [`Tracked::SHAPE`] as a function, which a constant can hold where the constant itself would
/// mention itself.
#[must_use]
pub fn shape<T: Tracked>() -> &'static Shape {
    T::SHAPE
}

/// The schema fingerprint of a type.
#[must_use]
pub fn fingerprint<T: Tracked>() -> u64 {
    Schema::of::<T>().fingerprint
}

/// Whether the encoding of a type may differ while it means the same.
#[must_use]
pub fn is_inexact<T: Tracked>() -> bool {
    Schema::of::<T>().inexact
}

/// [`Tracked::NEEDS_NAMES`] of a type or of anything in it.
#[must_use]
pub fn needs_names<T: Tracked>() -> Option<&'static str> {
    Schema::of::<T>().needs_names
}

/// Visits the flags of one part, if there is anything to see.
pub fn visit(changes: &impl Changes, path: &str, part: &str, out: &mut dyn FnMut(String)) {
    if changes.any() {
        changes.visit(&join(path, part), out);
    }
}

/// The marked paths.
///
/// # Errors
///
/// Those of the formatter.
pub fn debug(changes: &impl Changes, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut paths = Vec::new();
    changes.visit("", &mut |path| paths.push(path));
    f.debug_set().entries(paths).finish()
}

/// Whether both have one encoding. What does not encode is the same as nothing.
pub fn same_encoding<T: Serialize>(a: &T, b: &T) -> bool {
    track::same_encoding(a, b)
}

/// How the field attribute `with` of serde stores a `T`.
pub trait SerializeWith<T> {
    /// As in serde's `Serialize`.
    ///
    /// # Errors
    ///
    /// Those of the serializer.
    fn serialize<S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error>;
}

/// As [`same_encoding`], of what `W` makes of both.
pub fn same_with<T, W: SerializeWith<T>>(a: &T, b: &T) -> bool {
    struct With<'a, T, W>(&'a T, PhantomData<W>);

    impl<T, W: SerializeWith<T>> Serialize for With<'_, T, W> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            W::serialize(self.0, serializer)
        }
    }

    same_encoding(&With::<T, W>(a, PhantomData), &With::<T, W>(b, PhantomData))
}

/// [`Tracked::from_older`] by way of `O`, and of what is older than that.
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
