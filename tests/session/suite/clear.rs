//! Clears, which make a miss of every value of a dictionary at once.

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
};

use memdict::{
    ConflictCause, DictDef, Error, Lookup, OnConflict, OnVanished, Result, Tracked, Unusable,
};
use memdict_tests::{Bench, Cache, Fault};
use serde::{Deserialize, Serialize};

use super::{Outcome, hold};

static PRICES: DictDef<u64> = DictDef::new("prices").clearable();
static OTHERS: DictDef<u64> = DictDef::new("others").clearable();
static PLAIN: DictDef<u64> = DictDef::new("prices");

/// The key of the generation of `prices`.
const GENERATION: &[u8] = b"memdict:prices:#generation";

fn set(cache: &Cache, key: &str, price: u64) -> Outcome {
    cache.transaction(|session| session.dict(&PRICES).insert(key, price))
}

fn price(cache: &Cache, key: &str) -> Result<Option<u64>> {
    Ok(cache.session().dict(&PRICES).get(key)?.map(|price| *price))
}

fn cause(outcome: Result<memdict::CommitReport>) -> ConflictCause {
    match outcome {
        Err(Error::Conflict { conflicts, .. }) => conflicts[0].cause,
        outcome => panic!("{outcome:?}"),
    }
}

pub(crate) fn every_value_of_a_cleared_dictionary_is_a_miss_and_no_other_one(bench: &Bench) {
    hold(bench, |bench| {
        let other = bench.open(memdict::Cache::builder());
        for round in 0..3 {
            ["a", "b", "c"].iter().try_for_each(|key| set(&bench.cache, key, round))?;
            bench.cache.transaction(|session| session.dict(&OTHERS).insert("a", round))?;
            bench.cache.transaction(|session| session.dict("plain").insert("a", round))?;
            other.clear(&PRICES)?;
            for cache in [&bench.cache, &other] {
                for key in ["a", "b", "c"] {
                    assert_eq!(price(cache, key)?, None);
                }
                let session = cache.session();
                let prices = session.dict(&PRICES);
                let found = prices.lookup("a")?;
                assert!(matches!(found, Lookup::Unusable(Unusable::Cleared)), "{found:?}");
                assert_eq!(session.dict(&OTHERS).get("a")?.map(|it| *it), Some(round));
                assert_eq!(session.dict::<u64>("plain").get("a")?.map(|it| *it), Some(round));
            }
        }
        Ok(())
    });
}

pub(crate) fn a_cleared_value_is_replaced_as_if_there_were_none(bench: &Bench) {
    hold(bench, |bench| {
        set(&bench.cache, "a", 1)?;
        set(&bench.cache, "b", 1)?;
        bench.cache.clear(&PRICES)?;
        let session = bench.cache.session();
        let prices = session.dict(&PRICES);
        *prices.entry("a")?.or_default() += 5;
        prices.remove("b")?;
        assert!(prices.get("b")?.is_none());
        drop(prices);
        assert_eq!(session.commit()?.written, 1);
        assert_eq!((price(&bench.cache, "a")?, price(&bench.cache, "b")?), (Some(5), None));
        Ok(())
    });
}

pub(crate) fn a_session_that_read_before_a_clear_and_commits_after_it_is_in_conflict(
    bench: &Bench,
) {
    hold(bench, |bench| {
        type Work = fn(&memdict_tests::Session) -> Outcome;
        let works: [(&str, Work); 5] = [
            ("change", |session| {
                *session.dict(&PRICES).get_mut("a")?.expect("it was stored") += 1;
                Ok(())
            }),
            ("fill", |session| {
                drop(session.dict(&PRICES).entry("new")?.or_insert(1));
                Ok(())
            }),
            ("remove", |session| {
                session.dict(&PRICES).contains_key("a")?;
                session.dict(&PRICES).remove("a")
            }),
            ("insert", |session| {
                session.dict(&PRICES).contains_key("a")?;
                session.dict(&PRICES).insert("b", 7)
            }),
            ("beside another dictionary", |session| {
                *session.dict(&PRICES).get_mut("a")?.expect("it was stored") += 1;
                session.dict(&OTHERS).insert("a", 1)
            }),
        ];
        for (name, work) in works {
            for verify in [false, true] {
                set(&bench.cache, "a", 1)?;
                let session = bench.cache.session();
                session.verify_first(verify);
                work(&session)?;
                bench.cache.clear(&PRICES)?;
                assert_eq!(cause(session.commit()), ConflictCause::Cleared, "{name}");
                for key in ["a", "b", "new"] {
                    assert_eq!(price(&bench.cache, key)?, None, "{name}");
                }
            }
        }
        Ok(())
    });
}

