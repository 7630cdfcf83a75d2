//! Concurrent sessions, `transaction`, hooks and counters.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use memdict::{ConflictCause, Error};
use memdict_tests::{Bench, Fault};

use super::{
    hits::{HITS, hits, set},
    hold,
};

pub(crate) fn another_sessions_change_is_a_conflict_that_names_the_key(bench: &Bench) {
    hold(bench, |bench| {
        set(bench, "a", 1)?;
        set(bench, "b", 1)?;
        let session = bench.cache.session();
        *session.dict(&HITS).get_mut("a")?.unwrap() += 1;
        *session.dict(&HITS).get_mut("b")?.unwrap() += 1;
        set(bench, "a", 10)?;
        let error = session.commit().unwrap_err();
        let Error::Conflict { conflicts, report, attempts: 1, .. } = &error else {
            panic!("{error:?}")
        };
        let [conflict] = &conflicts[..] else { panic!("{conflicts:?}") };
        assert_eq!((&*conflict.id.dict, conflict.type_name), ("hits", "u64"));
        assert_eq!(
            (conflict.id.key.to_string().as_str(), conflict.cause),
            ("a", ConflictCause::Overwritten)
        );
        let written: Vec<_> = report.written_keys().map(|id| id.key.to_string()).collect();
        assert_eq!(written, ["b"], "and it says what was written");
        assert!(!error.is_transient(), "a part of it has landed");
        assert!(error.to_string().contains("hits[a]"), "{error}");
        assert_eq!((hits(bench, "a")?, hits(bench, "b")?), (Some(10), Some(2)));
        Ok(())
    });
}

pub(crate) fn a_key_created_by_two_is_a_conflict_for_the_second(bench: &Bench) {
    hold(bench, |bench| {
        let session = bench.cache.session();
        session.dict(&HITS).entry("a")?.or_insert(1);
        set(bench, "a", 10)?;
        let error = session.commit().unwrap_err();
        assert!(matches!(error, Error::Conflict { .. }) && error.is_transient());
        assert_eq!(hits(bench, "a")?, Some(10));
        Ok(())
    });
}

pub(crate) fn a_conflict_runs_a_transaction_once_more(bench: &Bench) {
    hold(bench, |bench| {
        set(bench, "a", 1)?;
        let mut attempts = 0;
        let now = bench.cache.transaction(|session| {
            attempts += 1;
            let mut hits = session.dict(&HITS).get_mut("a")?.unwrap();
            if attempts == 1 {
                set(bench, "a", 40)?;
            }
            *hits += 1;
            Ok(*hits)
        })?;
        assert_eq!((now, attempts), (41, 2));
        assert_eq!(hits(bench, "a")?, Some(41));

        // It runs ten times, not forever: the last conflict is returned, with the number of
        // attempts.
        let mut attempts = 0;
        let error = bench.cache.transaction(|session| {
            attempts += 1;
            *session.dict(&HITS).get_mut("a")?.unwrap() += 1;
            set(bench, "a", 100 + attempts)
        });
        assert!(matches!(error, Err(Error::Conflict { attempts: 10, .. })), "{error:?}");
        assert_eq!((attempts, hits(bench, "a")?), (10, Some(110)));
        Ok(())
    });
}

pub(crate) fn a_conflict_after_a_partial_write_is_not_run_again(bench: &Bench) {
    hold(bench, |bench| {
        set(bench, "a", 1)?;
        set(bench, "b", 1)?;
        for may_have_landed in [false, true] {
            let mut attempts = 0;
            let error = bench.cache.transaction(|session| {
                attempts += 1;
                session.verify_first(false);
                *session.dict(&HITS).get_mut("a")?.unwrap() += 1;
                *session.dict(&HITS).get_mut("b")?.unwrap() += 1;
                set(bench, "a", 10)?;
                if may_have_landed {
                    // If the store does not tell lives apart, the commit checks "a" and does not
                    // send it.
                    let b = usize::from(bench.tells_lives());
                    bench.store.fail_once_writing(b, Fault::AckLost);
                    bench.store.fail_once_writing(b + 1, Fault::Down);
                }
                Ok(())
            });
            bench.store.clear();
            let error = error.unwrap_err();
            assert!(matches!(error, Error::Conflict { attempts: 1, .. }), "{error:?}");
            assert!(!error.is_transient());
            assert_eq!(attempts, 1);
        }
        assert_eq!(hits(bench, "b")?, Some(3), "each attempt counted once");
        Ok(())
    });
}

