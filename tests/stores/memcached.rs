//! What is documented of the memcached store, with servers that work.

use std::{collections::HashSet, time::Duration};

use memdict::{Applied, Change, Condition, MemcachedStore, Op, StoreError};
use memdict_tests::{
    End, Got, Memcached, Proxy, ScriptedServer, apply, apply_one, load, load_one, load_when_up,
    store, store_for,
};

use Condition::{Absent, Always, Matches};

const DAY: u64 = 24 * 60 * 60;

fn open(server: &Memcached) -> MemcachedStore {
    MemcachedStore::new([server.address()]).expect("the name is well formed")
}

/// What the server says is left of a lifetime.
fn ttl(server: &Memcached, key: &str) -> i64 {
    let lines = server.ask(&format!("mg {key} t\r\n"), "HD");
    let left = lines[0].strip_prefix("HD t").expect("the value is there");
    left.parse().expect("a lifetime is a number")
}

#[test]
fn nothing_is_connected_until_the_first_operation() {
    let server = ScriptedServer::start("1.6.18", &["EN{O}\r\n"]);
    let s = MemcachedStore::new([server.address()]).expect("the name is well formed");
    assert_eq!(server.connections(), 0);
    assert_eq!(load_one(&s, b"k"), Got::Miss);
    assert!(server.connections() > 0);
}

#[test]
fn an_empty_list_and_malformed_names_are_errors_that_quote_them() {
    for name in ["", "host:port", "::1", "a b", "memcache://a:1"] {
        let error = MemcachedStore::new([name]).expect_err("the name is malformed");
        assert!(matches!(error, memdict::Error::Config { .. }));
        assert!(error.to_string().contains(&format!("`{name}`")), "{error}");
    }
    assert!(MemcachedStore::new(Vec::<String>::new()).is_err());
    let same = MemcachedStore::new(["localhost", "LOCALHOST:11211"]);
    assert!(same.is_err(), "one server twice");
}

#[test]
fn debug_shows_servers_and_timeouts_only() {
    let s = MemcachedStore::new(["a", "[::1]:7"]).expect("the names are well formed");
    let s = s.timeout(Duration::from_millis(7)).connect_timeout(Duration::ZERO);
    assert_eq!(
        format!("{s:?}"),
        "MemcachedStore { servers: [\"a:11211\", \"[::1]:7\"], timeout: 7ms, \
         connect_timeout: 1ms, .. }"
    );
    let s = MemcachedStore::new(["a"]).expect("the name is well formed").timeout(Duration::MAX);
    assert!(format!("{s:?}").contains("timeout: 86400s"));
}

#[test]
fn the_item_limit_of_the_server_is_honoured() {
    for (option, item_size_max) in [("2m", 2 << 20), ("1m", 1 << 20), ("512k", 512 << 10)] {
        let server = Memcached::with(&["-I", option, "-m", "100"]);
        let s = open(&server);
        let largest = vec![1; item_size_max - 59 - 1];
        let larger = vec![1; largest.len() + 1];
        let outcomes = apply(
            &s,
            &[
                Change::new(b"k", store(&largest), Always),
                Change::new(b"k", store(&larger), Always),
                Change::new(b"l", store(b"v"), Always),
            ],
        );
        assert!(
            matches!(
                outcomes[..],
                [Ok(Applied::Stored), Err(StoreError::Refused(_)), Ok(Applied::Stored)]
            ),
            "-I {option}: {outcomes:?}"
        );
        assert_eq!(load_one(&s, b"k").value(), Some(&largest[..]));
        assert_eq!(server.stat("cmd_set"), 2, "what is too large is not sent");
    }
}

#[test]
fn a_key_cannot_smuggle_a_command() {
    let server = Memcached::start();
    let s = open(&server);
    apply_one(&s, b"k", store(b"v"), Always);
    let before = server.stat("cmd_set");
    for key in [&b"a\r\nms evil 1\r\nx"[..], b"a 1\r\nx\r\nflush_all", b"a\nb"] {
        assert!(matches!(load(&s, &[key])[..], [Err(StoreError::Refused(_))]));
        let outcomes = apply(&s, &[Change::new(key, store(b"v"), Always)]);
        assert!(matches!(outcomes[..], [Err(StoreError::Refused(_))]));
    }
    assert_eq!(server.stat("cmd_set"), before);
    assert_eq!(load_one(&s, b"evil"), Got::Miss);
    assert_eq!(load_one(&s, b"k").value(), Some(&b"v"[..]));
}

#[test]
fn lifetimes_around_30_days_are_kept() {
    let server = Memcached::start();
    let s = open(&server);
    for (key, seconds) in [("a", 30 * DAY - 1), ("b", 30 * DAY), ("c", 30 * DAY + 1)] {
        let what = store_for(b"v", Duration::from_secs(seconds));
        apply_one(&s, key.as_bytes(), what, Always);
        assert_eq!(load_one(&s, key.as_bytes()).value(), Some(&b"v"[..]), "{seconds}");
        let expected = i64::try_from(seconds).expect("it is small");
        assert!((expected - 3..=expected + 2).contains(&ttl(&server, key)), "{seconds}");
    }
}

#[test]
fn lifetimes_that_end_after_2038_end_then_and_are_not_dropped() {
    let server = Memcached::start();
    let s = open(&server);
    for (key, seconds) in [("a", 20 * 365 * DAY), ("b", 1 << 31), ("c", 1 << 32), ("d", u64::MAX)] {
        apply_one(&s, key.as_bytes(), store_for(b"v", Duration::from_secs(seconds)), Always);
        assert_eq!(load_one(&s, key.as_bytes()).value(), Some(&b"v"[..]), "{seconds}");
        assert!(ttl(&server, key) > 365 * DAY as i64, "{seconds}");
    }
    apply_one(&s, b"e", store(b"v"), Always);
    assert_eq!(ttl(&server, "e"), -1, "for ever");
}

