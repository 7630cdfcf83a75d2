//! `update` and `update_each`: changes of entries in transactions of their own.

use std::{collections::BTreeMap, sync::Mutex, time::Duration};

use memdict::{DictDef, Error, Lookup, OnConflict, Retry, Tracked};
use memdict_tests::{Bench, Cache, Fault, noise};
use serde::{Deserialize, Serialize};

use super::{
    hits::{HITS, set},
    hold,
};

/// Does not encode while it is odd.
#[derive(Default, Serialize, Deserialize, Tracked)]
struct Even {
    #[serde(serialize_with = "even")]
    number: u64,
}

fn even<S: serde::Serializer>(number: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    if number % 2 == 1 {
        return Err(serde::ser::Error::custom("odd"));
    }
    serializer.serialize_u64(*number)
}

fn at_once(bench: &Bench, attempts: u32) -> Cache {
    let pause = Duration::ZERO;
    let retry = Retry { attempts, backoff: pause, ceiling: pause, ..Retry::default() };
    bench.cache.with_retry(retry)
}

fn stored(bench: &Bench, keys: &[&str]) -> memdict::Result<Vec<Option<u64>>> {
    let session = bench.cache.session();
    let hits = session.dict(&HITS).get_many(keys)?;
    Ok(hits.iter().map(|hits| hits.as_deref().copied()).collect())
}

pub(crate) fn an_update_changes_one_entry_and_runs_again_after_a_conflict(bench: &Bench) {
    hold(bench, |bench| {
        let mut ran = 0;
        let hits = at_once(bench, 3).update(&HITS, "a", |entry| {
            ran += 1;
            let mut hits = entry.or_insert(5);
            if ran == 1 {
                set(bench, "a", 40)?;
            }
            *hits += 1;
            Ok(*hits)
        })?;
        assert_eq!((ran, hits, stored(bench, &["a"])?), (2, 41, vec![Some(41)]));

        // An error of the function ends the update, and writes nothing.
        let refused = bench.cache.update(&HITS, "a", |entry| -> memdict::Result<()> {
            *entry.or_default() = 7;
            Err(Error::user("no"))
        });
        assert!(matches!(refused, Err(Error::User(_))));
        assert_eq!(stored(bench, &["a"])?, [Some(41)]);

        // So does the last conflict.
        let mut ran = 0;
        let conflict = at_once(bench, 3).update(&HITS, "a", |entry| {
            ran += 1;
            *entry.or_default() += 1;
            set(bench, "a", 100 + ran)
        });
        assert!(matches!(conflict, Err(Error::Conflict { attempts: 3, .. })), "{conflict:?}");
        Ok(())
    });
}

pub(crate) fn an_update_can_remove_its_entry_or_leave_it(bench: &Bench) {
    hold(bench, |bench| {
        set(bench, "a", 1)?;
        let changes = bench.store.changes();
        bench.cache.update(&HITS, "a", |_entry| Ok(()))?;
        bench.cache.update(&HITS, "none", |_entry| Ok(()))?;
        assert_eq!(bench.store.changes(), changes, "nothing changed, nothing is sent");
        bench.cache.update(&HITS, "a", |entry| {
            if let memdict::Entry::Occupied(entry) = entry {
                entry.remove();
            }
            Ok(())
        })?;
        assert_eq!(stored(bench, &["a"])?, [None]);
        Ok(())
    });
}

pub(crate) fn many_updates_are_one_batch_of_loads_and_one_of_writes(bench: &Bench) {
    hold(bench, |bench| {
        set(bench, "a", 1)?;
        set(bench, "same", 7)?;
        let (batches, commands) = (bench.store.load_batches(), bench.store.changes());
        let added = BTreeMap::from([("a", 10), ("b", 20), ("same", 0)]);
        let outcome = bench.cache.update_each(&HITS, added.keys(), |key, entry| {
            *entry.or_default() += added[*key];
            Ok(())
        });
        assert!(outcome.is_complete() && outcome.rounds == 1, "{outcome:?}");
        let report = &outcome.report;
        assert_eq!((report.written, report.unchanged, report.lost.len()), (2, 1, 0));
        assert!(report.written_keys().map(ToString::to_string).eq(["hits[a]", "hits[b]"]));
        // If lives are not told apart, the commit looks at the loaded values once more.
        let looks = usize::from(!bench.tells_lives());
        assert_eq!(bench.store.load_batches() - batches, 1 + looks);
        assert_eq!(bench.store.changes() - commands, 2);
        assert_eq!(stored(bench, &["a", "b", "same"])?, [Some(11), Some(20), Some(7)]);
        Ok(())
    });
}

