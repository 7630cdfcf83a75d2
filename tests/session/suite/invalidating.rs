//! Invalidation: a value that is outdated becomes stale, with the commit.

use std::time::Duration;

use memdict::{ConflictCause, DictDef, Error, Lookup, Result, Unusable};
use memdict_tests::{Bench, Cache, Fault};

use super::{Outcome, hold};

static USERS: DictDef<u64> = DictDef::new("users").ttl_secs(600).stale_for(Duration::from_secs(60));
/// Without a grace.
static STRICT: DictDef<u64> = DictDef::new("users").ttl_secs(600);

fn set(cache: &Cache, key: &str, user: u64) -> Outcome {
    cache.transaction(|session| session.dict(&USERS).insert(key, user))
}

fn invalidate(cache: &Cache, key: &str) -> Result<memdict::CommitReport> {
    let session = cache.session();
    session.dict(&USERS).invalidate(key)?;
    session.commit()
}

fn made(user: u64) -> impl FnOnce() -> Result<u64> {
    move || Ok(user)
}

fn never() -> Result<u64> {
    Err(Error::user("another caller loads it"))
}

pub(crate) fn an_invalidated_value_is_loaded_by_one_caller_and_the_others_get_the_stale_one(
    bench: &Bench,
) {
    hold(bench, |bench| {
        set(&bench.cache, "a", 1)?;
        invalidate(&bench.cache, "a")?;
        assert!(bench.cache.session().dict(&USERS).get("a")?.is_none(), "a plain read misses");
        let anew = bench.cache.fetch(&USERS, "a", || {
            if bench.gives_leases() {
                assert_eq!(bench.cache.fetch(&USERS, "a", never)?, Some(1));
            }
            Ok::<_, Error>(2)
        })?;
        assert_eq!(anew, Some(2));
        assert_eq!(bench.cache.fetch(&USERS, "a", never)?, Some(2));
        // Without a grace, nobody is given the stale value.
        invalidate(&bench.cache, "a")?;
        assert_eq!(bench.cache.fetch(&STRICT, "a", made(3))?, Some(3));
        Ok(())
    });
}

pub(crate) fn an_invalidation_is_sent_with_the_changes_and_the_report_names_it(bench: &Bench) {
    hold(bench, |bench| {
        for key in ["a", "b", "c"] {
            set(&bench.cache, key, 1)?;
        }
        let session = bench.cache.session();
        let users = session.dict(&USERS);
        let (loads, changes) = (bench.store.load_batches(), bench.store.change_batches());
        users.invalidate("a")?;
        users.invalidate("none")?;
        users.insert("b", 2)?;
        users.remove("c")?;
        drop(users);
        assert!(session.has_changes());
        let report = session.commit()?;
        assert_eq!(bench.store.load_batches(), loads, "it needs no read");
        assert_eq!(bench.store.change_batches(), changes + 1);
        assert_eq!((report.invalidated, report.written, report.removed), (2, 1, 1));
        let named: Vec<_> = report.invalidated_keys().map(|id| id.key.to_string()).collect();
        assert_eq!(named, ["a", "none"]);
        assert_eq!(bench.cache.counters_of("users").invalidated, 2);
        Ok(())
    });
}

pub(crate) fn for_the_rest_of_the_session_an_invalidated_entry_has_no_value(bench: &Bench) {
    hold(bench, |bench| {
        set(&bench.cache, "a", 1)?;
        set(&bench.cache, "b", 1)?;
        let session = bench.cache.session();
        let users = session.dict(&USERS);
        if let Some(mut user) = users.get_mut("a")? {
            *user = 5;
            let borrowed = users.invalidate("a");
            assert!(matches!(borrowed, Err(Error::AlreadyBorrowed { .. })), "{borrowed:?}");
        }
        users.invalidate("a")?;
        assert!(matches!(users.lookup("a")?, Lookup::Absent));
        users.touch("a")?;
        // A value that is set later is stored, and the last of two removals counts.
        users.invalidate("b")?;
        users.insert("b", 7)?;
        users.remove("c")?;
        users.invalidate("c")?;
        users.invalidate("d")?;
        users.remove("d")?;
        drop(users);
        let report = session.commit()?;
        assert_eq!((report.invalidated, report.written, report.removed), (2, 1, 1), "{report:?}");
        let session = bench.cache.session();
        assert!(session.dict(&USERS).get("a")?.is_none());
        assert_eq!(session.dict(&USERS).get("b")?.as_deref(), Some(&7));
        Ok(())
    });
}

