//! Types of other crates, each behind the feature of its crate's name.
//!
//! None is trusted to compare what it stores: two `DateTime`s of one instant are equal in
//! whichever zone, but not the same.

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
    "chrono fixed" [] chrono::DateTime<chrono::FixedOffset>, [] (),
        |a, b| a == b && a.offset() == b.offset();
    "chrono date" [] chrono::NaiveDate, [] (), |a, b| a == b;
    "chrono time" [] chrono::NaiveTime, [] (), |a, b| a == b;
    "chrono datetime" [] chrono::NaiveDateTime, [] (), |a, b| a == b;
    "chrono delta" [] chrono::TimeDelta, [] (), |a, b| a == b;
    "chrono weekday" [] chrono::Weekday, [] (), |a, b| a == b;
    "chrono month" [] chrono::Month, [] (), |a, b| a == b;
}

// The order of entries is stored, and is a part of what they mean.
#[cfg(feature = "indexmap")]
mod ordered {
    use std::hash::{BuildHasher, Hash};

    use indexmap::{IndexMap, IndexSet};

    use super::leaves;
    use crate::Tracked;

    leaves! {
        "indexmap" [K: Tracked + Eq + Hash, V: Tracked, S: BuildHasher + Default + Send + Sync + 'static]
            IndexMap<K, V, S>, [] (K, V),
            |a, b| a.len() == b.len()
                && a.iter().zip(b).all(|(a, b)| K::same(a.0, b.0) && V::same(a.1, b.1));
        "indexset" [K: Tracked + Eq + Hash, S: BuildHasher + Default + Send + Sync + 'static]
            IndexSet<K, S>, [] (K),
            |a, b| a.len() == b.len() && a.iter().zip(b).all(|(a, b)| K::same(a, b));
    }
}

#[cfg(feature = "smallvec")]
mod small {
    use serde::{Serialize, de::DeserializeOwned};
    use smallvec::{Array, SmallVec};

    use super::leaves;
    use crate::Tracked;

    leaves! {
        "seq" [A: Array<Item: Tracked> + 'static] SmallVec<A>,
            [where SmallVec<A>: Serialize + DeserializeOwned + Send + Sync] (A::Item),
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
