//! Clusters whose endpoint and servers speak TLS.

use std::{net::TcpListener, time::Instant};

use memdict::{Cache, ClusterStore, Error, Lookup, Tls};
use memdict_tests::{Authority, Cache as Either, Daemon, Endpoint, Memcached, PATIENCE};

fn url(endpoint: &Endpoint, options: &str) -> String {
    format!("memcache+cluster+tls://{}?timeout=5s&{options}", endpoint.address())
}

/// Opens a cache for calls that block, and one for tasks.
fn both(url: &str) -> [Either; 2] {
    let open = || Cache::open(url).expect("it is the URL of a store");
    [Either::Blocking(open()), Either::Blocking(open()).in_tasks()]
}

/// Checks that a key is not reached, and that the reason says this.
fn says(cache: &Either, words: &[&str]) {
    let begun = Instant::now();
    let session = cache.session();
    let found = session.dict::<u32>("n").lookup("k").expect("the cache is not strict");
    let Lookup::Unreachable(why) = found else { panic!("{found:?}") };
    assert!(words.iter().all(|words| why.contains(words)), "{why}");
    assert!(begun.elapsed() < PATIENCE, "{:?}", begun.elapsed());
}

#[test]
fn an_endpoint_and_the_servers_that_it_tells_are_spoken_to_over_tls() {
    let authority = Authority::new();
    let certificate = authority.issue("IP:127.0.0.1");
    let servers = [(); 2].map(|()| Daemon::memcached_showing(&certificate, "127.0.0.1", &[]));
    let endpoint = Endpoint::secured(&certificate, servers.iter().map(Daemon::address));
    for cache in both(&url(&endpoint, &format!("ca_file={}", authority.ca_file()))) {
        let stored = cache.transaction(|session| {
            (0..100).try_for_each(|key| session.dict::<u32>("n").insert(key, key))
        });
        stored.expect("the servers are up");
        let session = cache.session();
        let found = session.dict::<u32>("n").get_many(0..100).expect("the servers are up");
        assert!(found.iter().all(Option::is_some));
        assert_eq!(cache.health().len(), 2);
    }
    assert_eq!(endpoint.asked(), 2);
}

#[test]
fn an_endpoint_that_is_not_trusted_is_asked_nothing() {
    let (authority, other) = (Authority::new(), Authority::new());
    let endpoint = Endpoint::secured(&other.issue("IP:127.0.0.1"), ["127.0.0.1:1".to_owned()]);
    for cache in both(&url(&endpoint, &format!("ca_file={}", authority.ca_file()))) {
        says(&cache, &[&endpoint.address(), "not trusted", "ca_file"]);
    }
    assert_eq!(endpoint.asked(), 0);
}

#[test]
fn an_endpoint_without_tls_says_so_and_a_silent_one_costs_its_timeout() {
    let server = Memcached::start();
    let authority = Authority::new();
    let plain = Endpoint::start([&server]);
    let options = format!("ca_file={}", authority.ca_file());
    for cache in both(&url(&plain, &options)) {
        says(&cache, &[&plain.address(), "it may speak no TLS at this port"]);
    }
    // It takes connections, and never reads.
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let silent = silent.local_addr().expect("it listens").to_string();
    let url = url(&plain, &options).replace("timeout=5s", "timeout=200ms");
    for cache in both(&url.replace(&plain.address(), &silent)) {
        says(&cache, &[&silent, "within 200ms"]);
    }
}

#[test]
fn servers_without_tls_are_not_spoken_to_where_the_endpoint_has_it() {
    let authority = Authority::new();
    let certificate = authority.issue("IP:127.0.0.1");
    let server = Memcached::start();
    let endpoint = Endpoint::secured(&certificate, [server.address()]);
    for cache in both(&url(&endpoint, &format!("ca_file={}", authority.ca_file()))) {
        says(&cache, &[&server.address(), "TLS"]);
    }
    assert_eq!(server.stat("cmd_get"), 0);
}

#[test]
fn names_whose_addresses_are_servers_cannot_have_tls() {
    let store = ClusterStore::of_names(["dns+localhost:11211"]).expect("it is a name");
    let refused = store.tls(Tls::new().without_verification()).expect_err("there is no name");
    assert!(matches!(refused, Error::Config { .. }) && refused.to_string().contains("dns+"));
}
