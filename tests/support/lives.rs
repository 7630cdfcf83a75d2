//! Tokens of a store that can restart.

use memdict::{Applied, Change, Condition, Expiry, Load, Loaded, Op, Store, Token};

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

/// Converts the tokens of the inner store, so that versions are counted from 1 in each life.
#[derive(Debug)]
pub(crate) struct Numbering {
    lives: Lives,
    life: u64,
    connection: u64,
    /// The inner store's last token when this life began.
    began: Token,
}

impl Numbering {
    /// Begins the first life.
    pub(crate) fn begin(lives: Lives, inner: &dyn Store) -> Self {
        Self { lives, life: 1, connection: 1, began: last_token(inner) }
    }

    /// Begins the next life.
    pub(crate) fn restart(&mut self, inner: &dyn Store) {
        self.life += 1;
        self.reconnect();
        self.began = last_token(inner);
    }

    /// Begins another connection to the same life.
    pub(crate) fn reconnect(&mut self) {
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
    pub(crate) fn shown(&self, token: Token) -> Token {
        let count = |cas: u64| cas.wrapping_sub(self.began.cas());
        Token::new(0, self.told(), count(token.cas())).over(self.connection())
    }

    /// Converts a condition for the inner store.
    ///
    /// # Errors
    /// The outcome, if the inner store must not be asked.
    pub(crate) fn inside(&self, when: Condition) -> Result<Condition, Applied> {
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
fn last_token(inner: &dyn Store) -> Token {
    let store =
        Change::new(b"last", Op::Store { bytes: b"", expiry: Expiry::Never }, Condition::Always);
    let delete = Change::new(b"last", Op::Delete, Condition::Always);
    inner.apply_many(&[store], &mut |_, _| {});
    let mut last = None;
    inner.load_many(&[Load::new(b"last")], &mut |_, loaded| {
        if let Ok(Loaded::Hit { token, .. }) = loaded {
            last = Some(token);
        }
    });
    inner.apply_many(&[delete], &mut |_, _| {});
    last.expect("the store inside has stored it")
}
