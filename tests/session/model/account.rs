//! The account of a commit: what was really done, and what the report or the error says of it.

use std::collections::BTreeMap;

use memdict::{KeyConflict, OnConflict, OnVanished};
use memdict_tests::Fault;

use super::{
    between::Incident,
    ledger::{By, Line, Version},
    mirror::{Entry, Mirror, Seen, Want},
    record::{Place, Record},
};

/// What is said of a key.
#[derive(Debug, Clone)]
pub(crate) enum Fate {
    Written,
    Recreated,
    Unchanged,
    Removed,
    Lost,
    Refused,
    Conflict(KeyConflict),
}

/// A commit that was watched, with all that is known of it.
pub(crate) struct Account<'m> {
    pub(crate) mirror: &'m Mirror,
    pub(crate) tells_lives: bool,
    /// Whether nothing but what was planned can go wrong.
    pub(crate) is_settled: bool,
    /// In which life of the server it began.
    pub(crate) life: u32,
    pub(crate) before: [Option<Version>; Place::COUNT],
    pub(crate) lines: Vec<Line>,
    /// How many changes were sent.
    pub(crate) sent: usize,
    pub(crate) happened: Vec<(Place, Incident)>,
    pub(crate) fates: BTreeMap<Place, Fate>,
    pub(crate) merged: Vec<Place>,
    pub(crate) transient: bool,
    pub(crate) is_conflict: bool,
}

