//! Numbers that the server counts with, at once and with a commit.

use std::{thread, time::Duration};

use memdict::{CounterDef, DictDef, Error, Load};
use memdict_tests::{Bench, Fault, Got, find, load};

use super::hold;

static VISITS: CounterDef = CounterDef::new("visits");
static KEPT: CounterDef = CounterDef::new("visits").ttl_secs(60).keep_ttl();
static HOURS: CounterDef = CounterDef::new("visits").ttl(Duration::from_secs(3_600));

/// A dictionary of the same name.
static NUMBERS: DictDef<u64> = DictDef::new("visits");

/// Returns the seconds that are left of the life of a number, if that is told.
fn left(bench: &Bench, key: &str) -> Option<u64> {
    let key = format!("memdict:~visits:{key}");
    let life = find(&*bench.store, Load::new(key.as_bytes()).with_life()).life?;
    life.left().map(|left| left.as_secs())
}

pub(crate) fn each_count_is_one_round_trip_and_returns_the_servers_number(bench: &Bench) {
    hold(bench, |bench| {
        let visits = bench.cache.counter(&VISITS);
        let (loads, changes) = (bench.store.load_batches(), bench.store.change_batches());
        assert_eq!([visits.add("a", 1)?, visits.add("a", 41)?, visits.add("b", 7)?], [1, 42, 7]);
        assert_eq!([visits.subtract("b", 2)?, visits.subtract("b", 9)?], [5, 0]);
        assert_eq!(visits.subtract("c", 9)?, 0);
        assert_eq!(bench.store.change_batches(), changes + 6);
        assert_eq!((visits.get("a")?, visits.get("none")?), (Some(42), None));
        assert_eq!(visits.get_many(["a", "b", "none"])?, [Some(42), Some(0), None]);
        assert_eq!(bench.store.load_batches(), loads + 3);
        visits.set("a", 100)?;
        // It is stored as `99 `, because a number keeps its length.
        assert_eq!((visits.subtract("a", 1)?, visits.get("a")?), (99, Some(99)));
        assert_eq!(visits.add((7, "x"), 1)?, 1);
        Ok(())
    });
}

pub(crate) fn counters_and_dictionaries_of_one_name_have_keys_of_their_own(bench: &Bench) {
    hold(bench, |bench| {
        bench.cache.counter(&VISITS).add("a", 5)?;
        assert!(bench.cache.session().dict(&NUMBERS).get("a")?.is_none());
        bench.cache.transaction(|session| session.dict(&NUMBERS).insert("a", 7))?;
        for odd in ["~visits", "memdict:~visits", ""] {
            if let Ok(it) = bench.cache.session().dict::<u64>(odd).get("a") {
                assert!(it.is_none(), "{odd}");
            }
        }
        assert_eq!(bench.cache.counter(&VISITS).get("a")?, Some(5));
        let stored = load(&*bench.store, &[b"memdict:~visits:a"]);
        assert_eq!(stored[0].as_ref().ok().and_then(Got::value), Some(&b"5"[..]));
        let unnamed = CounterDef::named("");
        assert!(matches!(bench.cache.counter(&unnamed).add("a", 1), Err(Error::Key { .. })));
        Ok(())
    });
}

pub(crate) fn a_number_lives_from_its_last_count_or_from_its_first(bench: &Bench) {
    hold(bench, |bench| {
        bench.cache.counter(&VISITS).add("ever", 1)?;
        bench.cache.counter(&KEPT).add("kept", 1)?;
        // From 9 to 10, memcached makes a new item.
        (0..12).try_for_each(|_| bench.cache.counter(&HOURS).add("kept", 1).map(drop))?;
        assert_eq!(left(bench, "ever"), None);
        assert!(left(bench, "kept").is_none_or(|left| left > 3_500));
        (0..120).try_for_each(|_| bench.cache.counter(&KEPT).add("minute", 1).map(drop))?;
        assert!(left(bench, "minute").is_none_or(|left| (50..=60).contains(&left)));
        assert_eq!(bench.cache.counter(&KEPT).get("minute")?, Some(120));
        Ok(())
    });
}

