//! Servers over TLS, with a certificate that only the test trusts.

use std::time::Duration;

use memdict::{Applied, Change, ClassicStore, Condition, StoreError};
use memdict_tests::{Daemon, apply, apply_one, load, load_one, named, store};

use Condition::{Absent, Always};

use super::{at, counts_on, hangs};

/// The timeout that a test waits for. A handshake has to fit into it, even on a busy machine.
const TIMEOUT: Duration = Duration::from_millis(800);

fn open(server: &Daemon) -> ClassicStore {
    at(server.address()).tls().expect("it is not a unix socket")
}

#[test]
fn a_url_names_the_authority_that_is_trusted() {
    let (server, certificate) = Daemon::memcached_with_tls(&[]);
    for (option, from) in [(format!("ca_file={certificate}"), 0), ("verify=false".to_owned(), 2)] {
        let url = format!("memcache+tls://{}?strict=true&{option}", server.address());
        counts_on(&url, from);
    }
}

#[test]
fn a_server_with_an_untrusted_certificate_is_down() {
    let (server, certificate) = Daemon::memcached_with_tls(&[]);
    let s = open(&server).timeout(TIMEOUT);
    let loaded = load(&s, &[b"k"]);
    let [Err(error @ StoreError::Down(_))] = &loaded[..] else { panic!("{loaded:?}") };
    assert!(named(error, &server.address()).contains("certificate"), "{error}");
    // The certificate is trusted, but for another name.
    let other_name = server.address().replace("127.0.0.1", "localhost");
    let s = at(other_name).timeout(TIMEOUT).tls().expect("it is not a unix socket");
    assert!(matches!(load(&s.tls_ca_file(&certificate), &[b"k"])[..], [Err(StoreError::Down(_))]));
    let trusting = open(&server).tls_without_verification();
    assert!(matches!(apply_one(&trusting, b"k", store(b"v"), Absent), Applied::Stored));
    let knowing = open(&server).tls_ca_file(&certificate);
    assert_eq!(load_one(&knowing, b"k").value(), Some(&b"v"[..]));
    assert_eq!(apply_one(&knowing, b"k", store(b"w"), Absent), Applied::Exists);
}

#[test]
fn large_batches_and_values_are_stored_and_loaded() {
    let (server, certificate) = Daemon::memcached_with_tls(&["-m", "100"]);
    let s = open(&server).tls_ca_file(certificate);
    let value = vec![b'x'; 100 * 1024];
    let keys: Vec<_> = (0..200).map(|i| format!("key-{i}")).collect();
    let keys: Vec<_> = keys.iter().map(String::as_bytes).collect();
    let changes: Vec<_> = keys.iter().map(|key| Change::new(key, store(&value), Absent)).collect();
    assert!(apply(&s, &changes).iter().all(|done| matches!(done, Ok(Applied::Stored))));
    for got in load(&s, &keys) {
        assert_eq!(got.expect("a load has an outcome").value(), Some(&value[..]));
    }
}

#[test]
fn a_server_that_hangs_costs_a_timeout() {
    let (server, certificate) = Daemon::memcached_with_tls(&[]);
    let s = open(&server).tls_ca_file(certificate);
    let s = s.timeout(TIMEOUT);
    // After the first call, even the handshake is not answered.
    hangs(&s, TIMEOUT, || server.pause(), || server.resume());
}

#[test]
fn credentials_over_tls_use_sasl() {
    let files = memdict_tests::Scratch::new();
    let (tls, certificate) = Daemon::tls_arguments(&files);
    let tls: Vec<_> = tls.iter().map(String::as_str).collect();
    let server = Daemon::memcached_with_sasl("shop", "5ecret", &tls);
    let s = open(&server).tls_ca_file(certificate);
    let s = s.credentials("shop", "5ecret").expect("both are plain");
    assert!(matches!(apply_one(&s, b"k", store(b"v"), Absent), Applied::Stored));
    assert_eq!(load_one(&s, b"k").value(), Some(&b"v"[..]));
    assert!(format!("{s:?}").contains("sasl: true, tls: Some(\"verified\")"));
}

#[test]
fn a_unix_socket_has_no_tls() {
    assert!(at("/run/a.sock".to_owned()).tls().is_err());
    let outcomes = Change::new(b"k", store(b"v"), Always);
    let s = at("127.0.0.1:1".to_owned()).tls().expect("it is not a unix socket");
    assert!(matches!(apply(&s, &[outcomes])[..], [Err(StoreError::Down(_))]));
}

/// A certificate for an address names it without the brackets that a URL needs.
#[test]
fn a_certificate_for_an_ipv6_address_is_verified_in_a_url_with_brackets() {
    let (server, certificate) = Daemon::memcached_with_tls_on("::1");
    let address = server.address();
    assert!(address.starts_with("[::1]:"), "{address}");
    counts_on(&format!("memcache+tls://{address}?strict=true&ca_file={certificate}"), 0);
    // The certificate is for the one address only.
    let (other, other_certificate) = Daemon::memcached_with_tls_for("::1", "IP:::2");
    let s = at(other.address()).timeout(TIMEOUT).tls().expect("it is not a unix socket");
    let loaded = load(&s.tls_ca_file(other_certificate), &[b"k"]);
    let [Err(error @ StoreError::Down(_))] = &loaded[..] else { panic!("{loaded:?}") };
    assert!(named(error, &other.address()).contains("certificate"), "{error}");
}
