//! The counters of a cache: those of each dictionary, and their sums.
//!
//! The table at `counters!` is all there is to extend: a line in it is a field of [`Counters`], a
//! counter of each dictionary, a part of the sums, and a series of the `metrics` crate.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use foldhash::fast::RandomState;
use parking_lot::RwLock;

use crate::{
    entry_id::EntryId,
    export::{Operation, Series},
    latency::{Latencies, Timing},
};

/// How many dictionaries have counters of their own. The limit bounds the memory that names made of
/// input, or of stored links, can take.
const DICTIONARIES: usize = 1_000;

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// The number of events in all sessions of a cache since it was opened, in all dictionaries
        /// ([`Cache::counters`](crate::Cache::counters)) or in one
        /// ([`counters_of`](crate::Cache::counters_of)).
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

        impl Counters {
            /// The names of the series, in the order of the fields.
            const SERIES: &[&str] = &[$(concat!("memdict.", stringify!($name)),)*];

            fn sum(&mut self, other: &Self) {
                $(self.$name += other.$name;)*
            }

            fn each(&self) -> [u64; Self::SERIES.len()] {
                [$(self.$name,)*]
            }

            fn of(each: [u64; Self::SERIES.len()]) -> Self {
                let [$($name,)*] = each;
                Self { $($name,)* }
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
    /// Loads of a value that was invalidated.
    stale,
    /// Loads of a key whose value another caller is making: it has the lease.
    leased,
    /// Loads of a value of a dictionary that was cleared since.
    cleared,
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
    /// Bytes of stored values that were read, by loads and by looks of commits.
    bytes_in,
    /// Bytes of values that were sent to be stored.
    bytes_out,
    /// Commits that ended, successfully or not. One with entries of several dictionaries counts once
    /// for each of them, and once in the total.
    commits,
    /// Values written.
    written,
    /// Written values that were merged with another session's change.
    merged,
    /// Values borrowed for writing and then found unchanged.
    unchanged,
    /// Entries removed.
    removed,
    /// Entries whose lifetime was set anew, by a touch without another change.
    touched,
    /// Entries whose values were made stale.
    invalidated,
    /// Changes that did not reach the store, or may not have reached it.
    lost,
    /// Changes that the store refused.
    refused,
    /// Written values that replaced bytes that were not usable.
    replaced,
    /// Changes in conflict with another session's, including those in attempts that were retried.
    conflicts,
    /// Values written that had vanished since they were loaded: evicted or expired.
    recreated,
    /// Attempts of transactions after the first one. One after a conflict in several dictionaries
    /// counts once for each of them, and once in the total.
    retries,
}

/// The counters of one dictionary, or of all commits.
#[derive(Debug, Default)]
pub(crate) struct Counting {
    counters: [AtomicU64; Counters::SERIES.len()],
    loads: Timing,
    commits: Timing,
    series: Series,
}

impl Counting {
    /// Adds all counters of `counted`.
    pub(crate) fn add(&self, counted: &Counters) {
        for (number, many) in counted.each().into_iter().enumerate().filter(|(_, many)| *many > 0) {
            self.counters[number].fetch_add(many, Ordering::Relaxed);
            self.series.add(number, many);
        }
    }

    /// Counts some events.
    pub(crate) fn count(&self, events: impl FnOnce(&mut Counters)) {
        let mut counted = Counters::default();
        events(&mut counted);
        self.add(&counted);
    }

    /// Counts how long an operation took.
    pub(crate) fn took(&self, what: Operation, took: Duration) {
        match what {
            Operation::Load => self.loads.record(took),
            Operation::Commit => self.commits.record(took),
            // Those are counted for each server.
            Operation::Exchange => {}
        }
    }

    /// Passes on how long an operation took, and what went wrong.
    pub(crate) fn export(&self, what: Operation, took: Duration, error: Option<&'static str>) {
        self.series.took(what, took, error);
    }

    fn read(&self) -> Counters {
        Counters::of(std::array::from_fn(|number| self.counters[number].load(Ordering::Relaxed)))
    }

    fn latencies(&self) -> Latencies {
        Latencies { loads: self.loads.read(), commits: self.commits.read() }
    }
}

/// The counters of a cache.
#[derive(Debug, Default)]
pub(crate) struct CacheCounting {
    namespace: String,
    /// Commits and attempts, each once however many dictionaries it is about.
    pub(crate) whole: Counting,
    dicts: RwLock<HashMap<Arc<str>, Arc<Counting>, RandomState>>,
    /// Those of the dictionaries beyond the limit.
    others: Arc<Counting>,
}

impl CacheCounting {
    pub(crate) fn of_namespace(namespace: &str) -> Self {
        let attributes = [("db.namespace", namespace)];
        let counting =
            |names| Counting { series: Series::of(names, &attributes), ..Counting::default() };
        Self {
            namespace: namespace.to_owned(),
            // Their sum over dictionaries is another number, so they have no series.
            whole: counting(&[]),
            dicts: RwLock::default(),
            others: Arc::new(counting(Counters::SERIES)),
        }
    }

    /// Returns the counters of a dictionary. A session asks once for each.
    pub(crate) fn of(&self, dict: &Arc<str>) -> Arc<Counting> {
        if let Some(counting) = self.dicts.read().get(dict) {
            return Arc::clone(counting);
        }
        let mut dicts = self.dicts.write();
        if dicts.len() >= DICTIONARIES && !dicts.contains_key(dict) {
            return Arc::clone(&self.others);
        }
        let new = || {
            let attributes = [("db.namespace", &*self.namespace), ("db.collection.name", &**dict)];
            let series = Series::of(Counters::SERIES, &attributes);
            Arc::new(Counting { series, ..Counting::default() })
        };
        Arc::clone(dicts.entry(Arc::clone(dict)).or_insert_with(new))
    }

    /// Counts an attempt that follows a conflict in these entries.
    pub(crate) fn retried(&self, in_conflict: &[EntryId]) {
        let once = Counters { retries: 1, ..Counters::default() };
        self.whole.add(&once);
        let dicts: HashSet<_> = in_conflict.iter().map(|id| &id.dict).collect();
        dicts.into_iter().for_each(|dict| self.of(dict).add(&once));
    }

    /// Returns the counters of one dictionary, all 0 if no session has used it.
    pub(crate) fn read_of(&self, dict: &str) -> Counters {
        self.dicts.read().get(dict).map(|counting| counting.read()).unwrap_or_default()
    }

    pub(crate) fn total(&self) -> Counters {
        let mut total = self.others.read();
        self.dicts.read().values().for_each(|counting| total.sum(&counting.read()));
        let Counters { commits, retries, .. } = self.whole.read();
        Counters { commits, retries, ..total }
    }

    pub(crate) fn latencies_of(&self, dict: &str) -> Latencies {
        self.dicts.read().get(dict).map(|counting| counting.latencies()).unwrap_or_default()
    }

    pub(crate) fn latencies(&self) -> Latencies {
        let mut loads = self.others.loads.read();
        self.dicts.read().values().for_each(|counting| loads.add(&counting.loads.read()));
        Latencies { loads, commits: self.whole.commits.read() }
    }

    /// Returns the names of the dictionaries that have counters, in order.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = self.dicts.read().keys().map(|name| (**name).to_owned()).collect();
        names.sort_unstable();
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dictionaries_beyond_the_limit_count_only_in_the_total() {
        let counting = CacheCounting::of_namespace("shop");
        for number in 0..DICTIONARIES + 10 {
            let dict: Arc<str> = format!("d{number}").into();
            counting.of(&dict).add(&Counters { hits: 1, ..Counters::default() });
        }
        assert_eq!(counting.total().hits, DICTIONARIES as u64 + 10);
        assert_eq!((counting.read_of("d5").hits, counting.read_of("d1005").hits), (1, 0));
        assert_eq!(counting.names().len(), DICTIONARIES);
    }
}
