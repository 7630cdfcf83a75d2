//! What makes a transaction run again, how often, and what never does. How long it waits is tested
//! in `session/retry.rs`.

use std::time::Duration;

use memdict::{DictDef, Error, OnConflict, Retry};
use memdict_tests::{Bench, Cache, Fault};

use super::{
    conflicts::{Page, another_stores, page, pages},
    hits::{HITS, hits, set},
    hold,
};

fn at_once(attempts: u32) -> Retry {
    Retry { attempts, backoff: Duration::ZERO, ceiling: Duration::ZERO, ..Retry::default() }
}

/// Returns how often a body runs that is in conflict each time, and the number in its error.
fn tried(cache: &Cache, bench: &Bench) -> memdict::Result<(u32, u32)> {
    set(bench, "a", 1)?;
    let mut ran = 0;
    let error = cache.transaction(|session| {
        ran += 1;
        *session.dict(&HITS).get_mut("a")?.expect("it is there") += 1;
        set(bench, "a", u64::from(ran) * 10)
    });
    let Err(Error::Conflict { attempts, conflicts, .. }) = error else { panic!("{error:?}") };
    assert_eq!(conflicts[0].theirs.len(), 1, "the last one is explained");
    assert_eq!(hits(bench, "a")?, Some(u64::from(ran) * 10));
    Ok((ran, attempts))
}

pub(crate) fn a_transaction_is_tried_as_often_as_retry_says_and_the_error_has_the_count(
    bench: &Bench,
) {
    hold(bench, |bench| {
        for (attempts, times) in [(1, 1), (5, 5), (0, 1)] {
            let other = bench.cache.with_retry(at_once(attempts));
            assert_eq!(tried(&other, bench)?, (times, times));
            let built = bench.open(memdict::Cache::builder().retry(at_once(attempts)));
            assert_eq!(tried(&built, bench)?, (times, times));
            let counters = built.counters();
            assert_eq!(counters.retries, u64::from(times) - 1);
            assert_eq!(counters.conflicts, u64::from(times), "of each attempt");
        }
        assert_eq!(tried(&bench.cache, bench)?, (10, 10), "unless it says otherwise");
        Ok(())
    });
}

pub(crate) fn each_attempt_has_a_fresh_session(bench: &Bench) {
    hold(bench, |bench| {
        set(bench, "a", 1)?;
        let mut seen = Vec::new();
        bench.cache.transaction(|session| {
            let first = seen.is_empty();
            session.dict(&HITS).insert(format!("attempt {first}"), 1)?;
            let mut hits = session.dict(&HITS).get_mut("a")?.expect("it is there");
            seen.push(*hits);
            *hits += 1;
            drop(hits);
            drop(session.dict(&HITS).entry("created")?.or_insert(1));
            if first { set(bench, "a", 10) } else { Ok(()) }
        })?;
        assert_eq!(seen, [1, 10]);
        assert_eq!(hits(bench, "attempt true")?, None, "of the first attempt nothing stands");
        assert_eq!(hits(bench, "attempt false")?, Some(1));
        Ok(())
    });
}

pub(crate) fn in_a_strict_cache_work_that_did_not_reach_the_store_runs_again(bench: &Bench) {
    hold(bench, |bench| {
        let strict = bench.strict().with_retry(at_once(3));
        for (fails, expected) in [(2, 3), (3, 3)] {
            let mut ran = 0;
            let committed = strict.transaction(|session| {
                ran += 1;
                session.dict(&HITS).insert("a", ran)?;
                if ran <= fails {
                    bench.store.fail_once_writing(0, Fault::Down);
                }
                Ok(())
            });
            assert_eq!(ran, expected);
            match committed {
                Ok(()) => assert_eq!((fails, hits(bench, "a")?), (2, Some(3))),
                Err(Error::Unavailable { attempts, report: Some(report), .. }) => {
                    assert_eq!((fails, attempts, report.lost.len()), (3, 3, 1));
                }
                Err(other) => panic!("{other:?}"),
            }
        }
        assert_eq!(strict.counters().retries, 4);

        // A part of it was written, and a second run could apply that part twice.
        let mut ran = 0;
        let partly = strict.transaction(|session| {
            ran += 1;
            session.dict(&HITS).insert("b", 1)?;
            session.dict(&HITS).insert("c", 1)?;
            bench.store.fail_once_writing(1, Fault::Down);
            Ok(())
        });
        assert!(matches!(partly, Err(Error::Unavailable { attempts: 1, .. })), "{partly:?}");

        assert_eq!(ran, 1, "it does not run again");
        Ok(())
    });
}

