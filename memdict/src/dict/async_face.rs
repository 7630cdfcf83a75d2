//! The dictionary that a task holds.

use std::fmt;

use super::calls::Dict;
use crate::{
    error::{Error, Result},
    key::ToKey,
    session::{async_drive::Tasks, entry::guard::Ref, fetch::fresh::Fresh},
    track::Tracked,
};

/// A [`MemcachedDict`](crate::MemcachedDict) for tasks: its calls that may contact a store are
/// `async`.
///
/// A value that this session has loaded or written is returned without a suspension. Guards may
/// live across `.await`.
pub struct AsyncDict<'s, T: Tracked>(pub(crate) Dict<'s, T, Tasks>);

impl<'s, T: Tracked> AsyncDict<'s, T> {
    #[doc = include_str!("fetch.md")]
    ///
    /// # Cancellation
    ///
    /// If the returned future is dropped while its loader runs, another caller that waits runs its
    /// own; if none waits, the next one does. A value that has begun to be sent is stored.
    ///
    /// ```
    /// use memdict::{AsyncCache, DictDef, Error};
    ///
    /// static NAMES: DictDef<String> = DictDef::new("names").ttl_secs(60);
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> memdict::Result<()> {
    /// let cache = AsyncCache::open("memory:")?;
    /// let session = cache.session();
    /// let names = session.dict(&NAMES);
    /// let name = names.fetch(7, async || {
    ///     Ok::<_, Error>("ann".to_owned()) // awaited from a database
    /// });
    /// assert_eq!(name.await?.as_deref().map(String::as_str), Some("ann"));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn fetch<V, E, F>(
        &self,
        key: impl ToKey,
        loader: impl FnOnce() -> F,
    ) -> Result<Option<Ref<'s, T>>, E>
    where
        V: Into<Fresh<T>>,
        E: From<Error>,
        F: Future<Output = Result<V, E>>,
    {
        self.0.fetch(key, loader).await
    }

    #[doc = include_str!("fetch_many.md")]
    ///
    /// # Cancellation
    ///
    /// As [`fetch`](Self::fetch).
    pub async fn fetch_many<K, I, Q, V, E, F>(
        &self,
        keys: impl IntoIterator<Item = K>,
        loader: impl FnMut(Vec<K>) -> F,
    ) -> Result<Vec<Option<Ref<'s, T>>>, E>
    where
        K: ToKey + Clone,
        I: IntoIterator<Item = (Q, V)>,
        Q: ToKey,
        V: Into<Fresh<T>>,
        E: From<Error>,
        F: Future<Output = Result<I, E>>,
    {
        self.0.fetch_many(keys.into_iter().collect(), loader).await
    }
}

/// Shows the definition of the dictionary.
impl<T: Tracked> fmt::Debug for AsyncDict<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AsyncDict").field(&self.0.def).finish()
    }
}
