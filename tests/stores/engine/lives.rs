//! The lives of servers. memcached counts versions from 1 again after a restart, so a token belongs
//! to one life of a server.

use std::{collections::HashSet, thread, time::Duration};

use memdict::{Applied, Cache, Change, Condition, DictDef, Error, Op, Token};
use memdict_tests::{
    Cart, Daemon, End, Got, Memcached, Proxy, ScriptedServer, apply, apply_one, load, load_one,
    store,
};

use super::{MemcachedStore, applied, loaded, open};

use Condition::{Always, Matches};

/// Stores another client's value under `k`, with the version number of this token.
fn another_stores(server: &Memcached, token: Token) {
    server.ask("ms k 6\r\ntheirs\r\nmn\r\n", "MN");
    let answer = server.ask("mg k c\r\n", "HD");
    assert_eq!(answer, [format!("HD c{}", token.cas())], "the number has to be the same");
}

fn is_theirs(server: &Memcached) {
    assert_eq!(server.ask("mg k v\r\nmn\r\n", "MN")[..2], ["VA 6", "theirs"]);
}

/// Starts a server with a value under `k`, and returns the token from a load of it.
fn before_the_restart() -> (Memcached, MemcachedStore, Token) {
    let server = Memcached::start();
    let s = open(server.address());
    apply_one(&s, b"k", store(b"mine"), Always);
    let token = load_one(&s, b"k").token();
    (server, s, token)
}

/// Does the same with a scripted server, whose next call has a new connection and may find another
/// life.
fn before_the_connection_ends() -> (ScriptedServer, MemcachedStore, Token) {
    let server = ScriptedServer::start("1.6.45", &["VA 1 c7{O}\r\nv\r\n", "{close}"]);
    let s = open(server.address());
    let token = load_one(&s, b"k").token();
    assert_eq!(loaded(&load(&s, &[b"other"])), ["down"]);
    (server, s, token)
}

#[test]
fn a_token_from_before_a_restart_leaves_another_clients_value_with_its_number() {
    for what in [store(b"x"), Op::Delete] {
        // The connection was made before the restart.
        let (mut server, s, token) = before_the_restart();
        server.restart();
        another_stores(&server, token);
        assert_eq!(apply_one(&s, b"k", what, Matches(token)), Applied::Restarted);
        is_theirs(&server);
        // Now the connection is made after it.
        assert_eq!(apply_one(&s, b"k", what, Matches(token)), Applied::Restarted);
        is_theirs(&server);
    }
}

#[test]
fn a_token_from_before_a_restart_is_recognized_even_if_the_store_was_used_since() {
    let (mut server, s, token) = before_the_restart();
    server.restart();
    assert_eq!(load_one(&s, b"k"), Got::Miss);
    another_stores(&server, token);
    let now = load_one(&s, b"k").token();
    assert_eq!((now.server(), now.cas()), (token.server(), token.cas()));
    assert_ne!(now.life(), token.life());
    let both =
        [Change::new(b"k", store(b"x"), Matches(token)), Change::new(b"l", store(b"y"), Always)];
    assert_eq!(applied(&apply(&s, &both)), ["restarted", "done"]);
    is_theirs(&server);
    assert!(matches!(apply_one(&s, b"k", store(b"x"), Matches(now)), Applied::Stored));
}

#[test]
fn a_token_from_before_a_restart_is_recognized_even_if_there_is_no_value() {
    let (mut server, s, token) = before_the_restart();
    server.restart();
    assert_eq!(apply_one(&s, b"k", store(b"x"), Matches(token)), Applied::Restarted);
    assert_eq!(apply_one(&s, b"k", Op::Delete, Matches(token)), Applied::Restarted);
    assert_eq!(load_one(&s, b"k"), Got::Miss);
}

#[test]
fn a_change_on_a_token_from_before_a_restart_is_not_sent() {
    let (server, s, token) = before_the_connection_ends();
    server.live_anew(77, 10, 1_700_000_000);
    let sent = server.requests().len();
    for what in [store(b"x"), Op::Delete] {
        assert_eq!(apply_one(&s, b"k", what, Matches(token)), Applied::Restarted);
    }
    assert_eq!(server.requests().len(), sent, "{:?}", server.requests());
}

