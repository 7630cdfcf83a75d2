//! What generated code calls. Not for people: it may change in any release.

use std::{fmt, marker::PhantomData};

pub use serde::{Serialize, Serializer, de::DeserializeOwned};
pub use std::string::String;

#[cfg(fuzzing)]
pub use crate::store::memcached::talk::rehearsal::answers as fuzz_answers;

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

/// The path of a part under `path`.
#[must_use]
pub fn join(path: &str, part: &str) -> String {
    if path.is_empty() { part.to_owned() } else { format!("{path}.{part}") }
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
mod tests {
    use serde::{Deserialize, Serialize};

    use super::*;
    use crate::Codec;

    #[derive(Serialize, Deserialize, crate::Tracked)]
    #[memdict(crate = "crate")]
    struct One {
        total: u8,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize, crate::Tracked)]
    #[memdict(crate = "crate", from = One)]
    struct Two {
        total: u16,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize, crate::Tracked)]
    #[memdict(crate = "crate", from = Two)]
    struct Three {
        owner: String,
        total: u32,
    }

    impl From<One> for Two {
        fn from(one: One) -> Self {
            let total = one.total.into();
            Self { total }
        }
    }

    impl From<Two> for Three {
        fn from(two: Two) -> Self {
            let total = two.total.into();
            Self { owner: String::new(), total }
        }
    }

    fn stored<T: Tracked>(value: &T) -> (u64, Vec<u8>) {
        let mut payload = Vec::new();
        Codec::default().encode(value, &mut payload).unwrap();
        (fingerprint::<T>(), payload)
    }

    fn load<T: Tracked>((fingerprint, payload): &(u64, Vec<u8>)) -> Option<Result<T, BoxError>> {
        T::from_older(*fingerprint, Encoded::new(Codec::default(), payload))
    }

    #[test]
    fn older_types_are_found_along_the_chain() {
        let three = |total| Three { owner: String::new(), total };
        let found = load::<Three>(&stored(&One { total: 1 }));
        assert_eq!(found.unwrap().unwrap(), three(1));
        let found = load::<Three>(&stored(&Two { total: 300 }));
        assert_eq!(found.unwrap().unwrap(), three(300));
        // Itself is not older, and what nobody knows is a miss.
        assert!(load::<Three>(&stored(&three(1))).is_none());
        assert!(load::<Two>(&stored(&three(1))).is_none());
        // What does not decode is an error of the codec.
        let (fingerprint, _) = stored(&Two { total: 1 });
        assert!(load::<Three>(&(fingerprint, Vec::new())).unwrap().is_err());
    }

    #[derive(Serialize, Deserialize, crate::Tracked)]
    #[memdict(crate = "crate", from = Pong)]
    struct Ping(u8);

    #[derive(Serialize, Deserialize, crate::Tracked)]
    #[memdict(crate = "crate", from = Ping)]
    struct Pong(u16);

    impl From<Pong> for Ping {
        fn from(pong: Pong) -> Self {
            Self(pong.0 as u8)
        }
    }

    impl From<Ping> for Pong {
        fn from(ping: Ping) -> Self {
            Self(ping.0.into())
        }
    }

    #[test]
    fn two_types_may_each_be_the_others_older_one() {
        assert_eq!(load::<Ping>(&stored(&Pong(7))).unwrap().unwrap().0, 7);
        assert_eq!(load::<Pong>(&stored(&Ping(7))).unwrap().unwrap().0, 7);
        assert!(load::<Ping>(&stored(&One { total: 1 })).is_none());
    }
}
