//! Each account in an entry of its own: a transfer changes two values.
//!
//! memcached changes one key at a time, and may stop between two. So one half of a transfer may
//! be in the store without the other, for others to see, and no client can hide that.
//!
//! - memdict looks at both accounts before it sends anything, so that it is rare; it says which
//!   half was written; and a transaction does not run again by itself then, since that would
//!   take the money twice.
//! - The program gives each transfer an id, and each account remembers the ids of its halves.
//!   So the transfer can be run again, and does only what is missing.
//! - Nobody brings back an account that memcached has evicted, with its money and its ids. What
//!   must not be lost belongs into a database.

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

    // As a transaction does it: ben's account was changed meanwhile, so nothing is sent.
    match crossed(cache, &rent, &tip(2), true) {
        Err(Refusal::Cache(error)) if error.is_transient() => println!("  {error}"),
        other => bail!("nothing is sent, but: {other:?}"),
    }
    println!("  {}", balances(cache)?);

    // Without a look: anna has paid before it turns out that ben's account was changed.
    match crossed(cache, &rent, &tip(3), false) {
        Err(Refusal::Cache(Error::Conflict { conflicts, report, .. })) => {
            for id in report.written_keys() {
                println!("  written: `{id}`");
            }
            for conflict in conflicts {
                println!("  not written: {conflict}");
            }
        }
        other => bail!("one half is written, but: {other:?}"),
    }
    println!("  {}", balances(cache)?);

    // Anybody who knows the transfer may complete it, at any time, and more than once.
    rent.complete(cache)?;
    println!("  completed: {}", balances(cache)?);
    rent.complete(cache)?;
    println!("  once more: {}", balances(cache)?);
    Ok(())
}

/// Enters a transfer while another one is made between the reading and the commit.
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
