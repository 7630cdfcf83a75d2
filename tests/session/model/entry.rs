//! What a session should know about one key, and what its commit should do about it.

use memdict::{Expiry, OnConflict};

use super::{
    program::Program,
    record::{Place, Record, WEEK},
    version::Version,
};

/// What the store held when the session looked.
#[derive(Debug, Clone, Default)]
pub(crate) enum Seen {
    #[default]
    Unread,
    Nothing,
    Unreachable,
    Tombstone(Version),
    /// What was invalidated, or is from before a clear.
    Void(Version),
    /// A value of a newer program.
    Newer(Version),
    Value(Version, Record),
}

/// How an entry lost its value in a session.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum End {
    #[default]
    None,
    Removed,
    Invalidated,
}

/// What a session said about the life of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Life {
    /// It begins anew, as the dictionary says.
    Anew,
    /// It is a week.
    Week,
}

/// What a session should know about a key.
#[derive(Debug, Clone, Default)]
pub(crate) struct Entry {
    pub(crate) seen: Seen,
    pub(crate) now: Option<Record>,
    /// How it lost its value in the session, if a commit has to act on that.
    end: End,
    /// What it said about the life of the value.
    life: Option<Life>,
    /// Whether it was borrowed for writing, inserted or removed.
    pub(crate) listed: bool,
}

/// What a commit should do about a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Want {
    Nothing,
    Unchanged,
    Store(Record),
    Delete,
    Invalidate,
    /// Only its end of life is set.
    Touch,
}

impl Entry {
    pub(crate) fn is_unknown(&self) -> bool {
        matches!(self.seen, Seen::Unread) && self.now.is_none() && self.end == End::None
    }

    /// Returns the version of the value that was loaded.
    pub(crate) fn base(&self) -> Option<&Version> {
        match &self.seen {
            Seen::Value(version, _) => Some(version),
            _ => None,
        }
    }

    /// Returns the value that was loaded.
    pub(crate) fn loaded_record(&self) -> Option<&Record> {
        match &self.seen {
            Seen::Value(_, record) => Some(record),
            _ => None,
        }
    }

    /// Returns the version of what the session saw, if the store held anything.
    pub(crate) fn version(&self) -> Option<&Version> {
        match &self.seen {
            Seen::Value(version, _)
            | Seen::Tombstone(version)
            | Seen::Void(version)
            | Seen::Newer(version) => Some(version),
            Seen::Unread | Seen::Nothing | Seen::Unreachable => None,
        }
    }

    /// Returns the version that a change replaces: a value, or what was one before it was
    /// invalidated or cleared.
    pub(crate) fn replaces(&self) -> Option<&Version> {
        self.version().filter(|_| matches!(self.seen, Seen::Value(..) | Seen::Void(_)))
    }

    /// Returns whether a stale value was invalidated once more since the session saw it. Not every
    /// store tells.
    pub(crate) fn is_outdated_anew(&self, state: Option<&Version>) -> bool {
        self.version().zip(state).is_some_and(|(seen, state)| state.is_outdated_anew(seen))
    }

    /// Returns whether this state is the one that was seen. A tombstone that has expired means the
    /// same as before.
    pub(crate) fn has_seen(&self, state: Option<&Version>) -> bool {
        let expired = matches!(self.seen, Seen::Tombstone(_)) && state.is_none();
        expired || state == self.version()
    }

    pub(crate) fn load(&mut self, program: Program, reached: bool, found: Option<Version>) {
        self.seen = match found {
            _ if !reached => Seen::Unreachable,
            None => Seen::Nothing,
            Some(version) if version.is_stale || version.is_void => Seen::Void(version),
            Some(version) if version.is_tombstone() => Seen::Tombstone(version),
            Some(version) => match version.read_by(program).cloned() {
                Some(record) => Seen::Value(version, record),
                None => Seen::Newer(version),
            },
        };
        self.as_seen();
    }

    pub(crate) fn as_seen(&mut self) {
        self.now = self.loaded_record().cloned();
        self.end = End::None;
    }

    pub(crate) fn remove(&mut self, place: Place) {
        self.now = None;
        let is_known_absent = matches!(self.seen, Seen::Nothing | Seen::Tombstone(_));
        let acts = place.buries() || !is_known_absent;
        self.end = if acts { End::Removed } else { End::None };
        self.life = None;
    }

    pub(crate) fn invalidate(&mut self) {
        (self.now, self.end, self.life) = (None, End::Invalidated, None);
    }

    pub(crate) fn touch(&mut self) {
        if self.end == End::None {
            self.life = Some(Life::Anew);
        }
    }

    pub(crate) fn set_ttl(&mut self) {
        self.life = Some(Life::Week);
    }

    pub(crate) fn revert(&mut self) {
        self.life = None;
        self.as_seen();
    }

    pub(crate) fn insert(&mut self, record: Record) {
        self.life = None;
        self.put(record);
    }

    pub(crate) fn put(&mut self, record: Record) {
        (self.now, self.end) = (Some(record), End::None);
    }

    /// Restores what it was at a savepoint. What was loaded since stays loaded.
    pub(crate) fn go_back(&mut self, then: &Self) {
        (self.listed, self.life) = (then.listed, then.life);
        if then.is_unknown() {
            self.as_seen();
        } else {
            (self.now, self.end) = (then.now.clone(), then.end);
        }
    }

    pub(crate) fn want(&self) -> Want {
        match (&self.now, self.end) {
            _ if !self.listed => Want::Nothing,
            (Some(now), _) if Some(now) == self.loaded_record() => match self.life {
                Some(_) => Want::Touch,
                None => Want::Unchanged,
            },
            (Some(now), _) => Want::Store(now.clone()),
            (None, End::Removed) => Want::Delete,
            (None, End::Invalidated) => Want::Invalidate,
            (None, End::None) => match (&self.seen, self.life) {
                (Seen::Unread | Seen::Unreachable, Some(_)) => Want::Touch,
                _ => Want::Nothing,
            },
        }
    }

    /// Returns whether a commit has anything to send for it.
    pub(crate) fn changes(&self) -> bool {
        matches!(self.want(), Want::Store(_) | Want::Delete | Want::Invalidate)
    }

    /// Returns whether a value that is stored for it has to expire then.
    pub(crate) fn expires(&self, place: Place, then: Expiry) -> bool {
        match (self.life, self.base()) {
            (Some(Life::Week), _) => then == Expiry::After(WEEK),
            (None, Some(_)) if place.keeps_ttl() => matches!(then, Expiry::With(_)),
            _ => then == place.ttl().into(),
        }
    }

    /// Returns whether it is changed, although only a newer program can read it.
    pub(crate) fn is_kept(&self) -> bool {
        matches!(self.want(), Want::Store(_) | Want::Delete) && matches!(self.seen, Seen::Newer(_))
    }

    /// Returns whether a change of it is made whatever the store holds.
    pub(crate) fn is_blind(&self, place: Place) -> bool {
        let last = place.on_conflict() == OnConflict::LastWriteWins;
        match (self.want(), &self.seen) {
            (Want::Invalidate | Want::Touch, _) | (_, Seen::Unread) => true,
            (_, Seen::Newer(_)) => false,
            (Want::Delete, Seen::Nothing | Seen::Tombstone(_) | Seen::Unreachable) => true,
            (Want::Store(_), Seen::Value(..)) => {
                last && place.on_vanished() == memdict::OnVanished::Recreate
            }
            _ => last,
        }
    }
}
