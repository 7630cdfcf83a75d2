//! The outcome of a commit during which nothing happens: exactly one is right.

use memdict::{ConflictCause, OnConflict, OnVanished};

use super::{
    account::{Account, Fate},
    entry::{Entry, Seen, Want},
    record::{Place, Record},
    version::Version,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Foreseen {
    Nothing,
    Unchanged,
    Touched,
    Written,
    Recreated,
    Merged,
    Removed,
    Invalidated,
    Conflict(ConflictCause),
}

impl Account<'_> {
    /// Checks that each key has the foreseen outcome.
    pub(crate) fn is_as_foreseen(&self) {
        if Place::all().any(|place| self.is_outdated_anew(place)) {
            return;
        }
        let foreseen = |place| self.foresee(place, self.mirror.entry(place));
        let found: Vec<_> = Place::all().map(|place| (place, self.found(place))).collect();
        let kept = |place: &Place| self.mirror.entry(*place).is_kept();
        if Place::all().any(|place| kept(&place)) {
            assert_eq!(self.sent, 0, "what stays is known before anything is sent");
            for (place, found) in found.iter().filter(|(place, _)| kept(place)) {
                assert_eq!(*found, self.clash(*place), "{place:?}");
            }
            let others = |(place, found): &(Place, Foreseen)| {
                kept(place) || matches!(found, Foreseen::Nothing | Foreseen::Unchanged)
            };
            assert!(found.iter().all(others), "{found:?}");
            return;
        }
        if self.mirror.writes_to_clearable() && self.mirror.knows_of_clear() {
            assert!(self.nothing_was_sent(), "cleared, but sent: {found:?}");
            let cleared = |place: Place, entry: &Entry| {
                place.is_clearable() && matches!(entry.want(), Want::Store(_) | Want::Delete)
            };
            for (place, found) in found {
                let is_cleared = found == Foreseen::Conflict(ConflictCause::Cleared);
                assert_eq!(is_cleared, cleared(place, self.mirror.entry(place)), "{place:?}");
            }
            return;
        }
        let changes = self.mirror.changes() > 0;
        let outdated = |place: &Place| self.is_outdated(*place);
        let called_off = changes && self.mirror.current.iter().any(outdated)
            || self.mirror.verifies() && Place::all().any(|place| self.is_seen_to_clash(place));
        if called_off {
            assert!(self.nothing_was_sent(), "called off, but sent: {found:?}");
            assert!(self.is_conflict, "called off without a conflict");
            return;
        }
        for (place, found) in found {
            let entry = self.mirror.entry(place);
            assert_eq!(found, foreseen(place), "{place:?}: {entry:#?}, {:#?}", self.before);
        }
    }

    fn found(&self, place: Place) -> Foreseen {
        match self.fates.get(&place) {
            None => Foreseen::Nothing,
            Some(Fate::Written | Fate::Recreated) if self.merged.contains(&place) => {
                Foreseen::Merged
            }
            Some(Fate::Written) => Foreseen::Written,
            Some(Fate::Recreated) => Foreseen::Recreated,
            Some(Fate::Unchanged) => Foreseen::Unchanged,
            Some(Fate::Touched) => Foreseen::Touched,
            Some(Fate::Removed) => Foreseen::Removed,
            Some(Fate::Invalidated) => Foreseen::Invalidated,
            Some(Fate::Conflict(conflict)) => Foreseen::Conflict(conflict.cause),
            Some(fate) => panic!("{place:?} is {fate:?}, and nothing happened"),
        }
    }

    /// Returns whether a stale value was invalidated once more since the session saw it. Whether the
    /// store tells this, is not foreseen.
    fn is_outdated_anew(&self, place: Place) -> bool {
        self.mirror.entry(place).is_outdated_anew(self.before[place.number()].as_ref())
    }

    /// Returns whether a key that has to be current is not.
    fn is_outdated(&self, place: Place) -> bool {
        let entry = self.mirror.entry(place);
        self.is_seen_to_be_cleared(place, entry)
            || !matches!(entry.seen, Seen::Unread)
                && !entry.has_seen(self.before[place.number()].as_ref())
    }

    /// Returns whether a look before the first change shows that this one cannot be made. In which
    /// life of its server a value vanished is asked only if other changes would be made.
    fn is_seen_to_clash(&self, place: Place) -> bool {
        let entry = self.mirror.entry(place);
        let vanished = entry.replaces().is_some() && self.before[place.number()].is_none();
        match self.foresee(place, entry) {
            // One that depends on nothing is not looked at.
            Foreseen::Conflict(ConflictCause::Cleared) => !entry.is_blind(place),
            Foreseen::Conflict(ConflictCause::ServerRestarted) if vanished => {
                let touches = |entry: &&Entry| entry.want() == Want::Touch;
                let touches = self.mirror.entries.iter().filter(touches).count();
                place.on_vanished() == OnVanished::Fail || self.mirror.changes() + touches > 1
            }
            Foreseen::Conflict(_) => true,
            _ => false,
        }
    }

    /// Returns the conflict with what is stored.
    fn clash(&self, place: Place) -> Foreseen {
        let seen = self.mirror.entry(place).version();
        if self.was_cleared(place) {
            return Foreseen::Conflict(ConflictCause::Cleared);
        }
        Foreseen::Conflict(match self.before[place.number()].as_ref() {
            None if self.is_restarted(seen) && !self.mirror.entry(place).is_kept() => {
                ConflictCause::ServerRestarted
            }
            None => ConflictCause::Vanished,
            Some(_) if self.is_restarted(seen) => ConflictCause::ServerRestarted,
            Some(there) if there.is_tombstone() => ConflictCause::Removed,
            Some(there) if there.is_newer_than(self.mirror.program) => ConflictCause::NewerSchema,
            Some(_) => ConflictCause::Overwritten,
        })
    }

    /// Returns whether the server has certainly restarted since it held this version.
    fn is_restarted(&self, seen: Option<&Version>) -> bool {
        self.tells_lives && seen.is_some_and(|seen| seen.life != self.life)
    }

    fn foresee(&self, place: Place, entry: &Entry) -> Foreseen {
        let ours = match entry.want() {
            Want::Nothing => return Foreseen::Nothing,
            Want::Unchanged => return Foreseen::Unchanged,
            Want::Touch if self.before[place.number()].is_none() => return Foreseen::Unchanged,
            Want::Touch => return Foreseen::Touched,
            Want::Invalidate => return Foreseen::Invalidated,
            Want::Delete => None,
            Want::Store(ours) => Some(ours),
        };
        if self.was_cleared(place) {
            return Foreseen::Conflict(ConflictCause::Cleared);
        }
        let done = if ours.is_some() { Foreseen::Written } else { Foreseen::Removed };
        let there = self.before[place.number()].as_ref();
        let restarted = self.is_restarted(entry.version());
        assert!(!restarted || there.is_none() || there != entry.version());
        // A look finds no value, and does not ask since when.
        let asks = restarted && !self.mirror.verifies();
        if entry.is_blind(place) || entry.has_seen(there) && !asks {
            return done;
        }
        let clash = self.clash(place);
        let Some(loaded) = entry.loaded_record() else {
            return match (&entry.seen, ours, there) {
                (Seen::Void(_), None, None) if !asks => Foreseen::Removed,
                (Seen::Void(_), None, Some(there)) if there.is_tombstone() && place.buries() => {
                    Foreseen::Removed
                }
                // There was no value, and there is none.
                (Seen::Void(_), Some(_), None) if !restarted => Foreseen::Written,
                _ => clash,
            };
        };
        match (ours, there) {
            (None, None) if !asks => Foreseen::Removed,
            // Two sessions that remove one value are not in conflict.
            (None, Some(there)) if there.is_tombstone() && place.buries() => Foreseen::Removed,
            (Some(_), None) if !restarted && place.on_vanished() == OnVanished::Recreate => {
                Foreseen::Recreated
            }
            (Some(ours), Some(there)) if !there.is_newer_than(self.mirror.program) => {
                let theirs = there.read_by(self.mirror.program);
                let merged = theirs.and_then(|theirs| Record::merged(loaded, &ours, theirs));
                match place.on_conflict() {
                    OnConflict::LastWriteWins => Foreseen::Written,
                    OnConflict::Merge if merged.is_some() => Foreseen::Merged,
                    _ => clash,
                }
            }
            _ => clash,
        }
    }
}
