//! Lifetimes: begun anew, kept, and set for one entry.

use std::time::{Duration, SystemTime};

use memdict::{Caps, DictDef, Error, Load, Ttl};
use memdict_tests::{Bench, Fault, Found, find};

use super::{Outcome, hold};

const HOUR: Duration = Duration::from_secs(3_600);

static PLAIN: DictDef<u64> = DictDef::new("n");
static HOURS: DictDef<u64> = DictDef::new("n").ttl(HOUR);
static SLIDING: DictDef<u64> = DictDef::new("n").ttl(HOUR).sliding();
static KEPT: DictDef<u64> = DictDef::new("n").ttl(HOUR).keep_ttl();

/// How much life the value of a key has left: a minute at most, an hour at most, or for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Left {
    Minute,
    Hour,
    Ever,
    Gone,
}

/// Returns how much life is left, as the store sees it, or what is expected if the store does not
/// tell it.
fn left(bench: &Bench, key: &str, expected: Left) -> Left {
    let key = format!("memdict:n:{key}");
    let Found { words, life, .. } = find(&*bench.store, Load::new(key.as_bytes()).with_life());
    match life.map(|life| life.left()) {
        _ if words == "miss" => Left::Gone,
        None => expected,
        Some(None) => Left::Ever,
        // The first write that keeps an end may move it by up to two seconds.
        Some(Some(left)) if left <= HOUR / 60 + Duration::from_secs(2) => Left::Minute,
        Some(Some(left)) => {
            assert!((HOUR / 2..=HOUR).contains(&left), "{left:?}");
            Left::Hour
        }
    }
}

fn assert_left(bench: &Bench, key: &str, expected: Left) {
    assert_eq!(left(bench, key, expected), expected, "{key}");
}

/// Stores a number that lives for a minute.
fn store_for_a_minute(bench: &Bench, key: &str) -> Outcome {
    let ttl = Ttl::For(HOUR / 60);
    bench.cache.transaction(|session| session.dict(&PLAIN).insert_with_ttl(key, 1, ttl))?;
    assert_left(bench, key, Left::Minute);
    Ok(())
}

/// Returns the caps of the store behind a bench.
fn caps(bench: &Bench) -> Caps {
    memdict::Store::caps(&bench.store)
}

pub(crate) fn a_touch_is_sent_with_the_changes_and_is_in_the_report(bench: &Bench) {
    hold(bench, |bench| {
        for key in ["read", "unread", "changed"] {
            store_for_a_minute(bench, key)?;
        }
        let session = bench.cache.session();
        let numbers = session.dict(&HOURS);
        assert!(numbers.get("read")?.is_some());
        for key in ["read", "unread", "changed", "none"] {
            numbers.touch(key)?;
        }
        if let Some(mut number) = numbers.get_mut("changed")? {
            *number = 2;
        }
        assert!(session.has_changes());
        let (loads, changes) = (bench.store.load_batches(), bench.store.change_batches());
        session.before_commit(|entries| {
            assert_eq!(entries.len(), 1, "a touch is no change");
            Ok(())
        });
        let report = session.commit()?;
        // Without lives, what a change depends on is always looked at.
        let checks = usize::from(!bench.tells_lives());
        assert_eq!(bench.store.load_batches(), loads + checks);
        assert_eq!(bench.store.change_batches(), changes + 1);
        assert_eq!((report.touched, report.written, report.unchanged), (2, 1, 1));
        let touched: Vec<_> = report.touched_keys().map(|id| id.key.to_string()).collect();
        assert_eq!(touched, ["read", "unread"]);
        for key in ["read", "unread", "changed"] {
            assert_left(bench, key, Left::Hour);
        }
        assert_eq!(left(bench, "none", Left::Gone), Left::Gone, "nothing was stored");
        Ok(())
    });
}

