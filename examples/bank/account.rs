//! An account in an entry of its own, and transfers that may be interrupted halfway.

use std::collections::BTreeSet;

use memdict::{Cache, DictDef, Error, OnVanished, Session, Tracked};
use serde::{Deserialize, Serialize};

use super::refusal::Refusal;

/// An account that was lost is not stored anew by a session that had read it before, because halves
/// of other transfers may have been written since.
pub(crate) static ACCOUNTS: DictDef<Account> =
    DictDef::new("bank_accounts").ttl_secs(3600).on_vanished(OnVanished::Fail);

/// How often a transfer is tried. Each try is a transaction with its own attempts.
const TRIES: usize = 20;

#[derive(Debug, Default, Serialize, Deserialize, Tracked)]
pub(crate) struct Account {
    pub(crate) balance: i64,
    /// The transfers whose half is in this account's balance. A real bank would remove an id once
    /// both accounts have it.
    done: BTreeSet<u64>,
}

impl Account {
    pub(crate) fn with(balance: i64) -> Self {
        Self { balance, done: BTreeSet::new() }
    }

    /// Books this account's half, unless it is booked already.
    fn enter(&mut self, transfer: u64, amount: i64) {
        if self.done.insert(transfer) {
            self.balance += amount;
        }
    }
}

pub(crate) struct Transfer {
    /// Unique among all transfers.
    pub(crate) id: u64,
    pub(crate) from: &'static str,
    pub(crate) to: &'static str,
    pub(crate) amount: i64,
}

impl Transfer {
    /// Books the halves that are missing. This can run any number of times: the balance of an
    /// account and the ids that it remembers are one value, so they are written together.
    pub(crate) fn enter(&self, session: &Session) -> Result<(), Refusal> {
        let missing = |owner: &str| Refusal::Missing(format!("account of {owner}"));
        let accounts = session.dict(&ACCOUNTS);
        accounts.prefetch([self.from, self.to])?;
        let mut from = accounts.get_mut(self.from)?.ok_or_else(|| missing(self.from))?;
        let mut to = accounts.get_mut(self.to)?.ok_or_else(|| missing(self.to))?;

        // A transfer that is half written was allowed, and has to be completed.
        let begun = from.done.contains(&self.id) || to.done.contains(&self.id);
        if !begun && from.balance < self.amount {
            let (owner, has) = (self.from.to_owned(), from.balance);
            return Err(Refusal::Overdraft { owner, has, amount: self.amount });
        }
        from.enter(self.id, -self.amount);
        to.enter(self.id, self.amount);
        Ok(())
    }

    /// Runs the transfer until both halves are booked, whatever happened in earlier commits.
    pub(crate) fn complete(&self, cache: &Cache) -> Result<(), Refusal> {
        let mut outcome = Ok(());
        for _ in 0..TRIES {
            outcome = cache.try_transaction(|session| self.enter(session));
            match &outcome {
                // One half may be written, or none, or both without an answer. The transaction does
                // not run again by itself then. The ids tell which halves are booked, so that this
                // code may run it again.
                Err(Refusal::Cache(Error::Conflict { .. } | Error::Unavailable { .. })) => {}
                _ => break,
            }
        }
        outcome
    }
}
