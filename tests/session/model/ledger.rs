//! The lowest store: it records every change that was really made, and who made it.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use memdict::{
    Applied, ApplyOut, Caps, Change, Expiry, Load, LoadOut, Loaded, Op, Store, StoreError,
};

use super::{
    counts::{Counted, Number},
    reader::Reader,
    record::{HOUR, Place, generation_wire, is_generation},
    version::{Content, Version},
};

/// A change that was made.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) place: Place,
    pub(crate) before: Option<Version>,
    pub(crate) after: Option<Version>,
    pub(crate) by: By,
    /// When the stored value expires.
    pub(crate) expiry: Expiry,
}

impl Line {
    /// Returns whether nobody reads what it did, because the dictionary was cleared and has this
    /// generation now. A deletion is of a value that was void, or is void to whoever made it.
    pub(crate) fn is_of_no_consequence(&self, now: Option<u64>) -> bool {
        let is_void = |after: &Version| Some(after.generation) != now;
        self.place.is_clearable() && self.after.as_ref().is_none_or(is_void)
    }

    /// Returns whether it made a value stale.
    pub(crate) fn is_invalidation(&self) -> bool {
        self.after.as_ref().is_some_and(|after| after.is_stale)
    }
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
    /// The places whose end of life the commit that is being watched has set.
    touched: Vec<Place>,
    numbers: [Option<u64>; Number::COUNT],
    /// The generation of the dictionary that can be cleared, and each that it has had, with the
    /// number of changes before it.
    generation: Option<u64>,
    generations: Vec<(usize, Option<u64>)>,
    /// The counts that the commit that is being watched has made.
    counted: Vec<Counted>,
}

