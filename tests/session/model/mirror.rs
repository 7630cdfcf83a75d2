//! What one session should know: the same calls, made on plain records.

use std::collections::BTreeSet;

use memdict::{Entry as There, Error, Lookup, OnConflict, Result, Unusable};
use memdict_tests::Session;

use super::{
    ledger::Version,
    program::{Form, OldRecord, Program},
    record::{Place, Record, Touching},
    stage::Stage,
};

/// A call for one key.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Act {
    Get,
    /// Changes the value.
    Add(Touching),
    /// Changes the value, or creates it.
    OrAdd(Touching),
    /// Borrows the value for writing, and does not change it.
    Touch,
    Revert,
    Insert,
    Remove,
    /// Removes the value if there is one.
    RemoveEntry,
    ReadCurrent,
}

/// What the store held when the session looked.
#[derive(Debug, Clone, Default)]
pub(crate) enum Seen {
    #[default]
    Unread,
    Nothing,
    Unreachable,
    Tombstone(Version),
    /// A value of a newer program.
    Newer(Version),
    Value(Version, Record),
}

/// What a session should know about a key.
#[derive(Debug, Clone, Default)]
pub(crate) struct Entry {
    pub(crate) seen: Seen,
    pub(crate) now: Option<Record>,
    /// Whether it was removed, so that a commit has to act on it.
    removed: bool,
    /// Whether it was borrowed for writing, inserted or removed.
    listed: bool,
}

/// What a commit should do about a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Want {
    Nothing,
    Unchanged,
    Store(Record),
    Delete,
}

impl Entry {
    fn is_unknown(&self) -> bool {
        matches!(self.seen, Seen::Unread) && self.now.is_none() && !self.removed
    }

    /// Returns the version of the value that was loaded.
    pub(crate) fn base(&self) -> Option<&Version> {
        match &self.seen {
            Seen::Value(version, _) => Some(version),
            _ => None,
        }
    }

    /// Returns the value that was loaded.
    pub(crate) fn loaded_record(&self) -> Option<&Record> {
        match &self.seen {
            Seen::Value(_, record) => Some(record),
            _ => None,
        }
    }

    /// Returns the version of what the session saw, if the store held anything.
    pub(crate) fn version(&self) -> Option<&Version> {
        match &self.seen {
            Seen::Value(version, _) | Seen::Tombstone(version) | Seen::Newer(version) => {
                Some(version)
            }
            Seen::Unread | Seen::Nothing | Seen::Unreachable => None,
        }
    }

    /// Returns whether this state is the one that was seen. A tombstone that has expired means the
    /// same as before.
    pub(crate) fn has_seen(&self, state: Option<&Version>) -> bool {
        let expired = matches!(self.seen, Seen::Tombstone(_)) && state.is_none();
        expired || state == self.version()
    }

    fn load(&mut self, program: Program, reached: bool, found: Option<Version>) {
        self.seen = match found {
            _ if !reached => Seen::Unreachable,
            None => Seen::Nothing,
            Some(version) if version.is_tombstone() => Seen::Tombstone(version),
            Some(version) => match version.read_by(program).cloned() {
                Some(record) => Seen::Value(version, record),
                None => Seen::Newer(version),
            },
        };
        self.as_seen();
    }

    fn as_seen(&mut self) {
        self.now = self.loaded_record().cloned();
        self.removed = false;
    }

    fn remove(&mut self, place: Place) {
        self.now = None;
        let is_known_absent = matches!(self.seen, Seen::Nothing | Seen::Tombstone(_));
        self.removed = place.buries() || !is_known_absent;
    }

    fn put(&mut self, record: Record) {
        self.now = Some(record);
        self.removed = false;
    }

    /// Restores what it was at a savepoint. What was loaded since stays loaded.
    fn go_back(&mut self, then: &Self) {
        self.listed = then.listed;
        if then.is_unknown() {
            self.as_seen();
        } else {
            (self.now, self.removed) = (then.now.clone(), then.removed);
        }
    }

    pub(crate) fn want(&self) -> Want {
        match (&self.now, self.loaded_record()) {
            _ if !self.listed => Want::Nothing,
            (Some(now), Some(loaded)) if now == loaded => Want::Unchanged,
            (Some(now), _) => Want::Store(now.clone()),
            (None, _) if self.removed => Want::Delete,
            (None, _) => Want::Nothing,
        }
    }

    /// Returns whether a commit has anything to send for it.
    pub(crate) fn changes(&self) -> bool {
        matches!(self.want(), Want::Store(_) | Want::Delete)
    }

    /// Returns whether it is changed, although only a newer program can read it.
    pub(crate) fn is_kept(&self) -> bool {
        self.changes() && matches!(self.seen, Seen::Newer(_))
    }

    /// Returns whether a change of it is made whatever the store holds.
    pub(crate) fn is_blind(&self, place: Place) -> bool {
        let last = place.on_conflict() == OnConflict::LastWriteWins;
        match (self.want(), &self.seen) {
            (_, Seen::Unread) => true,
            (_, Seen::Newer(_)) => false,
            (Want::Delete, Seen::Nothing | Seen::Tombstone(_) | Seen::Unreachable) => true,
            (Want::Store(_), Seen::Value(..)) => {
                last && place.on_vanished() == memdict::OnVanished::Recreate
            }
            _ => last,
        }
    }
}

/// Whether a commit checks all values that its changes depend on before it sends the first.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) enum Verify {
    #[default]
    No,
    Yes,
    IfSeveral,
}

