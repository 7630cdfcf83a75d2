//! The calls of a cache that are the same for all faces.

#[cfg(feature = "tokio")]
use super::asynchronous::AsyncCache;
use super::blocking::Cache;
use crate::{counters::Counters, face::faces, session::settings::OtherSchema};

faces! {
    impl[] Cache, AsyncCache {
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
