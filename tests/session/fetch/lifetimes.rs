//! What becomes of a value at the end of its lifetime. The embedded store has a clock to turn; a
//! memcached has its own.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    thread,
    time::Duration,
};

use memdict::{
    Clock, Condition, DictDef, Error, Fresh, Lookup, MemoryStore, Op, Store, Ttl, Unusable,
};

use memdict_tests::{Bench, Cache, FaultyStore, Lives, ManualClock, ONE_SECOND_LIFE, apply_one};
use tokio::time::{Instant, sleep};

const LIFE: Duration = Duration::from_secs(10);
const GRACE: Duration = Duration::from_secs(30);

static KEPT: DictDef<u64> = DictDef::new("kept").ttl(LIFE).stale_for(GRACE);
static STRICT: DictDef<u64> = DictDef::new("kept").ttl(LIFE);

fn fail() -> Result<u64, Error> {
    Err(Error::user("the source is down"))
}

fn made(number: u64) -> impl FnOnce() -> Result<u64, Error> {
    move || Ok(number)
}

/// Opens a cache on an embedded store with this clock.
fn cache_on(clock: impl Clock + 'static) -> (memdict::Cache, Arc<MemoryStore>) {
    let store = Arc::new(MemoryStore::new().clock(clock));
    let cache = memdict::Cache::builder().open_store(Arc::clone(&store) as _);
    (cache.expect("no option of a store is set"), store)
}

/// Runs a test in both faces.
fn on_both(test: impl Fn(&Cache, &ManualClock, &MemoryStore) -> memdict::Result<()>) {
    for in_tasks in [false, true] {
        let clock = ManualClock::default();
        let (cache, store) = cache_on(clock.clone());
        let cache = Cache::Blocking(cache);
        let cache = if in_tasks { cache.in_tasks() } else { cache };
        test(&cache, &clock, &store).unwrap_or_else(|error| panic!("{error} ({in_tasks})"));
    }
}

#[test]
fn a_value_in_its_grace_is_returned_at_once_while_one_caller_loads_it_anew() {
    on_both(|cache, clock, _| {
        assert_eq!(cache.fetch(&KEPT, "a", made(1))?, Some(1));
        clock.advance(LIFE);
        assert_eq!(cache.fetch(&KEPT, "a", fail)?, Some(1), "no lifetime is shorter than asked");
        clock.advance(Duration::from_secs(2));
        let anew = cache.fetch(&KEPT, "a", || {
            // Others, and those of other processes, do not wait.
            for _ in 0..3 {
                assert_eq!(cache.fetch(&KEPT, "a", fail)?, Some(1));
            }
            Ok::<_, Error>(2)
        })?;
        assert_eq!((anew, cache.fetch(&KEPT, "a", fail)?), (Some(2), Some(2)));
        assert_eq!((cache.counters().loaders, cache.counters().served_stale), (2, 3));
        // At the end of the grace, it is gone.
        clock.advance(LIFE + GRACE + Duration::from_secs(1));
        assert!(cache.fetch(&KEPT, "a", fail).is_err());
        Ok(())
    });
}

#[test]
fn a_stale_value_is_returned_if_the_loader_fails_or_panics_and_the_source_then_rests() {
    on_both(|cache, clock, _| {
        cache.fetch(&KEPT, "a", made(1))?;
        clock.advance(LIFE + Duration::from_secs(2));
        assert_eq!(cache.fetch(&KEPT, "a", fail)?, Some(1));
        let ran = || -> Result<u64, Error> { panic!("the source rests") };
        assert_eq!(cache.fetch(&KEPT, "a", ran)?, Some(1));
        thread::sleep(Duration::from_millis(1_050));
        // The right was given back, so the next caller tries again.
        assert_eq!(
            cache.fetch(&KEPT, "a", || -> Result<u64, Error> { panic!("planned") })?,
            Some(1)
        );
        thread::sleep(Duration::from_millis(1_050));
        assert_eq!(cache.fetch(&KEPT, "a", made(2))?, Some(2));
        let counters = cache.counters();
        assert_eq!((counters.loader_failures, counters.filled), (2, 2));

        // A failure does not prolong the grace.
        clock.advance(LIFE + GRACE - Duration::from_secs(1));
        assert_eq!(cache.fetch(&KEPT, "a", fail)?, Some(2));
        clock.advance(Duration::from_secs(2));
        assert!(cache.fetch(&KEPT, "a", fail).is_err());
        Ok(())
    });
}

