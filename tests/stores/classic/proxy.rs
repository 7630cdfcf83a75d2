//! Servers behind twemproxy, which knows no meta commands, and behind a proxy that knows even less.

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    thread,
};

use memdict::{Applied, Change, Condition, Op};
use memdict_tests::{Daemon, Got, Memcached, apply, apply_one, load, load_one, store};

use Condition::{Absent, Matches};

use super::at;

#[test]
fn a_proxy_without_meta_commands_is_served() {
    let servers = [Memcached::start(), Memcached::start()];
    let proxy = Daemon::proxy(&servers);
    let s = at(proxy.address());
    let keys: Vec<_> = (0..300).map(|i| format!("key-{i}")).collect();
    let keys: Vec<_> = keys.iter().map(String::as_bytes).collect();
    let changes: Vec<_> = keys.iter().map(|key| Change::new(key, store(key), Absent)).collect();
    assert!(apply(&s, &changes).iter().all(|done| matches!(done, Ok(Applied::Stored))));
    for (key, got) in keys.iter().zip(load(&s, &keys)) {
        assert_eq!(got.expect("a load has an outcome").value(), Some(*key));
    }
    assert!(servers.iter().all(|server| server.stat("curr_items") > 0));
    assert_eq!(apply_one(&s, keys[0], store(b"w"), Absent), Applied::Exists);
    let old = load_one(&s, keys[0]).token();
    assert!(matches!(apply_one(&s, keys[0], store(b"w"), Matches(old)), Applied::Stored));
    assert_eq!(apply_one(&s, keys[0], Op::Delete, Matches(old)), Applied::Differs);
    let new = load_one(&s, keys[0]).token();
    assert!(matches!(apply_one(&s, keys[0], Op::Delete, Matches(new)), Applied::Deleted));
    assert_eq!(load_one(&s, keys[0]), Got::Miss);
}

#[test]
fn a_proxy_that_closes_connections_that_ask_for_a_version_is_served() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = listener.local_addr().expect("a listener has an address").to_string();
    // The thread ends with the process.
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut line = String::new();
            let mut reader = BufReader::new(stream.try_clone().expect("a second handle"));
            while reader.read_line(&mut line).is_ok_and(|read| read > 0) && line == "gets k\r\n" {
                if stream.write_all(b"VALUE k 0 1 7\r\nv\r\nEND\r\n").is_err() {
                    break;
                }
                line.clear();
            }
        }
    });
    let s = at(address);
    for _ in 0..2 {
        assert_eq!(load_one(&s, b"k").value(), Some(&b"v"[..]));
    }
}
