//! Savepoints: what a rollback restores, what it does not change, and which savepoints are valid.

use memdict::{DictDef, Entry, Error, Tracked};
use memdict_tests::{Bench, Cart, ONE_SECOND_LIFE, Session, wait_until};
use serde::{Deserialize, Serialize};

use super::{Outcome, hold};

pub(crate) static CARTS: DictDef<Cart> = DictDef::new("carts");
pub(crate) static HITS: DictDef<u64> = DictDef::new("hits");
static SHORT: DictDef<u64> = DictDef::new("hits").ttl_secs(1);

pub(crate) fn fill(bench: &Bench) -> Outcome {
    bench.cache.transaction(|session| {
        session.dict(&CARTS).insert("alice", Cart::of("alice", 3))?;
        session.dict(&CARTS).insert("bob", Cart::of("bob", 3))?;
        ["a", "b", "c"].into_iter().try_for_each(|key| session.dict(&HITS).insert(key, 1))
    })
}

pub(crate) fn hits(session: &Session, key: &str) -> memdict::Result<Option<u64>> {
    Ok(session.dict(&HITS).get(key)?.map(|hits| *hits))
}

pub(crate) fn set(session: &Session, key: &str, to: u64) -> Outcome {
    *session.dict(&HITS).entry(key)?.or_default() = to;
    Ok(())
}

/// Returns what new sessions find.
pub(crate) fn stored(bench: &Bench, keys: &[&str]) -> memdict::Result<Vec<Option<u64>>> {
    let session = bench.cache.session();
    keys.iter().map(|key| hits(&session, key)).collect()
}

pub(crate) fn a_rollback_restores_values_and_flags(bench: &Bench) {
    hold(bench, |bench| {
        fill(bench)?;
        let mut session = bench.cache.session();
        session.dict(&CARTS).get_mut("alice")?.unwrap().edit().address.city.assign("Lille");
        session.dict(&CARTS).get_mut("bob")?.unwrap();
        let before = session.savepoint();
        for _ in 0..3 {
            for key in ["alice", "bob"] {
                let carts = session.dict(&CARTS);
                let mut cart = carts.get_mut(key)?.unwrap();
                cart.items.clear();
                cart.attrs.insert("new".into(), "x".into());
                cart.address.city.push('!');
            }
            session.rollback_to(&before)?;
            let carts = session.dict(&CARTS);
            let alice = carts.get_mut("alice")?.unwrap();
            let mut expected = Cart::of("alice", 3);
            expected.address.city = "Lille".into();
            assert_eq!(*alice, expected);
            assert!(alice.is_dirty(), "it was before the savepoint");
            assert_eq!(alice.changed_fields(), ["address.city"]);
            let bob = carts.get_mut("bob")?.unwrap();
            assert_eq!(*bob, Cart::of("bob", 3));
            assert!(!bob.is_dirty() && bob.changed_fields().is_empty());
        }
        let report = session.commit()?;
        assert_eq!((report.written, report.unchanged), (1, 1));
        Ok(())
    });
}

pub(crate) fn a_rollback_restores_new_and_removed_entries(bench: &Bench) {
    hold(bench, |bench| {
        fill(bench)?;
        let mut session = bench.cache.session();
        session.dict(&HITS).insert("new", 5)?;
        session.dict(&HITS).remove("a")?;
        session.dict(&HITS).contains_key("b")?;
        session.dict(&HITS).remove("b")?;
        let before = session.savepoint();

        let dict = session.dict(&HITS);
        dict.remove("new")?;
        dict.insert("a", 7)?;
        match dict.entry("b")? {
            Entry::Vacant(entry) => *entry.insert(8) += 1,
            Entry::Occupied(_) => panic!("it was removed"),
        }
        dict.insert("newer", 6)?;
        dict.insert("c", 9)?;
        dict.remove("c")?;
        session.rollback_to(&before)?;

        assert_eq!(hits(&session, "new")?, Some(5));
        for key in ["a", "b", "newer"] {
            assert_eq!(hits(&session, key)?, None, "{key}");
        }
        assert_eq!(hits(&session, "c")?, Some(1));
        let report = session.commit()?;
        assert_eq!((report.written, report.removed, report.unchanged), (1, 2, 0));
        let all = stored(bench, &["new", "newer", "a", "b", "c"])?;
        assert_eq!(all, [Some(5), None, None, None, Some(1)]);
        Ok(())
    });
}

