//! Servers that send anything: an error, in time, and never a panic.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    thread,
    time::{Duration, Instant},
};

use memdict::{Change, Condition, StoreError, Tls};
use memdict_tests::{PATIENCE, apply, store};

use super::{open, with_both};

const TIMEOUT: Duration = Duration::from_millis(300);

/// Starts a server that does this with each connection, once it has been spoken to.
fn server(serve: impl Fn(&mut TcpStream) + Send + Sync + Copy + 'static) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
    let address = listener.local_addr().expect("a listener has an address").to_string();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            thread::spawn(move || {
                let _ = stream.read(&mut [0; 4096]);
                serve(&mut stream);
            });
        }
    });
    address
}

/// Checks that a change is not made, within the time of a handshake, and what the error says.
fn fails(what: &str, serve: impl Fn(&mut TcpStream) + Send + Sync + Copy + 'static) {
    let address = server(serve);
    let tls = || Tls::new().without_verification();
    let begun = Instant::now();
    with_both(
        || open(address.clone(), tls()).timeout(TIMEOUT).connect_timeout(PATIENCE),
        |s| {
            let changed = apply(s, &[Change::new(b"k", store(b"v"), Condition::Always)]);
            let [Err(error @ StoreError::Down(_))] = &changed[..] else { panic!("{changed:?}") };
            let error = error.to_string();
            assert!(error.contains(&address) && error.contains(what), "{error}");
        },
    );
    assert!(begun.elapsed() < PATIENCE, "{:?}", begun.elapsed());
}

/// A record of a type, of TLS 1.2 as all of them say.
fn record(kind: u8, content: &[u8]) -> Vec<u8> {
    let mut record = vec![kind, 3, 3];
    record.extend((content.len() as u16).to_be_bytes());
    record.extend(content);
    record
}

#[test]
fn bytes_that_are_no_tls_are_an_error_that_says_so() {
    fails("does not speak TLS", |stream| drop(stream.write_all(b"ERROR\r\n")));
    fails("does not speak TLS", |stream| drop(stream.write_all(&[0xff; 100_000])));
    fails("TLS", |stream| drop(stream.write_all(&[0; 64])));
}

#[test]
fn records_that_are_cut_off_or_closed_are_an_error() {
    fails("closed the connection in the TLS handshake", |_| {});
    let hello = |stream: &mut TcpStream| drop(stream.write_all(&record(22, &[2, 0, 0, 70])[..7]));
    fails("closed the connection in the TLS handshake", hello);
    // A polite close, and a refusal.
    fails("TLS", |stream| drop(stream.write_all(&record(21, &[1, 0]))));
    fails("refuses the TLS connection", |stream| drop(stream.write_all(&record(21, &[2, 40]))));
}

#[test]
fn a_handshake_that_never_ends_costs_a_timeout() {
    // Nothing, one byte at a time of a message that is announced as long, and without an end.
    fails("timed out in the TLS handshake", |_| thread::sleep(2 * PATIENCE));
    fails("timed out in the TLS handshake", |stream| {
        for byte in record(22, &[2; 16_000]) {
            if stream.write_all(&[byte]).is_err() {
                return;
            }
            thread::sleep(Duration::from_millis(5));
        }
    });
    fails("", |stream| while stream.write_all(&record(22, &[2, 0xff, 0xff, 0xff])).is_ok() {});
    fails("", |stream| while stream.write_all(&record(22, &[0; 4])).is_ok() {});
    fails("", |stream| while stream.write_all(&record(21, &[1, 90])).is_ok() {});
}

#[test]
fn random_records_are_an_error() {
    fails("", |stream| {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64 ^ u64::from(std::process::id());
        for _ in 0..50 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let content: Vec<u8> =
                (0..(state >> 32) % 300).map(|at| (state >> (at % 57)) as u8).collect();
            if stream.write_all(&record(20 + (state % 4) as u8, &content)).is_err() {
                return;
            }
        }
    });
}
