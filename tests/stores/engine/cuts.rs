//! Streams that are cut after every byte: the outcomes agree with the stored values.

use std::time::Duration;

use memdict::{Applied, Change, Condition, Op, StoreError, Token};
use memdict_tests::{End, Got, Memcached, Proxy, Way, apply, load, load_one, store};

use super::{MemcachedStore, applied, delete, loaded, open};

use Condition::{Absent, Always, Matches};

const OLD: &[u8] = b"old";
const NEW: &[u8] = b"new";

/// The keys of the changes, in their order, and whether each has a value before.
const CHANGED: [(&[u8], bool); 7] = [
    (b"a", false),
    (b"b", true),
    (b"c", true),
    (b"d", true),
    (b"e", true),
    (b"f", false),
    (b"g", true),
];

/// The outcomes of the changes if nothing fails, and the values afterwards.
const WORDS: [&str; 7] = ["done", "exists", "done", "differs", "done", "gone", "done"];
const AFTER: [Option<&[u8]>; 7] = [Some(NEW), Some(OLD), Some(NEW), Some(OLD), None, None, None];

const READ: [&[u8]; 4] = [b"long", b"none", b"empty", b"b"];

/// A server behind a proxy, and a store that also goes through the proxy, so that its tokens are
/// those of the tested store.
struct Stage {
    proxy: Proxy,
    other: MemcachedStore,
    /// A store that bypasses the proxy.
    direct: MemcachedStore,
    _server: Memcached,
}

impl Stage {
    fn set() -> Self {
        let server = Memcached::start();
        let proxy = Proxy::before(&server.address());
        let other = open(proxy.address());
        // All versions have five digits from now on, so that all conversations have the same
        // length.
        let count = Change::new(b"count", store(b""), Always);
        assert!(apply(&other, &vec![count; 10_000]).iter().all(Result::is_ok));
        let long = [b'x'; 40];
        let read = [("long", &long[..]), ("empty", b"")];
        let read = read.map(|(key, value)| Change::new(key.as_bytes(), store(value), Always));
        assert!(apply(&other, &read).iter().all(Result::is_ok));
        Self { proxy, other, direct: open(server.address()), _server: server }
    }

    /// Restores the values before the changes. Returns the tokens of `c` and `g`.
    fn reset(&self) -> [Token; 2] {
        let change = |(key, there)| match there {
            true => Change::new(key, store(OLD), Always),
            false => delete(key),
        };
        apply(&self.other, &CHANGED.map(change));
        // They hold on every connection.
        [2, 6].map(|at: usize| load_one(&self.other, CHANGED[at].0).token().over(0))
    }

    /// Makes the changes and the loads through this store.
    fn converse(&self, s: &MemcachedStore, [c, g]: [Token; 2]) -> Outcomes {
        let changes = [
            Change::new(b"a", store(NEW), Always),
            Change::new(b"b", store(NEW), Absent),
            Change::new(b"c", store(NEW), Matches(c)),
            Change::new(b"d", store(NEW), Matches(c)),
            delete(b"e"),
            delete(b"f"),
            Change::new(b"g", Op::Delete, Matches(g)),
        ];
        Outcomes { changes: apply(s, &changes), loads: load(s, &READ) }
    }

    fn check(&self, outcomes: &Outcomes, why: &str) {
        let there = load(&self.direct, &CHANGED.map(|(key, _)| key));
        let words = applied(&outcomes.changes);
        for (at, got) in there.iter().enumerate() {
            let got = got.as_ref().expect("it is up").value();
            let before = CHANGED[at].1.then_some(OLD);
            let word = words[at];
            let agrees = match word {
                "down" => got == before,
                "unknown" => got == before || got == AFTER[at],
                _ => word == WORDS[at] && got == AFTER[at],
            };
            assert!(agrees, "{why}, change {at} is {word}: {got:?} ({:?})", outcomes.changes);
        }
        let read = loaded(&outcomes.loads);
        let expected = ["hit", "miss", "hit", "hit"];
        for (at, word) in read.iter().enumerate() {
            assert!(*word == "down" || *word == expected[at], "{why}: {read:?}");
        }
        // The first call used an open connection, so the server does not count as down.
        if words.contains(&"unknown") {
            assert_eq!(read, expected, "{why}: the next call has a new connection");
        }
        for (got, length) in outcomes.loads.iter().zip([40, 0, 0, 3]) {
            if let Ok(Got::Hit(value, _)) = got {
                assert_eq!(value.len(), length, "{why}");
            }
        }
    }

    /// Returns the length of a conversation of a new store, and of the handshake in it.
    fn length(&self, way: Way) -> (u64, u64) {
        let s = open(self.proxy.address());
        let mut passed = [0; 2];
        for passed in &mut passed {
            let tokens = self.reset();
            self.proxy.count_anew();
            let outcomes = self.converse(&s, tokens);
            *passed = self.proxy.passed(way);
            assert_eq!(applied(&outcomes.changes), WORDS);
            self.check(&outcomes, "uncut");
        }
        let [first, second] = passed;
        assert!(first > second && second > 100, "{passed:?}");
        (first, first - second)
    }
}

#[derive(Debug)]
struct Outcomes {
    changes: Vec<Result<Applied, StoreError>>,
    loads: Vec<Result<Got, StoreError>>,
}

/// Cuts after every byte, but within the handshake, which is long in one direction, after every
/// fifth.
fn cut_everywhere(way: Way, end: End) {
    let stage = Stage::set();
    let (length, handshake) = stage.length(way);
    for after in (0..length).filter(|after| *after + 40 > handshake || after % 5 == 0) {
        cut(&stage, way, after, end, Duration::from_secs(2));
    }
}

fn cut(stage: &Stage, way: Way, after: u64, end: End, timeout: Duration) {
    let why = format!("{way:?} {end:?} after {after}");
    let tokens = stage.reset();
    let s = open(stage.proxy.address()).timeout(timeout);
    stage.proxy.cut(way, after, end);
    let outcomes = stage.converse(&s, tokens);
    assert!(stage.proxy.has_cut(), "{why}");
    stage.check(&outcomes, &why);
}

#[test]
fn requests_that_are_cut_by_a_close_leave_outcomes_that_agree_with_the_server() {
    cut_everywhere(Way::Requests, End::Closed);
}

#[test]
fn requests_that_are_cut_by_a_reset_leave_outcomes_that_agree_with_the_server() {
    cut_everywhere(Way::Requests, End::Reset);
}

#[test]
fn answers_that_are_cut_by_a_close_leave_outcomes_that_agree_with_the_server() {
    cut_everywhere(Way::Answers, End::Closed);
}

#[test]
fn answers_that_are_cut_by_a_reset_leave_outcomes_that_agree_with_the_server() {
    cut_everywhere(Way::Answers, End::Reset);
}

#[test]
fn streams_that_fall_silent_leave_outcomes_that_agree_with_the_server() {
    for way in [Way::Requests, Way::Answers] {
        let stage = Stage::set();
        let (length, handshake) = stage.length(way);
        // Each costs one timeout, so they are not tried after every byte.
        // The counters that the server tells may have become shorter meanwhile.
        let within = (handshake..length - 40).step_by(((length - handshake) / 12) as usize);
        for after in [0, handshake / 2].into_iter().chain(within) {
            cut(&stage, way, after, End::Silent, Duration::from_millis(400));
        }
    }
}
