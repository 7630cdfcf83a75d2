//! Many threads increment one number at the same time: no increment is lost or made twice.

use std::{
    sync::Barrier,
    thread,
    time::{Duration, Instant},
};

use memdict::{Counters, DictDef, OnConflict, Retry, Tracked};
use memdict_tests::{Bench, Session, number};
use serde::{Deserialize, Serialize};

const THREADS: u64 = 8;

/// How often each of them increments. A longer run is asked for with `MEMDICT_INCREMENTS`.
fn each() -> u64 {
    number("MEMDICT_INCREMENTS").unwrap_or(2_000)
}

static FAILING: DictDef<u64> = DictDef::new("failing");
static SUMS: DictDef<Sum> = DictDef::new("sums").on_conflict(OnConflict::Merge);

#[derive(Default, Serialize, Deserialize, Tracked)]
#[memdict(merge)]
struct Sum {
    #[memdict(merge = sum)]
    hits: u64,
}

/// Runs `increment` in `THREADS` times [`each`] transactions, each tried until it succeeds.
fn count_up(
    bench: &Bench,
    increment: impl Fn(&mut Session) -> memdict::Result<()> + Sync,
) -> Counters {
    let backoff = Duration::from_micros(200);
    let cache = bench.cache.with_retry(Retry { attempts: u32::MAX, backoff, ..Retry::default() });
    let start = Barrier::new(THREADS as usize);
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                start.wait();
                for _ in 0..each() {
                    cache.transaction(&increment).expect("it is tried until it is through");
                }
            });
        }
    });
    let counters = cache.counters();
    println!("{} retries, {} merged", counters.retries, counters.merged);
    counters
}

fn with_fail(bench: &Bench) {
    let counters = count_up(bench, |session| {
        *session.dict(&FAILING).entry("all")?.or_default() += 1;
        Ok(())
    });
    let stored = bench.cache.session().dict(&FAILING).get("all").expect("it is read").map(|n| *n);
    assert_eq!(stored, Some(THREADS * each()));
    assert_eq!((counters.written, counters.lost), (THREADS * each(), 0));
}

fn with_sum(bench: &Bench) -> Counters {
    let counters = count_up(bench, |session| {
        session.dict(&SUMS).entry("all")?.or_default().hits += 1;
        Ok(())
    });
    let stored = bench.cache.session().dict(&SUMS).get("all").expect("it is read").map(|s| s.hits);
    assert_eq!(stored, Some(THREADS * each()));
    assert_eq!((counters.written, counters.lost), (THREADS * each(), 0));
    counters
}

#[test]
fn increments_of_many_threads_all_count_on_memcached() {
    with_fail(&Bench::on_memcached());
}

#[test]
fn increments_of_many_tasks_all_count_on_memcached() {
    with_fail(&Bench::on_memcached().in_tasks());
}

#[test]
fn increments_of_many_threads_all_count_on_the_embedded_store() {
    with_fail(&Bench::on_memory());
}

#[test]
fn sums_of_many_threads_are_merged_on_memcached() {
    let counters = with_sum(&Bench::on_memcached());
    assert!(counters.merged > 0, "without a merge it shows nothing");
}

#[test]
fn sums_of_many_threads_are_merged_on_the_embedded_store() {
    with_sum(&Bench::on_memory());
}

/// Sixteen threads add to one number, each in transactions of its own, with the default retries:
/// none may fail.
fn crowded(bench: &Bench) {
    const CROWD: usize = 16;
    const ADDITIONS: u64 = 300;
    let start = Barrier::new(CROWD);
    let add = || {
        start.wait();
        let time = |_| {
            let began = Instant::now();
            let added = bench.cache.transaction(|session| {
                *session.dict(&FAILING).entry("one")?.or_default() += 1;
                Ok(())
            });
            added.map(|()| began.elapsed())
        };
        (0..ADDITIONS).map(time).collect::<Result<Vec<_>, _>>()
    };
    let mut times = Vec::new();
    thread::scope(|scope| {
        let threads: Vec<_> = (0..CROWD).map(|_| scope.spawn(add)).collect();
        for thread in threads {
            let added = thread.join().expect("nobody panicked");
            times.extend(added.expect("ten attempts are enough"));
        }
    });
    times.sort_unstable();
    let at = |part: f64| times[((times.len() - 1) as f64 * part) as usize];
    println!("half within {:?}, 99 of 100 within {:?}", at(0.5), at(0.99));
    let stored = bench.cache.session().dict(&FAILING).get("one").expect("it is read").map(|n| *n);
    assert_eq!(stored, Some(CROWD as u64 * ADDITIONS));
}

#[test]
fn sixteen_threads_on_one_key_all_get_through_on_memcached() {
    crowded(&Bench::on_memcached());
}

#[test]
fn sixteen_tasks_on_one_key_all_get_through_on_memcached() {
    crowded(&Bench::on_memcached().in_tasks());
}

#[test]
fn sixteen_threads_on_one_key_all_get_through_on_the_embedded_store() {
    crowded(&Bench::on_memory());
}
