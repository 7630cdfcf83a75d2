//! Threads that run transactions over the same keys while operations of the store fail. What each
//! thread was told of its updates is compared with what is stored in the end.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::Duration,
};

use memdict::{AsyncCache, AsyncSession, BoxError, CommitReport, Error, Result, Retry};
use memdict_tests::{Bench, Cache, Fault};

use super::record::{Place, Record, Touching};

const THREADS: u64 = 4;
const TRANSACTIONS: u64 = 100;

/// What threads were told of the updates of one place.
#[derive(Debug, Default)]
struct Said {
    /// These are stored.
    stored: BTreeSet<u32>,
    /// Whether these are stored is unknown.
    lost: BTreeSet<u32>,
}

/// The same in numbers.
#[derive(Debug, Default)]
pub(crate) struct Crowd {
    transactions: AtomicU32,
    stored: AtomicU32,
    lost: AtomicU32,
    failed: AtomicU32,
}

/// Returns the places in which no session silently overwrites another.
fn places() -> Vec<Place> {
    Place::all().filter(|place| ["fail", "merge"].contains(&place.dict().name())).collect()
}

/// Returns the next number of a pseudorandom sequence.
fn next(random: &mut u64) -> u64 {
    *random = random.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*random ^ (*random >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// Runs one round, and compares what threads were told of each update with what is stored.
pub(crate) fn round(bench: &Bench, seed: u64, crowd: &Crowd) {
    bench.store.clear();
    bench.store.evict_all();
    let places = places();
    let said: Vec<Mutex<Said>> = places.iter().map(|_| Mutex::default()).collect();
    let updates = AtomicU32::new(0);
    let retry = Retry { attempts: 5, backoff: Duration::from_micros(50), ..Retry::default() };
    let caches = [bench.cache.with_retry(retry.clone()), bench.strict().with_retry(retry)];
    thread::scope(|scope| {
        for number in 0..THREADS {
            let (places, said, updates, caches) = (&places, &said, &updates, &caches);
            scope.spawn(move || {
                let mut random = seed.wrapping_mul(THREADS).wrapping_add(number);
                for _ in 0..TRANSACTIONS {
                    if next(&mut random).is_multiple_of(3) {
                        bench.store.fail_in((next(&mut random) % 6) as usize, fault(&mut random));
                    }
                    let mut chosen: Vec<_> = (0..places.len()).collect();
                    chosen.retain(|_| next(&mut random).is_multiple_of(2));
                    let update = updates.fetch_add(1, Ordering::Relaxed) + 1;
                    let cache = &caches[(number % 2) as usize];
                    let keys: Vec<_> = chosen.iter().map(|at| places[*at]).collect();
                    let (outcome, report) = transact(cache, &keys, update);
                    note(&outcome, report.as_ref(), &chosen, places, said, update, crowd);
                }
            });
        }
    });
    compare(bench, seed, &places, &said);
}

/// Runs a round of as many tasks, each with one transaction, and compares in the same way.
pub(crate) fn round_of_tasks(bench: &Bench, seed: u64, tasks: u64, crowd: &Arc<Crowd>) {
    bench.store.clear();
    bench.store.evict_all();
    let places = Arc::new(places());
    let said: Arc<Vec<Mutex<Said>>> = Arc::new(places.iter().map(|_| Mutex::default()).collect());
    let retry = Retry { attempts: 20, backoff: Duration::from_micros(500), ..Retry::default() };
    let of = |cache: Cache| match cache.with_retry(retry.clone()).in_tasks() {
        Cache::Tasks(cache) => cache,
        Cache::Blocking(_) => panic!("it is a cache for tasks"),
    };
    let caches = [of(bench.cache.clone()), of(bench.strict())];
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.expect("a runtime starts");
    runtime.block_on(async {
        let mut all = tokio::task::JoinSet::new();
        for number in 0..tasks {
            let (places, said) = (Arc::clone(&places), Arc::clone(&said));
            let (cache, store) = (caches[(number % 2) as usize].clone(), Arc::clone(&bench.store));
            let crowd = Arc::clone(crowd);
            all.spawn(async move {
                let mut random = seed.wrapping_mul(tasks).wrapping_add(number);
                if next(&mut random).is_multiple_of(3) {
                    store.fail_in((next(&mut random) % 6) as usize, fault(&mut random));
                }
                // Few at once, because all tasks meet at the same places.
                let mut chosen: Vec<_> = (0..places.len()).collect();
                chosen.retain(|_| next(&mut random).is_multiple_of(4));
                let update = u32::try_from(number + 1).expect("not that many");
                let keys: Vec<_> = chosen.iter().map(|at| places[*at]).collect();
                let (outcome, report) = transact_in_task(&cache, &keys, update).await;
                note(&outcome, report.as_ref(), &chosen, &places, &said, update, &crowd);
            });
        }
        while let Some(ended) = all.join_next().await {
            ended.expect("no task panics");
        }
    });
    compare(bench, seed, &places, &said);
}

/// Compares what is stored in each place with what was said of it.
fn compare(bench: &Bench, seed: u64, places: &[Place], said: &[Mutex<Said>]) {
    bench.store.clear();
    for (place, said) in places.iter().zip(said) {
        let session = bench.cache.session();
        let record = session.dict(place.dict()).get(place.key()).expect("it is read");
        let record = record.map(|record| (*record).clone()).unwrap_or_default();
        assert!(record.is_whole(), "{place:?} has an update twice: {record:?}");
        let said = said.lock().unwrap_or_else(PoisonError::into_inner);
        let lost: Vec<_> = said.stored.difference(&record.marks).collect();
        assert!(lost.is_empty(), "{place:?} has lost {lost:?}, round {seed}");
        let unsaid: Vec<_> = record
            .marks
            .iter()
            .filter(|m| !said.stored.contains(m) && !said.lost.contains(m))
            .collect();
        assert!(unsaid.is_empty(), "{place:?} has {unsaid:?}, which failed, round {seed}");
    }
}

fn fault(random: &mut u64) -> Fault {
    [Fault::Down, Fault::AckLost, Fault::SentAndLost][(next(random) % 3) as usize]
}

/// Adds the update to all of these places. A miss may be caused by a store that is down.
fn transact(cache: &Cache, places: &[Place], update: u32) -> (Result<()>, Option<CommitReport>) {
    let report: Arc<Mutex<Option<CommitReport>>> = Arc::default();
    let outcome = cache.transaction(|session| {
        for place in places {
            let dict = session.dict(place.dict());
            let record = Record::default();
            dict.entry(place.key())?.or_insert(record).add(update, Touching::Neither);
        }
        session.after_commit(keep(&report));
        Ok(())
    });
    let report = report.lock().unwrap_or_else(PoisonError::into_inner).take();
    (outcome, report)
}

/// Does the same in a task.
async fn transact_in_task(
    cache: &AsyncCache,
    places: &[Place],
    update: u32,
) -> (Result<()>, Option<CommitReport>) {
    let report: Arc<Mutex<Option<CommitReport>>> = Arc::default();
    let body = async |session: &mut AsyncSession| {
        for place in places {
            let dict = session.dict(place.dict());
            let entry = dict.entry(place.key()).await?;
            let mut record = entry.or_insert(Record::default());
            tokio::task::yield_now().await;
            record.add(update, Touching::Neither);
        }
        session.after_commit(keep(&report));
        Ok(())
    };
    let outcome = cache.transaction(body).await;
    let report = report.lock().unwrap_or_else(PoisonError::into_inner).take();
    (outcome, report)
}

/// Returns a hook that keeps the report.
fn keep(
    report: &Arc<Mutex<Option<CommitReport>>>,
) -> impl FnOnce(&CommitReport) -> std::result::Result<(), BoxError> + Send + 'static {
    let report = Arc::clone(report);
    move |done| {
        *report.lock().unwrap_or_else(PoisonError::into_inner) = Some(done.clone());
        Ok(())
    }
}

fn note(
    outcome: &Result<()>,
    report: Option<&CommitReport>,
    chosen: &[usize],
    places: &[Place],
    said: &[Mutex<Said>],
    update: u32,
    crowd: &Crowd,
) {
    crowd.transactions.fetch_add(1, Ordering::Relaxed);
    let report = match outcome {
        Ok(()) => report,
        Err(error) if error.is_transient() => None,
        Err(Error::Conflict { report, .. } | Error::Unavailable { report: Some(report), .. }) => {
            Some(&**report)
        }
        Err(error) => panic!("{error:?}"),
    };
    let Some(report) = report else {
        crowd.failed.fetch_add(1, Ordering::Relaxed);
        return;
    };
    for at in chosen {
        let (dict, key) = (places[*at].dict().name(), places[*at].key());
        let mut said = said[*at].lock().unwrap_or_else(PoisonError::into_inner);
        if report.written_keys().any(|id| &*id.dict == dict && id.key.to_string() == key) {
            said.stored.insert(update);
            crowd.stored.fetch_add(1, Ordering::Relaxed);
        } else if report
            .lost
            .iter()
            .any(|lost| &*lost.id.dict == dict && lost.id.key.to_string() == key)
        {
            said.lost.insert(update);
            crowd.lost.fetch_add(1, Ordering::Relaxed);
        } else {
            assert!(outcome.is_err(), "nothing is said of {dict}[{key}]: {report:?}");
        }
    }
}
