//! What happened to each entry of a commit: plain data.

use std::{fmt, sync::Arc};

use crate::entry_id::EntryId;

/// What one commit did, entry by entry.
///
/// Each entry that was handed out for writing, inserted or removed is in exactly one of
/// [`written`](Self::written), [`unchanged`](Self::unchanged), [`removed`](Self::removed),
/// [`lost`](Self::lost), [`refused`](Self::refused), or in the conflicts of
/// [`Error::Conflict`](crate::Error::Conflict), which carries a report as well. If a commit was
/// called off before anything was sent ([`Session::verify_first`](crate::Session::verify_first),
/// [`read_current`](crate::MemcachedDict::read_current)), entries that were only not sent are in
/// none of them.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct CommitReport {
    /// How many values the store acknowledged.
    pub written: usize,
    /// How many values were handed out for writing and did not change: nothing was sent.
    pub unchanged: usize,
    /// How many entries were removed, or were gone already.
    pub removed: usize,
    /// How many of [`written`](Self::written) had vanished since they were loaded, and were stored
    /// anew.
    pub recreated: usize,
    /// How many of [`written`](Self::written) were merged with another session's change.
    pub merged: usize,
    /// Changes that did not reach the store, or whose outcome is unknown, each with its reason.
    pub lost: Vec<FailedWrite>,
    /// Changes that the store will not take, such as a value above its limit, each with its
    /// reason. The value that was to be replaced is deleted, so that nobody goes on reading it.
    pub refused: Vec<FailedWrite>,
    done: Vec<Done>,
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
    /// The paths of the fields that the other session changed. A path that is in both lists was
    /// merged by a rule.
    pub theirs: Vec<String>,
}

/// A change that is not in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FailedWrite {
    /// The entry.
    pub id: EntryId,
    /// What happened.
    pub reason: String,
    /// The server that it happened at, if it is known.
    pub(crate) server: Option<Arc<str>>,
    /// Whether the change may be in the store all the same.
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

/// How an entry that needed nothing more came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    Written,
    Recreated,
    Unchanged,
    Removed,
}

impl CommitReport {
    /// Returns each entry whose value was written, recreated ones included.
    pub fn written_keys(&self) -> impl Iterator<Item = &EntryId> + '_ {
        self.ids(|how| matches!(how, How::Written | How::Recreated))
    }

    /// Returns each entry whose value was found unchanged.
    pub fn unchanged_keys(&self) -> impl Iterator<Item = &EntryId> + '_ {
        self.ids(|how| how == How::Unchanged)
    }

    /// Returns each entry that was removed.
    pub fn removed_keys(&self) -> impl Iterator<Item = &EntryId> + '_ {
        self.ids(|how| how == How::Removed)
    }

    /// Returns each entry whose value had vanished and was stored anew.
    pub fn recreated_keys(&self) -> impl Iterator<Item = &EntryId> + '_ {
        self.ids(|how| how == How::Recreated)
    }

    /// Returns the values that were merged with another session's change, each with its fields.
    pub fn merges(&self) -> impl Iterator<Item = &Merged> + '_ {
        self.merges.iter()
    }

    /// Returns the session's [notes](crate::Session::note), in the order in which they were made.
    pub fn notes(&self) -> impl Iterator<Item = &str> + '_ {
        self.notes.iter().map(String::as_str)
    }

    fn ids(&self, which: fn(How) -> bool) -> impl Iterator<Item = &EntryId> + '_ {
        self.done.iter().filter(move |done| which(done.how)).map(|done| &done.id)
    }

    /// Makes room for `many` more entries.
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
        }
        self.done.push(Done { id: id.clone(), how });
    }

    /// Forgets whatever was recorded of entries that nothing was sent of, because they are in
    /// conflict.
    pub(crate) fn forget(&mut self, is_in_conflict: impl Fn(&EntryId) -> bool) {
        self.lost.retain(|lost| !is_in_conflict(&lost.id));
        self.done.retain(|done| !is_in_conflict(&done.id));
        self.unchanged = self.unchanged_keys().count();
    }

    /// Records what an entry was merged with that is recorded as written.
    pub(crate) fn record_merged(&mut self, id: &EntryId, ours: Vec<String>, theirs: Vec<String>) {
        self.merged += 1;
        self.merges.push(Merged { id: id.clone(), ours, theirs });
    }

    /// Records that a part of the commit may be in the store although nothing says so.
    pub(crate) fn record_uncertain(&mut self) {
        self.uncertain = true;
    }

    /// Names the session in a line of the log, if it noted what it is about.
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
        self.recreated += other.recreated;
        self.merged += other.merged;
        self.lost.extend(other.lost);
        self.refused.extend(other.refused);
        self.done.extend(other.done);
        self.merges.extend(other.merges);
        self.notes.extend(other.notes);
        self.uncertain |= other.uncertain;
    }

    /// Returns whether any of the commit is in the store, or may be: then running the same work
    /// again could apply that part twice. A refused change counts, because its old value is
    /// deleted.
    pub(crate) fn anything_landed(&self) -> bool {
        self.written > 0 || self.removed > 0 || !self.refused.is_empty() || self.uncertain
    }
}