pub(crate) fn only_the_entries_in_conflict_run_again(bench: &Bench) {
    hold(bench, |bench| {
        for key in ["a", "b", "c"] {
            set(bench, key, 1)?;
        }
        let ran = Mutex::new(Vec::new());
        let cache = at_once(bench, 5);
        let outcome = cache.update_each(&HITS, ["a", "b", "c"], |key, entry| {
            let mut hits = entry.or_default();
            let mut ran = ran.lock().expect("nobody panicked");
            ran.push(*key);
            // Another session is faster: with `b` three times, with `c` once.
            let times = ran.iter().filter(|ran| *ran == key).count();
            if (*key, times) <= ("b", 3) && *key == "b" || (*key, times) == ("c", 1) {
                set(bench, key, 10 * times as u64)?;
            }
            *hits += 1;
            Ok(())
        });
        assert!(outcome.is_complete(), "{outcome:?}");
        assert_eq!((outcome.report.written, outcome.rounds), (3, 4));
        assert_eq!(ran.into_inner().expect("nobody panicked"), ["a", "b", "c", "b", "c", "b", "b"]);
        assert_eq!(stored(bench, &["a", "b", "c"])?, [Some(2), Some(31), Some(11)]);
        assert_eq!(cache.counters().retries, 3);
        Ok(())
    });
}

pub(crate) fn an_entry_in_conflict_to_the_end_is_named_and_the_others_are_written(bench: &Bench) {
    hold(bench, |bench| {
        let outcome = at_once(bench, 3).update_each(&HITS, ["a", "b"], |key, entry| {
            *entry.or_default() += 1;
            if *key == "b" { set(bench, "b", 100) } else { Ok(()) }
        });
        let [failed] = &outcome.failed[..] else { panic!("{outcome:?}") };
        assert_eq!((failed.id.to_string(), outcome.report.written), ("hits[b]".to_owned(), 1));
        let Error::Conflict { conflicts, .. } = &failed.error else { panic!("{failed}") };
        assert_eq!(conflicts[0].id, failed.id);
        assert_eq!(outcome.rounds, 3);
        Ok(())
    });
}

pub(crate) fn an_error_of_one_entry_does_not_stop_the_others(bench: &Bench) {
    hold(bench, |bench| {
        for key in ["a", "b", "c"] {
            set(bench, key, 1)?;
        }
        let long = "x".repeat(70_000);
        let outcome = bench.cache.update_each(&HITS, ["a", "b", &long, "c"], |key, entry| {
            *entry.or_default() += 1;
            if *key == "b" { Err(Error::user("not b")) } else { Ok(()) }
        });
        let failed: Vec<_> = outcome.failed.iter().map(|failed| &failed.error).collect();
        let [Error::Key { .. }, refused @ Error::User(_)] = failed[..] else {
            panic!("{outcome:?}")
        };
        assert_eq!(refused.to_string(), "not b");
        assert!(!outcome.is_complete() && outcome.report.written == 2);
        assert_eq!(stored(bench, &["a", "b", "c"])?, [Some(2), Some(1), Some(2)]);
        Ok(())
    });
}

pub(crate) fn a_value_that_does_not_encode_does_not_stop_the_others(bench: &Bench) {
    hold(bench, |bench| {
        let outcome = bench.cache.update_each("even", [2, 3, 4], |number, entry| {
            entry.or_insert_with(Even::default).number = *number;
            Ok(())
        });
        let [failed] = &outcome.failed[..] else { panic!("{outcome:?}") };
        assert!(matches!(&failed.error, Error::Encode { id, .. } if *id == failed.id), "{failed}");
        assert_eq!((failed.id.to_string(), outcome.report.written), ("even[#3]".to_owned(), 2));
        Ok(())
    });
}

