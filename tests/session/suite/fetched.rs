//! What a fetched value means in a session.

use memdict::{ConflictCause, DictDef, Error, Fresh, Lookup};
use memdict_tests::Bench;

use super::{
    hits::{HITS, set},
    hold,
};

fn fail<T>() -> Result<T, Error> {
    Err(Error::user("the source is not asked"))
}

fn made(number: u64) -> impl FnOnce() -> Result<u64, Error> {
    move || Ok(number)
}

fn stored(bench: &Bench, key: &str) -> memdict::Result<Option<u64>> {
    Ok(bench.cache.session().dict(&HITS).get(key)?.as_deref().copied())
}

pub(crate) fn a_fetched_value_is_changed_and_committed_as_a_loaded_one(bench: &Bench) {
    hold(bench, |bench| {
        // One that it made, and one that it found.
        for expected in [8, 9] {
            let session = bench.cache.session();
            let hits = session.dict(&HITS);
            assert_eq!(hits.fetch("a", made(7))?.as_deref().copied(), Some(expected - 1));
            let mut value = hits.get_mut("a")?.expect("it was fetched");
            assert!(!value.is_dirty() && value.changed_fields().is_empty());
            *value += 1;
            drop(value);
            let report = session.commit()?;
            assert_eq!((report.written, report.recreated), (1, 0), "{report:?}");
            assert_eq!(stored(bench, "a")?, Some(expected));
        }
        // Unchanged, it is not written.
        let session = bench.cache.session();
        assert!(session.dict(&HITS).fetch("b", made(1))?.is_some());
        drop(session.dict(&HITS).get_mut("b")?);
        let changes = bench.store.changes();
        assert_eq!(session.commit()?.written, 0);
        assert_eq!(bench.store.changes(), changes);
        Ok(())
    });
}

pub(crate) fn a_value_that_the_session_has_is_returned_without_a_loader(bench: &Bench) {
    hold(bench, |bench| {
        set(bench, "loaded", 1)?;
        let session = bench.cache.session();
        let hits = session.dict(&HITS);
        assert!(hits.get("loaded")?.is_some());
        hits.insert("set", 2)?;
        *hits.entry("created")?.or_default() = 3;
        hits.fetch("fetched", made(4))?;
        let loads = bench.store.loads();
        for (key, value) in [("loaded", 1), ("set", 2), ("created", 3), ("fetched", 4)] {
            assert_eq!(hits.fetch(key, fail::<u64>)?.as_deref(), Some(&value), "{key}");
        }
        assert_eq!(bench.store.loads(), loads);
        let borrowed = hits.get_mut("set")?;
        let again = hits.fetch("set", fail::<u64>);
        assert!(matches!(again, Err(Error::AlreadyBorrowed { call: "fetch", .. })));
        drop(borrowed);
        Ok(())
    });
}

pub(crate) fn a_key_that_was_read_as_a_miss_is_fetched_with_a_lease(bench: &Bench) {
    hold(bench, |bench| {
        let session = bench.cache.session();
        let hits = session.dict(&HITS);
        hits.prefetch(["a", "b"])?;
        assert!(hits.get("a")?.is_none());
        assert_eq!(hits.fetch("a", made(1))?.as_deref(), Some(&1));
        assert_eq!(stored(bench, "a")?, Some(1), "it is stored at once");
        // What another session has stored since is found.
        set(bench, "b", 20)?;
        assert_eq!(hits.fetch("b", fail::<u64>)?.as_deref(), Some(&20));
        *hits.entry("b")?.or_default() += 1;
        assert_eq!(session.commit()?.written, 1);
        assert_eq!(stored(bench, "b")?, Some(21));
        Ok(())
    });
}

pub(crate) fn a_removed_or_borrowed_entry_is_filled_for_this_session_alone(bench: &Bench) {
    hold(bench, |bench| {
        set(bench, "removed", 1)?;
        let session = bench.cache.session();
        let hits = session.dict(&HITS);
        hits.remove("removed")?;
        drop(hits.entry("vacant")?);
        let changes = bench.store.changes();
        for key in ["removed", "vacant"] {
            assert!(hits.fetch(key, || Ok::<_, Error>(Fresh::none()))?.is_none());
            assert!(hits.fetch(key, fail::<u64>).is_err(), "its loader runs");
            assert_eq!(hits.fetch(key, made(7))?.as_deref(), Some(&7));
        }
        assert_eq!(bench.store.changes(), changes, "the commit stores them");
        assert_eq!(session.commit()?.written, 2);
        assert_eq!((stored(bench, "removed")?, stored(bench, "vacant")?), (Some(7), Some(7)));
        Ok(())
    });
}