pub(crate) fn a_rollback_undoes_a_removal_and_an_insert(bench: &Bench) {
    hold(bench, |bench| {
        fill(bench)?;
        let mut session = bench.cache.session();
        set(&session, "a", 2)?;
        let before = session.savepoint();
        session.dict(&HITS).remove("a")?;
        session.dict(&HITS).insert("a", 3)?;
        session.dict(&HITS).remove("a")?;
        session.rollback_to(&before)?;
        assert_eq!(hits(&session, "a")?, Some(2));
        assert_eq!(session.commit()?.written, 1);
        assert_eq!(stored(bench, &["a"])?, [Some(2)]);
        Ok(())
    });
}

pub(crate) fn a_rollback_to_before_a_change_leaves_nothing_to_send(bench: &Bench) {
    hold(bench, |bench| {
        fill(bench)?;
        let before = bench.commands();
        let mut session = bench.cache.session();
        hits(&session, "a")?;
        let savepoint = session.savepoint();
        set(&session, "a", 2)?;
        set(&session, "b", 2)?;
        session.dict(&HITS).insert("c", 2)?;
        session.dict(&HITS).remove("nobody")?;
        set(&session, "vacant", 2)?;
        drop(session.dict(&HITS).entry("also vacant")?);
        session.rollback_to(&savepoint)?;
        let report = session.commit()?;
        assert_eq!((report.written, report.removed, report.unchanged), (0, 0, 0));
        assert_eq!(bench.commands(), before);
        Ok(())
    });
}

pub(crate) fn a_value_that_was_first_loaded_after_the_savepoint_stays_loaded(bench: &Bench) {
    hold(bench, |bench| {
        fill(bench)?;
        let mut session = bench.cache.session();
        let before = session.savepoint();
        assert_eq!(hits(&session, "a")?, Some(1));
        set(&session, "b", 2)?;
        assert_eq!(hits(&session, "nobody")?, None);
        let loads = bench.store.loads();
        bench.cache.transaction(|other| {
            let dict = other.dict(&HITS);
            ["a", "b", "nobody"].into_iter().try_for_each(|key| dict.insert(key, 100))
        })?;
        session.rollback_to(&before)?;
        // A rollback does not reveal what others have committed.
        assert_eq!(hits(&session, "a")?, Some(1));
        assert_eq!(hits(&session, "b")?, Some(1));
        assert_eq!(hits(&session, "nobody")?, None);
        assert_eq!(bench.store.loads(), loads);
        set(&session, "b", 3)?;
        let error = session.commit().unwrap_err();
        assert!(matches!(error, Error::Conflict { .. }), "what it read is what it goes by");
        Ok(())
    });
}

