//! What the guide to testing promises: a store that fails by chance or on command, the same way in
//! each run.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use memdict::{AsyncCache, AsyncStore, BoxFuture, Counters, Error, MemoryStore};
use memdict_tests::{Cache, Fault, FaultyStore, Rates, wait};

use super::AnyResult;

fn open(url: &str) -> AnyResult<[Cache; 2]> {
    let open = || memdict::Cache::open(url).map(Cache::Blocking);
    Ok([open()?, open()?.in_tasks()])
}

/// Counts up, and returns what each of many reads and commits came to.
fn count_up(cache: &Cache) -> AnyResult<(Vec<String>, Counters)> {
    let mut outcomes = Vec::new();
    for n in 0..400_u64 {
        let key = format!("{}", n % 7);
        let ((), report) = cache.transaction_with_report(|session| {
            let mut counts = session.dict::<Vec<u64>>("counts").entry(&key)?.or_default();
            counts.push(n);
            // A loss shortens the list, but it has nothing that was not put into it.
            assert!(counts.iter().all(|it| it % 7 == n % 7 && *it <= n));
            Ok(())
        })?;
        let (lost, refused) = (report.lost.len(), report.refused.len());
        assert_eq!(report.written + lost + refused, 1, "{report:?}");
        outcomes.push(format!("{} {lost} {refused} {}", report.written, report.recreated));
    }
    Ok((outcomes, cache.counters()))
}

#[test]
fn a_url_makes_the_embedded_store_forget_refuse_and_fail_the_same_way_for_the_same_seed()
-> AnyResult {
    let rates = "memory:?lose=0.1&refuse=0.05&fail=0.1&unanswered=0.1";
    let mut runs = Vec::new();
    for seed in [1, 1, 2] {
        for cache in open(&format!("{rates}&seed={seed}"))? {
            let (outcomes, counters) = count_up(&cache)?;
            let Counters { absent, unreachable, lost, refused, .. } = counters;
            for (what, many) in
                [("absent", absent), ("down", unreachable), ("lost", lost), ("refused", refused)]
            {
                assert!(many > 5, "{what}: {counters:?}");
            }
            runs.push((outcomes, counters));
        }
    }
    assert!(runs[..4].iter().all(|run| *run == runs[0]), "both faces, in each run");
    assert_ne!(runs[0], runs[4]);
    Ok(())
}

#[test]
fn without_rates_the_embedded_store_loses_nothing() -> AnyResult {
    for cache in open("memory:?seed=1&delay=1h&lose=0")? {
        let (_, counters) = count_up(&cache)?;
        assert_eq!((counters.written, counters.lost, counters.absent), (400, 0, 7));
    }
    Ok(())
}

#[test]
fn what_other_threads_do_with_other_keys_does_not_change_the_fate_of_a_key() -> AnyResult {
    let fates = |many: u64| -> AnyResult<Vec<Vec<u64>>> {
        let cache = memdict::Cache::open("memory:?fail=0.3&seed=5")?;
        let lost = Mutex::new(vec![Vec::new(); 4]);
        std::thread::scope(|scope| {
            for key in 0..many {
                let (cache, lost) = (&cache, &lost);
                scope.spawn(move || {
                    for n in 0..200 {
                        let insert =
                            |session: &mut memdict::Session| session.dict("d").insert(key, n);
                        let report = cache.transaction_with_report(insert).expect("not strict").1;
                        if !report.lost.is_empty() && key < 4 {
                            lost.lock().expect("no panic")[key as usize].push(n);
                        }
                    }
                });
            }
        });
        Ok(lost.into_inner()?)
    };
    let alone = fates(4)?;
    assert!(alone.iter().all(|lost| (30..90).contains(&lost.len())), "{alone:?}");
    assert_eq!(alone, fates(8)?);
    Ok(())
}

