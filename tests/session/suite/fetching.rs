//! `fetch`: who runs a loader, and what becomes of its value in the store.

use std::{
    sync::{
        Barrier,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::Duration,
};

use memdict::{Applied, Condition, DictDef, Error, Fresh, Load, OnUnusable, Op, Tracked};
use memdict_tests::{Bench, Cache, Fault, apply_one, find, noise};
use serde::{Deserialize, Serialize};

use super::{
    hits::{HITS, set},
    hold,
};

/// A value that is not `Clone`.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize, Tracked)]
struct Page {
    text: String,
}

static PAGES: DictDef<Page> = DictDef::new("pages").ttl_secs(600);

/// How long a loader takes for which others wait.
const SLOW: Duration = Duration::from_millis(80);

fn fail<T>() -> Result<T, Error> {
    Err(Error::user("the source is down"))
}

/// Returns whether the store holds nothing for a key of `pages`, not even a placeholder.
fn is_free(bench: &Bench, key: &str) -> bool {
    let found = find(&*bench.store, Load::new(format!("memdict:pages:{key}").as_bytes()));
    found.words == "miss"
}

/// Runs `call` on eight threads at once.
fn crowd<R: Send>(call: impl Fn(u32) -> R + Sync) -> Vec<R> {
    let start = Barrier::new(8);
    let (call, start) = (&call, &start);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|number| {
                scope.spawn(move || {
                    start.wait();
                    call(number)
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("it does not panic")).collect()
    })
}

pub(crate) fn a_missing_value_is_made_once_and_a_hit_is_one_load_and_no_change(bench: &Bench) {
    hold(bench, |bench| {
        let made = bench.cache.fetch(&HITS, "a", || Ok::<_, Error>(7))?;
        assert_eq!(made, Some(7));
        assert_eq!(
            bench.cache.session().dict(&HITS).get("a")?.as_deref(),
            Some(&7),
            "it is stored"
        );
        let (loads, changes) = (bench.store.loads(), bench.store.changes());
        let found = bench.cache.fetch(&HITS, "a", fail::<u64>)?;
        assert_eq!(found, Some(7));
        assert_eq!((bench.store.loads() - loads, bench.store.changes() - changes), (1, 0));
        let counters = bench.cache.counters();
        assert_eq!((counters.loaders, counters.filled, counters.loader_failures), (1, 1, 0));
        Ok(())
    });
}

pub(crate) fn callers_of_one_process_run_one_loader_and_each_gets_its_own_copy(bench: &Bench) {
    let ran = AtomicU32::new(0);
    let pages = crowd(|number| {
        bench.cache.fetch(&PAGES, "a", || {
            ran.fetch_add(1, Ordering::Relaxed);
            thread::sleep(SLOW);
            Ok::<_, Error>(Page { text: format!("by {number}") })
        })
    });
    assert_eq!(ran.into_inner(), 1);
    let pages: Vec<_> =
        pages.into_iter().map(|page| page.expect("no error").expect("made")).collect();
    assert!(pages.iter().all(|page| *page == pages[0]), "{pages:?}");
    let counters = bench.cache.counters();
    assert_eq!((counters.loaders, counters.filled, counters.late), (1, 1, 0));
}

pub(crate) fn a_loaders_error_goes_to_its_own_caller_and_the_others_run_theirs(bench: &Bench) {
    let ran = AtomicU32::new(0);
    let pages = crowd(|number| {
        bench.cache.fetch(&PAGES, "a", || {
            thread::sleep(SLOW);
            match ran.fetch_add(1, Ordering::Relaxed) {
                0 => Err(Error::user(number.to_string())),
                _ => Ok(Page { text: "made".to_owned() }),
            }
        })
    });
    assert_eq!(ran.into_inner(), 2);
    let failed: Vec<_> = (0..).zip(&pages).filter(|(_, page)| page.is_err()).collect();
    let [(number, Err(error))] = failed[..] else { panic!("one of them fails: {pages:?}") };
    assert_eq!(error.to_string(), number.to_string(), "the error is that of its own loader");
    assert_eq!(bench.cache.counters().filled, 1, "the right went to the next");
}

pub(crate) fn when_leaders_keep_failing_each_caller_ends_with_its_own_error(bench: &Bench) {
    let ran = AtomicU32::new(0);
    let pages = crowd(|number| {
        bench.cache.fetch(&PAGES, "a", || {
            ran.fetch_add(1, Ordering::Relaxed);
            thread::sleep(SLOW);
            Err::<Page, _>(Error::user(number.to_string()))
        })
    });
    assert_eq!(ran.into_inner(), 8, "each runs its own loader once");
    for (number, page) in pages.into_iter().enumerate() {
        assert_eq!(page.expect_err("it failed").to_string(), number.to_string());
    }
    assert!(is_free(bench, "a"));
}

pub(crate) fn a_loader_that_panics_hands_over_to_a_caller_that_waits(bench: &Bench) {
    let ran = AtomicU32::new(0);
    let pages = crowd(|_| {
        let fetch = || {
            bench.cache.fetch(&PAGES, "a", || {
                thread::sleep(SLOW);
                assert!(ran.fetch_add(1, Ordering::Relaxed) > 0, "as planned");
                Ok::<_, Error>(Page::default())
            })
        };
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(fetch))
    });
    assert_eq!(ran.into_inner(), 2);
    assert_eq!(pages.iter().filter(|page| page.is_err()).count(), 1, "the panic is propagated");
    assert_eq!(bench.cache.counters().filled, 1);
}

