//! The fallback for a server whose meta commands are missing or unreliable: its share goes through
//! the classic client.

use std::sync::OnceLock;

use parking_lot::Mutex;

use super::timeouts::Timeouts;
use crate::store::{
    classic::ClassicStore,
    deadline::Deadline,
    operation::{ApplyOut, Change, Condition, Load, LoadOut, StoreError, Token},
    servers::Servers,
    ttl::ServerClock,
};

/// The classic client of one server, made when first needed.
#[derive(Debug)]
pub(super) struct Fallback {
    /// The number of the server in the store. Its classic client knows it as number 0.
    index: u32,
    alone: Servers,
    max_connections: usize,
    store: OnceLock<ClassicStore>,
    /// The server's clock, from its last greeting.
    clock: Mutex<Option<ServerClock>>,
}

/// Whether the server could be used. If not, another one may have taken its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub(super) enum Spoken {
    Yes,
    No,
}

impl Fallback {
    /// Makes the fallback of server number `index`, which is the only one in `alone`.
    pub(super) fn of(index: u32, alone: Servers, max_connections: usize) -> Self {
        let (store, clock) = (OnceLock::new(), Mutex::default());
        Self { index, alone, max_connections, store, clock }
    }

    fn store(&self, timeouts: Timeouts) -> &ClassicStore {
        let store = self.store.get_or_init(|| {
            let store = ClassicStore::of(self.alone.clone());
            let store = store.connect_timeout(timeouts.connect).timeout(timeouts.exchange);
            store.max_connections(self.max_connections)
        });
        store.reckon_by(*self.clock.lock());
        store
    }

    /// Notes the server's clock.
    pub(super) fn heard(&self, clock: Option<ServerClock>) {
        *self.clock.lock() = clock;
    }

    /// Loads the operations of `loads` that `share` names.
    pub(super) fn load_many(
        &self,
        timeouts: Timeouts,
        call: Deadline,
        loads: &[Load<'_>],
        share: &[usize],
        out: &mut LoadOut<'_>,
    ) -> Spoken {
        let mut spoken = Spoken::Yes;
        let loads: Vec<_> = share.iter().map(|&place| loads[place]).collect();
        self.store(timeouts).load_by(call, &loads, &mut |place, loaded| {
            let loaded = loaded.map(|it| it.map_token(|token| numbered(token, self.index)));
            note(&mut spoken, loaded.as_ref().err());
            out(share[place], loaded);
        });
        spoken
    }

    /// Makes the changes of `changes` that `share` names.
    ///
    /// A token with a life, from when the engine used the server, matches nothing here and is never
    /// `Restarted`. Neither is a token of the classic client once the engine uses the server again.
    pub(super) fn apply_many(
        &self,
        timeouts: Timeouts,
        call: Deadline,
        changes: &[Change<'_>],
        share: &[usize],
        out: &mut ApplyOut<'_>,
    ) -> Spoken {
        let mut spoken = Spoken::Yes;
        let change = |&place: &usize| {
            let change = changes[place];
            let when = match change.when {
                Condition::Matches(token) if token.server() == self.index => {
                    Condition::Matches(numbered(token, 0))
                }
                // It matches nothing there either.
                Condition::Matches(token) => Condition::Matches(numbered(token, u32::MAX)),
                when => when,
            };
            Change { when, ..change }
        };
        let changes: Vec<_> = share.iter().map(change).collect();
        self.store(timeouts).apply_by(call, &changes, &mut |place, applied| {
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