impl Ledger {
    pub(crate) fn new(inner: Arc<dyn Store>) -> Self {
        let book = Book {
            now: Default::default(),
            life: 1,
            stored: 0,
            by: By::Other,
            lines: Vec::new(),
            touched: Vec::new(),
            numbers: Default::default(),
            generation: None,
            generations: Vec::new(),
            counted: Vec::new(),
        };
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

    /// Begins to watch a commit, which makes the changes from now on.
    pub(crate) fn watch(&self) {
        let mut book = self.book();
        book.touched.clear();
        book.counted.clear();
        book.generations = vec![(book.lines.len(), book.generation)];
        book.by = By::Commit;
    }

    /// Returns the places whose end of life the watched commit has set.
    pub(crate) fn touched(&self) -> Vec<Place> {
        self.book().touched.clone()
    }

    /// Returns the generation of the dictionary that can be cleared.
    pub(crate) fn generation(&self) -> Option<u64> {
        self.book().generation
    }

    /// Returns each generation since the watched commit began, with the number of changes before it.
    pub(crate) fn generations(&self) -> Vec<(usize, Option<u64>)> {
        self.book().generations.clone()
    }

    /// Records another generation.
    fn note_generation(&self, applied: Applied) {
        let generation = match applied {
            Applied::Counted(number) => Some(number),
            _ => None,
        };
        let mut book = self.book();
        if book.generation == generation {
            return;
        }
        book.generation = generation;
        let from = book.lines.len();
        book.generations.push((from, generation));
        let clearable = book.now.iter_mut().zip(Place::all()).filter(|(_, it)| it.is_clearable());
        clearable.for_each(|(now, _)| {
            now.iter_mut().for_each(|now| now.is_void = Some(now.generation) != generation);
        });
    }

    /// Returns the counts that the watched commit has made.
    pub(crate) fn counted(&self) -> Vec<Counted> {
        self.book().counted.clone()
    }

    /// Sets who makes the changes from now on. Returns who made them so far.
    pub(crate) fn by(&self, by: By) -> By {
        std::mem::replace(&mut self.book().by, by)
    }

    /// Records that the server has restarted and is empty.
    pub(crate) fn begin_life(&self) {
        for place in Place::all() {
            self.note(place, Op::Delete);
        }
        self.note_generation(Applied::Gone);
        let mut book = self.book();
        (book.life, book.stored) = (book.life + 1, 0);
        book.numbers = Default::default();
    }

    /// Forgets everything about an empty store.
    pub(crate) fn clear(&self) {
        let mut book = self.book();
        let is_empty = book.now.iter().all(Option::is_none);
        assert!(
            is_empty && book.generation.is_none() && book.numbers.iter().all(Option::is_none),
            "it is not empty"
        );
        book.lines.clear();
    }

    /// Checks its records against what is really stored.
    pub(crate) fn check(&self) {
        for place in Place::all() {
            let now = self.now(place).map(|version| (version.bytes.to_vec(), version.is_stale));
            assert_eq!(self.look(&place.wire()), now, "{place:?} is not as noted");
        }
        let found = self.look_at_number(&generation_wire());
        assert_eq!(found, self.generation(), "the generation is not as noted");
        for number in Number::all() {
            let found = self.look_at_number(&number.wire());
            assert_eq!(found, self.book().numbers[number.index()], "{number:?} is not as noted");
        }
    }

    fn look_at_number(&self, wire: &str) -> Option<u64> {
        self.look(wire).map(|(bytes, _)| {
            String::from_utf8_lossy(&bytes).trim_end().parse().expect("it is a number")
        })
    }

    /// Returns what is stored, and whether it is stale.
    fn look(&self, wire: &str) -> Option<(Vec<u8>, bool)> {
        when_up(|| {
            let mut found = Ok(None);
            self.inner.load_many(&[Load::new(wire.as_bytes())], &mut |_, loaded| {
                found = loaded.map(|loaded| match loaded {
                    Loaded::Hit { bytes, stale, .. } => Some((bytes.to_vec(), stale)),
                    _ => None,
                });
            });
            found
        })
    }

    /// Records what became of a place by a change that was made.
    fn note(&self, place: Place, op: Op<'_>) {
        let stored = match op {
            Op::Store { bytes, .. } => Some((bytes, self.reader.read(place, bytes))),
            _ => None,
        };
        let mut book = self.book();
        book.stored += u32::from(stored.is_some());
        let Book { life, stored: number, by, generation: present, .. } = *book;
        let after = match (op, stored) {
            (Op::Invalidate { .. }, _) => {
                book.now[place.number()].as_ref().map(Version::invalidated)
            }
            (_, stored) => stored.map(|(bytes, content)| {
                let generation = Reader::generation(bytes);
                let is_void = place.is_clearable() && Some(generation) != present;
                let (bytes, is_stale, invalidations) = (bytes.into(), false, 0);
                Version {
                    bytes,
                    content,
                    life,
                    number,
                    is_stale,
                    invalidations,
                    generation,
                    is_void,
                }
            }),
        };
        let before = std::mem::replace(&mut book.now[place.number()], after.clone());
        if before.is_some() || after.is_some() {
            let expiry = match op {
                Op::Store { expiry, .. } => expiry,
                _ => Expiry::Never,
            };
            book.lines.push(Line { place, before, after, by, expiry });
        }
    }

    /// Records that an end of life was set. A store may take a stale value for another one then.
    fn note_touch(&self, place: Place) {
        let mut book = self.book();
        let by = book.by;
        match &mut book.now[place.number()] {
            Some(now) => now.invalidations += u32::from(now.is_stale),
            // While a value is made, its placeholder is touched.
            None => assert_eq!(by, By::Other, "{place:?} is touched, and has no value"),
        }
        if by == By::Commit {
            book.touched.push(place);
        }
    }

    /// Records what became of a number.
    fn note_number(&self, number: Number, op: Op<'_>, applied: Applied) {
        let mut book = self.book();
        let now = book.numbers[number.index()];
        book.numbers[number.index()] = match applied {
            Applied::Deleted | Applied::Gone => None,
            applied => {
                let counted = Counted::of(number, now, op, applied, book.lines.len());
                let now = counted.now();
                if book.by == By::Commit {
                    book.counted.push(counted);
                }
                Some(now)
            }
        };
    }

    fn apply(
        &self,
        change: &Change<'_>,
        out: &mut (dyn FnMut(Result<Applied, StoreError>) + Send),
    ) {
        let place = Place::of_wire(change.key);
        if let (Some(place), Op::Store { bytes, expiry }) = (place, change.op)
            && matches!(self.reader.read(place, bytes), Content::Tombstone)
        {
            assert_eq!(expiry, Expiry::After(HOUR), "tombstones expire");
        }
        self.inner.apply_many(&[*change], &mut |_, outcome| {
            let Some(place) = place else {
                match &outcome {
                    Ok(applied) if is_generation(change.key) => self.note_generation(*applied),
                    _ => {}
                }
                if let (Some(number), Ok(applied)) = (Number::of_wire(change.key), &outcome) {
                    self.note_number(number, change.op, *applied);
                }
                return out(outcome);
            };
            match outcome {
                Ok(Applied::Stored | Applied::Deleted | Applied::Invalidated) => {
                    self.note(place, change.op);
                }
                Ok(Applied::Touched) => self.note_touch(place),
                Ok(Applied::Gone) => assert!(self.now(place).is_none(), "{place:?} is gone"),
                // A server that ended may have made the change before.
                Err(StoreError::Unknown(_)) => {
                    let of = |it: Version| (it.bytes.to_vec(), it.is_stale);
                    let (found, known) = (self.look(&place.wire()), self.now(place).map(of));
                    if found != known {
                        self.note(place, change.op);
                        let now = self.now(place).map(of);
                        assert_eq!(found, now, "{place:?} is neither as before nor as after");
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

/// An error of a call.
pub(crate) trait Failure: fmt::Debug {
    /// Returns whether the server was not reached.
    fn is_outage(&self) -> bool;
}

impl Failure for memdict::Error {
    fn is_outage(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }
}

impl Failure for StoreError {
    fn is_outage(&self) -> bool {
        matches!(self, Self::Down(_))
    }
}

/// Returns what `call` returns once the server is used again: one that was found down is left alone
/// for a moment.
pub(crate) fn when_up<T, E: Failure>(mut call: impl FnMut() -> Result<T, E>) -> T {
    for _ in 0..5_000 {
        match call() {
            Err(error) if error.is_outage() => thread::sleep(Duration::from_millis(2)),
            outcome => return outcome.expect("nobody is in the way"),
        }
    }
    panic!("the server is not used again")
}
