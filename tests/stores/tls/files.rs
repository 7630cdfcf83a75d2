//! Files and names that cannot be used are errors before anything is sent.

use memdict::{Cache, Error, MemcachedStore, Tls};
use memdict_tests::{Authority, Scratch};

fn refused(server: &str, tls: Tls) -> (String, String) {
    let store = MemcachedStore::new([server]).expect("the name is well formed");
    match store.tls(tls) {
        Err(Error::Config { option, reason, .. }) => (option, reason),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_file_that_cannot_be_used_is_an_error_that_names_the_option_and_the_file() {
    let (authority, files) = (Authority::new(), Scratch::new());
    let issued = authority.issue("DNS:shop");
    let empty = files.write("empty", "nothing in PEM format: -----BEGIN 5ecret\n");
    let broken = "-----BEGIN CERTIFICATE-----\n5ecret!\n-----END CERTIFICATE-----\n";
    let broken = files.write("broken", broken);
    let base64 = "-----BEGIN CERTIFICATE-----\nNWVjcmV0\n-----END CERTIFICATE-----\n";
    let no_certificate = files.write("no-certificate", base64);
    let missing = files.file("missing");
    let trusting = || Tls::new().ca_file(authority.ca_file());
    for file in [&empty, &broken, &missing, &no_certificate] {
        let (option, reason) = refused("a", Tls::new().ca_file(file));
        assert!(option == "ca_file" && reason.contains(file.as_str()), "{option}: {reason}");
        assert!(!reason.contains("5ecret"), "{reason}");
    }
    for file in [&empty, &broken, &missing] {
        let tls = trusting().cert_file(file).key_file(&issued.key_file);
        let (option, reason) = refused("a", tls);
        assert!(option == "cert_file" && reason.contains(file.as_str()), "{option}: {reason}");
        let (option, reason) = refused("a", trusting().cert_file(&issued.cert_file).key_file(file));
        assert!(option == "key_file" && reason.contains(file.as_str()), "{option}: {reason}");
        assert!(!reason.contains("5ecret"), "{reason}");
    }
}

#[test]
fn a_client_certificate_needs_its_own_key() {
    let authority = Authority::new();
    let (one, other) = (authority.issue("DNS:one"), authority.issue("DNS:other"));
    let trusting = || Tls::new().ca_file(authority.ca_file());
    let (option, reason) = refused("a", trusting().cert_file(&one.cert_file));
    assert!(option == "cert_file" && reason.contains("`key_file`"), "{option}: {reason}");
    let (option, reason) = refused("a", trusting().key_file(&one.key_file));
    assert!(option == "key_file" && reason.contains("`cert_file`"), "{option}: {reason}");
    let tls = trusting().cert_file(&one.cert_file).key_file(&other.key_file);
    let (option, reason) = refused("a", tls);
    assert!(option == "key_file" && reason.contains(&other.key_file), "{option}: {reason}");
}

#[test]
fn a_unix_socket_and_a_name_that_no_certificate_can_have_are_errors() {
    let unverified = || Tls::new().without_verification();
    let (option, reason) = refused("/run/memcached.sock", unverified());
    assert!(option == "servers" && reason.contains("unix socket"), "{option}: {reason}");
    let (option, reason) = refused("-a..b-:1", unverified());
    assert!(option == "servers" && reason.contains("`-a..b-`"), "{option}: {reason}");
    let error = Cache::open("memcache+tls:///run/memcached.sock?verify=false");
    assert!(error.expect_err("it is a socket").to_string().contains("unix socket"));
}
