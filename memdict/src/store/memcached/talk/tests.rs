//! The answers that a memcached could send, and the outcomes that they give the operations.

use proptest::prelude::*;

use super::{
    scripted::{applied, each_is_settled_once, facts, fetched, loaded, others, silent},
    *,
};
use crate::store::{
    Load,
    memcached::{change::Changes, load::Loads},
};

#[test]
fn answers_belong_to_requests_by_their_position() {
    let answers =
        b"VA 1 c5 O00\r\na\r\nEN O01\r\nSERVER_ERROR out of memory\r\nVA 1 c6 O03\r\nb\r\n";
    assert_eq!(loaded(4, &[answers]), ["a c5", "miss", "refused", "b c6"]);
    let answers = b"HD c9 O00\r\nNS O01\r\nEX O02\r\nNF O03\r\n";
    assert_eq!(applied(4, &[answers]), ["stored", "exists", "differs", "gone"]);
}

#[test]
fn an_error_line_is_the_outcome_of_its_operation_in_each_position() {
    for position in 0..4 {
        let mut answers =
            vec![&b"HD c9 O00\r\n"[..], b"HD c9 O01\r\n", b"HD c9 O02\r\n", b"HD c9 O03\r\n"];
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
    assert_eq!(applied(2, &[b"HD c1 O00\r\nVA 1 c5 O01\r\na\r\n"]), ["stored", "unknown"]);
    assert_eq!(loaded(2, &[b"EN O00\r\nHD O01\r\n"]), ["miss", "down"]);
    // An answer that the change cannot have.
    assert_eq!(applied(1, &[b"EX O00\r\n"]), ["unknown"]);
    // Not an answer at all.
    assert_eq!(loaded(2, &[b"EN O00\r\nWHAT\r\n"]), ["miss", "down"]);
}

#[test]
fn there_are_at_most_as_many_error_lines_as_silent_requests() {
    let endless = b"SERVER_ERROR busy\r\n".repeat(400);
    // The three stores before the delete take one line each.
    assert_eq!(silent(4, &[&endless])[..3], ["unknown"; 3]);
    let facts = facts();
    let peer = Peer { index: 0, name: "s:1", facts: &facts };
    let changes: Vec<_> = (0..10).map(|_| scripted::quiet_store()).collect();
    let mut work = Changes { changes: &changes, out: &mut |_, _| {}, sending: None };
    let mut talk = Talk::new((0..10).collect());
    talk.begin(&peer, &mut work, Vec::new(), 0);
    scripted::send(&mut talk, &peer, &work);
    let mut inbox = Inbox::default();
    inbox.room()[..endless.len()].copy_from_slice(&endless);
    inbox.received(endless.len());
    let broken = talk.listen(&peer, &mut work, &mut inbox);
    assert_eq!(broken, Err("more errors than there are requests"));
}

#[test]
fn an_answer_without_the_mark_of_its_request_ends_the_conversation() {
    assert_eq!(loaded(2, &[b"EN\r\nEN O01\r\n"]), ["down", "down"]);
    assert_eq!(loaded(1, &[b"VA 1 c5\r\na\r\n"]), ["down"]);
    assert_eq!(applied(2, &[b"HD\r\nHD O01\r\n"]), ["unknown", "unknown"]);
}

#[test]
fn a_value_above_the_largest_item_ends_the_conversation_before_it_is_read() {
    let largest = facts().item_size_max;
    for length in [largest + 1, 1 << 30, usize::MAX] {
        let line = format!("VA {length} c5 O00\r\n");
        let facts = facts();
        let peer = Peer { index: 0, name: "s:1", facts: &facts };
        let loads = [Load::new(b"k")];
        let mut work = Loads { loads: &loads, out: &mut |_, _| {} };
        let mut talk = Talk::new(vec![0]);
        talk.begin(&peer, &mut work, Vec::new(), 0);
        scripted::send(&mut talk, &peer, &work);
        let mut inbox = Inbox::default();
        inbox.room()[..line.len()].copy_from_slice(line.as_bytes());
        inbox.received(line.len());
        assert!(talk.listen(&peer, &mut work, &mut inbox).is_err(), "{length}");
    }
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

/// The marks of requests that follow five operations.
const WHETHER: [&str; 4] = ["O05", "O06", "O07", "O08"];

#[test]
fn an_error_line_refuses_the_silent_change_that_it_belongs_to() {
    let error = b"SERVER_ERROR out of memory\r\n";
    // Between two answers is only one.
    let answers = [&b"NS O01\r\n"[..], error, b"NF O03\r\nMN\r\n"].concat();
    let expected = ["stored", "exists", "refused", "gone", "stored"];
    assert_eq!(silent(5, &[&answers]), expected);
    // As many lines as changes.
    let answers = [error, error, error, &b"NF O03\r\nMN\r\n"[..]].concat();
    assert_eq!(silent(5, &[&answers]), ["refused", "refused", "refused", "gone", "stored"]);
    // One of three: the server is asked which.
    let answers = [error, &b"NF O03\r\nMN\r\n"[..]].concat();
    let [a, b, c, _] = WHETHER;
    let told = format!("VA 1 c1 {a}\r\nv\r\nEN {b}\r\nVA 1 c2 {c}\r\nv\r\n");
    let expected = ["stored", "refused", "stored", "gone", "stored"];
    assert_eq!(silent(5, &[&answers, told.as_bytes()]), expected);
    // Another client has changed a second one.
    let told = format!("VA 1 c1 {a}\r\nx\r\nEN {b}\r\nVA 1 c2 {c}\r\nv\r\n");
    let expected = ["unknown", "unknown", "stored", "gone", "stored"];
    assert_eq!(silent(5, &[&answers, told.as_bytes()]), expected);
    // It does not tell, or not of all.
    for told in [format!("VA 1 c1 {a}\r\nv\r\nSERVER_ERROR x\r\nEN {c}\r\n"), String::new()] {
        let outcomes = silent(5, &[&answers, told.as_bytes()]);
        assert_eq!(outcomes[1..], ["unknown", "unknown", "gone", "stored"]);
    }
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
    inbox.room()[..8].copy_from_slice(b"EN O00\r\n");
    inbox.received(8);
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

#[test]
fn a_right_that_nobody_asked_for_is_handed_back_and_the_token_is_then_unproven() {
    let stale = b"VA 1 c5 O00 X W\r\na\r\nVA 1 c6 O01 Z X\r\nb\r\n";
    let (won, taken) = ("a c5 unproven (true, open, none)", "b c6 (true, taken, none)");
    // Whatever becomes of it, the loads have their outcomes.
    for back in [&b"HD O02\r\n"[..], b"EX O02\r\n", b"NF O02\r\n", b"SERVER_ERROR x\r\n", b""] {
        assert_eq!(loaded(2, &[stale, back]), [won, taken], "{}", back.escape_ascii());
    }
    // It is not the answer to another request.
    assert_eq!(loaded(2, &[stale, b"VA 1 c7 O02\r\nx\r\n"]), [won, taken]);
    // A placeholder that was invalidated.
    let expected = [" c5 unproven leased", " c6 leased"];
    assert_eq!(loaded(2, &[b"VA 0 c5 O00 X W\r\n\r\nVA 0 c6 O01 Z\r\n\r\n"]), expected);
    // A touch gets it, too.
    assert_eq!(others(1, &[b"HD c5 O00 X W\r\n", b"HD O01\r\n"]), ["touched"]);
}

#[test]
fn who_asks_for_a_right_keeps_it() {
    let said = b"VA 1 c5 t-1 O00 W\r\na\r\nVA 1 c6 t9 O01 X W\r\nb\r\nVA 0 c7 t5 O02 W\r\n\r\n\
                 VA 0 c7 t5 O03 Z\r\n\r\nEN O04\r\n";
    let outcomes = fetched(5, &[said]);
    let expected = [
        "a c5 (false, won, some(none))",
        "b c6 (true, won, some(some(8s)))",
        " c7 leased won",
        " c7 leased",
        "miss",
    ];
    assert_eq!(outcomes, expected);
}

#[test]
fn each_change_that_leaves_the_value_has_the_outcome_that_its_answer_says() {
    let answers = b"HD c4 O00\r\nHD O01\r\nEX O02\r\nVA 2 O03\r\n15\r\n";
    assert_eq!(others(4, &[answers]), ["touched", "invalidated", "differs", "counted(15)"]);
    let answers = b"EN O00\r\nNF O01\r\nNF O02\r\nNF O03\r\n";
    assert_eq!(others(4, &[answers]), ["gone"; 4]);
    let error = b"SERVER_ERROR out of memory\r\n";
    assert_eq!(others(4, &[&error[..]; 4]), ["refused"; 4]);
    // Not the answers to these requests.
    for (place, odd) in [
        (0, "VA 1 c4 O00\r\nx\r\n"),
        (0, "NF O00\r\n"),
        (1, "EN O01\r\n"),
        (1, "EX O01\r\n"),
        (1, "VA 1 O01\r\nx\r\n"),
        (3, "HD O03\r\n"),
        (3, "EN O03\r\n"),
        (3, "VA 1 O03\r\nx\r\n"),
        (3, "VA 0 O03\r\n\r\n"),
        (3, "VA 20 O03\r\n18446744073709551616\r\n"),
    ] {
        let good = ["HD c4 O00\r\n", "HD O01\r\n", "HD O02\r\n"];
        let said: String = good[..place].concat() + odd;
        assert_eq!(others(place + 1, &[said.as_bytes()])[place], "unknown", "{odd}");
    }
}

fn word() -> impl Strategy<Value = &'static [u8]> {
    prop::sample::select(vec![
        &b"HD c1\r\n"[..],
        b"VA 1 c2 O00\r\nv\r\n",
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
        b"VA 1 c2 O00 X W\r\nv\r\n",
        b"VA 0 c2 t5 O01 Z\r\n\r\n",
        b"HD c3 O00 X W\r\n",
        b"VA 1 O03\r\n7\r\n",
        b" ",
        b"\r\n",
        b"H",
    ])
}

/// The answer to a question that follows the six operations of a share.
fn early() -> impl Strategy<Value = &'static [u8]> {
    Just(&b"HD O06\r\n"[..])
}

proptest! {
    #[test]
    fn each_operation_is_settled_once_whatever_a_server_says(
        parts in prop::collection::vec(prop_oneof![16 => word(), 1 => early()], 0..12),
        operations in 0..8_usize,
    ) {
        for run in [loaded, fetched, applied, others, silent] {
            let outcomes = run(operations, &parts);
            prop_assert!(each_is_settled_once(&outcomes), "{:?}", outcomes);
        }
    }

    // Without an `early` answer, which depends on whether its question has been sent.
    #[test]
    fn outcomes_do_not_depend_on_where_answers_are_cut(
        parts in prop::collection::vec(word(), 0..12),
        size in 1..20_usize,
    ) {
        let whole = parts.concat();
        let cut: Vec<&[u8]> = whole.chunks(size).collect();
        prop_assert_eq!(loaded(6, &cut), loaded(6, &[&whole]));
        prop_assert_eq!(fetched(6, &cut), fetched(6, &[&whole]));
        prop_assert_eq!(others(6, &cut), others(6, &[&whole]));
        prop_assert_eq!(applied(6, &cut), applied(6, &[&whole]));
        prop_assert_eq!(silent(6, &cut), silent(6, &[&whole]));
    }
}
