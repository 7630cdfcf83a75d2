//! Batches, and the operations that are refused.

use memdict::{Applied, Change, Condition, Op, Store, StoreError};
use memdict_tests::{Got, apply, apply_one, load, load_one, store};

use Condition::{Absent, Always, Matches};

/// memcached's default for the size of the largest item.
const ITEM_SIZE_MAX: usize = 1 << 20;

pub(super) fn operations_on_one_key_take_effect_in_order(s: &dyn Store) {
    let outcomes = apply(
        s,
        &[
            Change::new(b"k", store(b"1"), Absent),
            Change::new(b"k", store(b"2"), Absent),
            Change::new(b"k", Op::Delete, Always),
            Change::new(b"k", Op::Delete, Always),
            Change::new(b"k", store(b"3"), Absent),
        ],
    );
    let kinds: Vec<_> = outcomes.iter().map(|outcome| outcome.as_ref().ok()).collect();
    assert!(
        matches!(
            kinds[..],
            [
                Some(Applied::Stored),
                Some(Applied::Exists),
                Some(Applied::Deleted),
                Some(Applied::Gone),
                Some(Applied::Stored)
            ]
        ),
        "{outcomes:?}"
    );
    assert_eq!(load_one(s, b"k").value(), Some(&b"3"[..]));
}

pub(super) fn the_largest_value_fits_and_a_larger_one_is_refused_alone(s: &dyn Store) {
    let largest = vec![b'x'; ITEM_SIZE_MAX - 59 - 2];
    let larger = vec![b'x'; largest.len() + 1];
    let outcomes = apply(
        s,
        &[
            Change::new(b"k1", store(b"v"), Always),
            Change::new(b"k2", store(&largest), Always),
            Change::new(b"k3", store(&larger), Always),
            Change::new(b"k4", store(b"v"), Always),
        ],
    );
    assert!(outcomes[0].is_ok() && outcomes[1].is_ok() && outcomes[3].is_ok(), "{outcomes:?}");
    let Err(StoreError::Refused(message)) = &outcomes[2] else { panic!("{:?}", outcomes[2]) };
    assert!(message.as_str().contains(&larger.len().to_string()), "{message}");
    assert!(message.as_str().contains(&largest.len().to_string()), "{message}");
    assert_eq!(load_one(s, b"k2").value(), Some(&largest[..]));
    assert_eq!(load_one(s, b"k3"), Got::Miss);
    assert_eq!(load_one(s, b"k4").value(), Some(&b"v"[..]));
}

pub(super) fn a_refused_value_leaves_the_old_one(s: &dyn Store) {
    apply_one(s, b"k", store(b"old"), Always);
    let token = load_one(s, b"k").token();
    let larger = vec![b'x'; ITEM_SIZE_MAX];
    for when in [Always, Absent, Matches(token)] {
        let outcomes = apply(s, &[Change::new(b"k", store(&larger), when)]);
        assert!(matches!(outcomes[..], [Err(StoreError::Refused(_))]), "{outcomes:?}");
    }
    assert_eq!(load_one(s, b"k"), Got::Hit(b"old".to_vec(), token));
}

pub(super) fn keys_up_to_250_bytes_are_accepted_and_are_distinct(s: &dyn Store) {
    let longest = [b'x'; 250];
    let keys = [&b"k"[..], "schlüssel".as_bytes(), &longest, &longest[1..]];
    for key in keys {
        apply_one(s, key, store(key), Absent);
    }
    for key in keys {
        assert_eq!(load_one(s, key).value(), Some(key));
    }
}

pub(super) fn keys_that_are_not_utf_8_are_accepted_or_refused(s: &dyn Store) {
    let key = &b"\xff\x80"[..];
    let applied = apply(s, &[Change::new(key, store(b"v"), Absent)]);
    match (&applied[..], &load(s, &[key])[..]) {
        ([Ok(Applied::Stored)], [Ok(got)]) => assert_eq!(got.value(), Some(&b"v"[..])),
        ([Err(StoreError::Refused(_))], [Err(StoreError::Refused(_))]) => {}
        other => panic!("{other:?}"),
    }
}

pub(super) fn invalid_keys_are_refused_and_the_others_served(s: &dyn Store) {
    let too_long = [b'x'; 251];
    for key in [&b""[..], b"a b", b"a\tb", b"a\r\nms k 1\r\nx", b"a\0", b"\x7f", &too_long] {
        let outcomes = apply(
            s,
            &[
                Change::new(key, store(b"v"), Always),
                Change::new(b"good", store(b"v"), Always),
                Change::new(key, Op::Delete, Always),
            ],
        );
        assert!(
            matches!(
                outcomes[..],
                [Err(StoreError::Refused(_)), Ok(Applied::Stored), Err(StoreError::Refused(_))]
            ),
            "{key:?}: {outcomes:?}"
        );
        let loaded = load(s, &[key, b"good", b"k"]);
        assert!(
            matches!(loaded[..], [Err(StoreError::Refused(_)), Ok(Got::Hit(..)), Ok(Got::Miss)]),
            "{key:?}: {loaded:?}"
        );
    }
}

pub(super) fn a_batch_may_be_empty(s: &dyn Store) {
    assert!(load(s, &[]).is_empty());
    assert!(apply(s, &[]).is_empty());
}

pub(super) fn a_batch_may_be_large(s: &dyn Store) {
    let names: Vec<String> = (0..3_000).map(|i| format!("key-{i}")).collect();
    let keys: Vec<&[u8]> = names.iter().map(|name| name.as_bytes()).collect();
    let changes: Vec<_> = keys.iter().map(|key| Change::new(key, store(key), Absent)).collect();
    for outcome in apply(s, &changes) {
        assert!(matches!(outcome, Ok(Applied::Stored)), "{outcome:?}");
    }
    for (key, got) in keys.iter().zip(load(s, &keys)) {
        assert_eq!(got.expect("a load has an outcome").value(), Some(*key));
    }
}
