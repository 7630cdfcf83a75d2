//! The promises about servers that keep no versions of values (memcached's option `-C`).

use memdict::{Cache, DictDef, Error, OnConflict, OnVanished};
use memdict_tests::{Bench, Cart, Dict, Memcached};

static LAST: DictDef<Cart> = DictDef::new("last").on_conflict(OnConflict::LastWriteWins);
static OTHERS: DictDef<Cart> = DictDef::new("others");
static KEPT: DictDef<Cart> = DictDef::new("kept").on_vanished(OnVanished::Fail);

/// Runs a check in both dialects and both faces.
fn without_versions(check: impl Fn(&Bench)) {
    for open in [Bench::on, Bench::in_classic_on] {
        let server = || Memcached::with(&["-C"]);
        check(&open(server()));
        check(&open(server()).in_tasks());
    }
}

/// A value that the server refuses for its size.
fn oversized() -> String {
    "x".repeat(1 << 20)
}

#[test]
fn a_dictionary_of_the_last_write_works_fully_without_versions() {
    without_versions(|bench| {
        let total = || {
            let session = bench.cache.session();
            session.dict(&LAST).get("a").expect("it is up").map(|cart| cart.total)
        };
        let session = bench.cache.session();
        session.dict(&LAST).insert("a", Cart::of("bob", 1)).expect("it is in place");
        assert_eq!(session.commit().expect("it is stored").written, 1);

        // A change of a loaded value, and another one of the same session.
        let session = bench.cache.session();
        session.dict(&LAST).get_mut("a").expect("it is up").expect("stored").total = 5;
        let other = bench.cache.session();
        other.dict(&LAST).get_mut("a").expect("it is up").expect("stored").total = 6;
        assert_eq!(other.commit().expect("it is stored").written, 1);
        assert_eq!(session.commit().expect("the last write wins").written, 1);
        assert_eq!(total(), Some(5));

        // An entry that had no value, which another session stores meanwhile.
        let session = bench.cache.session();
        session.dict(&LAST).entry("b").expect("it is up").or_default().total = 7;
        let other = bench.cache.session();
        other.dict(&LAST).insert("b", Cart::of("eve", 1)).expect("it is in place");
        other.commit().expect("it is stored");
        assert_eq!(session.commit().expect("the last write wins").written, 1);

        // A removal after a look, and an insert over its tombstone.
        let session = bench.cache.session();
        assert!(session.dict(&LAST).get("a").expect("it is up").is_some());
        session.dict(&LAST).remove("a").expect("it is in place");
        assert_eq!(session.commit().expect("it is removed").removed, 1);
        assert_eq!(total(), None);
        let session = bench.cache.session();
        session.dict(&LAST).entry("a").expect("it is up").or_default().total = 8;
        assert_eq!(session.commit().expect("it is stored").written, 1);
        assert_eq!(total(), Some(8));
    });
}

#[test]
fn an_oversized_value_leaves_no_old_one_without_versions() {
    without_versions(|bench| {
        let session = bench.cache.session();
        session.dict(&LAST).insert("a", Cart::of("bob", 1)).expect("it is in place");
        session.commit().expect("it is stored");
        let session = bench.cache.session();
        let mut cart = session.dict(&LAST).get_mut("a").expect("it is up").expect("stored");
        cart.owner = oversized();
        drop(cart);
        let report = session.commit().expect("a refused change is no error");
        assert_eq!(report.refused.len(), 1, "{report:?}");
        assert!(!report.refused[0].reason.contains("could not be deleted"), "{report:?}");
        assert!(bench.cache.session().dict(&LAST).get("a").expect("it is up").is_none());
    });
}

#[test]
fn other_dictionaries_are_an_error_that_says_what_to_do_and_send_nothing_without_versions() {
    without_versions(|bench| {
        for def in [&OTHERS, &KEPT] {
            let session = bench.cache.session();
            session.dict(def).insert("a", Cart::of("bob", 1)).expect("it is in place");
            session.commit().expect("an insert depends on nothing");
            let sent = bench.store.changes();

            let session = bench.cache.session();
            session.dict(def).get_mut("a").expect("it is up").expect("stored").total = 5;
            session.dict(def).insert("b", Cart::of("eve", 1)).expect("it is in place");
            let error = session.commit().expect_err("nothing tells whether it has changed");
            assert!(matches!(error, Error::Unsupported { .. }), "{error:?}");
            let text = error.to_string();
            for word in ["[a]", "`-C`", "`OnConflict::LastWriteWins`"] {
                assert!(text.contains(word), "{text}");
            }
            assert_eq!(bench.store.changes(), sent, "nothing was sent");
        }
    });
}

#[test]
fn a_fetched_value_is_stored_without_versions_unless_there_is_a_newer_one() {
    without_versions(|bench| {
        for def in [&LAST, &OTHERS] {
            let fetch = |total, meanwhile: &dyn Fn()| {
                let load = || -> Result<Cart, Error> {
                    meanwhile();
                    Ok(Cart { total, ..Cart::of("bob", 1) })
                };
                bench.cache.fetch(def, "f", load).expect("it is made").expect("it exists").total
            };
            let in_session = |change: &dyn Fn(&Dict<'_, Cart>) -> Result<(), Error>| {
                let session = bench.open(Cache::builder()).session();
                change(&session.dict(def)).expect("it is in place");
                session.commit().expect("a change without a look has no condition");
            };
            assert_eq!(fetch(1, &|| {}), 1);
            assert_eq!(fetch(2, &|| {}), 1, "it was stored");
            in_session(&|dict| dict.remove("f"));
            let newer = || in_session(&|dict| dict.insert("f", Cart::of("eve", 1)));
            assert_eq!(fetch(3, &newer), 3);
            let stored = fetch(4, &|| {});
            assert_eq!(stored, Cart::of("eve", 1).total, "a newer value is not overwritten");
        }
    });
}