pub(crate) fn an_entry_that_has_to_be_current_is_in_conflict_once_after_a_clear(bench: &Bench) {
    hold(bench, |bench| {
        for overwritten in [false, true] {
            set(&bench.cache, "a", 1)?;
            let session = bench.cache.session();
            session.dict(&PRICES).read_current("a")?;
            session.dict("plain").insert("b", 1)?;
            bench.cache.clear(&PRICES)?;
            if overwritten {
                set(&bench.cache, "a", 2)?;
            }
            let changes = bench.store.changes();
            let Err(Error::Conflict { conflicts, .. }) = session.commit() else {
                panic!("it ends")
            };
            assert_eq!((conflicts.len(), conflicts[0].cause), (1, ConflictCause::Cleared));
            assert_eq!(bench.store.changes(), changes, "nothing is sent");
        }
        // Whether it was cleared cannot be known.
        let session = bench.cache.session();
        session.dict(&PRICES).read_current("a")?;
        session.dict("plain").insert("b", 1)?;
        bench.store.fail_in(1, Fault::Down);
        let outcome = session.commit();
        assert!(matches!(outcome, Err(Error::Unavailable { .. })), "{outcome:?}");
        Ok(())
    });
}

pub(crate) fn a_miss_without_a_generation_can_have_to_be_current(bench: &Bench) {
    hold(bench, |bench| {
        let session = bench.cache.session();
        session.dict(&PRICES).read_current("a")?;
        session.dict("plain").insert("a", 1_u64)?;
        assert_eq!(session.commit()?.written, 1, "nobody has cleared it");
        // A value that was stored since then is in the way.
        let session = bench.cache.session();
        session.dict(&PRICES).read_current("a")?;
        session.dict("plain").insert("a", 2_u64)?;
        set(&bench.cache, "a", 7)?;
        assert_eq!(cause(session.commit()), ConflictCause::Overwritten);
        Ok(())
    });
}

pub(crate) fn nothing_is_sent_after_a_check_that_meets_a_clear(bench: &Bench) {
    hold(bench, |bench| {
        set(&bench.cache, "a", 1)?;
        let mut attempts = 0;
        let ((), report) = bench.cache.transaction_with_report(|session| {
            attempts += 1;
            *session.dict(&PRICES).entry("a")?.or_insert(5) += 1;
            session.dict("plain").insert("a", attempts)?;
            if attempts == 1 {
                bench.cache.clear(&PRICES)?;
            }
            Ok(())
        })?;
        assert_eq!((attempts, report.written), (2, 2));
        assert_eq!(price(&bench.cache, "a")?, Some(6));
        let session = bench.cache.session();
        session.verify_first(true);
        *session.dict(&PRICES).entry("a")?.or_insert(5) += 1;
        session.dict("plain").insert("b", 1_u64)?;
        bench.cache.clear(&PRICES)?;
        let outcome = session.commit();
        assert!(outcome.as_ref().is_err_and(Error::is_transient), "{outcome:?}");
        assert_eq!(cause(outcome), ConflictCause::Cleared);
        assert!(bench.cache.session().dict::<u64>("plain").get("b")?.is_none());
        Ok(())
    });
}

pub(crate) fn a_transaction_that_meets_a_clear_runs_again(bench: &Bench) {
    hold(bench, |bench| {
        set(&bench.cache, "a", 1)?;
        let mut attempts = 0;
        bench.cache.transaction(|session| {
            attempts += 1;
            let mut price = session.dict(&PRICES).entry("a")?.or_default();
            *price += 10;
            drop(price);
            if attempts == 1 {
                bench.cache.clear(&PRICES)?;
            }
            Ok(())
        })?;
        assert_eq!((attempts, price(&bench.cache, "a")?), (2, Some(10)));
        Ok(())
    });
}

#[derive(Default, Serialize, Deserialize, Tracked)]
#[memdict(merge)]
struct Sum {
    #[memdict(merge = sum)]
    hits: u64,
}

pub(crate) fn no_rule_lets_a_change_win_over_a_clear(bench: &Bench) {
    static LAST: DictDef<Sum> = DictDef::new("sums")
        .clearable()
        .on_conflict(OnConflict::LastWriteWins)
        .on_vanished(OnVanished::Recreate);
    static MERGED: DictDef<Sum> = DictDef::new("sums").clearable().on_conflict(OnConflict::Merge);
    hold(bench, |bench| {
        for def in [&LAST, &MERGED] {
            bench.cache.transaction(|session| session.dict(def).insert("a", Sum { hits: 1 }))?;
            let late = bench.cache.session();
            late.dict(def).get_mut("a")?.expect("it was stored").hits += 1;
            bench.cache.clear(def)?;
            bench.cache.transaction(|session| session.dict(def).insert("a", Sum { hits: 100 }))?;
            assert_eq!(cause(late.commit()), ConflictCause::Cleared);
            let session = bench.cache.session();
            let hits = session.dict(def).get("a")?.map(|sum| sum.hits);
            // The late value may have replaced the other one, but nobody reads it.
            assert!([None, Some(100)].contains(&hits), "{hits:?}");
        }
        Ok(())
    });
}

