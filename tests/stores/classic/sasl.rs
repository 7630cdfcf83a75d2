//! A memcached that requires SASL. The conformance suite shows that it works.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    thread,
    time::{Duration, Instant},
};

use memdict::{Applied, Change, Condition, Op, StoreError};
use memdict_tests::{Daemon, apply, apply_one, load, load_one, named, store};

use Condition::{Always, Matches};

use super::{at, counts_on, hangs};

#[test]
fn a_url_opens_it() {
    let server = Daemon::memcached_with_sasl("shop", "p!$%&'()*+,-._~", &[]);
    let url =
        format!("memcache+sasl://shop:p!$%25%26'()*+%2C-._~@{}?strict=true", server.address());
    counts_on(&url, 0);
}

#[test]
fn a_rejected_login_is_down_and_shows_no_password() {
    let server = Daemon::memcached_with_sasl("shop", "right", &[]);
    let refused = at(server.address()).credentials("shop", "5ecret").expect("both are plain");
    for s in [refused, at(server.address())] {
        let s = s.timeout(Duration::from_millis(300));
        let loaded = load(&s, &[b"k"]);
        let [Err(error @ StoreError::Down(_))] = &loaded[..] else { panic!("{loaded:?}") };
        assert!(!named(error, &server.address()).contains("5ecret"), "{error}");
        let outcomes = apply(&s, &[Change::new(b"k", store(b"v"), Always)]);
        assert!(outcomes[0].is_err());
        assert!(!format!("{outcomes:?} {s:?}").contains("5ecret"));
    }
}

#[test]
fn a_rejected_login_costs_one_timeout_and_then_fails_at_once_with_the_same_reason() {
    let server = Daemon::memcached_with_sasl("shop", "right", &[]);
    let s = at(server.address()).credentials("shop", "5ecret").expect("both are plain");
    let s = s.connect_timeout(Duration::from_millis(300)).timeout(Duration::from_millis(300));
    let fails = || {
        let begun = Instant::now();
        let error = load(&s, &[b"k"]).remove(0).expect_err("it is not let in");
        assert!(matches!(error, StoreError::Down(_)), "{error:?}");
        println!("{error}");
        (named(&error, &server.address()).to_owned(), begun.elapsed())
    };
    let (why, first) = fails();
    assert!(why.contains("user name") && why.contains("password"), "{why}");
    let begun = Instant::now();
    for _ in 0..100 {
        assert_eq!(fails().0, why);
    }
    assert!(begun.elapsed() < 20 * first, "each of a hundred would take {first:?}");
}

#[test]
fn credentials_that_cannot_be_sent_and_sockets_are_errors_that_show_no_credentials() {
    let s = at("127.0.0.1:1".to_owned());
    for password in ["5ecret@", "5ecret/", "5ecret==", "", "5ecretä"] {
        let s = memdict::ClassicStore::new(["127.0.0.1:1"]).expect("the name is well formed");
        let error = s.credentials("shop", password).expect_err(password).to_string();
        assert!(!error.contains("5ecret"), "{error}");
    }
    assert!(s.credentials("shop", "plain").is_ok());
    assert!(at("/run/a.sock".to_owned()).credentials("shop", "plain").is_err());
}

#[test]
fn a_server_that_hangs_costs_a_timeout() {
    let server = Daemon::memcached_with_sasl("shop", "5ecret", &[]);
    let timeout = Duration::from_millis(500);
    let s = at(server.address()).credentials("shop", "5ecret").expect("both are plain");
    hangs(&s.timeout(timeout), timeout, || server.pause(), || server.resume());
}

#[test]
fn a_change_that_the_server_refuses_is_refused_and_the_connection_stays_in_use() {
    let server = Daemon::memcached_with_sasl("shop", "5ecret", &[]);
    let s = at(server.address()).credentials("shop", "5ecret").expect("both are plain");
    let s = s.max_item_bytes(8 << 20);
    let larger = vec![1; 3 << 20];
    let changes =
        [Change::new(b"k", store(&larger), Always), Change::new(b"l", store(b"v"), Always)];
    let outcomes = apply(&s, &changes);
    let [Err(error @ StoreError::Refused(_)), Ok(Applied::Stored)] = &outcomes[..] else {
        panic!("{outcomes:?}")
    };
    named(error, &server.address());
    let token = load_one(&s, b"l").token();
    assert!(matches!(apply_one(&s, b"l", Op::Delete, Matches(token)), Applied::Deleted));
}

const SET: u8 = 0x01;
const DELETE: u8 = 0x04;
const LATE: Duration = Duration::from_millis(400);

/// Accepts any login, has no value for any key, and answers a `set` late.
fn answer(mut stream: TcpStream) -> std::io::Result<()> {
    let mut header = [0; 24];
    loop {
        stream.read_exact(&mut header)?;
        let body = u32::from_be_bytes([header[8], header[9], header[10], header[11]]);
        stream.read_exact(&mut vec![0; body as usize])?;
        let mut reply = [0; 24];
        (reply[0], reply[1]) = (0x81, header[1]);
        match header[1] {
            SET => thread::sleep(LATE),
            // "Not found".
            DELETE => reply[7] = 1,
            _ => {}
        }
        stream.write_all(&reply)?;
    }
}

/// In this protocol, nothing shows which question an answer belongs to.
#[test]
fn a_late_answer_is_not_taken_for_that_of_a_later_request() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = listener.local_addr().expect("a listener has an address").to_string();
    // The thread ends with the process.
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || answer(stream));
        }
    });
    let s = at(address).credentials("shop", "5ecret").expect("both are plain");
    let s = s.timeout(LATE / 2);
    let outcomes = apply(&s, &[Change::new(b"k", store(b"v"), Always)]);
    assert!(matches!(outcomes[..], [Err(StoreError::Unknown(_))]), "{outcomes:?}");
    thread::sleep(LATE);
    assert_eq!(apply_one(&s, b"k", Op::Delete, Always), Applied::Gone);
}
