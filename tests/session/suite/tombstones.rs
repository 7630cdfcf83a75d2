//! Tombstones, by which a removal is told from an eviction.

use std::time::Duration;

use memdict::{ConflictCause, DictDef, Error, OnConflict, OnVanished};
use memdict_tests::{Bench, Cache, ONE_SECOND_LIFE, Session, wait_until};

use super::{Outcome, hold};

const MINUTE: Duration = Duration::from_secs(60);

static NAMES: DictDef<String> = DictDef::new("names").tombstone(MINUTE);
static PLAIN: DictDef<String> = DictDef::new("names");

fn set(session: &Session, dict: &DictDef<String>, name: &str) -> Outcome {
    *session.dict(dict).entry("a")?.or_default() = name.to_owned();
    Ok(())
}

fn store(cache: &Cache, name: &str) -> Outcome {
    cache.transaction(|session| session.dict(&NAMES).insert("a", name.to_owned()))
}

fn remove(cache: &Cache) -> Outcome {
    cache.transaction(|session| session.dict(&NAMES).remove("a"))
}

fn name(cache: &Cache) -> memdict::Result<Option<String>> {
    Ok(cache.session().dict(&NAMES).get("a")?.map(|name| name.cloned()))
}

fn cause(outcome: memdict::Result<memdict::CommitReport>) -> ConflictCause {
    match outcome {
        Err(Error::Conflict { conflicts, .. }) => conflicts[0].cause,
        outcome => panic!("{outcome:?}"),
    }
}

pub(crate) fn a_fill_that_is_late_is_a_conflict_whether_there_was_a_value_to_remove_or_not(
    bench: &Bench,
) {
    hold(bench, |bench| {
        for there_was_a_value in [false, true] {
            remove(&bench.cache)?;
            let slow = bench.cache.session();
            assert!(slow.dict(&NAMES).get("a")?.is_none(), "a tombstone reads as a miss");
            drop(slow);
            // Without a tombstone: the store holds nothing when the slow session looks.
            bench.cache.transaction(|session| session.dict(&PLAIN).remove("a"))?;
            let slow = bench.cache.session();
            set(&slow, &NAMES, "19")?;
            if there_was_a_value {
                store(&bench.cache, "20")?;
            }
            remove(&bench.cache)?;
            assert_eq!(cause(slow.commit()), ConflictCause::Removed);
            assert_eq!(name(&bench.cache)?, None);
        }
        Ok(())
    });
}

pub(crate) fn without_a_tombstone_a_fill_that_is_late_is_stored(bench: &Bench) {
    hold(bench, |bench| {
        let slow = bench.cache.session();
        set(&slow, &PLAIN, "19")?;
        bench.cache.transaction(|session| session.dict(&PLAIN).remove("a"))?;
        assert_eq!(slow.commit()?.written, 1, "as docs/reliability.md says");
        Ok(())
    });
}

pub(crate) fn a_session_that_finds_the_tombstone_fills_the_entry(bench: &Bench) {
    hold(bench, |bench| {
        store(&bench.cache, "19")?;
        remove(&bench.cache)?;
        let session = bench.cache.session();
        set(&session, &NAMES, "20")?;
        let report = session.commit()?;
        assert_eq!((report.written, report.recreated), (1, 0));
        // A transaction that was late runs again, and then finds the tombstone.
        let (mut attempts, cache) = (0, &bench.cache);
        cache.transaction(|session| session.dict(&PLAIN).remove("a"))?;
        cache.transaction(|session| {
            attempts += 1;
            set(session, &NAMES, "21")?;
            if attempts == 1 { remove(cache) } else { Ok(()) }
        })?;
        assert_eq!((attempts, name(cache)?.as_deref()), (2, Some("21")));
        Ok(())
    });
}

pub(crate) fn a_removed_value_stays_removed_and_an_evicted_one_is_recreated(bench: &Bench) {
    hold(bench, |bench| {
        let definition = NAMES.clone();
        for dict in [definition.clone(), definition.on_vanished(OnVanished::Fail)] {
            store(&bench.cache, "session")?;
            let request = bench.cache.session();
            set(&request, &dict, "session, visited")?;
            remove(&bench.cache)?; // the user logs out
            assert_eq!(cause(request.commit()), ConflictCause::Removed);
            assert_eq!(name(&bench.cache)?, None);
        }
        store(&bench.cache, "session")?;
        let request = bench.cache.session();
        set(&request, &NAMES, "session, visited")?;
        bench.store.evict(b"memdict:names:a"); // an eviction
        assert_eq!(request.commit()?.recreated, 1);
        Ok(())
    });
}