pub(crate) fn a_loader_that_fails_alone_gives_the_right_back(bench: &Bench) {
    hold(bench, |bench| {
        assert!(bench.cache.fetch(&PAGES, "a", fail::<Page>).is_err());
        assert!(is_free(bench, "a"));
        let panics =
            || bench.cache.fetch(&PAGES, "a", || -> Result<Page, Error> { panic!("planned") });
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(panics)).is_err());
        assert!(is_free(bench, "a"));
        let counters = bench.cache.counters();
        assert_eq!((counters.loaders, counters.loader_failures, counters.filled), (2, 2, 0));
        // So the next caller waits for nobody.
        assert!(bench.cache.fetch(&PAGES, "a", || Ok::<_, Error>(Page::default()))?.is_some());
        assert_eq!(bench.cache.counters().filled, 1);
        Ok(())
    });
}

pub(crate) fn a_value_that_another_stored_meanwhile_stays_and_the_loaded_one_is_returned(
    bench: &Bench,
) {
    hold(bench, |bench| {
        let made = bench.cache.fetch(&HITS, "a", || {
            set(bench, "a", 40)?;
            Ok::<_, Error>(7)
        })?;
        assert_eq!(made, Some(7));
        assert_eq!(bench.cache.session().dict(&HITS).get("a")?.as_deref(), Some(&40));
        let counters = bench.cache.counters();
        assert_eq!((counters.filled, counters.late), (0, 1));
        Ok(())
    });
}

pub(crate) fn a_value_that_was_removed_or_invalidated_meanwhile_is_not_stored(bench: &Bench) {
    if !bench.gives_leases() {
        return; // A lock does not tell: see the documentation of `fetch`.
    }
    hold(bench, |bench| {
        let removed = bench.cache.fetch(&PAGES, "a", || {
            bench.cache.transaction(|session| session.dict(&PAGES).remove("a"))?;
            Ok::<_, Error>(Page::default())
        })?;
        assert_eq!(removed, Some(Page::default()));
        assert!(is_free(bench, "a"));
        let invalidated = bench.cache.fetch(&PAGES, "a", || {
            let invalidate = Op::Invalidate { grace: None };
            let done = apply_one(&*bench.store, b"memdict:pages:a", invalidate, Condition::Always);
            assert_eq!(done, Applied::Invalidated);
            Ok::<_, Error>(Page::default())
        })?;
        assert_eq!(invalidated, Some(Page::default()));
        assert!(bench.cache.session().dict(&PAGES).get("a")?.is_none());
        let counters = bench.cache.counters();
        assert_eq!((counters.filled, counters.late), (0, 2));
        Ok(())
    });
}

pub(crate) fn a_loader_may_say_that_there_is_none(bench: &Bench) {
    static KNOWN: DictDef<Page> = DictDef::new("pages").absent_for(Duration::from_secs(60));
    hold(bench, |bench| {
        let none = || Ok::<_, Error>(None::<Page>);
        assert_eq!(bench.cache.fetch(&PAGES, "a", none)?, None);
        assert!(is_free(bench, "a"), "the dictionary has no time for this");
        assert_eq!(bench.cache.fetch(&KNOWN, "a", || Ok::<_, Error>(Fresh::none()))?, None);
        assert_eq!(bench.cache.fetch(&KNOWN, "a", fail::<Page>)?, None, "it is stored as such");
        assert_eq!(bench.cache.fetch(&PAGES, "a", fail::<Page>)?, None);
        assert_eq!(bench.cache.counters().filled, 1);

        // For all other reads, the key has no value.
        let session = bench.cache.session();
        assert!(session.dict(&PAGES).get("a")?.is_none());
        assert!(matches!(session.dict(&PAGES).lookup("a")?, memdict::Lookup::Absent));
        session.dict(&PAGES).entry("a")?.or_default().text.push('x');
        assert_eq!(session.commit()?.written, 1);
        let page = bench.cache.fetch(&KNOWN, "a", fail::<Page>)?;
        assert_eq!(page.map(|page| page.text), Some("x".to_owned()));
        Ok(())
    });
}

