//! Counters: four threads count in one value, and every count counts.
//!
//! Two ways to the same total. With `merge = sum` nobody has to begin again: what a thread added
//! is added to whatever is there by then. Without it, a thread that was not the first is in
//! conflict, and `transaction` runs its work again. Run it as often as you like, on whatever store
//! `MEMDICT_URL` names: it begins at 0.
#![forbid(unsafe_code)]

use std::thread;

use anyhow::{Context, Result, anyhow, ensure};
use memdict::{Cache, DictDef, OnConflict, Retry, Tracked};
use serde::{Deserialize, Serialize};

/// Merging is asked for twice: by the dictionary, and by the type, which says how.
#[derive(Debug, Default, Serialize, Deserialize, Tracked)]
#[memdict(merge)]
struct Visits {
    /// 10, and here 1 more, and there 2 more: 13.
    #[memdict(merge = sum)]
    total: u64,
}

static MERGED: DictDef<Visits> =
    DictDef::new("counters_merged").ttl_secs(3600).on_conflict(OnConflict::Merge);

/// `OnConflict::Fail` is what a dictionary does unless it says otherwise.
static RETRIED: DictDef<Visits> =
    DictDef::new("counters_retried").ttl_secs(3600).on_conflict(OnConflict::Fail);

const THREADS: u64 = 4;
const EACH: u64 = 500;

fn main() -> Result<()> {
    count("merge = sum", &MERGED)?;
    count("fail and try again", &RETRIED)
}

fn count(how: &str, visits: &DictDef<Visits>) -> Result<()> {
    // One for each way, because a cache counts what all of its sessions do. Three attempts, the
    // default, are few for threads that do nothing else.
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
        visits.context("the store has lost the counter, as may happen in a cache")?.total
    };
    println!("{how}");
    println!("  commits    {:>6}", counters.commits - begin.commits);
    println!("  merged     {:>6}", counters.merged - begin.merged);
    println!("  conflicts  {:>6}", counters.conflicts - begin.conflicts);
    println!("  tried again{:>6}", counters.retries - begin.retries);
    println!("  total      {total:>6}");
    ensure!(total == THREADS * EACH, "a count is missing, or counted twice");
    Ok(())
}

/// The same code for both: only the dictionary's definition differs.
fn visit(cache: &Cache, visits: &DictDef<Visits>) -> Result<()> {
    cache.transaction(|session| {
        let visits = session.dict(visits);
        let mut visits = visits.entry("/")?.or_default();
        visits.total += 1;
        Ok(())
    })?;
    Ok(())
}
