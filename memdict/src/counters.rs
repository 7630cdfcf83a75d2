//! The counters of a cache.

use std::sync::atomic::{AtomicU64, Ordering};

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// The number of events in all sessions of a cache since it was opened, as returned by
        /// [`Cache::counters`](crate::Cache::counters).
        ///
        /// ```
        /// let cache = memdict::Cache::open("memory:")?;
        /// cache.session().dict::<u64>("hits").get("a")?;
        /// let counters = cache.counters();
        /// assert_eq!((counters.loads, counters.hits, counters.absent), (1, 0, 1));
        /// # Ok::<_, memdict::Error>(())
        /// ```
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct Counters {
            $($(#[$doc])* pub $name: u64,)*
        }

        #[derive(Debug, Default)]
        pub(crate) struct Counting {
            $(pub(crate) $name: Counter,)*
        }

        impl Counting {
            /// Adds all counters of `counted`.
            pub(crate) fn add(&self, counted: &Counters) {
                $(self.$name.0.fetch_add(counted.$name, Ordering::Relaxed);)*
            }

            pub(crate) fn read(&self) -> Counters {
                Counters { $($name: self.$name.0.load(Ordering::Relaxed),)* }
            }
        }
    };
}

counters! {
    /// Keys that the store was asked for.
    loads,
    /// Loads that returned a usable value.
    hits,
    /// Loads of keys without a value: absent, expired or evicted.
    absent,
    /// Loads of bytes that are not a usable value: foreign, damaged, of another key, or of a newer
    /// format.
    unusable,
    /// Loads of a value that is not signed with a known secret.
    unverified,
    /// Loads of a value with another schema.
    other_schema,
    /// Loads of a value of a newer version of the type.
    newer_schema,
    /// Loads that did not reach the store.
    unreachable,
    /// Loaders that `fetch` ran.
    loaders,
    /// Loaders of `fetch` that failed or panicked, or whose values cannot be encoded.
    loader_failures,
    /// Values that `fetch` stored after it ran a loader, and records that there is none.
    filled,
    /// Values that `fetch` did not store, because the entry was changed, removed or invalidated
    /// while the loader ran.
    late,
    /// Calls of `fetch` that were given the value that another call of this process made meanwhile.
    shared,
    /// Stale values that `fetch` returned.
    served_stale,
    /// Commits that ended, successfully or not.
    commits,
    /// Values written.
    written,
    /// Written values that were merged with another session's change.
    merged,
    /// Values borrowed for writing and then found unchanged.
    unchanged,
    /// Entries removed.
    removed,
    /// Changes that did not reach the store, or may not have reached it.
    lost,
    /// Changes that the store refused.
    refused,
    /// Written values that replaced bytes that were not usable.
    replaced,
    /// Changes in conflict with another session's, including those in attempts that were retried.
    conflicts,
    /// Attempts of transactions after the first one.
    retries,
}

#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self, many: usize) {
        self.0.fetch_add(many as u64, Ordering::Relaxed);
    }
}
