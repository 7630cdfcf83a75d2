//! Types of other crates, each behind the feature of its crate's name.
//!
//! Where a type's equality ignores something that is stored, that is compared as well: two
//! `OffsetDateTime`s of one instant are equal in any zone, but they are not the same.

#[cfg(any(
    feature = "bytes",
    feature = "chrono",
    feature = "indexmap",
    feature = "smallvec",
    feature = "time",
    feature = "uuid"
))]
use super::leaf::leaves;

#[cfg(feature = "bytes")]
leaves! {
    "bytes" [] bytes::Bytes, [] (), |a, b| a == b;
    "bytes" [] bytes::BytesMut, [] (), |a, b| a == b;
}

#[cfg(feature = "chrono")]
leaves! {
    "chrono utc" [] chrono::DateTime<chrono::Utc>, [] (), |a, b| a == b;
    // There is no `DateTime<FixedOffset>`: serde stores its offset in whole minutes.
    "chrono date" [] chrono::NaiveDate, [] (), |a, b| a == b;
    "chrono time" [] chrono::NaiveTime, [] (), |a, b| a == b;
    "chrono datetime" [] chrono::NaiveDateTime, [] (), |a, b| a == b;
    "chrono delta" [] chrono::TimeDelta, [] (), |a, b| a == b;
    "chrono weekday" [] chrono::Weekday, [] (), |a, b| a == b;
    "chrono month" [] chrono::Month, [] (), |a, b| a == b;
}

// The order of entries is stored, and is part of what they mean.
#[cfg(feature = "indexmap")]
mod ordered {
    use std::hash::BuildHasher;

    use indexmap::{IndexMap, IndexSet};

    use super::leaves;
    use crate::track::{HashKey, Tracked};

    leaves! {
        "indexmap" [K: Tracked + HashKey, V: Tracked, S: BuildHasher + Default + Send + Sync + 'static]
            IndexMap<K, V, S>, [] (K, V),
            |a, b| a.len() == b.len()
                && a.iter().zip(b).all(|(a, b)| K::same(a.0, b.0) && V::same(a.1, b.1));
        "indexset" [K: Tracked + HashKey, S: BuildHasher + Default + Send + Sync + 'static]
            IndexSet<K, S>, [] (K),
            |a, b| a.len() == b.len() && a.iter().zip(b).all(|(a, b)| K::same(a, b));
    }
}

#[cfg(feature = "smallvec")]
mod small {
    use smallvec::{Array, SmallVec};

    use super::leaves;
    use crate::track::{Stored, Tracked};

    leaves! {
        "seq" [A: Array<Item: Tracked> + 'static] SmallVec<A>,
            [where SmallVec<A>: Stored + Send + Sync] (A::Item),
            |a, b| a.len() == b.len()
                && a.iter().zip(b).all(|(a, b)| Tracked::same(a, b));
    }
}

#[cfg(feature = "time")]
leaves! {
    "time offset datetime" [] time::OffsetDateTime, [] (),
        |a, b| a == b && a.offset() == b.offset();
    "time utc datetime" [] time::UtcDateTime, [] (), |a, b| a == b;
    "time datetime" [] time::PrimitiveDateTime, [] (), |a, b| a == b;
    "time date" [] time::Date, [] (), |a, b| a == b;
    "time time" [] time::Time, [] (), |a, b| a == b;
    "time offset" [] time::UtcOffset, [] (), |a, b| a == b;
    "time duration" [] time::Duration, [] (), |a, b| a == b;
    "time weekday" [] time::Weekday, [] (), |a, b| a == b;
    "time month" [] time::Month, [] (), |a, b| a == b;
}

#[cfg(feature = "uuid")]
leaves! {
    "uuid" [] uuid::Uuid, [] (), |a, b| a == b;
}
