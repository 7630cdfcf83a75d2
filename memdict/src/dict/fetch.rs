//! Reads through the cache, for all drivers: what is missing is made by the caller's loader.

use std::sync::Arc;

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
            slot::{Peek, Slot, WayToFetch},
            state::For,
        },
        fetch::{ask::Fetch, fresh::Fresh},
        source::Source,
    },
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
                let decoded = self.fetching(what_for).one(slot, loader).await?;
                slot.install_anew(decoded);
            }
            WayToFetch::Insert => self.insert_fresh(slot, loader().await?.into())?,
        }
        Ok(())
    }

    fn fetching(&self, what_for: For) -> Fetch<'s, D> {
        Fetch { core: self.core, driver: self.driver, options: self.def.options(), what_for }
    }

    /// Inserts what a loader returned for this session alone, unless the session has a value by now.
    fn insert_fresh(&self, slot: &Arc<Slot<T>>, fresh: Fresh<T>) -> Result<()> {
        match (fresh.value, slot.way_to_fetch()) {
            (Some(value), WayToFetch::Insert) => self.core.insert(slot, self.def.options(), value),
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
}
