//! Servers that work.

use std::{collections::HashSet, time::Duration};

use memdict::{Applied, Change, Condition, Error, Op, StoreError};
use memdict_tests::{
    Got, Memcached, ScriptedServer, apply, apply_one, load, load_one, store, store_for,
};

use Condition::{Absent, Always, Matches};

use super::Client;

const DAY: u64 = 24 * 60 * 60;

/// Returns the rest of a lifetime, as the server reports it.
fn ttl(server: &Memcached, key: &str) -> i64 {
    let lines = server.ask(&format!("mg {key} t\r\n"), "HD");
    let left = lines[0].strip_prefix("HD t").expect("the value is there");
    left.parse().expect("a lifetime is a number")
}

pub(super) fn nothing_is_connected_until_the_first_operation<C: Client>() {
    let (version, miss, question) = C::MISS;
    let server = ScriptedServer::start(version, &[miss]);
    let s = C::on([server.address()]);
    assert_eq!(server.connections(), 0);
    assert_eq!(load_one(&s, b"k"), Got::Miss);
    assert!(server.connections() > 0);
    let requests = server.requests();
    assert!(requests.len() == 1 && requests[0].starts_with(question), "{requests:?}");
}

pub(super) fn an_empty_list_and_malformed_names_are_errors_that_quote_them<C: Client>() {
    for (name, shown) in [
        ("", ""),
        // It may be a user and a password.
        ("host:port", "host:…"),
        ("::1", "::1"),
        ("a b", "a b"),
        ("run/a.sock", "run/a.sock"),
        ("/", "/"),
        ("memcache://a:1", "memcache:…"),
    ] {
        let error = C::of([name.to_owned()]).expect_err("the name is malformed");
        assert!(matches!(error, Error::Config { .. }), "{error:?}");
        assert!(error.to_string().contains(&format!("`{shown}`")), "{error}");
    }
    assert!(C::of(Vec::new()).is_err());
    let same = ["localhost", "LOCALHOST:11211"].map(str::to_owned);
    assert!(C::of(same).is_err(), "one server twice");
}

pub(super) fn invalid_keys_are_refused_and_cannot_smuggle_a_command<C: Client>() {
    let server = Memcached::start();
    let s = C::open(&server);
    apply_one(&s, b"k", store(b"v"), Always);
    let before = server.stat("cmd_set");
    let keys = [
        &b"a 0 0 1\r\nx\r\nset evil 0 0 1\r\nx"[..],
        b"a\r\nms evil 1\r\nx",
        b"a 1\r\nx\r\nflush_all",
        b"a\r\nflush_all\r\n",
        b"a\nb",
        b"a b",
        b"",
        &[b'x'; 251],
    ];
    for key in keys.into_iter().chain(C::REFUSES) {
        assert!(matches!(load(&s, &[key])[..], [Err(StoreError::Refused(_))]), "{key:?}");
        for what in [store(b"v"), Op::Delete] {
            let outcomes = apply(&s, &[Change::new(key, what, Always)]);
            assert!(matches!(outcomes[..], [Err(StoreError::Refused(_))]), "{key:?}");
        }
    }
    assert_eq!(server.stat("cmd_set"), before);
    assert_eq!(load_one(&s, b"evil"), Got::Miss);
    assert_eq!(load_one(&s, b"k").value(), Some(&b"v"[..]));
}

pub(super) fn lifetimes_around_30_days_are_kept<C: Client>() {
    let server = Memcached::start();
    let s = C::open(&server);
    for (key, seconds) in [("a", 30 * DAY - 1), ("b", 30 * DAY), ("c", 30 * DAY + 1)] {
        let what = store_for(b"v", Duration::from_secs(seconds));
        apply_one(&s, key.as_bytes(), what, Always);
        assert_eq!(load_one(&s, key.as_bytes()).value(), Some(&b"v"[..]), "{seconds}");
        let expected = i64::try_from(seconds).expect("it is small");
        assert!((expected - 3..=expected + 2).contains(&ttl(&server, key)), "{seconds}");
    }
}

pub(super) fn lifetimes_that_end_after_2038_end_then_and_are_not_dropped<C: Client>() {
    let server = Memcached::start();
    let s = C::open(&server);
    for (key, seconds) in [("a", 20 * 365 * DAY), ("b", 1 << 31), ("c", 1 << 32), ("d", u64::MAX)] {
        apply_one(&s, key.as_bytes(), store_for(b"v", Duration::from_secs(seconds)), Always);
        assert_eq!(load_one(&s, key.as_bytes()).value(), Some(&b"v"[..]), "{seconds}");
        assert!(ttl(&server, key) > 365 * DAY as i64, "{seconds}");
    }
    apply_one(&s, b"e", store(b"v"), Always);
    assert_eq!(ttl(&server, "e"), -1, "for ever");
}

pub(super) fn each_key_is_on_one_server_and_the_order_of_the_list_does_not_matter<C: Client>() {
    let servers = [Memcached::start(), Memcached::start(), Memcached::start()];
    let names: Vec<_> = servers.iter().map(Memcached::address).collect();
    let s = C::on(names.clone());
    let backwards = C::on(names.into_iter().rev());
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

pub(super) fn changes_on_a_version_are_refused_unsent_by_servers_that_keep_none<C: Client>() {
    let server = Memcached::with(&["-C"]);
    let s = C::open(&server);
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