pub(crate) fn an_invalidation_is_never_in_conflict_and_a_change_that_it_meets_is(bench: &Bench) {
    hold(bench, |bench| {
        set(&bench.cache, "a", 1)?;
        let reader = bench.cache.session();
        assert_eq!(reader.dict(&USERS).get("a")?.as_deref(), Some(&1));
        set(&bench.cache, "a", 2)?;
        reader.dict(&USERS).invalidate("a")?;
        let writer = bench.cache.session();
        if let Some(mut user) = writer.dict(&USERS).get_mut("a")? {
            *user += 1;
        }
        assert_eq!(reader.commit()?.invalidated, 1);
        match writer.commit() {
            Err(Error::Conflict { conflicts, .. }) => {
                assert_eq!(conflicts[0].cause, ConflictCause::Overwritten);
            }
            // The value was deleted, and vanished values are recreated.
            Ok(report) if !bench.gives_leases() => assert_eq!(report.recreated, 1),
            outcome => panic!("{outcome:?}"),
        }
        Ok(())
    });
}

pub(crate) fn an_invalidation_after_a_savepoint_is_rolled_back(bench: &Bench) {
    hold(bench, |bench| {
        set(&bench.cache, "a", 1)?;
        set(&bench.cache, "b", 1)?;
        let mut session = bench.cache.session();
        session.dict(&USERS).invalidate("a")?;
        let savepoint = session.savepoint();
        session.dict(&USERS).invalidate("b")?;
        session.dict(&USERS).insert("a", 9)?;
        session.rollback_to(&savepoint)?;
        let report = session.commit()?;
        assert_eq!((report.invalidated, report.written), (1, 0));
        let session = bench.cache.session();
        assert_eq!(session.dict(&USERS).get("b")?.as_deref(), Some(&1));
        assert!(session.dict(&USERS).get("a")?.is_none());
        Ok(())
    });
}

pub(crate) fn an_invalidation_that_is_lost_is_named(bench: &Bench) {
    hold(bench, |bench| {
        set(&bench.cache, "a", 1)?;
        for fault in [Fault::Down, Fault::AckLost, Fault::SentAndLost] {
            bench.store.fail_in(0, fault);
            let report = invalidate(&bench.cache, "a")?;
            assert_eq!((report.invalidated, report.lost.len()), (0, 1));
            assert_eq!(report.lost[0].id.key.to_string(), "a");
        }
        let strict = USERS.clone().strict(true);
        bench.store.fail_in(0, Fault::Down);
        let session = bench.cache.session();
        session.dict(&strict).invalidate("a")?;
        let outcome = session.commit();
        assert!(matches!(outcome, Err(Error::Unavailable { .. })), "{outcome:?}");
        Ok(())
    });
}

pub(crate) fn a_transaction_whose_invalidation_may_have_been_made_does_not_run_again(
    bench: &Bench,
) {
    hold(bench, |bench| {
        set(&bench.cache, "a", 1)?;
        let strict = bench.strict();
        for (fault, attempts) in [(Fault::Down, 2), (Fault::AckLost, 1), (Fault::SentAndLost, 1)] {
            bench.store.fail_in(0, fault);
            let mut made = 0;
            let outcome = strict.transaction(|session| {
                made += 1;
                session.dict(&USERS).invalidate("a")
            });
            assert_eq!(
                (made, outcome.is_ok()),
                (attempts, attempts == 2),
                "{fault:?}: {outcome:?}"
            );
            assert!(!outcome.is_err_and(|error| error.is_transient()), "{fault:?}");
        }
        Ok(())
    });
}

pub(crate) fn a_value_of_a_cleared_dictionary_or_of_a_newer_type_is_invalidated_as_well(
    bench: &Bench,
) {
    hold(bench, |bench| {
        let clearable = &USERS.clone().clearable();
        bench.cache.transaction(|session| session.dict(clearable).insert("a", 1))?;
        let session = bench.cache.session();
        assert_eq!(session.dict(clearable).get("a")?.as_deref(), Some(&1));
        bench.cache.clear(clearable)?;
        session.dict(clearable).invalidate("a")?;
        assert_eq!(session.commit()?.invalidated, 1);
        // Bytes that are not usable, and must not be replaced.
        let keep = &DictDef::<String>::new("users").on_unusable(memdict::OnUnusable::Keep);
        set(&bench.cache, "b", 1)?;
        let session = bench.cache.session();
        let lookup = session.dict(keep).lookup("b")?;
        assert!(matches!(lookup, Lookup::Unusable(Unusable::OtherSchema { .. })), "{lookup:?}");
        session.dict(keep).invalidate("b")?;
        assert_eq!(session.commit()?.invalidated, 1);
        assert!(bench.cache.session().dict(&USERS).get("b")?.is_none());
        Ok(())
    });
}