#[test]
fn a_grace_follows_each_lifetime_however_it_was_set() {
    on_both(|cache, clock, _| {
        let second = Duration::from_secs(1);
        let is_stale = |key: &str| {
            assert!(cache.session().dict(&KEPT).get(key)?.is_none(), "its lifetime is over");
            Ok::<_, Error>(cache.fetch(&KEPT, key, fail).is_ok())
        };
        let session = cache.session();
        let kept = session.dict(&KEPT);
        kept.insert_with_ttl("short", 1, Ttl::For(second))?;
        kept.insert("touched", 1)?;
        kept.insert("ever", 1)?;
        drop(kept);
        session.commit()?;
        clock.advance(second * 3);
        assert!(is_stale("short")?);
        let session = cache.session();
        let kept = session.dict(&KEPT);
        kept.touch("touched")?;
        if let Some(mut number) = kept.get_mut("ever")? {
            number.set_ttl(Ttl::Never);
        }
        drop(kept);
        session.commit()?;
        clock.advance(LIFE - second);
        assert!(cache.session().dict(&KEPT).get("touched")?.is_some());
        clock.advance(second * 3);
        assert!(is_stale("touched")?);
        clock.advance(GRACE);
        assert!(!is_stale("touched")? && !is_stale("short")?);
        assert!(cache.session().dict(&KEPT).get("ever")?.is_some());
        Ok(())
    });
}

#[test]
fn a_value_that_keeps_its_end_of_life_keeps_its_grace_as_well() {
    static KEEPS: DictDef<u64> = DictDef::new("kept").ttl(LIFE).stale_for(GRACE).keep_ttl();
    on_both(|cache, clock, _| {
        cache.fetch(&KEEPS, "stored", made(1))?;
        clock.advance(LIFE / 2);
        // Fetched and changed in one session.
        let session = cache.session();
        let kept = session.dict(&KEEPS);
        for key in ["stored", "made"] {
            assert!(kept.fetch(key, made(1))?.is_some());
            if let Some(mut number) = kept.get_mut(key)? {
                *number = 2;
            }
        }
        drop(kept);
        assert_eq!(session.commit()?.written, 2);
        clock.advance(LIFE / 2 + Duration::from_secs(3));
        let session = cache.session();
        assert!(session.dict(&KEEPS).get("stored")?.is_none(), "its lifetime is over");
        assert_eq!(session.dict(&KEEPS).get("made")?.as_deref(), Some(&2));
        assert_eq!(cache.fetch(&KEEPS, "stored", fail)?, Some(2));
        clock.advance(GRACE);
        assert!(cache.fetch(&KEEPS, "stored", fail).is_err());
        assert_eq!(cache.fetch(&KEEPS, "made", fail)?, Some(2), "in its grace");
        clock.advance(LIFE);
        assert!(cache.fetch(&KEEPS, "made", fail).is_err());
        Ok(())
    });
}

#[test]
fn each_fetch_of_a_sliding_dictionary_begins_the_life_anew_and_a_grace_is_for_invalidated_ones() {
    static SLIDING: DictDef<u64> =
        DictDef::new("kept").ttl(LIFE).stale_for(GRACE).sliding().refresh_ahead(1.0);
    on_both(|cache, clock, store| {
        cache.fetch(&SLIDING, "a", made(1))?;
        let loads = || cache.counters().loads;
        let before = loads();
        for _ in 0..5 {
            clock.advance(LIFE - Duration::from_secs(2));
            assert_eq!(cache.fetch(&SLIDING, "a", fail)?, Some(1));
        }
        assert_eq!((loads(), cache.counters().loaders), (before + 5, 1), "nothing else is asked");
        let invalidate = Op::Invalidate { grace: Some(GRACE.into()) };
        apply_one(store, b"memdict:kept:a", invalidate, Condition::Always);
        assert_eq!(cache.fetch(&SLIDING, "a", fail)?, Some(1), "it is stale");
        thread::sleep(Duration::from_millis(1_050));
        assert_eq!(cache.fetch(&SLIDING, "a", made(2))?, Some(2));
        clock.advance(LIFE + Duration::from_secs(2));
        assert!(cache.fetch(&SLIDING, "a", fail).is_err(), "nobody wanted it for its lifetime");
        Ok(())
    });
}

