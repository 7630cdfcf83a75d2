//! Answers that arrive in pieces.

use memdict::{Change, Condition, Op};
use memdict_tests::{Got, Pieces, ScriptedServer, apply, load, store};

use super::{applied, delete, loaded, open, stores};

const LOADS: [&str; 8] = [
    "VA 5 c11{O}\r\nalpha\r\n",
    "EN{O}\r\n",
    "SERVER_ERROR out of memory writing get response\r\n",
    "VA 0 c12{O}\r\n\r\n",
    // The bytes of a value are not an answer.
    "VA 12 c13{O}\r\n\r\nEN\r\nVA 1 c\r\n",
    "CLIENT_ERROR bad\r\n",
    "EN{O}\r\n",
    "VA 1 c18446744073709551615{O}\r\nz\r\n",
];

const CHANGES: [&str; 7] = [
    "HD c21{O}\r\n",
    "NS c0{O}\r\n",
    "EX c0{O}\r\n",
    "SERVER_ERROR out of memory storing object\r\n",
    "NF c0{O}\r\n",
    "CLIENT_ERROR bad data chunk\r\n",
    "HD{O}\r\n",
];

/// Runs one conversation, including the handshake, in these pieces.
fn hold(server: &ScriptedServer, pieces: Pieces) {
    server.cut_answers(pieces);
    let s = open(server.address());
    server.play(&LOADS);
    let keys: [&[u8]; 8] = [b"a", b"b", b"c", b"d", b"e", b"f", b"g", b"h"];
    let outcomes = load(&s, &keys);
    let expected = ["hit", "miss", "refused", "hit", "hit", "refused", "miss", "hit"];
    assert_eq!(loaded(&outcomes), expected, "{pieces:?}: {outcomes:?}");
    let hits: Vec<_> = outcomes.iter().flatten().filter(|got| got.value().is_some()).collect();
    let values: Vec<_> = hits.iter().filter_map(|got| got.value()).collect();
    assert_eq!(values, [&b"alpha"[..], b"", b"\r\nEN\r\nVA 1 c", b"z"], "{pieces:?}");
    let versions: Vec<_> = hits.iter().map(|got| got.token().cas()).collect();
    assert_eq!(versions, [11, 12, 13, u64::MAX], "{pieces:?}");

    let token = hits[0].token();
    server.play(&CHANGES);
    let [a, d] = stores([b"a", b"d"]);
    let changes = [
        a,
        Change::new(b"b", store(b"v"), Condition::Absent),
        Change::new(b"c", store(b"v"), Condition::Matches(token)),
        d,
        Change::new(b"e", Op::Delete, Condition::Matches(token)),
        delete(b"f"),
        delete(b"g"),
    ];
    let outcomes = apply(&s, &changes);
    let expected = ["done", "exists", "differs", "refused", "gone", "refused", "done"];
    assert_eq!(applied(&outcomes), expected, "{pieces:?}: {outcomes:?}");
}

/// More bytes than the answers of one conversation have, including the handshake's.
const CONVERSATION: usize = 480;

#[test]
fn answers_split_in_two_at_any_byte_are_the_same_answers() {
    let scripts = LOADS.iter().chain(&CHANGES).map(|answer| answer.len()).sum::<usize>();
    assert!(scripts < CONVERSATION - 150, "{scripts}");
    let server = ScriptedServer::start("1.6.45", &[]);
    for at in 0..CONVERSATION {
        hold(&server, Pieces::SplitAt(at));
    }
}

#[test]
fn answers_that_come_byte_by_byte_are_the_same_answers() {
    let server = ScriptedServer::start("1.6.45", &[]);
    hold(&server, Pieces::Bytes);
}

#[test]
fn answers_that_come_all_at_once_are_the_same_answers() {
    let server = ScriptedServer::start("1.6.45", &[]);
    server.hold_answers_back();
    hold(&server, Pieces::Whole);
}

#[test]
fn an_unrequested_reply_flag_is_ignored() {
    let script = ["VA 1 f0 c7 s1 t-1 h0{O}\r\nx\r\n", "EN{O}\r\n"];
    let server = ScriptedServer::start("1.6.45", &script);
    let outcomes = load(&open(server.address()), &[b"a", b"b"]);
    assert_eq!(loaded(&outcomes), ["hit", "miss"], "{outcomes:?}");
    let Ok(Got::Hit(value, token)) = &outcomes[0] else { unreachable!("it is a hit") };
    assert_eq!((&value[..], token.cas()), (&b"x"[..], 7));
}