pub(crate) fn a_loader_may_set_the_lifetime_or_decline_to_store(bench: &Bench) {
    hold(bench, |bench| {
        let declined = bench
            .cache
            .fetch(&PAGES, "a", || Ok::<_, Error>(Fresh::new(Page::default()).unstored()))?;
        assert!(declined.is_some() && is_free(bench, "a"));
        let lasting = bench.cache.fetch(&PAGES, "b", || {
            Ok::<_, Error>(Fresh::new(Page::default()).ttl(Duration::from_secs(1)))
        })?;
        assert!(lasting.is_some() && !is_free(bench, "b"));
        thread::sleep(memdict_tests::ONE_SECOND_LIFE);
        assert!(is_free(bench, "b"), "not the ten minutes of its dictionary");
        Ok(())
    });
}

pub(crate) fn a_store_that_is_down_is_loaded_past_and_a_strict_one_is_an_error(bench: &Bench) {
    hold(bench, |bench| {
        bench.store.fail_always(Some(Fault::Down));
        let made = || Ok::<_, Error>(Page { text: "made".to_owned() });
        assert!(bench.cache.fetch(&PAGES, "a", made)?.is_some());
        let strict = bench.strict().fetch(&PAGES, "a", made);
        assert!(matches!(strict, Err(Error::Unavailable { report: None, .. })), "{strict:?}");
        bench.store.clear();
        assert!(is_free(bench, "a"));

        // The store answers the load, and not the change.
        bench.store.fail_once_writing(bench.locks(), Fault::Down);
        assert!(bench.strict().fetch(&PAGES, "a", made)?.is_some(), "it is returned all the same");
        Ok(())
    });
}

pub(crate) fn a_value_that_the_store_refuses_is_returned(bench: &Bench) {
    hold(bench, |bench| {
        let large = || Ok::<_, Error>(Page { text: noise(1, 2 << 20) });
        let page = bench.cache.fetch(&PAGES, "a", large)?;
        assert_eq!(page.map(|page| page.text.len()), Some(2 << 20));
        assert_eq!(bench.cache.counters().refused, 1);
        assert!(is_free(bench, "a"), "nobody waits for it");
        Ok(())
    });
}

/// Does not encode.
#[derive(Debug, Serialize, Deserialize, Tracked)]
struct Broken {
    #[serde(serialize_with = "broken")]
    number: u64,
}

fn broken<S: serde::Serializer>(_: &u64, _: S) -> Result<S::Ok, S::Error> {
    Err(serde::ser::Error::custom("broken"))
}

pub(crate) fn a_value_that_cannot_be_encoded_is_an_error_and_gives_the_right_back(bench: &Bench) {
    let made = bench.cache.fetch("pages", "a", || Ok::<_, Error>(Broken { number: 1 }));
    assert!(matches!(made, Err(Error::Encode { .. })), "{made:?}");
    assert!(is_free(bench, "a"));
}

pub(crate) fn bytes_that_are_not_usable_are_replaced_or_stay_as_the_dictionary_says(bench: &Bench) {
    static KEPT: DictDef<u64> = DictDef::new("pages").on_unusable(OnUnusable::Keep);
    hold(bench, |bench| {
        let store = |text: &str| {
            let page = || Page { text: text.to_owned() };
            bench.cache.transaction(|session| session.dict(&PAGES).insert("a", page()))
        };
        store("of another type")?;
        let kept = bench.cache.fetch(&KEPT, "a", || Ok::<_, Error>(7))?;
        assert_eq!(kept, Some(7));
        assert_eq!(bench.cache.counters().filled, 0);
        assert!(bench.cache.session().dict(&PAGES).get("a")?.is_some(), "it stays");

        let replaced = bench.cache.fetch::<u64, _, _>("pages", "a", || Ok::<_, Error>(7))?;
        assert_eq!(replaced, Some(7));
        assert_eq!(bench.cache.fetch("pages", "a", fail::<u64>)?, Some(7));

        // Exactly the bytes that were found are replaced.
        store("again of another type")?;
        let late = bench.cache.fetch::<u64, _, _>("pages", "a", || {
            bench.cache.transaction(|session| session.dict("pages").insert("a", 40_u64))?;
            Ok::<_, Error>(7)
        })?;
        assert_eq!((late, bench.cache.counters().late), (Some(7), 1));
        assert_eq!(bench.cache.fetch("pages", "a", fail::<u64>)?, Some(40));
        Ok(())
    });
}