pub(crate) fn a_count_that_is_lost_is_an_error_that_names_the_number(bench: &Bench) {
    hold(bench, |bench| {
        let visits = bench.cache.counter(&VISITS);
        for fault in [Fault::Down, Fault::AckLost, Fault::SentAndLost] {
            bench.store.fail_in(0, fault);
            let error = visits.add("a", 1).expect_err("it is lost");
            let Error::Unavailable { id, .. } = &error else { panic!("{error}") };
            assert_eq!((&*id.dict, id.key.to_string()), ("visits", "a".to_owned()), "{error}");
        }
        // At most once: what was not answered is not sent again.
        assert_eq!(visits.get("a")?, Some(1));
        bench.store.fail_in(0, Fault::Refused);
        assert!(matches!(visits.add("a", 1), Err(Error::Refused { .. })));
        bench.store.fail_in(0, Fault::Down);
        assert!(matches!(visits.get("a"), Err(Error::Unavailable { .. })), "down is not absent");
        bench.store.fail_in(1, Fault::Down);
        assert!(matches!(visits.get_many(["a", "b"]), Err(Error::Unavailable { .. })));
        bench.store.fail_in(0, Fault::Down);
        assert!(matches!(visits.set("a", 1), Err(Error::Unavailable { .. })));
        Ok(())
    });
}

pub(crate) fn a_commit_sends_its_counts_with_its_changes_and_reports_the_numbers(bench: &Bench) {
    hold(bench, |bench| {
        bench.cache.counter(&VISITS).add("a", 10)?;
        let mut session = bench.cache.session();
        session.counter(&VISITS).add("a", 1)?;
        session.counter(&VISITS).add("a", 2)?;
        session.counter(&VISITS).subtract("b", 2)?;
        session.dict(&NUMBERS).insert("a", 7)?;
        assert!(session.has_changes());
        let savepoint = session.savepoint();
        session.counter(&VISITS).add("a", 1_000)?;
        session.rollback_to(&savepoint)?;
        let (loads, changes) = (bench.store.load_batches(), bench.store.change_batches());
        let report = session.commit()?;
        assert_eq!(bench.store.load_batches(), loads);
        assert_eq!(bench.store.change_batches(), changes + 1);
        assert_eq!((report.counted, report.written), (3, 1));
        let counts: Vec<_> = report.counts().map(|(id, now)| (id.key.to_string(), now)).collect();
        let expected = [("a", 11), ("a", 13), ("b", 0)].map(|(key, now)| (key.to_owned(), now));
        assert_eq!(counts, expected);
        bench.cache.session().counter(&VISITS).add("a", 1)?;
        assert_eq!(bench.cache.counter(&VISITS).get("a")?, Some(13), "no commit, no count");
        Ok(())
    });
}

pub(crate) fn a_count_of_a_commit_that_is_lost_is_named_and_not_repeated(bench: &Bench) {
    hold(bench, |bench| {
        for (fault, counted) in [(Fault::Down, None), (Fault::AckLost, Some(1))] {
            let session = bench.cache.session();
            session.counter(&VISITS).add("a", 1)?;
            bench.store.fail_in(0, fault);
            let report = session.commit()?;
            assert_eq!((report.counted, report.lost.len()), (0, 1));
            assert_eq!(report.lost[0].id.key.to_string(), "a");
            assert_eq!(bench.cache.counter(&VISITS).get("a")?, counted);
        }
        // A conflict beside a count that may have been made is not tried again.
        let mut attempts = 0;
        let outcome = bench.cache.transaction(|session| {
            attempts += 1;
            session.verify_first(false);
            session.counter(&VISITS).add("once", 1)?;
            *session.dict(&NUMBERS).entry("n")?.or_default() += 1;
            bench.cache.transaction(|other| other.dict(&NUMBERS).insert("n", 50))
        });
        let twice = bench.cache.counter(&VISITS).get("once")?;
        if bench.tells_lives() {
            assert!(matches!(outcome, Err(Error::Conflict { .. })), "{outcome:?}");
            assert_eq!((attempts, twice), (1, Some(1)));
        }
        Ok(())
    });
}

pub(crate) fn threads_count_without_a_loss_and_without_a_conflict(bench: &Bench) {
    hold(bench, |bench| {
        let most = thread::scope(|scope| {
            let count = || (0..50).map(|_| bench.cache.counter(&KEPT).add("a", 1)).max_by_key(key);
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(count)).collect();
            threads.into_iter().filter_map(|thread| thread.join().ok().flatten()?.ok()).max()
        });
        assert_eq!(most, Some(200));
        assert_eq!(bench.cache.counters().conflicts, 0);
        Ok(())
    });
}

fn key(counted: &memdict::Result<u64>) -> u64 {
    *counted.as_ref().expect("the store works")
}