pub(crate) fn a_session_reads_no_value_from_before_a_clear_after_it(bench: &Bench) {
    hold(bench, |bench| {
        set(&bench.cache, "a", 1)?;
        set(&bench.cache, "b", 1)?;
        let session = bench.cache.session();
        assert!(session.dict(&PRICES).contains_key("a")?);
        bench.cache.clear(&PRICES)?;
        assert!(!session.dict(&PRICES).contains_key("b")?, "the generation comes with each load");
        set(&bench.cache, "c", 1)?;
        assert!(session.dict(&PRICES).contains_key("c")?);
        session.dict(&PRICES).insert("d", 1)?;
        assert_eq!(cause(session.commit()), ConflictCause::Cleared);
        Ok(())
    });
}

pub(crate) fn a_generation_adds_no_round_trip_to_loads_and_commits(bench: &Bench) {
    hold(bench, |bench| {
        let traffic = |bench: &Bench| (bench.store.load_batches(), bench.store.changes());
        set(&bench.cache, "a", 1)?;
        let before = traffic(bench);
        let session = bench.cache.session();
        *session.dict(&PRICES).get_mut("a")?.expect("it was stored") += 1;
        assert_eq!(traffic(bench), (before.0 + 1, before.1));
        assert_eq!(session.commit()?.written, 1);
        // The value and the generation are one batch; through the classic client tokens are looked
        // at before.
        let looks = usize::from(!bench.tells_lives());
        assert_eq!(traffic(bench), (before.0 + 1 + looks, before.1 + 2));
        Ok(())
    });
}

pub(crate) fn a_lost_generation_clears_the_dictionary_and_brings_nothing_back(bench: &Bench) {
    hold(bench, |bench| {
        set(&bench.cache, "old", 1)?;
        for _ in 0..3 {
            bench.store.evict(GENERATION);
            assert_eq!(price(&bench.cache, "old")?, None);
            set(&bench.cache, "new", 2)?;
            assert_eq!((price(&bench.cache, "old")?, price(&bench.cache, "new")?), (None, Some(2)));
            bench.cache.clear(&PRICES)?;
            assert_eq!((price(&bench.cache, "old")?, price(&bench.cache, "new")?), (None, None));
        }
        set(&bench.cache, "a", 1)?;
        let late = bench.cache.session();
        *late.dict(&PRICES).get_mut("a")?.expect("it was stored") += 1;
        bench.store.evict(GENERATION);
        assert_eq!(cause(late.commit()), ConflictCause::Cleared);
        Ok(())
    });
}

pub(crate) fn a_dictionary_that_is_not_clearable_cannot_be_cleared_and_says_so(bench: &Bench) {
    hold(bench, |bench| {
        let error = bench.cache.clear(&PLAIN).expect_err("it has no generation");
        assert!(error.to_string().contains("clearable"), "{error}");
        set(&bench.cache, "a", 1)?;
        let session = bench.cache.session();
        let plain = session.dict(&PLAIN);
        let found = plain.lookup("a")?;
        assert!(matches!(found, Lookup::Unusable(Unusable::Newer)), "{found:?}");
        Ok(())
    });
}

pub(crate) fn while_the_generation_cannot_be_reached_values_are_misses_and_changes_are_lost(
    bench: &Bench,
) {
    hold(bench, |bench| {
        set(&bench.cache, "a", 1)?;
        // The value comes first, and then the generation.
        bench.store.fail_in(1, Fault::Down);
        let session = bench.cache.session();
        let prices = session.dict(&PRICES);
        let found = prices.lookup("a")?;
        assert!(matches!(found, Lookup::Unreachable(_)), "{found:?}");
        drop(found);
        drop(prices);
        drop(session);
        bench.store.fail_in(1, Fault::Down);
        let strict = bench.strict().session().dict(&PRICES).contains_key("a").map(drop);
        assert!(matches!(strict, Err(Error::Unavailable { .. })), "{strict:?}");
        assert_eq!(price(&bench.cache, "a")?, Some(1));

        let blind = bench.cache.session();
        blind.dict(&PRICES).insert("b", 1)?;
        bench.store.fail_in(0, Fault::Down);
        let report = blind.commit()?;
        assert_eq!((report.written, report.lost.len()), (0, 1));

        bench.store.fail_always(Some(Fault::Down));
        let error = bench.cache.clear(&PRICES).expect_err("the store is down");
        assert!(matches!(error, Error::Unavailable { .. }), "{error}");
        bench.store.fail_always(None);
        assert_eq!(price(&bench.cache, "a")?, Some(1));
        Ok(())
    });
}