pub(crate) fn a_tombstone_is_replaced_by_the_call_that_found_it(bench: &Bench) {
    static BURIED: DictDef<Page> = DictDef::new("pages").tombstone(Duration::from_secs(60));
    hold(bench, |bench| {
        let remove = |cache: &Cache| cache.transaction(|session| session.dict(&BURIED).remove("a"));
        remove(&bench.cache)?;
        assert!(bench.cache.fetch(&BURIED, "a", || Ok::<_, Error>(Page::default()))?.is_some());
        assert!(bench.cache.session().dict(&BURIED).get("a")?.is_some(), "it is stored");
        // A removal while the loader runs leaves another tombstone, which stays.
        remove(&bench.cache)?;
        let late = bench.cache.fetch(&BURIED, "a", || {
            remove(&bench.cache)?;
            Ok::<_, Error>(Page::default())
        })?;
        assert!(late.is_some() && bench.cache.session().dict(&BURIED).get("a")?.is_none());
        Ok(())
    });
}

pub(crate) fn a_call_that_comes_after_an_invalidation_does_not_get_what_an_earlier_loader_read(
    bench: &Bench,
) {
    if !bench.gives_leases() {
        return; // A lock does not tell: see the documentation of `fetch`.
    }
    hold(bench, |bench| {
        let (began, ends) = (Barrier::new(2), Barrier::new(2));
        let page = |text: &str| Ok::<_, Error>(Page { text: text.to_owned() });
        thread::scope(|scope| {
            let early = scope.spawn(|| {
                bench.cache.fetch(&PAGES, "a", || {
                    began.wait();
                    ends.wait();
                    page("read before the change")
                })
            });
            began.wait();
            bench.cache.transaction(|session| session.dict(&PAGES).remove("a"))?;
            let later = bench.cache.fetch(&PAGES, "a", || page("read after it"))?;
            assert_eq!(later.map(|page| page.text), Some("read after it".to_owned()));
            ends.wait();
            assert!(early.join().expect("it does not panic")?.is_some());
            Ok::<_, Error>(())
        })?;
        let stored = bench.cache.fetch(&PAGES, "a", fail::<Page>)?;
        assert_eq!(stored.map(|page| page.text), Some("read after it".to_owned()));
        assert_eq!(bench.cache.counters().late, 1);
        Ok(())
    });
}

pub(crate) fn after_a_clear_each_value_is_made_anew_and_no_earlier_one_is_returned(bench: &Bench) {
    static CLEARED: DictDef<u64> =
        DictDef::new("cleared").clearable().absent_for(Duration::from_secs(60));
    if !bench.gives_leases() {
        return; // It does not count either.
    }
    hold(bench, |bench| {
        let made = |number: u64| move || Ok::<_, Error>(number);
        assert_eq!(bench.cache.fetch(&CLEARED, "a", made(1))?, Some(1));
        assert_eq!(bench.cache.fetch(&CLEARED, "none", || Ok::<_, Error>(None))?, None);
        assert_eq!(bench.cache.fetch(&CLEARED, "a", fail::<u64>)?, Some(1));
        bench.cache.clear(&CLEARED)?;
        let numbers = crowd(|number| {
            bench.cache.fetch(&CLEARED, "a", || {
                thread::sleep(SLOW);
                Ok::<_, Error>(10 + u64::from(number))
            })
        });
        let numbers: Vec<_> = numbers.into_iter().collect::<Result<_, _>>()?;
        assert!(numbers[0] >= Some(10) && numbers.iter().all(|it| *it == numbers[0]));
        assert_eq!(bench.cache.counters().loaders, 3, "one caller of all made it");
        assert_eq!(bench.cache.fetch(&CLEARED, "none", made(5))?, Some(5));

        // A loader that began before the clear fills nothing that is read after it.
        let early = bench.cache.fetch(&CLEARED, "b", || {
            bench.cache.clear(&CLEARED)?;
            Ok::<_, Error>(1)
        })?;
        assert_eq!(early, Some(1));
        assert_eq!(bench.cache.fetch(&CLEARED, "b", made(2))?, Some(2));
        Ok(())
    });
}
