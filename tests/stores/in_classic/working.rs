//! Servers that work.

use std::time::Duration;

use memdict::{Applied, Cache, Change, Condition, Count, Expiry, Load, Op, Store, StoreError};
use memdict_tests::{
    Memcached, ScriptedServer, apply, apply_one, find, in_classic_on, load, load_one, store,
    store_for,
};

use Condition::{Absent, Always};

use super::open;

#[test]
fn values_are_asked_for_a_hundred_at_a_time_and_each_key_once_in_a_line() {
    let end = "END\r\n";
    let server = ScriptedServer::start("1.4.39", &[end; 4]);
    let names: Vec<_> = (0..250).map(|n| format!("k{n}")).collect();
    let keys: Vec<_> = names.iter().map(|name| name.as_bytes()).collect();
    assert!(load(&open(server.address()), &keys).iter().all(Result::is_ok));
    let keys_in = |line: &String| line.split(' ').count() - 1;
    assert_eq!(server.requests().iter().map(keys_in).collect::<Vec<_>>(), [100, 100, 50]);
    let server = ScriptedServer::start("1.4.39", &[end, end]);
    assert!(load(&open(server.address()), &[b"a", b"b", b"a"]).iter().all(Result::is_ok));
    assert_eq!(server.requests(), ["gets a b", "gets a"]);
}

#[test]
fn changes_are_sent_without_waiting_for_each_answer() {
    let server = ScriptedServer::start("1.4.39", &["STORED\r\n", "NOT_STORED\r\n", "DELETED\r\n"]);
    server.hold_answers_back();
    let changes = [
        Change::new(b"a", store(b"v"), Always),
        Change::new(b"b", store(b"v"), Absent),
        Change::new(b"c", Op::Delete, Always),
    ];
    let outcomes = apply(&open(server.address()), &changes);
    assert!(
        matches!(outcomes[..], [Ok(Applied::Stored), Ok(Applied::Exists), Ok(Applied::Deleted)]),
        "{outcomes:?}"
    );
}

#[test]
fn a_url_opens_servers_over_tcp_and_over_a_unix_socket() {
    let (server, on_socket) = (Memcached::start(), Memcached::on_socket());
    for address in [server.address(), on_socket.address()] {
        let url = format!("memcache+classic://{address}?timeout=2s&strict=true&remember=5");
        let cache = Cache::open(&url).expect("the URL is well formed");
        for expected in 1..3_u64 {
            let hits = cache.transaction(|session| {
                let mut hits = session.dict::<u64>("hits").entry("all")?.or_default();
                *hits += 1;
                Ok(*hits)
            });
            assert_eq!(hits.expect("the server is up"), expected);
        }
    }
    assert!(server.stat("cmd_meta") == 0, "no meta command is sent");
}

#[test]
fn a_load_that_touches_takes_one_more_request_for_each_value_that_it_finds() {
    let server = Memcached::start();
    let s = open(server.address());
    apply_one(&s, b"k", store_for(b"v", Duration::from_secs(60)), Always);
    let before = server.stat("cmd_touch");
    for key in [&b"k"[..], b"none"] {
        let found = find(&s, Load::new(key).touch(Expiry::Never));
        assert_eq!(found.words, if key == b"k" { "v" } else { "miss" });
    }
    assert_eq!(server.stat("cmd_touch"), before + 1);
    assert!(server.ask("mg k t\r\n", "HD")[0].ends_with("t-1"), "it lives for ever now");
}

#[test]
fn a_number_that_many_clients_begin_at_once_is_created_once() {
    let server = Memcached::start();
    let stores: Vec<_> = (0..4).map(|_| open(server.address())).collect();
    let count = Op::Count(Count::add(1).or_start_at(1, Expiry::Never));
    for round in 0..50 {
        let key = format!("n{round}");
        std::thread::scope(|scope| {
            for s in &stores {
                scope.spawn(|| apply_one(s, key.as_bytes(), count, Always));
            }
        });
        assert_eq!(load_one(&stores[0], key.as_bytes()).value(), Some(&b"4"[..]), "{key}");
    }
}

#[test]
fn a_count_sets_the_end_of_life_of_a_number_that_exists() {
    let server = Memcached::start();
    let s = open(server.address());
    apply_one(&s, b"n", store(b"9"), Always);
    let count = Count::add(1).touch(Expiry::After(Duration::from_secs(100)));
    assert_eq!(apply_one(&s, b"n", Op::Count(count), Always), Applied::Counted(10));
    let left = &server.ask("mg n t\r\n", "HD")[0];
    assert!(["HD t100", "HD t101"].contains(&left.as_str()), "{left}");
}

#[test]
fn caps_are_what_every_server_of_the_store_can_do() {
    let servers = [Memcached::start(), Memcached::start()];
    let s = in_classic_on([servers[0].address()]);
    let caps = s.caps();
    assert!(caps.conditional_store() && caps.conditional_delete() && caps.touch() && caps.counts());
    assert!(!caps.leases() && !caps.stale() && !caps.life());
    // One of two servers is old, which is known when it has been greeted.
    let old = memdict_tests::Proxy::before(&servers[0].address());
    let version = &servers[0].ask("version\r\n", "VERSION")[0];
    old.pretend(version.trim_start_matches("VERSION "), "1.5.22");
    let s = memdict_tests::memcached_on([old.address(), servers[1].address()]);
    assert!(s.caps().leases());
    s.ping();
    assert_eq!(s.caps(), caps);
}

#[test]
fn a_value_above_the_limit_of_the_server_is_refused_unsent() {
    let server = Memcached::with(&["-I", "2m", "-m", "100"]);
    let s = open(server.address());
    let fits = vec![1; (2 << 20) - 59 - 1];
    let larger = vec![1; (2 << 20) - 59];
    let change = |value| [Change::new(b"k", store(value), Always)];
    assert!(matches!(apply(&s, &change(&fits))[..], [Ok(Applied::Stored)]));
    let before = server.stat("cmd_set");
    assert!(matches!(apply(&s, &change(&larger))[..], [Err(StoreError::Refused(_))]));
    assert_eq!(server.stat("cmd_set"), before);
    assert_eq!(load_one(&s, b"k").value().map(<[u8]>::len), Some(fits.len()));
}

#[test]
fn operations_are_counted_when_they_are_settled() {
    let server = Memcached::start();
    let s = open(server.address());
    let count = Op::Count(Count::add(1).or_start_at(1, Expiry::Never));
    let changes = [
        Change::new(b"k", store(b"v"), Always),
        Change::new(b"n", count, Always),
        Change::new(b"k", count, Always),
    ];
    let outcomes = apply(&s, &changes);
    assert!(matches!(outcomes[..], [Ok(_), Ok(Applied::Counted(1)), Err(StoreError::Refused(_))]));
    load(&s, &[b"k", b"n", b"none"]);
    let counted = &s.server_counters()[0];
    assert_eq!((counted.changes, counted.refused, counted.failed), (3, 1, 0));
    assert_eq!((counted.loads, counted.hits, counted.misses), (3, 2, 1));
}
