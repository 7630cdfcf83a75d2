//! What a commit checks before it sends anything: `verify_first`, what a transaction verifies by
//! itself, and tokens that a restart has invalidated.

use memdict::{Applied, Condition, ConflictCause, DictDef, Error, OnConflict, OnVanished, Token};
use memdict_tests::{Bench, Fault, Session, apply_one, load_one, store};

use super::{
    Outcome,
    conflicts::{Page, another_stores, now, page, pages},
    hits::{HITS, hits, set},
    hold,
};

static PAGES: DictDef<Page> = pages(OnConflict::Merge);

fn add(session: &Session, key: &str) -> Outcome {
    *session.dict(&HITS).get_mut(key)?.expect("it is there") += 1;
    Ok(())
}

/// Returns the number of values loaded, of batches of loads, and of changes.
pub(crate) fn traffic(bench: &Bench) -> [usize; 3] {
    [bench.store.loads(), bench.store.load_batches(), bench.store.changes()]
}

pub(crate) fn since(bench: &Bench, before: [usize; 3]) -> [usize; 3] {
    let now = traffic(bench);
    [now[0] - before[0], now[1] - before[1], now[2] - before[2]]
}

/// Returns `dict[key] cause` for each conflict of an error, and checks that nothing was sent.
pub(crate) fn conflicts(bench: &Bench, before: [usize; 3], error: Error) -> Vec<String> {
    assert_eq!(since(bench, before)[2], 0, "nothing was sent: {error:?}");
    assert!(error.is_transient(), "{error:?}");
    let Error::Conflict { conflicts, report, .. } = error else { panic!("{error:?}") };
    assert_eq!((report.written, report.removed, report.lost.len()), (0, 0, 0));
    let name = |it: &memdict::KeyConflict| format!("{} {:?}", it.id, it.cause);
    conflicts.iter().map(name).collect()
}

pub(crate) fn verify_first_checks_the_values_that_changes_depend_on_in_one_round_trip(
    bench: &Bench,
) {
    hold(bench, |bench| {
        ["a", "b", "c"].iter().try_for_each(|key| set(bench, key, 1))?;
        for verify in [false, true] {
            let session = bench.cache.session();
            session.verify_first(verify);
            add(&session, "a")?;
            add(&session, "b")?;
            let hits = session.dict(&HITS);
            drop(hits.entry(format!("new {verify}"))?.or_insert(1));
            hits.contains_key("c")?;
            hits.insert("blind", 1)?;
            hits.remove("nobody's")?;
            drop(hits);
            let before = traffic(bench);
            let report = session.commit()?;
            assert_eq!((report.written, report.removed), (4, 1));
            // If the store does not tell lives apart, tokens are always checked.
            let looks = match (verify, bench.tells_lives()) {
                (true, _) => 3,
                (false, true) => 0,
                (false, false) => 2,
            };
            assert_eq!(since(bench, before), [looks, looks.min(1), 5]);
        }
        Ok(())
    });
}

pub(crate) fn on_a_mismatch_nothing_of_the_commit_is_sent(bench: &Bench) {
    type Meanwhile = fn(&Bench) -> Outcome;
    let cases: [(&str, Meanwhile); 3] = [
        ("hits[a] Overwritten", |bench| set(bench, "a", 10)),
        ("hits[new] Overwritten", |bench| set(bench, "new", 10)),
        ("kept[a] Vanished", |bench| {
            bench.store.evict(b"memdict:kept:a");
            Ok(())
        }),
    ];
    let kept: DictDef<u64> = DictDef::new("kept").on_vanished(OnVanished::Fail);
    hold(bench, |bench| {
        for (expected, meanwhile) in cases {
            set(bench, "a", 1)?;
            set(bench, "b", 1)?;
            bench.cache.transaction(|other| {
                other.dict(&kept).insert("a", 1)?;
                other.dict(&HITS).remove("new")
            })?;
            let session = bench.cache.session();
            session.verify_first(true);
            add(&session, "b")?;
            add(&session, "a")?;
            drop(session.dict(&HITS).entry("new")?.or_insert(1));
            *session.dict(&kept).get_mut("a")?.expect("it is there") += 1;
            session.dict(&HITS).insert("blind", 1)?;
            meanwhile(bench)?;
            let before = traffic(bench);
            let error = session.commit().expect_err(expected);
            assert_eq!(conflicts(bench, before, error), [expected]);
            assert_eq!((hits(bench, "b")?, hits(bench, "blind")?), (Some(1), None));
        }
        Ok(())
    });
}

