//! How many connections there are, who waits for them, and what a refused one means.

use std::{
    thread,
    time::{Duration, Instant},
};

use memdict::{Cache, DictDef};
use memdict_tests::{
    End, Memcached, PATIENCE, Proxy, ScriptedServer, load, load_one, memcached_on, wait_until,
};

use super::loaded;

static HITS: DictDef<u64> = DictDef::new("hits");

/// Runs `threads` threads that each change and read 50 entries.
fn all_are_served(cache: &Cache, threads: u64) {
    thread::scope(|scope| {
        for thread in 0..threads {
            scope.spawn(move || {
                for n in 0..50_u64 {
                    let key = (thread, n);
                    let stored = cache.transaction(|session| session.dict(&HITS).insert(key, n));
                    stored.expect("no change is lost");
                    let session = cache.session();
                    let read = session.dict(&HITS).get(key).expect("no read fails");
                    assert_eq!(read.as_deref(), Some(&n));
                }
            });
        }
    });
}

fn strict(address: &str, options: &str) -> Cache {
    let url = format!("memcache{address}?timeout=20s&connect_timeout=20s&{options}");
    Cache::builder().strict(true).open(&url).expect("a good URL")
}

#[test]
fn at_the_connection_limit_of_a_server_no_change_is_lost() {
    let server = Memcached::with(&["-c", "36"]);
    all_are_served(&strict(&format!("://{}", server.address()), ""), 32);
    // Here the server refuses most of the connections that would be allowed: it counts its own files.
    let server = Memcached::with(&["-c", "36"]);
    for scheme in ["", "+classic"] {
        let cache = strict(&format!("{scheme}://{}", server.address()), "max_connections=64");
        all_are_served(&cache, 32);
    }
}

#[test]
fn there_are_never_more_connections_than_allowed() {
    let server = Memcached::start();
    for scheme in ["", "+classic"] {
        let proxy = Proxy::before(&server.address());
        let cache = strict(&format!("{scheme}://{}", proxy.address()), "max_connections=2");
        all_are_served(&cache, 8);
        // The classic client looks whether the server accepts one before it makes one.
        assert!(proxy.connections() <= 4, "{scheme}: {}", proxy.connections());
    }
}

#[test]
fn a_call_that_gets_no_connection_fails_at_its_deadline_and_the_server_is_not_down() {
    let server = ScriptedServer::start("1.6.45", &["EN{O}\r\n", ""]);
    let s = memcached_on([server.address()]).max_connections(1).deadline(Duration::from_secs(3));
    load_one(&s, b"first");
    thread::scope(|scope| {
        // It waits for an answer that does not come.
        let first = scope.spawn(|| loaded(&load(&s, &[b"a"])));
        wait_until(PATIENCE, "it is asked", || server.requests().len() == 2);
        let within = memdict::Store::within(&s, Some(Duration::from_millis(200)));
        let within = within.expect("it waits for servers");
        let begun = Instant::now();
        let error = load(&*within, &[b"b"]).remove(0).expect_err("none is free").to_string();
        assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
        for part in ["max_connections=1", "deadline", &server.address()] {
            assert!(error.contains(part), "{error}");
        }
        assert_eq!(first.join().expect("it ends"), ["down"]);
    });
    server.play(&["EN{O}\r\n"]);
    assert_eq!(loaded(&load(&s, &[b"c"])), ["miss"]);
}

#[test]
fn a_refused_connection_leaves_those_that_work() {
    let server = Memcached::start();
    let proxy = Proxy::before(&server.address());
    let s = memcached_on([proxy.address()]);
    load_one(&s, b"first");
    proxy.turn_away(true);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..100 {
                    assert_eq!(loaded(&load(&s, &[b"a"])), ["miss"]);
                }
            });
        }
    });
    // Without any connection, the server is down.
    proxy.hang_up(End::Closed);
    assert_eq!(loaded(&load(&s, &[b"a"])), ["down"]);
}

#[test]
fn two_servers_without_a_free_connection_do_not_wait_for_each_other() {
    let servers = [Memcached::start(), Memcached::start()];
    let s = memcached_on(servers.iter().map(Memcached::address)).max_connections(1);
    let keys: Vec<String> = (0..20).map(|n| format!("key-{n}")).collect();
    let keys: Vec<&[u8]> = keys.iter().map(String::as_bytes).collect();
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..50 {
                    assert_eq!(loaded(&load(&s, &keys)), ["miss"; 20]);
                }
            });
        }
    });
}