#[test]
fn a_loader_may_say_how_long_its_value_lives() {
    on_both(|cache, clock, _| {
        let year = Duration::from_secs(365 * 86_400);
        let fresh = |ttl| move || Ok::<_, Error>(Fresh::new(1).ttl(ttl));
        cache.fetch(&KEPT, "ever", fresh(Ttl::Never))?;
        cache.fetch(&KEPT, "year", fresh(year.into()))?;
        cache.fetch(&KEPT, "as the dictionary", fresh(Ttl::Keep))?;
        clock.advance(LIFE + Duration::from_secs(2));
        assert_eq!(cache.fetch(&KEPT, "ever", fail)?, Some(1));
        assert_eq!(cache.fetch(&KEPT, "year", fail)?, Some(1));
        assert!(cache.session().dict(&KEPT).get("as the dictionary")?.is_none());
        clock.advance(year + GRACE);
        assert_eq!(cache.fetch(&KEPT, "ever", fail)?, Some(1));
        assert!(cache.fetch(&KEPT, "year", fail).is_err());
        Ok(())
    });
}

#[test]
fn without_a_grace_no_stale_value_is_ever_returned() {
    on_both(|cache, clock, store| {
        cache.fetch(&STRICT, "a", made(1))?;
        clock.advance(LIFE + Duration::from_secs(1));
        assert!(cache.fetch(&STRICT, "a", fail).is_err(), "its lifetime is over");

        cache.fetch(&STRICT, "a", made(2))?;
        let invalidate = Op::Invalidate { grace: None };
        apply_one(store, b"memdict:kept:a", invalidate, Condition::Always);
        assert!(cache.fetch(&STRICT, "a", fail).is_err(), "it was invalidated");
        let panics = || cache.fetch(&STRICT, "a", || -> Result<u64, Error> { panic!("planned") });
        assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());
        assert_eq!(cache.fetch(&STRICT, "a", made(3))?, Some(3), "each gave the right back");
        assert_eq!(cache.counters().served_stale, 0);
        Ok(())
    });
}

#[test]
fn an_invalidated_value_is_returned_while_one_caller_loads_it_anew_if_there_is_a_grace() {
    on_both(|cache, _, store| {
        cache.fetch(&KEPT, "a", made(1))?;
        let invalidate = Op::Invalidate { grace: None };
        apply_one(store, b"memdict:kept:a", invalidate, Condition::Always);
        let anew = cache.fetch(&KEPT, "a", || {
            assert_eq!(cache.fetch(&KEPT, "a", fail)?, Some(1));
            // Invalidated once more, it is older than the value that is being loaded.
            apply_one(store, b"memdict:kept:a", invalidate, Condition::Always);
            Ok::<_, Error>(2)
        })?;
        assert_eq!((anew, cache.counters().late), (Some(2), 1));
        assert_eq!(cache.fetch(&KEPT, "a", fail)?, Some(1), "it stays stale");
        Ok(())
    });
}

