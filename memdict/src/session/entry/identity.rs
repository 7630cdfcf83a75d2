//! The entries of a session: one for each key, of one type for each dictionary.

use std::{
    any::{Any, TypeId},
    collections::HashMap,
    sync::Arc,
};

use foldhash::fast::RandomState;
use indexmap::IndexMap;
use parking_lot::Mutex;

use super::{any_slot::AnySlot, slot::Slot};
use crate::{
    def::Policy,
    error::{Error, Result},
    key::{
        Key, ToKey,
        name::{Name, push_name},
        with_form,
    },
    track::{Schema, Tracked},
};

/// All dictionaries that a session has met.
#[derive(Default)]
pub(crate) struct Identity {
    spaces: Mutex<HashMap<String, Known, RandomState>>,
}

struct Known {
    type_id: TypeId,
    type_name: &'static str,
    /// Of the first definition; none as long as only links have named it.
    policy: Option<Policy>,
    /// A `Space<T>` of that type.
    space: Arc<dyn AnySpace>,
}

/// What the identity map says to a definition.
pub(crate) enum Met<T: Tracked> {
    Space {
        space: Arc<Space<T>>,
        /// Whether an earlier definition of the name has other options.
        differs: bool,
    },
    /// The name belongs to another type.
    OtherType { is: &'static str },
    /// Deep in the type is a serde attribute that the codec cannot decode.
    NeedsNames { what: &'static str },
}

impl Identity {
    /// The dictionary of this name. A definition has a `policy` too, a link has none.
    pub(crate) fn meet<T: Tracked>(
        &self,
        name: &str,
        policy: Option<Policy>,
        namespace: &str,
    ) -> Met<T> {
        let mut spaces = self.spaces.lock();
        if let Some(known) = spaces.get_mut(name) {
            let other_type = Met::OtherType { is: known.type_name };
            if known.type_id != TypeId::of::<T>() {
                return other_type;
            }
            let differs =
                policy.is_some_and(|policy| *known.policy.get_or_insert(policy) != policy);
            let space: Arc<dyn Any + Send + Sync> = Arc::clone(&known.space) as _;
            return match space.downcast() {
                Ok(space) => Met::Space { space, differs },
                Err(_) => other_type,
            };
        }
        if let Some(what) = Schema::of::<T>().needs_names {
            return Met::NeedsNames { what };
        }
        let space = Arc::new(Space::new(name, namespace));
        let known = Known {
            type_id: TypeId::of::<T>(),
            type_name: std::any::type_name::<T>(),
            policy,
            space: Arc::clone(&space) as _,
        };
        spaces.insert(name.to_owned(), known);
        Met::Space { space, differs: false }
    }

    /// All entries of all dictionaries.
    pub(crate) fn entries(&self) -> Vec<Arc<dyn AnySlot>> {
        self.spaces.lock().values().flat_map(|known| known.space.entries()).collect()
    }

    /// The names of all dictionaries.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = self.spaces.lock().keys().cloned().collect();
        names.sort_unstable();
        names
    }
}

/// The entries of one dictionary.
pub(crate) struct Space<T: Tracked> {
    name: Arc<str>,
    /// What all full keys begin with.
    prefix: Vec<u8>,
    schema: Schema,
    /// In the order in which they were met, which is that of their memory: so freeing them leaves
    /// it in order.
    slots: Mutex<IndexMap<Key, Arc<Slot<T>>, RandomState>>,
}

/// What can be asked of a dictionary of whatever type.
trait AnySpace: Any + Send + Sync {
    fn entries(&self) -> Vec<Arc<dyn AnySlot>>;
}

impl<T: Tracked> AnySpace for Space<T> {
    fn entries(&self) -> Vec<Arc<dyn AnySlot>> {
        self.slots.lock().values().map(|slot| Arc::clone(slot) as _).collect()
    }
}

impl<T: Tracked> Space<T> {
    fn new(name: &str, namespace: &str) -> Self {
        let mut prefix = Vec::new();
        push_name(namespace, &mut prefix);
        push_name(name, &mut prefix);
        Self { name: name.into(), prefix, schema: Schema::of::<T>(), slots: Mutex::default() }
    }

    /// Makes room for so many more entries at once.
    pub(crate) fn reserve(&self, entries: usize) {
        self.slots.lock().reserve(entries);
    }

    /// The one entry of this key.
    pub(crate) fn slot(&self, key: &impl ToKey) -> Result<Arc<Slot<T>>> {
        with_form(key, |form| {
            let mut slots = self.slots.lock();
            if let Some(slot) = slots.get(form.as_slice()) {
                return Ok(Arc::clone(slot));
            }
            let name = Name::new(&self.name, &self.prefix, form).map_err(|reason| {
                let (dict, key) = (self.name.to_string(), Key::of(form).to_string());
                Error::Key { dict, key, reason }
            })?;
            let key = name.key.clone();
            let slot = Arc::new(Slot::new(name, self.schema));
            slots.insert(key, Arc::clone(&slot));
            Ok(slot)
        })
    }
}
