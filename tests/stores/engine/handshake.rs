//! The questions that a server is asked on each connection before the first operation.

use memdict_tests::{Got, ScriptedServer, apply, load, load_one};

use super::{applied, loaded, open, stores};

const QUESTIONS: [&str; 4] = ["version", "stats settings", "stats", "mn"];

#[test]
fn a_connection_is_asked_once_in_one_exchange_before_its_first_operation() {
    let server = ScriptedServer::start("1.6.45", &["EN{O}\r\n"]);
    server.hold_answers_back();
    let s = open(server.address());
    assert_eq!(load_one(&s, b"a"), Got::Miss);
    server.play(&["HD c1{O}\r\n", "HD c2{O}\r\n"]);
    assert_eq!(applied(&apply(&s, &stores([b"a", b"b"]))), ["done", "done"]);
    server.play(&["EN{O}\r\n"]);
    assert_eq!(load_one(&s, b"a"), Got::Miss);
    let expected: Vec<_> = QUESTIONS.into_iter().chain(["*"; 4]).collect();
    assert_eq!(server.questions(), expected);
    assert_eq!(server.connections(), 1);
}

#[test]
fn each_new_connection_is_asked_again() {
    let server = ScriptedServer::start("1.6.45", &["{close}"]);
    let s = open(server.address());
    assert_eq!(loaded(&load(&s, &[b"a"])), ["down"]);
    server.play(&["EN{O}\r\n"]);
    assert_eq!(load_one(&s, b"a"), Got::Miss);
    let once: Vec<_> = QUESTIONS.into_iter().chain(["*"]).collect();
    assert_eq!(server.questions(), [&once[..], &once].concat());
    assert_eq!(server.connections(), 2);
}
