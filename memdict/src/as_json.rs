//! Stores a field as JSON: `#[serde(with = "memdict::as_json")]`.
//!
//! Values are stored by position, without the names of fields. Some types cannot be read back from
//! that: `serde_json::Value`, types with serde's `untagged`, `flatten` or `skip_serializing_if`,
//! and types whose `Deserialize` asks what is stored, as `rust_decimal`'s does. JSON has the names.
//!
//! ```
//! use memdict::{Cache, Tracked};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Serialize, Deserialize, Tracked)]
//! struct Event {
//!     name: String,
//!     #[serde(with = "memdict::as_json")]
//!     payload: serde_json::Value,
//! }
//!
//! let cache = Cache::open("memory:")?;
//! cache.transaction(|session| {
//!     let payload = serde_json::json!({ "id": 7, "tags": ["new"] });
//!     session.dict("events").insert("a", Event { name: "created".into(), payload })
//! })?;
//!
//! let session = cache.session();
//! match session.dict::<Event>("events").get("a")? {
//!     Some(event) => assert_eq!((&*event.name, &event.payload["id"]), ("created", &7.into())),
//!     None => println!("the event was never stored, or it is lost"),
//! }
//! # Ok::<_, memdict::Error>(())
//! ```
//!
//! Two values are the same if their JSON is, whatever the order of members. NaN and infinite
//! numbers have no JSON: a commit of one fails with [`Error::Encode`](crate::Error::Encode). JSON is
//! nested up to 127 levels deep, whatever the dictionary allows. What the type itself allocates
//! when it is read is not limited by [`DictDef::max_memory`](crate::DictDef::max_memory).
//!
//! A serializer of text, such as that of an HTTP response, gets the value itself.

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{DeserializeOwned, Error as _},
    ser::Error as _,
};

use crate::codec::json;

/// Serializes `value` as JSON.
///
/// # Errors
///
/// The value has no JSON, or the serializer fails.
pub fn serialize<T, S>(value: &T, serializer: S) -> Result<S::Ok, S::Error>
where
    T: Serialize + ?Sized,
    S: Serializer,
{
    if serializer.is_human_readable() {
        return value.serialize(serializer);
    }
    serializer.serialize_str(&json::to_text(value).map_err(S::Error::custom)?)
}

/// Deserializes what [`serialize`] has serialized.
///
/// # Errors
///
/// The JSON is that of another type, or the deserializer fails.
pub fn deserialize<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: DeserializeOwned,
    D: Deserializer<'de>,
{
    if deserializer.is_human_readable() {
        return T::deserialize(deserializer);
    }
    let text = String::deserialize(deserializer)?;
    json::from_text(&text).map_err(D::Error::custom)
}
