//! Servers that fail.

use std::time::{Duration, Instant};

use memdict::{Applied, Change, Condition, StoreError};
use memdict_tests::{Memcached, ScriptedServer, apply, apply_one, load_one, named, store};

use Condition::{Absent, Always, Matches};

use super::{at, hangs, open};

/// The documented hazard: these protocols do not reveal a restart.
#[test]
fn after_a_restart_a_token_may_match_another_clients_value() {
    let mut server = Memcached::start();
    let s = open(&server);
    apply_one(&s, b"k", store(b"mine"), Always);
    let token = load_one(&s, b"k").token();
    server.restart();
    apply_one(&s, b"k", store(b"theirs"), Always);
    assert_eq!(load_one(&s, b"k").token(), token);
    assert!(matches!(apply_one(&s, b"k", store(b"x"), Matches(token)), Applied::Stored));
}

#[test]
fn a_server_that_hangs_costs_a_timeout_and_changes_are_not_sent_to_it() {
    let timeout = Duration::from_millis(300);
    let server = Memcached::start();
    let s = open(&server).timeout(timeout);
    hangs(&s, timeout, || server.pause(), || server.resume());
}

#[test]
fn a_server_that_hangs_behind_a_unix_socket_costs_a_timeout_as_well() {
    let timeout = Duration::from_millis(300);
    let server = Memcached::on_socket();
    let s = at(server.address()).timeout(timeout);
    hangs(&s, timeout, || server.pause(), || server.resume());
}

#[test]
fn a_change_that_is_not_answered_in_time_is_unknown_and_the_rest_is_not_sent() {
    for (silence, change) in [
        ("", Change::new(b"b", store(b"5ecret"), Always)),
        ("", Change::new(b"b", store(b"5ecret"), Absent)),
        ("", Change::new(b"b", memdict::Op::Delete, Always)),
        ("STOR", Change::new(b"b", store(b"5ecret"), Always)),
    ] {
        let server = ScriptedServer::start("1.4.0", &["STORED\r\n", silence, "STORED\r\n"]);
        let timeout = Duration::from_millis(200);
        let s = at(server.address()).timeout(timeout);
        let begun = Instant::now();
        let first = Change::new(b"a", store(b"v"), Always);
        let outcomes = apply(&s, &[first, change, first]);
        let [Ok(Applied::Stored), Err(unknown @ StoreError::Unknown(_)), Err(rest)] = &outcomes[..]
        else {
            panic!("{outcomes:?}")
        };
        assert!((timeout..10 * timeout).contains(&begun.elapsed()), "{:?}", begun.elapsed());
        assert!(named(unknown, &server.address()).contains("timed out"));
        assert!(
            matches!(rest, StoreError::Down(why) if why.as_str().contains("not sent")),
            "{rest:?}"
        );
        assert!(!format!("{outcomes:?}").contains("5ecret"));
        assert_eq!(server.requests().len(), 2);
        // The late answer is not used.
        assert!(matches!(apply_one(&s, b"a", store(b"v"), Always), Applied::Stored));
    }
}

#[test]
fn a_change_whose_connection_ends_is_unknown_and_the_next_batch_has_another_one() {
    let server = ScriptedServer::start("1.4.0", &["STORED\r\n"]);
    let s = at(server.address());
    let change = Change::new(b"a", store(b"v"), Always);
    let outcomes = apply(&s, &[change, change, change]);
    assert!(
        matches!(outcomes[..], [Ok(_), Err(StoreError::Unknown(_)), Err(StoreError::Down(_))]),
        "{outcomes:?}"
    );
    let before = server.connections();
    assert!(matches!(apply(&s, &[change])[..], [Err(StoreError::Unknown(_))]));
    assert!(server.connections() > before);
}

#[test]
fn a_refused_connection_means_that_nothing_was_applied() {
    let server = ScriptedServer::start("1.6.18", &["ERROR Too many open connections\r\n"]);
    let s = at(server.address());
    for outcome in apply(&s, &[Change::new(b"a", store(b"v"), Always); 2]) {
        let Err(error @ StoreError::Down(_)) = outcome else { panic!("{outcome:?}") };
        assert!(named(&error, &server.address()).contains("-c"), "{error}");
    }
}
