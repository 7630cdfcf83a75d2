//! A type that is stored as JSON.

use std::{
    fmt,
    ops::{Deref, DerefMut},
};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned};

use super::leaf::leaves;
use crate::{
    as_json,
    codec::{Unknown, same_encoding},
};

leaves! {
    "json" [T: Serialize + DeserializeOwned + Send + Sync + 'static] Json<T>, [] ()
        unknown(Unknown::of::<Self>()), |a, b| same_encoding(a, b);
}

/// A value of any type that serde supports, stored as JSON, as an entry or inside one.
///
/// Use it for a type that [`Opaque`](crate::Opaque) cannot store; [`as_json`](crate::as_json) says
/// which these are, and does the same for a field. Values are compared by their JSON. The schema
/// fingerprint does not describe the type inside: stored values are read as long as their JSON
/// fits, so a new field needs only serde's `default`.
///
/// ```
/// use memdict::{Cache, Json};
/// use serde_json::{Value, json};
///
/// let cache = Cache::open("memory:")?;
/// cache.transaction(|session| session.dict("answers").insert("a", Json(json!({ "id": 7 }))))?;
///
/// let session = cache.session();
/// match session.dict::<Json<Value>>("answers").get("a")? {
///     Some(answer) => assert_eq!(answer["id"], 7),
///     None => println!("the answer was never stored, or it is lost"),
/// }
/// # Ok::<_, memdict::Error>(())
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Json<T>(pub T);

impl<T: Serialize> Serialize for Json<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        as_json::serialize(&self.0, serializer)
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Json<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        as_json::deserialize(deserializer).map(Self)
    }
}

impl<T> Deref for Json<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Json<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T> From<T> for Json<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T: fmt::Debug> fmt::Debug for Json<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