#[test]
fn all_other_reads_take_a_stale_value_for_a_miss_and_use_no_right_up() {
    on_both(|cache, clock, _| {
        cache.fetch(&KEPT, "a", made(1))?;
        clock.advance(LIFE + Duration::from_secs(2));
        for _ in 0..3 {
            let session = cache.session();
            assert!(session.dict(&KEPT).get("a")?.is_none());
            let why = session.dict(&KEPT).lookup("a")?;
            assert!(matches!(why, Lookup::Unusable(Unusable::Stale)));
        }
        // The right is still there, for who loads it anew.
        assert_eq!(cache.fetch(&KEPT, "a", made(2))?, Some(2));
        assert_eq!(cache.counters().filled, 2);

        // A session that finds it stale replaces exactly that value.
        clock.advance(LIFE + Duration::from_secs(2));
        let session = cache.session();
        *session.dict(&KEPT).entry("a")?.or_insert(30) += 1;
        assert_eq!(session.commit()?.written, 1);
        assert_eq!(cache.fetch(&KEPT, "a", fail)?, Some(31));
        clock.advance(LIFE);
        assert_eq!(cache.fetch(&KEPT, "a", fail)?, Some(31), "it has a grace as well");
        Ok(())
    });
}

#[test]
fn a_change_of_a_stale_value_is_stored_only_if_that_is_still_stored() {
    on_both(|cache, clock, _| {
        for is_renewed in [false, true] {
            cache.transaction(|session| session.dict(&KEPT).insert("a", 1))?;
            clock.advance(LIFE + Duration::from_secs(2));
            let committed = cache.fetch(&KEPT, "a", || {
                let session = cache.session();
                assert_eq!(session.dict(&KEPT).fetch("a", fail)?.as_deref(), Some(&1));
                *session.dict(&KEPT).get_mut("a")?.expect("it was fetched") += 10;
                Ok::<_, Error>(session).map(|session| (session, 2)).and_then(|(session, two)| {
                    if is_renewed {
                        cache.transaction(|other| other.dict(&KEPT).insert("a", 50))?;
                    }
                    let committed = session.commit();
                    assert_eq!(committed.is_err(), is_renewed, "{committed:?}");
                    Ok(two)
                })
            })?;
            assert_eq!(committed, Some(2));
            let stored = cache.session().dict(&KEPT).get("a")?.as_deref().copied();
            assert_eq!(stored, Some(if is_renewed { 50 } else { 11 }));
        }
        Ok(())
    });
}

#[test]
fn that_there_is_none_is_kept_for_its_own_time() {
    static NEGATIVE: DictDef<u64> =
        DictDef::new("negative").ttl(LIFE).stale_for(GRACE).absent_for(Duration::from_secs(3));
    on_both(|cache, clock, _| {
        let none = || Ok::<_, Error>(None);
        assert_eq!(cache.fetch(&NEGATIVE, "a", none)?, None);
        clock.advance(Duration::from_secs(2));
        assert_eq!(cache.fetch(&NEGATIVE, "a", fail)?, None);
        clock.advance(Duration::from_secs(2));
        assert_eq!(cache.fetch(&NEGATIVE, "a", made(1))?, Some(1), "not the grace of values");
        Ok(())
    });
}

static EARLY: DictDef<u64> = DictDef::new("early").ttl(LIFE).refresh_ahead(1.0);

/// One thread reads, and the clock moves by 3 ms with each read and by 20 ms with each load.
#[test]
fn a_value_is_loaded_anew_before_its_lifetime_is_over_and_nobody_misses_it() {
    on_both(|cache, clock, _| {
        for _ in 0..10_000 {
            clock.advance(Duration::from_millis(3));
            let read = cache.fetch(&EARLY, "a", || {
                clock.advance(Duration::from_millis(20));
                // Another caller is served meanwhile, except at first.
                if cache.counters().loaders > 1 {
                    assert_eq!(cache.fetch(&EARLY, "a", fail)?, Some(1));
                }
                Ok::<_, Error>(1)
            })?;
            assert_eq!(read, Some(1));
        }
        let counters = cache.counters();
        assert_eq!(counters.absent, 1, "after the first read, each found a value");
        assert!((3..=4).contains(&counters.loaders), "1.5 a lifetime: {}", counters.loaders);
        assert_eq!((counters.shared, counters.served_stale, counters.late), (0, 0, 0));
        Ok(())
    });
}

/// A clock that follows tokio's, which stands still while tasks run.
struct OfTokio(Instant);

impl Clock for OfTokio {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }
}