pub(crate) fn a_value_that_was_not_stored_is_stored_once_it_is_changed(bench: &Bench) {
    hold(bench, |bench| {
        let session = bench.cache.session();
        let hits = session.dict(&HITS);
        for key in ["changed", "unchanged"] {
            hits.fetch(key, || Ok::<_, Error>(Fresh::new(7).unstored()))?;
        }
        *hits.get_mut("changed")?.expect("it was fetched") += 1;
        drop(hits.get_mut("unchanged")?);
        let report = session.commit()?;
        assert_eq!((report.written, report.unchanged), (1, 1));
        assert_eq!((stored(bench, "changed")?, stored(bench, "unchanged")?), (Some(8), None));
        Ok(())
    });
}

pub(crate) fn a_change_of_a_fetched_value_that_another_session_changed_is_a_conflict(
    bench: &Bench,
) {
    hold(bench, |bench| {
        set(bench, "found", 7)?;
        for key in ["made", "found"] {
            let session = bench.cache.session();
            let hits = session.dict(&HITS);
            hits.fetch(key, made(7))?;
            *hits.get_mut(key)?.expect("it was fetched") += 1;
            set(bench, key, 40)?;
            let Err(Error::Conflict { conflicts, .. }) = session.commit() else { panic!("{key}") };
            assert_eq!(conflicts[0].cause, ConflictCause::Overwritten, "{key}");
            assert_eq!(stored(bench, key)?, Some(40));
        }
        // A transaction runs again, with what is stored then.
        let mut ran = 0;
        let sum = bench.cache.transaction(|session| {
            let hits = session.dict(&HITS);
            hits.fetch("again", made(7))?;
            ran += 1;
            if ran == 1 {
                set(bench, "again", 40)?;
            }
            let mut value = hits.get_mut("again")?.expect("it was fetched");
            *value += 1;
            Ok(*value)
        })?;
        assert_eq!((sum, ran, stored(bench, "again")?), (41, 2, Some(41)));
        Ok(())
    });
}

pub(crate) fn an_entry_that_has_to_be_current_stays_what_was_read(bench: &Bench) {
    hold(bench, |bench| {
        let session = bench.cache.session();
        let hits = session.dict(&HITS);
        hits.read_current("a")?; // a miss
        set(bench, "a", 40)?;
        assert_eq!(hits.fetch("a", made(7))?.as_deref(), Some(&7), "for this session alone");
        let conflict = session.commit();
        assert!(matches!(conflict, Err(Error::Conflict { .. })), "{conflict:?}");
        assert_eq!(stored(bench, "a")?, Some(40));
        Ok(())
    });
}

pub(crate) fn a_rollback_keeps_what_was_fetched(bench: &Bench) {
    hold(bench, |bench| {
        let mut session = bench.cache.session();
        assert!(session.dict(&HITS).get("missed")?.is_none());
        let savepoint = session.savepoint();
        for key in ["missed", "unread"] {
            session.dict(&HITS).fetch(key, made(7))?;
            *session.dict(&HITS).get_mut(key)?.expect("it was fetched") += 1;
        }
        session.rollback_to(&savepoint)?;
        for key in ["missed", "unread"] {
            assert_eq!(session.dict(&HITS).get(key)?.as_deref(), Some(&7), "{key}");
        }
        assert_eq!(session.commit()?.written, 0);
        Ok(())
    });
}

pub(crate) fn that_there_is_none_stays_so_in_a_session_and_can_be_changed(bench: &Bench) {
    static KNOWN: DictDef<u64> =
        DictDef::new("hits").absent_for(std::time::Duration::from_secs(60));
    hold(bench, |bench| {
        let session = bench.cache.session();
        let hits = session.dict(&KNOWN);
        assert!(hits.fetch("a", || Ok::<_, Error>(None))?.is_none());
        assert!(hits.fetch("a", fail::<u64>)?.is_none() && hits.get("a")?.is_none());
        assert!(matches!(hits.lookup("a")?, Lookup::Absent));
        *hits.entry("a")?.or_default() = 7;
        assert_eq!(session.commit()?.written, 1);
        assert_eq!(stored(bench, "a")?, Some(7));

        // The record goes with the removal of the entry, so that the source is asked again.
        bench.cache.fetch(&KNOWN, "b", || Ok::<_, Error>(None))?;
        let session = bench.cache.session();
        assert!(session.dict(&KNOWN).get("b")?.is_none());
        session.dict(&KNOWN).remove("b")?;
        session.commit()?;
        assert_eq!(bench.cache.fetch(&KNOWN, "b", made(7))?, Some(7));

        // Another session's value is not overwritten.
        bench.cache.fetch(&KNOWN, "c", || Ok::<_, Error>(None))?;
        let session = bench.cache.session();
        assert!(session.dict(&KNOWN).get("c")?.is_none());
        set(bench, "c", 40)?;
        session.dict(&KNOWN).insert("c", 7)?;
        assert!(matches!(session.commit(), Err(Error::Conflict { .. })));
        Ok(())
    });
}
