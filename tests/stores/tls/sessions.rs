//! Connections that resume the TLS session of earlier ones, and connections that wait.

use std::{thread, time::Duration};

use memdict::{Applied, Change, Condition, Store, StoreError};
use memdict_tests::{
    Authority, Daemon, End, PATIENCE, Proxy, Waiting, Way, apply, apply_one, load_one,
    load_when_up, store,
};

use super::{open, trusting, with_both, works};

use Condition::Always;

#[test]
fn a_further_connection_resumes_the_session_of_an_earlier_one() {
    let (server, authority) = Daemon::memcached_with_tls(&["-o", "ssl_session_cache"]);
    let proxy = Proxy::before(&server.address());
    // Returns how many bytes the server sends until a connection has answered its first request.
    let first_answers = |s: &dyn Store| {
        proxy.count_anew();
        load_one(s, b"k");
        proxy.passed(Way::Answers)
    };
    let certificate = 400;
    with_both(
        || open(proxy.address(), trusting(&authority)),
        |s| {
            let full = first_answers(s);
            for _ in 0..3 {
                proxy.hang_up(End::Closed);
                let resumed = first_answers(s);
                assert!(resumed + certificate < full, "{resumed} of {full} bytes");
            }
        },
    );
}

/// A server may refuse to resume, and one that asks for client certificates may fail over it.
#[test]
fn further_connections_work_whether_or_not_the_server_resumes() {
    let authority = Authority::new();
    let (certificate, client) = (authority.issue("IP:127.0.0.1"), authority.issue("DNS:shop"));
    let asks = format!("ssl_ca_cert={},ssl_verify_mode=2", authority.ca_file());
    let tls = trusting(&authority).cert_file(client.cert_file).key_file(client.key_file);
    for options in
        ["ssl_min_version=2", "ssl_session_cache", &asks, &format!("{asks},ssl_session_cache")]
    {
        let server = Daemon::memcached_showing(&certificate, "127.0.0.1", &["-o", options]);
        let proxy = Proxy::before(&server.address());
        with_both(
            || open(proxy.address(), tls.clone()),
            |s| {
                for _ in 0..4 {
                    works(s);
                    proxy.hang_up(End::Closed);
                }
            },
        );
    }
}

#[test]
fn an_idle_connection_is_used_again() {
    let (server, authority) = Daemon::memcached_with_tls(&[]);
    let proxy = Proxy::before(&server.address());
    with_both(
        || open(proxy.address(), trusting(&authority)),
        |s| {
            let before = proxy.connections();
            for pause in [0, 1, 20] {
                thread::sleep(Duration::from_millis(pause));
                works(s);
            }
            assert_eq!(proxy.connections(), before + 1);
        },
    );
}

#[test]
fn a_connection_that_was_closed_while_it_was_idle_costs_no_operation() {
    let (server, authority) = Daemon::memcached_with_tls(&[]);
    let proxy = Proxy::before(&server.address());
    with_both(
        || open(proxy.address(), trusting(&authority)),
        |s| {
            for end in [End::Closed, End::Reset, End::Closed] {
                works(s);
                proxy.hang_up(end);
                works(s);
            }
        },
    );
}

#[test]
fn a_server_that_hangs_costs_a_timeout_and_its_changes_are_unknown_or_not_made() {
    let (server, authority) = Daemon::memcached_with_tls(&[]);
    let timeout = Duration::from_millis(400);
    with_both(
        || open(server.address(), trusting(&authority)),
        |s| assert_eq!(apply_one(s, b"k", store(b"before"), Always), Applied::Stored),
    );
    let s = open(server.address(), trusting(&authority)).timeout(timeout).connect_timeout(PATIENCE);
    works(&s);
    server.pause();
    let changes = [Change::new(b"k", store(b"after"), Always)];
    let begun = std::time::Instant::now();
    let outcomes = apply(&s, &changes);
    assert!(matches!(outcomes[..], [Err(StoreError::Unknown(_))]), "{outcomes:?}");
    // The handshake is not answered either.
    let fresh = Waiting(open(server.address(), trusting(&authority)).timeout(timeout));
    let outcomes = apply(&fresh, &changes);
    let [Err(error @ StoreError::Down(_))] = &outcomes[..] else { panic!("{outcomes:?}") };
    assert!(error.to_string().contains("TLS handshake"), "{error}");
    assert!(begun.elapsed() < 8 * timeout, "{:?}", begun.elapsed());
    server.resume();
    // The change that was sent may be made now, late.
    let got = load_when_up(&s, b"k");
    assert!([&b"v"[..], b"after"].map(Some).contains(&got.value()), "{got:?}");
}
