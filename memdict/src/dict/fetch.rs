//! Reads through the cache, for all drivers: what is missing is made by the caller's loader.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use super::calls::Dict;
use crate::{
    def::DictDef,
    error::{Error, Result},
    key::ToKey,
    session::{
        core::VerifyFirst,
        drive::Drive,
        entry::{
            guard::Ref,
            seen::WayToFetch,
            slot::{Peek, Slot},
            state::For,
        },
        fetch::{ask::Fetch, fresh::Fresh, many::Wanted},
        load::can_load,
        source::Source,
    },
    trace::Traced,
    track::Tracked,
};

impl<'s, T: Tracked, D: Drive> Dict<'s, T, D> {
    /// Returns the value for reading, and runs `loader` if there is none.
    pub(crate) async fn fetch<V, E, F>(
        &self,
        key: impl ToKey,
        loader: impl FnOnce() -> F,
    ) -> Result<Option<Ref<'s, T>>, E>
    where
        V: Into<Fresh<T>>,
        E: From<Error>,
        F: Future<Output = Result<V, E>>,
    {
        let slot = self.slot(&key)?;
        drop(key);
        self.fetch_into(&slot, For::Reading, loader).await?;
        Ok(self.fetched(slot)?)
    }

    /// Returns the values for reading, in the order of the keys, and runs `loader` for those that
    /// this call is to make.
    pub(crate) async fn fetch_many<K, I, Q, V, E, F>(
        &self,
        keys: Vec<K>,
        loader: impl FnMut(Vec<K>) -> F,
    ) -> Result<Vec<Option<Ref<'s, T>>>, E>
    where
        K: ToKey + Clone,
        I: IntoIterator<Item = (Q, V)>,
        Q: ToKey,
        V: Into<Fresh<T>>,
        E: From<Error>,
        F: Future<Output = Result<I, E>>,
    {
        let slots = self.fetch_all_into(keys, For::Reading, loader).await?;
        let mut values = Vec::with_capacity(slots.len());
        for slot in slots {
            values.push(self.fetched(slot)?);
        }
        Ok(values)
    }

    /// Loads or makes the values of these keys. Returns their entries.
    async fn fetch_all_into<K, I, Q, V, E, F>(
        &self,
        keys: Vec<K>,
        what_for: For,
        mut loader: impl FnMut(Vec<K>) -> F,
    ) -> Result<Vec<Arc<Slot<T>>>, E>
    where
        K: ToKey + Clone,
        I: IntoIterator<Item = (Q, V)>,
        Q: ToKey,
        V: Into<Fresh<T>>,
        E: From<Error>,
        F: Future<Output = Result<I, E>>,
    {
        let slots = self.slots(&keys)?;
        let (mut known, mut wanted, mut own) = (HashSet::new(), Vec::new(), Vec::new());
        for (key, slot) in keys.into_iter().zip(&slots) {
            if !known.insert(Arc::as_ptr(slot) as usize) {
                continue;
            }
            let slot = Arc::clone(slot);
            match slot.way_to_fetch() {
                WayToFetch::Known => {}
                WayToFetch::Load => wanted.push(Wanted { key, slot }),
                WayToFetch::Insert => own.push(Wanted { key, slot }),
            }
        }
        if !wanted.is_empty() {
            can_load(self.driver, &wanted[0].slot, self.def.options())?;
            let traced = self.traced(wanted.len());
            // Without a space there are no slots.
            let Some(fetch) = self.fetching(&traced, what_for) else { return Ok(slots) };
            for (slot, decoded) in traced.around(fetch.many(wanted, &mut loader)).await? {
                slot.install_anew(decoded);
            }
        }
        if !own.is_empty() {
            let made = loader(own.iter().map(|it| it.key.clone()).collect()).await?;
            let mut made: HashMap<_, Fresh<T>> =
                made.into_iter().map(|(key, value)| (key.to_key(), value.into())).collect();
            for Wanted { slot, .. } in own {
                if let Some(fresh) = made.remove(&slot.name.id.key) {
                    self.insert_fresh(&slot, fresh)?;
                }
            }
        }
        Ok(slots)
    }

