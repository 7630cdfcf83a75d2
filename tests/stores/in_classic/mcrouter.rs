//! A server behind a proxy that answers as mcrouter does.

use memdict::{Applied, Cache, Change, Condition, Error, Op, Store, StoreError};
use memdict_tests::{
    Got, Mcrouter, Memcached, PATIENCE, apply, apply_one, in_classic_on, load, load_one,
    memcached_on, named, store, wait_until,
};

use Condition::{Always, Matches};

#[test]
fn it_is_found_out_with_the_second_connection_and_known_from_then_on() {
    let server = Memcached::start();
    let proxy = Mcrouter::before(&server.address());
    let s = memcached_on([proxy.address()]);
    assert_eq!(load_one(&s, b"k"), Got::Miss);
    assert_eq!(proxy.connections(), 2);
    assert_eq!(s.health()[0].version.as_deref(), Some("0.41.0 mcrouter"));
    for _ in 0..20 {
        assert!(matches!(apply_one(&s, b"k", store(b"v"), Always), Applied::Stored));
    }
    assert_eq!(proxy.connections(), 2);
}

/// The token of a value must not match another one that has its version in a new life of the server.
#[test]
fn a_restart_behind_it_is_noticed_although_it_tells_a_life_that_goes_on() {
    for forced in [false, true] {
        let mut server = Memcached::start();
        let proxy = Mcrouter::before(&server.address());
        let open = || match forced {
            true => in_classic_on([proxy.address()]),
            false => memcached_on([proxy.address()]),
        };
        let builder = Cache::builder().strict(true);
        let cache = builder.open_store(std::sync::Arc::new(open())).expect("it is a store");
        let put = |text: &str| {
            cache.transaction(|session| session.dict("texts").insert("k", text.to_owned()))
        };
        put("before").expect("the server is up");
        assert_eq!(load_one(&open(), b"memdict:texts:k").token().life(), 0, "{forced}");
        let session = cache.session();
        let texts = session.dict::<String>("texts");
        texts.get_mut("k").expect("it is up").expect("it is there").push_str(" and after");
        server.restart();
        wait_until(PATIENCE, "the proxy reaches it again", || put("of another").is_ok());
        let outcome = session.commit();
        assert!(matches!(outcome, Err(Error::Conflict { .. })), "{forced}: {outcome:?}");
    }
}

#[test]
fn what_it_says_of_a_server_that_is_down_is_no_outcome_of_a_change_nor_a_miss() {
    let mut server = Memcached::start();
    let proxy = Mcrouter::before(&server.address());
    let s = memcached_on([proxy.address()]);
    apply_one(&s, b"k", store(b"v"), Always);
    let old = load_one(&s, b"k").token();
    server.kill();
    for (what, when) in [(store(b"w"), Always), (store(b"w"), Matches(old))] {
        let outcomes = apply(&s, &[Change::new(b"k", what, when)]);
        let [Err(error @ StoreError::Unknown(_))] = &outcomes[..] else { panic!("{outcomes:?}") };
        assert!(named(error, &proxy.address()).contains("connection error"), "{error}");
    }
    assert!(matches!(load(&s, &[b"k"])[..], [Err(StoreError::Down(_))]));
    // It makes the deletion later, and says that there is nothing.
    assert_eq!(apply_one(&s, b"k", Op::Delete, Always), Applied::Gone);
    server.revive();
    assert_eq!(load_one(&s, b"k"), Got::Miss);
}
