//! How it is found out what a server speaks.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use memdict::{Change, Condition, MemcachedStore, Store, StoreError};
use memdict_tests::{
    Daemon, Got, Memcached, ScriptedServer, Waiting, apply, apply_one, load, load_one,
    memcached_on, named, store,
};

use Condition::Always;

/// A server that answers the lines that it knows, and closes the connection on any other. It also
/// closes the first `turned_away` connections.
struct Strict {
    address: String,
    connections: Arc<AtomicUsize>,
}

impl Strict {
    fn start(knows: &'static [(&'static str, &'static str)], turned_away: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("a listener has an address").to_string();
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        // The thread ends with the process.
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                if count.fetch_add(1, Ordering::Relaxed) < turned_away {
                    continue;
                }
                let mut reader = BufReader::new(stream.try_clone().expect("a second handle"));
                let mut line = String::new();
                while reader.read_line(&mut line).is_ok_and(|read| read > 0) {
                    if line.starts_with("set ") {
                        let _ = reader.read_exact(&mut [0; 3]);
                    }
                    let known = knows.iter().find(|(begins, _)| line.starts_with(begins));
                    let Some((_, answer)) = known else { break };
                    if stream.write_all(answer.as_bytes()).is_err() {
                        break;
                    }
                    line.clear();
                }
            }
        });
        Self { address, connections }
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

const GETS: (&str, &str) = ("gets ", "END\r\n");
const SET: (&str, &str) = ("set ", "STORED\r\n");
const VERSION: (&str, &str) = ("version", "VERSION 1.6.18\r\n");

#[test]
fn a_proxy_that_closes_on_questions_is_asked_for_its_version_alone() {
    for in_tasks in [false, true] {
        let server = Strict::start(&[VERSION, GETS, SET], 0);
        let s = memcached_on([server.address.clone()]);
        let s: Box<dyn Store> = if in_tasks { Box::new(Waiting(s)) } else { Box::new(s) };
        let s = &*s;
        assert_eq!(load_one(s, b"k"), Got::Miss);
        assert_eq!(server.connections(), 3, "twice everything, then the version alone");
        assert!(matches!(apply_one(s, b"k", store(b"v"), Always), memdict::Applied::Stored));
        assert_eq!(server.connections(), 3);
        assert_eq!(s.health()[0].version.as_deref(), Some("1.6.18"));
        assert!(!s.caps().leases());
    }
}

#[test]
fn a_proxy_that_closes_when_it_is_asked_for_its_version_is_asked_for_a_value() {
    for in_tasks in [false, true] {
        let server = Strict::start(&[GETS, SET], 0);
        let s = memcached_on([server.address.clone()]);
        let s: Box<dyn Store> = if in_tasks { Box::new(Waiting(s)) } else { Box::new(s) };
        assert_eq!(load_one(&*s, b"k"), Got::Miss);
        assert!(matches!(apply_one(&*s, b"k", store(b"v"), Always), memdict::Applied::Stored));
        assert_eq!(server.connections(), 4);
    }
}

#[test]
fn a_server_that_answers_nothing_is_down_and_the_error_says_what_it_may_lack() {
    let server = Strict::start(&[], 0);
    let s = memcached_on([server.address.clone()]);
    let outcomes = apply(&s, &[Change::new(b"k", store(b"v"), Always)]);
    let [Err(error @ StoreError::Down(_))] = &outcomes[..] else { panic!("{outcomes:?}") };
    assert!(named(error, &server.address).contains("`-c`"), "{error}");
}

#[test]
fn a_connection_that_ends_by_chance_does_not_make_a_server_a_proxy() {
    let server = Memcached::start();
    let proxy = memdict_tests::Proxy::before(&server.address());
    let s = memcached_on([proxy.address()]);
    proxy.cut(memdict_tests::Way::Answers, 10, memdict_tests::End::Closed);
    assert_eq!(load_one(&s, b"k"), Got::Miss);
    assert!(proxy.has_cut());
    assert!(s.caps().leases(), "it speaks meta commands");
}

#[test]
fn what_was_learned_of_a_server_holds_for_all_of_its_connections() {
    let servers = [Memcached::start()];
    let proxy = Daemon::proxy(&servers);
    let s = memcached_on([proxy.address()]);
    assert_eq!(load_one(&s, b"k"), Got::Miss);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| load(&s, &[b"k"]));
        }
    });
    assert!(load(&s, &[b"k"]).iter().all(Result::is_ok));
    let counted: u64 = s.server_counters().iter().map(|server| server.failures).sum();
    assert_eq!(counted, 0, "no attempt to find out counts as a failure");
}

#[test]
fn the_classic_protocol_is_spoken_without_a_question_for_meta_commands() {
    let server = ScriptedServer::start("1.6.18", &["END\r\n"]);
    let s: MemcachedStore = super::open(server.address());
    assert_eq!(load_one(&s, b"k"), Got::Miss);
    assert_eq!(server.questions(), ["version", "stats settings", "stats", "*"]);
    assert_ne!(s.health()[0].life, None, "it tells its life");
}
