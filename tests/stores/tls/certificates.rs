//! Whom a store believes, and who believes it.

use std::{
    env,
    io::Write,
    process::Command,
    sync::{Arc, Mutex, PoisonError},
};

use memdict::{Cache, DictDef, MemcachedStore, Tls};
use memdict_tests::{Authority, Certificate, Daemon, Memcached, Waiting, memcached_on};

use super::{is_down, open, trusting, with_both, works};

static HITS: DictDef<u64> = DictDef::new("hits");

/// Counts on from a number, in a cache that this URL opens.
fn counts_on(url: &str, from: u64) {
    let cache = Cache::open(url).expect("the URL is well formed");
    for expected in [from + 1, from + 2] {
        let hits = cache.transaction(|session| {
            let mut hits = session.dict(&HITS).entry("all")?.or_default();
            *hits += 1;
            Ok(*hits)
        });
        assert_eq!(hits.expect("the server is up"), expected);
    }
}

#[test]
fn a_url_names_the_authority_that_is_trusted() {
    let (server, authority) = Daemon::memcached_with_tls(&[]);
    let ca_file = format!("ca_file={}", authority.ca_file());
    for (option, from) in [(&*ca_file, 0), ("verify=false", 2)] {
        counts_on(&format!("memcache+tls://{}?strict=true&{option}", server.address()), from);
    }
}

#[test]
fn a_server_whose_authority_is_not_trusted_is_down() {
    let (server, _) = Daemon::memcached_with_tls(&[]);
    let says = ["certificate", "authority", "`ca_file`"];
    is_down(&server.address(), &trusting(&Authority::new()), &says);
    with_both(|| open(server.address(), Tls::new().without_verification()), works);
}

/// Runs in a process of its own, whose system trusts the test's authority.
#[test]
fn the_authorities_of_the_system_are_trusted_if_no_others_are_named() {
    const SERVER: &str = "MEMDICT_TEST_TLS_SERVER";
    if let Ok(address) = env::var(SERVER) {
        with_both(|| open(address.clone(), Tls::new()), works);
        return;
    }
    let (server, authority) = Daemon::memcached_with_tls(&[]);
    for (ca_file, is_trusted) in [(authority.ca_file(), true), (Authority::new().ca_file(), false)]
    {
        let name = "the_authorities_of_the_system_are_trusted_if_no_others_are_named";
        let child = Command::new(env::current_exe().expect("this program has a path"))
            .args(["--exact", &format!("tls::certificates::{name}")])
            .envs([(SERVER, server.address()), ("SSL_CERT_FILE", ca_file)])
            .env_remove("SSL_CERT_DIR")
            .output()
            .expect("this program starts again");
        let said = String::from_utf8_lossy(&child.stdout);
        assert!(child.status.success() == is_trusted && said.contains("1 test"), "{said}");
    }
}

#[test]
fn a_certificate_for_another_name_is_an_error_that_says_both_names() {
    let (server, authority) = Daemon::memcached_with_tls(&[]);
    let by_name = server.address().replace("127.0.0.1", "localhost");
    is_down(&by_name, &trusting(&authority), &["not for `localhost`", "127.0.0.1"]);
    let named = authority.issue("DNS:localhost");
    let server = Daemon::memcached_showing(&named, "127.0.0.1", &[]);
    let by_name = server.address().replace("127.0.0.1", "localhost");
    with_both(|| open(by_name.clone(), trusting(&authority)), works);
    is_down(&server.address(), &trusting(&authority), &["not for `127.0.0.1`", "localhost"]);
}

#[test]
fn a_certificate_for_an_ipv6_address_is_verified_in_a_url_with_brackets() {
    let authority = Authority::new();
    let server = Daemon::memcached_showing(&authority.issue("IP:::1"), "::1", &[]);
    let (address, ca_file) = (server.address(), authority.ca_file());
    assert!(address.starts_with("[::1]:"), "{address}");
    counts_on(&format!("memcache+tls://{address}?strict=true&ca_file={ca_file}"), 0);
    let other = Daemon::memcached_showing(&authority.issue("IP:::2"), "::1", &[]);
    is_down(&other.address(), &trusting(&authority), &["not for `::1`"]);
}

#[test]
fn a_certificate_that_has_expired_is_an_error_that_says_so() {
    let authority = Authority::new();
    let expired = authority.issue_expired("IP:127.0.0.1");
    let server = Daemon::memcached_showing(&expired, "127.0.0.1", &[]);
    is_down(&server.address(), &trusting(&authority), &["has expired"]);
}

