//! What a cache counts.

use std::sync::atomic::{AtomicU64, Ordering};

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// What happened since a cache was opened, in all its sessions together: what
        /// [`Cache::counters`](crate::Cache::counters) gives.
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
            /// Counts all of that.
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
    /// Keys asked of the store.
    loads,
    /// Loads that gave a value.
    hits,
    /// Loads that found nothing: absent, expired or evicted.
    absent,
    /// Loads that found bytes which do not check out: foreign, damaged, of a newer format.
    unusable,
    /// Loads that found a value of another schema.
    other_schema,
    /// Loads that did not reach the store.
    unreachable,
    /// Commits that reached their end, successful or not.
    commits,
    /// Values written.
    written,
    /// Of these: merged with somebody else's change.
    merged,
    /// Values handed out for writing and found unchanged.
    unchanged,
    /// Entries removed.
    removed,
    /// Changes that did not reach the store, or may not have.
    lost,
    /// Changes that the store would not take.
    refused,
    /// Changes in conflict with somebody else's, in attempts that were tried again as well.
    conflicts,
    /// Transactions run again.
    retries,
}

#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self, many: usize) {
        self.0.fetch_add(many as u64, Ordering::Relaxed);
    }
}
