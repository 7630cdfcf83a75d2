//! Plays a scenario with sessions and a mirror of each.

use std::{
    ops::AddAssign,
    sync::{Arc, Mutex, PoisonError},
};

use memdict::{CommitReport, ConflictCause, Error, Result, Savepoint};
use memdict_tests::{Lives, Session};

use super::{
    account::{Account, Fate},
    act::Act,
    between::Incident,
    fetched::fetch,
    ledger::{By, Line},
    mirror::{Mirror, Verify},
    operation::{OLD, Operation, SESSIONS, STRICT},
    program::Program,
    record::Place,
    stage::Stage,
    version::Version,
    watch::Watch,
};

/// The outcomes of scenarios, in numbers.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Tally {
    pub(crate) operations: u64,
    pub(crate) commits: u64,
    pub(crate) written: u64,
    pub(crate) recreated: u64,
    pub(crate) merged: u64,
    pub(crate) removed: u64,
    pub(crate) tombstones: u64,
    pub(crate) touched: u64,
    pub(crate) counted: u64,
    pub(crate) invalidated: u64,
    pub(crate) unchanged: u64,
    pub(crate) conflicts: u64,
    /// Of these, a change after a removal.
    pub(crate) late: u64,
    /// Of these, a change by an old program.
    pub(crate) newer: u64,
    pub(crate) refused: u64,
    pub(crate) lost: u64,
    pub(crate) retries: u64,
    pub(crate) rolled_back: u64,
    pub(crate) incidents: u64,
    pub(crate) restarts: u64,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.operations += other.operations;
        self.commits += other.commits;
        self.written += other.written;
        self.recreated += other.recreated;
        self.merged += other.merged;
        self.removed += other.removed;
        self.tombstones += other.tombstones;
        self.touched += other.touched;
        self.counted += other.counted;
        self.invalidated += other.invalidated;
        self.unchanged += other.unchanged;
        self.conflicts += other.conflicts;
        self.late += other.late;
        self.newer += other.newer;
        self.refused += other.refused;
        self.lost += other.lost;
        self.retries += other.retries;
        self.rolled_back += other.rolled_back;
        self.incidents += other.incidents;
        self.restarts += other.restarts;
    }
}

/// A session with its mirror.
struct Actor {
    session: Session<'static>,
    mirror: Mirror,
    savepoints: Vec<Savepoint>,
}

impl Actor {
    fn new(stage: &Stage, strict: bool, program: Program) -> Self {
        let session = stage.cache(strict).session();
        Self { session, mirror: Mirror::new(strict, program), savepoints: Vec::new() }
    }
}

/// Plays one scenario on an empty store.
pub(crate) fn play(stage: &Stage, operations: &[Operation]) -> Tally {
    stage.reset();
    let life = stage.behind.ledger.life();
    let mut play = Play { stage, actors: Default::default(), tally: Tally::default() };
    for operation in operations {
        play.step(operation);
    }
    stage.between.arrive();
    stage.behind.ledger.check();
    play.tally.restarts += u64::from(stage.behind.ledger.life() - life);
    play.tally
}

struct Play<'s> {
    stage: &'s Stage,
    actors: [Option<Actor>; SESSIONS],
    tally: Tally,
}

