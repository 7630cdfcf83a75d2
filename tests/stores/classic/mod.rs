//! The documented promises of the store over the classic client, besides those of every store.

mod failures;
mod proxy;
mod sasl;
mod servers;

use std::{
    thread,
    time::{Duration, Instant},
};

use memdict::{Cache, Change, ClassicStore, Condition, StoreError};
use memdict_tests::{Memcached, PATIENCE, apply, apply_one, load, load_when_up, store};

use Condition::Always;

fn open(server: &Memcached) -> ClassicStore {
    at(server.address())
}

/// The time for connecting has its default, because some of these tests wait for it.
fn at(address: String) -> ClassicStore {
    ClassicStore::new([address]).expect("the name is well formed").timeout(PATIENCE)
}

/// Counts on from a number in two transactions, in a cache that this URL opens.
fn counts_on(url: &str, from: u64) {
    let cache = Cache::open(url).expect("the URL is well formed");
    for expected in [from + 1, from + 2] {
        let hits = cache.transaction(|session| {
            let mut hits = session.dict::<u64>("hits").entry("all")?.or_default();
            *hits += 1;
            Ok(*hits)
        });
        assert_eq!(hits.expect("the server accepts the login"), expected);
    }
}

/// Checks that a server that hangs costs a timeout, and that no change is sent to it.
fn hangs(s: &ClassicStore, timeout: Duration, pause: impl Fn(), resume: impl Fn()) {
    // Several connections, because a timeout has to apply to each of them.
    thread::scope(|scope| {
        for thread in 0..4 {
            scope.spawn(move || {
                for _ in 0..20 {
                    apply_one(s, &[b'a' + thread], store(b"before"), Always);
                }
            });
        }
    });
    pause();
    let begun = Instant::now();
    thread::scope(|scope| {
        for thread in 0..4 {
            scope.spawn(move || {
                let key = &[b'a' + thread];
                let loaded = load(s, &[key]);
                let [Err(StoreError::Down(why))] = &loaded[..] else { panic!("{loaded:?}") };
                assert!(why.as_str().contains("timed out"), "{why}");
                let changes = [Change::new(key, store(b"never"), Always); 3];
                for outcome in apply(s, &changes) {
                    assert!(matches!(outcome, Err(StoreError::Down(_))), "{outcome:?}");
                }
            });
        }
    });
    assert!(begun.elapsed() < 8 * timeout, "{:?}", begun.elapsed());
    resume();
    assert_eq!(load_when_up(s, b"a").value(), Some(&b"before"[..]));
}
