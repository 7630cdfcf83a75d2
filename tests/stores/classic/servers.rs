//! With servers that work.

use std::{thread, time::Duration};

use memdict::{Applied, Cache, Change, ClassicStore, Condition, Op, StoreError};
use memdict_tests::{
    Daemon, Got, Memcached, ScriptedServer, apply, apply_one, load, load_one, store, store_for,
};

use Condition::{Absent, Always, Matches};

use super::{at, open};

const DAY: u64 = 24 * 60 * 60;

#[test]
fn nothing_is_connected_until_the_first_operation() {
    let server = ScriptedServer::start("1.4.0", &["END\r\n"]);
    let s = at(server.address());
    assert_eq!(server.connections(), 0);
    assert_eq!(load_one(&s, b"k"), Got::Miss);
    assert!(server.connections() > 0);
    assert_eq!(server.requests(), ["gets k"]);
}

#[test]
fn an_empty_list_and_malformed_names_are_errors_that_quote_them() {
    for name in ["", "host:port", "::1", "a b", "run/a.sock", "/", "memcache://a:1"] {
        let error = ClassicStore::new([name]).expect_err("the name is malformed").to_string();
        assert!(error.contains(&format!("`{name}`")), "{error}");
    }
    assert!(ClassicStore::new(Vec::<String>::new()).is_err());
}

#[test]
fn debug_shows_servers_and_settings_and_no_password() {
    let s = ClassicStore::new(["a", "b:7"]).expect("the names are well formed");
    let s = s.credentials("shop", "5ecret").expect("both are plain");
    let s = s.timeout(Duration::from_millis(7)).connect_timeout(Duration::MAX);
    assert_eq!(
        format!("{s:?}"),
        "ClassicStore { servers: [\"a:11211\", \"b:7\"], sasl: true, tls: None, timeout: 7ms, \
         connect_timeout: 86400s, max_item_bytes: 1048576, .. }"
    );
}

#[test]
fn a_url_opens_it_over_tcp_and_over_a_unix_socket() {
    let (server, on_socket) = (Memcached::start(), Daemon::memcached_on_socket());
    for address in [server.address(), on_socket.address()] {
        let cache = Cache::open(&format!("memcache+classic://{address}?timeout=2s&strict=true"));
        let cache = cache.expect("the URL is well formed");
        for expected in [1, 2] {
            let hits = cache.transaction(|session| {
                let mut hits = session.dict::<u64>("hits").entry("all")?.or_default();
                *hits += 1;
                Ok(*hits)
            });
            assert_eq!(hits.expect("the server is there"), expected);
        }
    }
}

#[test]
fn keys_that_are_no_keys_or_not_utf_8_are_refused_and_cannot_smuggle_a_command() {
    let server = Memcached::start();
    let s = open(&server);
    apply_one(&s, b"k", store(b"v"), Always);
    let before = server.stat("cmd_set");
    for key in [
        &b"a 0 0 1\r\nx\r\nset evil 0 0 1\r\nx"[..],
        b"a\r\nflush_all\r\n",
        b"a\nb",
        b"a b",
        b"\xff",
        b"",
        &[b'x'; 251],
    ] {
        assert!(matches!(load(&s, &[key])[..], [Err(StoreError::Refused(_))]));
        for what in [store(b"v"), Op::Delete] {
            let outcomes = apply(&s, &[Change::new(key, what, Always)]);
            assert!(matches!(outcomes[..], [Err(StoreError::Refused(_))]));
        }
    }
    assert_eq!(server.stat("cmd_set"), before);
    assert_eq!(load_one(&s, b"evil"), Got::Miss);
    assert_eq!(load_one(&s, b"k").value(), Some(&b"v"[..]));
}

#[test]
fn values_are_stored_without_client_flags() {
    let server = Memcached::start();
    apply_one(&open(&server), b"k", store(b"v"), Always);
    assert_eq!(server.ask("get k\r\n", "END"), ["VALUE k 0 1", "v", "END"]);
}

#[test]
fn a_value_deleted_on_its_token_is_gone_for_everyone_at_once() {
    let server = Memcached::start();
    let s = open(&server);
    apply_one(&s, b"k", store(b"v"), Always);
    let token = load_one(&s, b"k").token();
    assert!(matches!(apply_one(&s, b"k", Op::Delete, Matches(token)), Applied::Deleted));
    assert_eq!(server.ask("get k\r\n", "END"), ["END"]);
    assert_eq!(server.ask("replace k 0 0 1\r\nx\r\n", "NOT"), ["NOT_STORED"]);
    assert_eq!(server.ask("delete k\r\n", "NOT"), ["NOT_FOUND"]);
    assert!(matches!(apply_one(&s, b"k", store(b"w"), Absent), Applied::Stored));
    assert_eq!(server.ask("get k\r\n", "END"), ["VALUE k 0 1", "w", "END"]);
}

