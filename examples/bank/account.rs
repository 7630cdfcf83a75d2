//! An account in an entry of its own, and transfers that may be interrupted half way.

use std::collections::BTreeSet;

use memdict::{Cache, DictDef, Error, OnVanished, Session, Tracked};
use serde::{Deserialize, Serialize};

use super::refusal::Refusal;

/// An account that the store has lost is not stored anew by one who read it before: halves of
/// other transfers may have been written since.
pub(crate) static ACCOUNTS: DictDef<Account> =
    DictDef::new("bank_accounts").ttl_secs(3600).on_vanished(OnVanished::Fail);

/// How often a transfer is run, each time in a transaction that has attempts of its own.
const TRIES: usize = 20;

#[derive(Debug, Default, Serialize, Deserialize, Tracked)]
pub(crate) struct Account {
    pub(crate) balance: i64,
    /// The transfers of which this account's half is in the balance. A real bank would drop
    /// those that both accounts have.
    done: BTreeSet<u64>,
}

impl Account {
    pub(crate) fn with(balance: i64) -> Self {
        Self { balance, done: BTreeSet::new() }
    }

    /// Enters this account's half, unless it is in already.
    fn enter(&mut self, transfer: u64, amount: i64) {
        if self.done.insert(transfer) {
            self.balance += amount;
        }
    }
}

pub(crate) struct Transfer {
    /// No other transfer has it.
    pub(crate) id: u64,
    pub(crate) from: &'static str,
    pub(crate) to: &'static str,
    pub(crate) amount: i64,
}

impl Transfer {
    /// Enters those halves that are missing. It can be run as often as one likes: the balance of
    /// an account and the ids that it remembers are one value, so they are written together.
    pub(crate) fn enter(&self, session: &Session) -> Result<(), Refusal> {
        let missing = |owner: &str| Refusal::Missing(format!("account of {owner}"));
        let accounts = session.dict(&ACCOUNTS);
        accounts.prefetch([self.from, self.to])?;
        let mut from = accounts.get_mut(self.from)?.ok_or_else(|| missing(self.from))?;
        let mut to = accounts.get_mut(self.to)?.ok_or_else(|| missing(self.to))?;

        // One that is half written was allowed, and has to come to its end.
        let begun = from.done.contains(&self.id) || to.done.contains(&self.id);
        if !begun && from.balance < self.amount {
            let (owner, has) = (self.from.to_owned(), from.balance);
            return Err(Refusal::Overdraft { owner, has, amount: self.amount });
        }
        from.enter(self.id, -self.amount);
        to.enter(self.id, self.amount);
        Ok(())
    }

    /// Runs the transfer until both halves are in, whatever became of them in the commits before.
    pub(crate) fn complete(&self, cache: &Cache) -> Result<(), Refusal> {
        let mut outcome = Ok(());
        for _ in 0..TRIES {
            outcome = cache.try_transaction(|session| self.enter(session));
            match &outcome {
                // One half may be written, or none, or both without an answer. A transaction does
                // not run again by itself then. The ids tell, so that this may.
                Err(Refusal::Cache(Error::Conflict { .. } | Error::Unavailable { .. })) => {}
                _ => break,
            }
        }
        outcome
    }
}
