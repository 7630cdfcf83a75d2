//! Bank: several threads and sessions move money between accounts, and the sum stays the same.
//!
//! There are two designs: [all accounts in one entry](one_entry), which memcached changes
//! atomically, and [one entry for each account](two_entries), where half of a transfer may be
//! written. The example can run any number of times, on the store that `MEMDICT_URL` names: each
//! run starts with new accounts.
#![forbid(unsafe_code)]

mod account;
mod one_entry;
mod refusal;
mod two_entries;

use memdict::Cache;

fn main() -> anyhow::Result<()> {
    // A lost or refused change is an error. Without `strict`, only the report names it.
    let cache = Cache::builder().strict(true).open_from_env()?;
    one_entry::show(&cache)?;
    two_entries::show(&cache)
}