#[test]
fn each_key_is_on_one_server_and_the_order_of_the_list_is_free() {
    let servers = [Memcached::start(), Memcached::start(), Memcached::start()];
    let names: Vec<_> = servers.iter().map(Memcached::address).collect();
    let s = MemcachedStore::new(names.clone()).expect("the names are well formed");
    let backwards = MemcachedStore::new(names.into_iter().rev()).expect("they still are");
    let keys: Vec<_> = (0..300).map(|i| format!("key-{i}")).collect();
    let keys: Vec<_> = keys.iter().map(String::as_bytes).collect();
    let changes: Vec<_> = keys.iter().map(|key| Change::new(key, store(key), Absent)).collect();
    assert!(apply(&s, &changes).iter().all(Result::is_ok));
    let items: Vec<_> = servers.iter().map(|server| server.stat("curr_items")).collect();
    assert_eq!(items.iter().sum::<u64>(), 300);
    assert!(items.iter().all(|&count| count > 60), "{items:?}");
    for (key, got) in keys.iter().zip(load(&backwards, &keys)) {
        assert_eq!(got.expect("a load has an outcome").value(), Some(*key));
    }
    let tokens = load(&s, &keys).into_iter().map(|got| got.expect("a hit").token().server());
    assert_eq!(tokens.collect::<HashSet<_>>(), HashSet::from([0, 1, 2]));
}

#[test]
fn servers_without_versions_refuse_what_depends_on_one_and_are_not_asked() {
    let server = Memcached::with(&["-C"]);
    let s = open(&server);
    apply_one(&s, b"k", store(b"v"), Absent);
    assert_eq!(apply_one(&s, b"k", store(b"w"), Absent), Applied::Exists);
    let token = load_one(&s, b"k").token();
    let before = (server.stat("cmd_set"), server.stat("delete_misses"));
    for what in [store(b"w"), Op::Delete] {
        let outcomes = apply(&s, &[Change::new(b"k", what, Matches(token))]);
        let [Err(StoreError::Refused(message))] = &outcomes[..] else { panic!("{outcomes:?}") };
        assert!(
            message.as_str().contains("-C") && message.as_str().contains(&server.address()),
            "{message}"
        );
    }
    assert_eq!((server.stat("cmd_set"), server.stat("delete_misses")), before);
    assert_eq!(load_one(&s, b"k").value(), Some(&b"v"[..]));
}

#[test]
fn a_lease_placeholder_is_a_hit_of_no_bytes_that_can_be_replaced() {
    let server = Memcached::start();
    let s = open(&server);
    server.ask("mg k v c N30\r\nmn\r\n", "MN");
    let got = load_one(&s, b"k");
    assert_eq!(got.value(), Some(&b""[..]));
    let applied = apply_one(&s, b"k", store(b"mine"), Matches(got.token()));
    assert!(matches!(applied, Applied::Stored));
    assert_eq!(load_one(&s, b"k").value(), Some(&b"mine"[..]));
}

#[test]
fn a_stale_value_is_a_hit_of_no_bytes_that_can_be_replaced() {
    let server = Memcached::start();
    let s = open(&server);
    apply_one(&s, b"k", store(b"old"), Always);
    server.ask("md k I T30\r\nmn\r\n", "MN");
    // The first reader wins the right to renew it, the second does not: both see the same.
    assert_eq!(load_one(&s, b"k").value(), Some(&b""[..]));
    let got = load_one(&s, b"k");
    assert_eq!(got.value(), Some(&b""[..]));
    let applied = apply_one(&s, b"k", store(b"new"), Matches(got.token()));
    assert!(matches!(applied, Applied::Stored));
    assert_eq!(load_one(&s, b"k").value(), Some(&b"new"[..]));
}

#[test]
fn servers_without_usable_meta_commands_are_served_by_the_classic_client() {
    for version in ["1.4.39", "1.5.22", "1.6.9", "1.6.12", "flare-1.3.4"] {
        let script = ["VALUE k 0 1 7\r\nx\r\nEND\r\n", "STORED\r\n"];
        let server = ScriptedServer::start(version, &script);
        let s = MemcachedStore::new([server.address()]).expect("the name is well formed");
        let got = load_one(&s, b"k");
        assert_eq!((got.value(), got.token().cas()), (Some(&b"x"[..]), 7), "{version}");
        let applied = apply_one(&s, b"k", store(b"y"), Matches(got.token()));
        assert!(matches!(applied, Applied::Stored), "{version}: {applied:?}");
        assert_eq!(server.requests(), ["gets k", "cas k 0 0 1 7"], "{version}");
    }
}

#[test]
fn a_server_that_was_replaced_by_one_with_meta_commands_is_asked_anew() {
    let server = Memcached::start();
    let proxy = Proxy::before(&server.address());
    let version = server.ask("version\r\n", "VERSION")[0].clone();
    let version = version.trim_start_matches("VERSION ");
    proxy.pretend(version, "1.5.22");
    let s = MemcachedStore::new([proxy.address()]).expect("the name is well formed");
    apply_one(&s, b"k", store(b"v"), Always);
    assert_eq!(load_one(&s, b"k").token().life(), 0);
    proxy.pretend(version, version);
    proxy.hang_up(End::Closed);
    proxy.turn_away(true);
    assert!(load(&s, &[b"k"])[0].is_err());
    proxy.turn_away(false);
    assert_eq!(load_when_up(&s, b"k").value(), Some(&b"v"[..]));
    assert_ne!(load_one(&s, b"k").token().life(), 0);
}
