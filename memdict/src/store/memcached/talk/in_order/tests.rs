//! What a server could answer in the classic dialect, and the outcomes that this gives.

use proptest::prelude::*;

use super::super::scripted::{
    classic::{applied, check_changes, check_loads, facts, loaded},
    send,
};
use crate::store::{
    memcached::{inbox::Inbox, load::Loads, talk::Talk, work::Peer},
    operation::{Load, Loaded, StoreError},
};

#[test]
fn values_belong_to_their_keys_in_whatever_order_they_come() {
    let answers = b"VALUE k0 0 1 5\r\na\r\nVALUE k2 0 1 6\r\nc\r\nEND\r\n";
    assert_eq!(loaded(4, false, &[answers]), ["a c5", "miss", "c c6", "miss"]);
    // A proxy puts together what its servers say.
    let answers = b"VALUE k2 0 1 6\r\nc\r\nVALUE k0 0 1 5\r\na\r\nEND\r\n";
    assert_eq!(loaded(4, false, &[answers]), ["a c5", "miss", "c c6", "miss"]);
    assert_eq!(loaded(3, false, &[b"END\r\n"]), ["miss"; 3]);
}

#[test]
fn a_value_that_was_not_asked_for_ends_the_conversation() {
    for answers in [
        &b"VALUE x 0 1 5\r\na\r\nEND\r\n"[..],
        b"VALUE k 0 1 5\r\na\r\nEND\r\n",
        b"VALUE k00 0 1 5\r\na\r\nEND\r\n",
        b"STORED\r\n",
        b"1\r\n",
        b"HD\r\n",
    ] {
        assert_eq!(loaded(2, false, &[answers]), ["down", "down"], "{}", answers.escape_ascii());
    }
    // The same key again. The value that came before stands.
    let twice = b"VALUE k0 0 1 5\r\na\r\nVALUE k0 0 1 5\r\nb\r\nEND\r\n";
    assert_eq!(loaded(2, false, &[twice]), ["a c5", "down"]);
}

#[test]
fn a_connection_that_ends_leaves_the_keys_without_an_answer_down() {
    assert_eq!(loaded(3, false, &[b"VALUE k1 0 1 5\r\na\r\n"]), ["down", "a c5", "down"]);
    assert_eq!(loaded(2, false, &[b"VALUE k1 0 9 5\r\na\r\n"]), ["down", "down"]);
    assert_eq!(loaded(2, false, &[]), ["down", "down"]);
}

#[test]
fn an_error_line_is_the_outcome_of_the_keys_that_have_no_value_yet() {
    let answers = b"VALUE k1 0 1 5\r\na\r\nSERVER_ERROR out of memory\r\n";
    assert_eq!(loaded(3, false, &[answers]), ["refused", "a c5", "refused"]);
    assert_eq!(loaded(2, false, &[b"SERVER_ERROR Connection refused\r\n"]), ["down", "down"]);
    assert_eq!(loaded(2, false, &[b"ERROR\r\n"]), ["refused", "refused"]);
}

#[test]
fn a_load_that_touches_is_followed_by_a_touch_of_what_was_found() {
    let answers: [&[u8]; 2] = [b"VALUE k1 0 1 5\r\na\r\nEND\r\n", b"TOUCHED\r\n"];
    assert_eq!(loaded(3, true, &answers), ["miss", "a c5", "miss"]);
    let answers: [&[u8]; 2] = [b"VALUE k1 0 1 5\r\na\r\nEND\r\n", b"ERROR\r\n"];
    assert_eq!(loaded(3, true, &answers), ["miss", "a c5", "miss"], "it has no `touch`");
}

#[test]
fn each_change_has_the_outcome_that_its_answer_says() {
    let all = ["stored", "stored", "stored", "deleted", "deleted", "touched", "counted(5)"];
    let answers = b"STORED\r\nSTORED\r\nSTORED\r\nDELETED\r\nSTORED\r\nTOUCHED\r\n5\r\n";
    assert_eq!(applied(7, &[answers]), all);
    let answers =
        b"STORED\r\nNOT_STORED\r\nEXISTS\r\nNOT_FOUND\r\nEXISTS\r\nNOT_FOUND\r\nNOT_FOUND\r\n";
    assert_eq!(
        applied(7, &[answers]),
        ["stored", "exists", "differs", "gone", "differs", "gone", "gone"]
    );
    let answers = b"STORED\r\nSTORED\r\nNOT_FOUND\r\nDELETED\r\nNOT_FOUND\r\n";
    assert_eq!(applied(5, &[answers]), ["stored", "stored", "gone", "deleted", "gone"]);
}

/// The answers before that of the count which begins where there is no number.
const SEVEN: &[u8] = b"STORED\r\nSTORED\r\nSTORED\r\nDELETED\r\nSTORED\r\nTOUCHED\r\n5\r\n";

fn count(parts: &[&[u8]]) -> String {
    applied(8, &[&[SEVEN], parts].concat()).remove(7)
}