pub(crate) fn a_key_that_is_given_twice_is_changed_twice(bench: &Bench) {
    hold(bench, |bench| {
        let outcome = bench.cache.update_each(&HITS, ["a", "a"], |_, entry| {
            *entry.or_default() += 1;
            Ok(())
        });
        assert!(outcome.is_complete() && outcome.report.written == 1, "{outcome:?}");
        assert_eq!(stored(bench, &["a"])?, [Some(2)]);
        Ok(())
    });
}

pub(crate) fn a_hook_that_refuses_a_batch_is_the_error_of_each_entry(bench: &Bench) {
    hold(bench, |bench| {
        let cache = bench.open(memdict::Cache::builder().before_commit(|_| Err("closed".into())));
        let outcome = cache.update_each(&HITS, ["a", "b"], |_, entry| {
            *entry.or_default() += 1;
            Ok(())
        });
        assert_eq!((outcome.failed.len(), outcome.rounds), (2, 1), "{outcome:?}");
        assert!(outcome.failed.iter().all(|failed| failed.error.to_string() == "closed"));
        Ok(())
    });
}

/// A change that did not reach the store is in the report. In a strict cache it is tried again, and
/// is then an error of its entry.
pub(crate) fn a_lost_change_is_reported_and_in_a_strict_cache_is_an_error(bench: &Bench) {
    hold(bench, |bench| {
        let count = |cache: &Cache, fails: u32| {
            let mut ran = 0;
            let outcome = cache.update_each(&HITS, ["a", "b"], |key, entry| {
                ran += u32::from(*key == "b");
                *entry.or_default() += 1;
                if *key == "b" && ran <= fails {
                    bench.store.fail_once_writing(u32::from(ran == 1) as usize, Fault::Down);
                }
                Ok(())
            });
            (outcome, ran)
        };
        let (outcome, ran) = count(&bench.cache, 1);
        assert!(outcome.failed.is_empty() && !outcome.is_complete());
        assert_eq!((outcome.report.lost.len(), outcome.report.written, ran), (1, 1, 1));
        let strict = bench.strict().with_retry(Retry { attempts: 3, ..Retry::default() });
        let (outcome, ran) = count(&strict, 1);
        assert!(outcome.is_complete() && ran == 2, "{outcome:?}");
        let (outcome, ran) = count(&strict, 9);
        let [failed] = &outcome.failed[..] else { panic!("{outcome:?}") };
        assert!(matches!(&failed.error, Error::Unavailable { .. }), "{failed}");
        assert!(failed.error.is_transient() && ran == 3 && outcome.report.lost.is_empty());
        Ok(())
    });
}

/// A change that may already be in the store is never made again.
pub(crate) fn an_update_that_may_have_been_written_does_not_run_again(bench: &Bench) {
    hold(bench, |bench| {
        let strict = bench.strict();
        let mut ran = 0;
        let outcome = strict.update_each(&HITS, ["a"], |_, entry| {
            ran += 1;
            *entry.or_default() += 1;
            bench.store.fail_once_writing(0, Fault::AckLost);
            bench.store.fail_once_writing(1, Fault::Down);
            Ok(())
        });
        let [failed] = &outcome.failed[..] else { panic!("{outcome:?}") };
        assert!(!failed.error.is_transient() && ran == 1, "{failed}");
        assert_eq!(stored(bench, &["a"])?, [Some(1)], "it had landed");
        Ok(())
    });
}

pub(crate) fn updates_follow_the_rules_of_their_definition(bench: &Bench) {
    hold(bench, |bench| {
        let last = HITS.clone().on_conflict(OnConflict::LastWriteWins);
        set(bench, "a", 1)?;
        let outcome = bench.cache.update_each(&last, ["a"], |_, entry| {
            *entry.or_default() += 1;
            set(bench, "a", 50)
        });
        assert!(outcome.is_complete() && outcome.rounds == 1);
        assert_eq!(stored(bench, &["a"])?, [Some(2)]);
        Ok(())
    });
}

