//! Answers after which a connection cannot be trusted.

use std::{thread, time::Duration};

use memdict::StoreError;
use memdict_tests::{Got, ScriptedServer, apply, load, load_one};

use super::{MemcachedStore, applied, linked, loaded, open, stores};

const KEYS: [&[u8]; 5] = [b"a", b"b", b"c", b"d", b"e"];

/// The answers that follow a strange one. No operation may take them.
const REST: &str = "EN{O}\r\nEN{O}\r\nEN{O}\r\n{close}";

/// Strange answers to a load and to a change.
const STRANGE: [&str; 7] = [
    "XX\r\n",
    "5ecret and more\r\n",
    "\r\n",
    "hd c3\r\n",
    "STORED\r\n",
    "\0\u{1}\u{2}\u{3}\r\n",
    // The end of a longer answer, as if too little had been read before.
    "alue\r\nHD c7\r\n",
];

const STRANGE_VALUES: [&str; 6] = [
    "VA 1x c3{O}\r\nx\r\n",
    "VA -1 c3{O}\r\nx\r\n",
    "VA c3{O}\r\nx\r\n",
    "VA\r\nx\r\n",
    "VA 99999999999999999999999 c3{O}\r\nx\r\n",
    "VA 1 c3{O}\r\n5ecret\r\n",
];

const SHORT: [&str; 6] = [
    "{close}",
    "V{close}",
    "VA 10 c{close}",
    "VA 10 c3{O}\r\n{close}",
    "VA 10 c3{O}\r\nabc{close}",
    "VA 3 c3{O}\r\nabc\r{close}",
];

const SHORT_FOR_CHANGES: [&str; 4] = ["{close}", "H{close}", "HD c3{close}", "HD c3{O}\r{close}"];

/// Checks that the next call has a new connection, and its own answer.
fn begins_anew(server: &ScriptedServer, s: &MemcachedStore, why: &str) {
    let before = server.connections();
    server.play(&["VA 2 c9{O}\r\nok\r\n"]);
    assert_eq!(load_one(s, b"next").value(), Some(&b"ok"[..]), "{why:?}");
    assert_eq!(server.connections(), before + 1, "{why:?}");
}

fn says_nothing_of_values(error: &StoreError) {
    assert!(!error.to_string().contains("5ecret"), "{error}");
}

fn loads_after(strange: &str) {
    let (server, s) = linked();
    server.play(&["EN{O}\r\n", "VA 1 c2{O}\r\nb\r\n", strange]);
    let outcomes = load(&s, &KEYS);
    let expected = ["miss", "hit", "down", "down", "down"];
    assert_eq!(loaded(&outcomes), expected, "{strange:?}: {outcomes:?}");
    outcomes.iter().filter_map(|outcome| outcome.as_ref().err()).for_each(says_nothing_of_values);
    begins_anew(&server, &s, strange);
}

fn changes_after(strange: &str) {
    let (server, s) = linked();
    server.play(&["HD c1{O}\r\n", "SERVER_ERROR out of memory\r\n", strange]);
    let outcomes = apply(&s, &stores(KEYS));
    let expected = ["done", "refused", "unknown", "unknown", "unknown"];
    assert_eq!(applied(&outcomes), expected, "{strange:?}: {outcomes:?}");
    outcomes.iter().filter_map(|outcome| outcome.as_ref().err()).for_each(says_nothing_of_values);
    begins_anew(&server, &s, strange);
}

#[test]
fn loads_after_a_strange_answer_are_down_and_the_next_call_begins_anew() {
    for strange in STRANGE.iter().chain(&STRANGE_VALUES) {
        loads_after(&format!("{strange}{REST}"));
    }
}

#[test]
fn changes_after_a_strange_answer_are_unknown_and_the_next_call_begins_anew() {
    for strange in STRANGE {
        changes_after(&format!("{strange}{}", REST.replace("EN", "HD c9")));
    }
}

#[test]
fn loads_after_a_short_read_are_down_and_the_next_call_begins_anew() {
    SHORT.iter().for_each(|short| loads_after(short));
}

#[test]
fn changes_after_a_short_read_are_unknown_and_the_next_call_begins_anew() {
    SHORT_FOR_CHANGES.iter().for_each(|short| changes_after(short));
}

#[test]
fn superfluous_answers_end_the_connection_and_change_no_outcome() {
    let whole = "VA 6 c3\r\n5ecret\r\n";
    for more in
        [whole, "EN\r\n", "VA 2 c3\r\n", "VA 2 c3\r\nno", "E", "\r\n", "SERVER_ERROR no\r\n"]
    {
        let last = format!("VA 1 c2{{O}}\r\nb\r\n{more}");
        let server = ScriptedServer::start("1.6.45", &["EN{O}\r\n", &last]);
        server.hold_answers_back();
        let s = open(server.address());
        let outcomes = load(&s, &[b"a", b"b"]);
        assert_eq!(loaded(&outcomes), ["miss", "hit"], "{more:?}: {outcomes:?}");
        begins_anew(&server, &s, more);
    }
}

#[test]
fn a_wrong_opaque_ends_the_connection() {
    let (server, s) = linked();
    if !server.requests()[0].contains(" O") {
        // Without opaques, only the position of an answer counts.
        return;
    }
    server.play(&["EN{O}\r\n", "VA 6 c2{other O}\r\n5ecret\r\nEN\r\n{close}"]);
    let outcomes = load(&s, &[b"a", b"b", b"c"]);
    assert_eq!(loaded(&outcomes), ["miss", "down", "down"], "{outcomes:?}");
    begins_anew(&server, &s, "another opaque");
    server.play(&["HD c1{O}\r\n", "HD c2{other O}\r\nHD\r\n{close}"]);
    let outcomes = apply(&s, &stores([b"a", b"b", b"c"]));
    assert_eq!(applied(&outcomes), ["done", "unknown", "unknown"], "{outcomes:?}");
    begins_anew(&server, &s, "another opaque");
}

#[test]
fn an_answer_without_a_request_is_never_used() {
    let script = ["EN{O}\r\n{pause}VA 6 c3\r\n5ecret\r\n"];
    let server = ScriptedServer::start("1.6.45", &script);
    server.pause(Duration::from_millis(20));
    let s = open(server.address());
    assert_eq!(load_one(&s, b"a"), Got::Miss);
    thread::sleep(Duration::from_millis(200));
    begins_anew(&server, &s, "a late answer");
}
