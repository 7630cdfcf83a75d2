//! Servers that require a user name and a password (memcached's option `-Y`).

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    thread,
    time::Duration,
};

use memdict::{Cache, Change, Condition, DictDef, Error, MemcachedStore, StoreError};
use memdict_tests::{Cart, Got, Memcached, apply, apply_one, load, load_one, memcached_on, store};

const USER: &str = "bob";
const PASSWORD: &str = "s3same-0pen";

static CARTS: DictDef<Cart> = DictDef::new("carts").ttl_secs(60);

fn without(server: &Memcached) -> MemcachedStore {
    memcached_on([server.address()])
}

fn with(server: &Memcached, user: &str, password: &str) -> MemcachedStore {
    without(server).credentials(user, password).expect("they can be sent")
}

/// Checks that every operation is down, with an error that says what to do and at which server, and
/// does not show the secret.
fn is_kept_out(s: &MemcachedStore, server: &Memcached, what_to_do: &[&str]) {
    let change = Change::new(b"k", store(b"v"), Condition::Always);
    let errors = [
        load(s, &[b"k"]).remove(0).expect_err("not logged in"),
        apply(s, &[change]).remove(0).expect_err("not logged in"),
    ];
    for error in errors {
        assert!(matches!(error, StoreError::Down(_)), "{error:?}");
        let message = format!("{error} {error:?}");
        assert!(message.contains(&server.address()), "{message}");
        assert!(what_to_do.iter().all(|words| message.contains(words)), "{message}");
        assert!(!message.contains("s3same"), "{message}");
    }
    assert_eq!(server.stat("cmd_get") + server.stat("get_misses"), 0, "nothing was sent");
}

#[test]
fn correct_credentials_log_in_on_every_connection() {
    let mut server = Memcached::guarded(USER, PASSWORD);
    let s = with(&server, USER, PASSWORD);
    apply_one(&s, b"k", store(b"v"), Condition::Always);
    assert_eq!(load_one(&s, b"k").value(), Some(&b"v"[..]));
    server.restart();
    assert_eq!(load_one(&s, b"k"), Got::Miss);
}

#[test]
fn wrong_credentials_are_an_error_that_says_what_to_do_and_hides_the_password() {
    let server = Memcached::guarded(USER, PASSWORD);
    is_kept_out(&with(&server, USER, "s3same"), &server, &["user name", "password"]);
    let server = Memcached::guarded(USER, PASSWORD);
    is_kept_out(&with(&server, "eve", PASSWORD), &server, &["user name", "password"]);
}

#[test]
fn missing_credentials_are_an_error_that_says_what_to_do() {
    let server = Memcached::guarded(USER, PASSWORD);
    is_kept_out(&without(&server), &server, &["user name", "password"]);
}

/// Starts a server that reads one line, says that it wants a login, and closes the connection while
/// there is more to read, as a new memcached does. The system may then drop what it said. `more` lines
/// are read after it.
fn closing_early(more: usize) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = listener.local_addr().expect("a listener has an address").to_string();
    // The thread ends with the process.
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut stream = &stream;
            let read_line = |mut stream: &TcpStream| {
                let mut byte = [0];
                while stream.read(&mut byte).is_ok_and(|read| read > 0) && byte != *b"\n" {}
            };
            read_line(stream);
            // What follows it has arrived as well.
            thread::sleep(Duration::from_millis(20));
            if stream.write_all(b"CLIENT_ERROR unauthenticated\r\n").is_ok() && more > 0 {
                (0..more).for_each(|_| read_line(stream));
                thread::sleep(Duration::from_millis(20));
                let _ = stream.write_all(b"CLIENT_ERROR authentication failure\r\n");
            }
        }
    });
    address
}

#[test]
fn a_server_that_closes_at_once_without_a_login_is_an_error_that_says_what_to_do() {
    for (login, more) in [(None, 0), (Some("s3same"), 2)] {
        let mut s = memcached_on([closing_early(more)]);
        if let Some(password) = login {
            s = s.credentials(USER, password).expect("they can be sent");
        }
        let error = load(&s, &[b"k"]).remove(0).expect_err("not logged in");
        assert!(matches!(error, StoreError::Down(_)), "{error:?}");
        let said = format!("{error} {error:?}");
        assert!(said.contains("user name") && said.contains("password"), "{said}");
        assert!(!said.contains("s3same"), "{said}");
    }
}

#[test]
fn credentials_are_not_sent_to_a_server_that_does_not_ask_for_them() {
    let server = Memcached::start();
    let s = with(&server, USER, PASSWORD);
    apply_one(&s, b"k", store(b"v"), Condition::Always);
    assert_eq!(load_one(&s, b"k").value(), Some(&b"v"[..]));
    assert_eq!(server.stat("total_items"), 1, "the login would be stored as a value");
}

#[test]
fn credentials_that_cannot_be_sent_are_errors_that_do_not_show_them() {
    let server = Memcached::start();
    for (user, password) in [("a b", "s3same"), ("a", "s3same\r\nflush_all"), ("", "s3same")] {
        let error = without(&server).credentials(user, password).expect_err("it is malformed");
        assert!(matches!(error, Error::Config { .. }), "{error}");
        assert!(!format!("{error} {error:?}").contains("s3same"), "{error}");
    }
}

#[test]
fn a_url_may_carry_credentials() {
    let server = Memcached::guarded(USER, PASSWORD);
    let open = |url: String| Cache::builder().strict(true).open(&url).expect("a good URL");
    let cache = open(format!("memcache://{USER}:{PASSWORD}@{}", server.address()));
    cache
        .transaction(|session| session.dict(&CARTS).insert("alice", Cart::of("alice", 2)))
        .expect("it commits");
    let session = cache.session();
    let cart = session.dict(&CARTS).get("alice").expect("up").expect("stored");
    assert_eq!(cart.items.len(), 2);
    assert!(!format!("{cache:?} {session:?}").contains("s3same"));

    for login in [format!("{USER}:s3same-shut@"), String::new()] {
        let cache = open(format!("memcache://{login}{}", server.address()));
        let session = cache.session();
        let error = session.dict(&CARTS).get("alice").expect_err("not logged in");
        assert!(matches!(error, Error::Unavailable { .. }), "{error}");
        let said = format!("{error} {error:?}");
        assert!(said.contains("password") && !said.contains("s3same"), "{said}");
    }
}

#[test]
fn a_malformed_url_with_credentials_is_an_error_that_does_not_show_the_password() {
    for url in [
        "memcache://bob:s3same@",
        "memcache://bob:s3same@host:port",
        "memcache://bob:s3same@host?timeout=soon",
        "memcached://bob:s3same@host",
    ] {
        let error = Cache::open(url).expect_err("it is malformed");
        assert!(!format!("{error} {error:?}").contains("s3same"), "{error}");
    }
}

#[test]
fn debug_shows_no_password() {
    let server = Memcached::start();
    let s = with(&server, USER, PASSWORD);
    assert!(!format!("{s:?} {s:#?}").contains("s3same"), "{s:?}");
}