#[test]
fn a_certificate_may_be_its_own_authority_unless_it_issues_others() {
    let authority = Authority::new();
    for issues_others in [false, true] {
        let own = authority.issue_itself("IP:127.0.0.1", issues_others);
        let server = Daemon::memcached_showing(&own, "127.0.0.1", &[]);
        let tls = Tls::new().ca_file(&own.cert_file);
        match issues_others {
            false => with_both(|| open(server.address(), tls.clone()), works),
            true => is_down(&server.address(), &tls, &["CA:FALSE"]),
        }
        with_both(|| open(server.address(), Tls::new().without_verification()), works);
    }
}

/// Starts a server that asks for client certificates of this authority.
fn asking(authority: &Authority, version: &str) -> Daemon {
    let certificate = authority.issue("IP:127.0.0.1");
    let ca_file = authority.ca_file();
    let asks = format!("ssl_ca_cert={ca_file},ssl_verify_mode=2{version}");
    Daemon::memcached_showing(&certificate, "127.0.0.1", &["-o", &asks])
}

#[test]
fn a_server_that_asks_for_a_client_certificate_is_shown_one() {
    let authority = Authority::new();
    let server = asking(&authority, "");
    let Certificate { cert_file, key_file } = authority.issue("DNS:shop");
    let tls = trusting(&authority).cert_file(&cert_file).key_file(&key_file);
    with_both(|| open(server.address(), tls.clone()), works);
    let files = format!("cert_file={cert_file}&key_file={key_file}").replace(' ', "%20");
    let ca_file = authority.ca_file();
    let url = format!("memcache+tls://{}?strict=true&ca_file={ca_file}&{files}", server.address());
    counts_on(&url, 0);
}

#[test]
fn a_server_that_asks_for_a_client_certificate_and_gets_none_says_so() {
    let authority = Authority::new();
    let server = asking(&authority, "");
    is_down(&server.address(), &trusting(&authority), &["client certificate", "`cert_file`"]);
    let other = Authority::new();
    let stranger = other.issue("DNS:shop");
    let tls = trusting(&authority).cert_file(&stranger.cert_file).key_file(&stranger.key_file);
    is_down(&server.address(), &tls, &["does not accept the client certificate"]);
}

#[test]
fn a_server_that_speaks_no_tls_is_an_error_that_says_so() {
    let server = Memcached::start();
    let tls = Tls::new().without_verification();
    // A request that ends a line is answered; what it is depends on chance, so a while may pass.
    let store = |s: MemcachedStore| s.timeout(std::time::Duration::from_millis(300));
    let open = || store(open(server.address(), tls.clone()));
    with_both(open, |s| {
        let error = memdict_tests::load(s, &[b"k"]).remove(0).expect_err("there is no TLS");
        assert!(
            error.to_string().contains("speak") && error.to_string().contains("TLS"),
            "{error}"
        );
    });
}

#[test]
fn a_plain_client_at_a_port_for_tls_is_told_so() {
    let (server, _) = Daemon::memcached_with_tls(&[]);
    let open = || memcached_on([server.address()]);
    with_both(open, |s| {
        let error = memdict_tests::load(s, &[b"k"]).remove(0).expect_err("it speaks TLS");
        assert!(error.to_string().contains("memcache+tls://"), "{error}");
    });
}

/// What was logged.
#[derive(Debug, Clone, Default)]
struct Logged(Arc<Mutex<Vec<u8>>>);

impl Write for Logged {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_store_that_verifies_nobody_says_so_once_and_names_the_servers() {
    let (server, _) = Daemon::memcached_with_tls(&[]);
    let logged = Logged::default();
    let writer = logged.clone();
    let subscriber =
        tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    let url = format!("memcache+tls://{},other:1?verify=false", server.address());
    tracing::subscriber::with_default(subscriber, || {
        let cache = Cache::open(&url).expect("the URL is well formed");
        for _ in 0..3 {
            let _ = cache.transaction(|session| session.dict(&HITS).insert("all", 1));
        }
    });
    let text = logged.0.lock().unwrap_or_else(PoisonError::into_inner);
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<_> = text.lines().filter(|line| line.contains("verify")).collect();
    let [line] = lines[..] else { panic!("{text}") };
    assert!(line.contains("WARN") && line.contains(&server.address()), "{line}");
    assert!(line.contains("other:1"), "{line}");
}

#[test]
fn credentials_over_tls_log_in_by_text() {
    let files = memdict_tests::Scratch::new();
    let passwords = files.write("passwords", "shop:5ecret\n");
    files.share();
    let (server, authority) = Daemon::memcached_with_tls(&["-Y", &passwords]);
    let with = |password: &str| {
        let s = open(server.address(), trusting(&authority));
        s.credentials("shop", password).expect("they can be sent")
    };
    with_both(|| with("5ecret"), works);
    let error = memdict_tests::load(&Waiting(with("wrong")), &[b"k"]).remove(0);
    assert!(error.expect_err("it is wrong").to_string().contains("password"));
    assert!(format!("{:?}", with("5ecret")).contains("tls: Some(\"verified\")"));
}