/// What a session should know.
#[derive(Debug, Default)]
pub(crate) struct Mirror {
    pub(crate) strict: bool,
    pub(crate) program: Program,
    pub(crate) verify: Verify,
    pub(crate) entries: [Entry; Place::COUNT],
    pub(crate) current: BTreeSet<Place>,
    pub(crate) savepoints: Vec<[Entry; Place::COUNT]>,
}

impl Mirror {
    pub(crate) fn new(strict: bool, program: Program) -> Self {
        Self { strict, program, ..Self::default() }
    }

    pub(crate) fn entry(&self, place: Place) -> &Entry {
        &self.entries[place.number()]
    }

    /// Returns whether it checks all values that its changes depend on before it sends the first. A
    /// transaction does so if it has such a change and any other.
    pub(crate) fn verifies(&self) -> bool {
        let depends = |place: &Place| {
            let entry = self.entry(*place);
            entry.changes() && !entry.is_blind(*place)
        };
        match self.verify {
            Verify::No => false,
            Verify::Yes => true,
            Verify::IfSeveral => {
                let changes = self.entries.iter().filter(|entry| entry.changes()).count();
                changes > 1 && Place::all().any(|place| depends(&place))
            }
        }
    }

    pub(crate) fn savepoint(&mut self) {
        self.savepoints.push(self.entries.clone());
    }

    /// Rolls back to the savepoint of this number, which is then the last one.
    pub(crate) fn roll_back_to(&mut self, number: usize) {
        self.savepoints.truncate(number + 1);
        for (entry, then) in self.entries.iter_mut().zip(&self.savepoints[number]) {
            entry.go_back(then);
        }
    }

    /// Makes a call, both of the session and here, and compares the results.
    pub(crate) fn act(
        &mut self,
        stage: &Stage,
        session: &Session,
        place: Place,
        act: Act,
        update: u32,
    ) {
        let unreachable = || stage.cache(self.strict).counters().unreachable;
        let before = unreachable();
        let got = match self.program {
            Program::Old => call::<OldRecord>(session, place, act, update),
            Program::New => call::<Record>(session, place, act, update),
        };
        let reached = unreachable() == before;
        let entry = &mut self.entries[place.number()];
        if let Err(Error::Unavailable { .. }) = got {
            assert!(self.strict && !reached && entry.is_unknown(), "{place:?} is not to be loaded");
            return;
        }
        let got = got.expect("the call is allowed");
        let reads = !matches!(act, Act::Insert | Act::Remove);
        if reads && entry.is_unknown() {
            entry.load(self.program, reached, stage.behind.ledger.now(place));
            if matches!(entry.seen, Seen::Newer(_)) {
                let found = session.dict(OldRecord::dict(place)).lookup(place.key());
                let is_newer = |why: &_| matches!(why, Unusable::NewerSchema { .. });
                let is_told = matches!(&found, Ok(Lookup::Unusable(why)) if is_newer(why));
                assert!(is_told || !matches!(act, Act::Get), "{place:?} is newer: {found:?}");
            }
        } else {
            assert!(reached, "{place:?} was loaded again");
        }
        if reads && !matches!(act, Act::ReadCurrent) {
            assert_eq!(got, entry.now, "{place:?} at {act:?}");
        }
        entry.listed |= !matches!(act, Act::Get | Act::ReadCurrent);
        match (act, &mut entry.now) {
            (Act::Add(touching) | Act::OrAdd(touching), Some(record)) => {
                record.add(update, self.program.touching(touching));
            }
            (Act::OrAdd(_), None) | (Act::Insert, _) => entry.put(Record::of(update)),
            (Act::Revert, Some(_)) => entry.as_seen(),
            (Act::Remove, _) | (Act::RemoveEntry, Some(_)) => entry.remove(place),
            (Act::ReadCurrent, _) => drop(self.current.insert(place)),
            _ => {}
        }
    }
}

/// Makes the call. Returns the previous value, if the call tells.
fn call<T: Form>(session: &Session, place: Place, act: Act, update: u32) -> Result<Option<Record>> {
    let (dict, key) = (session.dict(T::dict(place)), place.key());
    let created = || T::from(Record::of(update));
    let copy = |value: &T| -> Option<Record> { Some(value.clone().into()) };
    Ok(match act {
        Act::Get => dict.get(key)?.and_then(|value| copy(&value)),
        Act::Add(touching) => match dict.get_mut(key)? {
            Some(mut value) => {
                let before = copy(&value);
                value.add(update, touching);
                before
            }
            None => None,
        },
        Act::OrAdd(touching) => match dict.entry(key)? {
            There::Occupied(there) => {
                let before = copy(there.get());
                there.into_mut().add(update, touching);
                before
            }
            vacant @ There::Vacant(_) => {
                vacant.or_insert(created());
                None
            }
        },
        Act::Touch => match dict.get_mut(key)? {
            Some(mut value) => {
                let same = value.clone();
                *value = same.clone();
                copy(&same)
            }
            None => None,
        },
        Act::Revert => match dict.get_mut(key)? {
            Some(value) => {
                let before = copy(&value);
                value.revert()?;
                before
            }
            None => None,
        },
        Act::Insert => {
            dict.insert(key, created())?;
            None
        }
        Act::Remove => {
            dict.remove(key)?;
            None
        }
        Act::RemoveEntry => match dict.entry(key)? {
            There::Occupied(there) => {
                let before = copy(there.get());
                there.remove();
                before
            }
            There::Vacant(_) => None,
        },
        Act::ReadCurrent => {
            dict.read_current(key)?;
            None
        }
    })
}
