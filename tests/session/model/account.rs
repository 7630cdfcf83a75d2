//! The account of a commit: what was really done, and what the report or the error says of it.

use std::collections::BTreeMap;

use memdict::{ConflictCause, KeyConflict, OnConflict, OnVanished};
use memdict_tests::Fault;

use super::{
    between::Incident,
    counts::{Counted, Said},
    entry::{Entry, Seen, Want},
    ledger::{By, Line},
    mirror::Mirror,
    record::{Place, Record},
    version::{Content, Version},
};

/// What a report or an error says of a key.
#[derive(Debug, Clone)]
pub(crate) enum Fate {
    Written,
    Recreated,
    Unchanged,
    Touched,
    Removed,
    Invalidated,
    Lost,
    Refused,
    Conflict(KeyConflict),
}

/// A commit that was watched, with all that is known of it.
pub(crate) struct Account<'m> {
    pub(crate) mirror: &'m Mirror,
    pub(crate) tells_lives: bool,
    /// Whether only planned incidents can go wrong.
    pub(crate) is_settled: bool,
    /// The life of the server in which the commit began.
    pub(crate) life: u32,
    /// How many changes there were before.
    pub(crate) from: usize,
    pub(crate) before: [Option<Version>; Place::COUNT],
    pub(crate) lines: Vec<Line>,
    /// The places whose end of life it has set.
    pub(crate) touched: Vec<Place>,
    /// The counts that it has made, and what is said of them.
    pub(crate) counted: Vec<Counted>,
    pub(crate) said: Said,
    /// The generations of the dictionary that can be cleared, with the number of changes before.
    pub(crate) generations: Vec<(usize, Option<u64>)>,
    /// How many changes were sent.
    pub(crate) sent: usize,
    pub(crate) happened: Vec<(Option<Place>, Incident)>,
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

    /// Returns what a place held from the beginning up to a line.
    fn states(&self, place: Place, until: usize) -> impl Iterator<Item = &Option<Version>> {
        let lines = self.lines[..until].iter().filter(move |line| line.place == place);
        std::iter::once(&self.before[place.number()]).chain(lines.map(|line| &line.after))
    }

    fn all_states(&self, place: Place) -> impl Iterator<Item = &Option<Version>> {
        self.states(place, self.lines.len())
    }

    /// Returns whether only questions were sent: deletions of values that had vanished.
    pub(crate) fn nothing_was_sent(&self) -> bool {
        let vanished = |place: &Place| {
            let entry = self.mirror.entry(*place);
            let asked = entry.replaces().is_some() && !entry.is_blind(*place);
            asked && self.all_states(*place).any(Option::is_none)
        };
        let questions = Place::all().filter(vanished).count();
        let asked = if self.mirror.verifies() { questions } else { 0 };
        // Which generation it is in.
        let begun = self.mirror.writes_to_clearable() && self.mirror.generation.is_none();
        let allowed = asked + usize::from(begun);
        let none_counted = self.counted.is_empty();
        self.sent <= allowed && none_counted && self.lines.iter().all(|line| line.by == By::Other)
    }

    fn happened(&self, place: Place, what: impl Fn(Incident) -> bool) -> bool {
        self.happened.iter().any(|(at, incident)| *at == Some(place) && what(*incident))
    }

    /// Checks the outcome against what was done.
    pub(crate) fn check(&self) {
        let present = self.generations.last().and_then(|(_, generation)| *generation);
        let counts = |line: &&Line| line.by == By::Commit && !line.is_of_no_consequence(present);
        let ours = self.lines.iter().filter(counts).count();
        assert!(!self.transient || ours == 0, "transient, but done: {:#?}", self.lines);
        let landed =
            |fate: &Fate| !matches!(fate, Fate::Unchanged | Fate::Touched | Fate::Conflict(_));
        let stays = |fate: &Fate| matches!(fate, Fate::Conflict(it) if it.cause == ConflictCause::NewerSchema);
        let stays = self.fates.values().any(stays);
        assert!(!self.transient || !stays, "another try does not help");
        let landed = self.fates.values().any(landed) || !self.said.made.is_empty();
        if self.is_conflict && self.happened.is_empty() && !landed {
            assert!(self.transient || stays, "another try may help");
        }
        let removed = |fate: &Fate| matches!(fate, Fate::Removed | Fate::Invalidated);
        let removed = self.fates.values().any(removed);
        assert!(self.sent > 0 || !removed, "removed, although nothing was sent");
        for place in &self.touched {
            assert_eq!(self.mirror.entry(*place).want(), Want::Touch, "{place:?} is touched");
        }
        for place in Place::all() {
            self.check_place(place);
        }
        self.check_counts();
        self.current_was_current();
        if self.is_settled && self.happened.is_empty() {
            self.is_as_foreseen();
        }
    }

    fn check_place(&self, place: Place) {
        let entry = self.mirror.entry(place);
        let want = entry.want();
        for (at, line) in self.ours(place) {
            let allowed = match line.after.as_ref().map(|after| &after.content) {
                _ if line.is_invalidation() => want == Want::Invalidate,
                Some(Content::Value(record, writer)) => {
                    assert!(record.is_whole(), "{place:?} is torn: {record:?}");
                    *writer == self.mirror.program
                        && entry.expires(place, line.expiry)
                        && self.may_store(entry, line, at, record)
                }
                Some(Content::Tombstone) => self.may_bury(entry, line),
                None => self.may_delete(entry, line),
            };
            assert!(allowed, "{place:?} is changed, which it must not be:\n{line:#?}\n{entry:#?}");
        }
        let is_value = |version: &Version| !version.is_tombstone() && !version.is_stale;
        let stores = self.ours(place).filter(|(_, line)| line.after.as_ref().is_some_and(is_value));
        let stores = stores.count();
        let deletes = self.ours(place).count() - stores;
        let fate = self.fates.get(&place);
        let context = || format!("{place:?} is {fate:?}, wanted {want:?}: {:#?}", self.lines);
        let is_late = self.happened(place, |incident| matches!(incident, Incident::Late(_)));
        let (least, most) = match (&want, fate) {
            (Want::Store(_), Some(Fate::Written | Fate::Recreated)) => {
                let (_, line) = self.ours(place).last().unwrap_or_else(|| panic!("{}", context()));
                let after = line.after.as_ref().and_then(|it| it.read_by(self.mirror.program));
                let is_merge = after != entry.now.as_ref();
                assert_eq!(self.merged.contains(&place), is_merge, "{}", context());
                self.is_of_present_generation(line);
                let anew =
                    line.before.is_none() && entry.base().is_some() && !entry.is_blind(place);
                assert_eq!(matches!(fate, Some(Fate::Recreated)), anew, "{}", context());
                // A change that arrived late may have vanished, and is stored anew.
                ((1, 0), (1 + usize::from(is_late), 0))
            }
            (Want::Delete, Some(Fate::Removed)) => {
                let is_gone = |state: &Option<Version>| match state {
                    Some(version) => version.is_tombstone(),
                    // The next session has to learn that it was removed.
                    None => !place.buries(),
                };
                assert!(self.all_states(place).any(is_gone), "{}", context());
                // A tombstone that was not confirmed may have been stored, and evicted.
                let is_unsure = self.happened(place, Incident::is_unsure) || self.restarted();
                ((0, 0), (0, 1 + usize::from(is_unsure && place.buries())))
            }
            (Want::Invalidate, Some(Fate::Invalidated)) => {
                let is_void = |state: &Option<Version>| state.as_ref().is_none_or(|it| it.is_stale);
                assert!(self.all_states(place).any(is_void), "{}", context());
                ((0, 0), (0, 1))
            }
            (Want::Unchanged, Some(Fate::Unchanged)) => ((0, 0), (0, 0)),
            (Want::Store(_), Some(Fate::Refused)) => ((0, 0), (is_late.into(), 1)),
            (Want::Delete, Some(Fate::Refused)) => {
                ((0, 0), (0, usize::from(is_late) + usize::from(place.buries())))
            }
            (Want::Touch, Some(Fate::Touched)) => {
                assert!(self.touched.contains(&place), "{}", context());
                ((0, 0), (0, 0))
            }
            (Want::Touch, Some(Fate::Unchanged)) => {
                assert!(self.all_states(place).any(Option::is_none), "{}", context());
                ((0, 0), (0, 0))
            }
            (Want::Touch, Some(Fate::Lost)) => ((0, 0), (0, 0)),
            (Want::Touch | Want::Invalidate, Some(Fate::Refused)) => ((0, 0), (0, 0)),
            (Want::Store(_) | Want::Delete | Want::Invalidate, Some(Fate::Lost)) => {
                // A real server that ended may have made the change.
                let at_generation = |(at, _): &(Option<Place>, Incident)| at.is_none();
                let unsure = self.happened(place, Incident::is_unsure)
                    || self.restarted()
                    || place.is_clearable() && self.happened.iter().any(at_generation);
                let told = want != Want::Invalidate && self.can_be_told(place, entry);
                assert!(!told, "it can be told: {}", context());
                // Both of two tombstones may arrive late.
                let tombstones = if place.buries() { 2 } else { 1 };
                ((0, 0), (unsure.into(), usize::from(unsure) * tombstones))
            }
            (_, Some(Fate::Conflict(it))) if it.cause == ConflictCause::Cleared => {
                assert!(self.is_cleared(place), "nobody has cleared it: {}", context());
                // What was written then is of no consequence.
                let most = 1 + usize::from(is_late);
                ((0, 0), (most, most))
            }
            (_, Some(Fate::Conflict(conflict))) => {
                self.conflict_is_right(place, entry, conflict.cause);
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

    /// Returns whether a change was not answered, and the stored value nevertheless tells its
    /// outcome: nothing else happened, and either the change was made, or the value that it was to
    /// replace is still stored.
    fn can_be_told(&self, place: Place, entry: &Entry) -> bool {
        use Fault::{AckLost, SentAndLost};
        match self.happened[..] {
            _ if !self.is_settled => false,
            [(at, Incident::Fault(AckLost))] if at == Some(place) => self.ours(place).count() == 1,
            [(at, Incident::Fault(SentAndLost))] if at == Some(place) => {
                let there = &self.before[place.number()];
                there.is_some() && there.as_ref() == entry.version() && !entry.is_blind(place)
            }
            _ => false,
        }
    }

    fn restarted(&self) -> bool {
        let mut incidents = self.happened.iter().map(|(_, incident)| *incident);
        incidents.any(|incident| matches!(incident, Incident::Meddling(it) if it.is_restart()))
    }

    /// Returns whether this session may store this record over the stored value.
    fn may_store(&self, entry: &Entry, line: &Line, at: usize, stored: &Record) -> bool {
        let Want::Store(ours) = entry.want() else {
            return false;
        };
        let as_it_is = *stored == ours;
        let place = line.place;
        if entry.is_blind(place) {
            return as_it_is;
        }
        let (before, program) = (line.before.as_ref(), self.mirror.program);
        let (Some(base), Some(loaded)) = (entry.base(), entry.loaded_record()) else {
            // A removal since then is another version.
            let is_void = before.is_none() && matches!(entry.seen, Seen::Void(_));
            return as_it_is && !entry.is_kept() && (is_void || entry.has_seen(before));
        };
        let merges_with = |theirs: &Version| {
            let theirs = theirs.read_by(program);
            let merged = theirs.and_then(|theirs| Record::merged(loaded, &ours, theirs));
            place.on_conflict() == OnConflict::Merge && merged.as_ref() == Some(stored)
        };
        match before {
            Some(before) if before == base => as_it_is,
            Some(before) => match place.on_conflict() {
                OnConflict::LastWriteWins => as_it_is && !before.is_newer_than(program),
                _ => merges_with(before),
            },
            None => {
                let same_life = base.life == self.life || !self.tells_lives;
                place.on_vanished() == OnVanished::Recreate
                    && (as_it_is && same_life || self.states(place, at).flatten().any(merges_with))
            }
        }
    }

    /// Returns whether this session may store a tombstone over the stored value.
    fn may_bury(&self, entry: &Entry, line: &Line) -> bool {
        let before = line.before.as_ref();
        let is_right = before.is_none_or(Version::is_tombstone)
            || before == entry.replaces()
            || entry.is_blind(line.place);
        line.place.buries() && entry.want() == Want::Delete && !entry.is_kept() && is_right
    }

    /// Returns whether this session may delete the stored value.
    fn may_delete(&self, entry: &Entry, line: &Line) -> bool {
        // What was refused in a generation that has passed is in conflict.
        let refused = match self.fates.get(&line.place) {
            Some(Fate::Conflict(it)) => it.cause == ConflictCause::Cleared,
            fate => matches!(fate, Some(Fate::Refused)),
        };
        let asked = match entry.want() {
            // A removal that leaves nothing is told from no eviction.
            Want::Delete => refused || !line.place.buries(),
            Want::Store(_) => refused,
            _ => false,
        };
        let is_right = entry.is_blind(line.place) || line.before.as_ref() == entry.replaces();
        asked && !entry.is_kept() && is_right
    }

    /// Checks that a conflict has a reason, and names it.
    fn conflict_is_right(&self, place: Place, entry: &Entry, cause: ConflictCause) {
        let was = |what: &dyn Fn(Option<&Version>) -> bool| {
            self.all_states(place).any(|state| what(state.as_ref()))
        };
        let restarted =
            entry.version().is_some_and(|seen| seen.life != self.life) || self.restarted();
        let differs = was(&|state| !entry.has_seen(state) || entry.is_outdated_anew(state));
        assert!(
            differs || restarted || entry.is_kept(),
            "{place:?} is in conflict with nobody: {:#?}",
            self.lines
        );
        let agrees = match cause {
            ConflictCause::Overwritten => was(&|state| state.is_some()),
            ConflictCause::Vanished => was(&|state| state.is_none()),
            ConflictCause::Removed => was(&|state| state.is_some_and(Version::is_tombstone)),
            // Whether it is still stored, a failed look does not tell.
            ConflictCause::NewerSchema if entry.is_kept() && !self.happened.is_empty() => true,
            ConflictCause::NewerSchema => {
                was(&|state| state.is_some_and(|it| it.is_newer_than(self.mirror.program)))
            }
            ConflictCause::ServerRestarted => restarted,
            _ => false,
        };
        assert!(agrees, "{place:?} is {cause:?}, which did not happen: {:#?}", self.lines);
        if !self.mirror.current.contains(&place) {
            assert!(!entry.is_blind(place), "{place:?} cannot be in conflict");
            assert!(!matches!(entry.want(), Want::Nothing | Want::Unchanged), "{place:?}");
        }
    }

    /// Checks that nothing was sent unless all entries that had to be current were so at some time
    /// before.
    fn current_was_current(&self) {
        let stored = self.lines.iter().position(|line| line.by == By::Commit);
        let counted = self.counted.first().map(|counted| counted.at - self.from);
        let Some(first) = stored.into_iter().chain(counted).min() else { return };
        for place in &self.mirror.current {
            let entry = self.mirror.entry(*place);
            let is_current = matches!(entry.seen, Seen::Unread)
                || self.states(*place, first).any(|state| entry.has_seen(state.as_ref()));
            assert!(is_current, "{place:?} was not current: {:#?}", self.lines);
        }
    }
}
