//! How long a value lives: what a definition, or a single write, says about it.

use std::time::{Duration, SystemTime};

use super::DictDef;
use crate::{store::expiry::Expiry, track::Tracked};

/// How long a value lives, unless it is evicted earlier.
///
/// No lifetime is shorter than asked. Stores count whole seconds, so it may be about a second longer.
/// Any length is taken as a person means it: one of more than 30 days counts from now, one that ends
/// after 2038-01-19 ends on that day at memcached, and one of zero is a second, the shortest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ttl {
    /// Until the store needs the room.
    Never,
    /// For this time after the write.
    For(Duration),
    /// Until this time, by this machine's clock. A value whose time has passed is gone at once, as if
    /// it had expired.
    Until(SystemTime),
    /// As long as the value that it replaces would have lived. If that is over by now, the value is
    /// gone at once. A value that replaces none, as far as the session has read, lives as its
    /// dictionary says.
    Keep,
}

impl Ttl {
    /// Returns when a value expires that is stored now and replaces none.
    pub(crate) fn of_new(self) -> Expiry {
        match self {
            // A value that replaces none keeps nothing.
            Self::Never | Self::Keep => Expiry::Never,
            Self::For(ttl) => Expiry::After(ttl),
            Self::Until(end) => Expiry::At(end),
        }
    }
}

impl<T: Tracked> DictDef<T> {
    /// Sets how long a value lives after its last write: at least this long, unless it is evicted,
    /// and at most about a second longer, because stores count whole seconds. Without it, a value
    /// lives until the store needs the room. Neither a read nor a commit that finds the value
    /// unchanged extends its life, unless the dictionary is [`sliding`](Self::sliding).
    #[must_use]
    pub const fn ttl(mut self, ttl: Duration) -> Self {
        self.options.lifetime.ttl = Ttl::For(ttl);
        self
    }

    /// Sets [`ttl`](Self::ttl), in seconds.
    #[must_use]
    pub const fn ttl_secs(self, secs: u64) -> Self {
        self.ttl(Duration::from_secs(secs))
    }

    /// Sets that each value lives until this time, by this machine's clock.
    #[must_use]
    pub const fn expires_at(mut self, end: SystemTime) -> Self {
        self.options.lifetime.ttl = Ttl::Until(end);
        self
    }

    /// Sets that each load that finds a value begins its [`ttl`](Self::ttl) anew, in the same round
    /// trip: what is used stays. A session loads a key once, so it extends a life once. Following a
    /// [`Link`](crate::Link) extends none.
    ///
    /// A load from a store that cannot do this fails with
    /// [`Unsupported`](crate::Error::Unsupported).
    ///
    /// ```
    /// use memdict::{Cache, DictDef};
    ///
    /// static VISITS: DictDef<u64> = DictDef::new("visits").ttl_secs(1_800).sliding();
    ///
    /// let cache = Cache::open("memory:")?;
    /// cache.transaction(|session| session.dict(&VISITS).insert("ann", 1))?;
    /// let session = cache.session();
    /// // Half an hour begins anew. A visit that is longer ago is a miss.
    /// if let Some(visits) = session.dict(&VISITS).get("ann")? {
    ///     assert_eq!(*visits, 1);
    /// }
    /// # Ok::<_, memdict::Error>(())
    /// ```
    #[must_use]
    pub const fn sliding(mut self) -> Self {
        self.options.lifetime.slides = true;
        self
    }

    /// Sets that a write keeps the end of life of the value that it replaces ([`Ttl::Keep`]); the
    /// [`ttl`](Self::ttl) is that of a value which is created. This is what a rate limiter and a
    /// one-time code need: however often they are written, they end when they were to.
    ///
    /// The value has to be read in the session. An [`insert`](crate::MemcachedDict::insert) without
    /// a read begins a new life. A commit to a store that does not tell how much life a value has
    /// left fails with [`Unsupported`](crate::Error::Unsupported), and sends nothing.
    ///
    /// ```
    /// use memdict::{Cache, DictDef};
    ///
    /// static TRIES: DictDef<u32> = DictDef::new("tries").ttl_secs(60).keep_ttl();
    ///
    /// let cache = Cache::open("memory:")?;
    /// // A minute after the first try, the count is gone, whatever happened since.
    /// let may_try = cache.transaction(|session| {
    ///     let mut tries = session.dict(&TRIES).entry("ann")?.or_default();
    ///     *tries += 1;
    ///     Ok(*tries <= 5)
    /// })?;
    /// assert!(may_try);
    /// # Ok::<_, memdict::Error>(())
    /// ```
    #[must_use]
    pub const fn keep_ttl(mut self) -> Self {
        self.options.lifetime.keeps = true;
        self
    }
}
