//! `fetch_many`: what is asked, made and stored together.

use std::{
    collections::BTreeMap,
    sync::{Barrier, Mutex},
    thread,
    time::Duration,
};

use memdict::{DictDef, Error, Fresh};
use memdict_tests::{Bench, Fault};

use super::{
    hits::{HITS, hits, set},
    hold,
};

type Pairs = Vec<(&'static str, u64)>;

/// Makes ten times the length of each key.
fn lengths(keys: Vec<&'static str>) -> Result<Pairs, Error> {
    Ok(keys.into_iter().map(|key| (key, 10 * key.len() as u64)).collect())
}

fn fail(_: Vec<&'static str>) -> Result<Pairs, Error> {
    Err(Error::user("the source is down"))
}

pub(crate) fn one_batch_asks_and_the_loader_gets_the_missing_keys(bench: &Bench) {
    hold(bench, |bench| {
        set(bench, "found", 1)?;
        let (batches, changes) = (bench.store.load_batches(), bench.store.changes());
        let mut asked = Vec::new();
        let values = bench.cache.fetch_many(&HITS, ["a", "found", "bcd"], |missing| {
            asked.push(missing.clone());
            let mut made = lengths(missing)?;
            made.reverse(); // in any order
            Ok::<_, Error>(made)
        })?;
        assert_eq!(values, [Some(10), Some(1), Some(30)]);
        assert_eq!(asked, [["a", "bcd"]], "one run, and only for what is missing");
        if bench.gives_leases() {
            assert_eq!(bench.store.load_batches() - batches, 1);
            assert_eq!(bench.store.changes() - changes, 2);
        }
        assert_eq!((hits(bench, "a")?, hits(bench, "bcd")?), (Some(10), Some(30)));
        let counters = bench.cache.counters();
        assert_eq!((counters.loaders, counters.filled), (1, 2));
        assert_eq!(bench.cache.fetch_many(&HITS, ["bcd", "a"], fail)?, [Some(30), Some(10)]);
        Ok(())
    });
}

pub(crate) fn a_key_that_is_not_returned_has_no_value_and_one_that_is_given_twice_is_made_once(
    bench: &Bench,
) {
    static KNOWN: DictDef<u64> = DictDef::new("hits").absent_for(Duration::from_secs(60));
    hold(bench, |bench| {
        let values = bench.cache.fetch_many(&KNOWN, ["a", "none", "a"], |missing| {
            assert_eq!(missing, ["a", "none"]);
            // A key that nobody asked for is passed over.
            Ok::<_, Error>(vec![("a", Fresh::new(7)), ("other", Fresh::new(8))])
        })?;
        assert_eq!(values, [Some(7), None, Some(7)]);
        assert_eq!(bench.cache.fetch_many(&KNOWN, ["none", "a"], fail)?, [None, Some(7)]);
        assert_eq!(hits(bench, "other")?, None);
        let session = bench.cache.session();
        let values = session.dict(&KNOWN).fetch_many(["a", "a"], fail)?;
        assert!(values.iter().all(|value| value.as_deref() == Some(&7)));
        assert!(bench.cache.fetch_many(&KNOWN, Vec::<&str>::new(), fail)?.is_empty());
        Ok(())
    });
}

pub(crate) fn keys_that_another_call_makes_are_waited_for(bench: &Bench) {
    let (start, made) = (Barrier::new(4), Mutex::new(BTreeMap::new()));
    let keys = ["a", "b", "c", "d", "e", "f", "g", "h"];
    thread::scope(|scope| {
        for first in 0..4 {
            let (start, made) = (&start, &made);
            scope.spawn(move || {
                let mut wanted = keys.to_vec();
                wanted.rotate_left(2 * first);
                start.wait();
                let values = bench.cache.fetch_many(&HITS, wanted, |missing| {
                    let mut made = made.lock().expect("it does not panic");
                    missing.iter().for_each(|key| *made.entry(*key).or_insert(0) += 1);
                    drop(made);
                    thread::sleep(Duration::from_millis(60));
                    lengths(missing)
                });
                assert_eq!(values.expect("no error"), [Some(10); 8]);
            });
        }
    });
    let made = made.into_inner().expect("it does not panic");
    assert!(made.len() == 8 && made.values().all(|times| *times == 1), "each once: {made:?}");
}

pub(crate) fn an_error_gives_every_right_back_and_is_returned(bench: &Bench) {
    hold(bench, |bench| {
        let failed = bench.cache.fetch_many(&HITS, ["a", "b"], fail);
        assert_eq!(failed.expect_err("it failed").to_string(), "the source is down");
        assert_eq!((hits(bench, "a")?, hits(bench, "b")?), (None, None));
        // So the next call waits for nobody.
        assert_eq!(bench.cache.fetch_many(&HITS, ["a", "b"], lengths)?, [Some(10), Some(10)]);
        let counters = bench.cache.counters();
        assert_eq!((counters.loaders, counters.loader_failures, counters.filled), (2, 1, 2));
        Ok(())
    });
}

pub(crate) fn keys_that_the_session_has_are_not_asked_for(bench: &Bench) {
    hold(bench, |bench| {
        let session = bench.cache.session();
        let dict = session.dict(&HITS);
        dict.insert("set", 1)?;
        dict.remove("removed")?;
        let values = dict.fetch_many(["set", "removed", "missing"], |missing| {
            // The entry that the session has removed is made for this session alone.
            assert!(missing == ["missing"] || missing == ["removed"], "{missing:?}");
            lengths(missing)
        })?;
        let values: Vec<_> = values.into_iter().map(|value| value.as_deref().copied()).collect();
        assert_eq!(values, [Some(1), Some(70), Some(70)]);
        assert_eq!((hits(bench, "missing")?, hits(bench, "removed")?), (Some(70), None));
        *dict.get_mut("missing")?.expect("it was fetched") += 1;
        assert_eq!(session.commit()?.written, 3);
        assert_eq!((hits(bench, "missing")?, hits(bench, "removed")?), (Some(71), Some(70)));
        Ok(())
    });
}

pub(crate) fn cleared_values_are_made_anew_in_one_run(bench: &Bench) {
    static CLEARED: DictDef<u64> = DictDef::new("cleared").clearable();
    if !bench.gives_leases() {
        return; // It does not count either.
    }
    hold(bench, |bench| {
        let keys = ["a", "bc", "def"];
        bench.cache.fetch_many(&CLEARED, keys, lengths)?;
        bench.cache.clear(&CLEARED)?;
        let mut runs = 0;
        let values = bench.cache.fetch_many(&CLEARED, keys, |missing| {
            runs += 1;
            Ok::<_, Error>(missing.into_iter().map(|key| (key, 1)).collect::<Vec<_>>())
        })?;
        assert_eq!((values, runs), (vec![Some(1); 3], 1));
        assert_eq!(bench.cache.fetch_many(&CLEARED, keys, fail)?, [Some(1); 3]);
        Ok(())
    });
}

pub(crate) fn a_store_that_is_down_is_loaded_past_in_one_run(bench: &Bench) {
    hold(bench, |bench| {
        bench.store.fail_always(Some(Fault::Down));
        let mut runs = 0;
        let values = bench.cache.fetch_many(&HITS, ["a", "bc"], |missing| {
            runs += 1;
            lengths(missing)
        })?;
        assert_eq!((values, runs), (vec![Some(10), Some(20)], 1));
        let strict = bench.strict().fetch_many(&HITS, ["a", "bc"], lengths);
        assert!(matches!(strict, Err(Error::Unavailable { .. })), "{strict:?}");
        Ok(())
    });
}