    /// Loads or makes the value of an entry.
    async fn fetch_into<V, E, F>(
        &self,
        slot: &Arc<Slot<T>>,
        what_for: For,
        loader: impl FnOnce() -> F,
    ) -> Result<(), E>
    where
        V: Into<Fresh<T>>,
        E: From<Error>,
        F: Future<Output = Result<V, E>>,
    {
        match slot.way_to_fetch() {
            WayToFetch::Known => {}
            WayToFetch::Load => {
                can_load(self.driver, slot, self.def.options())?;
                let traced = self.traced(1);
                let Some(fetch) = self.fetching(&traced, what_for) else { return Ok(()) };
                let decoded = traced.around(fetch.one(slot, loader)).await?;
                slot.install_anew(decoded);
            }
            WayToFetch::Insert => self.insert_fresh(slot, loader().await?.into())?,
        }
        Ok(())
    }

    fn traced(&self, many: usize) -> Traced {
        Traced::fetch(&self.core.settings.namespace, self.def.name(), many)
    }

    fn fetching<'f>(&'f self, traced: &'f Traced, what_for: For) -> Option<Fetch<'f, D>> {
        let (core, driver, options) = (self.core, self.driver, self.def.options());
        let counting = &self.space.as_ref().ok()?.counting;
        Some(Fetch { core, driver, counting, traced, options, what_for })
    }

    /// Inserts what a loader returned for this session alone, unless the session has a value by now.
    fn insert_fresh(&self, slot: &Arc<Slot<T>>, fresh: Fresh<T>) -> Result<()> {
        match (fresh.value, slot.way_to_fetch()) {
            (Some(value), WayToFetch::Insert) => {
                self.core.insert(slot, self.def.options(), fresh.ttl, value)
            }
            _ => Ok(()),
        }
    }

    /// Returns the value that was loaded or made.
    fn fetched(&self, slot: Arc<Slot<T>>) -> Result<Option<Ref<'s, T>>> {
        match slot.read() {
            Ok(Peek::Is(value)) => {
                Ok(value.map(|value| Ref::new(&self.core.identity, slot, value)))
            }
            // A rollback made the entry what it was before its load.
            Ok(Peek::Unread) => Ok(None),
            Err(misuse) => Err(slot.misused("fetch", misuse)),
        }
    }

    /// Takes the value that was loaded or made.
    fn taken(&self, slot: &Arc<Slot<T>>) -> Result<Option<T>> {
        match slot.check_out(self.def.options()) {
            Ok(Peek::Is(lent)) => Ok(lent.value.map(|value| *value)),
            Ok(Peek::Unread) => Ok(None),
            Err(misuse) => Err(slot.misused("fetch", misuse)),
        }
    }
}

impl<D: Drive> Source<D> {
    /// Returns a value, and runs `loader` if there is none.
    pub(crate) async fn fetch<T, V, E, F>(
        &self,
        def: DictDef<T>,
        key: impl ToKey,
        loader: impl FnOnce() -> F,
    ) -> Result<Option<T>, E>
    where
        T: Tracked,
        V: Into<Fresh<T>>,
        E: From<Error>,
        F: Future<Output = Result<V, E>>,
    {
        let unit = self.unit(VerifyFirst::No);
        let dict = Dict::new(&unit, def);
        let slot = dict.slot(&key)?;
        drop(key);
        dict.fetch_into(&slot, For::Writing, loader).await?;
        // The session ends here, so the value can be taken out of it.
        Ok(dict.taken(&slot)?)
    }

    /// Returns values in the order of the keys, and runs `loader` for those that this call is to
    /// make.
    pub(crate) async fn fetch_many<T, K, I, Q, V, E, F>(
        &self,
        def: DictDef<T>,
        keys: Vec<K>,
        loader: impl FnMut(Vec<K>) -> F,
    ) -> Result<Vec<Option<T>>, E>
    where
        T: Tracked,
        K: ToKey + Clone,
        I: IntoIterator<Item = (Q, V)>,
        Q: ToKey,
        V: Into<Fresh<T>>,
        E: From<Error>,
        F: Future<Output = Result<I, E>>,
    {
        let unit = self.unit(VerifyFirst::No);
        let dict = Dict::new(&unit, def);
        let slots = dict.fetch_all_into(keys, For::Writing, loader).await?;
        let mut values = Vec::with_capacity(slots.len());
        let mut places = HashMap::new();
        for (index, slot) in slots.into_iter().enumerate() {
            values.push(match places.insert(Arc::as_ptr(&slot) as usize, index) {
                None => dict.taken(&slot)?,
                // The key was given before. Its value is in the list, so this is another copy.
                Some(_) => slot.loaded(),
            });
        }
        Ok(values)
    }
}
