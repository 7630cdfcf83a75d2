//! The documented promises of the embedded store alone.

use std::time::Duration;

use memdict::{Applied, Change, Condition, MemoryStore, Op, StoreError};
use memdict_tests::{Got, ManualClock, apply, apply_one, load_one, store, store_for};

use Condition::{Always, Matches};

use super::conformance::count_in_threads;

/// Returns how many bytes a store of one such item counts.
fn counted(key: &[u8], value: &[u8]) -> usize {
    let s = MemoryStore::new();
    apply_one(&s, key, store(value), Always);
    s.bytes()
}

fn stays(s: &MemoryStore, keys: &[&[u8]]) -> Vec<bool> {
    keys.iter().map(|key| load_one(s, key) != Got::Miss).collect()
}

#[test]
fn the_least_recently_loaded_or_stored_item_is_evicted_first() {
    let s = MemoryStore::new().max_bytes(3 * counted(b"k", &[b'v'; 10]));
    let value = [b'v'; 10];
    for key in [b"a", b"b", b"c"] {
        apply_one(&s, key, store(&value), Always);
    }
    load_one(&s, b"a");
    apply_one(&s, b"d", store(&value), Always);
    assert_eq!(stays(&s, &[b"a", b"b", b"c", b"d"]), [true, false, true, true]);
    apply_one(&s, b"a", store(&value), Always);
    apply_one(&s, b"e", store(&value), Always);
    assert_eq!(stays(&s, &[b"a", b"c", b"d", b"e"]), [true, false, true, true]);
    assert_eq!((s.len(), s.evictions()), (3, 2));
}

#[test]
fn a_store_counts_keys_values_and_bookkeeping_and_never_exceeds_its_limit() {
    let limit = 10_000;
    let s = MemoryStore::new().max_bytes(limit);
    apply_one(&s, b"key", store(b"value"), Always);
    let one = s.bytes();
    assert!((3 + 5 + 100..3 + 5 + 300).contains(&one), "{one}");
    apply_one(&s, b"key", store(&[b'v'; 105]), Always);
    assert!((one + 90..one + 130).contains(&s.bytes()), "{}", s.bytes());
    for i in 0..2_000_usize {
        let key = format!("{}", i % 700);
        let value = vec![0; i * 31 % 900];
        apply_one(&s, key.as_bytes(), store(&value), Always);
        assert!(s.bytes() <= limit);
        if i % 3 == 0 {
            apply_one(&s, key.as_bytes(), Op::Delete, Always);
        }
    }
    assert!(s.evictions() > 0);
    for i in 0..700 {
        apply_one(&s, i.to_string().as_bytes(), Op::Delete, Always);
    }
    assert_eq!((s.bytes(), s.len(), s.is_empty()), (0, 0, true));
}

#[test]
fn an_item_larger_than_the_whole_store_is_refused_and_evicts_nothing() {
    let s = MemoryStore::new().max_bytes(1_000);
    apply_one(&s, b"k", store(b"v"), Always);
    let outcomes = apply(&s, &[Change::new(b"large", store(&[0; 1_000]), Always)]);
    let Err(StoreError::Refused(message)) = &outcomes[0] else { panic!("{outcomes:?}") };
    let takes = counted(b"large", &[0; 1_000]).to_string();
    assert!(message.as_str().contains(&takes) && message.as_str().contains("1000"), "{message}");
    assert_eq!((s.len(), s.evictions()), (1, 0));
}

#[test]
fn the_caller_sets_the_item_limit() {
    let s = MemoryStore::new().max_item_bytes(100);
    let largest = [0; 100 - 59 - 1];
    assert!(matches!(apply_one(&s, b"k", store(&largest), Always), Applied::Stored));
    let outcomes = apply(&s, &[Change::new(b"k", store(&[0; 41]), Always)]);
    assert!(matches!(outcomes[..], [Err(StoreError::Refused(_))]));
}