pub(crate) fn a_touch_of_a_cleared_value_is_no_conflict(bench: &Bench) {
    hold(bench, |bench| {
        set(&bench.cache, "a", 1)?;
        let session = bench.cache.session();
        assert!(session.dict(&PRICES).contains_key("a")?);
        session.dict(&PRICES).touch("a")?;
        bench.cache.clear(&PRICES)?;
        assert_eq!(session.commit()?.written, 0);
        assert_eq!(price(&bench.cache, "a")?, None);
        Ok(())
    });
}

pub(crate) fn a_session_that_found_no_generation_writes_nothing_into_that_of_a_later_clear(
    bench: &Bench,
) {
    hold(bench, |bench| {
        set(&bench.cache, "a", 1)?;
        bench.store.evict(b"memdict:prices:#generation");
        let session = bench.cache.session();
        assert!(session.dict(&PRICES).get("a")?.is_none(), "its generation is lost");
        session.dict(&PRICES).insert("a", 2)?;
        bench.cache.clear(&PRICES)?;
        assert_eq!(cause(session.commit()), ConflictCause::Cleared);
        assert_eq!(price(&bench.cache, "a")?, None);
        // One that has read nothing depends on nothing.
        bench.store.evict(b"memdict:prices:#generation");
        let session = bench.cache.session();
        session.dict(&PRICES).insert("a", 3)?;
        bench.cache.clear(&PRICES)?;
        assert_eq!(session.commit()?.written, 1);
        assert_eq!(price(&bench.cache, "a")?, Some(3));
        Ok(())
    });
}

/// A value that knows how many clears had begun when its session had read.
#[derive(Default, Serialize, Deserialize, Tracked)]
struct Epoch {
    begun: u64,
}

static EPOCHS: DictDef<Epoch> = DictDef::new("epochs").clearable();

pub(crate) fn writers_and_readers_never_read_a_value_from_before_a_clear_that_returned(
    bench: &Bench,
) {
    const CLEARS: u64 = 60;
    let keys: Vec<_> = (0..8).collect();
    let (begun, returned, is_over) = (AtomicU64::new(0), AtomicU64::new(0), AtomicBool::new(false));
    let (reads, writes) = (AtomicU64::new(0), AtomicU64::new(0));
    let goes_on = || !is_over.load(Ordering::SeqCst);
    thread::scope(|scope| {
        for writer in 0..4 {
            let (cache, keys, begun, writes) = (bench.cache.clone(), &keys, &begun, &writes);
            scope.spawn(move || {
                for round in 0.. {
                    if !goes_on() {
                        break;
                    }
                    let key = keys[(writer + round) % keys.len()];
                    let written = cache.transaction(|session| {
                        let mut epoch = session.dict(&EPOCHS).entry(key)?.or_default();
                        // After the load: the generation is at most this one.
                        epoch.begun = begun.load(Ordering::SeqCst);
                        Ok(())
                    });
                    // After several conflicts in a row it gives up, as it should.
                    writes.fetch_add(u64::from(written.is_ok()), Ordering::SeqCst);
                }
            });
        }
        for reader in 0..4 {
            let (cache, keys, returned, reads) = (bench.cache.clone(), &keys, &returned, &reads);
            scope.spawn(move || {
                for round in 0.. {
                    if !goes_on() {
                        break;
                    }
                    let key = keys[(reader + round) % keys.len()];
                    let least = returned.load(Ordering::SeqCst);
                    let session = cache.session();
                    let epochs = session.dict(&EPOCHS);
                    if let Some(epoch) = epochs.get(key).expect("a miss is no error") {
                        assert!(epoch.begun >= least, "{} clears ago", least - epoch.begun);
                        reads.fetch_add(1, Ordering::SeqCst);
                    }
                }
            });
        }
        for clear in 1..=CLEARS {
            begun.store(clear, Ordering::SeqCst);
            if clear % 5 == 0 {
                bench.store.evict(b"memdict:epochs:#generation");
            } else {
                bench.cache.clear(&EPOCHS).expect("the store is up");
            }
            returned.store(clear, Ordering::SeqCst);
            // Some values are written and read in each generation.
            let written = writes.load(Ordering::SeqCst);
            while writes.load(Ordering::SeqCst) < written + 20 {
                thread::yield_now();
            }
        }
        is_over.store(true, Ordering::SeqCst);
    });
    assert!(reads.load(Ordering::SeqCst) > CLEARS, "they read something");
}
