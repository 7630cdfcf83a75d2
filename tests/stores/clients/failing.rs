//! Servers that fail.

use std::{
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

use memdict::{Applied, Change, Condition, StoreError};
use memdict_tests::{Got, Memcached, apply, apply_one, load, load_one, named, store, wait_until};

use Condition::{Absent, Always};

use super::Client;

pub(super) fn a_server_that_is_down_fails_at_once_and_is_used_again_when_it_is_back<C: Client>() {
    let mut server = Memcached::start();
    let s = C::open(&server).with_timeout(Duration::from_secs(60));
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
    assert_eq!(s.load_again(b"a"), Got::Miss);
    assert!(matches!(apply_one(&s, b"a", store(b"v"), Always), Applied::Stored));
}

pub(super) fn a_restart_between_two_calls_loses_the_values_and_causes_no_error<C: Client>() {
    let mut server = Memcached::start();
    let s = C::open(&server);
    apply_one(&s, b"k", store(b"v"), Always);
    server.restart();
    assert!(matches!(apply_one(&s, b"k", store(b"w"), Absent), Applied::Stored));
    server.restart();
    assert_eq!(load_one(&s, b"k"), Got::Miss);
    assert!(matches!(apply_one(&s, b"k", store(b"w"), Always), Applied::Stored));
}

pub(super) fn a_server_that_dies_in_use_is_down_and_found_again<C: Client>() {
    let mut server = Memcached::start();
    let s = C::open(&server);
    apply_one(&s, b"k", store(b"v"), Always);
    server.kill();
    assert!(matches!(load(&s, &[b"k"])[..], [Err(StoreError::Down(_))]));
    let outcomes = apply(&s, &[Change::new(b"k", store(b"v"), Always)]);
    assert!(matches!(outcomes[..], [Err(StoreError::Down(_))]), "{outcomes:?}");
    server.revive();
    assert_eq!(s.load_again(b"k"), Got::Miss);
}

pub(super) fn only_the_keys_of_a_server_that_is_down_are_down<C: Client>() {
    let mut servers = [Memcached::start(), Memcached::start(), Memcached::start()];
    let s = C::on(servers.iter().map(Memcached::address));
    let keys: Vec<_> = (0..100).map(|i| format!("key-{i}")).collect();
    let keys: Vec<_> = keys.iter().map(String::as_bytes).collect();
    let changes: Vec<_> = keys.iter().map(|key| Change::new(key, store(b"v"), Always)).collect();
    assert!(apply(&s, &changes).iter().all(|outcome| matches!(outcome, Ok(Applied::Stored))));
    let of = load(&s, &keys).into_iter().map(|got| got.expect("it is up").token().server());
    let of: Vec<_> = of.collect();
    servers[1].kill();
    for (server, loaded) in of.iter().zip(load(&s, &keys)) {
        match loaded {
            Ok(Got::Hit(..)) => assert_ne!(*server, 1),
            Err(StoreError::Down(_)) => assert_eq!(*server, 1),
            other => panic!("{other:?}"),
        }
    }
}

pub(super) fn without_memory_each_change_is_refused_by_itself_and_none_is_unknown<C: Client>() {
    let server = Memcached::with(&["-m", "2", "-M"]);
    let s = C::open(&server);
    let value = vec![b'x'; 10_000];
    let keys: Vec<_> = (0..1_000).map(|i| format!("key-{i}")).collect();
    let keys: Vec<_> = keys.iter().map(String::as_bytes).collect();
    let changes: Vec<_> = keys.iter().map(|key| Change::new(key, store(&value), Always)).collect();
    let outcomes = apply(&s, &changes);

    let mut refused = 0;
    for (outcome, got) in outcomes.iter().zip(load(&s, &keys)) {
        match outcome {
            Ok(Applied::Stored) => assert!(matches!(got, Ok(Got::Hit(..))), "it is stored"),
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

pub(super) fn a_server_without_a_free_connection_is_down_and_used_when_it_has_one<C: Client>() {
    let server = Memcached::with(&["-c", "40", "-t", "1"]);
    let s = C::open(&server);
    let mut held = Vec::new();
    for _ in 0..60 {
        let stream = TcpStream::connect(server.address());
        held.push(stream.expect("the system takes connections"));
        thread::sleep(Duration::from_millis(2));
    }
    let change = [Change::new(b"k", store(b"v"), Always)];
    let outcomes = apply(&s, &change);
    let [Err(error @ StoreError::Down(_))] = &outcomes[..] else { panic!("{outcomes:?}") };
    let why = named(error, &server.address());
    assert!(!C::HEARS_A_FAREWELL || why.contains("-c"), "{why}");
    drop(held);
    wait_until(Duration::from_secs(10), "it is used again", || apply(&s, &change)[0].is_ok());
}
