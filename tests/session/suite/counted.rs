//! Counters: for each dictionary, and for each server.

use std::time::Duration;

use memdict::{Condition, Counters, DictDef, Load, Op, Retry, Store};
use memdict_tests::{Bench, Cart, Fault, apply_one, find};

use super::hold;

static CARTS: DictDef<Cart> = DictDef::new("carts");

pub(crate) fn each_dictionary_has_counters_of_its_own_and_the_total_is_their_sum(bench: &Bench) {
    hold(bench, |bench| {
        let cache = &bench.cache;
        cache.transaction(|session| {
            session.dict(&CARTS).insert("ann", Cart::of("ann", 2))?;
            session.dict(&CARTS).insert("bob", Cart::of("bob", 2))?;
            session.dict("names").insert("ann", "Ann".to_owned())
        })?;
        let session = cache.session();
        assert!(session.dict(&CARTS).get("ann")?.is_some());
        drop(session.dict(&CARTS).get_mut("bob")?);
        assert!(session.dict(&CARTS).get("nobody")?.is_none());
        session.dict::<String>("names").remove("ann")?;
        assert!(session.dict::<u64>("visits").get("ann")?.is_none());
        session.commit()?;

        let carts = cache.counters_of("carts");
        assert_eq!((carts.loads, carts.hits, carts.absent), (3, 2, 1));
        assert_eq!((carts.written, carts.unchanged, carts.removed, carts.commits), (2, 1, 0, 2));
        let names = cache.counters_of("names");
        assert_eq!((names.loads, names.written, names.removed, names.commits), (0, 1, 1, 2));
        let visits = cache.counters_of("visits");
        assert_eq!((visits.loads, visits.absent, visits.commits), (1, 1, 0));
        assert_eq!(cache.counters_of("unused"), Counters::default());
        assert_eq!(cache.counted_dicts(), ["carts", "names", "visits"]);

        let total = cache.counters();
        assert_eq!((total.loads, total.hits, total.absent), (4, 2, 2));
        assert_eq!((total.written, total.removed, total.unchanged), (3, 1, 1));
        assert_eq!(total.commits, 2, "a commit of two dictionaries counts once");
        assert_eq!(total.bytes_in, carts.bytes_in);
        assert_eq!(total.bytes_out, carts.bytes_out + names.bytes_out);
        Ok(())
    });
}

pub(crate) fn bytes_are_those_of_stored_values(bench: &Bench) {
    hold(bench, |bench| {
        let write = |n: u64| {
            bench.cache.transaction(|session| session.dict("names").insert("a", n.to_string()))
        };
        write(1)?;
        let stored = bench.stored_bytes("names", "a").len() as u64;
        assert!(stored > 40);
        let counted = || bench.cache.counters_of("names");
        assert_eq!((counted().bytes_out, counted().bytes_in), (stored, 0));
        assert!(bench.cache.session().dict::<String>("names").get("a")?.is_some());
        assert!(bench.cache.session().dict::<String>("names").get("b")?.is_none());
        assert_eq!((counted().bytes_out, counted().bytes_in), (stored, stored));

        // A look of a commit reads as well, and what is sent twice is counted twice.
        bench.store.fail_once_writing(0, Fault::SentAndLost);
        bench.cache.update::<String, _>("names", "a", |name| {
            "2".clone_into(&mut name.or_default());
            Ok(())
        })?;
        // A store that does not tell lives is looked at before the change as well.
        let read = if bench.tells_lives() { 3 } else { 4 };
        assert_eq!((counted().bytes_out, counted().bytes_in), (3 * stored, read * stored));
        Ok(())
    });
}

pub(crate) fn conflicts_attempts_and_losses_count_for_their_dictionary(bench: &Bench) {
    hold(bench, |bench| {
        let cache = bench.cache.with_retry(Retry { jitter: false, ..Retry::default() });
        let mut first = true;
        cache.transaction(|session| {
            *session.dict::<u64>("hits").entry("a")?.or_default() += 1;
            assert!(session.dict::<String>("names").get("a")?.is_none());
            if std::mem::take(&mut first) {
                cache.transaction(|other| other.dict("hits").insert("a", 5_u64))?;
            }
            Ok(())
        })?;
        let hits = cache.counters_of("hits");
        assert_eq!((hits.conflicts, hits.retries, hits.written), (1, 1, 2));
        let names = cache.counters_of("names");
        assert_eq!((names.conflicts, names.retries), (0, 0));
        assert_eq!((cache.counters().conflicts, cache.counters().retries), (1, 1));

        bench.store.fail_always(Some(Fault::Down));
        assert!(cache.session().dict::<String>("names").get("a")?.is_none());
        cache.transaction(|session| session.dict("names").insert("a", "ann".to_owned()))?;
        bench.store.clear();
        bench.store.fail_once_writing(0, Fault::Refused);
        cache.transaction(|session| session.dict("names").insert("a", "ann".to_owned()))?;
        let names = cache.counters_of("names");
        assert_eq!((names.unreachable, names.lost, names.refused), (1, 1, 1));
        let hits = cache.counters_of("hits");
        assert_eq!((hits.unreachable, hits.lost, hits.refused), (0, 0, 0));

        // A value that vanished between a load and a commit.
        let session = cache.session();
        *session.dict::<u64>("hits").entry("a")?.or_default() += 1;
        bench.store.evict(b"memdict:hits:a");
        session.commit()?;
        assert_eq!(cache.counters_of("hits").recreated, 1);
        Ok(())
    });
}

pub(crate) fn times_are_measured_where_a_store_may_wait(bench: &Bench) {
    hold(bench, |bench| {
        let cache = &bench.cache;
        cache.transaction(|session| session.dict("names").insert("a", "ann".to_owned()))?;
        for key in ["a", "b"] {
            let _ = cache.session().dict::<String>("names").get(key)?;
        }
        cache.session().commit()?;
        let waits = bench.store.inner().caps().waits();
        let expected = if waits { (2, 1) } else { (0, 0) };
        for latencies in [cache.latencies(), cache.latencies_of("names")] {
            assert_eq!((latencies.loads.count(), latencies.commits.count()), expected);
            let longest = latencies.loads.quantile(1.0);
            assert_eq!(longest.is_some_and(|it| !it.is_zero()), waits, "{latencies:?}");
        }
        assert_eq!(cache.latencies_of("unused").loads.count(), 0);
        Ok(())
    });
}

pub(crate) fn a_stale_value_and_one_that_is_being_made_are_misses_of_their_own_kind(bench: &Bench) {
    hold(bench, |bench| {
        if !(bench.store.caps().stale() && bench.store.caps().leases()) {
            return Ok(());
        }
        bench.cache.transaction(|session| session.dict("names").insert("a", "ann".to_owned()))?;
        let invalidate = Op::Invalidate { grace: None };
        apply_one(&*bench.store, b"memdict:names:a", invalidate, Condition::Always);
        find(&*bench.store, Load::new(b"memdict:names:b").lease(Duration::from_secs(60)));
        for key in ["a", "b", "c"] {
            assert!(bench.cache.session().dict::<String>("names").get(key)?.is_none());
        }
        let names = bench.cache.counters_of("names");
        assert_eq!((names.loads, names.hits), (3, 0));
        assert_eq!((names.stale, names.leased, names.absent), (1, 1, 1));
        assert_eq!(bench.cache.counters().stale, 1);
        Ok(())
    });
}
