//! Watches a commit, from the first to the last that can be seen of it.

use std::collections::BTreeMap;

use memdict::{CommitReport, Counters, EntryId, Error, KeyConflict, Result};
use memdict_tests::Lives;

use super::{
    account::{Account, Fate},
    counts::{Number, Said},
    ledger::{By, Line},
    mirror::Mirror,
    record::Place,
    stage::Stage,
    version::Version,
};

/// A commit that is being watched.
#[derive(Debug)]
pub(crate) struct Watch {
    from: usize,
    life: u32,
    changes: usize,
    counters: Counters,
    is_settled: bool,
    before: [Option<Version>; Place::COUNT],
}

impl Watch {
    pub(crate) fn begin(stage: &Stage, strict: bool) -> Self {
        let ledger = &stage.behind.ledger;
        // A load may have begun a generation, which is no change of the commit.
        stage.between.arrive();
        stage.between.happened();
        ledger.watch();
        Self {
            from: ledger.len(),
            life: ledger.life(),
            changes: stage.behind.faulty.changes(),
            counters: stage.cache(strict).counters(),
            is_settled: stage.behind.is_settled(),
            before: std::array::from_fn(|number| ledger.now(Place::nth(number))),
        }
    }

    /// Checks that an attempt that is tried again has done nothing, and will do nothing.
    pub(crate) fn nothing_was_done(&self, stage: &Stage) {
        stage.between.arrive();
        let lines = stage.behind.ledger.since(self.from);
        // What is of a generation that has passed is read by nobody.
        let now = stage.behind.ledger.generation();
        let is_ours = |line: &&Line| line.by == By::Commit && !line.is_of_no_consequence(now);
        let ours: Vec<_> = lines.iter().filter(is_ours).collect();
        assert!(ours.is_empty(), "tried again, although this was done: {ours:#?}");
        let counted = stage.behind.ledger.counted();
        assert!(counted.is_empty(), "tried again, although this was counted: {counted:?}");
    }

    /// Checks the outcome against what was done.
    pub(crate) fn end<'m>(
        self,
        stage: &Stage,
        mirror: &'m Mirror,
        outcome: &Result<CommitReport>,
    ) -> Account<'m> {
        stage.between.arrive();
        let ledger = &stage.behind.ledger;
        ledger.by(By::Other);
        let (report, conflicts) = match outcome {
            Ok(report) => (Some(report), &[][..]),
            Err(Error::Conflict { report, conflicts, .. }) => {
                assert!(!conflicts.is_empty());
                (Some(&**report), &conflicts[..])
            }
            Err(Error::Unavailable { report, .. }) => {
                let report = report.as_deref();
                let legal = match report {
                    Some(report) => mirror.strict && !report.lost.is_empty(),
                    None => !mirror.current.is_empty(),
                };
                assert!(legal, "{outcome:?}");
                (report, &[][..])
            }
            Err(Error::Refused { id, report, .. }) => {
                assert!(mirror.strict && report.lost.is_empty(), "{outcome:?}");
                assert!(report.refused.iter().any(|refused| refused.id == *id));
                (Some(&**report), &[][..])
            }
            Err(error) => panic!("{error:?}"),
        };
        let all_well = |report: &CommitReport| report.lost.is_empty() && report.refused.is_empty();
        assert!(!mirror.strict || outcome.as_ref().is_ok_and(all_well) || outcome.is_err());
        if let Some(report) = report {
            counts_agree(report, conflicts, &self.counters, &stage.cache(mirror.strict).counters());
        }
        let merged = report.map(|report| {
            report
                .merges()
                .map(|merged| place_of(&merged.id.dict, &merged.id.key.to_string()))
                .collect()
        });
        let account = Account {
            mirror,
            tells_lives: stage.lives == Lives::Told,
            is_settled: self.is_settled,
            life: self.life,
            from: self.from,
            before: self.before,
            lines: ledger.since(self.from),
            touched: ledger.touched(),
            counted: ledger.counted(),
            generations: ledger.generations(),
            said: said(report),
            sent: stage.behind.faulty.changes() - self.changes,
            happened: stage.between.happened(),
            fates: fates(report, conflicts),
            merged: merged.unwrap_or_default(),
            transient: matches!(outcome, Err(error) if error.is_transient()),
            is_conflict: matches!(outcome, Err(Error::Conflict { .. })),
        };
        account.check();
        stage.behind.settle();
        account
    }
}

