//! Servers that hang: the time that they cost, and the outcomes of the operations sent to them.

use std::time::{Duration, Instant};

use memdict::{Applied, Change, Condition, StoreError};
use memdict_tests::{Memcached, apply, apply_one, load, load_one, load_when_up, named, store};

use Condition::Always;

use super::open;

#[test]
fn a_server_that_hangs_costs_one_timeout_and_what_was_sent_is_unknown() {
    let server = Memcached::start();
    let timeout = Duration::from_millis(300);
    let s = open(server.address()).timeout(timeout);
    apply_one(&s, b"k", store(b"before"), Always);
    server.pause();

    let begun = Instant::now();
    let loaded = load(&s, &[b"k"]);
    let [Err(error @ StoreError::Down(_))] = &loaded[..] else { panic!("{loaded:?}") };
    assert!(named(error, &server.address()).contains("timed out"));
    // There is no connection now. A new one is not answered when it asks for the version.
    assert!(matches!(load(&s, &[b"k"])[..], [Err(StoreError::Down(_))]));
    assert!(begun.elapsed() < 3 * timeout, "{:?}", begun.elapsed());
    server.resume();
    assert_eq!(load_when_up(&s, b"k").value(), Some(&b"before"[..]));

    server.pause();
    let begun = Instant::now();
    let large = vec![0; 900_000];
    let changes = [b"a", b"b", b"c"].map(|key| Change::new(key, store(&large), Always));
    let outcomes = apply(&s, &changes);
    assert!(begun.elapsed() < 2 * timeout, "{:?}", begun.elapsed());
    let unknown = |outcome: &_| matches!(outcome, Err(StoreError::Unknown(_)));
    let sent = outcomes.iter().take_while(|outcome| unknown(outcome)).count();
    let unsent = |outcome: &_| matches!(outcome, Err(StoreError::Down(_)));
    assert!(sent > 0 && outcomes[sent..].iter().all(unsent), "{outcomes:?}");
    server.resume();
    assert!(matches!(apply_one(&s, b"k", store(b"after"), Always), Applied::Stored));
}

#[test]
fn a_change_that_a_hanging_server_makes_later_was_unknown() {
    let server = Memcached::start();
    let s = open(server.address()).timeout(Duration::from_millis(200));
    apply_one(&s, b"k", store(b"before"), Always);
    server.pause();
    let outcomes = apply(&s, &[Change::new(b"k", store(b"later"), Always)]);
    assert!(matches!(outcomes[..], [Err(StoreError::Unknown(_))]), "{outcomes:?}");
    server.resume();
    // Another of the server's threads may answer this load before the change is made.
    let begun = Instant::now();
    while load_one(&s, b"k").value() != Some(b"later") {
        assert!(begun.elapsed() < Duration::from_secs(10), "the change was never made");
    }
}

#[test]
fn one_thread_discovers_that_a_server_hangs_and_spares_the_others() {
    let server = Memcached::start();
    let timeout = Duration::from_millis(400);
    let s = open(server.address()).timeout(timeout);
    server.pause();
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| assert!(load(&s, &[b"k"])[0].is_err()));
        }
    });
    assert!(begun.elapsed() < 3 * timeout, "{:?}", begun.elapsed());
    server.resume();
}
