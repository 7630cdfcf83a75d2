//! The classic text protocol, as the engine and the classic client speak it.

use std::{sync::Arc, time::Duration};

use memdict::{Applied, Change, ClassicStore, Condition, MemcachedStore, Op, Store, StoreError};
use memdict_tests::{
    Daemon, Got, Memcached, PATIENCE, ScriptedServer, apply, apply_one, load, load_one, named,
    store,
};

use Condition::{Absent, Always, Matches};

/// Opens a server by one of the clients, with this timeout.
type Open = fn(String, Duration) -> Arc<dyn Store>;

fn engine(address: String, timeout: Duration) -> Arc<dyn Store> {
    let store = MemcachedStore::new([address]).expect("it is an address").classic();
    Arc::new(store.timeout(timeout).connect_timeout(timeout))
}

fn classic(address: String, timeout: Duration) -> Arc<dyn Store> {
    let store = ClassicStore::new([address]).expect("it is an address");
    Arc::new(store.timeout(timeout).connect_timeout(timeout))
}

macro_rules! suite {
    ($($behaviour:ident)*) => {
        mod in_the_engine {
            $(#[test] fn $behaviour() { super::$behaviour(super::engine); })*
        }

        mod in_the_classic_client {
            $(#[test] fn $behaviour() { super::$behaviour(super::classic); })*
        }
    };
}

suite! {
    values_are_stored_without_client_flags
    a_value_deleted_on_its_token_is_gone_at_once_for_every_client
    an_error_line_is_the_outcome_of_its_change_alone
    answers_out_of_step_are_never_given_to_the_wrong_key
    a_server_that_is_down_behind_a_proxy_leaves_changes_unknown_and_loads_down
}

fn values_are_stored_without_client_flags(open: Open) {
    let server = Memcached::start();
    apply_one(&*open(server.address(), PATIENCE), b"k", store(b"v"), Always);
    assert_eq!(server.ask("get k\r\n", "END"), ["VALUE k 0 1", "v", "END"]);
}

fn a_value_deleted_on_its_token_is_gone_at_once_for_every_client(open: Open) {
    let server = Memcached::start();
    let s = &*open(server.address(), PATIENCE);
    apply_one(s, b"k", store(b"v"), Always);
    let token = load_one(s, b"k").token();
    assert!(matches!(apply_one(s, b"k", Op::Delete, Matches(token)), Applied::Deleted));
    assert_eq!(server.ask("get k\r\n", "END"), ["END"]);
    assert_eq!(server.ask("replace k 0 0 1\r\nx\r\n", "NOT"), ["NOT_STORED"]);
    assert_eq!(server.ask("delete k\r\n", "NOT"), ["NOT_FOUND"]);
    assert!(matches!(apply_one(s, b"k", store(b"w"), Absent), Applied::Stored));
    assert_eq!(server.ask("get k\r\n", "END"), ["VALUE k 0 1", "w", "END"]);
}

fn an_error_line_is_the_outcome_of_its_change_alone(open: Open) {
    let memory = "SERVER_ERROR out of memory storing object\r\n";
    let server = ScriptedServer::start("1.4.39", &["STORED\r\n", memory, "STORED\r\n"]);
    let s = open(server.address(), PATIENCE);
    let outcomes = apply(&*s, &[Change::new(b"a", store(b"v"), Always); 3]);
    let [Ok(_), Err(refused @ StoreError::Refused(_)), Ok(_)] = &outcomes[..] else {
        panic!("{outcomes:?}")
    };
    assert!(named(refused, &server.address()).contains("memory"));
}

fn answers_out_of_step_are_never_given_to_the_wrong_key(open: Open) {
    let timeout = Duration::from_millis(500);
    for answer in [
        "VALUE x 0 6 1\r\n5ecret\r\nEND\r\n",
        "VALUE a 0 6 1\r\n5ecret5ecret\r\nEND\r\n",
        "5ecret\r\n",
        "VALUE a 0 6 1\r\n5ec",
    ] {
        let server = ScriptedServer::start("1.4.39", &[answer, "END\r\n"]);
        let s = &*open(server.address(), timeout);
        for loaded in load(s, &[b"a", b"b"]) {
            let Err(error @ StoreError::Down(_)) = loaded else { panic!("{loaded:?}") };
            assert!(!named(&error, &server.address()).contains("5ecret"), "{error}");
        }
        // The next load uses another connection.
        assert_eq!(load_one(s, b"a"), Got::Miss);
    }
    for answer in ["DELETED\r\n", "5ecret\r\n", "VALUE a 0 0 1\r\n\r\n", "END\r\n"] {
        let server = ScriptedServer::start("1.4.39", &[answer, "STORED\r\n"]);
        let s = &*open(server.address(), timeout);
        let outcomes = apply(s, &[Change::new(b"a", store(b"v"), Always)]);
        let [Err(error @ StoreError::Unknown(_))] = &outcomes[..] else { panic!("{outcomes:?}") };
        assert!(!named(error, &server.address()).contains("5ecret"), "{error}");
        assert!(matches!(apply_one(s, b"a", store(b"v"), Always), Applied::Stored));
    }
}

fn a_server_that_is_down_behind_a_proxy_leaves_changes_unknown_and_loads_down(open: Open) {
    let mut servers = [Memcached::start()];
    let proxy = Daemon::proxy(&servers);
    let s = &*open(proxy.address(), PATIENCE);
    apply_one(s, b"k", store(b"v"), Always);
    servers[0].kill();
    for (what, when) in [(store(b"w"), Always), (store(b"w"), Absent), (Op::Delete, Always)] {
        let outcomes = apply(s, &[Change::new(b"k", what, when)]);
        let [Err(error @ StoreError::Unknown(_))] = &outcomes[..] else { panic!("{outcomes:?}") };
        assert!(named(error, &proxy.address()).contains("SERVER_ERROR"), "{error}");
    }
    assert!(matches!(load(s, &[b"k"])[..], [Err(StoreError::Down(_))]));
    servers[0].revive();
    assert_eq!(load_one(s, b"k"), Got::Miss);
}
