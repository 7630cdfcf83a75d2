//! What the engine counts and knows of each server.

use std::time::{Duration, SystemTime};

use memdict::{Change, Condition, Count, Expiry, Load, Op, Store};
use memdict_tests::{Got, Memcached, Proxy, Way, apply, apply_one, find, load, load_one, store};

use super::memcached_on;

use Condition::Always;

fn on<const N: usize>(servers: [String; N]) -> impl Store {
    memcached_on(servers)
}

#[test]
fn each_server_has_counters_of_its_own() {
    let servers = [Memcached::start(), Memcached::start()];
    let s = on(servers.each_ref().map(Memcached::address));
    let keys: Vec<_> = (0..60).map(|n| format!("key-{n}")).collect();
    let changes: Vec<_> =
        keys.iter().map(|key| Change::new(key.as_bytes(), store(b"v"), Always)).collect();
    assert!(apply(&s, &changes).iter().all(Result::is_ok));
    let asked: Vec<_> = keys.iter().map(|key| key.as_bytes()).chain([&b"none"[..]]).collect();
    assert_eq!(load(&s, &asked).iter().flatten().filter(|got| **got == Got::Miss).count(), 1);

    let counters = s.server_counters();
    let names: Vec<_> = servers.iter().map(Memcached::address).collect();
    assert!(counters.iter().map(|of| &of.server).eq(&names));
    for (server, of) in servers.iter().zip(&counters) {
        assert_eq!((of.hits, of.misses), (server.stat("get_hits"), server.stat("get_misses")));
        assert_eq!((of.loads, of.changes), (of.hits + of.misses, server.stat("cmd_set")));
        assert_eq!((of.exchanges, of.connections, of.failures, of.failed), (2, 1, 0, 0));
        assert_eq!((of.latency.count(), of.evicted_unread), (2, Some(0)));
        assert!(of.changes > 10, "{counters:#?}");
    }
    assert_eq!(counters.iter().map(|of| of.misses).sum::<u64>(), 1);
}

#[test]
fn bytes_of_a_server_are_those_on_the_wire_after_the_greeting() {
    let server = Memcached::start();
    let proxy = Proxy::before(&server.address());
    let s = on([proxy.address()]);
    apply_one(&s, b"k", store(b"v"), Always);
    let before = s.server_counters().remove(0);
    proxy.count_anew();
    apply_one(&s, b"k", store(&[b'v'; 100_000]), Always);
    assert!(load_one(&s, b"k") != Got::Miss);
    assert_eq!(load_one(&s, b"none"), Got::Miss);
    let after = s.server_counters().remove(0);
    assert_eq!(after.bytes_out - before.bytes_out, proxy.passed(Way::Requests));
    assert_eq!(after.bytes_in - before.bytes_in, proxy.passed(Way::Answers));
}

#[test]
fn a_server_is_up_or_down_since_with_its_version_its_life_and_its_last_error() {
    let mut server = Memcached::start();
    let s = on([server.address()]);
    let health = s.health().remove(0);
    assert_eq!((health.up, health.version, health.open), (None, None, 0), "nobody asked it");
    apply_one(&s, b"k", store(b"v"), Always);
    let health = s.health().remove(0);
    assert_eq!((health.up, health.down_since), (Some(true), None));
    assert_eq!((health.open, health.idle), (1, 1));
    assert_eq!(health.version.as_deref(), Some(&*server.stats()["version"]));
    assert!(health.life.is_some() && health.latency.is_some() && health.last_error.is_none());

    server.kill();
    let before = SystemTime::now();
    assert!(load(&s, &[b"k"])[0].is_err());
    let first = s.health().remove(0);
    // The connection breaks first; the next attempt finds nobody.
    assert!(load(&s, &[b"k"])[0].is_err());
    let down = s.health().remove(0);
    let since = down.down_since.expect("it is down");
    assert!(down.up == Some(false) && since >= before, "{first:?} {down:?}");
    let why = down.last_error.expect("there was one");
    assert!(why.contains(&server.address()), "{why}");
    assert_eq!((down.open, down.idle), (0, 0));
    assert!(s.server_counters()[0].failed >= 2);

    let old = down.life;
    server.revive();
    memdict_tests::load_when_up(&s, b"k");
    let health = s.health().remove(0);
    assert_eq!((health.up, health.down_since), (Some(true), None));
    assert!(health.last_error.is_some(), "it stays");
    assert_ne!(health.life, old);
    let text = health.to_string();
    assert!(text.contains(&server.address()) && text.contains("is up"), "{text}");
}

#[test]
fn what_a_server_refuses_is_counted() {
    let server = Memcached::with(&["-m", "3", "-M"]);
    let s = on([server.address()]);
    let value = vec![b'v'; 200_000];
    let keys: Vec<_> = (0..40).map(|n| format!("key-{n}")).collect();
    let op = Op::Store { bytes: &value, expiry: Expiry::Never };
    let changes: Vec<_> =
        keys.iter().map(|key| Change::new(key.as_bytes(), op, Always).quiet()).collect();
    let refused = apply(&s, &changes).iter().filter(|outcome| outcome.is_err()).count() as u64;
    let of = s.server_counters().remove(0);
    assert!(refused > 0 && of.refused == refused && of.changes == 40, "{refused} {of:?}");
}

#[test]
fn placeholders_count_as_misses_and_what_leaves_the_value_as_changes() {
    let server = Memcached::start();
    let s = on([server.address()]);
    let counted = || {
        let of = s.server_counters().remove(0);
        (of.loads, of.hits, of.misses, of.changes, of.refused, of.exchanges)
    };
    let lease = Load::new(b"k").lease(Duration::from_secs(60));
    assert_eq!(find(&s, lease).words, "leased won");
    assert_eq!(find(&s, Load::new(b"k")).words, "leased");
    assert_eq!(counted(), (2, 0, 2, 0, 0, 2));
    apply_one(&s, b"k", store(b"v"), Always);
    apply_one(&s, b"k", Op::Touch { expiry: Expiry::Never }, Always);
    apply_one(&s, b"k", Op::Invalidate { grace: None }, Always);
    assert_eq!(counted(), (2, 0, 2, 3, 0, 5));
    // The right to renew it is handed back, which is a part of the load.
    assert_eq!(find(&s, Load::new(b"k")).words, "v stale");
    assert_eq!(counted(), (3, 1, 2, 3, 0, 6));
    apply_one(&s, b"n", Op::Count(Count::add(1).or_start_at(9, Expiry::Never)), Always);
    // This makes the number longer, and its end of life is set once more.
    apply_one(&s, b"n", Op::Count(Count::add(1).touch(Expiry::Never)), Always);
    let no_number = Change::new(b"k", Op::Count(Count::add(1)), Always);
    assert!(apply(&s, &[no_number])[0].is_err());
    assert_eq!(counted(), (3, 1, 2, 6, 1, 9));
}
