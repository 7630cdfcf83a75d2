//! The entries of a session: one for each key. Each dictionary has one type.

use std::{
    any::{Any, TypeId},
    collections::HashMap,
    sync::{Arc, OnceLock},
};

use foldhash::fast::RandomState;
use indexmap::IndexMap;
use parking_lot::Mutex;

use super::{any_slot::AnySlot, generation::Generation, slot::Slot};
use crate::{
    codec::Limits,
    counters::{CacheCounting, Counting},
    def::options::DictOptions,
    entry_id::EntryId,
    error::Error,
    key::{
        Key, ToKey,
        name::{Name, push_name},
        with_form,
    },
    track::{Schema, Tracked},
};

/// All dictionaries that a session has used.
#[derive(Default)]
pub(crate) struct Identity {
    dicts: Mutex<HashMap<String, DictRecord, RandomState>>,
}

/// The state of one dictionary name.
struct DictRecord {
    type_id: TypeId,
    type_name: &'static str,
    /// The options of the first definition; `None` as long as only links have used the name.
    options: Option<DictOptions>,
    /// A `Space<T>` of that type.
    space: Arc<dyn AnySpace>,
}

/// Why a dictionary cannot be used as requested.
pub(crate) enum NoSpace {
    /// The name is used with another type.
    OtherType { is: &'static str },
    /// A type inside the dictionary's type has a serde attribute that the codec cannot decode.
    NeedsNames { what: &'static str },
}

/// Whether a definition of a name agrees with the first one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Agreement {
    Same,
    Differ,
}

impl Identity {
    /// Returns the entries of the dictionary with this name. A definition passes `options`, a link
    /// passes `None`.
    pub(crate) fn space<T: Tracked>(
        &self,
        name: &str,
        options: Option<DictOptions>,
        namespace: &str,
        counting: &CacheCounting,
    ) -> Result<(Arc<Space<T>>, Agreement), NoSpace> {
        let mut dicts = self.dicts.lock();
        if let Some(dict) = dicts.get_mut(name) {
            let other_type = NoSpace::OtherType { is: dict.type_name };
            if dict.type_id != TypeId::of::<T>() {
                return Err(other_type);
            }
            let space: Arc<dyn Any + Send + Sync> = Arc::clone(&dict.space) as _;
            let space: Arc<Space<T>> = space.downcast().map_err(|_| other_type)?;
            space.defined(options);
            let differ = options.is_some_and(|it| *dict.options.get_or_insert(it) != it);
            let agreement = if differ { Agreement::Differ } else { Agreement::Same };
            return Ok((space, agreement));
        }
        if let Some(what) = Schema::of::<T>().needs_names {
            return Err(NoSpace::NeedsNames { what });
        }
        let space = Arc::new(Space::new(name, namespace, counting));
        space.defined(options);
        let dict = DictRecord {
            type_id: TypeId::of::<T>(),
            type_name: std::any::type_name::<T>(),
            options,
            space: Arc::clone(&space) as _,
        };
        dicts.insert(name.to_owned(), dict);
        Ok((space, Agreement::Same))
    }

    /// Returns all entries of all dictionaries.
    pub(crate) fn entries(&self) -> Vec<Arc<dyn AnySlot>> {
        self.dicts.lock().values().flat_map(|dict| dict.space.entries()).collect()
    }

    /// Returns the counters of the dictionary with this name, if the session has used it.
    pub(crate) fn counting(&self, name: &str) -> Option<Arc<Counting>> {
        self.dicts.lock().get(name).map(|dict| dict.space.counting())
    }

    /// Returns the names of all dictionaries.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = self.dicts.lock().keys().cloned().collect();
        names.sort_unstable();
        names
    }
}

/// The entries of one dictionary.
pub(crate) struct Space<T: Tracked> {
    name: Arc<str>,
    /// The beginning of all full keys.
    prefix: Vec<u8>,
    schema: Schema,
    pub(crate) counting: Arc<Counting>,
    /// The limits of the first definition, and its trained dictionary; none as long as only links have
    /// used the name.
    reading: OnceLock<(Limits, Option<&'static [u8]>)>,
    /// The generation, if a definition says that the dictionary can be cleared.
    generation: OnceLock<Arc<Generation>>,
    /// The entries, in the order in which they were created. Their memory was allocated in that
    /// order, so dropping them frees it in order.
    slots: Mutex<IndexMap<Key, Arc<Slot<T>>, RandomState>>,
}

/// A dictionary of any type.
trait AnySpace: Any + Send + Sync {
    fn entries(&self) -> Vec<Arc<dyn AnySlot>>;

    fn counting(&self) -> Arc<Counting>;
}

impl<T: Tracked> AnySpace for Space<T> {
    fn entries(&self) -> Vec<Arc<dyn AnySlot>> {
        self.slots.lock().values().map(|slot| Arc::clone(slot) as _).collect()
    }

    fn counting(&self) -> Arc<Counting> {
        Arc::clone(&self.counting)
    }
}

impl<T: Tracked> Space<T> {
    fn new(name: &str, namespace: &str, counting: &CacheCounting) -> Self {
        let mut prefix = Vec::new();
        push_name(namespace, &mut prefix);
        push_name(name, &mut prefix);
        let name = name.into();
        Self {
            counting: counting.of(&name),
            name,
            prefix,
            schema: Schema::of::<T>(),
            reading: OnceLock::new(),
            generation: OnceLock::new(),
            slots: Mutex::default(),
        }
    }

    /// Takes the options of a definition, as far as they are those of the first one.
    fn defined(&self, options: Option<DictOptions>) {
        let Some(options) = options else { return };
        self.reading.get_or_init(|| (options.limits, options.packing.trained));
        // A name that is too long makes every key an error.
        if options.clearable
            && self.generation.get().is_none()
            && let Ok(generation) = Generation::of(&self.name, &self.prefix)
        {
            self.generation.get_or_init(|| Arc::new(generation));
        }
    }

    /// Reserves space for this many more entries.
    pub(crate) fn reserve(&self, entries: usize) {
        self.slots.lock().reserve(entries);
    }

    /// Returns the one entry of this key.
    pub(crate) fn slot(&self, key: &impl ToKey) -> Result<Arc<Slot<T>>, Error> {
        with_form(key, |form| {
            let mut slots = self.slots.lock();
            if let Some(slot) = slots.get(form.as_slice()) {
                return Ok(Arc::clone(slot));
            }
            let name = Name::new(&self.name, &self.prefix, form).map_err(|reason| {
                let id = EntryId::new(&self.name, Key::of(form));
                Error::Key { id, reason }
            })?;
            let reading = self.reading.get().copied().unwrap_or((Limits::DEFAULT, None));
            let key = name.id.key.clone();
            let generation = self.generation.get().cloned();
            let slot = Arc::new(Slot::new(name, self.schema, reading, generation));
            slots.insert(key, Arc::clone(&slot));
            Ok(slot)
        })
    }
}
