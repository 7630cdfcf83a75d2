//! Every call of a dictionary, written once for all drivers.

use std::sync::Arc;

use super::entry::{Entry, OccupiedEntry, VacantEntry};
use crate::{
    def::DictDef,
    error::{Error, Result},
    key::ToKey,
    session::{
        core::Core,
        drive::{Drive, Outcome, Soon},
        entry::{
            guard::{Held, Ref, RefMut},
            identity::{Met, Space},
            slot::{Known, Slot},
            state::{For, Misuse},
        },
        load::load,
        unit::Unit,
    },
    track::Tracked,
};

/// A dictionary in a session.
pub(crate) struct Dict<'s, T: Tracked, D> {
    core: &'s Core,
    driver: &'s D,
    pub(super) def: DictDef<T>,
    met: Met<T>,
}

impl<'s, T: Tracked, D: Drive> Dict<'s, T, D> {
    pub(crate) fn new(unit: &'s Unit<D>, def: DictDef<T>) -> Self {
        let Unit { core, driver, .. } = unit;
        let met = core.identity.meet(def.name(), Some(def.policy()), &core.settings.namespace);
        if let Met::Space { differs: true, .. } = &met {
            core.settings.definitions_differ(def.name());
        }
        Self { core, driver, def, met }
    }

    /// To read from, by a name that says nothing of options.
    pub(crate) fn of_links(unit: &'s Unit<D>, name: &str) -> Self {
        let Unit { core, driver, .. } = unit;
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

    /// What `call`, of this name, gives of an entry, as `then` makes it: at once if something is
    /// known of the entry, else after a load.
    #[inline(always)]
    fn known<R, O>(
        &self,
        name: &'static str,
        slot: Result<Arc<Slot<T>>>,
        what_for: For,
        call: impl Fn(&Slot<T>) -> Result<Known<R>, Misuse>,
        then: impl FnOnce(Arc<Slot<T>>, R) -> O,
    ) -> impl Outcome<Output = Result<O>> {
        let slot = match slot {
            Ok(slot) => slot,
            Err(error) => return Soon::Known(Err(error)),
        };
        match call(&slot) {
            Ok(Known::Is(got)) => Soon::Known(Ok(then(slot, got))),
            Err(misuse) => Soon::Known(Err(slot.misused(name, misuse))),
            Ok(Known::NotYet) => Soon::Later(async move {
                loop {
                    self.load(std::slice::from_ref(&slot), what_for).await?;
                    match call(&slot) {
                        Ok(Known::Is(got)) => return Ok(then(slot, got)),
                        // It was rolled back to before its load.
                        Ok(Known::NotYet) => {}
                        Err(misuse) => return Err(slot.misused(name, misuse)),
                    }
                }
            }),
        }
    }

    #[inline(always)]
    fn read(
        &self,
        name: &'static str,
        slot: Result<Arc<Slot<T>>>,
    ) -> impl Outcome<Output = Result<Option<Ref<'s, T>>>> {
        let core = self.core;
        self.known(name, slot, For::Reading, Slot::read, |slot, value| {
            value.map(|value| Ref::new(&core.identity, slot, value))
        })
    }

    #[inline(always)]
    fn check_out<O>(
        &self,
        name: &'static str,
        key: impl ToKey,
        then: impl FnOnce(Held<'s, T>) -> O,
    ) -> impl Outcome<Output = Result<O>> {
        let (core, policy) = (self.core, self.def.policy());
        let slot = self.slot(&key).and_then(|slot| core.keep(&slot).map(|()| slot));
        let check_out = move |slot: &Slot<T>| slot.check_out(policy);
        self.known(name, slot, For::Writing, check_out, move |slot, lent| {
            then(core.lend(slot, lent))
        })
    }

    #[inline(always)]
    pub(crate) fn get(&self, key: impl ToKey) -> impl Outcome<Output = Result<Option<Ref<'s, T>>>> {
        self.read("get", self.slot(&key))
    }

    #[inline(always)]
    pub(crate) fn get_mut(
        &self,
        key: impl ToKey,
    ) -> impl Outcome<Output = Result<Option<RefMut<'s, T>>>> {
        self.check_out("get_mut", key, |held| held.value.is_some().then(|| RefMut::new(held)))
    }

    #[inline(always)]
    pub(crate) fn entry(&self, key: impl ToKey) -> impl Outcome<Output = Result<Entry<'s, T>>> {
        self.check_out("entry", key, |held| {
            if held.value.is_some() {
                Entry::Occupied(OccupiedEntry { held })
            } else {
                Entry::Vacant(VacantEntry { held })
            }
        })
    }

    pub(crate) fn insert(&self, key: impl ToKey, value: T) -> Result<()> {
        self.core.insert(&self.slot(&key)?, &self.def, value)
    }

    pub(crate) fn remove(&self, key: impl ToKey) -> Result<()> {
        self.core.remove(&self.slot(&key)?, &self.def)
    }

    pub(crate) fn contains_key(&self, key: impl ToKey) -> impl Outcome<Output = Result<bool>> {
        let slot = self.slot(&key);
        self.known("contains_key", slot, For::Writing, Slot::holds_value, |_, holds| holds)
    }

    pub(crate) fn read_current(&self, key: impl ToKey) -> impl Outcome<Output = Result<()>> {
        let (core, slot) = (self.core, self.slot(&key));
        self.known("read_current", slot, For::Reading, Slot::keep_current, move |slot, is_news| {
            if is_news {
                core.keep_current(&slot);
            }
        })
    }

    pub(crate) async fn get_many<K: ToKey>(
        &self,
        keys: impl IntoIterator<Item = K>,
    ) -> Result<Vec<Option<Ref<'s, T>>>> {
        let slots = self.slots(keys)?;
        self.load(&slots, For::Reading).await?;
        let mut values = Vec::with_capacity(slots.len());
        for slot in slots {
            values.push(self.read("get_many", Ok(slot)).later().await?);
        }
        Ok(values)
    }

    pub(crate) async fn prefetch<K: ToKey>(&self, keys: impl IntoIterator<Item = K>) -> Result<()> {
        let slots = self.slots(keys)?;
        self.load(&slots, For::Writing).await
    }
}