#[test]
fn a_token_of_a_known_life_matches_nothing_while_the_server_does_not_tell_its_life() {
    let server = Memcached::start();
    let direct = open(server.address());
    apply_one(&direct, b"k", store(b"v"), Always);
    let told = load_one(&direct, b"k").token();
    // A proxy that answers no question about its servers.
    let proxy = Daemon::proxy([&server]);
    let s = open(proxy.address());
    let untold = load_one(&s, b"k").token();
    assert_eq!((untold.life(), untold.cas()), (0, told.cas()));
    assert_ne!(told.life(), 0);
    for what in [store(b"x"), Op::Delete] {
        assert_eq!(apply_one(&s, b"k", what, Matches(told)), Applied::Differs);
        assert_eq!(apply_one(&s, b"none", what, Matches(told)), Applied::Gone);
    }
    // The same in the other direction.
    for what in [store(b"x"), Op::Delete] {
        assert_eq!(apply_one(&direct, b"k", what, Matches(untold)), Applied::Differs);
        assert_eq!(apply_one(&direct, b"none", what, Matches(untold)), Applied::Gone);
    }
    assert_eq!(load_one(&s, b"k").value(), Some(&b"v"[..]));
}

#[test]
fn restarts_within_one_second_are_different_lives() {
    let (mut server, s, token) = before_the_restart();
    let mut lives = HashSet::from([token.life()]);
    for restart in 1..=4 {
        server.restart();
        apply_one(&s, b"k", store(b"theirs"), Always);
        assert!(lives.insert(load_one(&s, b"k").token().life()), "restart {restart}");
        assert_eq!(apply_one(&s, b"k", store(b"x"), Matches(token)), Applied::Restarted);
    }
}

#[test]
fn a_life_is_the_same_on_every_connection_however_long_it_lasts() {
    let server = Memcached::start();
    let proxy = Proxy::before(&server.address());
    let s = open(proxy.address());
    apply_one(&s, b"k", store(b"v"), Always);
    let token = load_one(&s, b"k").token();
    for wait in [0, 400, 400, 400] {
        thread::sleep(Duration::from_millis(wait));
        proxy.hang_up(End::Closed);
        assert_eq!(load_one(&s, b"k").token().over(0), token.over(0));
        assert_eq!(load_one(&open(proxy.address()), b"k").token().over(0), token.over(0));
    }
    assert_eq!(apply_one(&s, b"k", store(b"w"), Matches(token)), Applied::Unproven);
    let token = load_one(&s, b"k").token();
    assert_eq!(apply_one(&s, b"k", store(b"w"), Matches(token)), Applied::Stored);
}

#[test]
fn a_life_is_identified_by_its_process_and_its_beginning() {
    // Another process that began in the same second, and a later one with the same number.
    for (pid, uptime, time) in [(77, 10, 1_700_000_000), (1234, 10, 1_700_000_060)] {
        let (server, s, token) = before_the_connection_ends();
        server.live_anew(pid, uptime, time);
        assert_eq!(apply_one(&s, b"k", store(b"x"), Matches(token)), Applied::Restarted);
        let requests = server.requests();
        assert!(requests.iter().all(|line| !line.contains(" C7")), "{requests:?}");
    }
    // The same process, a minute later.
    let (server, s, token) = before_the_connection_ends();
    server.live_anew(1234, 70, 1_700_000_060);
    server.play(&["HD c8{O}\r\n"]);
    assert_eq!(apply_one(&s, b"k", store(b"x"), Matches(token)), Applied::Unproven);
    assert_eq!(apply_one(&s, b"k", store(b"x"), Matches(token.over(0))), Applied::Stored);
    assert!(server.requests().last().is_some_and(|line| line.contains(" C7")));
}

static CARTS: DictDef<Cart> = DictDef::new("carts").ttl_secs(60);

#[test]
fn a_session_over_a_restart_is_in_conflict_with_a_value_stored_since() {
    let mut server = Memcached::start();
    let url = format!("memcache://{}", server.address());
    let cache = || Cache::builder().strict(true).open(&url).expect("a good URL");
    let insert = |cache: &Cache, cart: Cart| {
        cache.transaction(|session| session.dict(&CARTS).insert("alice", cart.clone()))
    };
    let ours = cache();
    insert(&ours, Cart::of("ours", 1)).expect("it commits");
    let session = ours.session();
    session.dict(&CARTS).get_mut("alice").expect("up").expect("stored").total = 7;
    server.restart();
    // The first store in the server's new life, as the earlier one was in its old life.
    insert(&cache(), Cart::of("theirs", 1)).expect("it commits");
    let error = session.commit().expect_err("another session stored a value");
    assert!(matches!(error, Error::Conflict { .. }), "{error}");
    let after = cache().session();
    let cart = after.dict(&CARTS).get("alice").expect("up").expect("stored").owner.clone();
    assert_eq!(cart, "theirs");
}

