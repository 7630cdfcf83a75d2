//! The report of a commit: what happened to each entry.

use std::{fmt, sync::Arc};

use crate::{entry_id::EntryId, unusable::Unusable};

/// The result of a commit, entry by entry.
///
/// Each entry that was borrowed for writing, inserted, touched, invalidated or removed is in exactly
/// one of [`written`](Self::written), [`unchanged`](Self::unchanged), [`touched`](Self::touched),
/// [`invalidated`](Self::invalidated), [`removed`](Self::removed), [`lost`](Self::lost),
/// [`refused`](Self::refused), or in the conflicts of
/// [`Error::Conflict`](crate::Error::Conflict), which also contains a report. If a commit ended
/// before anything was sent ([`Session::verify_first`](crate::Session::verify_first),
/// [`read_current`](crate::MemcachedDict::read_current)), entries whose changes were not sent for
/// that reason alone are in none of them.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct CommitReport {
    /// The number of values whose writing the store acknowledged.
    pub written: usize,
    /// The number of values that were borrowed for writing and did not change. Nothing was sent for
    /// them.
    pub unchanged: usize,
    /// The number of entries that were removed, or had no value any more.
    pub removed: usize,
    /// The number of entries that were invalidated, or had no value.
    pub invalidated: usize,
    /// The number of [counts](crate::SessionCounter) that were made.
    pub counted: usize,
    /// The number of values that got a new end of life, and did not change otherwise.
    pub touched: usize,
    /// The number of [`written`](Self::written) values that had vanished since they were loaded,
    /// and were stored again.
    pub recreated: usize,
    /// The number of [`written`](Self::written) values that were merged with another session's
    /// change.
    pub merged: usize,
    /// The changes that did not reach the store, or whose outcome is unknown, each with its reason.
    pub lost: Vec<FailedWrite>,
    /// The changes that the store refused, such as a value above its limit, each with its reason.
    /// The old value is deleted, so that it is not read any longer.
    pub refused: Vec<FailedWrite>,
    /// The [`written`](Self::written) entries whose old bytes this session could not use, so that
    /// it replaced them unread, each with the reason.
    pub replaced: Vec<Replaced>,
    done: Vec<Done>,
    counts: Vec<(EntryId, u64)>,
    merges: Vec<Merged>,
    uncertain: bool,
    notes: Vec<String>,
}

/// A value that was merged with another session's change.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Merged {
    /// The entry.
    pub id: EntryId,
    /// The paths of the fields that this session changed.
    pub ours: Vec<String>,
    /// The paths of the fields that the other session changed. A path in both lists was merged by a
    /// rule.
    pub theirs: Vec<String>,
}

/// An entry whose stored bytes were not usable, and were replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Replaced {
    /// The entry.
    pub id: EntryId,
    /// Why the bytes were not usable.
    pub unusable: Unusable,
}

impl fmt::Display for Replaced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.id, self.unusable)
    }
}

/// A change that did not reach the store, or that the store refused.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FailedWrite {
    /// The entry.
    pub id: EntryId,
    /// The reason.
    pub reason: String,
    /// The server that failed, if it is known.
    pub(crate) server: Option<Arc<str>>,
    /// Whether the change may still be in the store.
    pub(crate) uncertain: bool,
}

impl fmt::Display for FailedWrite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.id, self.reason)
    }
}

#[derive(Debug, Clone)]
struct Done {
    id: EntryId,
    how: How,
}

/// The outcome of an entry that is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    Written,
    Recreated,
    Unchanged,
    Removed,
    Touched,
    Invalidated,
}

