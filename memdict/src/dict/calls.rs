//! The body of every call of a dictionary, written once for all drivers.

use std::sync::Arc;

use super::entry::{Entry, OccupiedEntry, VacantEntry};
use crate::{
    def::{DictDef, options::DictOptions, ttl::Ttl},
    entry_id::EntryId,
    error::{Error, Result},
    key::ToKey,
    lookup::Lookup,
    session::{
        core::Core,
        drive::{Drive, Outcome, Soon},
        entry::{
            guard::{Held, Ref, RefMut},
            identity::{Agreement, NoSpace, Space},
            slot::{Peek, Slot},
            state::{For, Misuse},
        },
        load::load,
        settings::Settings,
        unit::Unit,
    },
    track::Tracked,
};

// What calls return.
type Read<'s, T> = Result<Option<Ref<'s, T>>>;
type Lent<'s, T> = Result<Option<RefMut<'s, T>>>;
type LookedUp<'s, T> = Result<Lookup<Ref<'s, T>>>;

/// A dictionary in a session.
pub(crate) struct Dict<'s, T: Tracked, D> {
    pub(super) core: &'s Core,
    pub(super) driver: &'s D,
    pub(super) def: DictDef<T>,
    pub(super) space: Result<Arc<Space<T>>, NoSpace>,
}

impl<'s, T: Tracked, D: Drive> Dict<'s, T, D> {
    pub(crate) fn new(unit: &'s Unit<D>, def: DictDef<T>) -> Self {
        let options = Some(def.options());
        Self::with_options(unit, def, options)
    }

    /// Returns a dictionary to read from, by a name without options.
    pub(crate) fn of_links(unit: &'s Unit<D>, name: &str) -> Self {
        Self::with_options(unit, name.into(), None)
    }

    fn with_options(unit: &'s Unit<D>, def: DictDef<T>, options: Option<DictOptions>) -> Self {
        let () = DictDef::<T>::FITS_THE_CODEC;
        let Unit { core, driver, .. } = unit;
        let Settings { namespace, counting, .. } = &*core.settings;
        let space = core.identity.space(def.name(), options, namespace, counting);
        let space = space.map(|(space, agreement)| {
            if agreement == Agreement::Differ {
                core.settings.definitions_differ(def.name());
            }
            space
        });
        Self { core, driver, def, space }
    }

    fn space(&self, key: &impl ToKey) -> Result<&Space<T>> {
        match &self.space {
            Ok(space) => Ok(space),
            Err(NoSpace::OtherType { is }) => Err(Error::WrongType {
                id: self.name_of(key),
                is,
                asked: std::any::type_name::<T>(),
            }),
            Err(NoSpace::NeedsNames { what }) => Err(Error::Config {
                option: format!("dictionary `{}`", self.def.name()),
                reason: (*what).to_owned(),
            }),
        }
    }

    /// Returns the name of an entry, even if its key cannot be used.
    pub(super) fn name_of(&self, key: &impl ToKey) -> EntryId {
        EntryId::new(&self.def.name().into(), key.to_key())
    }

    /// Returns the entry of a key, which need not be loaded.
    pub(super) fn slot(&self, key: &impl ToKey) -> Result<Arc<Slot<T>>> {
        self.space(key)?.slot(key)
    }

    pub(super) fn slots<K: ToKey>(
        &self,
        keys: impl IntoIterator<Item = K>,
    ) -> Result<Vec<Arc<Slot<T>>>> {
        let keys = keys.into_iter();
        if let Ok(space) = &self.space {
            // A size hint may be wrong, so it cannot reserve unlimited memory.
            space.reserve(keys.size_hint().0.min(1 << 16));
        }
        keys.map(|key| self.slot(&key)).collect()
    }

    pub(super) async fn load(&self, slots: &[Arc<Slot<T>>], what_for: For) -> Result<()> {
        match &self.space {
            Ok(space) => {
                let options = self.def.options();
                load(self.core, self.driver, &space.counting, slots, what_for, options).await
            }
            // Then there are no slots.
            Err(_) => Ok(()),
        }
    }