fn place_of(dict: &str, key: &str) -> Place {
    Place::of_names(dict, key).expect("a key of the session")
}

fn number_of(id: &EntryId) -> Option<Number> {
    Number::of_names(&id.dict, &id.key.to_string())
}

/// Returns what is said of each count.
fn said(report: Option<&CommitReport>) -> Said {
    let Some(report) = report else { return Said::default() };
    let named = |id: &EntryId| number_of(id).expect("a number of the session");
    Said {
        made: report.counts().map(|(id, now)| (named(id), now)).collect(),
        lost: report.lost.iter().filter_map(|lost| number_of(&lost.id)).collect(),
        refused: report.refused.iter().filter_map(|refused| number_of(&refused.id)).collect(),
    }
}

/// Returns what is said of each key, and checks that nothing is said twice.
fn fates(report: Option<&CommitReport>, conflicts: &[KeyConflict]) -> BTreeMap<Place, Fate> {
    let mut all = Vec::new();
    if let Some(report) = report {
        let named = |id: &EntryId| place_of(&id.dict, &id.key.to_string());
        let recreated: Vec<_> = report.recreated_keys().collect();
        for id in report.written_keys() {
            let fate = if recreated.contains(&id) { Fate::Recreated } else { Fate::Written };
            all.push((named(id), fate));
        }
        all.extend(report.unchanged_keys().map(|key| (named(key), Fate::Unchanged)));
        all.extend(report.removed_keys().map(|key| (named(key), Fate::Removed)));
        all.extend(report.touched_keys().map(|key| (named(key), Fate::Touched)));
        all.extend(report.invalidated_keys().map(|key| (named(key), Fate::Invalidated)));
        let of_entries = |id: &EntryId| number_of(id).is_none();
        let lost = report.lost.iter().filter(|lost| of_entries(&lost.id));
        all.extend(lost.map(|lost| (named(&lost.id), Fate::Lost)));
        let refused = report.refused.iter().filter(|refused| of_entries(&refused.id));
        all.extend(refused.map(|refused| (named(&refused.id), Fate::Refused)));
    }
    all.extend(conflicts.iter().map(|conflict| {
        (
            place_of(&conflict.id.dict, &conflict.id.key.to_string()),
            Fate::Conflict(conflict.clone()),
        )
    }));
    let mut fates = BTreeMap::new();
    for (place, fate) in all {
        let earlier = fates.insert(place, fate.clone());
        assert!(earlier.is_none(), "{place:?} is both {earlier:?} and {fate:?}");
    }
    fates
}

/// Checks that the report's numbers are those of its lists, and those that the cache has counted.
fn counts_agree(
    report: &CommitReport,
    conflicts: &[KeyConflict],
    before: &Counters,
    after: &Counters,
) {
    assert!(report.replaced.is_empty(), "what no program can read is never stored");
    assert_eq!(report.written, report.written_keys().count());
    assert_eq!(report.recreated, report.recreated_keys().count());
    assert_eq!(report.removed, report.removed_keys().count());
    assert_eq!(report.counted, report.counts().count());
    assert_eq!(report.touched, report.touched_keys().count());
    assert_eq!(report.invalidated, report.invalidated_keys().count());
    assert_eq!(report.unchanged, report.unchanged_keys().count());
    assert_eq!(report.merged, report.merges().count());
    let said = [
        report.written,
        report.merged,
        report.removed,
        report.touched,
        report.invalidated,
        report.unchanged,
        // Those of numbers are in no dictionary.
        report.lost.iter().filter(|lost| number_of(&lost.id).is_none()).count(),
        report.refused.iter().filter(|refused| number_of(&refused.id).is_none()).count(),
        conflicts.len(),
    ];
    let counted = |of: fn(&Counters) -> u64| (of(after) - of(before)) as usize;
    let counted = [
        counted(|c| c.written),
        counted(|c| c.merged),
        counted(|c| c.removed),
        counted(|c| c.touched),
        counted(|c| c.invalidated),
        counted(|c| c.unchanged),
        counted(|c| c.lost),
        counted(|c| c.refused),
        counted(|c| c.conflicts),
    ];
    assert_eq!(said, counted, "the cache counts what the report says");
}
