//! Tokens of a store that can restart.

use std::{fmt, sync::Arc};

use parking_lot::{Mutex, MutexGuard};

use crate::store::{
    Store,
    expiry::Expiry,
    operation::{Applied, Change, Condition, Load, Loaded, Op, Token},
};

/// What the tokens of a store that can restart tell about its lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lives {
    /// The number of their life: 1, then 2, and so on.
    Told,
    /// Nothing. Their life is 0, as behind a proxy or through the classic client.
    Untold,
    /// The same number for all, as servers in containers that start in the same second. Each token
    /// holds on one connection, and each life has connections of its own.
    Alike,
}

/// A store that can restart, and its tokens as they are shown.
pub(super) struct Lived {
    inner: Arc<dyn Store>,
    numbering: Mutex<Numbering>,
}

impl Lived {
    /// Begins the first life, or returns `None` if the store returns no tokens.
    pub(super) fn begin(lives: Lives, inner: Arc<dyn Store>) -> Option<Self> {
        let began = last_token(&*inner)?;
        let numbering = Mutex::new(Numbering { lives, life: 1, connection: 1, began });
        Some(Self { inner, numbering })
    }

    pub(super) fn numbering(&self) -> MutexGuard<'_, Numbering> {
        self.numbering.lock()
    }

    /// Begins the next life, without the values of these keys.
    pub(super) fn restart(&self, keys: impl IntoIterator<Item = Vec<u8>>) {
        // The lock is held meanwhile, so that no token of a value that is about to go is returned.
        let mut numbering = self.numbering();
        for key in keys {
            delete(&*self.inner, &key);
        }
        numbering.life += 1;
        numbering.reconnect();
        numbering.began = last_token(&*self.inner).unwrap_or(numbering.began);
    }
}

impl fmt::Debug for Lived {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Lived").field(&self.numbering).finish()
    }
}

/// Deletes a value.
pub(super) fn delete(store: &(impl Store + ?Sized), key: &[u8]) {
    store.apply_many(&[Change::new(key, Op::Delete, Condition::Always)], &mut |_, _| {});
}

/// Converts the tokens of the inner store, so that versions are counted from 1 in each life.
#[derive(Debug)]
pub(super) struct Numbering {
    lives: Lives,
    life: u64,
    connection: u64,
    /// The inner store's last token when this life began.
    began: Token,
}

impl Numbering {
    /// Begins another connection to the same life.
    pub(super) fn reconnect(&mut self) {
        self.connection += 1;
    }

    fn told(&self) -> u64 {
        match self.lives {
            Lives::Told => self.life,
            Lives::Untold => 0,
            Lives::Alike => 1,
        }
    }

    /// Returns the number of the connection, or 0 if tokens hold on each.
    fn connection(&self) -> u64 {
        if self.lives == Lives::Alike { self.connection } else { 0 }
    }

    /// Converts a token of the inner store to the one that is returned.
    pub(super) fn shown(&self, token: Token) -> Token {
        let count = |cas: u64| cas.wrapping_sub(self.began.cas());
        Token::new(0, self.told(), count(token.cas())).over(self.connection())
    }

    /// Converts a condition for the inner store.
    ///
    /// # Errors
    /// The outcome, if the inner store must not be asked.
    pub(super) fn inside(&self, when: Condition) -> Result<Condition, Applied> {
        let Condition::Matches(token) = when else { return Ok(when) };
        let (life, now) = (token.life(), self.told());
        if token.server() == 0 && life != now && life != 0 && now != 0 {
            return Err(Applied::Restarted);
        }
        if token.connection() != self.connection() {
            return Err(Applied::Unproven);
        }
        let (server, life) = (self.began.server(), self.began.life());
        Ok(Condition::Matches(
            if token == Token::new(0, now, token.cas()).over(self.connection()) && token.cas() != 0
            {
                Token::new(server, life, token.cas().wrapping_add(self.began.cas()))
            } else {
                Token::new(server + 1, life, 0)
            },
        ))
    }
}

/// Returns the last token of a store of one server.
fn last_token(inner: &dyn Store) -> Option<Token> {
    let op = Op::Store { bytes: b"", expiry: Expiry::Never };
    let store = Change::new(b"last", op, Condition::Always);
    inner.apply_many(&[store], &mut |_, _| {});
    let mut last = None;
    inner.load_many(&[Load::new(b"last")], &mut |_, loaded| {
        if let Ok(Loaded::Hit { token, .. }) = loaded {
            last = Some(token);
        }
    });
    delete(inner, b"last");
    last
}