#[test]
fn an_item_may_take_what_it_was_told_and_the_server_has_the_last_word() {
    let server = Memcached::with(&["-I", "2m", "-m", "100"]);
    let value = vec![1; (2 << 20) - 59 - 1];
    let change = |value| [Change::new(b"k", store(value), Always)];
    let outcomes = apply(&open(&server), &change(&value));
    assert!(matches!(outcomes[..], [Err(StoreError::Refused(_))]), "1 MiB unless told otherwise");
    assert_eq!(server.stat("cmd_set"), 0);
    let s = open(&server).max_item_bytes(2 << 20);
    assert!(matches!(apply(&s, &change(&value))[..], [Ok(Applied::Stored)]));

    let s = open(&server).max_item_bytes(8 << 20);
    let larger = vec![1; 3 << 20];
    let changes =
        [Change::new(b"k", store(&larger), Always), Change::new(b"l", store(b"v"), Always)];
    let outcomes = apply(&s, &changes);
    let [Err(StoreError::Refused(why)), Ok(Applied::Stored)] = &outcomes[..] else {
        panic!("{outcomes:?}")
    };
    assert!(why.contains("too large") && why.contains(&server.address()), "{why}");
}

#[test]
fn lifetimes_around_30_days_and_beyond_2038_are_kept() {
    let server = Memcached::start();
    let s = open(&server);
    for seconds in [30 * DAY - 1, 30 * DAY, 30 * DAY + 1, u64::MAX] {
        apply_one(&s, b"k", store_for(b"v", Duration::from_secs(seconds)), Always);
        let lines = server.ask("mg k t\r\n", "HD");
        let left: u64 =
            lines[0].strip_prefix("HD t").expect("it is there").parse().expect("a number");
        let expected = seconds.min(365 * DAY);
        assert!(left + 3 >= expected && left <= seconds.saturating_add(2), "{seconds}: {left}");
    }
}

#[test]
fn a_server_without_versions_refuses_what_depends_on_one() {
    let server = Memcached::with(&["-C"]);
    let s = open(&server);
    apply_one(&s, b"k", store(b"v"), Absent);
    assert_eq!(apply_one(&s, b"k", store(b"w"), Absent), Applied::Exists);
    let token = load_one(&s, b"k").token();
    for what in [store(b"w"), Op::Delete] {
        let outcomes = apply(&s, &[Change::new(b"k", what, Matches(token))]);
        let [Err(StoreError::Refused(message))] = &outcomes[..] else { panic!("{outcomes:?}") };
        assert!(message.contains("-C") && message.contains(&server.address()), "{message}");
    }
    assert_eq!(load_one(&s, b"k").value(), Some(&b"v"[..]));
}

#[test]
fn values_are_loaded_a_hundred_at_a_time() {
    let server = Memcached::start();
    let s = open(&server);
    let names: Vec<_> = (0..250).map(|i| format!("key-{i}")).collect();
    let keys: Vec<_> = names.iter().map(String::as_bytes).collect();
    let changes: Vec<_> = keys.iter().map(|key| Change::new(key, store(key), Always)).collect();
    assert!(apply(&s, &changes).iter().all(Result::is_ok));
    // The same key again, and one that is not there.
    let asked: Vec<_> = keys.iter().copied().chain([keys[0], b"none", keys[0]]).collect();
    for (key, got) in asked.iter().zip(load(&s, &asked)) {
        let expected = (*key != b"none").then_some(*key);
        assert_eq!(got.expect("a load has an outcome").value(), expected);
    }
}

/// Each batch has a connection to itself: answers never go to somebody else.
#[test]
fn threads_lose_no_update_that_depends_on_a_version() {
    let server = Memcached::start();
    let s = open(&server);
    apply_one(&s, b"n", store(&0_u64.to_le_bytes()), Always);
    let add = || {
        for _ in 0..100 {
            loop {
                let Got::Hit(bytes, token) = load_one(&s, b"n") else { panic!("it is gone") };
                let n = u64::from_le_bytes(bytes.try_into().expect("8 bytes")) + 1;
                if apply_one(&s, b"n", store(&n.to_le_bytes()), Matches(token)) != Applied::Differs
                {
                    break;
                }
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(add);
        }
    });
    assert_eq!(load_one(&s, b"n").value(), Some(&400_u64.to_le_bytes()[..]));
}
