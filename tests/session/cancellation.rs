//! Futures that are dropped before they end: each call is cut at each point where it waits, on a
//! memcached behind a proxy, alone and beside other tasks that share its connection. Afterwards the
//! store holds what the hooks were told, and no read gives another key's value.
//!
//! `MEMDICT_CUTS` sets how many cuts the random run makes, `MEMDICT_SEED` the number that it begins
//! with.

use std::{
    future::poll_fn,
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    task::Poll,
    time::Duration,
};

use memdict::{
    AsyncCache, AsyncSession, Cache, CommitReport, DictDef, Entry, Error, Result, Store, Tracked,
    UpdateReport,
};
use memdict_tests::{End, Memcached, PATIENCE, Proxy, Way, memcached_on, number};
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;

const KEYS: [&str; 3] = ["a", "b", "c"];

/// A value that knows its key.
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize, Tracked)]
struct Note {
    key: String,
    number: u64,
}

static NOTES: DictDef<Note> = DictDef::new("notes");

/// How a session ended.
#[derive(Debug)]
enum Ended {
    Committed(CommitReport),
    Failed(Option<CommitReport>),
    RolledBack,
}

/// A cache for tasks behind a proxy, and one beside it.
struct Stage {
    proxy: Proxy,
    cache: AsyncCache,
    ended: Arc<Mutex<Vec<Ended>>>,
    beside: Cache,
    /// Other tasks that use the same connections.
    company: JoinSet<()>,
    _server: Memcached,
}

/// Whether other tasks use the same connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Company {
    None,
    Crowd,
}

impl Stage {
    fn new() -> Self {
        Self::with(Company::None)
    }

    fn with(with: Company) -> Self {
        let server = Memcached::start();
        let proxy = Proxy::before(&server.address());
        let ended = Arc::<Mutex<Vec<Ended>>>::default();
        let tell = || {
            let ended = Arc::clone(&ended);
            move |how| ended.lock().unwrap_or_else(PoisonError::into_inner).push(how)
        };
        let (committed, failed, rolled_back) = (tell(), tell(), tell());
        let store = Arc::new(memcached_on([proxy.address()]));
        let cache = Cache::builder()
            .after_commit(move |report| {
                committed(Ended::Committed(report.clone()));
                Ok(())
            })
            .after_failed_commit(move |error| {
                let report = match error {
                    Error::Conflict { report, .. } => Some((**report).clone()),
                    _ => None,
                };
                failed(Ended::Failed(report));
                Ok(())
            })
            .after_rollback(move || {
                rolled_back(Ended::RolledBack);
                Ok(())
            })
            .open_store(Arc::clone(&store) as Arc<dyn Store>);
        let cache = cache.and_then(|cache| cache.to_async()).expect("no option of a store is set");
        let beside = Cache::builder()
            .strict(true)
            .open_store(Arc::new(memcached_on([server.address()])))
            .expect("no option of a store is set");
        let mut company = JoinSet::new();
        if with == Company::Crowd {
            let cache = AsyncCache::with_store(store);
            for number in 0..4 {
                let cache = cache.clone();
                company.spawn(async move {
                    loop {
                        // While the proxy cuts connections, this is a miss.
                        let key = KEYS[number % KEYS.len()];
                        let session = cache.session();
                        let note = session.dict(&NOTES).get(key).await.expect("a miss is no error");
                        if let Some(note) = note {
                            assert_eq!(note.key, key, "another key's value");
                        }
                        tokio::task::yield_now().await;
                    }
                });
            }
        }
        Self { proxy, cache, ended, beside, company, _server: server }
    }

    /// Fails if one of the other tasks has failed.
    fn is_well(&mut self) {
        assert!(self.company.try_join_next().is_none(), "another task read another key's value");
    }

    /// Stores this number under every key.
    fn fill(&self, number: u64) {
        let fill = self.beside.transaction(|session| {
            KEYS.iter().try_for_each(|key| {
                let note = Note { key: (*key).to_owned(), number };
                session.dict(&NOTES).insert(*key, note)
            })
        });
        fill.expect("the server is up");
        self.ended.lock().expect("no panic").clear();
    }