/// Two servers whose lives look the same, with a forwarder before the first that fails over to the
/// second. Another session stores a value there, with the version number that was seen.
fn a_fail_over(first: &Memcached, second: &Memcached, forwarder: &Proxy) {
    let cache = |address: String| {
        let url = format!("memcache://{address}?timeout=20s&connect_timeout=20s");
        Cache::builder().strict(true).open(&url).expect("a good URL")
    };
    let insert = |cache: &Cache, cart: Cart| {
        let stored =
            cache.transaction(|session| session.dict(&CARTS).insert("alice", cart.clone()));
        stored.expect("it commits");
    };
    let version = |server: &Memcached| server.ask("mg memdict:carts:alice c\r\nmn\r\n", "MN");
    let ours = cache(forwarder.address());
    insert(&ours, Cart::of("ours", 1));
    for step in ["change", "remove"] {
        let session = ours.session();
        if step == "change" {
            session.dict(&CARTS).get_mut("alice").expect("up").expect("stored").total = 7;
        } else {
            assert!(session.dict(&CARTS).get("alice").expect("up").is_some());
            session.dict(&CARTS).remove("alice").expect("it is free");
        }
        let theirs = cache(second.address());
        while version(second) != version(first) {
            insert(&theirs, Cart::of("theirs", 1));
        }
        forwarder.redirect(&second.address());
        forwarder.hang_up(End::Closed);
        let error = session.commit().expect_err("another session's value is there");
        assert!(matches!(error, Error::Conflict { .. }), "{step}: {error}");
        let after = theirs.session();
        let cart = after.dict(&CARTS).get("alice").expect("up");
        assert_eq!(cart.expect("stored").owner, "theirs", "{step}");
        forwarder.redirect(&first.address());
        forwarder.hang_up(End::Closed);
    }
}

#[test]
fn a_value_of_a_server_that_looks_the_same_is_not_overwritten_after_a_fail_over() {
    let (first, second) = (Memcached::start(), Memcached::start());
    let forwarder = Proxy::before(&first.address());
    forwarder.pretend_life(1, 1_700_000_000);
    a_fail_over(&first, &second, &forwarder);
}

#[test]
fn a_value_of_another_container_is_not_overwritten_after_a_fail_over() {
    let life =
        |server: &Memcached| (server.stat("pid"), server.stat("time") - server.stat("uptime"));
    for _ in 0..50 {
        let (Some(first), Some(second)) = (Memcached::in_container(), Memcached::in_container())
        else {
            eprintln!("skipped: this system does not let tests make process namespaces");
            return;
        };
        // They look the same if they began in the same second.
        if life(&first) == life(&second) {
            return a_fail_over(&first, &second, &Proxy::before(&first.address()));
        }
    }
    panic!("no two servers began in the same second");
}

#[test]
fn a_change_over_another_connection_to_the_same_life_is_made() {
    let server = Memcached::start();
    let proxy = Proxy::before(&server.address());
    let url = format!("memcache://{}?timeout=20s&connect_timeout=20s", proxy.address());
    let cache = Cache::builder().strict(true).open(&url).expect("a good URL");
    let insert = |session: &mut memdict::Session| {
        (0..20).try_for_each(|n| session.dict("n").insert(n, 0_u64))
    };
    cache.transaction(insert).expect("it commits");
    let session = cache.session();
    for n in 0..10 {
        *session.dict::<u64>("n").get_mut(n).expect("up").expect("stored") += 1;
    }
    for n in 10..20 {
        assert!(session.dict::<u64>("n").get(n).expect("up").is_some());
        session.dict::<u64>("n").remove(n).expect("it is free");
    }
    proxy.hang_up(End::Closed);
    let report = session.commit().expect("nobody else changed anything");
    assert_eq!((report.written, report.removed, report.lost.len()), (10, 10, 0));
}
