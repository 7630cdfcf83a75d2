//! A dictionary in a session: every call that reads or hands out.

mod entry;

use std::{fmt, sync::Arc};

pub use entry::{Entry, OccupiedEntry, VacantEntry};

use crate::{
    def::DictDef,
    error::{Error, Result},
    key::ToKey,
    session::{
        core::Core,
        drive::{Blocking, Drive, now},
        entry::{
            guard::{Held, Ref, RefMut},
            identity::{Met, Space},
            slot::{Known, Slot},
            state::{For, Misuse},
        },
        load::load,
    },
    track::Tracked,
};

/// Every call, written once for all drivers.
pub(crate) struct Dict<'s, T: Tracked, D> {
    core: &'s Core,
    driver: &'s D,
    def: DictDef<T>,
    met: Met<T>,
}

impl<'s, T: Tracked, D: Drive> Dict<'s, T, D> {
    pub(crate) fn new(core: &'s Core, driver: &'s D, def: DictDef<T>) -> Self {
        let met = core.identity.meet(def.name(), Some(def.policy()), &core.settings.namespace);
        if let Met::Space { differs: true, .. } = &met {
            core.settings.definitions_differ(def.name());
        }
        Self { core, driver, def, met }
    }

    /// To read from, by a name that says nothing of options.
    pub(crate) fn of_links(core: &'s Core, driver: &'s D, name: &str) -> Self {
        let met = core.identity.meet(name, None, &core.settings.namespace);
        Self { core, driver, def: name.into(), met }
    }

    fn space(&self, key: &impl ToKey) -> Result<&Space<T>> {
        match &self.met {
            Met::Space { space, .. } => Ok(space),
            Met::OtherType { is } => Err(Error::WrongType {
                dict: self.def.name().to_owned(),
                key: key.to_key(),
                is,
                asked: std::any::type_name::<T>(),
            }),
            Met::NeedsNames { what } => Err(Error::Config {
                option: format!("dictionary `{}`", self.def.name()),
                reason: (*what).to_owned(),
            }),
        }
    }

    /// The entry, of which nothing need be known.
    fn slot(&self, key: &impl ToKey) -> Result<Arc<Slot<T>>> {
        self.space(key)?.slot(key)
    }

    fn slots<K: ToKey>(&self, keys: impl IntoIterator<Item = K>) -> Result<Vec<Arc<Slot<T>>>> {
        let keys = keys.into_iter();
        if let Met::Space { space, .. } = &self.met {
            // A hint is not trusted with all of the memory.
            space.reserve(keys.size_hint().0.min(1 << 16));
        }
        keys.map(|key| self.slot(&key)).collect()
    }

    async fn load(&self, slots: &[Arc<Slot<T>>], what_for: For) -> Result<()> {
        load(self.core, self.driver, slots, what_for).await
    }
}

/// A typed, named key space in a session, used as a dictionary.
///
/// Reading a key that is not there is `None`, and so is one that was evicted, has expired, is
/// damaged, was stored by another version of the type, or whose server is down: a cached value
/// may be lost at any time. Each key is loaded once in a session; what it was then, it stays.
///
/// There is no iteration, no length and no `keys`: memcached cannot list what it holds.
///
/// Keys are text, bytes, integers and tuples of them ([`ToKey`]).
///
/// A guard in the scrutinee of a `match` lives until the end of the `match`: another call for
/// the same key inside is [`Error::AlreadyBorrowed`].
pub struct MemcachedDict<'s, T: Tracked>(Dict<'s, T, Blocking>);

impl<'s, T: Tracked> MemcachedDict<'s, T> {
    pub(crate) fn new(dict: Dict<'s, T, Blocking>) -> Self {
        Self(dict)
    }