pub(crate) fn an_error_of_the_body_is_not_run_again_and_writes_nothing(bench: &Bench) {
    #[derive(Debug)]
    enum Shop {
        SoldOut,
        Cache(Error),
    }
    impl From<Error> for Shop {
        fn from(error: Error) -> Self {
            Self::Cache(error)
        }
    }
    hold(bench, |bench| {
        let mut attempts = 0;
        let error = bench.cache.transaction(|session| -> memdict::Result<()> {
            attempts += 1;
            session.dict(&HITS).insert("a", 1)?;
            Err(Error::user("sold out"))
        });
        assert!(matches!(error, Err(Error::User(cause)) if cause.to_string() == "sold out"));
        let own = bench.cache.try_transaction(|session| -> Result<(), Shop> {
            attempts += 1;
            session.dict(&HITS).insert("a", 1)?;
            Err(Shop::SoldOut)
        });
        assert!(matches!(own, Err(Shop::SoldOut)));
        let theirs = bench.cache.try_transaction(|session| -> Result<(), Shop> {
            attempts += 1;
            session.dict(&HITS).insert("a", 1)?;
            session.dict::<String>("hits").insert("a", "x".into())?;
            Ok(())
        });
        assert!(matches!(theirs, Err(Shop::Cache(Error::WrongType { .. }))));
        assert_eq!((attempts, bench.store.changes()), (3, 0));
        Ok(())
    });
}

pub(crate) fn a_panic_in_the_body_writes_nothing_and_is_propagated(bench: &Bench) {
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        bench.cache.transaction(|session| -> memdict::Result<()> {
            session.dict(&HITS).insert("a", 1)?;
            panic!("half way")
        })
    }));
    let panicked = panicked.expect_err("the panic is propagated");
    assert_eq!(panicked.downcast_ref::<&str>(), Some(&"half way"));
    assert_eq!(bench.store.changes(), 0);
}

pub(crate) fn hooks_see_the_report_and_their_errors_have_no_effect(bench: &Bench) {
    hold(bench, |bench| {
        let seen = Arc::new(AtomicUsize::new(0));
        let hook = |by: usize| {
            let seen = Arc::clone(&seen);
            move |report: &memdict::CommitReport| {
                assert_eq!(report.written, 1);
                seen.fetch_add(by, Ordering::Relaxed);
                Err("of no consequence".into())
            }
        };
        let cache =
            bench.open(memdict::Cache::builder().after_commit(hook(1)).after_commit(hook(10)));
        cache.transaction(|session| {
            session.after_commit(hook(100));
            session.dict(&HITS).insert("a", 1)
        })?;
        assert_eq!(seen.load(Ordering::Relaxed), 111);

        // They run only for a successful commit, and a session's hooks only for that session.
        let session = cache.session();
        session.after_commit(hook(100));
        session.dict(&HITS).entry("new")?.or_insert(1);
        set(bench, "new", 2)?;
        assert!(session.commit().is_err());
        assert_eq!(seen.load(Ordering::Relaxed), 111);
        Ok(())
    });
}

pub(crate) fn counters_count_what_happened(bench: &Bench) {
    hold(bench, |bench| {
        set(bench, "a", 1)?;
        let session = bench.cache.session();
        let hits = session.dict(&HITS);
        *hits.get_mut("a")?.unwrap() += 1;
        hits.get("nobody")?;
        drop(hits);
        session.commit()?;
        bench.store.fail_always(Some(Fault::Down));
        bench.cache.session().dict(&HITS).get("a")?;
        set(bench, "a", 1)?;
        bench.store.fail_always(None);
        let counters = bench.cache.counters();
        assert_eq!((counters.loads, counters.hits, counters.absent), (3, 1, 1));
        assert_eq!((counters.unreachable, counters.commits), (1, 3));
        assert_eq!((counters.written, counters.lost, counters.conflicts), (2, 1, 0));
        Ok(())
    });
}
