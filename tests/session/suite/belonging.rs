//! A stored value belongs to its key, and with secrets to those who know one.

use memdict::{Condition, DictDef, Lookup, OnConflict, Unusable};
use memdict_tests::{Bench, Cache, apply_one, store};

use super::{Outcome, hold};

static USERS: DictDef<String> = DictDef::new("users");
static BANNED: DictDef<String> = DictDef::new("banned");

/// Stores bytes under a key on the wire, without memdict.
fn put(bench: &Bench, key: &str, bytes: &[u8]) {
    apply_one(&*bench.store, key.as_bytes(), store(bytes), Condition::Always);
}

fn cache_with(bench: &Bench, secrets: &[&str]) -> memdict::Result<Cache> {
    bench.try_open(memdict::Cache::builder().secrets(secrets))
}

pub(crate) fn a_value_that_comes_back_under_another_key_dictionary_or_namespace_is_a_miss(
    bench: &Bench,
) {
    hold(bench, |bench| {
        bench.cache.transaction(|session| session.dict(&USERS).insert("alice", "a".to_owned()))?;
        let bytes = bench.stored_bytes("users", "alice");
        for key in ["memdict:users:mallory", "memdict:banned:alice", "other:users:alice"] {
            put(bench, key, &bytes);
        }
        let session = bench.cache.session();
        assert!(session.dict(&USERS).get("mallory")?.is_none());
        assert!(session.dict(&BANNED).get("alice")?.is_none());
        let found = session.dict(&USERS).lookup("mallory")?;
        assert!(matches!(found, Lookup::Unusable(Unusable::Damaged)), "{found:?}");
        let other = bench.open(memdict::Cache::builder().namespace("other"));
        assert!(other.session().dict(&USERS).get("alice")?.is_none());
        assert_eq!((bench.cache.counters().unusable, other.counters().unusable), (2, 1));
        assert!(bench.cache.session().dict(&USERS).get("alice")?.is_some());
        Ok(())
    });
}

pub(crate) fn a_copied_value_is_never_taken_for_the_outcome_of_a_write(bench: &Bench) {
    hold(bench, |bench| {
        let (one, two) = (bench.cache.session(), bench.cache.session());
        one.dict(&USERS).insert("alice", "a".to_owned())?;
        two.dict(&USERS).entry("mallory")?.or_insert("m".to_owned());
        one.commit()?;
        put(bench, "memdict:users:mallory", &bench.stored_bytes("users", "alice"));
        assert!(two.commit().is_err(), "there are bytes now where there was nothing");
        Ok(())
    });
}

pub(crate) fn with_secrets_only_signed_values_are_read_and_the_list_rotates(bench: &Bench) {
    hold(bench, |bench| {
        let hit = |cache: &Cache| -> memdict::Result<bool> {
            Ok(cache.session().dict(&USERS).get("a")?.is_some())
        };
        let write = |cache: &Cache| -> Outcome {
            cache.transaction(|session| session.dict(&USERS).insert("a", "v".to_owned()))
        };
        let stages = [&["old"][..], &["old", "new"], &["new", "old"], &["new"]];
        let stages = stages.iter().map(|secrets| cache_with(bench, secrets));
        let stages: Vec<_> = stages.collect::<Result<_, _>>()?;
        // During a roll-out, programs of two neighbouring stages run beside each other.
        for pair in stages.windows(2) {
            for (writer, reader) in [(&pair[0], &pair[1]), (&pair[1], &pair[0])] {
                write(writer)?;
                assert!(hit(reader)?);
            }
        }
        let (first, last) = (&stages[0], &stages[3]);
        assert!(!hit(first)?, "`old` alone does not know `new`");
        write(&bench.cache)?;
        assert!(!hit(last)?, "an unsigned value");
        let session = last.session();
        let found = session.dict(&USERS).lookup("a")?;
        assert!(matches!(found, Lookup::Unusable(Unusable::Unverified)), "{found:?}");
        assert_eq!((last.counters().unverified, last.counters().unusable), (2, 0));
        write(last)?;
        assert!(hit(&bench.cache)?, "without secrets, signatures are not looked at");
        Ok(())
    });
}

pub(crate) fn a_forged_value_is_a_miss_and_is_replaced_at_the_first_try(bench: &Bench) {
    hold(bench, |bench| {
        let cache = cache_with(bench, &["s"])?;
        cache.transaction(|session| session.dict(&USERS).insert("a", "ours".to_owned()))?;
        // Another program on the same server writes a value that is intact, but not signed.
        bench.cache.transaction(|session| session.dict(&USERS).insert("a", "forged".to_owned()))?;
        let report = cache.transaction_with_report(|session| {
            session.dict(&USERS).entry("a")?.or_insert("again".to_owned());
            Ok(())
        })?;
        let (_, report) = report;
        assert_eq!((report.written, report.replaced[0].unusable), (1, Unusable::Unverified));
        assert_eq!(*cache.session().dict(&USERS).get("a")?.unwrap(), "again");
        Ok(())
    });
}

pub(crate) fn signed_values_are_changed_merged_and_removed_as_others(bench: &Bench) {
    hold(bench, |bench| {
        static SUMS: DictDef<memdict_tests::Cart> = DictDef::new("carts");
        let cache = cache_with(bench, &["s"])?;
        let cart = || memdict_tests::Cart::of("ann", 2);
        cache.transaction(|session| session.dict(&SUMS).insert("a", cart()))?;
        let (one, two) = (cache.session(), cache.session());
        one.dict(&SUMS).get_mut("a")?.unwrap().total = 7;
        two.dict(&SUMS).get_mut("a")?.unwrap().owner.push('!');
        one.commit()?;
        let error = two.commit().expect_err("the other session changed it");
        assert!(error.to_string().contains("`total`"), "{error}");
        let last = DictDef::new("carts").on_conflict(OnConflict::LastWriteWins);
        cache.transaction(|session| session.dict(&last).insert("a", cart()))?;
        let session = cache.session();
        session.dict(&SUMS).remove("a")?;
        assert_eq!(session.commit()?.removed, 1);
        Ok(())
    });
}

pub(crate) fn an_empty_secret_is_a_configuration_error(bench: &Bench) {
    let error = cache_with(bench, &["s", ""]).expect_err("it is empty");
    assert!(error.to_string().contains("secrets"), "{error}");
}