pub(crate) fn a_touch_is_never_in_conflict_and_needs_no_check(bench: &Bench) {
    hold(bench, |bench| {
        store_for_a_minute(bench, "a")?;
        store_for_a_minute(bench, "b")?;
        let session = bench.cache.session();
        assert!(session.dict(&HOURS).get("a")?.is_some());
        bench.cache.transaction(|session| session.dict(&PLAIN).insert("a", 7))?;
        session.dict(&HOURS).touch("a")?;
        assert_eq!(session.commit()?.touched, 1);
        assert_left(bench, "a", Left::Hour);
        let loads = bench.store.load_batches();
        bench.cache.transaction(|session| {
            session.dict(&HOURS).touch("a")?;
            *session.dict(&HOURS).entry("b")?.or_default() += 1;
            Ok(())
        })?;
        let checks = usize::from(!bench.tells_lives());
        assert_eq!(bench.store.load_batches(), loads + 1 + checks, "one load, and no check of it");
        assert_eq!(bench.cache.session().dict(&PLAIN).get("a")?.map(|it| *it), Some(7));
        Ok(())
    });
}

pub(crate) fn a_touch_after_a_savepoint_is_rolled_back(bench: &Bench) {
    hold(bench, |bench| {
        store_for_a_minute(bench, "a")?;
        store_for_a_minute(bench, "b")?;
        let mut session = bench.cache.session();
        session.dict(&HOURS).touch("a")?;
        let savepoint = session.savepoint();
        session.dict(&HOURS).touch("b")?;
        if let Some(mut number) = session.dict(&HOURS).get_mut("a")? {
            number.set_ttl(Ttl::Never);
        }
        session.rollback_to(&savepoint)?;
        assert_eq!(session.commit()?.touched, 1);
        assert_left(bench, "a", Left::Hour);
        assert_left(bench, "b", Left::Minute);
        Ok(())
    });
}

pub(crate) fn a_touch_that_is_lost_is_named(bench: &Bench) {
    hold(bench, |bench| {
        store_for_a_minute(bench, "a")?;
        for fault in [Fault::Down, Fault::AckLost] {
            let session = bench.cache.session();
            session.dict(&HOURS).touch("a")?;
            bench.store.fail_in(0, fault);
            let report = session.commit()?;
            assert_eq!((report.touched, report.lost.len()), (0, 1));
            assert_eq!(report.lost[0].id.key.to_string(), "a");
        }
        let session = bench.strict().session();
        session.dict(&HOURS).touch("a")?;
        bench.store.fail_in(0, Fault::Down);
        assert!(matches!(session.commit(), Err(Error::Unavailable { .. })));
        Ok(())
    });
}

pub(crate) fn each_load_of_a_sliding_dictionary_begins_the_life_anew_in_its_own_round_trip(
    bench: &Bench,
) {
    hold(bench, |bench| {
        for key in ["a", "b", "plain"] {
            store_for_a_minute(bench, key)?;
        }
        let session = bench.cache.session();
        let (loads, changes) = (bench.store.load_batches(), bench.store.changes());
        assert!(session.dict(&PLAIN).get("plain")?.is_some());
        assert_eq!(session.dict(&SLIDING).get_many(["a", "b", "none"])?.len(), 3);
        assert!(session.dict(&SLIDING).get("a")?.is_some());
        assert_eq!(bench.store.load_batches(), loads + 2);
        session.commit()?;
        assert_eq!(bench.store.changes(), changes, "the commit sends nothing");
        assert_left(bench, "a", Left::Hour);
        assert_left(bench, "b", Left::Hour);
        assert_left(bench, "plain", Left::Minute);
        assert_eq!(left(bench, "none", Left::Gone), Left::Gone);
        Ok(())
    });
}

pub(crate) fn each_fetch_of_a_sliding_dictionary_begins_the_life_anew(bench: &Bench) {
    hold(bench, |bench| {
        let never = || Err::<u64, _>(Error::user("the value is stored"));
        for key in ["alone", "within"] {
            store_for_a_minute(bench, key)?;
        }
        let batches = bench.store.load_batches();
        assert_eq!(bench.cache.fetch(&SLIDING, "alone", never)?, Some(1));
        assert_eq!(bench.store.load_batches(), batches + 1, "in the same round trip");
        let session = bench.cache.session();
        let number = session.dict(&SLIDING).fetch("within", never)?;
        assert_eq!(number.as_deref(), Some(&1));
        for key in ["alone", "within"] {
            assert_left(bench, key, Left::Hour);
        }
        Ok(())
    });
}