    /// Waits for commits that go on, and compares what sessions were told with what is stored.
    /// Returns how they ended.
    async fn agrees(&self, before: u64, after: u64) -> Vec<Ended> {
        assert_eq!(self.cache.drain(PATIENCE).await, 0);
        let ended = std::mem::take(&mut *self.ended.lock().expect("no panic"));
        let reports: Vec<_> = ended
            .iter()
            .filter_map(|ended| match ended {
                Ended::Committed(report) | Ended::Failed(Some(report)) => Some(report),
                Ended::Failed(None) | Ended::RolledBack => None,
            })
            .collect();
        let session = self.beside.session();
        for key in KEYS {
            let is = |id: &memdict::EntryId| id.key.to_string() == key;
            let written = reports.iter().any(|report| report.written_keys().any(&is));
            let lost = reports.iter().flat_map(|report| &report.lost).find(|lost| is(&lost.id));
            let note = session.dict(&NOTES).get(key).expect("the server is up");
            let note = note.expect("it was stored, and nothing evicts it");
            assert_eq!(note.key, key, "another key's value");
            let agrees = match (note.number, written, lost) {
                (number, true, _) => number == after,
                (number, false, None) => number == before,
                (number, false, Some(_)) => number == before || number == after,
            };
            assert!(agrees, "{key} is {}, not {before} or {after}: {ended:?}", note.number);
        }
        ended
    }

    /// Reads everything through the cache. Each value has to be that of its key.
    async fn reads_right(&self) {
        let session = self.cache.session();
        let notes = session.dict(&NOTES).get_many(KEYS).await.expect("a miss is no error");
        for (key, note) in KEYS.iter().zip(notes) {
            assert!(note.is_none_or(|note| note.key == *key), "another key's value for {key}");
        }
    }
}

/// Polls a future until it has waited `times` times, and then drops it. Returns its output, if it
/// ended before that.
async fn cut<F: Future>(future: F, times: usize) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut waits = 0;
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending if waits == times => Poll::Ready(None),
        Poll::Pending => {
            waits += 1;
            Poll::Pending
        }
    })
    .await
}

async fn load(cache: &AsyncCache) -> Result<()> {
    let session = cache.session();
    session.dict(&NOTES).get_many(KEYS).await?;
    Ok(())
}

/// Changes every value in a session.
async fn change(session: &AsyncSession, to: u64) -> Result<()> {
    let notes = session.dict(&NOTES);
    notes.prefetch(KEYS).await?;
    for key in KEYS {
        if let Some(mut note) = notes.get_mut(key).await? {
            note.number = to;
        }
    }
    Ok(())
}

async fn transact(cache: &AsyncCache, to: u64) -> Result<()> {
    cache.transaction(async |session| change(session, to).await).await
}

async fn update_each(cache: &AsyncCache, to: u64) -> UpdateReport {
    let outcome = cache.update_each(&NOTES, KEYS, async |_, entry| {
        if let Entry::Occupied(mut entry) = entry {
            entry.get_mut().number = to;
        }
        Ok(())
    });
    outcome.await
}

async fn update(cache: &AsyncCache, to: u64) -> Result<()> {
    let outcome = cache.update(&NOTES, "b", async |entry| {
        if let Entry::Occupied(mut entry) = entry {
            entry.get_mut().number = to;
        }
        Ok(())
    });
    outcome.await
}

/// How often commits went on without their callers, and how often they were given up.
#[derive(Debug, Default)]
struct Seen {
    went_on: usize,
    given_up: usize,
}

impl Seen {
    fn note(&mut self, ended: &[Ended]) {
        match ended {
            [.., Ended::Committed(_) | Ended::Failed(_)] => self.went_on += 1,
            [.., Ended::RolledBack] | [] => self.given_up += 1,
        }
    }
}

/// Cuts `run`, which sets a number in all values, once at each point where it waits: first with
/// connections to make, then with idle ones.
async fn each_point(run: impl AsyncFn(&AsyncCache, u64)) -> Seen {
    let mut seen = each_point_with(Company::None, &run).await;
    let beside = each_point_with(Company::Crowd, &run).await;
    seen.went_on += beside.went_on;
    seen.given_up += beside.given_up;
    seen
}

