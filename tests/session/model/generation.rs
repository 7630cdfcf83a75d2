//! The generation of the dictionary that can be cleared: what a commit has to find out about it.

use super::{
    account::Account,
    entry::{Entry, Seen, Want},
    ledger::Line,
    record::Place,
};

impl Account<'_> {
    /// Returns whether the dictionary of a place was cleared since the session found its generation,
    /// and before the commit began.
    pub(crate) fn was_cleared(&self, place: Place) -> bool {
        let now = self.generations[0].1;
        place.is_clearable() && self.mirror.generation.is_some_and(|first| now != Some(first))
    }

    /// Returns whether that may have happened during the commit as well.
    pub(crate) fn is_cleared(&self, place: Place) -> bool {
        let entry = self.mirror.entry(place);
        let depends = matches!(entry.want(), Want::Store(_) | Want::Delete)
            || self.mirror.current.contains(&place);
        let changed =
            self.was_cleared(place) || self.mirror.knows_of_clear() || self.generations.len() > 1;
        place.is_clearable() && depends && changed
    }

    /// Checks that a value that is said to be written was of the present generation then, or later.
    pub(crate) fn is_of_present_generation(&self, line: &Line) {
        let Some(after) = line.after.as_ref().filter(|_| line.place.is_clearable()) else { return };
        let at = self.from + self.lines.iter().position(|it| std::ptr::eq(it, line)).unwrap_or(0);
        let then = self.generations.iter().rposition(|(from, _)| *from <= at).unwrap_or(0);
        let mut since = self.generations[then..].iter().map(|(_, generation)| *generation);
        assert!(since.any(|it| it == Some(after.generation)), "{line:?} is read by nobody");
    }

    /// Returns whether a look shows that a dictionary was cleared on which the entry depends.
    pub(crate) fn is_seen_to_be_cleared(&self, place: Place, entry: &Entry) -> bool {
        self.was_cleared(place) && !matches!(entry.seen, Seen::Unread)
    }
}