#[test]
fn a_number_is_created_by_one_client_and_the_others_count_on() {
    assert_eq!(count(&[b"8\r\n"]), "counted(8)");
    assert_eq!(count(&[b"NOT_FOUND\r\n", b"STORED\r\n"]), "counted(1)");
    assert_eq!(count(&[b"NOT_FOUND\r\n", b"NOT_STORED\r\n", b"2\r\n"]), "counted(2)");
    let gone: [&[u8]; 4] = [b"NOT_FOUND\r\n", b"NOT_STORED\r\n", b"NOT_FOUND\r\n", b"STORED\r\n"];
    assert_eq!(count(&gone), "counted(1)");
    assert_eq!(count(&[b"NOT_FOUND\r\n"]), "unknown", "the second request was sent");
    assert_eq!(count(&[b"NOT_FOUND\r\n", b"SERVER_ERROR out of memory\r\n"]), "refused");
    let endless: Vec<&[u8]> = [&b"NOT_FOUND\r\n"[..], b"NOT_STORED\r\n"].repeat(20);
    assert_eq!(count(&endless), "refused", "it gives up");
}

#[test]
fn an_answer_of_another_request_ends_the_conversation() {
    for wrong in
        [&b"DELETED\r\n"[..], b"TOUCHED\r\n", b"END\r\n", b"NOT_STORED\r\n", b"7\r\n", b"OK\r\n"]
    {
        let answers = [b"STORED\r\nSTORED\r\n", wrong, b"DELETED\r\n"].concat();
        let outcomes = applied(4, &[&answers]);
        assert_eq!(
            outcomes,
            ["stored", "stored", "unknown", "unknown"],
            "{}",
            wrong.escape_ascii()
        );
    }
}

#[test]
fn an_error_that_may_leave_a_value_unread_ends_the_conversation() {
    for line in ["ERROR", "CLIENT_ERROR bad data chunk"] {
        let answers = format!("STORED\r\n{line}\r\nSTORED\r\nDELETED\r\n");
        let outcomes = applied(4, &[answers.as_bytes()]);
        assert_eq!(outcomes, ["stored", "refused", "unknown", "unknown"], "{line}");
    }
    // The server has read the value. And a touch has none.
    let answers = b"STORED\r\nSERVER_ERROR object too large for cache\r\nSTORED\r\nDELETED\r\n\
                    STORED\r\nERROR\r\n5\r\n";
    assert_eq!(
        applied(7, &[answers]),
        ["stored", "refused", "stored", "deleted", "deleted", "refused", "counted(5)"]
    );
    let answers = b"STORED\r\nSERVER_ERROR Connection timed out\r\nSTORED\r\nDELETED\r\n";
    assert_eq!(applied(4, &[answers]), ["stored", "unknown", "stored", "deleted"]);
}

#[test]
fn an_answer_without_a_request_ends_the_conversation() {
    assert_eq!(applied(1, &[b"STORED\r\nSTORED\r\n"]), ["stored"]);
    let (facts, keys) = (facts(), [b"k0", b"k0"]);
    let loads = keys.map(|key| Load::new(key));
    let peer = Peer { index: 0, name: "s:1", facts: &facts };
    let mut out = Vec::new();
    let mut note = |index: usize, loaded: Result<Loaded<'_>, StoreError>| {
        out.push((index, matches!(loaded, Ok(Loaded::Hit { .. }))));
    };
    let mut work = Loads { loads: &loads, out: &mut note };
    let mut talk = Talk::new(vec![0, 1]);
    talk.begin(&peer, &mut work, Vec::new(), 0);
    send(&mut talk, &peer, &work);
    // The same key twice is asked for by two lines.
    let answers = b"VALUE k0 0 1 5\r\na\r\nEND\r\nVALUE k0 0 1 5\r\na\r\nEND\r\nEND\r\n";
    let mut inbox = Inbox::default();
    inbox.room()[..answers.len()].copy_from_slice(answers);
    inbox.received(answers.len());
    assert_eq!(talk.listen(&peer, &mut work, &mut inbox), Err("an answer without a request"));
    assert_eq!(out, [(0, true), (1, true)]);
}

#[test]
fn a_value_above_the_largest_item_ends_the_conversation_before_it_is_read() {
    for length in [facts().item_size_max + 1, 1 << 30, usize::MAX] {
        let line = format!("VALUE k0 0 {length} 5\r\n");
        assert_eq!(loaded(1, false, &[line.as_bytes()]), ["down"], "{length}");
    }
}

proptest! {
    #[test]
    fn whatever_a_server_says_each_operation_is_settled_once(
        operations in 0..12_usize,
        words in prop::collection::vec(prop::sample::select(vec![
            "VALUE k0 0 1 5\r\na\r\n", "VALUE k1 0 0 6\r\n\r\n", "VALUE ", "k2", " 0 1 7\r\nz\r\n",
            "END\r\n", "STORED\r\n", "NOT_STORED\r\n", "EXISTS\r\n", "NOT_FOUND\r\n", "DELETED\r\n",
            "TOUCHED\r\n", "7\r\n", "ERROR\r\n", "SERVER_ERROR out of memory\r\n",
            "CLIENT_ERROR bad\r\n", "\r\n", "0",
        ]), 0..16),
        size in 1..20_usize,
    ) {
        let said = words.concat();
        let pieces: Vec<_> = said.as_bytes().chunks(size).collect();
        check_loads(operations, said.as_bytes(), &pieces);
        check_changes(operations, said.as_bytes(), &pieces);
    }
}
