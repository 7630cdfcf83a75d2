//! The stores, one upon the other: incidents, faults, the ledger, and a real store.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, AtomicU32, Ordering},
};

use memdict::{Cache, MemcachedStore, MemoryStore, Retry, Store};
use memdict_tests::{FaultyStore, Lives, Memcached, PATIENCE};

use super::{
    between::{Between, Meddling},
    ledger::{By, Ledger, when_up},
    record::{Place, Record, Touching},
};

/// The stores under the one where incidents happen, and who else uses them.
#[derive(Debug)]
pub(crate) struct Behind {
    pub(crate) faulty: FaultyStore<Arc<Ledger>>,
    pub(crate) ledger: Arc<Ledger>,
    /// Somebody else's: to it nothing happens.
    other: Cache,
    server: Option<Mutex<Memcached>>,
    updates: AtomicU32,
    /// Whether a real server has begun anew, and connections to the old one are still at hand.
    is_unsettled: AtomicBool,
}

/// All of it, and two caches over it.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) behind: Arc<Behind>,
    pub(crate) between: Arc<Between>,
    lenient: Cache,
    strict: Cache,
    /// Whether the store tells one life of its server from another.
    pub(crate) tells_lives: bool,
}

impl Stage {
    pub(crate) fn on_memory(lives: Lives) -> Self {
        let ledger = Arc::new(Ledger::new(Arc::new(MemoryStore::new())));
        let faulty = FaultyStore::with_lives(Arc::clone(&ledger), lives);
        Self { tells_lives: lives == Lives::Told, ..Self::of(faulty, ledger, None) }
    }

    pub(crate) fn on_memcached() -> Self {
        let server = Memcached::start();
        let store = MemcachedStore::new([server.address()]).expect("the address is well formed");
        let store = store.timeout(PATIENCE).connect_timeout(PATIENCE);
        let ledger = Arc::new(Ledger::new(Arc::new(store)));
        Self::of(FaultyStore::new(Arc::clone(&ledger)), ledger, Some(Mutex::new(server)))
    }

    fn of(
        faulty: FaultyStore<Arc<Ledger>>,
        ledger: Arc<Ledger>,
        server: Option<Mutex<Memcached>>,
    ) -> Self {
        let other = Cache::builder()
            .strict(true)
            .open_store(Arc::clone(&ledger) as _)
            .expect("no option of a store is set");
        let behind = Arc::new(Behind {
            faulty,
            ledger,
            other,
            server,
            updates: AtomicU32::new(0),
            is_unsettled: AtomicBool::new(false),
        });
        let between = Arc::new(Between::new(Arc::clone(&behind)));
        let cache = |strict| {
            let retry = Retry { backoff: std::time::Duration::ZERO, ..Retry::default() };
            let store: Arc<dyn Store> = Arc::clone(&between) as _;
            Cache::builder()
                .strict(strict)
                .retry(retry)
                .open_store(store)
                .expect("no option of a store is set")
        };
        let (lenient, strict) = (cache(false), cache(true));
        Self { behind, between, lenient, strict, tells_lives: true }
    }

    pub(crate) fn cache(&self, strict: bool) -> &Cache {
        if strict { &self.strict } else { &self.lenient }
    }

    /// Empty, with nothing planned.
    pub(crate) fn reset(&self) {
        self.between.clear();
        self.behind.faulty.clear();
        self.behind.meddle(Meddling::DeleteAll, Place::nth(0));
        self.behind.ledger.clear();
        self.behind.updates.store(0, Ordering::Relaxed);
    }
}

impl Behind {
    /// The number of a new update.
    pub(crate) fn update(&self) -> u32 {
        self.updates.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Whether no connection to a server that ended is at hand.
    pub(crate) fn is_settled(&self) -> bool {
        !self.is_unsettled.load(Ordering::Relaxed)
    }

    /// Waits until the server is used again.
    pub(crate) fn settle(&self) {
        if self.is_unsettled.swap(false, Ordering::Relaxed) {
            self.ledger.check();
        }
    }

    /// Somebody else does something.
    pub(crate) fn meddle(&self, meddling: Meddling, place: Place) {
        let by = self.ledger.by(By::Other);
        match meddling {
            Meddling::Add | Meddling::Put => self.write(place, meddling == Meddling::Put),
            Meddling::Delete => self.delete([place]),
            Meddling::DeleteAll => {
                self.delete(Place::all().filter(|place| self.ledger.now(*place).is_some()));
            }
            Meddling::Restart => self.restart(),
            Meddling::Return => {
                let number = self.ledger.now(place).map_or(0, |version| version.number);
                self.restart();
                // Not for ever: it is the first few that meet.
                (0..number.min(20)).for_each(|_| self.write(place, true));
            }
        }
        self.ledger.by(by);
    }

    fn write(&self, place: Place, anew: bool) {
        let update = self.update();
        when_up(|| {
            let session = self.other.session();
            let dict = session.dict(place.dict().name());
            if anew {
                dict.insert(place.key(), Record::of(update))?;
            } else {
                dict.entry(place.key())?.or_default().add(update, Touching::Neither);
            }
            session.commit()
        });
    }

    fn delete(&self, places: impl IntoIterator<Item = Place>) {
        let places: Vec<_> = places.into_iter().collect();
        when_up(|| {
            let session = self.other.session();
            for place in &places {
                session.dict::<Record>(place.dict().name()).remove(place.key())?;
            }
            session.commit()
        });
    }

    fn restart(&self) {
        match &self.server {
            Some(server) => {
                server.lock().unwrap_or_else(PoisonError::into_inner).restart();
                self.ledger.begin_life();
                self.is_unsettled.store(true, Ordering::Relaxed);
            }
            None => {
                self.delete(Place::all().filter(|place| self.ledger.now(*place).is_some()));
                self.faulty.restart();
                self.ledger.begin_life();
            }
        }
    }
}
