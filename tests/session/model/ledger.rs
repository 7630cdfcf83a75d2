//! The lowest store: it records every change that was really made, and who made it.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use memdict::{
    Applied, ApplyOut, Cache, Caps, Change, Condition, Expiry, Load, LoadOut, Lookup, MemoryStore,
    Op, Store, StoreError, Unusable,
};
use memdict_tests::{Got, load_when_up};

use super::{
    program::{Form, OldRecord, Program},
    record::{HOUR, Place, Record},
};

/// A version of a record, or a tombstone. No two have the same bytes, because each write has its own nonce.
#[derive(Clone)]
pub(crate) struct Version {
    pub(crate) bytes: Arc<[u8]>,
    pub(crate) content: Content,
    /// The life of the server in which it was stored.
    pub(crate) life: u32,
    /// How many values were stored in that life so far, including this one.
    pub(crate) number: u32,
}

/// What stored bytes are.
#[derive(Debug, Clone)]
pub(crate) enum Content {
    /// A record in the form of this program.
    Value(Arc<Record>, Program),
    Tombstone,
}

impl Version {
    /// Returns the record, if a program can read it.
    pub(crate) fn read_by(&self, program: Program) -> Option<&Record> {
        match &self.content {
            Content::Value(record, writer) if program.reads(*writer) => Some(record),
            _ => None,
        }
    }

    pub(crate) fn is_tombstone(&self) -> bool {
        matches!(self.content, Content::Tombstone)
    }

    /// Returns whether it is of a newer program than this one.
    pub(crate) fn is_newer_than(&self, program: Program) -> bool {
        !self.is_tombstone() && self.read_by(program).is_none()
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes && self.life == other.life
    }
}

/// Does not show the bytes.
impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.content {
            Content::Value(record, writer) => {
                let Record { updates, left, right, .. } = &**record;
                write!(f, "{writer:?}: {updates:?}, {left} and {right}")?;
            }
            Content::Tombstone => f.write_str("a tombstone")?,
        }
        write!(f, ", of life {}", self.life)
    }
}

/// A change that was made.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) place: Place,
    pub(crate) before: Option<Version>,
    pub(crate) after: Option<Version>,
    pub(crate) by: By,
}

/// Who made a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    /// The commit that is being watched.
    Commit,
    /// Another client, or an eviction.
    Other,
}

/// Passes all operations on to another store, and records what was done.
#[derive(Debug)]
pub(crate) struct Ledger {
    inner: Arc<dyn Store>,
    book: Mutex<Book>,
    reader: Reader,
}

#[derive(Debug)]
struct Book {
    now: [Option<Version>; Place::COUNT],
    life: u32,
    stored: u32,
    by: By,
    lines: Vec<Line>,
}

