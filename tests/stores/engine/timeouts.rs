//! The timeout, which limits each pause and not a batch. The bounds are wide, because machines are
//! busy.

use std::time::{Duration, Instant};

use memdict::{Change, Condition};
use memdict_tests::{Got, Memcached, ScriptedServer, apply, load, load_one, store};

use super::{MemcachedStore, applied, loaded, open, stores};

const TIMEOUT: Duration = Duration::from_millis(400);

const KEYS: [&[u8]; 5] = [b"a", b"b", b"c", b"d", b"e"];

/// Starts a server whose pauses are 0.6 timeouts, and a store with a connection to it.
fn slow(answers: &[&str]) -> (ScriptedServer, MemcachedStore) {
    let server = ScriptedServer::start("1.6.45", &["EN{O}\r\n"]);
    server.pause(TIMEOUT.mul_f32(0.6));
    let s = open(server.address()).timeout(TIMEOUT);
    assert_eq!(load_one(&s, b"first"), Got::Miss);
    server.play(answers);
    (server, s)
}

#[test]
fn answers_that_keep_coming_are_waited_for_longer_than_the_timeout() {
    let (server, s) = slow(&["{pause}EN{O}\r\n"; 5]);
    let begun = Instant::now();
    let outcomes = load(&s, &KEYS);
    assert_eq!(loaded(&outcomes), ["miss"; 5], "{outcomes:?}");
    assert!(begun.elapsed() > 2 * TIMEOUT);
    server.play(&["{pause}HD c1{O}\r\n"; 5]);
    let outcomes = apply(&s, &stores(KEYS));
    assert_eq!(applied(&outcomes), ["done"; 5], "{outcomes:?}");
}

#[test]
fn a_value_that_keeps_coming_is_waited_for_longer_than_the_timeout() {
    let (_server, s) = slow(&["{pause}VA 5 c{pause}1{O}\r\nva{pause}lu{pause}e\r{pause}\n"]);
    let outcomes = load(&s, &[b"a"]);
    assert!(matches!(&outcomes[..], [Ok(Got::Hit(value, _))] if value == b"value"), "{outcomes:?}");
}

#[test]
fn a_server_that_stops_answering_costs_one_timeout_and_what_it_answered_counts() {
    let (server, s) = slow(&["EN{O}\r\n", "VA 1 c1{O}\r\nb\r\nVA 9 c2{O}\r\nhalf", "", "", ""]);
    let begun = Instant::now();
    let outcomes = load(&s, &KEYS);
    let elapsed = begun.elapsed();
    assert_eq!(loaded(&outcomes), ["miss", "hit", "down", "down", "down"], "{outcomes:?}");
    assert!((TIMEOUT.mul_f32(0.8)..3 * TIMEOUT).contains(&elapsed), "{elapsed:?}");
    let message = outcomes[2].as_ref().expect_err("it is down").to_string();
    assert!(message.contains("timed out") && message.contains(&server.address()), "{message}");

    server.play(&["HD c1{O}\r\n", "SERVER_ERROR out of memory\r\n", "", "", ""]);
    let begun = Instant::now();
    let outcomes = apply(&s, &stores(KEYS));
    let elapsed = begun.elapsed();
    let expected = ["done", "refused", "unknown", "unknown", "unknown"];
    assert_eq!(applied(&outcomes), expected, "{outcomes:?}");
    assert!((TIMEOUT.mul_f32(0.8)..3 * TIMEOUT).contains(&elapsed), "{elapsed:?}");
    // The late answers of a connection that was closed are not used.
    server.play(&["EN{O}\r\n"]);
    assert_eq!(load_one(&s, b"a"), Got::Miss);
}

#[test]
fn a_server_that_takes_requests_slowly_is_waited_for_longer_than_the_timeout() {
    // It reads nothing during a pause, and this is more than the buffers between both ends hold.
    let (_server, s) = slow(&["{pause}HD c1{O}\r\n"; 12]);
    let large = vec![b'x'; 1_000_000];
    let changes = [Change::new(b"k", store(&large), Condition::Always); 12];
    let outcomes = apply(&s, &changes);
    assert_eq!(applied(&outcomes), ["done"; 12]);
}

#[test]
fn changes_that_were_not_sent_are_down_and_the_others_unknown() {
    let server = Memcached::start();
    let s = open(server.address()).timeout(TIMEOUT);
    assert_eq!(load_one(&s, b"first"), Got::Miss);
    server.pause();
    // More than the buffers between both ends hold.
    let large = vec![b'x'; 1_000_000];
    let changes = [Change::new(b"k", store(&large), Condition::Always); 48];
    let begun = Instant::now();
    let outcomes = apply(&s, &changes);
    assert!(begun.elapsed() < 3 * TIMEOUT, "{:?}", begun.elapsed());
    server.resume();
    let words = applied(&outcomes);
    let sent = words.iter().take_while(|word| **word == "unknown").count();
    assert!((1..changes.len()).contains(&sent), "{words:?}");
    assert!(words[sent..].iter().all(|word| *word == "down"), "{words:?}");
}
