//! The options of `fetch`.

use std::time::Duration;

use super::DictDef;
use crate::track::Tracked;

impl<T: Tracked> DictDef<T> {
    /// Sets how eagerly [`fetch`](crate::MemcachedDict::fetch) loads a value anew before its lifetime
    /// is over, so that nobody waits for it. 1 is a good value; more is earlier. By default, and with 0
    /// or less, it does not.
    ///
    /// Chance decides: the longer loads take and the nearer the end of the lifetime is, the likelier
    /// (XFetch). The store gives the right to one caller of all processes, which runs its loader
    /// before it returns; all others get the stored value at once. Stores count whole seconds, so a
    /// value that is asked for often is loaded anew in about its last second, or earlier if loads take
    /// longer than that. Choose a lifetime of several seconds at least. In a dictionary that is
    /// [`sliding`](Self::sliding) it has no effect, because each load begins the lifetime anew.
    #[must_use]
    pub const fn refresh_ahead(mut self, beta: f64) -> Self {
        self.options.fetching.refresh_ahead = beta.to_bits();
        self
    }

    /// Sets how long a value is kept after its lifetime is over, or after it was invalidated, as a
    /// *stale* value. By default it is not, so no stale value is ever returned.
    ///
    /// [`fetch`](crate::MemcachedDict::fetch) returns a stale value at once while one caller loads it
    /// anew, and instead of the error of a loader. After a loader failed, this process does not ask the
    /// source of that key again for a second. All other reads take a stale value for a miss.
    ///
    /// The store keeps the value for its lifetime and this time together, and tells how much is left
    /// ([`Caps::life`](crate::Caps::life)). All programs that share the dictionary have to set the same
    /// time. On a store that does not tell, values have no such time. In a dictionary that is
    /// [`sliding`](Self::sliding) it applies to invalidated values alone: a lifetime that is over there
    /// means that nobody wants the value.
    #[must_use]
    pub const fn stale_for(mut self, grace: Duration) -> Self {
        self.options.fetching.grace = grace;
        self
    }

    /// Sets how long a caller of [`fetch`](crate::MemcachedDict::fetch) may take to make a missing
    /// value, in whole seconds, rounded up to at least one. The default is 10 seconds.
    ///
    /// As long as a caller has the lease, others wait for it, and none waits longer than this. Choose
    /// a time that is longer than any loader takes. A process that ends in between holds up others for
    /// at most this time.
    #[must_use]
    pub const fn lease(mut self, lasts: Duration) -> Self {
        self.options.fetching.lease = lasts;
        self
    }

    /// Sets how long the store keeps that there is no value, after a loader of
    /// [`fetch`](crate::MemcachedDict::fetch) has said so. Until then no loader runs for that key. By
    /// default the store is not told, and each call runs its loader.
    ///
    /// For all other reads the key has no value, and a value that is stored replaces the record.
    ///
    /// ```
    /// use std::time::Duration;
    /// use memdict::{Cache, DictDef, Error};
    ///
    /// static USERS: DictDef<String> = DictDef::new("users").absent_for(Duration::from_secs(5));
    ///
    /// let cache = Cache::open("memory:")?;
    /// let mut asked = 0;
    /// for _ in 0..3 {
    ///     let user = cache.fetch(&USERS, "nobody", || {
    ///         asked += 1;
    ///         Ok::<_, Error>(None)
    ///     })?;
    ///     assert!(user.is_none());
    /// }
    /// assert_eq!(asked, 1);
    /// # Ok::<_, Error>(())
    /// ```
    #[must_use]
    pub const fn absent_for(mut self, lasts: Duration) -> Self {
        self.options.fetching.absent_for = Some(lasts);
        self
    }
}
