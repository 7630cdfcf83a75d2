//! What one session should know: the same calls, made on plain records.

use std::collections::BTreeSet;

use memdict::{Entry as There, Error, OnConflict, Result};
use memdict_tests::Session;

use super::{
    ledger::Version,
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
    Value(Version),
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

    pub(crate) fn base(&self) -> Option<&Version> {
        match &self.seen {
            Seen::Value(version) => Some(version),
            _ => None,
        }
    }

    fn loaded(&mut self, reached: bool, found: Option<Version>) {
        self.seen = match found {
            _ if !reached => Seen::Unreachable,
            Some(version) => Seen::Value(version),
            None => Seen::Nothing,
        };
        self.as_seen();
    }

    fn as_seen(&mut self) {
        self.now = self.base().map(|version| (*version.record).clone());
        self.removed = false;
    }

    fn remove(&mut self) {
        self.now = None;
        self.removed = !matches!(self.seen, Seen::Nothing);
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
        match (&self.now, self.base()) {
            _ if !self.listed => Want::Nothing,
            (Some(now), Some(base)) if now == &*base.record => Want::Unchanged,
            (Some(now), _) => Want::Store(now.clone()),
            (None, _) if self.removed => Want::Delete,
            (None, _) => Want::Nothing,
        }
    }

    /// Returns whether a commit has anything to send for it.
    pub(crate) fn changes(&self) -> bool {
        matches!(self.want(), Want::Store(_) | Want::Delete)
    }

    /// Returns whether a change of it is made whatever the store holds.
    pub(crate) fn is_blind(&self, place: Place) -> bool {
        let last = place.on_conflict() == OnConflict::LastWriteWins;
        match (self.want(), &self.seen) {
            (_, Seen::Unread) => true,
            (Want::Delete, Seen::Unreachable) => true,
            (Want::Store(_), Seen::Value(_)) => {
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
    pub(crate) verify: Verify,
    pub(crate) entries: [Entry; Place::COUNT],
    pub(crate) current: BTreeSet<Place>,
    pub(crate) savepoints: Vec<[Entry; Place::COUNT]>,
}

impl Mirror {
    pub(crate) fn new(strict: bool) -> Self {
        Self { strict, ..Self::default() }
    }

    pub(crate) fn entry(&self, place: Place) -> &Entry {
        &self.entries[place.number()]
    }

    /// Returns whether it checks all values that its changes depend on before it sends the first.
    pub(crate) fn verifies(&self) -> bool {
        let depends = |place: &Place| {
            let entry = self.entry(*place);
            entry.changes() && !entry.is_blind(*place)
        };
        match self.verify {
            Verify::No => false,
            Verify::Yes => true,
            Verify::IfSeveral => Place::all().filter(depends).count() > 1,
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
        let got = call(session, place, act, update);
        let reached = unreachable() == before;
        let entry = &mut self.entries[place.number()];
        if let Err(Error::Unavailable { .. }) = got {
            assert!(self.strict && !reached && entry.is_unknown(), "{place:?} is not to be loaded");
            return;
        }
        let got = got.expect("the call is allowed");
        let reads = !matches!(act, Act::Insert | Act::Remove);
        if reads && entry.is_unknown() {
            entry.loaded(reached, stage.behind.ledger.now(place));
        } else {
            assert!(reached, "{place:?} was loaded again");
        }
        if reads && !matches!(act, Act::ReadCurrent) {
            assert_eq!(got, entry.now, "{place:?} at {act:?}");
        }
        entry.listed |= !matches!(act, Act::Get | Act::ReadCurrent);
        match (act, &mut entry.now) {
            (Act::Add(touching) | Act::OrAdd(touching), Some(record)) => {
                record.add(update, touching);
            }
            (Act::OrAdd(_), None) | (Act::Insert, _) => entry.put(Record::of(update)),
            (Act::Revert, Some(_)) => entry.as_seen(),
            (Act::Remove, _) | (Act::RemoveEntry, Some(_)) => entry.remove(),
            (Act::ReadCurrent, _) => drop(self.current.insert(place)),
            _ => {}
        }
    }
}

/// Makes the call. Returns the previous value, if the call tells.
fn call(session: &Session, place: Place, act: Act, update: u32) -> Result<Option<Record>> {
    let (dict, key) = (session.dict(place.dict()), place.key());
    Ok(match act {
        Act::Get => dict.get(key)?.map(|record| (*record).clone()),
        Act::Add(touching) => dict.get_mut(key)?.map(|mut record| {
            let before = (*record).clone();
            record.add(update, touching);
            before
        }),
        Act::OrAdd(touching) => match dict.entry(key)? {
            There::Occupied(there) => {
                let before = there.get().clone();
                there.into_mut().add(update, touching);
                Some(before)
            }
            vacant @ There::Vacant(_) => {
                vacant.or_insert(Record::of(update));
                None
            }
        },
        Act::Touch => dict.get_mut(key)?.map(|mut record| {
            let same = (*record).clone();
            *record = same.clone();
            same
        }),
        Act::Revert => match dict.get_mut(key)? {
            Some(record) => {
                let before = (*record).clone();
                record.revert()?;
                Some(before)
            }
            None => None,
        },
        Act::Insert => {
            dict.insert(key, Record::of(update))?;
            None
        }
        Act::Remove => {
            dict.remove(key)?;
            None
        }
        Act::RemoveEntry => match dict.entry(key)? {
            There::Occupied(there) => {
                let before = there.get().clone();
                there.remove();
                Some(before)
            }
            There::Vacant(_) => None,
        },
        Act::ReadCurrent => {
            dict.read_current(key)?;
            None
        }
    })
}