pub(crate) fn savepoints_nest_and_each_allows_many_rollbacks(bench: &Bench) {
    hold(bench, |bench| {
        fill(bench)?;
        let mut session = bench.cache.session();
        let first = session.savepoint();
        set(&session, "a", 2)?;
        let second = session.savepoint();
        set(&session, "a", 3)?;
        set(&session, "b", 3)?;
        let third = session.savepoint();
        set(&session, "a", 4)?;
        set(&session, "c", 4)?;
        let all = |session: &Session| -> memdict::Result<_> {
            Ok((hits(session, "a")?, hits(session, "b")?, hits(session, "c")?))
        };
        for _ in 0..2 {
            session.rollback_to(&third)?;
            assert_eq!(all(&session)?, (Some(3), Some(3), Some(1)));
            set(&session, "b", 40)?;
        }
        for _ in 0..2 {
            session.rollback_to(&second)?;
            assert_eq!(all(&session)?, (Some(2), Some(1), Some(1)));
            set(&session, "c", 50)?;
        }
        let again = session.savepoint();
        set(&session, "a", 6)?;
        session.rollback_to(&again)?;
        assert_eq!(all(&session)?, (Some(2), Some(1), Some(50)));
        session.rollback_to(&second)?;
        for _ in 0..2 {
            session.rollback_to(&first)?;
            assert_eq!(all(&session)?, (Some(1), Some(1), Some(1)));
            set(&session, "a", 7)?;
        }
        assert_eq!(session.commit()?.written, 1);
        assert_eq!(stored(bench, &["a", "b", "c"])?, [Some(7), Some(1), Some(1)]);
        Ok(())
    });
}

/// Returns the number of a savepoint that is not valid.
fn refused(outcome: memdict::Result<()>) -> u64 {
    let error = outcome.unwrap_err();
    let Error::Savepoint { id, .. } = error else { panic!("{error:?}") };
    assert!(!error.is_transient());
    assert_eq!(
        error.to_string(),
        format!(
            "savepoint {id} is not valid in this session: an earlier one was rolled back to \
             since, or it belongs to another session; take a new one"
        )
    );
    id
}

pub(crate) fn a_later_savepoint_is_invalid_after_a_rollback_to_an_earlier_one(bench: &Bench) {
    hold(bench, |bench| {
        let mut session = bench.cache.session();
        let first = session.savepoint();
        set(&session, "a", 2)?;
        let second = session.savepoint();
        let third = session.savepoint();
        session.rollback_to(&first)?;
        set(&session, "a", 3)?;
        assert_ne!(refused(session.rollback_to(&second)), refused(session.rollback_to(&third)));
        assert_eq!(hits(&session, "a")?, Some(3), "nothing was done");
        let newer = session.savepoint();
        refused(session.rollback_to(&third));
        session.rollback_to(&newer)?;
        session.rollback_to(&first)?;
        assert_eq!(hits(&session, "a")?, None);
        Ok(())
    });
}

pub(crate) fn a_savepoint_of_another_session_is_invalid(bench: &Bench) {
    hold(bench, |bench| {
        let (mut one, mut other) = (bench.cache.session(), bench.cache.session());
        let (here, there) = (one.savepoint(), other.savepoint());
        set(&one, "a", 2)?;
        refused(one.rollback_to(&there));
        refused(other.rollback_to(&here));
        assert_eq!(hits(&one, "a")?, Some(2), "nothing was done");
        one.rollback_to(&here)?;
        assert_eq!(hits(&one, "a")?, None);
        one.commit()?;
        refused(bench.cache.session().rollback_to(&here));
        Ok(())
    });
}

pub(crate) fn fields_that_are_not_stored_come_back_as_their_default(bench: &Bench) {
    hold(bench, |bench| {
        fill(bench)?;
        let mut session = bench.cache.session();
        session.dict(&CARTS).insert("new", Cart { cached: Some(1), ..Cart::default() })?;
        session.dict(&CARTS).insert("other", Cart { cached: Some(1), ..Cart::default() })?;
        let before = session.savepoint();
        session.dict(&CARTS).get_mut("new")?.unwrap().total = 2;
        session.rollback_to(&before)?;
        let carts = session.dict(&CARTS);
        assert_eq!(carts.get("new")?.unwrap().cached, None);
        assert_eq!(carts.get("other")?.unwrap().cached, Some(1), "it was not touched since");
        Ok(())
    });
}

#[derive(Default, Serialize, Deserialize, Tracked)]
struct Page {
    text: String,
    #[memdict(untracked)]
    views: u64,
}