pub(crate) fn work_whose_strict_read_meets_an_outage_runs_again(bench: &Bench) {
    #[derive(Debug)]
    enum Shop {
        Cache(Error),
        Closed,
    }

    impl From<Error> for Shop {
        fn from(error: Error) -> Self {
            Self::Cache(error)
        }
    }

    hold(bench, |bench| {
        let strict = bench.strict().with_retry(at_once(3));
        set(bench, "a", 1)?;
        for (fails, expected) in [(2, 3), (3, 3)] {
            let mut ran = 0;
            let read = strict.transaction(|session| {
                ran += 1;
                bench.store.fail_always((ran <= fails).then_some(Fault::Down));
                session.dict(&HITS).get("a").map(|hits| hits.map(|hits| *hits))
            });
            bench.store.clear();
            assert_eq!(ran, expected);
            match read {
                Ok(read) => assert_eq!((fails, read), (2, Some(1))),
                Err(error @ Error::Unavailable { attempts: 3, report: None, .. }) => {
                    assert!(fails == 3 && error.is_transient());
                    assert!(error.to_string().contains("as planned"), "it says why: {error}");
                }
                Err(other) => panic!("{other:?}"),
            }
        }
        // The same holds with an application's error type, but an error of its own does not run
        // again.
        for (closed, expected) in [(false, 3), (true, 1)] {
            let mut ran = 0;
            let outcome = strict.try_transaction(|session| {
                ran += 1;
                if closed {
                    return Err(Shop::Closed);
                }
                bench.store.fail_always(Some(Fault::Down));
                Ok(session.dict(&HITS).get("a").map(drop)?)
            });
            bench.store.clear();
            assert_eq!(ran, expected);
            match outcome {
                Err(Shop::Closed) => assert!(closed),
                Err(Shop::Cache(error)) => assert!(!closed && error.is_transient()),
                Ok(()) => panic!("it is closed, or down"),
            }
        }
        // In a cache that is not strict this is a miss, and no reason to run again.
        let mut ran = 0;
        let refused = bench.cache.transaction(|session| -> memdict::Result<()> {
            ran += 1;
            bench.store.fail_always(Some(Fault::Down));
            session.dict(&HITS).get("a")?.map(|hits| *hits).ok_or_else(|| Error::user("a miss"))?;
            Ok(())
        });
        bench.store.clear();
        assert!(matches!(refused, Err(Error::User(_))) && ran == 1, "{refused:?}");
        Ok(())
    });
}

/// In a cache that is not strict a store that is down is no error, so nothing runs again.
pub(crate) fn work_with_a_lost_change_runs_again_only_in_a_strict_cache(bench: &Bench) {
    hold(bench, |bench| {
        let mut ran = 0;
        bench.cache.transaction(|session| {
            ran += 1;
            bench.store.fail_once_writing(0, Fault::Down);
            session.dict(&HITS).insert("a", 1)
        })?;
        assert_eq!((ran, hits(bench, "a")?), (1, None));
        Ok(())
    });
}

pub(crate) fn work_that_may_have_been_written_does_not_run_again(bench: &Bench) {
    hold(bench, |bench| {
        let strict = bench.strict();
        let mut ran = 0;
        let unknown = strict.transaction(|session| {
            ran += 1;
            session.dict(&HITS).insert("a", 1)?;
            bench.store.fail_once_writing(0, Fault::AckLost);
            bench.store.fail_once_writing(1, Fault::Down);
            Ok(())
        });
        let error = unknown.expect_err("the outcome is unknown");
        assert!(matches!(error, Error::Unavailable { attempts: 1, .. }) && !error.is_transient());
        assert_eq!((ran, hits(bench, "a")?), (1, Some(1)));
        Ok(())
    });
}

pub(crate) fn a_transaction_inside_another_is_independent(bench: &Bench) {
    hold(bench, |bench| {
        set(bench, "a", 1)?;
        let (mut outer, mut inner) = (0, 0);
        let error = bench.cache.transaction(|session| {
            outer += 1;
            session.dict(&HITS).insert("outer", 1)?;
            bench.cache.transaction(|session| {
                inner += 1;
                *session.dict(&HITS).get_mut("a")?.expect("it is there") += 1;
                set(bench, "a", 10 + inner)
            })
        });
        assert!(matches!(error, Err(Error::Conflict { attempts: 10, .. })), "{error:?}");
        assert_eq!((outer, inner), (1, 10), "an error of the body is not tried again");
        assert_eq!(hits(bench, "outer")?, None);

        // The changes of the inner transaction stay, whatever becomes of the outer one.
        let refused = bench.cache.transaction(|session| -> memdict::Result<()> {
            session.dict(&HITS).insert("outer", 1)?;
            set(bench, "inner", 1)?;
            Err(Error::user("refused"))
        });
        assert!(matches!(refused, Err(Error::User(_))));
        assert_eq!((hits(bench, "inner")?, hits(bench, "outer")?), (Some(1), None));
        Ok(())
    });
}

pub(crate) fn retries_merges_and_conflicts_are_counted(bench: &Bench) {
    hold(bench, |bench| {
        let def: DictDef<Page> = pages(OnConflict::Merge);
        another_stores(bench, page("old", 10))?;
        set(bench, "a", 1)?;
        let mut ran = 0;
        let before = bench.cache.counters();
        bench.cache.transaction(|session| {
            ran += 1;
            *session.dict(&HITS).get_mut("a")?.expect("it is there") += 1;
            session.dict(&def).get_mut("k")?.expect("it is there").hits += 1;
            another_stores(bench, page("theirs", 12))?;
            if ran == 1 { set(bench, "a", 10) } else { Ok(()) }
        })?;
        let now = bench.cache.counters();
        assert_eq!(now.retries - before.retries, 1);
        assert_eq!(now.conflicts - before.conflicts, 1);
        assert_eq!(now.merged - before.merged, 1, "of the attempt that was written");
        assert_eq!(now.commits - before.commits, 2 + 3, "each attempt, and the others' three");
        Ok(())
    });
}