pub(crate) fn a_value_from_after_a_restart_is_a_mismatch(bench: &Bench) {
    hold(bench, |bench| {
        set(bench, "a", 1)?;
        let session = bench.cache.session();
        session.verify_first(true);
        add(&session, "a")?;
        session.dict(&HITS).insert("blind", 1)?;
        bench.restart();
        set(bench, "a", 10)?;
        let before = traffic(bench);
        let error = session.commit().expect_err("a conflict");
        let there = if bench.tells_lives() { "ServerRestarted" } else { "Overwritten" };
        assert_eq!(conflicts(bench, before, error), [format!("hits[a] {there}")]);
        Ok(())
    });
}

pub(crate) fn an_empty_server_after_a_restart_is_a_mismatch_if_the_store_reports_restarts(
    bench: &Bench,
) {
    hold(bench, |bench| {
        for restart in [true, false] {
            set(bench, "a", 1)?;
            let session = bench.cache.session();
            session.verify_first(true);
            add(&session, "a")?;
            session.dict(&HITS).insert("blind", 1)?;
            if restart {
                bench.restart();
            } else {
                bench.cache.transaction(|other| other.dict(&HITS).remove("a"))?;
            }
            let committed = session.commit();
            if restart && bench.tells_lives() {
                let error = committed.expect_err("the server restarted");
                let Error::Conflict { conflicts, report, .. } = &error else { panic!("{error:?}") };
                assert_eq!(conflicts[0].cause, ConflictCause::ServerRestarted);
                assert!(report.written == 0 && error.is_transient(), "{error:?}");
                assert_eq!((hits(bench, "a")?, hits(bench, "blind")?), (None, None));
            } else {
                assert_eq!(committed?.recreated, 1);
                assert_eq!((hits(bench, "a")?, hits(bench, "blind")?), (Some(2), Some(1)));
            }
        }
        Ok(())
    });
}

pub(crate) fn a_value_that_can_be_merged_or_recreated_is_no_mismatch(bench: &Bench) {
    hold(bench, |bench| {
        for also_a_conflict in [false, true] {
            another_stores(bench, page("old", 10))?;
            set(bench, "a", 1)?;
            set(bench, "gone", 1)?;
            let session = bench.cache.session();
            session.verify_first(true);
            session.dict(&PAGES).get_mut("k")?.expect("it is there").hits += 1;
            add(&session, "a")?;
            add(&session, "gone")?;
            another_stores(bench, page("theirs", 12))?;
            bench.cache.transaction(|other| other.dict(&HITS).remove("gone"))?;
            if also_a_conflict {
                set(bench, "a", 10)?;
            }
            let before = traffic(bench);
            let committed = session.commit();
            if also_a_conflict {
                let error = committed.expect_err("a conflict");
                assert_eq!(conflicts(bench, before, error), ["hits[a] Overwritten"]);
                assert_eq!(now(bench)?, Some(page("theirs", 12)));
            } else {
                let report = committed?;
                assert_eq!((report.written, report.merged, report.recreated), (3, 1, 1));
                assert_eq!(since(bench, before)[..2], [3, 1], "what was looked at is merged with");
                assert_eq!(now(bench)?, Some(page("theirs", 13)));
            }
        }
        Ok(())
    });
}

pub(crate) fn a_change_that_cannot_be_checked_is_sent_only_if_its_token_is_certain(bench: &Bench) {
    hold(bench, |bench| {
        set(bench, "a", 1)?;
        let session = bench.cache.session();
        session.verify_first(true);
        add(&session, "a")?;
        bench.store.fail_in(0, Fault::Down);
        let before = traffic(bench);
        let report = session.commit()?;
        let sent = usize::from(bench.tells_lives());
        assert_eq!((report.written, report.lost.len()), (sent, 1 - sent));
        assert_eq!(since(bench, before), [1, 1, sent]);
        assert_eq!(hits(bench, "a")?, Some(1 + sent as u64));
        Ok(())
    });
}

/// The key of `pages[k]` in the store.
const PAGE: &[u8] = b"memdict:pages:k";