    /// What `call`, of this name, gives, once something is known of the entry.
    #[inline(always)]
    fn known<R>(
        &self,
        name: &'static str,
        slot: &Arc<Slot<T>>,
        what_for: For,
        call: impl Fn(&Slot<T>) -> Result<Known<R>, Misuse>,
    ) -> Result<R> {
        loop {
            match call(slot) {
                Ok(Known::Is(got)) => return Ok(got),
                Ok(Known::NotYet) => self.load(slot, what_for)?,
                Err(misuse) => return Err(slot.misused(name, misuse)),
            }
        }
    }

    /// Apart, so that calls for a known key are short.
    #[cold]
    fn load(&self, slot: &Arc<Slot<T>>, what_for: For) -> Result<()> {
        now(self.0.load(std::slice::from_ref(slot), what_for))
    }

    fn read(&self, name: &'static str, slot: Arc<Slot<T>>) -> Result<Option<Ref<'s, T>>> {
        let value = self.known(name, &slot, For::Reading, Slot::read)?;
        Ok(value.map(|value| Ref::new(&self.0.core.identity, slot, value)))
    }

    #[inline(always)]
    fn check_out(&self, name: &'static str, key: impl ToKey) -> Result<Held<'s, T>> {
        let slot = self.0.slot(&key)?;
        self.0.core.keep(&slot)?;
        let check_out = |slot: &Slot<T>| slot.check_out(self.0.def.policy());
        let lent = self.known(name, &slot, For::Writing, check_out)?;
        Ok(self.0.core.lend(slot, lent))
    }

    /// The value for reading, or `None` on a miss.
    ///
    /// # Errors
    ///
    /// [`AlreadyBorrowed`](Error::AlreadyBorrowed) while the entry is handed out for writing;
    /// as all calls: [`WrongType`](Error::WrongType), [`Key`](Error::Key),
    /// [`Poisoned`](Error::Poisoned), and in a strict cache
    /// [`Unavailable`](Error::Unavailable).
    pub fn get(&self, key: impl ToKey) -> Result<Option<Ref<'s, T>>> {
        self.read("get", self.0.slot(&key)?)
    }

    /// The value for writing, or `None` on a miss.
    ///
    /// # Errors
    ///
    /// [`AlreadyBorrowed`](Error::AlreadyBorrowed) while any other guard of the entry lives;
    /// after a [savepoint](crate::Session::savepoint) [`Encode`](Error::Encode), if the value
    /// cannot be kept as it is; otherwise as [`get`](Self::get).
    pub fn get_mut(&self, key: impl ToKey) -> Result<Option<RefMut<'s, T>>> {
        let held = self.check_out("get_mut", key)?;
        Ok(held.value.is_some().then(|| RefMut::new(held)))
    }

