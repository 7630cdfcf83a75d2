//! Lines without an end, too many lines, and lines that would forge others in a log.

use std::time::{Duration, Instant};

use memdict::{Change, Condition, Store, StoreError};
use memdict_tests::{
    Got, Memcached, ScriptedServer, apply, load, load_one, memcached_on, named, store,
};

use super::{Endless, GREETING, IN_BUFFERS, classic, engine};

fn quiet(keys: &[String]) -> Vec<Change<'_>> {
    let changes =
        keys.iter().map(|key| Change::new(key.as_bytes(), store(b"v"), Condition::Always));
    changes.map(Change::quiet).collect()
}

#[test]
fn endless_error_lines_end_a_batch_and_leave_other_servers_alone() {
    let error = b"SERVER_ERROR busy\r\n";
    let hostile = Endless::start(GREETING, error, error.repeat(5_000));
    let server = Memcached::start();
    let s = memcached_on([hostile.address.clone(), server.address()]);
    let keys: Vec<_> = (0..64).map(|i| format!("key-{i}")).collect();
    let begun = Instant::now();
    let outcomes = apply(&s, &quiet(&keys));
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    let stored = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    assert!((1..64).contains(&stored), "{stored}");
    assert_eq!(server.stat("curr_items"), stored as u64);
    for outcome in outcomes.iter().filter_map(|outcome| outcome.as_ref().err()) {
        assert!(matches!(outcome, StoreError::Unknown(_)), "{outcome:?}");
        named(outcome, &hostile.address);
    }
}

#[test]
fn a_line_without_an_end_ends_the_connection() {
    for (said, s) in [
        (&b"SERVER_ERROR "[..], None),
        (b"VA 1 c1 ", None),
        (b"VALUE k 0 ", Some("VERSION 1.4.39\r\n")),
        (b"SERVER_ERROR ", Some("VERSION 1.4.39\r\n")),
    ] {
        let server = Endless::start(s.unwrap_or(GREETING), said, vec![b'x'; 1 << 20]);
        let classic = classic(&server.address);
        let s: Box<dyn Store> =
            if s.is_some() { Box::new(classic) } else { Box::new(engine(&server.address)) };
        assert!(matches!(load(&*s, &[b"k"])[..], [Err(StoreError::Down(_))]));
        assert!(server.sent() < IN_BUFFERS);
    }
}

/// Text that would end a log line, colour the terminal, or fill the disk.
const LINE: &str = "SERVER_ERROR \u{1b}[2J\u{202e}\u{b}";

#[test]
fn what_a_server_says_is_escaped_and_bounded_in_every_error() {
    let long = format!("{LINE}{}", "x".repeat(1_900));
    let line = &*format!("{long}\r\n");
    let version = &*format!("1.4.39\u{1b}[2J{}", "9".repeat(1_900));
    let keys: Vec<_> = (0..12).map(|i| format!("key-{i}")).collect();
    let mut errors = Vec::new();
    for (version, answers) in [
        ("1.6.18", vec![line; 12]),
        ("1.4.39", vec![line; 12]),
        (version, vec![line; 12]),
        ("1.6.18", vec![line, line, "{close}"]),
    ] {
        let server = ScriptedServer::start(version, &answers);
        let stores: [Box<dyn Store>; 2] =
            [Box::new(engine(&server.address())), Box::new(classic(&server.address()))];
        for s in stores {
            server.play(&answers);
            errors.extend(load(&*s, &[b"k"]).into_iter().filter_map(Result::err));
            errors.extend(apply(&*s, &quiet(&keys)).into_iter().filter_map(Result::err));
            let change = Change::new(b"k", store(b"v"), Condition::Always);
            errors.extend(apply(&*s, &[change]).into_iter().filter_map(Result::err));
        }
    }
    // The first line of a greeting, in each of the forms that are explained.
    for greeting in
        [LINE, "CLIENT_ERROR unauthenticated \u{1b}", "ERROR Too many open connections \u{1b}"]
    {
        let greeting = format!("{greeting}{}\r\n", "x".repeat(1_900));
        let server = Endless::start("", greeting.into_bytes().leak(), vec![b'\n']);
        errors.extend(load(&engine(&server.address), &[b"k"]).into_iter().filter_map(Result::err));
    }
    assert!(errors.len() > 40, "{}", errors.len());
    for error in errors {
        let text = format!("{error}");
        assert!(text.chars().all(|c| c == ' ' || c.is_ascii_graphic()), "{text:?}");
        assert!(text.len() < 500, "{text}");
    }
}

#[test]
fn an_old_servers_superfluous_answer_is_never_used() {
    let server =
        ScriptedServer::start("1.4.39", &["END\r\nVALUE k 0 6 1\r\n5ecret\r\nEND\r\n", "END\r\n"]);
    let s = classic(&server.address());
    assert_eq!(load_one(&s, b"k"), Got::Miss);
    assert_eq!(load_one(&s, b"k"), Got::Miss);
    assert_eq!(server.connections(), 2);
}
