//! Values and their lifetimes.

use std::time::Duration;

use memdict::{Applied, Change, Condition, Op, Store};
use memdict_tests::{
    Got, ONE_SECOND_LIFE, apply, apply_one, load_one, store, store_for, wait_until,
};

use Condition::{Always, Matches};

pub(super) fn a_stored_value_is_loaded(s: &dyn Store) {
    assert!(matches!(apply_one(s, b"k", store(b"v"), Always), Applied::Stored));
    assert_eq!(load_one(s, b"k").value(), Some(&b"v"[..]));
}

pub(super) fn a_value_may_be_empty_or_of_any_bytes(s: &dyn Store) {
    for bytes in [&b""[..], b"\r\n", b"END\r\nVA 1\r\n\0\xff"] {
        apply_one(s, b"k", store(bytes), Always);
        assert_eq!(load_one(s, b"k").value(), Some(bytes));
    }
}

pub(super) fn a_key_that_was_never_stored_is_a_miss(s: &dyn Store) {
    assert_eq!(load_one(s, b"k"), Got::Miss);
}

pub(super) fn storing_replaces_any_value(s: &dyn Store) {
    apply_one(s, b"k", store(b"old"), Always);
    apply_one(s, b"k", store(b"new"), Always);
    assert_eq!(load_one(s, b"k").value(), Some(&b"new"[..]));
}

pub(super) fn deleting_removes_a_value_and_reports_an_absent_one_as_gone(s: &dyn Store) {
    assert_eq!(apply_one(s, b"k", Op::Delete, Always), Applied::Gone);
    apply_one(s, b"k", store(b"v"), Always);
    assert!(matches!(apply_one(s, b"k", Op::Delete, Always), Applied::Deleted));
    assert_eq!(load_one(s, b"k"), Got::Miss);
}

fn wait_for_the_end_of(s: &dyn Store, keys: &[&[u8]]) {
    let have_ended = || keys.iter().all(|key| load_one(s, key) == Got::Miss);
    wait_until(ONE_SECOND_LIFE, "a lifetime ends", have_ended);
}

pub(super) fn a_lifetime_ends(s: &dyn Store) {
    apply_one(s, b"short", store_for(b"v", Duration::from_secs(1)), Always);
    apply_one(s, b"long", store_for(b"v", Duration::from_secs(1_000)), Always);
    let token = load_one(s, b"long").token();
    wait_for_the_end_of(s, &[b"short"]);
    assert_eq!(apply_one(s, b"short", Op::Delete, Always), Applied::Gone);
    assert_eq!(apply_one(s, b"short", store(b"w"), Matches(token)), Applied::Gone);
    assert_eq!(load_one(s, b"long").token(), token);
}

pub(super) fn a_lifetime_of_zero_is_a_second_and_not_for_ever(s: &dyn Store) {
    for (key, ttl) in [(b"a", Duration::ZERO), (b"b", Duration::from_nanos(1))] {
        let applied = apply_one(s, key, store_for(b"v", ttl), Always);
        assert!(matches!(applied, Applied::Stored));
    }
    wait_for_the_end_of(s, &[b"a", b"b"]);
}

pub(super) fn storing_again_sets_a_new_lifetime(s: &dyn Store) {
    apply_one(s, b"k", store_for(b"v", Duration::from_secs(1)), Always);
    // The later one: when it ends, the first lifetime of `k` is over too.
    apply_one(s, b"short", store_for(b"v", Duration::from_secs(1)), Always);
    apply_one(s, b"k", store(b"w"), Always);
    wait_for_the_end_of(s, &[b"short"]);
    assert_eq!(load_one(s, b"k").value(), Some(&b"w"[..]));
}

pub(super) fn errors_show_no_values(s: &dyn Store) {
    let secret = b"5ecret".repeat(200_000);
    apply_one(s, b"k", store(b"5ecret"), Always);
    let outcomes = apply(s, &[Change::new(b"k", store(&secret), Always)]);
    let shown = format!("{s:?} {outcomes:?} {:?}", Change::new(b"k", store(b"5ecret"), Always));
    assert!(!shown.contains("5ecret") && !shown.contains("[53, "), "{shown}");
}
