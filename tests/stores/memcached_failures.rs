//! What is documented of the memcached store, with servers that fail.

use std::time::{Duration, Instant};

use memdict::{Applied, Change, Condition, MemcachedStore, StoreError};
use memdict_tests::{Got, Memcached, apply, apply_one, load, load_one, load_when_up, named, store};

use Condition::Always;

fn open(server: &Memcached) -> MemcachedStore {
    MemcachedStore::new([server.address()]).expect("the name is well formed")
}

#[test]
fn a_server_that_is_down_is_down_at_once_and_used_when_it_is_back() {
    let mut server = Memcached::start();
    let s = open(&server);
    server.kill();
    let begun = Instant::now();
    for loaded in load(&s, &[b"a", b"b"]) {
        let Err(error @ StoreError::Down(_)) = loaded else { panic!("{loaded:?}") };
        named(&error, &server.address());
    }
    let outcomes = apply(&s, &[Change::new(b"a", store(b"v"), Always)]);
    assert!(matches!(outcomes[..], [Err(StoreError::Down(_))]), "{outcomes:?}");
    assert!(begun.elapsed() < Duration::from_millis(900), "{:?}", begun.elapsed());
    server.revive();
    assert_eq!(load_when_up(&s, b"a"), Got::Miss);
    assert!(matches!(apply_one(&s, b"a", store(b"v"), Always), Applied::Stored));
}

#[test]
fn a_restart_between_two_calls_is_not_noticed_but_for_the_values() {
    let mut server = Memcached::start();
    let s = open(&server);
    apply_one(&s, b"k", store(b"v"), Always);
    server.restart();
    assert_eq!(load_one(&s, b"k"), Got::Miss);
    assert!(matches!(apply_one(&s, b"k", store(b"w"), Always), Applied::Stored));
}

#[test]
fn a_server_that_dies_in_use_is_down_and_found_again() {
    let mut server = Memcached::start();
    let s = open(&server);
    apply_one(&s, b"k", store(b"v"), Always);
    server.kill();
    assert!(matches!(load(&s, &[b"k"])[..], [Err(StoreError::Down(_))]));
    let outcomes = apply(&s, &[Change::new(b"k", store(b"v"), Always)]);
    assert!(matches!(outcomes[..], [Err(StoreError::Down(_))]), "{outcomes:?}");
    server.revive();
    assert_eq!(load_when_up(&s, b"k"), Got::Miss);
}

#[test]
fn only_the_keys_of_a_server_that_is_down_are_down() {
    let mut servers = [Memcached::start(), Memcached::start(), Memcached::start()];
    let names: Vec<_> = servers.iter().map(Memcached::address).collect();
    let s = MemcachedStore::new(names).expect("the names are well formed");
    let keys: Vec<_> = (0..100).map(|i| format!("key-{i}")).collect();
    let keys: Vec<_> = keys.iter().map(String::as_bytes).collect();
    let changes: Vec<_> = keys.iter().map(|key| Change::new(key, store(b"v"), Always)).collect();
    let mut of = Vec::new();
    assert!(apply(&s, &changes).iter().all(|outcome| matches!(outcome, Ok(Applied::Stored))));
    for got in load(&s, &keys) {
        of.push(got.expect("it is up").token().server());
    }
    servers[1].kill();
    for (server, loaded) in of.iter().zip(load(&s, &keys)) {
        match loaded {
            Ok(Got::Hit(..)) => assert_ne!(*server, 1),
            Err(StoreError::Down(_)) => assert_eq!(*server, 1),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_server_that_hangs_costs_one_timeout_and_what_was_sent_is_unknown() {
    let server = Memcached::start();
    let timeout = Duration::from_millis(300);
    let s = open(&server).timeout(timeout);
    apply_one(&s, b"k", store(b"before"), Always);
    server.pause();

    let begun = Instant::now();
    let loaded = load(&s, &[b"k"]);
    let [Err(error @ StoreError::Down(_))] = &loaded[..] else { panic!("{loaded:?}") };
    assert!(named(error, &server.address()).contains("timed out"));
    // Nothing is linked now: the server is asked who it is, and does not say.
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
    let s = open(&server).timeout(Duration::from_millis(200));
    apply_one(&s, b"k", store(b"before"), Always);
    server.pause();
    let outcomes = apply(&s, &[Change::new(b"k", store(b"later"), Always)]);
    assert!(matches!(outcomes[..], [Err(StoreError::Unknown(_))]), "{outcomes:?}");
    server.resume();
    // Another of the server's threads may answer this load before it makes the change.
    let begun = Instant::now();
    while load_one(&s, b"k").value() != Some(b"later") {
        assert!(begun.elapsed() < Duration::from_secs(10), "it was never made");
    }
}

#[test]
fn one_thread_finds_out_that_a_server_hangs_and_the_others_share_it() {
    let server = Memcached::start();
    let timeout = Duration::from_millis(400);
    let s = open(&server).timeout(timeout);
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

#[test]
fn without_memory_each_change_is_refused_by_itself_and_none_is_unknown() {
    let server = Memcached::with(&["-m", "2", "-M"]);
    let s = open(&server);
    let value = vec![b'x'; 10_000];
    let keys: Vec<_> = (0..1_000).map(|i| format!("key-{i}")).collect();
    let keys: Vec<_> = keys.iter().map(String::as_bytes).collect();
    let changes: Vec<_> = keys.iter().map(|key| Change::new(key, store(&value), Always)).collect();
    let outcomes = apply(&s, &changes);

    let mut refused = 0;
    for (outcome, got) in outcomes.iter().zip(load(&s, &keys)) {
        match outcome {
            Ok(Applied::Stored) => assert!(matches!(got, Ok(Got::Hit(..))), "stored is stored"),
            Err(error @ StoreError::Refused(_)) => {
                assert!(named(error, &server.address()).contains("memory"), "{error}");
                assert!(matches!(got, Ok(Got::Miss)), "{got:?}");
                refused += 1;
            }
            other => panic!("{other:?}"),
        }
    }
    assert!((1..1_000).contains(&refused), "{refused}");
    assert_eq!(server.stat("store_no_memory"), refused, "each of them was sent");
}

#[test]
fn a_server_without_a_free_connection_is_down_and_used_when_it_has_one() {
    let server = Memcached::with(&["-c", "40", "-t", "1"]);
    let s = open(&server);
    let mut held = Vec::new();
    for _ in 0..60 {
        let stream = std::net::TcpStream::connect(server.address());
        held.push(stream.expect("the system takes connections"));
        std::thread::sleep(Duration::from_millis(2));
    }
    let outcomes = apply(&s, &[Change::new(b"k", store(b"v"), Always)]);
    let [Err(error @ StoreError::Down(_))] = &outcomes[..] else { panic!("{outcomes:?}") };
    assert!(named(error, &server.address()).contains("-c"), "{error}");
    drop(held);
    let until = Instant::now() + Duration::from_secs(10);
    while apply(&s, &[Change::new(b"k", store(b"v"), Always)])[0].is_err() {
        assert!(Instant::now() < until, "it never recovers");
        std::thread::sleep(Duration::from_millis(20));
    }
}
