//! The stores, one above the other: incidents, faults, the ledger, and a real store.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, AtomicU32, Ordering},
};

use memdict::{Change, Condition, ConflictCause, Error, MemoryStore, Op, Retry, Store, StoreError};
use memdict_tests::{Cache, FaultyStore, Lives, Memcached, Waiting, memcached_on};

use super::{
    between::{Between, Meddling},
    counts::Number,
    ledger::{By, Ledger, when_up},
    program::{Form, OldRecord},
    record::{Place, Record, Touching, generation_wire},
    version::Version,
};

/// The stores below the one where incidents happen, and who else uses them.
#[derive(Debug)]
pub(crate) struct Behind {
    pub(crate) faulty: FaultyStore<Arc<Ledger>>,
    pub(crate) ledger: Arc<Ledger>,
    /// The cache of another client, to which no incident happens.
    other: memdict::Cache,
    server: Option<Mutex<Memcached>>,
    updates: AtomicU32,
    /// Whether a real server has restarted, and connections to the old one may still be used.
    is_unsettled: AtomicBool,
}

/// All stores, and two caches on them.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) behind: Arc<Behind>,
    pub(crate) between: Arc<Between>,
    lenient: Cache,
    strict: Cache,
    /// What the store tells of the lives of its server.
    pub(crate) lives: Lives,
}

impl Stage {
    pub(crate) fn on_memory(lives: Lives) -> Self {
        let ledger = Arc::new(Ledger::new(Arc::new(MemoryStore::new())));
        let faulty = FaultyStore::with_lives(Arc::clone(&ledger), lives);
        Self { lives, ..Self::of(faulty, ledger, None) }
    }

    pub(crate) fn on_memcached() -> Self {
        let server = Memcached::start();
        let store = Arc::new(memcached_on([server.address()]));
        Self::on(server, store)
    }

    /// Makes the same with the engine for tasks.
    pub(crate) fn on_memcached_in_tasks() -> Self {
        let server = Memcached::start();
        let store = Arc::new(Waiting(memcached_on([server.address()])));
        Self::on(server, store).in_tasks()
    }

    fn on(server: Memcached, store: Arc<dyn Store>) -> Self {
        let ledger = Arc::new(Ledger::new(store));
        Self::of(FaultyStore::new(Arc::clone(&ledger)), ledger, Some(Mutex::new(server)))
    }

    /// Returns this with caches for tasks.
    pub(crate) fn in_tasks(self) -> Self {
        let (lenient, strict) = (self.lenient.in_tasks(), self.strict.in_tasks());
        Self { lenient, strict, ..self }
    }

    fn of(
        faulty: FaultyStore<Arc<Ledger>>,
        ledger: Arc<Ledger>,
        server: Option<Mutex<Memcached>>,
    ) -> Self {
        let other = memdict::Cache::builder()
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
            let builder = memdict::Cache::builder().strict(strict).retry(retry);
            Cache::Blocking(builder.open_store(store).expect("no option of a store is set"))
        };
        let (lenient, strict) = (cache(false), cache(true));
        Self { behind, between, lenient, strict, lives: Lives::Told }
    }

    pub(crate) fn cache(&self, strict: bool) -> &Cache {
        if strict { &self.strict } else { &self.lenient }
    }

    /// Empties the stores and cancels all plans.
    pub(crate) fn reset(&self) {
        self.between.clear();
        self.behind.faulty.clear();
        self.behind.meddle(Meddling::DeleteAll, Place::nth(0));
        self.behind.ledger.clear();
        self.behind.updates.store(0, Ordering::Relaxed);
    }
}

