//! Numbers that the server counts with.

use std::{thread, time::Duration};

use memdict::{Applied, Change, Condition, Count, Expiry, Load, Op, Store, StoreError};
use memdict_tests::{
    Got, ONE_SECOND_LIFE, apply, apply_one, find, load_one, store, store_for, wait_until,
};

use Condition::{Absent, Always, Matches};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3_600);

/// Counts, and returns the new number; `None` if there is no number.
fn count(s: &dyn Store, key: &[u8], count: Count) -> Option<u64> {
    match apply_one(s, key, Op::Count(count), Always) {
        Applied::Counted(number) => Some(number),
        Applied::Gone => None,
        other => panic!("{other:?}"),
    }
}

/// Returns whether the store counts. One that does not refuses each count, and says why.
fn counts(s: &dyn Store) -> bool {
    let outcomes = apply(s, &[Change::new(b"probe", Op::Count(Count::add(1)), Always)]);
    match &outcomes[..] {
        [Ok(Applied::Gone)] => assert!(s.caps().counts()),
        [Err(StoreError::Refused(why))] => {
            assert!(!s.caps().counts() && why.as_str().contains("counts"), "{why}");
            return false;
        }
        other => panic!("{other:?}"),
    }
    true
}

pub(super) fn a_count_returns_the_new_number(s: &dyn Store) {
    if !counts(s) {
        return;
    }
    let from_5 = Count::add(1).or_start_at(5, Expiry::Never);
    assert_eq!(count(s, b"n", Count::add(1)), None);
    assert_eq!(load_one(s, b"n"), Got::Miss);
    assert_eq!([count(s, b"n", from_5), count(s, b"n", from_5)], [Some(5), Some(6)]);
    assert_eq!(count(s, b"n", Count::add(100)), Some(106));
    assert_eq!(count(s, b"n", Count::add(0)), Some(106));
    assert_eq!(load_one(s, b"n").value(), Some(&b"106"[..]));
    assert_eq!(count(s, b"n", Count::subtract(7)), Some(99));
    assert_eq!(load_one(s, b"n").value(), Some(&b"99 "[..]));
    assert_eq!(count(s, b"n", Count::subtract(100)), Some(0));
    assert_eq!(count(s, b"n", Count::subtract(1)), Some(0));
}

pub(super) fn a_number_has_64_bits_and_begins_again_after_the_largest(s: &dyn Store) {
    if !counts(s) {
        return;
    }
    let key = counts_beyond_63_bits(s);
    assert_eq!(count(s, &key, Count::add(1)), Some(0));
    assert_eq!(count(s, &key, Count::add(u64::MAX)), Some(u64::MAX));
    assert_eq!(count(s, &key, Count::subtract(u64::MAX)), Some(0));
}

/// Returns a key whose number is the largest, and counts. Of a number from 2^63, memcached up to 1.6.21
/// looks for a minus sign up to the next zero byte, which is beyond the number; a value that was there
/// before may have left one, and the count is refused.
fn counts_beyond_63_bits(s: &dyn Store) -> Vec<u8> {
    let start = Count::add(0).or_start_at(u64::MAX, Expiry::Never);
    let counts = |key: &Vec<u8>| {
        assert_eq!(count(s, key, start), Some(u64::MAX));
        match &apply(s, &[Change::new(key, Op::Count(Count::add(0)), Always)])[..] {
            [Ok(outcome)] => *outcome == Applied::Counted(u64::MAX),
            [Err(StoreError::Refused(why))] => {
                assert!(why.as_str().contains("non-numeric"), "{why}");
                false
            }
            other => panic!("{other:?}"),
        }
    };
    let mut keys = (0..64).map(|number| format!("n{number}").into_bytes());
    keys.find(counts).expect("a number that is followed by no leftovers")
}

pub(super) fn what_is_no_number_is_refused_and_stays(s: &dyn Store) {
    if !counts(s) {
        return;
    }
    for value in [&b"x"[..], b"", b"-1", b"1x", b"18446744073709551616"] {
        apply_one(s, b"n", store(value), Always);
        let change = Change::new(b"n", Op::Count(Count::add(1)), Always);
        let outcomes = apply(s, &[change, Change::new(b"m", store(b"v"), Always)]);
        let [Err(StoreError::Refused(_)), Ok(Applied::Stored)] = &outcomes[..] else {
            panic!("{}: {outcomes:?}", value.escape_ascii())
        };
        assert_eq!(load_one(s, b"n").value(), Some(value));
    }
    for (value, next) in [(&b"7 "[..], 8), (b" 7", 8), (b"7 x", 8), (b"007", 8)] {
        apply_one(s, b"n", store(value), Always);
        assert_eq!(count(s, b"n", Count::add(1)), Some(next), "{}", value.escape_ascii());
    }
    if find(s, Load::new(b"lease").lease(HOUR)).words == "leased won" {
        let start = Count::add(1).or_start_at(1, Expiry::Never);
        let outcomes = apply(s, &[Change::new(b"lease", Op::Count(start), Always)]);
        assert!(matches!(&outcomes[..], [Err(StoreError::Refused(_))]), "{outcomes:?}");
    }
}

pub(super) fn a_count_changes_the_version_and_keeps_the_end_of_life(s: &dyn Store) {
    if !counts(s) {
        return;
    }
    let start = Count::add(1).or_start_at(1, Expiry::After(SECOND));
    assert_eq!(count(s, b"kept", start), Some(1));
    let token = load_one(s, b"kept").token();
    assert_eq!(count(s, b"kept", start), Some(2));
    assert_eq!(apply_one(s, b"kept", store(b"9"), Matches(token)), Applied::Differs);
    apply_one(s, b"touched", store_for(b"1", SECOND), Always);
    let touched = Count::add(1).touch(Expiry::After(HOUR));
    assert_eq!(count(s, b"touched", touched), Some(2));
    let left = |key| find(s, Load::new(key).with_life()).life.and_then(|life| life.left());
    if let Some(kept) = left(b"kept") {
        let touched = left(b"touched").expect("it expires");
        assert!(kept <= SECOND && touched > HOUR / 2, "{kept:?} {touched:?}");
    } else {
        wait_until(ONE_SECOND_LIFE, "it keeps its end", || load_one(s, b"kept") == Got::Miss);
        assert_eq!(load_one(s, b"touched").value(), Some(&b"2"[..]));
    }
}

pub(super) fn a_count_has_no_condition(s: &dyn Store) {
    if !counts(s) {
        return;
    }
    apply_one(s, b"n", store(b"1"), Always);
    let token = load_one(s, b"n").token();
    for when in [Absent, Matches(token)] {
        let outcomes = apply(s, &[Change::new(b"n", Op::Count(Count::add(1)), when)]);
        assert!(matches!(&outcomes[..], [Err(StoreError::Refused(_))]), "{outcomes:?}");
    }
    assert_eq!(load_one(s, b"n").value(), Some(&b"1"[..]));
}

pub(super) fn threads_lose_no_count(s: &dyn Store) {
    if !counts(s) {
        return;
    }
    let start = Count::add(1).or_start_at(1, Expiry::Never);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..25).for_each(|_| assert!(count(s, b"n", start).is_some())));
        }
    });
    assert_eq!(load_one(s, b"n").value(), Some(&b"100"[..]));
}
