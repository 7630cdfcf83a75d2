//! The definition of a counter: its name, and how long its numbers live.

use std::{borrow::Cow, sync::Arc, time::Duration};

use crate::{
    def::ttl::Ttl,
    entry_id::EntryId,
    error::{Error, Result},
    key::{
        ToKey,
        name::{Name, push_name},
    },
    store::{
        expiry::Expiry,
        operation::{By, Count},
    },
};

/// The definition of a counter: a named set of numbers, one for each key, that the server itself
/// changes. Usually it is a `static`.
///
/// [`Cache::counter`](crate::Cache::counter) counts at once, in one round trip, without a session and
/// never in conflict; [`Session::counter`](crate::Session::counter) counts with the commit. The numbers
/// are no entries of dictionaries: a dictionary of the same name has other keys.
///
/// A number has 64 bits. A subtraction ends at 0, and an addition begins at 0 again after the largest
/// number. memcached up to 1.6.21 refuses now and then to count on from a number of 2<sup>63</sup> or more
/// (`non-numeric value`): it looks for a minus sign beyond the number's end.
///
/// **A count is made at most once, and may be lost**: with its server, by an eviction, by a restart, or
/// because no answer came, which is an error. A number that is lost begins anew. What has to be right
/// belongs into a database.
///
/// ```
/// use memdict::{Cache, CounterDef};
///
/// // 100 requests a minute: the minute begins with the first one.
/// static RATE: CounterDef = CounterDef::new("rate").ttl_secs(60).keep_ttl();
///
/// let cache = Cache::open("memory:")?;
/// assert!(cache.counter(&RATE).add("ann", 1)? <= 100);
/// assert_eq!(cache.counter(&RATE).get("ann")?, Some(1));
/// assert_eq!(cache.counter(&RATE).get("bob")?, None);
/// # Ok::<_, memdict::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct CounterDef {
    name: Cow<'static, str>,
    ttl: Ttl,
    keeps: bool,
}

impl CounterDef {
    /// Defines a counter with this name. All programs that use the same store and namespace share
    /// its numbers.
    ///
    /// # Panics
    ///
    /// Panics if the name is empty; in a `static`, that is a compile error.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        assert!(!name.is_empty(), "a counter needs a name");
        Self { name: Cow::Borrowed(name), ttl: Ttl::Never, keeps: false }
    }

    /// Defines a counter whose name is made at run time. With an empty name, every use of the counter
    /// returns an [`Error::Key`].
    #[must_use]
    pub fn named(name: impl Into<Cow<'static, str>>) -> Self {
        Self { name: name.into(), ttl: Ttl::Never, keeps: false }
    }

    /// Sets how long a number lives after it was last counted, unless it is evicted. Without it, a
    /// number lives until the store needs the room.
    #[must_use]
    pub const fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = Ttl::For(ttl);
        self
    }

    /// Sets [`ttl`](Self::ttl), in seconds.
    #[must_use]
    pub const fn ttl_secs(self, secs: u64) -> Self {
        self.ttl(Duration::from_secs(secs))
    }

    /// Sets that counting keeps the end of life of a number: it lives as long as
    /// [`ttl`](Self::ttl) says after its first count, and then begins anew. The server keeps the end
    /// exactly.
    #[must_use]
    pub const fn keep_ttl(mut self) -> Self {
        self.keeps = true;
        self
    }

    /// Returns the counter's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns when a number expires that is stored now.
    pub(super) fn expiry(&self) -> Expiry {
        self.ttl.of_new()
    }

    /// Returns the change of a number. One that is missing counts as 0.
    pub(super) fn count(&self, by: By) -> Count {
        let count = match by {
            By::Adding(amount) => Count::add(amount),
            By::Subtracting(amount) => Count::subtract(amount),
        };
        let count = count.or_start_at(by.apply(0), self.expiry());
        if self.keeps || self.ttl == Ttl::Never { count } else { count.touch(self.expiry()) }
    }

    /// Returns the name of the number of a key. No dictionary's name begins with `~`, because that is
    /// escaped there.
    pub(super) fn number(&self, namespace: &str, key: &impl ToKey) -> Result<Name> {
        let mut prefix = Vec::new();
        push_name(namespace, &mut prefix);
        prefix.push(b'~');
        push_name(&self.name, &mut prefix);
        let mut form = Vec::new();
        key.write_key(&mut form);
        let name: Arc<str> = self.name().into();
        Name::new(&name, &prefix, &mut form)
            .map_err(|reason| Error::Key { id: EntryId::new(&name, key.to_key()), reason })
    }
}