pub(crate) fn a_blind_insert_and_the_last_write_replace_a_tombstone(bench: &Bench) {
    hold(bench, |bench| {
        remove(&bench.cache)?;
        store(&bench.cache, "blind")?;
        assert_eq!(name(&bench.cache)?.as_deref(), Some("blind"));
        let last = NAMES.clone().on_conflict(OnConflict::LastWriteWins);
        let session = bench.cache.session();
        set(&session, &last, "last")?;
        remove(&bench.cache)?;
        assert_eq!(session.commit()?.written, 1);
        assert_eq!(name(&bench.cache)?.as_deref(), Some("last"));
        Ok(())
    });
}

pub(crate) fn two_sessions_may_remove_one_value(bench: &Bench) {
    hold(bench, |bench| {
        store(&bench.cache, "x")?;
        let sessions = [bench.cache.session(), bench.cache.session()];
        for session in &sessions {
            assert!(session.dict(&NAMES).contains_key("a")?);
            session.dict(&NAMES).remove("a")?;
            assert!(session.has_changes());
        }
        for session in sessions {
            assert_eq!(session.commit()?.removed, 1);
        }
        // One that had changed in between is another session's.
        store(&bench.cache, "y")?;
        let session = bench.cache.session();
        assert!(session.dict(&NAMES).contains_key("a")?);
        session.dict(&NAMES).remove("a")?;
        store(&bench.cache, "z")?;
        assert_eq!(cause(session.commit()), ConflictCause::Overwritten);
        Ok(())
    });
}

pub(crate) fn a_removal_after_a_miss_leaves_a_tombstone_and_after_an_insert_as_well(bench: &Bench) {
    hold(bench, |bench| {
        for insert_first in [false, true] {
            bench.store.evict(b"memdict:names:a");
            let session = bench.cache.session();
            assert!(session.dict(&NAMES).get("a")?.is_none());
            if insert_first {
                session.dict(&NAMES).insert("a", "x".to_owned())?;
            }
            session.dict(&NAMES).remove("a")?;
            assert_eq!(session.commit()?.removed, 1);
            assert!(!bench.stored_bytes("names", "a").is_empty());
            assert_eq!(name(&bench.cache)?, None);
        }
        // Without tombstones there is nothing to do.
        bench.store.evict(b"memdict:names:a");
        let session = bench.cache.session();
        assert!(session.dict(&PLAIN).get("a")?.is_none());
        session.dict(&PLAIN).remove("a")?;
        assert!(!session.has_changes());
        assert_eq!(session.commit()?.removed, 0);
        Ok(())
    });
}

pub(crate) fn a_tombstone_expires_and_a_value_is_then_stored_as_new(bench: &Bench) {
    hold(bench, |bench| {
        static SHORT: DictDef<String> = DictDef::new("names").tombstone(Duration::from_secs(1));
        bench.cache.transaction(|session| session.dict(&SHORT).remove("a"))?;
        let session = bench.cache.session();
        set(&session, &SHORT, "x")?;
        wait_until(ONE_SECOND_LIFE, "the tombstone has expired", || {
            bench.stored_bytes("names", "a").is_empty()
        });
        let report = session.commit()?;
        assert_eq!((report.written, report.recreated), (1, 0));
        Ok(())
    });
}

pub(crate) fn an_entry_that_has_to_stay_absent_is_checked_by_its_tombstone(bench: &Bench) {
    hold(bench, |bench| {
        store(&bench.cache, "x")?;
        let session = bench.cache.session();
        session.dict(&NAMES).read_current("a")?;
        session.dict("other").insert("b", 1_u64)?;
        remove(&bench.cache)?;
        assert_eq!(cause(session.commit()), ConflictCause::Removed);
        let session = bench.cache.session();
        session.dict(&NAMES).read_current("a")?;
        session.dict("other").insert("b", 1_u64)?;
        assert_eq!(session.commit()?.written, 1, "the tombstone is the one that was read");
        Ok(())
    });
}