/// memcached counts versions from 1 again: a value that another client stores after a restart gets
/// the number of the value that this session saw.
pub(crate) fn a_version_number_from_before_a_restart_never_overwrites_another_clients_value(
    bench: &Bench,
) {
    hold(bench, |bench| {
        let def = pages(OnConflict::Fail);
        let meet = |session: Option<&Session>| -> memdict::Result<Token> {
            bench.restart();
            another_stores(bench, page("mine", 1))?;
            let seen = load_one(&*bench.store, PAGE).token();
            if let Some(session) = session {
                session.dict(&def).get_mut("k")?.expect("it is there").hits += 1;
            }
            bench.restart();
            another_stores(bench, page("theirs", 10))?;
            let theirs = load_one(&*bench.store, PAGE).token();
            assert_eq!(theirs.cas(), seen.cas(), "otherwise nothing is shown");
            Ok(seen)
        };

        let session = bench.cache.session();
        meet(Some(&session))?;
        let error = session.commit().expect_err("a conflict");
        let Error::Conflict { conflicts, .. } = &error else { panic!("{error:?}") };
        let there = if bench.tells_lives() {
            ConflictCause::ServerRestarted
        } else {
            ConflictCause::Overwritten
        };
        assert_eq!((conflicts.len(), conflicts[0].cause), (1, there));
        assert_eq!((conflicts[0].ours.join(" "), error.is_transient()), ("hits".into(), true));
        assert_eq!(now(bench)?, Some(page("theirs", 10)), "their value stands");

        // Without the check, the value is lost if the store does not report restarts.
        let seen = meet(None)?;
        let applied = apply_one(&*bench.store, PAGE, store(b"mine"), Condition::Matches(seen));
        let told = if bench.tells_lives() { Applied::Restarted } else { Applied::Stored };
        assert_eq!(applied, told);

        // The same holds for a deletion.
        bench.restart();
        another_stores(bench, page("mine", 1))?;
        let session = bench.cache.session();
        session.dict(&def).contains_key("k")?;
        session.dict(&def).remove("k")?;
        bench.restart();
        another_stores(bench, page("theirs", 10))?;
        assert!(matches!(session.commit(), Err(Error::Conflict { .. })));
        assert_eq!(now(bench)?, Some(page("theirs", 10)));
        Ok(())
    });
}

pub(crate) fn a_transaction_with_several_changes_verifies_if_one_depends_on_a_stored_value(
    bench: &Bench,
) {
    hold(bench, |bench| {
        set(bench, "a", 1)?;
        set(bench, "b", 1)?;
        let (mut attempts, mut before) = (0, traffic(bench));
        bench.cache.transaction(|session| {
            attempts += 1;
            if attempts == 2 {
                assert_eq!(since(bench, before), [2, 1, 0], "one look, and nothing was sent");
            }
            add(session, "a")?;
            add(session, "b")?;
            session.dict(&HITS).insert("blind", attempts)?;
            if attempts == 1 {
                set(bench, "b", 10)?;
            }
            before = traffic(bench);
            Ok(())
        })?;
        assert_eq!(attempts, 2);
        assert_eq!(since(bench, before), [2, 1, 3]);
        assert_eq!((hits(bench, "a")?, hits(bench, "b")?), (Some(2), Some(11)));
        assert_eq!(bench.cache.counters().retries, 1);
        Ok(())
    });
}

pub(crate) fn a_transaction_with_a_single_change_checks_nothing(bench: &Bench) {
    hold(bench, |bench| {
        set(bench, "a", 1)?;
        let mut before = traffic(bench);
        bench.cache.transaction(|session| {
            add(session, "a")?;
            before = traffic(bench);
            Ok(())
        })?;
        // If the store does not tell lives apart, tokens are always checked.
        let looks = usize::from(!bench.tells_lives());
        assert_eq!(since(bench, before), [looks, looks, 1]);
        Ok(())
    });
}

/// Without the check, the insert would be stored and the other change would conflict, so nothing
/// could run again.
pub(crate) fn a_conflict_beside_a_blind_insert_is_tried_again(bench: &Bench) {
    hold(bench, |bench| {
        set(bench, "a", 1)?;
        let mut ran = 0;
        bench.cache.transaction(|session| {
            ran += 1;
            session.dict(&HITS).insert("blind", ran)?;
            session.dict(&HITS).remove("nobody's")?;
            add(session, "a")?;
            if ran == 1 { set(bench, "a", 10) } else { Ok(()) }
        })?;
        let hits = |key: &str| -> memdict::Result<_> {
            Ok(bench.cache.session().dict(&HITS).get(key)?.map(|hits| *hits))
        };
        assert_eq!((ran, hits("blind")?, hits("a")?), (2, Some(2), Some(11)));
        Ok(())
    });
}