async fn each_point_with(company: Company, run: &impl AsyncFn(&AsyncCache, u64)) -> Seen {
    let mut stage = Stage::with(company);
    stage.proxy.delay(Duration::from_millis(2));
    let mut seen = Seen::default();
    for connected in [false, true] {
        // The others make connections again at once.
        if !connected && company == Company::Crowd {
            continue;
        }
        for times in 0.. {
            stage.fill(1);
            if !connected {
                stage.proxy.hang_up(End::Closed);
            }
            let done = cut(run(&stage.cache, 2), times).await.is_some();
            let ended = stage.agrees(1, 2).await;
            stage.reads_right().await;
            stage.is_well();
            if done {
                break;
            }
            seen.note(&ended);
        }
    }
    seen
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_that_is_cut_leaves_the_cache_usable() {
    let seen = each_point(async |cache, _| drop(load(cache).await)).await;
    assert!(seen.given_up > 2 && seen.went_on == 0, "{seen:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_is_cut_is_made_as_a_whole_or_not_begun() {
    let seen = each_point(async |cache, to| {
        let session = cache.session();
        change(&session, to).await.expect("a miss is no error");
        drop(session.commit().await);
    })
    .await;
    assert!(seen.given_up > 0 && seen.went_on > 0, "{seen:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_is_cut_is_made_as_a_whole_or_not_begun() {
    let seen = each_point(async |cache, to| drop(transact(cache, to).await)).await;
    assert!(seen.given_up > 0 && seen.went_on > 0, "{seen:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn updates_that_are_cut_are_made_as_a_whole_or_not_begun() {
    let seen = each_point(async |cache, to| drop(update_each(cache, to).await)).await;
    assert!(seen.given_up > 0 && seen.went_on > 0, "{seen:?}");
    let seen = each_point(async |cache, to| drop(update(cache, to).await)).await;
    assert!(seen.given_up > 0 && seen.went_on > 0, "{seen:?}");
}

#[tokio::test]
async fn a_commit_that_waits_for_a_connection_sends_nothing_when_it_is_dropped() {
    let stage = Stage::new();
    stage.fill(1);
    let session = stage.cache.session();
    change(&session, 2).await.expect("a miss is no error");
    stage.proxy.hang_up(End::Closed);
    stage.proxy.stall(true);
    assert!(tokio::time::timeout(Duration::from_millis(50), session.commit()).await.is_err());
    stage.proxy.stall(false);
    let ended = stage.agrees(1, 1).await;
    assert!(matches!(ended[..], [Ended::RolledBack]), "{ended:?}");
}

/// Returns the next number of a pseudorandom sequence.
fn next(random: &mut u64) -> u64 {
    *random =
        random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *random >> 33
}

/// Cuts calls at random times, some of them while the proxy cuts the connection as well.
#[tokio::test(flavor = "multi_thread")]
async fn random_cuts_leave_what_the_hooks_were_told() {
    let cuts = number("MEMDICT_CUTS").unwrap_or(100);
    let mut random = number("MEMDICT_SEED").unwrap_or(1);
    for company in [Company::None, Company::Crowd] {
        random_cuts_with(company, cuts / 2, &mut random).await;
    }
}

async fn random_cuts_with(company: Company, cuts: u64, random: &mut u64) {
    let mut stage = Stage::with(company);
    let mut seen = Seen::default();
    for round in 1..=cuts {
        stage.fill(2 * round);
        let to = 2 * round + 1;
        if next(random).is_multiple_of(4) {
            let way = [Way::Requests, Way::Answers][next(random) as usize % 2];
            let end = [End::Closed, End::Reset][next(random) as usize % 2];
            stage.proxy.cut(way, next(random) % 600, end);
        }
        stage.proxy.delay(Duration::from_micros(next(random) % 500));
        let limit = Duration::from_micros(next(random) % 4_000);
        let cache = stage.cache.clone();
        let kind = next(random) % 3;
        let task = tokio::spawn(async move {
            match kind {
                0 => drop(transact(&cache, to).await),
                1 => drop(update_each(&cache, to).await),
                _ => drop(load(&cache).await),
            }
        });
        tokio::time::sleep(limit).await;
        task.abort();
        let aborted = task.await.is_err();
        let ended = stage.agrees(2 * round, to).await;
        stage.proxy.count_anew();
        stage.reads_right().await;
        stage.is_well();
        if aborted {
            seen.note(&ended);
        }
    }
    println!("{company:?}: {seen:?}");
    assert!(seen.given_up > 0 && seen.went_on > 0, "{seen:?}");
}

#[test]
fn a_runtime_that_ended_leaves_a_cache_that_another_one_can_use() {
    let stage = Stage::new();
    stage.fill(1);
    for to in 2..5 {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime starts");
        runtime.block_on(async {
            transact(&stage.cache, to).await.expect("the server is up");
            stage.agrees(to, to).await;
        });
    }
    assert_eq!(stage.proxy.connections(), 3, "each runtime has a connection of its own");
}

#[tokio::test]
async fn draining_waits_for_commits_that_go_on_and_says_how_many_do_not_end() {
    let stage = Stage::new();
    stage.fill(1);
    assert_eq!(stage.cache.drain(Duration::ZERO).await, 0);
    let session = stage.cache.session();
    change(&session, 2).await.expect("a miss is no error");
    stage.proxy.delay(Duration::from_millis(300));
    assert!(tokio::time::timeout(Duration::from_millis(50), session.commit()).await.is_err());
    assert_eq!(stage.cache.drain(Duration::from_millis(1)).await, 1);
    let ended = stage.agrees(1, 2).await;
    assert!(matches!(&ended[..], [Ended::Committed(report)] if report.written == 3), "{ended:?}");
    let counters = stage.cache.counters();
    assert_eq!((counters.commits, counters.written), (1, 3));
}