    /// The place of a key, with its value or without, for writing.
    ///
    /// What is put into a vacant entry is stored only if there is still nothing at commit.
    ///
    /// # Errors
    ///
    /// As [`get_mut`](Self::get_mut).
    ///
    /// ```
    /// use memdict::{Cache, Entry};
    ///
    /// let cache = Cache::open("memory:")?;
    /// let session = cache.session();
    /// let hits = session.dict::<u64>("hits");
    /// *hits.entry("a")?.or_insert(10) += 1;
    /// match hits.entry("a")? {
    ///     Entry::Occupied(entry) => assert_eq!(*entry.get(), 11),
    ///     Entry::Vacant(_) => unreachable!(),
    /// }
    /// # Ok::<_, memdict::Error>(())
    /// ```
    pub fn entry(&self, key: impl ToKey) -> Result<Entry<'s, T>> {
        let held = self.check_out("entry", key)?;
        Ok(if held.value.is_some() {
            Entry::Occupied(OccupiedEntry { held })
        } else {
            Entry::Vacant(VacantEntry { held })
        })
    }

    /// Puts a value in place. It needs no read, and so gives no old value back.
    ///
    /// Without a read of the key, whatever is there at commit is overwritten. After one, the
    /// value is stored only if the key is still as it was read, and not at all if it is the
    /// same.
    ///
    /// # Errors
    ///
    /// [`AlreadyBorrowed`](Error::AlreadyBorrowed) while any guard of the entry lives, reading
    /// ones included; otherwise as [`get_mut`](Self::get_mut), but never `Unavailable`.
    pub fn insert(&self, key: impl ToKey, value: T) -> Result<()> {
        self.0.core.insert(&self.0.slot(&key)?, &self.0.def, value)
    }

    /// Takes a value away. It needs no read, and so does not say whether there was one.
    ///
    /// Without a read of the key, whatever is there at commit is deleted. After one, only what
    /// was read.
    ///
    /// # Errors
    ///
    /// As [`insert`](Self::insert).
    pub fn remove(&self, key: impl ToKey) -> Result<()> {
        self.0.core.remove(&self.0.slot(&key)?, &self.0.def)
    }

    /// Whether there is a usable value. It loads the value, which [`get`](Self::get) then has.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    pub fn contains_key(&self, key: impl ToKey) -> Result<bool> {
        self.known("contains_key", &self.0.slot(&key)?, For::Writing, Slot::holds_value)
    }

    /// Makes the commit depend on a key that this session only reads: if it is not what was read
    /// any more, nothing of the commit is sent, and the key is in
    /// [`Error::Conflict`](crate::Error::Conflict). That there is nothing can be depended on as
    /// well.
    ///
    /// It is looked at in one round trip with all others, just before the first change is sent:
    /// the window in which it can change unnoticed is narrow, but memcached cannot close it. A
    /// session that changes nothing does not look. It holds whatever the dictionary says about
    /// conflicts, and for a key that the session changes as well.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get), but never `AlreadyBorrowed`. The commit is
    /// [`Error::Unavailable`], with nothing sent, if the key cannot be looked at then.
    ///
    /// ```
    /// use memdict::{Cache, Error};
    ///
    /// let cache = Cache::open("memory:")?;
    /// cache.transaction(|session| session.dict("prices").insert("hat", 20_u64))?;
    ///
    /// let session = cache.session();
    /// let prices = session.dict::<u64>("prices");
    /// prices.read_current("hat")?;
    /// let price = *prices.get("hat")?.expect("it was just stored");
    /// session.dict("orders").insert("alice", ("hat".to_owned(), price))?;
    ///
    /// cache.transaction(|other| other.dict("prices").insert("hat", 25_u64))?;
    /// let Err(Error::Conflict { conflicts, report, .. }) = session.commit() else { panic!() };
    /// assert_eq!((conflicts[0].dict.as_str(), report.written), ("prices", 0));
    /// # Ok::<_, Error>(())
    /// ```
    pub fn read_current(&self, key: impl ToKey) -> Result<()> {
        let slot = self.0.slot(&key)?;
        if self.known("read_current", &slot, For::Reading, Slot::keep_current)? {
            self.0.core.keep_current(&slot);
        }
        Ok(())
    }

    /// Many values for reading, in the order asked; those not yet known are loaded in one
    /// batch.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get), for the first key that has one.
    pub fn get_many<K: ToKey>(
        &self,
        keys: impl IntoIterator<Item = K>,
    ) -> Result<Vec<Option<Ref<'s, T>>>> {
        let slots = self.0.slots(keys)?;
        now(self.0.load(&slots, For::Reading))?;
        slots.into_iter().map(|slot| self.read("get_many", slot)).collect()
    }

    /// Loads those of the keys that are not yet known in one batch, so that other calls find
    /// them here.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get), but never `AlreadyBorrowed`.
    pub fn prefetch<K: ToKey>(&self, keys: impl IntoIterator<Item = K>) -> Result<()> {
        now(self.0.load(&self.0.slots(keys)?, For::Writing))
    }
}

/// Names the dictionary.
impl<T: Tracked> fmt::Debug for MemcachedDict<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MemcachedDict").field(&self.0.def).finish()
    }
}
