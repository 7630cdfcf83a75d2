//! Many threads fetch while others change the source and remove, invalidate or clear: no fetch
//! returns a value that was void before it began.

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
    time::Duration,
};

use memdict::{Condition, DictDef, Error, Op};
use memdict_tests::{Bench, Cache, apply};

static SOURCED: DictDef<u64> = DictDef::new("sourced").clearable();

/// A number that only grows. Values that are smaller than `void` must not be returned any more.
#[derive(Default)]
struct Source {
    number: AtomicU64,
    void: AtomicU64,
}

/// How the change of the source is made known.
#[derive(Debug, Clone, Copy)]
enum Means {
    Remove,
    Invalidate,
    Clear,
}

fn make_known(bench: &Bench, cache: &Cache, means: Means) {
    match means {
        Means::Remove => {
            let removed = cache.transaction(|session| session.dict(&SOURCED).remove("a"));
            removed.expect("it is removed");
        }
        Means::Invalidate => {
            let invalidate = Op::Invalidate { grace: None };
            let change = memdict::Change::new(b"memdict:sourced:a", invalidate, Condition::Always);
            assert!(apply(&*bench.store, &[change])[0].is_ok());
        }
        Means::Clear => cache.clear(&SOURCED).expect("it is cleared"),
    }
}

fn hold(bench: &Bench) {
    let (source, over) = (Source::default(), AtomicBool::new(false));
    // Two caches, as two processes have them.
    let caches = [bench.cache.clone(), bench.open(memdict::Cache::builder())];
    let read = |cache: &Cache| {
        let mut reads = 0;
        while !over.load(Ordering::SeqCst) {
            let void = source.void.load(Ordering::SeqCst);
            let load = || {
                let number = source.number.load(Ordering::SeqCst);
                thread::sleep(Duration::from_micros(300));
                Ok::<_, Error>(number)
            };
            let got = cache.fetch(&SOURCED, "a", load).expect("no error").expect("there is one");
            assert!(got >= void, "{got} was void, as everything before {void}");
            reads += 1;
        }
        reads
    };
    let shows_something = || {
        let counters = caches[0].counters();
        counters.late > 0 && counters.shared > 0
    };
    let reads: u64 = thread::scope(|scope| {
        let readers: Vec<_> = (0..6)
            .map(|number| {
                scope.spawn({
                    let cache = &caches[number % 2];
                    move || read(cache)
                })
            })
            .collect();
        for round in 0..100_000 {
            // On a busy machine it takes longer until a value came late and a call shared another's.
            if round >= 300 && shows_something() {
                break;
            }
            let number = source.number.fetch_add(1, Ordering::SeqCst) + 1;
            let means = [Means::Remove, Means::Invalidate, Means::Clear][round % 3];
            make_known(bench, &caches[round % 2], means);
            source.void.store(number, Ordering::SeqCst);
            thread::sleep(Duration::from_micros(500));
        }
        over.store(true, Ordering::SeqCst);
        readers.into_iter().map(|reader| reader.join().expect("it does not panic")).sum()
    });
    let counters = caches[0].counters();
    println!("{reads} reads, {} loaders, {} late", counters.loaders, counters.late);
    assert!(shows_something(), "without those it shows nothing");
}

#[test]
fn no_fetch_returns_what_was_void_before_it_began_on_the_embedded_store() {
    hold(&Bench::on_memory());
}

#[test]
fn no_fetch_returns_what_was_void_before_it_began_on_memcached() {
    hold(&Bench::on_memcached());
}

#[test]
fn no_fetch_of_a_task_returns_what_was_void_before_it_began_on_memcached() {
    hold(&Bench::on_memcached().in_tasks());
}