#[test]
fn an_answer_beyond_the_deadline_of_a_session_is_a_miss_or_a_lost_change_and_others_are_late()
-> AnyResult {
    for cache in open("memory:?late=1&delay=1h&seed=1&strict=true")? {
        let session = cache.session();
        session.deadline(Duration::from_millis(20));
        let error = session.dict::<u64>("d").get("a").map(|_| ()).unwrap_err();
        assert!(matches!(error, Error::Unavailable { .. }), "{error}");
        session.dict("d").insert("a", 1_u64)?;
        let error = session.commit().unwrap_err();
        assert!(matches!(error, Error::Unavailable { report: Some(_), .. }), "{error}");
    }
    for cache in open("memory:?late=1&delay=20ms&seed=1&strict=true")? {
        let began = Instant::now();
        cache.transaction(|session| session.dict("d").insert("a", 1_u64))?;
        assert_eq!(cache.session().dict::<u64>("d").get("a")?.as_deref(), Some(&1));
        assert!(began.elapsed() >= Duration::from_millis(40), "a change and a load");
    }
    Ok(())
}

/// The fault store over a store that only tasks can use.
#[derive(Debug, Default)]
struct OnlyTasks(MemoryStore);

impl AsyncStore for OnlyTasks {
    fn load_many<'a>(
        &'a self,
        loads: &'a [memdict::Load<'a>],
        out: &'a mut memdict::LoadOut<'a>,
    ) -> BoxFuture<'a, ()> {
        AsyncStore::load_many(&self.0, loads, out)
    }

    fn apply_many<'a>(
        &'a self,
        changes: &'a [memdict::Change<'a>],
        out: &'a mut memdict::ApplyOut<'a>,
    ) -> BoxFuture<'a, ()> {
        AsyncStore::apply_many(&self.0, changes, out)
    }
}

#[test]
fn a_store_for_tasks_alone_fails_as_well() -> AnyResult {
    let store = Arc::new(FaultyStore::new(OnlyTasks::default()));
    let cache = Cache::Tasks(AsyncCache::with_store(store.clone()));
    assert!(matches!(&cache, Cache::Tasks(cache) if cache.to_blocking().is_err()));
    cache.transaction(|session| session.dict("d").insert("a", 1_u64))?;
    for (fault, there) in [(Fault::Down, false), (Fault::Late(Duration::ZERO), true)] {
        store.fail_in(0, fault);
        assert_eq!(cache.session().dict::<u64>("d").contains_key("a")?, there, "{fault:?}");
    }
    for gone in [Fault::Evicted, Fault::Restarted] {
        cache.transaction(|session| session.dict("d").insert("a", 1_u64))?;
        store.fail_in(0, gone);
        assert!(!cache.session().dict::<u64>("d").contains_key("a")?, "{gone:?}");
        assert!(store.inner().0.is_empty());
    }
    let insert = |n: u64| {
        cache.transaction_with_report(|session| session.dict("d").insert(n, n)).map(|it| it.1)
    };
    store.set_rates(Rates::seeded(1).fail(0.5));
    let lost: BTreeSet<_> =
        (0..100).filter_map(|n| insert(n).map(|it| it.lost.len() == 1).ok()).collect();
    assert_eq!(lost, [false, true].into());
    store.clear();
    assert!(insert(7)?.lost.is_empty());
    Ok(())
}

#[test]
fn both_faces_of_a_cache_share_the_faults_of_their_store() -> AnyResult {
    let store = Arc::new(FaultyStore::new(MemoryStore::new()));
    let blocking = memdict::Cache::builder().open_store(store.clone())?;
    let tasks = blocking.to_async()?;
    store.fail_always(Some(Fault::Down));
    assert!(blocking.session().dict::<u64>("d").get("a")?.is_none());
    assert!(wait(tasks.session().dict::<u64>("d").get("a"))?.is_none());
    assert!(tasks.to_blocking()?.session().dict::<u64>("d").get("a")?.is_none());
    assert_eq!((blocking.counters().unreachable, store.loads()), (3, 3));
    Ok(())
}
