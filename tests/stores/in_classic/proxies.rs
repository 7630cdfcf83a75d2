//! Servers behind twemproxy, which knows no meta commands and closes the connection on them.

use std::time::Duration;

use memdict::{Applied, Cache, Change, Condition, Error, Op, StoreError};
use memdict_tests::{
    Daemon, Got, Memcached, PATIENCE, apply, apply_one, load, load_one, memcached_on, named, store,
    wait_until,
};

use Condition::{Absent, Always, Matches};

#[test]
fn a_proxy_is_found_out_by_its_plain_url_and_serves_sessions() {
    let servers = [Memcached::start(), Memcached::start()];
    let proxy = Daemon::proxy(&servers);
    let cache = Cache::open(&format!("memcache://{}?strict=true&timeout=5s", proxy.address()));
    let cache = cache.expect("the URL is well formed");
    for expected in 1..20_u64 {
        let hits = cache.transaction(|session| {
            let mut hits = session.dict::<u64>("hits").entry("all")?.or_default();
            *hits += 1;
            Ok(*hits)
        });
        assert_eq!(hits.expect("the proxy works"), expected);
    }
}

#[test]
fn values_of_several_servers_belong_to_their_keys_in_one_batch() {
    let servers = [Memcached::start(), Memcached::start(), Memcached::start()];
    let proxy = Daemon::proxy(&servers);
    let s = memcached_on([proxy.address()]);
    let names: Vec<_> = (0..300).map(|i| format!("key-{i}")).collect();
    let keys: Vec<_> = names.iter().map(String::as_bytes).collect();
    // Every third key has a value, so that the proxy answers out of order.
    let some = keys.iter().step_by(3);
    let changes: Vec<_> = some.map(|key| Change::new(key, store(key), Absent)).collect();
    assert!(apply(&s, &changes).iter().all(|done| matches!(done, Ok(Applied::Stored))));
    for (n, (key, got)) in keys.iter().zip(load(&s, &keys)).enumerate() {
        let expected = (n % 3 == 0).then_some(*key);
        assert_eq!(got.expect("a load has an outcome").value(), expected);
    }
    assert!(servers.iter().all(|server| server.stat("curr_items") > 0));
    let old = load_one(&s, keys[0]).token();
    assert_eq!(old.life(), 0, "it does not tell of its servers");
    assert!(matches!(apply_one(&s, keys[0], store(b"w"), Matches(old)), Applied::Stored));
    assert_eq!(apply_one(&s, keys[0], Op::Delete, Matches(old)), Applied::Differs);
    let new = load_one(&s, keys[0]).token();
    assert!(matches!(apply_one(&s, keys[0], Op::Delete, Matches(new)), Applied::Deleted));
    assert_eq!(load_one(&s, keys[0]), Got::Miss);
}

#[test]
fn changes_on_a_version_are_refused_by_name_where_a_proxy_hides_servers_without_versions() {
    let servers = [Memcached::with(&["-C"])];
    let proxy = Daemon::proxy(&servers);
    let s = memcached_on([proxy.address()]);
    apply_one(&s, b"k", store(b"v"), Always);
    let token = load_one(&s, b"k").token();
    for what in [store(b"w"), Op::Delete] {
        let outcomes = apply(&s, &[Change::new(b"k", what, Matches(token))]);
        let [Err(error @ StoreError::Refused(_))] = &outcomes[..] else { panic!("{outcomes:?}") };
        assert!(named(error, &proxy.address()).contains("`-C`"), "{error}");
    }
    assert_eq!(load_one(&s, b"k").value(), Some(&b"v"[..]));
}

/// A key that moves to another server there meets whatever that one has under it, of any age. A session
/// that read the value of the first server must not take it for its own.
#[test]
fn a_session_notices_that_a_proxy_has_moved_its_keys_from_an_ejected_server_and_back() {
    let mut servers = [Memcached::start(), Memcached::start()];
    let proxy = Daemon::proxy_that_ejects(&servers, Duration::from_millis(300));
    let cache = Cache::open(&format!("memcache://{}?strict=true&timeout=5s", proxy.address()));
    let cache = cache.expect("the URL is well formed");
    let keys: Vec<String> = (0..20).map(|key| format!("key-{key}")).collect();
    let put = |text: &str| {
        cache.transaction(|session| {
            let texts = session.dict::<String>("texts");
            keys.iter().try_for_each(|key| texts.insert(key, text.to_owned()))
        })
    };
    put("first").expect("the servers are up");
    let change = |session: &memdict::Session| {
        let texts = session.dict::<String>("texts");
        for key in &keys {
            texts.get_mut(key).expect("it is up").expect("it is there").push_str(" and more");
        }
    };

    let session = cache.session();
    change(&session);
    servers[0].kill();
    // The first request to it fails, and it is ejected. What it had is gone.
    wait_until(PATIENCE, "the other server has all keys", || put("second").is_ok());
    let Err(Error::Conflict { conflicts, .. }) = session.commit() else { panic!("it is behind") };
    assert_eq!(conflicts.len(), keys.len());

    let session = cache.session();
    change(&session);
    servers[0].revive();
    let empty = |cache: &Cache| {
        let session = cache.session();
        let texts = session.dict::<String>("texts");
        keys.iter().filter(|key| matches!(texts.get(*key), Ok(None))).count()
    };
    wait_until(PATIENCE, "it has its keys again", || empty(&cache) > 0);
    put("third").expect("the servers are up");
    let Err(Error::Conflict { conflicts, .. }) = session.commit() else { panic!("it is behind") };
    assert_eq!(conflicts.len(), keys.len());
    let session = cache.session();
    let texts = session.dict::<String>("texts");
    assert!(keys.iter().all(|key| texts.get(key).is_ok_and(|text| text.is_some())));
}
