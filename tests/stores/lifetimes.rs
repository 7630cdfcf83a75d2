//! How long a real memcached, and one whose clock is wrong, keep values.

use std::{
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use memdict::{Applied, ClassicStore, Condition, Expiry, Load, MemoryStore, Op, Store};
use memdict_tests::{
    Got, Memcached, ScriptedServer, apply_one, find, load_one, memcached_on, store_for, wait_until,
};

const DAY: u64 = 24 * 60 * 60;

/// memcached counts from its own seconds, so stores begin at many places in one.
#[test]
fn a_lifetime_of_a_second_is_never_shorter_and_about_a_second_longer_at_most() {
    let server = Memcached::start();
    let stores: [Box<dyn Store>; 2] = [
        Box::new(memcached_on([server.address()])),
        Box::new(ClassicStore::new([server.address()]).expect("the name is well formed")),
    ];
    for s in &stores {
        thread::scope(|scope| {
            for n in 0..10_u8 {
                let s = &**s;
                scope.spawn(move || {
                    thread::sleep(Duration::from_millis(100) * u32::from(n));
                    let key = [b'a' + n];
                    let asked = Instant::now();
                    apply_one(s, &key, store_for(b"v", Duration::from_secs(1)), Condition::Always);
                    loop {
                        let looked = Instant::now();
                        if load_one(s, &key) == Got::Miss {
                            break;
                        }
                        let much_later = Duration::from_secs(10);
                        assert!(looked - asked < much_later, "it does not end");
                        thread::sleep(Duration::from_millis(3));
                    }
                    assert!(asked.elapsed() >= Duration::from_secs(1), "{:?}", asked.elapsed());
                });
            }
        });
    }
}

/// Returns the number that a store sends as a lifetime of 31 days to a server that tells this time.
fn sent(version: &str, time: u64) -> u64 {
    let answer = if version == "1.4.39" { "STORED\r\n" } else { "HD{O}\r\n" };
    let server = ScriptedServer::start(version, &[answer]);
    server.live_anew(7, 10, time);
    let s = memcached_on([server.address()]);
    let ttl = Duration::from_secs(31 * DAY);
    apply_one(&s, b"k", store_for(b"v", ttl), Condition::Always);
    let request = server.requests().remove(0);
    let mut words = request.split(' ');
    let word = match version {
        "1.4.39" => words.nth(3),
        _ => words.find_map(|word| word.strip_prefix('T')),
    };
    word.and_then(|word| word.parse().ok()).unwrap_or_else(|| panic!("{request}"))
}

#[test]
fn a_server_whose_clock_is_weeks_ahead_keeps_long_lifetimes() {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    for version in ["1.6.18", "1.4.39"] {
        for time in [now + 40 * DAY, now - 40 * DAY, now] {
            let left = sent(version, time) - time;
            assert!((31 * DAY + 1..31 * DAY + 30).contains(&left), "{version}: {left}");
        }
    }
}

/// A value that is loaded when it has little life left, and stored when that is over.
#[test]
fn a_life_that_is_kept_is_not_begun_anew_when_it_has_ended() {
    let server = Memcached::start();
    let stores: [&dyn Store; 2] = [&MemoryStore::new(), &memcached_on([server.address()])];
    for s in stores {
        apply_one(s, b"k", store_for(b"v", Duration::from_secs(1)), Condition::Always);
        let life = find(s, Load::new(b"k").with_life()).life.expect("the life is told");
        let again = Op::Store { bytes: b"w", expiry: Expiry::With(life) };
        // memcached's seconds may be over before this machine's are.
        wait_until(Duration::from_secs(4), "it has ended", || {
            assert_eq!(apply_one(s, b"k", again, Condition::Always), Applied::Stored);
            load_one(s, b"k") == Got::Miss
        });
        thread::sleep(Duration::from_millis(50));
        assert_eq!(apply_one(s, b"k", again, Condition::Always), Applied::Stored);
        assert_eq!(load_one(s, b"k"), Got::Miss);
    }
}

/// Each time, a part of a second passes between the load and the write.
#[test]
fn an_end_of_life_does_not_move_however_often_it_is_kept() {
    let server = Memcached::start();
    let stores: [&dyn Store; 2] = [&MemoryStore::new(), &memcached_on([server.address()])];
    for s in stores {
        let begun = Instant::now();
        apply_one(s, b"k", store_for(b"v", Duration::from_secs(2)), Condition::Always);
        let mut written = 0;
        loop {
            let found = find(s, Load::new(b"k").with_life());
            let Some(life) = found.life else { break };
            thread::sleep(Duration::from_millis(30));
            let again = Op::Store { bytes: b"w", expiry: Expiry::With(life) };
            apply_one(s, b"k", again, Condition::Matches(found.token()));
            written += 1;
            assert!(begun.elapsed() < Duration::from_secs(7), "the end moves away");
        }
        assert!(written > 10 && begun.elapsed() >= Duration::from_secs(2), "{written}");
    }
}
