//! Bank: money is moved between accounts, by several at once, and the sum stays.
//!
//! Two designs: [all accounts in one entry](one_entry), which memcached changes at once, and [an
//! entry for each account](two_entries), where half of a transfer may be written. Run it as often
//! as you like, on whatever store `MEMDICT_URL` names: it begins with accounts of its own.
#![forbid(unsafe_code)]

mod account;
mod one_entry;
mod refusal;
mod two_entries;

use memdict::Cache;

fn main() -> anyhow::Result<()> {
    // A change that did not reach the store is an error. Without this, only the report says so.
    let cache = Cache::builder().strict(true).open_from_env()?;
    one_entry::show(&cache)?;
    two_entries::show(&cache)
}
