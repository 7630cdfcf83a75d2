//! What happened to each key of a commit: plain data.

use std::{fmt, sync::Arc};

use crate::key::{Key, name::Name};

/// What one commit did, key by key.
///
/// Each key that was handed out for writing, inserted or removed is in exactly one of
/// [`written`](Self::written), [`unchanged`](Self::unchanged), [`removed`](Self::removed),
/// [`lost`](Self::lost), [`refused`](Self::refused), or in the conflicts of
/// [`Error::Conflict`](crate::Error::Conflict), which carries a report as well. Where a commit was
/// called off before anything was sent ([`Session::verify_first`](crate::Session::verify_first),
/// [`read_current`](crate::MemcachedDict::read_current)), what was only not sent is in none.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct CommitReport {
    /// Values that the store acknowledged.
    pub written: usize,
    /// Values handed out for writing that are the same as what was loaded: nothing was sent.
    pub unchanged: usize,
    /// Keys that were removed, or were gone already.
    pub removed: usize,
    /// Of [`written`](Self::written): what had vanished since it was loaded and was stored anew.
    pub recreated: usize,
    /// Of [`written`](Self::written): what was merged with somebody else's change.
    pub merged: usize,
    /// Changes that did not reach the store, or whose outcome is unknown, each with its reason.
    pub lost: Vec<Unwritten>,
    /// Changes that the store will not take, such as a value above its limit, each with its
    /// reason. The value that was to be replaced is deleted, so that nobody goes on reading it.
    pub refused: Vec<Unwritten>,
    done: Vec<Done>,
    merges: Vec<Merged>,
    uncertain: bool,
    notes: Vec<String>,
}

/// A value that was merged with somebody else's change.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Merged {
    /// The dictionary's name.
    pub dict: String,
    /// The key.
    pub key: Key,
    /// The paths of the fields that this session changed.
    pub ours: Vec<String>,
    /// The paths of the fields that had been changed there. What is in both went by a rule.
    pub theirs: Vec<String>,
}

/// A change that is not in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unwritten {
    /// The dictionary's name.
    pub dict: String,
    /// The key, as it is shown: a long one is cut.
    pub key: String,
    /// What happened.
    pub reason: String,
    exactly: Key,
}

impl Unwritten {
    fn new(name: &Name, reason: String) -> Self {
        let (dict, key) = (name.dict.to_string(), name.key.to_string());
        Self { dict, key, reason, exactly: name.key.clone() }
    }

    /// The key itself, with which the change can be made again.
    #[must_use]
    pub fn exact_key(&self) -> &Key {
        &self.exactly
    }
}

impl fmt::Display for Unwritten {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}[{}]`: {}", self.dict, self.key, self.reason)
    }
}

#[derive(Debug, Clone)]
struct Done {
    dict: Arc<str>,
    key: Key,
    how: How,
}

/// How a key that needed nothing more came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    Written,
    Recreated,
    Unchanged,
    Removed,
}

impl CommitReport {
    /// The dictionary and key of each value that was written, recreated ones included.
    pub fn written_keys(&self) -> impl Iterator<Item = (&str, &Key)> + '_ {
        self.keys(|how| matches!(how, How::Written | How::Recreated))
    }

    /// The dictionary and key of each value that was found unchanged.
    pub fn unchanged_keys(&self) -> impl Iterator<Item = (&str, &Key)> + '_ {
        self.keys(|how| how == How::Unchanged)
    }

    /// The dictionary and key of each entry that was removed.
    pub fn removed_keys(&self) -> impl Iterator<Item = (&str, &Key)> + '_ {
        self.keys(|how| how == How::Removed)
    }

    /// The dictionary and key of each value that had vanished and was stored anew.
    pub fn recreated_keys(&self) -> impl Iterator<Item = (&str, &Key)> + '_ {
        self.keys(|how| how == How::Recreated)
    }

    /// The values that were merged with somebody else's change, each with its fields.
    pub fn merges(&self) -> impl Iterator<Item = &Merged> + '_ {
        self.merges.iter()
    }

    /// What the session [noted](crate::Session::note), in that order.
    pub fn notes(&self) -> impl Iterator<Item = &str> + '_ {
        self.notes.iter().map(String::as_str)
    }

    fn keys(&self, which: fn(How) -> bool) -> impl Iterator<Item = (&str, &Key)> + '_ {
        self.done.iter().filter(move |done| which(done.how)).map(|done| (&*done.dict, &done.key))
    }

    /// Makes room for what becomes of `many` more keys.
    pub(crate) fn reserve(&mut self, many: usize) {
        self.done.reserve(many);
    }

    pub(crate) fn record(&mut self, name: &Name, how: How) {
        match how {
            How::Written => self.written += 1,
            How::Recreated => {
                self.written += 1;
                self.recreated += 1;
            }
            How::Unchanged => self.unchanged += 1,
            How::Removed => self.removed += 1,
        }
        self.done.push(Done { dict: Arc::clone(&name.dict), key: name.key.clone(), how });
    }

    /// A key of which nothing was sent is in conflict, whatever was said of it before.
    pub(crate) fn forget(&mut self, name: &Name) {
        self.lost.retain(|lost| (&*lost.dict, &lost.exactly) != (&*name.dict, &name.key));
        self.done.retain(|done| (&done.dict, &done.key) != (&name.dict, &name.key));
        self.unchanged = self.unchanged_keys().count();
    }

    /// Of a key that is recorded as written: with what it was merged.
    pub(crate) fn record_merged(&mut self, name: &Name, ours: Vec<String>, theirs: Vec<String>) {
        self.merged += 1;
        let (dict, key) = (name.dict.to_string(), name.key.clone());
        self.merges.push(Merged { dict, key, ours, theirs });
    }

    /// A part of the commit may be in the store although nothing says so.
    pub(crate) fn record_uncertain(&mut self) {
        self.uncertain = true;
    }

    /// For the log: of which session, if it noted what it is about.
    pub(crate) fn of_session(&self) -> String {
        if self.notes.is_empty() {
            return String::new();
        }
        format!(" of the session \"{}\"", self.notes.join("; "))
    }

    pub(crate) fn take_notes(&mut self, notes: Vec<String>) {
        self.notes = notes;
    }

    pub(crate) fn record_lost(&mut self, name: &Name, reason: String, uncertain: bool) {
        self.uncertain |= uncertain;
        self.lost.push(Unwritten::new(name, reason));
    }

    pub(crate) fn record_refused(&mut self, name: &Name, reason: String) {
        self.refused.push(Unwritten::new(name, reason));
    }

    /// Whether any of the commit is in the store, or may be: then running the same work again
    /// could apply that part twice. What was refused counts, for its old value is deleted.
    pub(crate) fn anything_landed(&self) -> bool {
        self.written > 0 || self.removed > 0 || !self.refused.is_empty() || self.uncertain
    }
}
