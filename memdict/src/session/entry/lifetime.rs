//! The life of an entry's value: what a session says about it, and what a commit makes of that.

use super::{
    any_slot::Draft,
    said::Said,
    seen::Seen,
    slot::{FirstWrite, Inner, Slot},
    state::{Misuse, State},
};
use crate::{
    def::{options::DictOptions, ttl::Ttl},
    error::BorrowKind,
    store::expiry::Expiry,
    track::Tracked,
};

/// What is missing to keep an end of life.
pub(crate) const TELL_THE_LIFE: &str = "tell how much life the value had left when it was read; only \
                                        a dictionary with `keep_ttl` asks for it";

impl<T: Tracked> Slot<T> {
    /// Begins the life of the value anew, as its dictionary says. This needs no read.
    pub(crate) fn touch(&self, options: DictOptions) -> Result<FirstWrite, Misuse> {
        let mut inner = self.inner.lock();
        match inner.state {
            State::CheckedOut { .. } => Err(Misuse::AlreadyBorrowed(BorrowKind::Writing)),
            State::Poisoned => Err(Misuse::Poisoned),
            // There is to be no value.
            State::Removed => Ok(inner.written_by(options)),
            _ => {
                inner.said = Some(Said::Lives(options.lifetime.ttl));
                Ok(inner.written_by(options))
            }
        }
    }

    /// Says when the value of a checked out entry expires, or leaves it to the dictionary.
    pub(super) fn set_ttl(&self, ttl: Option<Ttl>) {
        self.inner.lock().said = ttl.map(Said::Lives);
    }
}

impl<T: Tracked> Inner<T> {
    /// Returns when a value that is written now expires, or `None` if that cannot be known.
    pub(crate) fn expiry(&self) -> Option<Expiry> {
        let lifetime = self.options.lifetime;
        let ttl = match self.said {
            Some(Said::Lives(ttl)) => ttl,
            _ => lifetime.on_write(),
        };
        match (ttl, self.seen.base()) {
            (Ttl::Keep, Some(base)) => base.life.map(Expiry::With),
            (Ttl::Keep, None) => Some(lifetime.ttl.of_new()),
            (ttl, _) => Some(ttl.of_new()),
        }
    }

    /// Returns whether a commit makes the stored value stale.
    pub(crate) fn invalidates(&self) -> bool {
        matches!((&self.state, self.said), (State::Removed, Some(Said::Stale)))
    }

    /// Returns what a commit has to do about a value that does not change: set its end of life, if
    /// the session said one, and there may be a value.
    pub(crate) fn touched(&self) -> Option<Draft> {
        let expiry = match self.said? {
            Said::Lives(Ttl::Keep) | Said::Stale => return None,
            Said::Lives(ttl) => ttl.of_new(),
        };
        let may_be_there =
            matches!(self.seen, Seen::Unread | Seen::Value(_) | Seen::Unreachable(_));
        may_be_there.then_some(Draft::Touch { options: self.options, expiry })
    }
}