    /// Runs `call`, named `name`, on an entry and converts its result with `then`: at once if the
    /// entry was loaded or written, else after a load.
    #[inline(always)]
    fn known<R, O>(
        &self,
        name: &'static str,
        slot: Result<Arc<Slot<T>>>,
        what_for: For,
        call: impl Fn(&Slot<T>) -> Result<Peek<R>, Misuse>,
        then: impl FnOnce(Arc<Slot<T>>, R) -> O,
    ) -> Soon<Result<O>, impl Future<Output = Result<O>>> {
        let slot = match slot {
            Ok(slot) => slot,
            Err(error) => return Soon::Known(Err(error)),
        };
        match call(&slot) {
            Ok(Peek::Is(got)) => Soon::Known(Ok(then(slot, got))),
            Err(misuse) => Soon::Known(Err(slot.misused(name, misuse))),
            Ok(Peek::Unread) => Soon::Later(async move {
                loop {
                    self.load(std::slice::from_ref(&slot), what_for).await?;
                    match call(&slot) {
                        Ok(Peek::Is(got)) => return Ok(then(slot, got)),
                        // A rollback made the entry what it was before its load.
                        Ok(Peek::Unread) => {}
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
    ) -> Soon<Read<'s, T>, impl Future<Output = Read<'s, T>>> {
        let core = self.core;
        self.known(name, slot, For::Reading, Slot::read, |slot, value| {
            value.map(|value| Ref::new(&core.identity, slot, value))
        })
    }

    #[inline(always)]
    fn check_out<O>(
        &self,
        name: &'static str,
        slot: Result<Arc<Slot<T>>>,
        then: impl FnOnce(Held<'s, T>) -> O,
    ) -> Soon<Result<O>, impl Future<Output = Result<O>>> {
        let (core, options) = (self.core, self.def.options());
        let slot = slot.and_then(|slot| core.keep(&slot).map(|()| slot));
        let check_out = move |slot: &Slot<T>| slot.check_out(options);
        self.known(name, slot, For::Writing, check_out, move |slot, lent| {
            then(core.lend(slot, lent))
        })
    }

    #[inline(always)]
    pub(crate) fn get(
        &self,
        key: impl ToKey,
    ) -> Soon<Read<'s, T>, impl Future<Output = Read<'s, T>>> {
        self.read("get", self.slot(&key))
    }

    pub(crate) fn lookup(
        &self,
        key: impl ToKey,
    ) -> Soon<LookedUp<'s, T>, impl Future<Output = LookedUp<'s, T>>> {
        let (core, slot) = (self.core, self.slot(&key));
        self.known("lookup", slot, For::Reading, Slot::look_up, |slot, found| match found {
            Lookup::Hit(value) => Lookup::Hit(Ref::new(&core.identity, slot, value)),
            Lookup::Absent => Lookup::Absent,
            Lookup::Unusable(why) => Lookup::Unusable(why),
            Lookup::Unreachable(why) => Lookup::Unreachable(why),
        })
    }

    #[inline(always)]
    pub(crate) fn get_mut(
        &self,
        key: impl ToKey,
    ) -> Soon<Lent<'s, T>, impl Future<Output = Lent<'s, T>>> {
        self.check_out("get_mut", self.slot(&key), |held| {
            held.value.is_some().then(|| RefMut::new(held))
        })
    }

    #[inline(always)]
    pub(crate) fn entry(
        &self,
        key: impl ToKey,
    ) -> Soon<Result<Entry<'s, T>>, impl Future<Output = Result<Entry<'s, T>>>> {
        self.enter(self.slot(&key))
    }

    /// Returns the entry of a slot of this dictionary.
    pub(super) fn entry_in(
        &self,
        slot: Arc<Slot<T>>,
    ) -> Soon<Result<Entry<'s, T>>, impl Future<Output = Result<Entry<'s, T>>>> {
        self.enter(Ok(slot))
    }

    #[inline(always)]
    fn enter(
        &self,
        slot: Result<Arc<Slot<T>>>,
    ) -> Soon<Result<Entry<'s, T>>, impl Future<Output = Result<Entry<'s, T>>>> {
        self.check_out("entry", slot, |held| {
            if held.value.is_some() {
                Entry::Occupied(OccupiedEntry { held })
            } else {
                Entry::Vacant(VacantEntry { held })
            }
        })
    }

    pub(crate) fn insert(&self, key: impl ToKey, value: T) -> Result<()> {
        self.core.insert(&self.slot(&key)?, self.def.options(), None, value)
    }

    pub(crate) fn insert_with_ttl(&self, key: impl ToKey, value: T, ttl: Ttl) -> Result<()> {
        self.core.insert(&self.slot(&key)?, self.def.options(), Some(ttl), value)
    }

    pub(crate) fn invalidate(&self, key: impl ToKey) -> Result<()> {
        self.core.invalidate(&self.slot(&key)?, self.def.options())
    }

    pub(crate) fn touch(&self, key: impl ToKey) -> Result<()> {
        self.core.touch(&self.slot(&key)?, self.def.options())
    }

    pub(crate) fn remove(&self, key: impl ToKey) -> Result<()> {
        self.core.remove(&self.slot(&key)?, self.def.options())
    }

    pub(crate) fn contains_key(
        &self,
        key: impl ToKey,
    ) -> Soon<Result<bool>, impl Future<Output = Result<bool>>> {
        let slot = self.slot(&key);
        self.known("contains_key", slot, For::Writing, Slot::holds_value, |_, holds| holds)
    }

    pub(crate) fn read_current(
        &self,
        key: impl ToKey,
    ) -> Soon<Result<()>, impl Future<Output = Result<()>>> {
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
