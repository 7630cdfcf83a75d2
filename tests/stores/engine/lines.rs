//! Error lines, and answers of older servers.

use memdict::{Change, Condition, Store, StoreError};
use memdict_tests::{Got, ScriptedServer, apply, load, load_one, store};

use super::{applied, delete, linked, loaded, open, stores};

const LINES: [&str; 3] = [
    "SERVER_ERROR out of memory storing object\r\n",
    "CLIENT_ERROR bad command line format\r\n",
    "ERROR\r\n",
];

const KEYS: [&[u8]; 5] = [b"a", b"b", b"c", b"d", b"e"];

/// Checks that the same connection answers another request.
fn goes_on(server: &ScriptedServer, s: &dyn Store, connections: usize) {
    server.play(&["VA 2 c9{O}\r\nok\r\n"]);
    assert_eq!(load_one(s, b"next").value(), Some(&b"ok"[..]));
    assert_eq!(server.connections(), connections, "the connection stays in use");
}

/// Replaces each of five answers by each error line. `run` makes the batch that belongs to
/// `answers`, and returns its outcomes as words. The operation with the error line is refused, and
/// the others have the same outcomes as without it.
fn each_line_refuses_one(
    answers: [&str; 5],
    words: [&'static str; 5],
    run: impl Fn(&dyn Store) -> Vec<&'static str>,
) {
    for line in LINES {
        let (server, s) = linked();
        let connections = server.connections();
        for at in 0..KEYS.len() {
            let (mut answers, mut expected) = (answers, words);
            (answers[at], expected[at]) = (line, "refused");
            server.play(&answers);
            assert_eq!(run(&s), expected, "{line:?} at {at}");
            goes_on(&server, &s, connections);
        }
    }
}

#[test]
fn an_error_line_refuses_its_load_and_nothing_else() {
    let answers = [
        "VA 1 c1{O}\r\na\r\n",
        "EN{O}\r\n",
        "VA 0 c3{O}\r\n\r\n",
        "EN{O}\r\n",
        "VA 1 c5{O}\r\ne\r\n",
    ];
    each_line_refuses_one(answers, ["hit", "miss", "hit", "miss", "hit"], |s| {
        let outcomes = load(s, &KEYS);
        for (key, outcome) in KEYS.iter().zip(&outcomes) {
            if let Ok(Got::Hit(value, _)) = outcome {
                assert!(value.is_empty() || value == key, "{outcomes:?}");
            }
        }
        loaded(&outcomes)
    });
}

#[test]
fn an_error_line_refuses_its_change_and_nothing_else() {
    let answers = ["HD c1{O}\r\n", "NS c0{O}\r\n", "HD{O}\r\n", "NF{O}\r\n", "HD c5{O}\r\n"];
    let [a, _, _, _, e] = stores(KEYS);
    let b = Change::new(b"b", store(b"v"), Condition::Absent);
    let changes = [a, b, delete(b"c"), delete(b"d"), e];
    let words = ["done", "exists", "done", "gone", "done"];
    each_line_refuses_one(answers, words, |s| applied(&apply(s, &changes)));
}

#[test]
fn a_batch_may_be_answered_by_nothing_but_error_lines() {
    let (server, s) = linked();
    let connections = server.connections();
    for line in LINES {
        server.play(&[line; 5]);
        assert_eq!(loaded(&load(&s, &KEYS)), ["refused"; 5], "{line:?}");
        server.play(&[line; 5]);
        assert_eq!(applied(&apply(&s, &stores(KEYS))), ["refused"; 5], "{line:?}");
        goes_on(&server, &s, connections);
    }
}

#[test]
fn a_refusal_says_what_the_server_says_and_which_server() {
    let server = ScriptedServer::start("1.6.45", &["CLIENT_ERROR too busy today\r\n"]);
    let s = open(server.address());
    let outcomes = apply(&s, &stores([b"a"]));
    let [Err(StoreError::Refused(why))] = &outcomes[..] else { panic!("{outcomes:?}") };
    assert!(
        why.as_str().contains("too busy today") && why.as_str().contains(&server.address()),
        "{why}"
    );
}

#[test]
fn the_error_line_of_a_proxy_leaves_a_change_unknown_and_is_no_miss() {
    let (server, s) = linked();
    let connections = server.connections();
    let line = "SERVER_ERROR backend failure\r\n";
    server.play(&["VA 1 c1{O}\r\na\r\n", line, "EN{O}\r\n", line, "EN{O}\r\n"]);
    assert_eq!(loaded(&load(&s, &KEYS)), ["hit", "down", "miss", "down", "miss"]);
    server.play(&["HD c1{O}\r\n", line, "HD c3{O}\r\n", line, "HD c5{O}\r\n"]);
    let outcomes = applied(&apply(&s, &stores(KEYS)));
    assert_eq!(outcomes, ["done", "unknown", "done", "unknown", "done"]);
    goes_on(&server, &s, connections);
}

#[test]
fn servers_before_1_6_18_answer_a_miss_without_an_opaque_and_batches_work() {
    let script = ["EN\r\n", "VA 1 c7{O}\r\nx\r\n", "EN\r\n", "EN\r\n", "VA 1 c9{O}\r\ny\r\n"];
    let server = ScriptedServer::start("1.6.17", &script);
    server.hold_answers_back();
    let s = open(server.address());
    let outcomes = load(&s, &KEYS);
    assert_eq!(loaded(&outcomes), ["miss", "hit", "miss", "miss", "hit"], "{outcomes:?}");
    let value = |at: usize| outcomes[at].as_ref().ok().and_then(Got::value);
    assert_eq!((value(1), value(4)), (Some(&b"x"[..]), Some(&b"y"[..])));

    server.play(&["HD c8{O}\r\n", "NS c0{O}\r\n", "NF\r\n", "HD\r\n"]);
    let [a, ..] = stores(KEYS);
    let b = Change::new(b"b", store(b"v"), Condition::Absent);
    let outcomes = apply(&s, &[a, b, delete(b"c"), delete(b"d")]);
    assert_eq!(applied(&outcomes), ["done", "exists", "gone", "done"], "{outcomes:?}");
}
