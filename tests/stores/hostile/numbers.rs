//! Lengths, versions and flags.

use memdict::{Store, StoreError};
use memdict_tests::{Got, ScriptedServer, load, load_one, named};

use super::{Endless, GREETING, IN_BUFFERS, classic, engine};

fn is_down(s: &dyn Store, address: &str, why: &str) {
    for loaded in load(s, &[b"k", b"l"]) {
        let Err(error @ StoreError::Down(_)) = loaded else { panic!("{why:?}: {loaded:?}") };
        assert!(!named(&error, address).contains("5ecret"), "{error}");
    }
}

#[test]
fn a_value_above_the_servers_own_largest_ends_the_connection_before_it_is_read() {
    let said = b"VA 1073741824 c1 O00\r\n";
    let server = Endless::start(GREETING, said, vec![b'x'; 1 << 20]);
    is_down(&engine(&server.address), &server.address, "a gibibyte");
    assert!(server.sent() < IN_BUFFERS, "{} bytes were taken", server.sent());
}

#[test]
fn a_value_above_the_clients_limit_ends_the_classic_connection_before_it_is_read() {
    let said = b"VALUE k 0 1073741824 1\r\n";
    let server = Endless::start("VERSION 1.4.39\r\n", said, vec![b'x'; 1 << 20]);
    is_down(&classic(&server.address), &server.address, "a gibibyte");
    assert!(server.sent() < IN_BUFFERS, "{} bytes were taken", server.sent());
}

/// Lines of values that say what cannot be.
const VALUES: [&str; 21] = [
    "VALUE k 0 35184372088832 1\r\n",
    "VALUE k 0 18446744073709551615 1\r\n",
    "VALUE k 0 18446744073709551616 1\r\n",
    "VALUE k 0 9223372036854775807 1\r\n",
    "VALUE k 0 -1 1\r\n",
    "VALUE k 0 +1 1\r\nx\r\n",
    "VALUE k 0  1\r\n",
    "VALUE k 0 0x1 1\r\nx\r\n",
    "VALUE k 4294967296 1 1\r\nx\r\n",
    "VALUE k -1 1 1\r\nx\r\n",
    "VALUE k 0 1 18446744073709551616\r\nx\r\n",
    "VALUE k 0 1 -1\r\nx\r\n",
    "VALUE k 0 1\r\nx\r\n",
    "VALUE k 0 1 1 1\r\nx\r\n",
    "VALUE\r\n",
    "VALUE  0 1 1\r\nx\r\n",
    "VALUE m 0 6 1\r\n5ecret\r\n",
    "VALUE k 0 2 1\r\nx\r\n",
    "VALUE k 0 1 1\r\n5ecret\r\n",
    "VALUE k 0 1 1\nx\r\n",
    "\0VALUE k 0 1 1\r\nx\r\n",
];

#[test]
fn a_key_has_one_value_and_a_second_one_ends_the_connection() {
    let twice = "VALUE k 0 1 1\r\nx\r\nVALUE k 0 1 2\r\ny\r\nEND\r\n";
    let server = ScriptedServer::start("1.4.39", &[twice]);
    is_down(&classic(&server.address()), &server.address(), twice);
    // The engine hands out each value when it comes.
    let server = ScriptedServer::start("1.4.39", &[twice]);
    let loaded = load(&engine(&server.address()), &[b"k", b"l"]);
    assert!(matches!(&loaded[0], Ok(Got::Hit(value, _)) if value == b"x"), "{loaded:?}");
    assert!(matches!(&loaded[1], Err(StoreError::Down(_))), "{loaded:?}");
}

/// An old server is found by the engine, and read by the classic client without being asked.
#[test]
fn no_number_of_an_old_server_kills_or_misleads_a_reader() {
    for value in VALUES {
        let answers = [&format!("{value}END\r\nEND\r\n")[..], "END\r\n"];
        let server = ScriptedServer::start("1.4.39", &answers);
        is_down(&classic(&server.address()), &server.address(), value);
        let server = ScriptedServer::start("1.4.39", &answers);
        is_down(&engine(&server.address()), &server.address(), value);
    }
}

#[test]
fn no_number_of_a_server_kills_or_misleads_a_reader() {
    for value in [
        "VA 1048577 c1{O}\r\n",
        "VA 18446744073709551615 c1{O}\r\n",
        "VA 18446744073709551616 c1{O}\r\n",
        "VA -1 c1{O}\r\n",
        "VA +1 c1{O}\r\nx\r\n",
        "VA 1 c-1{O}\r\nx\r\n",
        "VA 1 c18446744073709551616{O}\r\nx\r\n",
        "VA 1 c1 c2{O}\r\nx\r\n",
        "VA 1{O}\r\nx\r\n",
        "VA 1 c1{O}{O}\r\nx\r\n",
        "VA 1 c1{other O}\r\nx\r\n",
        "VA 1 c1\r\nx\r\n",
        "EN\r\n",
        "VA 6 c1{O}\r\n5ecret5ecret\r\n",
    ] {
        let server = ScriptedServer::start("1.6.18", &[value, "EN{O}\r\n"]);
        let s = engine(&server.address());
        is_down(&s, &server.address(), value);
    }
}

#[test]
fn a_hostile_limit_of_the_server_is_not_believed_beyond_that_of_memcached() {
    for (told, length) in [("1099511627776", "1073741825"), ("-1", "1048577"), ("x", "1048577")] {
        let greeting = GREETING.replace("1048576", told).leak();
        let said = format!("VA {length} c1 O00\r\n").into_bytes().leak();
        let server = Endless::start(greeting, said, vec![b'x'; 1 << 20]);
        is_down(&engine(&server.address), &server.address, told);
        assert!(server.sent() < IN_BUFFERS, "{} bytes were taken", server.sent());
    }
}

#[test]
fn a_value_as_large_as_the_servers_largest_item_is_read() {
    let answer = format!("VA 1048576 c1{{O}}\r\n{}\r\n", "x".repeat(1 << 20));
    let server = ScriptedServer::start("1.6.18", &[&answer]);
    assert!(matches!(load_one(&engine(&server.address()), b"k"), Got::Hit(value, _)
        if value.len() == 1 << 20));
}
