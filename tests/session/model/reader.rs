//! Reads stored bytes, wherever they come from.

use std::sync::Arc;

use memdict::{Cache, Change, Condition, Expiry, Lookup, MemoryStore, Op, Store, Unusable};

use super::{
    program::{Form, OldRecord, Program},
    record::{Place, Record, generation_wire},
    version::Content,
};

/// Reads stored bytes, wherever they come from.
#[derive(Debug)]
pub(crate) struct Reader {
    store: Arc<MemoryStore>,
    cache: Cache,
}

impl Reader {
    pub(crate) fn new() -> Self {
        let store = Arc::new(MemoryStore::new());
        let cache = Cache::builder()
            .strict(true)
            .open_store(Arc::clone(&store) as _)
            .expect("no option of a store is set");
        Self { store, cache }
    }

    /// Returns the generation that stored bytes say they are of: the field at 16 in the envelope.
    pub(crate) fn generation(bytes: &[u8]) -> u64 {
        let field = bytes[16..24].try_into().expect("eight bytes");
        u64::from_le_bytes(field)
    }

    fn store(&self, wire: &str, bytes: &[u8]) {
        let what = Op::Store { bytes, expiry: Expiry::Never };
        let change = Change::new(wire.as_bytes(), what, Condition::Always);
        self.store.apply_many(&[change], &mut |_, outcome| assert!(outcome.is_ok()));
    }

    pub(crate) fn read(&self, place: Place, bytes: &[u8]) -> Content {
        self.store(&place.wire(), bytes);
        self.store(&generation_wire(), Self::generation(bytes).to_string().as_bytes());
        match self.look_up::<OldRecord>(place) {
            Lookup::Hit(record) => Content::Value(Arc::new(record), Program::Old),
            Lookup::Absent => Content::Tombstone,
            Lookup::Unusable(Unusable::NewerSchema { .. }) => match self.look_up::<Record>(place) {
                Lookup::Hit(record) => Content::Value(Arc::new(record), Program::New),
                other => panic!("a newer value is {other:?}"),
            },
            other => panic!("what was stored is {other:?}"),
        }
    }

    fn look_up<T: Form>(&self, place: Place) -> Lookup<Record> {
        let session = self.cache.session();
        let found = session.dict(T::dict(place)).lookup(place.key());
        match found.expect("the embedded store is up") {
            Lookup::Hit(record) => Lookup::Hit(T::clone(&record).into()),
            Lookup::Unusable(why) => Lookup::Unusable(why),
            Lookup::Absent => Lookup::Absent,
            other => panic!("the embedded store is {other:?}"),
        }
    }
}
