//! Counters: four threads add to one value, and no addition is lost.
//!
//! The example does this in two ways. With `merge = sum`, no thread has to start again: what a
//! thread added is added to the value that is stored by then. Without it, only the first thread
//! succeeds, the others are in conflict, and `transaction` runs their work again. The example can
//! run any number of times, on the store that `MEMDICT_URL` names: it starts at 0.
#![forbid(unsafe_code)]

use std::thread;

use anyhow::{Context, Result, anyhow, ensure};
use memdict::{Cache, DictDef, OnConflict, Retry, Tracked};
use serde::{Deserialize, Serialize};

/// Merging needs two settings: the dictionary asks for it, and the type says how.
#[derive(Debug, Default, Serialize, Deserialize, Tracked)]
#[memdict(merge)]
struct Visits {
    /// If the base is 10, one side adds 1 and the other adds 2, the result is 13.
    #[memdict(merge = sum)]
    total: u64,
}

static MERGED: DictDef<Visits> =
    DictDef::new("counters_merged").ttl_secs(3600).on_conflict(OnConflict::Merge);

/// `OnConflict::Fail` is the default.
static RETRIED: DictDef<Visits> =
    DictDef::new("counters_retried").ttl_secs(3600).on_conflict(OnConflict::Fail);

const THREADS: u64 = 4;
const EACH: u64 = 500;

fn main() -> Result<()> {
    count("merge = sum", &MERGED)?;
    count("fail and try again", &RETRIED)
}

fn count(how: &str, visits: &DictDef<Visits>) -> Result<()> {
    // Each way has its own cache, because a cache counts what all its sessions do. The default of
    // ten attempts may be too low for threads that do nothing else.
    let cache = Cache::from_env()?.with_retry(Retry { attempts: 100, ..Retry::default() });
    cache.transaction(|session| session.dict(visits).insert("/", Visits::default()))?;
    let begin = cache.counters();

    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|_| {
                let cache = &cache;
                scope.spawn(move || (0..EACH).try_for_each(|_| visit(cache, visits)))
            })
            .collect();
        threads
            .into_iter()
            .try_for_each(|thread| thread.join().map_err(|_| anyhow!("a thread panicked"))?)
    })?;

    let counters = cache.counters();
    let total = {
        let session = cache.session();
        let visits = session.dict(visits).get("/")?;
        visits.context("the cache has lost the counter")?.total
    };
    println!("{how}");
    println!("  commits    {:>6}", counters.commits - begin.commits);
    println!("  merged     {:>6}", counters.merged - begin.merged);
    println!("  conflicts  {:>6}", counters.conflicts - begin.conflicts);
    println!("  tried again{:>6}", counters.retries - begin.retries);
    println!("  total      {total:>6}");
    ensure!(total == THREADS * EACH, "an addition is missing, or was made twice");
    Ok(())
}

/// This code is the same for both ways: only the dictionary's definition differs.
fn visit(cache: &Cache, visits: &DictDef<Visits>) -> Result<()> {
    cache.transaction(|session| {
        let visits = session.dict(visits);
        let mut visits = visits.entry("/")?.or_default();
        visits.total += 1;
        Ok(())
    })?;
    Ok(())
}
