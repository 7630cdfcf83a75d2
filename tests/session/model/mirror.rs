//! What one session should know: the same calls, made on plain records.

use std::collections::BTreeSet;

use memdict::{Error, Lookup, Unusable};
use memdict_tests::Session;

use super::{
    act::{Act, call},
    between::Incident,
    counts::{Asked, Number},
    entry::{Entry, Seen, Want},
    program::{Form, OldRecord, Program},
    record::{Place, Record},
    stage::Stage,
};

/// Whether a commit checks all values that its changes depend on before it sends the first.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) enum Verify {
    #[default]
    No,
    Yes,
    IfSeveral,
}

/// What a session was told of a generation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Told {
    /// Nothing, or it could not be reached.
    #[default]
    Nothing,
    /// This number, or that there is none.
    Is(Option<u64>),
}

/// What a session should know.
#[derive(Debug, Default)]
pub(crate) struct Mirror {
    pub(crate) strict: bool,
    pub(crate) program: Program,
    pub(crate) verify: Verify,
    pub(crate) entries: [Entry; Place::COUNT],
    pub(crate) current: BTreeSet<Place>,
    /// The generation that it found first, and what it was told of it last.
    pub(crate) generation: Option<u64>,
    pub(crate) told: Told,
    /// What the commit is to count, in this order.
    pub(crate) counts: Vec<Asked>,
    /// The entries, and how many counts there were.
    pub(crate) savepoints: Vec<([Entry; Place::COUNT], usize)>,
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
            Verify::IfSeveral => self.changes() > 1 && Place::all().any(|place| depends(&place)),
        }
    }

    /// Returns how many changes a commit has to send.
    pub(crate) fn changes(&self) -> usize {
        self.entries.iter().filter(|entry| entry.changes()).count() + self.counts.len()
    }

    pub(crate) fn savepoint(&mut self) {
        self.savepoints.push((self.entries.clone(), self.counts.len()));
    }

    /// Rolls back to the savepoint of this number, which is then the last one.
    pub(crate) fn roll_back_to(&mut self, number: usize) {
        self.savepoints.truncate(number + 1);
        let (entries, counts) = &self.savepoints[number];
        for (entry, then) in self.entries.iter_mut().zip(entries) {
            entry.go_back(then);
        }
        self.counts.truncate(*counts);
    }

    /// Notes the generation that a load has found.
    fn is_told(&mut self, stage: &Stage) {
        let failed = |(place, incident): &(Option<Place>, Incident)| {
            place.is_none() && !matches!(incident, Incident::Meddling(_))
        };
        if stage.between.happened().iter().any(failed) {
            self.told = Told::Nothing;
            return;
        }
        let now = stage.behind.ledger.generation();
        self.generation = self.generation.or(now);
        self.told = Told::Is(now);
    }

    /// Returns whether this session has found two generations, or lost one.
    pub(crate) fn knows_of_clear(&self) -> bool {
        matches!(self.told, Told::Is(now) if now != self.generation)
    }

    /// Returns whether its commit writes into the dictionary that can be cleared.
    pub(crate) fn writes_to_clearable(&self) -> bool {
        let writes = |place| matches!(self.entry(place).want(), Want::Store(_) | Want::Delete);
        Place::all().any(|place| place.is_clearable() && writes(place))
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
        stage.between.happened();
        let unreachable = || stage.cache(self.strict).counters().unreachable;
        let before = unreachable();
        let got = match self.program {
            Program::Old => call::<OldRecord>(session, place, act, update),
            Program::New => call::<Record>(session, place, act, update),
        };
        let reached = unreachable() == before;
        if let Act::Count(by) = act {
            got.expect("it needs no store");
            let number = Number::of_key(place.key());
            self.counts.push(Asked { number, by: by.into() });
            return;
        }
        let reads = act.reads();
        if place.is_clearable() && reads && self.entry(place).is_unknown() {
            self.is_told(stage);
        }
        let entry = &mut self.entries[place.number()];
        if let Err(Error::Unavailable { .. }) = got {
            assert!(self.strict && !reached && entry.is_unknown(), "{place:?} is not to be loaded");
            return;
        }
        let got = got.expect("the call is allowed");
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
            (Act::OrAdd(_), None) => entry.put(Record::of(update)),
            (Act::Insert, _) => entry.insert(Record::of(update)),
            (Act::Touch, _) => entry.touch(),
            (Act::SetTtl, Some(_)) => entry.set_ttl(),
            (Act::Revert, Some(_)) => entry.revert(),
            (Act::Remove, _) | (Act::RemoveEntry, Some(_)) => entry.remove(place),
            (Act::Invalidate, _) => entry.invalidate(),
            (Act::ReadCurrent, _) => drop(self.current.insert(place)),
            _ => {}
        }
    }
}
