//! Streams that are cut anywhere: the outcomes agree with the stored values.

use std::time::Duration;

use memdict::{Change, Condition, MemcachedStore, Op, Store};
use memdict_tests::{Authority, Daemon, End, Proxy, Waiting, Way, apply, load, number, store};

use super::{open, trusting};
use crate::engine::{applied, loaded};

use Condition::{Absent, Always};

const OLD: &[u8] = b"old";
const NEW: &[u8] = b"new";
const KEYS: [&[u8]; 3] = [b"a", b"b", b"c"];

/// The outcomes if nothing fails, and the values afterwards.
const WORDS: [&str; 3] = ["done", "exists", "done"];
const AFTER: [Option<&[u8]>; 3] = [Some(NEW), Some(OLD), None];

/// A server behind a proxy, and a store that goes around it.
struct Stage {
    _server: Daemon,
    authority: Authority,
    proxy: Proxy,
    direct: MemcachedStore,
}

impl Stage {
    fn set() -> Self {
        let (server, authority) = Daemon::memcached_with_tls(&[]);
        let proxy = Proxy::before(&server.address());
        let direct = open(server.address(), trusting(&authority));
        Self { _server: server, authority, proxy, direct }
    }

    fn through(&self) -> MemcachedStore {
        open(self.proxy.address(), trusting(&self.authority)).timeout(Duration::from_secs(2))
    }

    /// Makes changes and a load, and checks what came of them.
    fn converse(&self, s: &dyn Store, why: &str) {
        let old = KEYS.map(|key| Change::new(key, store(OLD), Always));
        assert!(apply(&self.direct, &old).iter().all(Result::is_ok));
        let changes = [
            Change::new(b"a", store(NEW), Always),
            Change::new(b"b", store(NEW), Absent),
            Change::new(b"c", Op::Delete, Always),
        ];
        let (changed, read) = (apply(s, &changes), load(s, &KEYS));
        let there = load(&self.direct, &KEYS);
        for (at, word) in applied(&changed).into_iter().enumerate() {
            let got = there[at].as_ref().expect("it is up").value();
            let agrees = match word {
                "down" => got == Some(OLD),
                "unknown" => got == Some(OLD) || got == AFTER[at],
                _ => word == WORDS[at] && got == AFTER[at],
            };
            assert!(agrees, "{why}, change {at} is {word}: {got:?} ({changed:?})");
        }
        for (at, word) in loaded(&read).into_iter().enumerate() {
            let got = there[at].as_ref().expect("it is up").value();
            let value = read[at].as_ref().ok().and_then(|got| got.value());
            assert!(word == "down" || value == got, "{why}: {read:?}");
        }
    }
}

/// Cuts conversations of new stores at many places, other ones in each run.
fn cut_everywhere(way: Way, end: End) {
    let stage = Stage::set();
    stage.proxy.count_anew();
    stage.converse(&stage.through(), "uncut");
    let length = stage.proxy.passed(way);
    assert!(length > 400, "{length}");
    let rounds = number("MEMDICT_TEST_CUTS").unwrap_or(150);
    let step = (length / rounds).max(1);
    let offset = u64::from(std::process::id()) % step;
    for after in (offset..length).step_by(step as usize) {
        let why = format!("{way:?} {end:?} after {after} of {length}");
        stage.proxy.cut(way, after, end);
        if after % 2 == 0 {
            stage.converse(&stage.through(), &why);
        } else {
            stage.converse(&Waiting(stage.through()), &why);
        }
    }
}

#[test]
fn requests_that_are_cut_leave_outcomes_that_agree_with_the_server() {
    cut_everywhere(Way::Requests, End::Closed);
    cut_everywhere(Way::Requests, End::Reset);
}

#[test]
fn answers_that_are_cut_leave_outcomes_that_agree_with_the_server() {
    cut_everywhere(Way::Answers, End::Closed);
    cut_everywhere(Way::Answers, End::Reset);
}
