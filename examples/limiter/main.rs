//! Limiter: 16 threads make 1,600 requests, and exactly 100 pass in each window of time.
//!
//! The server adds to the number, so no two requests get the same one, and there is no session, no
//! conflict and nothing to try again: one round trip for each request. The window begins with the first
//! request and ends when it was to, however many follow. The example can run any number of times, on
//! the store that `MEMDICT_URL` names: each run limits a user of its own.
#![forbid(unsafe_code)]

use std::{
    process, thread,
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::{Result, anyhow, ensure};
use memdict::{Cache, CounterDef};

/// An hour, so that no window ends during the example.
static RATE: CounterDef = CounterDef::new("limiter_rate").ttl_secs(3_600).keep_ttl();

const LIMIT: u64 = 100;
const THREADS: u64 = 16;
const EACH: u64 = 100;

/// Returns whether a request may pass.
fn may_pass(cache: &Cache, user: &str) -> memdict::Result<bool> {
    Ok(cache.counter(&RATE).add(user, 1)? <= LIMIT)
}

/// Makes the requests of one thread. Returns how many passed.
fn requests(cache: &Cache, user: &str) -> memdict::Result<u64> {
    let mut passed = 0;
    for _ in 0..EACH {
        passed += u64::from(may_pass(cache, user)?);
    }
    Ok(passed)
}

fn main() -> Result<()> {
    let cache = Cache::from_env()?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos();
    let user = format!("user-{}-{now}", process::id());
    let passed = thread::scope(|scope| {
        let threads: Vec<_> =
            (0..THREADS).map(|_| scope.spawn(|| requests(&cache, &user))).collect();
        threads.into_iter().try_fold(0, |sum, thread| {
            let passed = thread.join().map_err(|_| anyhow!("a thread panicked"))??;
            Ok::<_, anyhow::Error>(sum + passed)
        })
    })?;
    let asked = cache.counter(&RATE).get(&user)?;
    println!("{passed} of {} requests passed", asked.unwrap_or_default());
    ensure!(passed == LIMIT && asked == Some(THREADS * EACH), "the limit is {LIMIT}");
    Ok(())
}