#[test]
fn lifetimes_count_whole_seconds_rounded_up_on_the_callers_clock() {
    let clock = ManualClock::default();
    let s = MemoryStore::new().clock(clock.clone());
    clock.advance(Duration::from_millis(700));
    apply_one(&s, b"k", store_for(b"v", Duration::from_millis(1_001)), Always);
    apply_one(&s, b"zero", store_for(b"v", Duration::ZERO), Always);
    apply_one(&s, b"max", store_for(b"v", Duration::MAX), Always);
    clock.advance(Duration::from_millis(999));
    assert_eq!(stays(&s, &[b"k", b"zero"]), [true, true]);
    clock.advance(Duration::from_millis(1_000));
    assert_eq!(stays(&s, &[b"k", b"zero"]), [true, false]);
    clock.advance(Duration::from_millis(1));
    assert_eq!(stays(&s, &[b"k", b"max"]), [false, true]);
}

#[test]
fn an_expired_item_is_absent_and_its_bytes_are_freed_by_the_next_use() {
    let clock = ManualClock::default();
    let s = MemoryStore::new().clock(clock.clone());
    apply_one(&s, b"k", store_for(b"v", Duration::from_secs(1)), Always);
    let token = load_one(&s, b"k").token();
    clock.advance(Duration::from_secs(1));
    assert_eq!(s.len(), 1);
    assert_eq!(apply_one(&s, b"k", store(b"w"), Matches(token)), Applied::Gone);
    assert_eq!((s.len(), s.bytes()), (0, 0));
    assert!(matches!(apply_one(&s, b"k", store(b"w"), Condition::Absent), Applied::Stored));
}

#[test]
fn a_token_of_another_store_belongs_to_another_life() {
    let (one, other) = (MemoryStore::new(), MemoryStore::new());
    apply_one(&one, b"k", store(b"v"), Always);
    apply_one(&other, b"k", store(b"v"), Always);
    let foreign = load_one(&other, b"k").token();
    assert_ne!(load_one(&one, b"k").token(), foreign);
    for what in [store(b"w"), Op::Delete] {
        assert_eq!(apply_one(&one, b"k", what, Matches(foreign)), Applied::Restarted);
        assert_eq!(apply_one(&one, b"none", what, Matches(foreign)), Applied::Restarted);
    }
    assert_eq!(load_one(&one, b"k").value(), Some(&b"v"[..]));
}

#[test]
fn versions_start_at_a_random_number() {
    let token = |s: &MemoryStore| {
        apply_one(s, b"k", store(b"v"), Always);
        load_one(s, b"k").token()
    };
    let (one, other) = (token(&MemoryStore::new()), token(&MemoryStore::default()));
    assert_ne!(one.cas(), other.cas());
    assert_ne!(one.life(), other.life());
}

#[test]
fn out_may_use_the_store() {
    use memdict::{Load, Store};

    let s = MemoryStore::new();
    apply_one(&s, b"k", store(b"v"), Always);
    s.load_many(&[Load::new(b"k")], &mut |_, _| {
        apply_one(&s, b"k", store(b"w"), Always);
    });
    s.apply_many(&[Change::new(b"l", store(b"v"), Always)], &mut |_, _| {
        assert_eq!(load_one(&s, b"l").value(), Some(&b"v"[..]));
    });
    assert_eq!(load_one(&s, b"k").value(), Some(&b"w"[..]));
}

#[test]
fn threads_lose_no_update_that_depends_on_a_version() {
    count_in_threads(&MemoryStore::new(), 500);
}

#[test]
fn debug_shows_sizes_and_limits_and_neither_keys_nor_values() {
    let s = MemoryStore::new();
    apply_one(&s, b"name", store(b"5ecret"), Always);
    let shown = format!("{s:?}");
    assert!(shown.contains("len: 1") && shown.contains("max_bytes: 67108864"), "{shown}");
    assert!(!shown.contains("name") && !shown.contains("5ecret") && !shown.contains("[53"));
}
