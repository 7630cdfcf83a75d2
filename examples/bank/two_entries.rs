//! Each account in an entry of its own: a transfer changes two values.
//!
//! memcached changes one key at a time, and a commit may be interrupted between two. So one half of
//! a transfer may be stored without the other, where other sessions can see it. No client can hide
//! that.
//!
//! - memdict checks both accounts before it sends anything, which makes this rare. It reports which
//!   half was written, and does not run the transaction again by itself, because that would take
//!   the money twice.
//! - The program gives each transfer an id, and each account remembers the ids of its halves. So
//!   the transfer can run again, and does only what is missing.
//! - Nothing restores an account that memcached has evicted, with its money and its ids. Data that
//!   must not be lost belongs in a database.

use anyhow::{Result, bail};
use memdict::{Cache, CommitReport, Error};

use crate::{
    account::{ACCOUNTS, Account, Transfer},
    refusal::Refusal,
};

const OWNERS: [&str; 3] = ["anna", "ben", "cleo"];

pub(crate) fn show(cache: &Cache) -> Result<()> {
    println!("each account in its own entry");
    cache.transaction(|session| {
        let accounts = session.dict(&ACCOUNTS);
        OWNERS.iter().try_for_each(|owner| accounts.insert(*owner, Account::with(100)))
    })?;

    let rent = Transfer { id: 1, from: "anna", to: "ben", amount: 40 };
    let tip = |id| Transfer { id, from: "cleo", to: "ben", amount: 5 };

    // With the check that a transaction makes: ben's account was changed, so nothing is sent.
    match crossed(cache, &rent, &tip(2), true) {
        Err(Refusal::Cache(error)) if error.is_transient() => println!("  {error}"),
        other => bail!("nothing should be sent, but: {other:?}"),
    }
    println!("  {}", balances(cache)?);

    // Without the check: anna has paid before the commit finds that ben's account was changed.
    match crossed(cache, &rent, &tip(3), false) {
        Err(Refusal::Cache(Error::Conflict { conflicts, report, .. })) => {
            for id in report.written_keys() {
                println!("  written: `{id}`");
            }
            for conflict in conflicts {
                println!("  not written: {conflict}");
            }
        }
        other => bail!("one half should be written, but: {other:?}"),
    }
    println!("  {}", balances(cache)?);

    // Any program that knows the transfer may complete it, at any time, and more than once.
    rent.complete(cache)?;
    println!("  completed: {}", balances(cache)?);
    rent.complete(cache)?;
    println!("  completed again: {}", balances(cache)?);
    Ok(())
}

/// Books a transfer while another one is made between its reads and its commit.
fn crossed(
    cache: &Cache,
    transfer: &Transfer,
    other: &Transfer,
    verify_first: bool,
) -> Result<CommitReport, Refusal> {
    let session = cache.session();
    session.verify_first(verify_first);
    transfer.enter(&session)?;
    other.complete(cache)?;
    Ok(session.commit()?)
}

fn balances(cache: &Cache) -> Result<String> {
    let session = cache.session();
    let (mut sum, mut shown) = (0, String::new());
    for owner in OWNERS {
        let account = session.dict(&ACCOUNTS).get(owner)?;
        let account = account.ok_or_else(|| Refusal::Missing(format!("account of {owner}")))?;
        sum += account.balance;
        shown += &format!("{owner} {}, ", account.balance);
    }
    Ok(format!("{shown}sum {sum}"))
}
