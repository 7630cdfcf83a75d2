//! What has to become of a commit during which nothing happens: there is one right outcome.

use memdict::{ConflictCause, OnConflict, OnVanished};

use super::{
    account::{Account, Fate},
    mirror::{Entry, Seen, Want},
    record::{Place, Record},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Foreseen {
    Nothing,
    Unchanged,
    Written,
    Recreated,
    Merged,
    Removed,
    Conflict(ConflictCause),
}

impl Account<'_> {
    /// Holds each key to what had to become of it.
    pub(crate) fn is_as_foreseen(&self) {
        let foreseen = |place| self.foresee(place, self.mirror.entry(place));
        let found: Vec<_> = Place::all().map(|place| (place, self.found(place))).collect();
        let changes = Place::all().any(|place| self.mirror.entry(place).changes());
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
            Some(Fate::Removed) => Foreseen::Removed,
            Some(Fate::Conflict(conflict)) => Foreseen::Conflict(conflict.cause),
            Some(fate) => panic!("{place:?} is {fate:?}, and nothing happened"),
        }
    }

    /// Whether a key that has to be current is not.
    fn is_outdated(&self, place: Place) -> bool {
        let entry = self.mirror.entry(place);
        !matches!(entry.seen, Seen::Unread) && self.before[place.number()].as_ref() != entry.base()
    }

    /// Whether a look before the first change shows that this one cannot be made. In which life of
    /// its server a value vanished is asked only where other changes would be made.
    fn is_seen_to_clash(&self, place: Place) -> bool {
        let entry = self.mirror.entry(place);
        let vanished = entry.base().is_some() && self.before[place.number()].is_none();
        match self.foresee(place, entry) {
            Foreseen::Conflict(ConflictCause::ServerRestarted) if vanished => {
                let changes = self.mirror.entries.iter().filter(|entry| entry.changes());
                place.on_vanished() == OnVanished::Fail || changes.count() > 1
            }
            Foreseen::Conflict(_) => true,
            _ => false,
        }
    }

    fn foresee(&self, place: Place, entry: &Entry) -> Foreseen {
        let ours = match entry.want() {
            Want::Nothing => return Foreseen::Nothing,
            Want::Unchanged => return Foreseen::Unchanged,
            Want::Delete => None,
            Want::Store(ours) => Some(ours),
        };
        let done = if ours.is_some() { Foreseen::Written } else { Foreseen::Removed };
        let there = self.before[place.number()].as_ref();
        if entry.is_blind(place) || there == entry.base() {
            let restarted = self.tells_lives && entry.base().is_some_and(|b| b.life != self.life);
            assert!(there != entry.base() || !restarted || entry.is_blind(place));
            return done;
        }
        let Some(base) = entry.base() else {
            return Foreseen::Conflict(ConflictCause::Overwritten);
        };
        let restarted = self.tells_lives && base.life != self.life;
        let clash = Foreseen::Conflict(if restarted {
            ConflictCause::ServerRestarted
        } else if there.is_none() {
            ConflictCause::Vanished
        } else {
            ConflictCause::Overwritten
        });
        match (ours, there) {
            // A look finds nothing, and does not ask since when.
            (None, None) if !restarted || self.mirror.verifies() => Foreseen::Removed,
            (Some(_), None) if !restarted && place.on_vanished() == OnVanished::Recreate => {
                Foreseen::Recreated
            }
            (Some(ours), Some(theirs)) => match place.on_conflict() {
                OnConflict::LastWriteWins => Foreseen::Written,
                OnConflict::Merge
                    if Record::merged(&base.record, &ours, &theirs.record).is_some() =>
                {
                    Foreseen::Merged
                }
                _ => clash,
            },
            _ => clash,
        }
    }
}
