//! The calls of a cache that are the same for all faces.

#[cfg(feature = "tokio")]
use super::asynchronous::AsyncCache;
use super::blocking::Cache;
use crate::{
    counters::Counters,
    def::DictDef,
    error::Result,
    face::faces,
    health::{ServerCounters, ServerHealth},
    latency::Latencies,
    session::settings::OtherSchema,
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
        /// the dictionary may have been cleared. Such a clear is remembered as lost removals are, and
        /// made up for when the same life of the server comes back. Fails with [`Config`](crate::Error::Config) if the
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

        /// Returns the counts of one dictionary: all are 0 if no session has used it. The first
        /// 1,000 dictionaries of a cache are counted one by one, and further ones only in the
        /// [total](Self::counters).
        #[must_use]
        example {
            /// ```
            /// use memdict::Cache;
            ///
            /// let cache = Cache::open("memory:")?;
            /// cache.transaction(|session| {
            ///     session.dict("carts").insert("ann", 1_u64)?;
            ///     session.dict("users").insert("ann", 2_u64)
            /// })?;
            /// assert_eq!((cache.counters().written, cache.counters_of("carts").written), (2, 1));
            /// assert_eq!(cache.counted_dicts(), ["carts", "users"]);
            /// # Ok::<_, memdict::Error>(())
            /// ```
        }
        fn counters_of(&self, dict: impl AsRef<str>) -> Counters;

        /// Returns the names of the dictionaries that have [counters](Self::counters_of), in order.
        #[must_use]
        fn counted_dicts(&self) -> Vec<String>;

        /// Returns how long the loads and commits of all sessions took. On a store that [never
        /// waits](crate::Caps::without_waits), such as the embedded one, nothing is measured.
        #[must_use]
        fn latencies(&self) -> Latencies;

        /// Returns how long the loads of one dictionary took, and the commits of its entries.
        #[must_use]
        fn latencies_of(&self, dict: impl AsRef<str>) -> Latencies;

        /// Returns what was exchanged with each server of the store, over both faces. The embedded
        /// store has no servers, and a [`ClassicStore`](crate::ClassicStore) does not watch them.
        #[must_use]
        fn server_counters(&self) -> Vec<ServerCounters>;

        /// Returns what is known of each server, without asking any: whether it is up, its version,
        /// its connections, and what went wrong last. The embedded store has no servers, and a
        /// [`ClassicStore`](crate::ClassicStore) does not watch them.
        #[must_use]
        example {
            /// ```
            /// use memdict::Cache;
            ///
            /// // No server listens on that port.
            /// let cache = Cache::open("memcache://127.0.0.1:1")?;
            /// assert_eq!(cache.health()[0].up, None);
            /// assert!(cache.session().dict::<u64>("hits").get("a")?.is_none());
            /// let health = &cache.health()[0];
            /// assert_eq!((health.server.as_str(), health.up), ("127.0.0.1:1", Some(false)));
            /// assert!(health.down_since.is_some() && health.last_error.is_some());
            /// # Ok::<_, memdict::Error>(())
            /// ```
        }
        fn health(&self) -> Vec<ServerHealth>;

        /// Asks each server now, also one that is left alone because it was not reached a moment
        /// ago, and returns what is then known. A server that does not answer within the timeouts is
        /// not [up](ServerHealth::up), and its error names it. Removals that are remembered are sent
        /// first.
        example {
            /// ```
            /// use memdict::Cache;
            ///
            /// // No server listens on that port.
            /// let cache = Cache::open("memcache://127.0.0.1:1")?;
            /// for server in cache.ping() {
            ///     assert_eq!(server.up, Some(false));
            ///     println!("{server}"); // 127.0.0.1:1 is down (...)
            /// }
            /// # Ok::<_, memdict::Error>(())
            /// ```
        }
        async fn ping(&self) -> Vec<ServerHealth>;

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