/// Ten tasks read 10,000 times in 30 seconds. Loads take 20 ms.
#[tokio::test(start_paused = true)]
async fn ten_tasks_read_for_three_lifetimes_and_none_waits_for_a_load_after_the_first() {
    let cache = cache_on(OfTokio(Instant::now())).0.to_async().expect("tasks can use it");
    let load = async || {
        sleep(Duration::from_millis(20)).await;
        Ok::<_, Error>(1)
    };
    assert_eq!(cache.fetch(&EARLY, "a", load).await.expect("it is made"), Some(1));
    let tasks: Vec<_> = (0..10)
        .map(|number| {
            let cache = cache.clone();
            tokio::spawn(async move {
                sleep(Duration::from_millis(3 * number)).await;
                for _ in 0..1_000 {
                    let began = Instant::now();
                    let mut loaded = false;
                    let read = cache.fetch(&EARLY, "a", async || {
                        loaded = true;
                        sleep(Duration::from_millis(20)).await;
                        Ok::<_, Error>(1)
                    });
                    assert_eq!(read.await.expect("it is read"), Some(1));
                    assert!(loaded || began.elapsed().is_zero(), "it waited for another's load");
                    sleep(Duration::from_millis(30)).await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("it does not panic");
    }
    let counters = cache.counters();
    assert_eq!((counters.absent, counters.shared), (1, 0));
    assert!((3..=4).contains(&counters.loaders), "1.5 a lifetime: {}", counters.loaders);
}

#[test]
fn a_memcached_keeps_a_value_for_its_grace_as_well() {
    static SHORT: DictDef<u64> = DictDef::new("kept").ttl_secs(1).stale_for(GRACE);
    for bench in [Bench::on_memcached(), Bench::on_memcached().in_tasks()] {
        let cache = &bench.cache;
        assert_eq!(cache.fetch(&SHORT, "a", made(1)).expect("no error"), Some(1));
        assert_eq!(cache.session().dict(&SHORT).get("a").expect("up").as_deref(), Some(&1));
        thread::sleep(ONE_SECOND_LIFE);
        assert!(cache.session().dict(&SHORT).get("a").expect("up").is_none());
        let anew = cache.fetch(&SHORT, "a", || {
            assert_eq!(cache.fetch(&SHORT, "a", fail)?, Some(1));
            fail()
        });
        assert_eq!(anew.expect("there is a stale value"), Some(1));
        thread::sleep(Duration::from_millis(1_050));
        assert_eq!(cache.fetch(&SHORT, "a", made(2)).expect("no error"), Some(2));
        assert_eq!(cache.fetch(&SHORT, "a", fail).expect("no error"), Some(2));

        let invalidate = Op::Invalidate { grace: None };
        apply_one(&*bench.store as &dyn Store, b"memdict:kept:a", invalidate, Condition::Always);
        assert!(cache.session().dict(&SHORT).get("a").expect("up").is_none());
        let anew = cache.fetch(&SHORT, "a", || {
            assert_eq!(cache.fetch(&SHORT, "a", fail)?, Some(2));
            Ok::<_, Error>(3)
        });
        assert_eq!(anew.expect("no error"), Some(3));
        assert_eq!(cache.fetch(&SHORT, "a", fail).expect("no error"), Some(3));
    }
}

#[test]
fn where_lives_are_not_told_a_made_value_is_stored_and_an_unused_right_given_back() {
    for in_tasks in [false, true] {
        let store = FaultyStore::with_lives(Arc::new(MemoryStore::new()), Lives::Untold);
        let cache = memdict::Cache::builder().open_store(Arc::new(store));
        let cache = Cache::Blocking(cache.expect("no option of a store is set"));
        let cache = if in_tasks { cache.in_tasks() } else { cache };
        assert!(cache.fetch(&STRICT, "a", fail).is_err());
        for number in [1, 2] {
            let got = cache.fetch(&STRICT, "a", made(number)).expect("no error");
            assert_eq!(got, Some(1), "the first one is stored");
        }
        assert_eq!((cache.counters().filled, cache.counters().late), (1, 0));
    }
}
