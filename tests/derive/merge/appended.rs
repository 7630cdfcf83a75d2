//! The rule `append`.

use std::collections::VecDeque;

use memdict::Tracked;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::{conflict, merged};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Tracked)]
#[memdict(merge)]
struct Log {
    #[memdict(merge = append)]
    lines: Vec<String>,
    #[memdict(merge = append)]
    queue: VecDeque<u8>,
    #[memdict(merge = append)]
    small: SmallVec<[u8; 2]>,
}

fn log(lines: &str) -> Log {
    Log {
        lines: lines.chars().map(String::from).collect(),
        queue: lines.bytes().collect(),
        small: lines.bytes().collect(),
    }
}

const NOT_ONLY: &str = "changed on both sides, and not only by appending";

#[test]
fn append_keeps_both_tails_theirs_first() {
    assert_eq!(merged(&log("ab"), &log("abxy"), &log("abz")), Ok(log("abzxy")));
    assert_eq!(merged(&log(""), &log("x"), &log("yz")), Ok(log("yzx")));
}

#[test]
fn the_same_tail_twice_is_two_tails() {
    assert_eq!(merged(&log("a"), &log("ax"), &log("ax")), Ok(log("axx")));
}

#[test]
fn append_on_one_side_only_is_a_conflict_with_any_other_change() {
    for other in ["", "a", "ax", "xab", "axb", "ba", "aab"] {
        assert_eq!(merged(&log("ab"), &log("abc"), &log(other)), conflict("lines", NOT_ONLY));
        assert_eq!(merged(&log("ab"), &log(other), &log("abc")), conflict("lines", NOT_ONLY));
    }
}

#[test]
fn one_side_alone_may_do_anything() {
    for other in ["", "a", "ba", "xab"] {
        assert_eq!(merged(&log("ab"), &log("ab"), &log(other)), Ok(log(other)));
        assert_eq!(merged(&log("ab"), &log(other), &log("ab")), Ok(log(other)));
    }
}

#[test]
fn every_kind_of_sequence_is_appended_to() {
    let (base, mut ours) = (log("ab"), log("abc"));
    ours.lines = base.lines.clone();
    assert_eq!(merged(&base, &ours, &log("b")), conflict("queue", NOT_ONLY));
    ours.queue = base.queue.clone();
    assert_eq!(merged(&base, &ours, &log("b")), conflict("small", NOT_ONLY));
}