impl Ledger {
    pub(crate) fn new(inner: Arc<dyn Store>) -> Self {
        let book =
            Book { now: Default::default(), life: 1, stored: 0, by: By::Other, lines: Vec::new() };
        Self { inner, book: Mutex::new(book), reader: Reader::new() }
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns what a place holds now.
    pub(crate) fn now(&self, place: Place) -> Option<Version> {
        self.book().now[place.number()].clone()
    }

    /// Returns how often the server has restarted.
    pub(crate) fn life(&self) -> u32 {
        self.book().life
    }

    /// Returns how many changes were made so far.
    pub(crate) fn len(&self) -> usize {
        self.book().lines.len()
    }

    /// Returns the changes since there were this many.
    pub(crate) fn since(&self, from: usize) -> Vec<Line> {
        self.book().lines[from..].to_vec()
    }

    /// Sets who makes the changes from now on. Returns who made them so far.
    pub(crate) fn by(&self, by: By) -> By {
        std::mem::replace(&mut self.book().by, by)
    }

    /// Records that the server has restarted and is empty.
    pub(crate) fn begin_life(&self) {
        for place in Place::all() {
            self.note(place, None);
        }
        let mut book = self.book();
        (book.life, book.stored) = (book.life + 1, 0);
    }

    /// Forgets everything about an empty store.
    pub(crate) fn clear(&self) {
        let mut book = self.book();
        assert!(book.now.iter().all(Option::is_none), "it is not empty");
        book.lines.clear();
    }

    /// Checks its records against what is really stored.
    pub(crate) fn check(&self) {
        for place in Place::all() {
            let now = self.now(place).map(|version| version.bytes);
            assert_eq!(self.look(place).as_deref(), now.as_deref(), "{place:?} is not as noted");
        }
    }

    fn look(&self, place: Place) -> Option<Vec<u8>> {
        match load_when_up(&*self.inner, place.wire().as_bytes()) {
            Got::Hit(bytes, _) => Some(bytes),
            Got::Miss => None,
        }
    }

    fn note(&self, place: Place, bytes: Option<&[u8]>) {
        let content = bytes.map(|bytes| self.reader.read(place, bytes));
        let mut book = self.book();
        book.stored += u32::from(bytes.is_some());
        let Book { life, stored: number, by, .. } = *book;
        let after = bytes.zip(content).map(|(bytes, content)| {
            let bytes = bytes.into();
            Version { bytes, content, life, number }
        });
        let before = std::mem::replace(&mut book.now[place.number()], after.clone());
        if before.is_some() || after.is_some() {
            book.lines.push(Line { place, before, after, by });
        }
    }

    fn apply(
        &self,
        change: &Change<'_>,
        out: &mut (dyn FnMut(Result<Applied, StoreError>) + Send),
    ) {
        let place = Place::of_wire(change.key);
        let (new, expiry) = match change.op {
            Op::Store { bytes, expiry } => (Some(bytes), expiry),
            _ => (None, Expiry::Never),
        };
        if let Some((place, bytes)) = place.zip(new) {
            let is_tombstone = matches!(self.reader.read(place, bytes), Content::Tombstone);
            let expires = is_tombstone.then_some(HOUR).into();
            assert_eq!(expiry, expires, "only tombstones expire");
        }
        self.inner.apply_many(&[*change], &mut |_, outcome| {
            let Some(place) = place else { return out(outcome) };
            match outcome {
                Ok(Applied::Stored | Applied::Deleted) => self.note(place, new),
                Ok(Applied::Gone) => assert!(self.now(place).is_none(), "{place:?} is gone"),
                // A server that ended may have made the change before.
                Err(StoreError::Unknown(_)) => {
                    let found = self.look(place);
                    let known = self.now(place).map(|version| version.bytes);
                    if found.as_deref() != known.as_deref() {
                        assert_eq!(
                            found.as_deref(),
                            new,
                            "{place:?} is neither as before nor as after"
                        );
                        self.note(place, new);
                    }
                }
                _ => {}
            }
            out(outcome);
        });
    }
}

impl Store for Ledger {
    fn load_many(&self, loads: &[Load<'_>], out: &mut LoadOut<'_>) {
        self.inner.load_many(loads, out);
    }

    fn apply_many(&self, changes: &[Change<'_>], out: &mut ApplyOut<'_>) {
        for (index, change) in changes.iter().enumerate() {
            self.apply(change, &mut |outcome| out(index, outcome));
        }
    }

    fn caps(&self) -> Caps {
        self.inner.caps()
    }
}

/// Reads stored bytes, wherever they come from.
#[derive(Debug)]
struct Reader {
    store: Arc<MemoryStore>,
    cache: Cache,
}

impl Reader {
    fn new() -> Self {
        let store = Arc::new(MemoryStore::new());
        let cache = Cache::builder()
            .strict(true)
            .open_store(Arc::clone(&store) as _)
            .expect("no option of a store is set");
        Self { store, cache }
    }

    fn read(&self, place: Place, bytes: &[u8]) -> Content {
        let wire = place.wire();
        let what = Op::Store { bytes, expiry: Expiry::Never };
        let change = Change::new(wire.as_bytes(), what, Condition::Always);
        self.store.apply_many(&[change], &mut |_, outcome| assert!(outcome.is_ok()));
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

/// Returns what `call` returns once the server is used again: one that was found down is left alone
/// for a moment.
pub(crate) fn when_up<T>(mut call: impl FnMut() -> memdict::Result<T>) -> T {
    for _ in 0..5_000 {
        match call() {
            Err(memdict::Error::Unavailable { .. }) => thread::sleep(Duration::from_millis(2)),
            outcome => return outcome.expect("nobody is in the way"),
        }
    }
    panic!("the server is not used again")
}