impl Account<'_> {
    fn ours(&self, place: Place) -> impl Iterator<Item = (usize, &Line)> {
        let lines = self.lines.iter().enumerate();
        lines.filter(move |(_, line)| line.place == place && line.by == By::Commit)
    }

    /// What was in a place from the beginning to a line.
    fn states(&self, place: Place, until: usize) -> impl Iterator<Item = &Option<Version>> {
        let lines = self.lines[..until].iter().filter(move |line| line.place == place);
        std::iter::once(&self.before[place.number()]).chain(lines.map(|line| &line.after))
    }

    fn all_states(&self, place: Place) -> impl Iterator<Item = &Option<Version>> {
        self.states(place, self.lines.len())
    }

    /// Whether nothing was sent but questions: deletions of what has vanished.
    pub(crate) fn nothing_was_sent(&self) -> bool {
        let vanished = |place: &Place| {
            let entry = self.mirror.entry(*place);
            let asked = entry.base().is_some() && !entry.is_blind(*place);
            asked && self.all_states(*place).any(Option::is_none)
        };
        let questions = Place::all().filter(vanished).count();
        let allowed = if self.mirror.verifies() { questions } else { 0 };
        self.sent <= allowed && self.lines.iter().all(|line| line.by == By::Other)
    }

    fn happened(&self, place: Place, what: impl Fn(Incident) -> bool) -> bool {
        self.happened.iter().any(|(at, incident)| *at == place && what(*incident))
    }

    /// Holds the outcome to what was done.
    pub(crate) fn check(&self) {
        let ours = self.lines.iter().filter(|line| line.by == By::Commit).count();
        assert!(!self.transient || ours == 0, "transient, but done: {:#?}", self.lines);
        let landed = |fate: &Fate| !matches!(fate, Fate::Unchanged | Fate::Conflict(_));
        if self.is_conflict && self.happened.is_empty() && !self.fates.values().any(landed) {
            assert!(self.transient, "another try may help");
        }
        for place in Place::all() {
            self.check_place(place);
        }
        self.current_was_current();
        if self.is_settled && self.happened.is_empty() {
            self.is_as_foreseen();
        }
    }

    fn check_place(&self, place: Place) {
        let entry = self.mirror.entry(place);
        let want = entry.want();
        for (at, line) in self.ours(place) {
            let allowed = match &line.after {
                Some(after) => {
                    assert!(after.record.is_whole(), "{place:?} is torn: {:?}", after.record);
                    self.may_store(entry, line, at, &after.record)
                }
                None => self.may_delete(entry, line),
            };
            assert!(allowed, "{place:?} is changed, which it must not be:\n{line:#?}\n{entry:#?}");
        }
        let stores = self.ours(place).filter(|(_, line)| line.after.is_some()).count();
        let deletes = self.ours(place).count() - stores;
        let fate = self.fates.get(&place);
        let context = || format!("{place:?} is {fate:?}, wanted {want:?}: {:#?}", self.lines);
        let is_late = self.happened(place, |incident| matches!(incident, Incident::Late(_)));
        let (least, most) = match (&want, fate) {
            (Want::Store(_), Some(Fate::Written | Fate::Recreated)) => {
                let (_, line) = self.ours(place).last().unwrap_or_else(|| panic!("{}", context()));
                let after = line.after.as_ref().map(|version| &*version.record);
                let is_merge = after != entry.now.as_ref();
                assert_eq!(self.merged.contains(&place), is_merge, "{}", context());
                let anew =
                    line.before.is_none() && entry.base().is_some() && !entry.is_blind(place);
                assert_eq!(matches!(fate, Some(Fate::Recreated)), anew, "{}", context());
                // What came late may have vanished, and is stored anew.
                ((1, 0), (1 + usize::from(is_late), 0))
            }
            (Want::Delete, Some(Fate::Removed)) => {
                let was_gone = self.all_states(place).any(Option::is_none);
                assert!(deletes == 1 || was_gone, "{}", context());
                ((0, 0), (0, 1))
            }
            (Want::Unchanged, Some(Fate::Unchanged)) => ((0, 0), (0, 0)),
            (Want::Store(_), Some(Fate::Refused)) => ((0, 0), (is_late.into(), 1)),
            (Want::Delete, Some(Fate::Refused)) => ((0, 0), (0, is_late.into())),
            (Want::Store(_) | Want::Delete, Some(Fate::Lost)) => {
                let unknown = |incident| {
                    use Fault::{AckLost, SentAndLost};
                    matches!(incident, Incident::Late(_) | Incident::Fault(AckLost | SentAndLost))
                };
                // A real server that ended may have done it.
                let unsure = self.happened(place, unknown) || self.restarted();
                assert!(!self.can_be_told(place, entry), "it can be told: {}", context());
                ((0, 0), (unsure.into(), unsure.into()))
            }
            (_, Some(Fate::Conflict(_))) => {
                self.conflict_is_right(place, entry);
                let unsure = is_late && !self.transient;
                let last = self.ours(place).last().map(|(_, line)| &line.after);
                let is_there = last.is_some() && self.all_states(place).last() == last;
                assert!(!is_there, "in conflict with itself: {}", context());
                ((0, 0), (unsure.into(), unsure.into()))
            }
            (Want::Nothing, None) => ((0, 0), (0, 0)),
            (_, None) => {
                let called_off = self.nothing_was_sent();
                assert!(called_off, "nothing is said of it: {}", context());
                ((0, 0), (0, 0))
            }
            _ => panic!("{}", context()),
        };
        assert!(least.0 <= stores && stores <= most.0, "{}", context());
        assert!(least.1 <= deletes && deletes <= most.1, "{}", context());
    }

    /// Whether no answer came to a change, and what is there says all: nothing else happened, and
    /// it was made, or what it was to replace is there still.
    fn can_be_told(&self, place: Place, entry: &Entry) -> bool {
        use Fault::{AckLost, SentAndLost};
        match self.happened[..] {
            _ if !self.is_settled => false,
            [(at, Incident::Fault(AckLost))] if at == place => self.ours(place).count() == 1,
            [(at, Incident::Fault(SentAndLost))] if at == place => {
                let there = &self.before[place.number()];
                there.is_some() && there.as_ref() == entry.base() && !entry.is_blind(place)
            }
            _ => false,
        }
    }

    fn restarted(&self) -> bool {
        let mut incidents = self.happened.iter().map(|(_, incident)| *incident);
        incidents.any(|incident| matches!(incident, Incident::Meddling(it) if it.is_restart()))
    }

    /// Whether this session may store this record over what was there.
    fn may_store(&self, entry: &Entry, line: &Line, at: usize, stored: &Record) -> bool {
        let Want::Store(ours) = entry.want() else { return false };
        let as_it_is = *stored == ours;
        let place = line.place;
        if entry.is_blind(place) {
            return as_it_is;
        }
        let Some(base) = entry.base() else { return as_it_is && line.before.is_none() };
        let merges_with = |theirs: &Version| {
            place.on_conflict() == OnConflict::Merge
                && Record::merged(&base.record, &ours, &theirs.record).as_ref() == Some(stored)
        };
        match &line.before {
            Some(before) if before == base => as_it_is,
            Some(before) => match place.on_conflict() {
                OnConflict::LastWriteWins => as_it_is,
                _ => merges_with(before),
            },
            None => {
                let same_life = base.life == self.life || !self.tells_lives;
                place.on_vanished() == OnVanished::Recreate
                    && (as_it_is && same_life || self.states(place, at).flatten().any(merges_with))
            }
        }
    }

    /// Whether this session may delete what was there.
    fn may_delete(&self, entry: &Entry, line: &Line) -> bool {
        let asked = match entry.want() {
            Want::Delete => true,
            Want::Store(_) => matches!(self.fates.get(&line.place), Some(Fate::Refused)),
            _ => false,
        };
        asked && (entry.is_blind(line.place) || line.before.as_ref() == entry.base())
    }

    /// A conflict has a reason.
    fn conflict_is_right(&self, place: Place, entry: &Entry) {
        let changed = self.all_states(place).any(|state| state.as_ref() != entry.base());
        let restarted = entry.base().is_some_and(|base| base.life != self.life) || self.restarted();
        assert!(changed || restarted, "{place:?} is in conflict with nobody: {:#?}", self.lines);
        if !self.mirror.current.contains(&place) {
            assert!(!entry.is_blind(place), "{place:?} cannot be in conflict");
            assert!(!matches!(entry.want(), Want::Nothing | Want::Unchanged), "{place:?}");
        }
    }

    /// Nothing was sent unless all that had to be current was so, at some time before.
    fn current_was_current(&self) {
        let Some(first) = self.lines.iter().position(|line| line.by == By::Commit) else { return };
        for place in &self.mirror.current {
            let entry = self.mirror.entry(*place);
            let is_current = matches!(entry.seen, Seen::Unread)
                || self.states(*place, first).any(|state| state.as_ref() == entry.base());
            assert!(is_current, "{place:?} was not current: {:#?}", self.lines);
        }
    }
}
