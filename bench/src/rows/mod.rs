//! The rows of the table.

mod commit;
mod dialects;
mod fetch;
mod guards;
mod large;
mod load;
mod native;
mod session;
mod tasks;

use std::sync::Arc;

use memdict::{Cache, MemcachedStore};
use workload::Workload;

use crate::{Outcome, args::Options, server::Servers, table::Table};

/// What all rows need.
struct Bench {
    options: Options,
    servers: Servers,
    table: Table,
}

/// Measures and prints all rows.
pub(crate) fn print(options: Options) -> Outcome<()> {
    let table = Table::of_rows_with(options.rows.clone());
    let mut bench = Bench { options, servers: Servers::default(), table };
    commit::rows(&mut bench)?;
    dialects::rows(&mut bench)?;
    load::rows(&mut bench)?;
    fetch::rows(&mut bench)?;
    session::rows(&mut bench)?;
    native::rows(&mut bench)?;
    tasks::rows(&mut bench)?;
    guards::rows(&mut bench)?;
    large::rows(&mut bench)?;
    bench.table.end()
}

/// Formats a number with commas, such as 1,000.
fn thousands(number: usize) -> String {
    match number {
        1_000.. => format!("{},{:03}", thousands(number / 1_000), number % 1_000),
        _ => number.to_string(),
    }
}

/// Opens a cache in which every loss is an error.
fn cache<S: Into<String>>(servers: impl IntoIterator<Item = S>) -> Outcome<Cache> {
    let store = MemcachedStore::new(servers)?;
    Ok(Cache::builder()
        .strict(true)
        .open_store(Arc::new(store))
        .expect("no option of a store is set"))
}

/// Stores a value under each key.
fn fill<T: Workload>(cache: &Cache, keys: &[String]) -> Outcome<()> {
    let session = cache.session();
    workload::fill::<T>(&session, keys)?;
    session.commit()?;
    Ok(())
}

/// Returns the keys as they are on the wire.
fn wire_keys<T: Workload>(keys: &[String]) -> Vec<String> {
    keys.iter().map(|key| workload::wire_key::<T>(key)).collect()
}
