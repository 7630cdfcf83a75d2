//! Stored bytes that are not usable.

use std::time::Duration;

use memdict::{Condition, DictDef, Error, Tracked};
use memdict_tests::{Bench, apply_one, store};
use serde::{Deserialize, Serialize};

use super::{Outcome, hold};

static HITS: DictDef<u64> = DictDef::new("hits");

/// Stores bytes for the wire key of `hits[a]`, without memdict.
fn put(bench: &Bench, bytes: &[u8]) {
    apply_one(&*bench.store, b"memdict:hits:a", store(bytes), Condition::Always);
}

pub(crate) fn damaged_bytes_are_a_miss_and_are_replaced_at_the_first_try(bench: &Bench) {
    hold(bench, |bench| {
        bench.cache.transaction(|session| session.dict(&HITS).insert("a", 7))?;
        let good = bench.stored_bytes("hits", "a");
        assert!(good.starts_with(b"MD"), "the wire key is the one in the documentation");
        let mut flipped = good.clone();
        *flipped.last_mut().expect("not empty") ^= 1;
        let truncated = &good[..good.len() - 1];
        for bad in [&flipped[..], truncated, b"MD", b"", b"7", &[0xff; 64]] {
            put(bench, bad);
            let before = bench.cache.counters().unusable;
            let mut attempts = 0;
            bench.cache.transaction(|session| {
                attempts += 1;
                let mut hits = session.dict(&HITS).entry("a")?.or_insert(100);
                *hits += 1;
                Ok(())
            })?;
            assert_eq!(attempts, 1, "{bad:?}");
            assert_eq!(bench.cache.counters().unusable - before, 1, "{bad:?}");
            assert_eq!(*bench.cache.session().dict(&HITS).get("a")?.unwrap(), 101);
        }
        Ok(())
    });
}

pub(crate) fn a_foreign_value_is_a_miss_and_can_be_removed(bench: &Bench) {
    hold(bench, |bench| {
        put(bench, b"another client's");
        let session = bench.cache.session();
        assert!(session.dict(&HITS).get("a")?.is_none());
        session.dict(&HITS).remove("a")?;
        assert_eq!(session.commit()?.removed, 1);
        assert!(bench.stored_bytes("hits", "a").is_empty());
        Ok(())
    });
}

pub(crate) fn what_has_vanished_and_was_no_usable_value_is_not_recreated(bench: &Bench) {
    hold(bench, |bench| {
        let stale: fn(&Bench) -> Outcome = |bench| {
            bench.cache.transaction(|session| session.dict(&HITS).insert("a", 7))?;
            bench.cache.transaction(|session| session.dict(&HITS).invalidate("a"))
        };
        let absent: fn(&Bench) -> Outcome = |bench| {
            let def = HITS.clone().absent_for(Duration::from_secs(60));
            bench.cache.fetch(&def, "a", || Ok::<_, Error>(None::<u64>)).map(drop)
        };
        for unusable in [stale, absent, |bench| {
            put(bench, b"another client's");
            Ok(())
        }] {
            unusable(bench)?;
            let session = bench.cache.session();
            session.dict(&HITS).entry("a")?.or_insert(1);
            bench.store.evict(b"memdict:hits:a");
            let report = session.commit()?;
            assert_eq!((report.written, report.recreated), (1, 0), "{report:?}");
            bench.cache.transaction(|session| session.dict(&HITS).remove("a"))?;
        }
        Ok(())
    });
}

mod v1 {
    use super::*;

    #[derive(Serialize, Deserialize, Tracked)]
    pub(super) struct User {
        pub(super) name: String,
        pub(super) age: u8,
    }
}

mod v2 {
    use super::*;

    #[derive(Default, Serialize, Deserialize, Tracked)]
    pub(super) struct User {
        pub(super) age: u8,
        pub(super) name: String,
    }
}

pub(crate) fn another_schema_is_a_miss_and_a_counter(bench: &Bench) {
    hold(bench, |bench| {
        bench.cache.transaction(|session| {
            let user = v1::User { name: "\u{1}".into(), age: 1 };
            session.dict("users").insert("a", user)
        })?;
        // A positional codec would decode the reordered fields into garbage.
        let session = bench.cache.session();
        assert!(session.dict::<v2::User>("users").get("a")?.is_none());
        assert_eq!(session.commit()?.written, 0, "reading alone never writes");
        assert_eq!(bench.cache.counters().other_schema, 1);
        bench.cache.transaction(|session| {
            session.dict::<v2::User>("users").entry("a")?.or_default().age = 9;
            Ok(())
        })?;
        let session = bench.cache.session();
        assert_eq!(session.dict::<v2::User>("users").get("a")?.unwrap().age, 9);
        Ok(())
    });
}

pub(crate) fn a_write_over_an_unusable_value_replaces_exactly_that_value(bench: &Bench) {
    hold(bench, |bench| {
        put(bench, b"damaged");
        let session = bench.cache.session();
        session.dict(&HITS).entry("a")?.or_insert(1);
        put(bench, b"damaged in another way");
        assert!(matches!(session.commit(), Err(Error::Conflict { .. })));
        assert_eq!(bench.stored_bytes("hits", "a"), b"damaged in another way");
        Ok(())
    });
}

pub(crate) fn two_hundred_thousand_small_numbers_are_loaded_again(bench: &Bench) {
    hold(bench, |bench| {
        // This is 200 KB on the wire, and 1.6 MB as the codec counts it when it decodes.
        let many: Vec<u64> = (0..200_000).map(|n| n % 250).collect();
        let wide: Vec<u128> = vec![1; 200_000];
        bench.cache.transaction(|session| {
            session.dict("many").insert("u64", many.clone())?;
            session.dict("wide").insert("u128", wide.clone())
        })?;
        let session = bench.cache.session();
        assert_eq!(*session.dict::<Vec<u64>>("many").get("u64")?.unwrap(), many);
        assert_eq!(*session.dict::<Vec<u128>>("wide").get("u128")?.unwrap(), wide);
        Ok(())
    });
}