impl Play<'_> {
    fn actor(&mut self, number: usize) -> &mut Actor {
        let program = if number == OLD { Program::Old } else { Program::New };
        let strict = number == STRICT;
        self.actors[number].get_or_insert_with(|| Actor::new(self.stage, strict, program))
    }

    fn step(&mut self, operation: &Operation) {
        let stage = self.stage;
        self.tally.operations += u64::from(!matches!(operation, Operation::Plan { .. }));
        match operation {
            Operation::Act { session, place, act } => {
                let update = stage.behind.update();
                let Actor { session, mirror, .. } = self.actor(*session);
                mirror.act(stage, session, *place, *act, update);
            }
            Operation::VerifyFirst { session, on } => {
                let actor = self.actor(*session);
                actor.session.verify_first(*on);
                actor.mirror.verify = if *on { Verify::Yes } else { Verify::No };
            }
            Operation::Savepoint { session } => {
                let actor = self.actor(*session);
                actor.savepoints.push(actor.session.savepoint());
                actor.mirror.savepoint();
            }
            Operation::RollBackTo { session, savepoint } => {
                let actor = self.actor(*session);
                let Some(last) = actor.savepoints.len().checked_sub(1) else {
                    return;
                };
                let number = last - savepoint % (last + 1);
                let to = &actor.savepoints[number];
                actor.session.rollback_to(to).expect("the savepoint is valid");
                actor.savepoints.truncate(number + 1);
                actor.mirror.roll_back_to(number);
                self.tally.rolled_back += 1;
            }
            Operation::Commit { session } => self.commit(*session),
            Operation::Drop { session } => self.actors[*session] = None,
            Operation::Transaction { strict, program, acts } => {
                self.transaction(*strict, *program, acts);
            }
            Operation::Fetch { strict, place, meanwhile } => {
                fetch(stage, *strict, *place, *meanwhile);
            }
            Operation::Clear { strict } => self.clear(*strict),
            Operation::Meddle { place, meddling } => stage.behind.meddle(*meddling, *place),
            // The seen version can be compared with a missing one, between the look and the change.
            Operation::Plan { incident: Incident::Meddling(meddling), .. }
                if meddling.is_restart() && stage.lives == Lives::Untold => {}
            Operation::Plan { operations, writing, incident } => {
                stage.between.plan_for(*operations, *writing, *incident);
            }
        }
    }

    fn commit(&mut self, number: usize) {
        let Some(Actor { session, mirror, .. }) = self.actors[number].take() else {
            return;
        };
        let watch = Watch::begin(self.stage, mirror.strict);
        let outcome = session.commit();
        let account = watch.end(self.stage, &mirror, &outcome);
        self.tally += Tally::of(&account);
    }

    fn clear(&self, strict: bool) {
        let ledger = &self.stage.behind.ledger;
        let before = ledger.generation();
        match self.stage.cache(strict).clear(Place::clearable().dict()) {
            Ok(()) => assert_ne!(ledger.generation(), before, "it has another generation"),
            Err(error) => assert!(matches!(error, Error::Unavailable { .. }), "{error:?}"),
        }
        // One that is late comes before a commit that would find it.
        self.stage.between.arrive();
    }

    fn transaction(&mut self, strict: bool, program: Program, acts: &[(Place, Act)]) {
        let stage = self.stage;
        // The updates are the same in each attempt, so one that is made twice is noticed.
        let updates: Vec<_> = acts.iter().map(|_| stage.behind.update()).collect();
        let report: Arc<Mutex<Option<CommitReport>>> = Arc::default();
        let (mut mirror, mut watch, mut attempts) =
            (Mirror::new(strict, program), None::<Watch>, 0);
        let done = stage.cache(strict).transaction(|session| {
            if let Some(watch) = &watch {
                watch.nothing_was_done(stage);
            }
            attempts += 1;
            mirror = Mirror { verify: Verify::IfSeveral, ..Mirror::new(strict, program) };
            for ((place, act), update) in acts.iter().zip(&updates) {
                mirror.act(stage, session, *place, *act, *update);
            }
            let report = Arc::clone(&report);
            session.after_commit(move |done| {
                *report.lock().unwrap_or_else(PoisonError::into_inner) = Some(done.clone());
                Ok(())
            });
            watch = Some(Watch::begin(stage, strict));
            Ok(())
        });
        let outcome: Result<CommitReport> = done.map(|()| {
            let report = report.lock().unwrap_or_else(PoisonError::into_inner).take();
            report.expect("a commit that is done has a report")
        });
        if let Err(
            Error::Conflict { attempts: said, .. } | Error::Unavailable { attempts: said, .. },
        ) = &outcome
        {
            assert_eq!(*said, attempts);
        }
        let account = watch.expect("it was tried").end(stage, &mirror, &outcome);
        self.tally += Tally::of(&account);
        self.tally.retries += u64::from(attempts - 1);
    }
}

impl Tally {
    fn of(account: &Account<'_>) -> Self {
        let count = |which: fn(&Fate) -> bool| {
            account.fates.values().filter(|fate| which(fate)).count() as u64
        };
        let caused = |cause: ConflictCause| {
            let is_of = |fate: &&Fate| matches!(fate, Fate::Conflict(it) if it.cause == cause);
            account.fates.values().filter(is_of).count() as u64
        };
        let is_tombstone = |line: &&Line| {
            line.by == By::Commit && line.after.as_ref().is_some_and(Version::is_tombstone)
        };
        Self {
            commits: 1,
            written: count(|fate| matches!(fate, Fate::Written | Fate::Recreated)),
            recreated: count(|fate| matches!(fate, Fate::Recreated)),
            merged: account.merged.len() as u64,
            removed: count(|fate| matches!(fate, Fate::Removed)),
            tombstones: account.lines.iter().filter(is_tombstone).count() as u64,
            counted: account.said.made.len() as u64,
            touched: count(|fate| matches!(fate, Fate::Touched)),
            invalidated: count(|fate| matches!(fate, Fate::Invalidated)),
            unchanged: count(|fate| matches!(fate, Fate::Unchanged)),
            conflicts: count(|fate| matches!(fate, Fate::Conflict(_))),
            late: caused(ConflictCause::Removed),
            newer: caused(ConflictCause::NewerSchema),
            refused: count(|fate| matches!(fate, Fate::Refused)),
            lost: count(|fate| matches!(fate, Fate::Lost)),
            incidents: account.happened.len() as u64,
            ..Self::default()
        }
    }
}
