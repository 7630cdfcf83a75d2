//! A type that is known only by its encoding.

use std::{
    fmt,
    ops::{Deref, DerefMut},
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::leaf::leaves;
use crate::codec::{Unknown, same_encoding};

leaves! {
    "opaque" [T: Serialize + DeserializeOwned + Send + Sync + 'static] Opaque<T>, [] ()
        unknown(Unknown::of::<T>()), |a, b| same_encoding(&a.0, &b.0);
}

/// A value of a type that is not [`Tracked`](trait@crate::Tracked), as an entry or inside one.
///
/// It is compared by its encoding. The schema fingerprint does not describe the type inside: if
/// that type changes, stored values decode into the new one if their bytes allow it, and are misses
/// otherwise.
///
/// Not every type that serde supports can be stored by position: those with `untagged`, `flatten`,
/// `tag`, `skip_serializing_if` or skipped variants, and `serde_json::Value`, need the names. The
/// first value of each type that a process encodes is decoded and encoded again; in a debug build,
/// every value. If it does not come back, the commit fails with
/// [`Error::Encode`](crate::Error::Encode), whose source names the type and the field. Store such a
/// type as JSON: `memdict::Json` and `memdict::as_json`, behind the feature `json`.
///
/// ```
/// use memdict::{Cache, Opaque};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// struct Foreign(u32); // from another crate, for example
///
/// # fn main() -> memdict::Result<()> {
/// let cache = Cache::open("memory:")?;
/// let session = cache.session();
/// session.dict::<Opaque<Foreign>>("foreign").insert("a", Opaque(Foreign(7)))?;
/// assert_eq!(session.commit()?.written, 1);
///
/// match cache.session().dict::<Opaque<Foreign>>("foreign").get("a")? {
///     Some(foreign) => assert_eq!(foreign.0.0, 7),
///     None => println!("it was never stored, or it is lost"),
/// };
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
// Not `transparent`: by the call for a newtype, which stores no byte, the codec notices the type.
pub struct Opaque<T>(pub T);

impl<T> Deref for Opaque<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Opaque<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T> From<T> for Opaque<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T: fmt::Debug> fmt::Debug for Opaque<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
