//! The calls of a cache that are the same for all faces.

#[cfg(feature = "tokio")]
use super::asynchronous::AsyncCache;
use super::blocking::Cache;
use crate::{
    counters::Counters, def::DictDef, error::Result, face::faces, session::settings::OtherSchema,
    track::Tracked,
};

faces! {
    impl[] Cache, AsyncCache {
        /// Clears a dictionary: every value of it becomes a miss at once, whoever reads it, and none
        /// of them comes back. Nothing else on the server is touched, and nothing is deleted: the
        /// server frees the old values when it needs the room, or when their lifetimes end.
        ///
        /// The definition has to be [`clearable`](crate::DictDef::clearable), which says how it
        /// works. A session that has read from the dictionary before the clear, and writes to it
        /// after, is in [conflict](crate::ConflictCause::Cleared).
        ///
        /// This is one round trip.
        ///
        /// # Errors
        ///
        /// Fails with [`Unavailable`](crate::Error::Unavailable) if the server of the generation
        /// cannot be reached, in a cache that is not strict as well; if its answer did not arrive,
        /// the dictionary may have been cleared. Fails with [`Config`](crate::Error::Config) if the
        /// definition is not clearable, and with [`Unsupported`](crate::Error::Unsupported) if the
        /// store cannot count.
        example {
            /// ```
            /// use memdict::{Cache, DictDef};
            ///
            /// static PRICES: DictDef<u64> = DictDef::new("prices").clearable();
            ///
            /// let cache = Cache::open("memory:")?;
            /// cache.transaction(|session| session.dict(&PRICES).insert("hat", 25))?;
            /// assert!(cache.session().dict(&PRICES).contains_key("hat")?);
            /// cache.clear(&PRICES)?;
            /// assert!(!cache.session().dict(&PRICES).contains_key("hat")?);
            /// # Ok::<_, memdict::Error>(())
            /// ```
        }
        async fn clear[T: Tracked](&self, def: impl Into<DictDef<T>> + Send) -> Result<()>;

        /// Returns the counts of what happened so far in all sessions of this cache and of its
        /// clones.
        #[must_use]
        fn counters(&self) -> Counters;

        /// Lists the stored values that were misses because their type was not the requested one:
        /// values of an older or a newer program, or a mistake such as `insert("a", 1)`, which
        /// stores an `i32` where `u64`s are read. The list has at most 64 kinds of them.
        #[must_use]
        example {
            /// ```
            /// use memdict::Cache;
            ///
            /// let cache = Cache::open("memory:")?;
            /// cache.transaction(|session| session.dict("hits").insert("a", 1))?;
            /// assert!(cache.session().dict::<u64>("hits").get("a")?.is_none());
            /// let other = &cache.other_schemas()[0];
            /// assert_eq!((other.dict.as_str(), other.asked, other.found), ("hits", "u64", Some("i32")));
            /// # Ok::<_, memdict::Error>(())
            /// ```
        }
        fn other_schemas(&self) -> Vec<OtherSchema>;
    }
}
