//! All accounts in one entry: a transfer changes one value.
//!
//! memcached changes one key atomically, so this is the safe design: a reader finds either the
//! whole transfer or nothing of it.

use std::{collections::BTreeMap, thread, time::Duration};

use anyhow::{Result, anyhow, bail, ensure};
use memdict::{Cache, DictDef, Error, OnVanished, Retry, Tracked};
use serde::{Deserialize, Serialize};

use crate::refusal::Refusal;

/// The default rule for a conflict is `OnConflict::Fail`. A bank that was lost is not stored anew
/// by a session that had read it before, because other sessions may have changed it since.
static BANKS: DictDef<Bank> =
    DictDef::new("bank_in_one_entry").ttl_secs(3600).on_vanished(OnVanished::Fail);

const BANK: &str = "bank";
const OWNERS: [&str; 4] = ["anna", "ben", "cleo", "dora"];

#[derive(Debug, Default, Serialize, Deserialize, Tracked)]
struct Bank {
    accounts: BTreeMap<String, i64>,
}

impl Bank {
    fn transfer(&mut self, from: &str, to: &str, amount: i64) -> Result<(), Refusal> {
        let has = *self.account(from)?;
        if has < amount {
            return Err(Refusal::Overdraft { owner: from.to_owned(), has, amount });
        }
        *self.account(to)? += amount;
        *self.account(from)? -= amount;
        Ok(())
    }

    fn account(&mut self, owner: &str) -> Result<&mut i64, Refusal> {
        self.accounts.get_mut(owner).ok_or_else(|| Refusal::Missing(owner.to_owned()))
    }
}

/// Returns the error of a miss. The bank may have been evicted, or may have expired.
fn missing() -> Refusal {
    Refusal::Missing(BANK.to_owned())
}

pub(crate) fn show(cache: &Cache) -> Result<()> {
    println!("all accounts in one entry");
    cache.transaction(|session| {
        let accounts = OWNERS.map(|owner| (owner.to_owned(), 100)).into();
        session.dict(&BANKS).insert(BANK, Bank { accounts })
    })?;
    two_at_once(cache)?;
    overdraft(cache)?;
    four_threads(cache)
}

/// Two sessions read the bank, and both change it. The second does not know of the first's
/// transfer, so its commit is a conflict, and nothing of it is written.
fn two_at_once(cache: &Cache) -> Result<()> {
    let (first, second) = (cache.session(), cache.session());
    first.dict(&BANKS).get_mut(BANK)?.ok_or_else(missing)?.transfer("anna", "ben", 10)?;
    second.dict(&BANKS).get_mut(BANK)?.ok_or_else(missing)?.transfer("anna", "cleo", 20)?;
    first.commit()?;
    match second.commit() {
        Err(conflict @ Error::Conflict { .. }) => println!("  {conflict}"),
        other => bail!("this should be a conflict, not {other:?}"),
    }
    // A transaction would have run again by itself, with the value that is stored now.
    transfer(cache, "anna", "cleo", 20)?;
    println!("  the second transfer again: anna has {}", balances(cache)?["anna"]);
    Ok(())
}

fn transfer(cache: &Cache, from: &str, to: &str, amount: i64) -> Result<(), Refusal> {
    cache.try_transaction(|session| {
        let mut bank = session.dict(&BANKS).get_mut(BANK)?.ok_or_else(missing)?;
        // The work takes some time, so that other sessions come in between.
        thread::sleep(Duration::from_micros(200));
        bank.transfer(from, to, amount)
    })
}

/// The application's own error ends a transaction: nothing is written or tried again.
fn overdraft(cache: &Cache) -> Result<()> {
    match transfer(cache, "dora", "anna", 1000) {
        Err(refusal @ Refusal::Overdraft { .. }) => println!("  refused: {refusal}"),
        other => bail!("this should be refused, not {other:?}"),
    }
    Ok(())
}

fn four_threads(cache: &Cache) -> Result<()> {
    // The default of ten attempts may be too low for threads that do nothing else.
    let cache = &cache.with_retry(Retry { attempts: 100, ..Retry::default() });
    let before = cache.counters();
    let made = thread::scope(|scope| {
        let threads = OWNERS.map(|owner| scope.spawn(move || pay_the_others(cache, owner)));
        let made = threads
            .into_iter()
            .map(|thread| thread.join().map_err(|_| anyhow!("a thread panicked"))?);
        made.sum::<Result<u32>>()
    })?;
    let after = cache.counters();
    println!("  4 threads: {made} transfers made, {} refused", 100 - made);
    println!("  conflicts: {}", after.conflicts - before.conflicts);
    println!("  tried again: {}", after.retries - before.retries);

    let balances = balances(cache)?;
    println!("  the sum is {}", balances.values().sum::<i64>());
    ensure!(balances.values().all(|balance| *balance >= 0), "overdrawn: {balances:?}");
    Ok(())
}

/// Makes 25 transfers, as far as the money lasts. Returns how many were made.
fn pay_the_others(cache: &Cache, owner: &str) -> Result<u32> {
    let mut made = 0;
    let others = OWNERS.iter().filter(|other| **other != owner);
    for other in others.cycle().take(25) {
        match transfer(cache, owner, other, 40) {
            Ok(()) => made += 1,
            Err(Refusal::Overdraft { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(made)
}

fn balances(cache: &Cache) -> Result<BTreeMap<String, i64>> {
    let session = cache.session();
    let bank = session.dict(&BANKS).get(BANK)?.ok_or_else(missing)?;
    Ok(bank.accounts.clone())
}
