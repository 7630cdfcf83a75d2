//! Servers that fail.

use std::time::{Duration, Instant};

use memdict::{Applied, Change, Condition, Op};
use memdict_tests::{
    Got, Memcached, ScriptedServer, apply, apply_one, load_one, load_when_up, named, store,
};

use Condition::{Always, Matches};

use super::open;
use crate::engine::applied;

#[test]
fn a_token_from_before_a_restart_says_so_where_the_server_tells_its_life() {
    let mut server = Memcached::start();
    let s = open(server.address());
    apply_one(&s, b"k", store(b"mine"), Always);
    let token = load_one(&s, b"k").token();
    assert_ne!(token.life(), 0);
    server.restart();
    assert_eq!(load_when_up(&s, b"k"), Got::Miss);
    apply_one(&s, b"k", store(b"theirs"), Always);
    for what in [store(b"x"), Op::Delete] {
        let outcome = apply_one(&s, b"k", what, Matches(token));
        // In the same second, the two lives look alike.
        assert!(matches!(outcome, Applied::Restarted | Applied::Unproven), "{outcome:?}");
    }
    assert_eq!(load_one(&s, b"k").value(), Some(&b"theirs"[..]));
}

#[test]
fn a_change_that_is_not_answered_in_time_is_unknown_and_a_late_answer_is_not_used() {
    for late in ["{pause}STORED\r\n", "STOR{pause}ED\r\n"] {
        let server = ScriptedServer::start("1.4.39", &["STORED\r\n", late, "STORED\r\n"]);
        server.pause(Duration::from_secs(3));
        let timeout = Duration::from_millis(200);
        let s = open(server.address()).timeout(timeout);
        let begun = Instant::now();
        let change = Change::new(b"a", store(b"5ecret"), Always);
        let outcomes = apply(&s, &[change; 3]);
        assert_eq!(applied(&outcomes), ["done", "unknown", "unknown"], "{outcomes:?}");
        assert!((timeout..10 * timeout).contains(&begun.elapsed()), "{:?}", begun.elapsed());
        let Err(unknown) = &outcomes[1] else { panic!("{outcomes:?}") };
        assert!(named(unknown, &server.address()).contains("timed out"));
        assert!(!format!("{outcomes:?}").contains("5ecret"));
        server.play(&["NOT_FOUND\r\n"]);
        assert_eq!(apply_one(&s, b"a", Op::Delete, Always), Applied::Gone);
    }
}

#[test]
fn an_error_that_may_leave_the_value_unread_ends_the_connection() {
    let server =
        ScriptedServer::start("1.4.39", &["STORED\r\n", "ERROR\r\nERROR\r\n", "STORED\r\n"]);
    let s = open(server.address());
    let change = Change::new(b"a", store(b"flush_all"), Always);
    let outcomes = apply(&s, &[change; 3]);
    assert_eq!(applied(&outcomes), ["done", "refused", "unknown"]);
    let before = server.connections();
    server.play(&["STORED\r\n"; 2]);
    assert!(matches!(apply(&s, &[change])[..], [Ok(Applied::Stored)]));
    assert_eq!(server.connections(), before + 1);
}

#[test]
fn a_server_without_touch_refuses_it_and_the_connection_goes_on() {
    let server = ScriptedServer::start("1.4.0", &["ERROR\r\n", "STORED\r\n", "END\r\n"]);
    let s = open(server.address());
    let touch = Op::Touch { expiry: memdict::Expiry::Never };
    let changes = [Change::new(b"a", touch, Always), Change::new(b"a", store(b"v"), Always)];
    assert_eq!(applied(&apply(&s, &changes)), ["refused", "done"]);
    assert_eq!(load_one(&s, b"a"), Got::Miss);
    assert_eq!(server.connections(), 1);
}

#[test]
fn a_server_that_sends_too_much_loses_its_connection_and_nothing_else() {
    let server = ScriptedServer::start("1.4.39", &["STORED\r\nSTORED\r\n", "NOT_FOUND\r\n"]);
    let s = open(server.address());
    assert!(matches!(apply_one(&s, b"a", store(b"v"), Always), Applied::Stored));
    // It would be taken for a success.
    assert_eq!(apply_one(&s, b"a", Op::Delete, Always), Applied::Gone);
}