pub(crate) fn a_lookup_says_why_there_is_no_value(bench: &Bench) {
    hold(bench, |bench| {
        set(bench, "a", 1)?;
        bench
            .cache
            .transaction(|session| session.dict("hits").insert("text", "hunter2".to_owned()))?;
        let session = bench.cache.session();
        let hits = session.dict(&HITS);
        assert_eq!(hits.lookup("a")?.hit().as_deref(), Some(&1));
        assert!(matches!(hits.lookup("none")?, Lookup::Absent));
        let Lookup::Unusable(why) = hits.lookup("text")? else { panic!("it is text") };
        let said = why.to_string();
        assert!(said.contains("String") && said.contains("`u64`"), "{said}");
        let other = bench.cache.other_schemas();
        assert_eq!((&*other[0].dict, other[0].asked, other[0].loads), ("hits", "u64", 1));
        assert!(other[0].found.is_some_and(|found| found.ends_with("String")));

        bench.store.fail_always(Some(Fault::Down));
        let Lookup::Unreachable(why) = hits.lookup("down")? else { panic!("it is down") };
        assert!(why.contains("as planned"), "{why}");
        bench.store.clear();
        // A session's reads stay the same, and a value that it removed is absent.
        assert!(matches!(hits.lookup("down")?, Lookup::Unreachable(_)));
        hits.remove("a")?;
        hits.remove("text")?;
        hits.insert("none", 5)?;
        assert!(matches!(hits.lookup("a")?, Lookup::Absent));
        assert!(matches!(hits.lookup("text")?, Lookup::Absent));
        assert_eq!(hits.lookup("none")?.hit().as_deref(), Some(&5));
        Ok(())
    });
}

pub(crate) fn a_dictionary_may_be_strict_in_a_cache_that_is_not_and_the_reverse(bench: &Bench) {
    static STRICT: DictDef<u64> = DictDef::new("orders").strict(true);
    static LENIENT: DictDef<u64> = DictDef::new("hints").strict(false);
    hold(bench, |bench| {
        let strict_cache = bench.strict();
        bench.store.fail_always(Some(Fault::Down));
        let unavailable = |read: memdict::Result<bool>| {
            matches!(read, Err(Error::Unavailable { report: None, .. }))
        };
        for cache in [&bench.cache, &strict_cache] {
            assert!(unavailable(cache.session().dict(&STRICT).contains_key(1)));
            assert!(!cache.session().dict(&LENIENT).contains_key(1)?);
        }
        let commit = |cache: &Cache, def: &DictDef<u64>| {
            let session = cache.session();
            session.dict(HITS.clone().strict(false)).insert("a", 1)?;
            session.dict(def).insert(1, 1)?;
            session.commit()
        };
        for cache in [&bench.cache, &strict_cache] {
            let lost = commit(cache, &STRICT).expect_err("orders are strict");
            let Error::Unavailable { id, report: Some(report), .. } = lost else { panic!() };
            assert_eq!((id.to_string(), report.lost.len()), ("orders[#1]".to_owned(), 2));
            assert_eq!(commit(cache, &LENIENT)?.lost.len(), 2);
        }
        Ok(())
    });
}

pub(crate) fn a_refused_change_is_an_error_if_strict(bench: &Bench) {
    hold(bench, |bench| {
        let large = noise(1, 2 << 20);
        let commit = |cache: &Cache| {
            let session = cache.session();
            session.dict("texts").insert("small", String::new())?;
            session.dict("texts").insert("large", large.clone())?;
            session.commit()
        };
        assert_eq!(commit(&bench.cache)?.refused.len(), 1);
        let error = commit(&bench.strict()).expect_err("it is strict");
        assert!(!error.is_transient());
        let text = error.to_string();
        assert!(text.contains("`texts[large]`") && text.contains("bytes"), "{text}");
        let Error::Refused { id, report, .. } = error else { panic!("{text}") };
        assert_eq!((id.to_string(), report.written), ("texts[large]".to_owned(), 1));
        Ok(())
    });
}