pub(crate) fn an_untracked_change_made_before_the_savepoint_is_restored(bench: &Bench) {
    hold(bench, |bench| {
        bench
            .cache
            .transaction(|session| session.dict::<Page>("pages").insert("p", Page::default()))?;
        let mut session = bench.cache.session();
        *session.dict::<Page>("pages").get_mut("p")?.unwrap().edit().views = 1;
        let before = session.savepoint();
        *session.dict::<Page>("pages").get_mut("p")?.unwrap().edit().views = 2;
        session.dict::<Page>("pages").get_mut("p")?.unwrap().text.push('x');
        session.rollback_to(&before)?;
        assert_eq!(session.dict::<Page>("pages").get("p")?.unwrap().views, 1);
        let report = session.commit()?;
        assert_eq!((report.written, report.unchanged), (0, 1));
        Ok(())
    });
}

pub(crate) fn the_lifetime_of_an_earlier_write_is_restored(bench: &Bench) {
    hold(bench, |bench| {
        let mut session = bench.cache.session();
        session.dict(&HITS).insert("long", 1)?;
        let before = session.savepoint();
        session.dict(&SHORT).insert("long", 2)?;
        session.rollback_to(&before)?;
        session.dict(&SHORT).insert("short", 3)?;
        session.commit()?;
        wait_until(ONE_SECOND_LIFE, "a lifetime ends", || {
            stored(bench, &["short"]).is_ok_and(|values| values == [None])
        });
        assert_eq!(stored(bench, &["long"])?, [Some(1)]);
        Ok(())
    });
}

pub(crate) fn a_transaction_can_be_rolled_back_in_part_and_run_again(bench: &Bench) {
    hold(bench, |bench| {
        fill(bench)?;
        let mut attempts = 0;
        bench.cache.transaction(|session| {
            attempts += 1;
            let start = session.savepoint();
            set(session, "a", 10)?;
            let between = session.savepoint();
            set(session, "b", 10)?;
            if attempts == 1 {
                bench.cache.transaction(|other| set(other, "a", 5))?;
            }
            session.rollback_to(&between)?;
            if attempts == 3 {
                session.rollback_to(&start)?;
            }
            Ok(())
        })?;
        assert_eq!(attempts, 2, "the savepoints of an attempt end with it");
        assert_eq!(stored(bench, &["a", "b"])?, [Some(10), Some(1)]);
        Ok(())
    });
}

pub(crate) fn hooks_survive_a_rollback(bench: &Bench) {
    hold(bench, |bench| {
        fill(bench)?;
        let (told, hear) = std::sync::mpsc::channel();
        let mut session = bench.cache.session();
        let before = session.savepoint();
        session.after_commit(move |report| Ok(told.send(report.written)?));
        set(&session, "a", 2)?;
        session.rollback_to(&before)?;
        session.commit()?;
        assert_eq!(hear.try_iter().collect::<Vec<_>>(), [0]);
        Ok(())
    });
}

pub(crate) fn threads_change_one_session_after_a_savepoint(bench: &Bench) {
    hold(bench, |bench| {
        fill(bench)?;
        let mut session = bench.cache.session();
        let before = session.savepoint();
        for _ in 0..20 {
            std::thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| {
                        for key in ["a", "b", "c", "d"] {
                            // The call is refused while another thread has the entry.
                            drop(session.dict(&HITS).entry(key).map(|entry| {
                                *entry.or_default() += 1;
                            }));
                        }
                    });
                }
            });
            session.rollback_to(&before)?;
            let all: Vec<_> =
                ["a", "b", "c", "d"].iter().map(|key| hits(&session, key).unwrap()).collect();
            assert_eq!(all, [Some(1), Some(1), Some(1), None]);
        }
        let report = session.commit()?;
        assert_eq!((report.written, report.unchanged), (0, 0));
        Ok(())
    });
}
