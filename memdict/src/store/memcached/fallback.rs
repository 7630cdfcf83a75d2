//! A server whose meta commands are missing or cannot be relied on: its share goes through the
//! classic client.

use std::sync::OnceLock;

use super::Timeouts;
use crate::{
    error::Error,
    store::{
        Applied, Change, Condition, Load, Loaded, Store, StoreError, Token, classic::ClassicStore,
    },
};

/// The classic client of one server, made when it is first needed.
#[derive(Debug, Default)]
pub(super) struct Fallback {
    store: OnceLock<Result<ClassicStore, Error>>,
}

/// Whether the server could be spoken to: if not, it may be another one by now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub(super) enum Spoken {
    Yes,
    No,
}

impl Fallback {
    fn store(&self, name: &str, timeouts: Timeouts) -> Result<&ClassicStore, StoreError> {
        let make = || {
            let store = ClassicStore::new([name])?;
            Ok(store.connect_timeout(timeouts.connect).timeout(timeouts.exchange))
        };
        let store = self.store.get_or_init(make).as_ref();
        // The name was read before, so it is well formed.
        store.map_err(|error| StoreError::Down(format!("memcached {name}: {error}")))
    }

    /// Loads what `share` names of `loads` from server number `index`.
    pub(super) fn load_many(
        &self,
        (index, name, timeouts): (u32, &str, Timeouts),
        loads: &[Load<'_>],
        share: &[usize],
        out: &mut dyn FnMut(usize, Result<Loaded<'_>, StoreError>),
    ) -> Spoken {
        let mut spoken = Spoken::Yes;
        let store = match self.store(name, timeouts) {
            Ok(store) => store,
            Err(error) => {
                share.iter().for_each(|&place| out(place, Err(error.clone())));
                return Spoken::No;
            }
        };
        let loads: Vec<_> = share.iter().map(|&place| loads[place]).collect();
        store.load_many(&loads, &mut |place, loaded| {
            let loaded = loaded.map(|loaded| match loaded {
                Loaded::Hit { bytes, token } => Loaded::hit(bytes, numbered(token, index)),
                Loaded::Miss => Loaded::Miss,
            });
            note(&mut spoken, loaded.as_ref().err());
            out(share[place], loaded);
        });
        spoken
    }

    /// Makes the changes that `share` names of `changes` on server number `index`.
    pub(super) fn apply_many(
        &self,
        (index, name, timeouts): (u32, &str, Timeouts),
        changes: &[Change<'_>],
        share: &[usize],
        out: &mut dyn FnMut(usize, Result<Applied, StoreError>),
    ) -> Spoken {
        let mut spoken = Spoken::Yes;
        let store = match self.store(name, timeouts) {
            Ok(store) => store,
            Err(error) => {
                share.iter().for_each(|&place| out(place, Err(error.clone())));
                return Spoken::No;
            }
        };
        let change = |&place: &usize| {
            let change = changes[place];
            let when = match change.when {
                Condition::Matches(token) if token.server() == index => {
                    Condition::Matches(numbered(token, 0))
                }
                // It matches nothing there either: that store has one server, number 0.
                Condition::Matches(token) => Condition::Matches(numbered(token, u32::MAX)),
                when => when,
            };
            Change { when, ..change }
        };
        let changes: Vec<_> = share.iter().map(change).collect();
        store.apply_many(&changes, &mut |place, applied| {
            let applied = applied.map(|applied| match applied {
                Applied::Done(token) => Applied::Done(numbered(token, index)),
                applied => applied,
            });
            note(&mut spoken, applied.as_ref().err());
            out(share[place], applied);
        });
        spoken
    }
}

fn numbered(token: Token, server: u32) -> Token {
    Token::new(server, token.life(), token.cas())
}

fn note(spoken: &mut Spoken, error: Option<&StoreError>) {
    if matches!(error, Some(StoreError::Down(_) | StoreError::Unknown(_))) {
        *spoken = Spoken::No;
    }
}