impl CommitReport {
    /// Returns the entries whose values were written, including recreated ones.
    pub fn written_keys(&self) -> impl Iterator<Item = &EntryId> + '_ {
        self.ids(|how| matches!(how, How::Written | How::Recreated))
    }

    /// Returns the entries whose values were found unchanged.
    pub fn unchanged_keys(&self) -> impl Iterator<Item = &EntryId> + '_ {
        self.ids(|how| how == How::Unchanged)
    }

    /// Returns the entries that were removed.
    pub fn removed_keys(&self) -> impl Iterator<Item = &EntryId> + '_ {
        self.ids(|how| how == How::Removed)
    }

    /// Returns the entries whose values got a new end of life, and did not change otherwise.
    pub fn touched_keys(&self) -> impl Iterator<Item = &EntryId> + '_ {
        self.ids(|how| how == How::Touched)
    }

    /// Returns the entries that were invalidated.
    pub fn invalidated_keys(&self) -> impl Iterator<Item = &EntryId> + '_ {
        self.ids(|how| how == How::Invalidated)
    }

    /// Returns the entries whose values had vanished and were stored again.
    pub fn recreated_keys(&self) -> impl Iterator<Item = &EntryId> + '_ {
        self.ids(|how| how == How::Recreated)
    }

    /// Returns the values that were merged with another session's change, with the changed fields.
    pub fn merges(&self) -> impl Iterator<Item = &Merged> + '_ {
        self.merges.iter()
    }

    /// Returns the counts that were made, in the order in which they were asked for, each with the
    /// number that it led to.
    pub fn counts(&self) -> impl Iterator<Item = (&EntryId, u64)> + '_ {
        self.counts.iter().map(|(id, number)| (id, *number))
    }

    /// Returns the session's [notes](crate::Session::note), in the order in which they were made.
    pub fn notes(&self) -> impl Iterator<Item = &str> + '_ {
        self.notes.iter().map(String::as_str)
    }

    /// Returns each entry that is done, and how.
    pub(crate) fn done(&self) -> impl Iterator<Item = (&EntryId, How)> {
        self.done.iter().map(|done| (&done.id, done.how))
    }

    fn ids(&self, which: fn(How) -> bool) -> impl Iterator<Item = &EntryId> + '_ {
        self.done.iter().filter(move |done| which(done.how)).map(|done| &done.id)
    }

    /// Reserves room for `many` more entries.
    pub(crate) fn reserve(&mut self, many: usize) {
        self.done.reserve(many);
    }

    pub(crate) fn record(&mut self, id: &EntryId, how: How) {
        match how {
            How::Written => self.written += 1,
            How::Recreated => {
                self.written += 1;
                self.recreated += 1;
            }
            How::Unchanged => self.unchanged += 1,
            How::Removed => self.removed += 1,
            How::Touched => self.touched += 1,
            How::Invalidated => self.invalidated += 1,
        }
        self.done.push(Done { id: id.clone(), how });
    }

    /// Removes the records of entries that are in conflict. Nothing was sent for them.
    pub(crate) fn forget(&mut self, is_in_conflict: impl Fn(&EntryId) -> bool) {
        self.lost.retain(|lost| !is_in_conflict(&lost.id));
        self.done.retain(|done| !is_in_conflict(&done.id));
        self.unchanged = self.unchanged_keys().count();
    }

    pub(crate) fn record_count(&mut self, id: &EntryId, number: u64) {
        self.counted += 1;
        self.counts.push((id.clone(), number));
    }

    /// Records that a written entry was merged, and the changed fields.
    pub(crate) fn record_merged(&mut self, id: &EntryId, ours: Vec<String>, theirs: Vec<String>) {
        self.merged += 1;
        self.merges.push(Merged { id: id.clone(), ours, theirs });
    }

    /// Records that a written entry replaced bytes that were not usable.
    pub(crate) fn record_replaced(&mut self, id: &EntryId, unusable: Unusable) {
        self.replaced.push(Replaced { id: id.clone(), unusable });
    }

    /// Records that a part of the commit may be in the store, although no outcome says so.
    pub(crate) fn record_uncertain(&mut self) {
        self.uncertain = true;
    }

    /// Names the session in a line of the log by its notes, if it has any.
    pub(crate) fn of_session(&self) -> String {
        if self.notes.is_empty() {
            return String::new();
        }
        format!(" of the session \"{}\"", self.notes.join("; "))
    }

    pub(crate) fn take_notes(&mut self, notes: Vec<String>) {
        self.notes = notes;
    }

    pub(crate) fn record_lost(&mut self, failed: FailedWrite) {
        self.uncertain |= failed.uncertain;
        self.lost.push(failed);
    }

    pub(crate) fn record_refused(&mut self, failed: FailedWrite) {
        self.refused.push(failed);
    }

    /// Adds the report of another commit.
    pub(crate) fn absorb(&mut self, other: Self) {
        self.written += other.written;
        self.unchanged += other.unchanged;
        self.removed += other.removed;
        self.touched += other.touched;
        self.invalidated += other.invalidated;
        self.counted += other.counted;
        self.counts.extend(other.counts);
        self.recreated += other.recreated;
        self.merged += other.merged;
        self.lost.extend(other.lost);
        self.refused.extend(other.refused);
        self.replaced.extend(other.replaced);
        self.done.extend(other.done);
        self.merges.extend(other.merges);
        self.notes.extend(other.notes);
        self.uncertain |= other.uncertain;
    }

    /// Returns whether any part of the commit is in the store, or may be. Running the same work
    /// again could then apply that part twice. A refused change counts, because its old value is
    /// deleted.
    pub(crate) fn anything_landed(&self) -> bool {
        let made = self.written + self.removed + self.invalidated + self.counted;
        made > 0 || !self.refused.is_empty() || self.uncertain
    }
}