pub(crate) fn a_write_keeps_the_end_of_life_where_that_is_asked(bench: &Bench) {
    hold(bench, |bench| {
        store_for_a_minute(bench, "a")?;
        let session = bench.cache.session();
        *session.dict(&KEPT).entry("a")?.or_default() += 1;
        *session.dict(&KEPT).entry("new")?.or_default() += 1;
        session.dict(&KEPT).insert("unread", 1)?;
        if !caps(bench).life() {
            let changes = bench.store.changes();
            let error = session.commit().expect_err("the life is not known");
            assert!(matches!(error, Error::Unsupported { .. }), "{error}");
            assert_eq!(bench.store.changes(), changes);
            return Ok(());
        }
        assert_eq!(session.commit()?.written, 3);
        assert_left(bench, "a", Left::Minute);
        assert_left(bench, "new", Left::Hour);
        assert_left(bench, "unread", Left::Hour);
        // A touch begins it anew.
        bench.cache.transaction(|session| session.dict(&KEPT).touch("a"))?;
        assert_left(bench, "a", Left::Hour);
        // One that does not expire stays so.
        bench.cache.transaction(|session| session.dict(&PLAIN).insert("ever", 1))?;
        bench.cache.transaction(|session| {
            *session.dict(&KEPT).entry("ever")?.or_default() += 1;
            Ok(())
        })?;
        assert_left(bench, "ever", Left::Ever);
        // Without `keep_ttl`, the life was not asked for.
        let session = bench.cache.session();
        if let Some(mut number) = session.dict(&PLAIN).get_mut("a")? {
            *number += 1;
            number.set_ttl(Ttl::Keep);
        }
        let error = session.commit().expect_err("the life is not known");
        assert!(error.to_string().contains("keep_ttl"), "{error}");
        Ok(())
    });
}

pub(crate) fn a_single_write_can_say_how_long_its_value_lives(bench: &Bench) {
    hold(bench, |bench| {
        let (past, soon) = (SystemTime::now() - HOUR, SystemTime::now() + HOUR);
        let session = bench.cache.session();
        let numbers = session.dict(&PLAIN);
        numbers.insert_with_ttl("hour", 1, Ttl::For(HOUR))?;
        numbers.insert_with_ttl("until", 1, Ttl::Until(soon))?;
        numbers.insert_with_ttl("past", 1, Ttl::Until(past))?;
        numbers.insert_with_ttl("replaced", 1, Ttl::For(HOUR))?;
        numbers.insert("replaced", 2)?;
        session.commit()?;
        assert_left(bench, "hour", Left::Hour);
        assert_left(bench, "until", Left::Hour);
        assert_left(bench, "replaced", Left::Ever);
        assert_eq!(left(bench, "past", Left::Gone), Left::Gone);

        let session = bench.cache.session();
        let numbers = session.dict(&PLAIN);
        for key in ["hour", "until", "replaced"] {
            let Some(mut number) = numbers.get_mut(key)? else { panic!("{key}") };
            match key {
                "hour" => number.set_ttl(Ttl::Never),
                "until" => number.expires_at(past),
                _ => {
                    *number += 1;
                    number.set_ttl(Ttl::For(HOUR));
                }
            }
        }
        let report = session.commit()?;
        assert_eq!((report.touched, report.written, report.unchanged), (2, 1, 0));
        assert_left(bench, "hour", Left::Ever);
        assert_left(bench, "replaced", Left::Hour);
        assert_eq!(left(bench, "until", Left::Gone), Left::Gone);

        let session = bench.cache.session();
        if let Some(mut number) = session.dict(&PLAIN).get_mut("hour")? {
            number.set_ttl(Ttl::For(HOUR));
            number.revert()?;
        }
        let report = session.commit()?;
        assert_eq!((report.touched, report.unchanged), (0, 1));
        Ok(())
    });
}

pub(crate) fn a_touch_of_an_entry_that_is_borrowed_or_removed(bench: &Bench) {
    hold(bench, |bench| {
        store_for_a_minute(bench, "a")?;
        let session = bench.cache.session();
        let numbers = session.dict(&HOURS);
        let lent = numbers.get_mut("a")?;
        assert!(matches!(numbers.touch("a"), Err(Error::AlreadyBorrowed { .. })));
        drop(lent);
        let read = numbers.get("a")?;
        numbers.touch("a")?;
        drop(read);
        numbers.remove("a")?;
        numbers.touch("a")?;
        let report = session.commit()?;
        assert_eq!((report.touched, report.removed), (0, 1));
        Ok(())
    });
}
