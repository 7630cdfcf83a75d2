//! `read_current`: entries that a session only reads, and that have to be current when it writes.

use memdict::{Error, OnConflict};
use memdict_tests::{Bench, Fault, Session};

use super::{
    conflicts::{another_stores, now, page, pages},
    hits::{HITS, hits, set},
    hold,
    verifying::{conflicts, since, traffic},
};

fn current(bench: &Bench, key: &str) -> memdict::Result<Session<'static>> {
    let session = bench.cache.session();
    session.dict(&HITS).read_current(key)?;
    session.dict(&HITS).insert("written", 1)?;
    Ok(session)
}

pub(crate) fn entries_that_have_to_be_current_are_checked_once_before_anything_is_sent(
    bench: &Bench,
) {
    hold(bench, |bench| {
        set(bench, "a", 1)?;
        let session = current(bench, "a")?;
        session.dict(&HITS).read_current("a")?;
        assert_eq!(*session.dict(&HITS).get("a")?.expect("it was read"), 1);
        session.dict(&HITS).read_current("nobody")?;
        let before = traffic(bench);
        assert_eq!(session.commit()?.written, 1);
        assert_eq!(since(bench, before), [2, 1, 1], "each key once, in one round trip");

        let session = current(bench, "a")?;
        set(bench, "a", 10)?;
        let before = traffic(bench);
        let error = session.commit().expect_err("a conflict");
        let Error::Conflict { conflicts: all, .. } = &error else { panic!("{error:?}") };
        assert_eq!((all[0].ours.len(), all[0].theirs.len()), (0, 1), "changed there, not here");
        assert_eq!(conflicts(bench, before, error), ["hits[a] Overwritten"]);

        let session = current(bench, "a")?;
        bench.cache.transaction(|other| other.dict(&HITS).remove("a"))?;
        let before = traffic(bench);
        let error = session.commit().expect_err("a conflict");
        assert_eq!(conflicts(bench, before, error), ["hits[a] Vanished"]);
        Ok(())
    });
}

pub(crate) fn a_miss_can_have_to_be_current(bench: &Bench) {
    hold(bench, |bench| {
        assert_eq!(current(bench, "nobody")?.commit()?.written, 1);
        let session = current(bench, "nobody")?;
        set(bench, "nobody", 10)?;
        let before = traffic(bench);
        let error = session.commit().expect_err("a conflict");
        assert_eq!(conflicts(bench, before, error), ["hits[nobody] Overwritten"]);
        Ok(())
    });
}

/// This applies whatever the dictionary says about conflicts, and names the conflict once.
pub(crate) fn a_changed_key_can_have_to_be_current_as_well(bench: &Bench) {
    hold(bench, |bench| {
        for policy in [OnConflict::Fail, OnConflict::LastWriteWins, OnConflict::Merge] {
            for verify in [false, true] {
                another_stores(bench, page("old", 10))?;
                let session = bench.cache.session();
                session.verify_first(verify);
                let def = pages(policy);
                session.dict(&def).read_current("k")?;
                session.dict(&def).get_mut("k")?.expect("it is there").hits += 1;
                another_stores(bench, page("theirs", 10))?;
                let before = traffic(bench);
                let error = session.commit().expect_err("a conflict");
                let case = format!("{policy:?} {verify}");
                let named = conflicts(bench, before, error);
                assert_eq!(named, ["pages[k] Overwritten"], "{case}");
                assert_eq!(now(bench)?, Some(page("theirs", 10)), "{case}");
            }
        }
        Ok(())
    });
}

pub(crate) fn a_session_that_writes_nothing_checks_nothing(bench: &Bench) {
    hold(bench, |bench| {
        set(bench, "a", 1)?;
        set(bench, "b", 1)?;
        let session = bench.cache.session();
        session.verify_first(true);
        session.dict(&HITS).read_current("a")?;
        drop(session.dict(&HITS).get_mut("b")?);
        set(bench, "a", 10)?;
        let before = traffic(bench);
        assert_eq!(session.commit()?.unchanged, 1);
        assert_eq!(since(bench, before), [0, 0, 0]);
        Ok(())
    });
}

pub(crate) fn an_entry_that_has_to_be_current_and_cannot_be_checked_is_unavailable(bench: &Bench) {
    hold(bench, |bench| {
        set(bench, "a", 1)?;
        let session = current(bench, "a")?;
        bench.store.fail_in(0, Fault::Down);
        let before = traffic(bench);
        let error = session.commit().expect_err("it is not known");
        let Error::Unavailable { id, report: None, .. } = &error else { panic!("{error:?}") };
        assert!(id.to_string() == "hits[a]" && error.is_transient(), "{error}");
        assert_eq!(since(bench, before), [1, 1, 0], "nothing was sent");
        // So a transaction runs again.
        let mut attempts = 0;
        bench.cache.transaction(|session| {
            attempts += 1;
            session.dict(&HITS).read_current("a")?;
            session.dict(&HITS).insert("written", attempts)?;
            if attempts == 1 {
                bench.store.fail_in(0, Fault::Down);
            }
            Ok(())
        })?;
        assert_eq!(hits(bench, "written")?, Some(2));
        Ok(())
    });
}
