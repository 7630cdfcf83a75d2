//! The answers that a memcached could send, and the outcomes that they give the operations.

use proptest::prelude::*;

use super::{
    scripted::{applied, each_is_settled_once, facts, loaded, silent},
    *,
};
use crate::store::{Load, memcached::load::Loads};

#[test]
fn answers_belong_to_requests_by_their_position() {
    let answers = b"VA 1 c5 O00\r\na\r\nEN\r\nSERVER_ERROR busy\r\nVA 1 c6 O03\r\nb\r\n";
    assert_eq!(loaded(4, &[answers]), ["a c5", "miss", "refused", "b c6"]);
    let answers = b"HD c9\r\nNS\r\nEX\r\nNF\r\n";
    assert_eq!(applied(4, &[answers]), ["stored", "exists", "differs", "gone"]);
}

#[test]
fn an_error_line_is_the_outcome_of_its_operation_in_each_position() {
    for position in 0..4 {
        let mut answers = vec![&b"HD c9\r\n"[..]; 4];
        answers[position] = b"SERVER_ERROR out of memory storing object\r\n";
        let mut expected = vec!["stored"; 4];
        expected[3] = "deleted";
        expected[position] = "refused";
        assert_eq!(applied(4, &answers), expected);
    }
}

#[test]
fn an_answer_out_of_step_settles_nothing_and_ends_the_conversation() {
    // The mark of another request.
    assert_eq!(loaded(2, &[b"VA 1 c5 O01\r\na\r\nEN O01\r\n"]), ["down", "down"]);
    // A value as the answer to a change, and the reverse.
    assert_eq!(applied(2, &[b"HD c1\r\nVA 1 c5\r\na\r\n"]), ["stored", "unknown"]);
    assert_eq!(loaded(2, &[b"EN\r\nHD\r\n"]), ["miss", "down"]);
    // An answer that the change cannot have.
    assert_eq!(applied(1, &[b"EX\r\n"]), ["unknown"]);
    // Not an answer at all.
    assert_eq!(loaded(2, &[b"EN\r\nWHAT\r\n"]), ["miss", "down"]);
}

/// Three stores and a delete, which is always answered.
#[test]
fn silence_up_to_an_answer_or_a_barrier_is_success() {
    assert_eq!(silent(3, &[b"MN\r\n"]), ["stored"; 3]);
    assert_eq!(silent(4, &[b"NF O03\r\n"]), ["stored", "stored", "stored", "gone"]);
    assert_eq!(silent(3, &[b"NS O01\r\nMN\r\n"]), ["stored", "exists", "stored"]);
    assert_eq!(silent(3, &[b"NS O01\r\nEX O02\r\nMN\r\n"]), ["stored", "exists", "differs"]);
}

#[test]
fn silence_without_an_end_is_unknown() {
    assert_eq!(silent(3, &[b"NS O01\r\n"]), ["stored", "exists", "unknown"]);
    assert_eq!(silent(2, &[]), ["unknown"; 2]);
}

#[test]
fn an_error_line_makes_only_silent_changes_unknown() {
    let error = b"SERVER_ERROR out of memory\r\n";
    let answers = [&b"NS O01\r\n"[..], error, b"NF O03\r\nMN\r\n"].concat();
    let expected = ["stored", "exists", "unknown", "gone", "unknown"];
    assert_eq!(silent(5, &[&answers]), expected);
    // It belongs to the delete, which is next in order.
    let answers = [&b"EX O02\r\n"[..], error, b"MN\r\n"].concat();
    assert_eq!(silent(5, &[&answers]), ["stored", "stored", "differs", "refused", "stored"]);
}

#[test]
fn silence_does_not_replace_an_answer_that_is_due() {
    // The delete before the barrier was not answered.
    assert_eq!(silent(5, &[b"MN\r\n"])[3..], ["unknown", "unknown"]);
    // No request has that mark yet, or ever.
    for mark in ["O04", "O0!", "O~~"] {
        let answer = format!("EX {mark}\r\n");
        assert_eq!(silent(3, &[answer.as_bytes()]), ["unknown"; 3], "{mark}");
    }
    // A failure that does not name its request.
    assert_eq!(silent(2, &[b"EX\r\n"]), ["unknown"; 2]);
    // A barrier that was not sent.
    assert_eq!(applied(1, &[b"MN\r\n"]), ["unknown"]);
}

#[test]
fn an_answer_without_a_request_ends_the_conversation() {
    let facts = facts();
    let peer = Peer { index: 0, name: "s:1", facts: &facts };
    let loads = [Load::new(b"k")];
    let mut work = Loads { loads: &loads, out: &mut |_, _| {} };
    let mut talk = Talk::new(vec![0]);
    talk.begin(&peer, &mut work, Vec::new(), 0);
    assert!(talk.has_more(&peer, &work));
    let mut inbox = Inbox::default();
    inbox.room()[..4].copy_from_slice(b"EN\r\n");
    inbox.received(4);
    // The request was written into the window, but not sent.
    assert!(talk.listen(&peer, &mut work, &mut inbox).is_err());
}

#[test]
fn marks_continue_from_one_window_to_the_next() {
    let operations = 5_000;
    let answers: Vec<Vec<u8>> =
        (0..operations).map(|n| format!("EN O{}\r\n", Mark::of(n as u32)).into_bytes()).collect();
    let parts: Vec<&[u8]> = answers.iter().map(Vec::as_slice).collect();
    assert!(loaded(operations, &parts).iter().all(|outcome| outcome == "miss"));
}

fn word() -> impl Strategy<Value = &'static [u8]> {
    prop::sample::select(vec![
        &b"HD c1\r\n"[..],
        b"VA 1 c2\r\nx\r\n",
        b"VA 3 c2 O00\r\n\r\n\r\r\n",
        b"EN\r\n",
        b"NS\r\n",
        b"EX\r\n",
        b"NF\r\n",
        b"SERVER_ERROR x\r\n",
        b"MN\r\n",
        b"NS O01\r\n",
        b"EX O02\r\n",
        b"NF O03\r\n",
        b"VA 9999999 c1\r\n",
        b" ",
        b"\r\n",
        b"H",
    ])
}

proptest! {
    #[test]
    fn each_operation_is_settled_once_whatever_a_server_says(
        parts in prop::collection::vec(word(), 0..12),
        operations in 0..8_usize,
    ) {
        for run in [loaded, applied, silent] {
            let outcomes = run(operations, &parts);
            prop_assert!(each_is_settled_once(&outcomes), "{:?}", outcomes);
        }
    }

    #[test]
    fn outcomes_do_not_depend_on_where_answers_are_cut(
        parts in prop::collection::vec(word(), 0..12),
        size in 1..20_usize,
    ) {
        let whole = parts.concat();
        let cut: Vec<&[u8]> = whole.chunks(size).collect();
        prop_assert_eq!(loaded(6, &cut), loaded(6, &[&whole]));
        prop_assert_eq!(applied(6, &cut), applied(6, &[&whole]));
        prop_assert_eq!(silent(6, &cut), silent(6, &[&whole]));
    }
}