impl Behind {
    /// Returns the number of a new update.
    pub(crate) fn update(&self) -> u32 {
        self.updates.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Returns whether no connection to a server that ended can still be used.
    pub(crate) fn is_settled(&self) -> bool {
        !self.is_unsettled.load(Ordering::Relaxed)
    }

    /// Waits until the server is used again.
    pub(crate) fn settle(&self) {
        if self.is_unsettled.swap(false, Ordering::Relaxed) {
            self.ledger.check();
        }
    }

    /// Lets another client do something.
    pub(crate) fn meddle(&self, meddling: Meddling, place: Place) {
        let by = self.ledger.by(By::Other);
        match meddling {
            Meddling::Add => self.write::<Record>(place, false),
            Meddling::AddOld => self.write::<OldRecord>(place, false),
            Meddling::Put => self.write::<Record>(place, true),
            Meddling::PutOld => self.write::<OldRecord>(place, true),
            Meddling::Remove => self.remove(place),
            Meddling::Touch => self.touch(place),
            Meddling::Clear => self.clear(),
            Meddling::LoseGeneration => self.delete_raw(&generation_wire()),
            Meddling::Invalidate => self.invalidate(place),
            Meddling::Delete => self.delete([place]),
            Meddling::DeleteAll => {
                self.delete(Place::all().filter(|place| self.ledger.now(*place).is_some()));
                self.delete_numbers();
            }
            Meddling::Reconnect => self.reconnect(),
            Meddling::Restart => self.restart(),
            Meddling::Return => {
                let number = self.ledger.now(place).map_or(0, |version| version.number);
                self.restart();
                // The number is limited, because only the first few versions meet.
                (0..number.min(20)).for_each(|_| self.write::<Record>(place, true));
            }
        }
        self.ledger.by(by);
    }

    fn write<T: Form>(&self, place: Place, anew: bool) {
        let update = self.update();
        let is_newer = |now: Version| now.is_newer_than(T::PROGRAM);
        let stays = !anew && self.ledger.now(place).is_some_and(is_newer);
        when_up(|| {
            let session = self.other.session();
            // Its rules do not matter, because nobody is in the way; but its generation does.
            let dict = match place.is_clearable() {
                true => session.dict(T::dict(place)),
                false => session.dict::<T>(place.dict().name()),
            };
            if anew {
                dict.insert(place.key(), Record::of(update).into())?;
            } else {
                dict.entry(place.key())?.or_default().add(update, Touching::Neither);
            }
            match session.commit() {
                Err(Error::Conflict { conflicts, .. }) if stays => {
                    assert_eq!(conflicts[0].cause, ConflictCause::NewerSchema);
                    Ok(())
                }
                Ok(_) => {
                    assert!(!stays, "{place:?} is replaced by an old program");
                    Ok(())
                }
                Err(error) => Err(error),
            }
        });
    }

    fn remove(&self, place: Place) {
        when_up(|| {
            let session = self.other.session();
            session.dict(place.dict()).remove(place.key())?;
            session.commit()
        });
    }

    fn touch(&self, place: Place) {
        when_up(|| {
            let session = self.other.session();
            session.dict(place.dict()).touch(place.key())?;
            session.commit()
        });
    }

    fn invalidate(&self, place: Place) {
        when_up(|| {
            let session = self.other.session();
            session.dict(place.dict()).invalidate(place.key())?;
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

    fn delete_numbers(&self) {
        self.delete_raw(&generation_wire());
        Number::all().for_each(|number| self.delete_raw(&number.wire()));
    }

    /// Deletes what no entry is.
    fn delete_raw(&self, wire: &str) {
        when_up(|| {
            let change = Change::new(wire.as_bytes(), Op::Delete, Condition::Always);
            let mut outcome = Err(StoreError::Down("no answer".into()));
            self.ledger.apply_many(&[change], &mut |_, applied| outcome = applied);
            outcome
        });
    }

    fn clear(&self) {
        let before = self.ledger.generation();
        when_up(|| self.other.clear(Place::clearable().dict()));
        assert_ne!(self.ledger.generation(), before, "it has another generation");
    }

    /// Makes tokens hold no longer, where they hold on one connection. On a real server, pooled
    /// connections see to that.
    fn reconnect(&self) {
        if self.server.is_none() {
            self.faulty.reconnect();
        }
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
                self.delete_numbers();
                self.faulty.restart();
                self.ledger.begin_life();
            }
        }
    }
}
