//! Leases, stale values, and the right to renew a value.

use std::time::Duration;

use memdict::{Applied, Change, Condition, Count, Expiry, Load, Op, Store, StoreError};
use memdict_tests::{
    Got, ONE_SECOND_LIFE, apply, apply_one, find, load_one, store, store_for, wait_until,
};

use Condition::{Absent, Always, Matches};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3_600);

const INVALIDATE: Op<'_> = Op::Invalidate { grace: None };

/// Returns whether the store gives leases and keeps stale values. Its abilities may promise more
/// than those of a server that turns out to need the classic client.
fn gives_rights(s: &dyn Store) -> bool {
    find(s, Load::new(b"probe").lease(HOUR)).words != "miss"
}

/// Loads with a lease of an hour, and says what was found.
fn fetch(s: &dyn Store, key: &[u8]) -> String {
    find(s, Load::new(key).lease(HOUR)).words
}

fn look(s: &dyn Store, key: &[u8]) -> String {
    find(s, Load::new(key)).words
}

pub(super) fn one_caller_gets_the_lease_and_the_others_learn_of_it(s: &dyn Store) {
    if !gives_rights(s) {
        assert_eq!(fetch(s, b"k"), "miss");
        assert_eq!(fetch(s, b"k"), "miss");
        return;
    }
    let won = find(s, Load::new(b"k").lease(HOUR));
    assert_eq!(won.words, "leased won");
    assert_eq!([fetch(s, b"k"), look(s, b"k")], ["leased", "leased"]);
    assert_eq!(load_one(s, b"k"), Got::Miss);
    assert_eq!(apply_one(s, b"k", store(b"v"), Absent), Applied::Exists);
    assert_eq!(apply_one(s, b"k", store(b"v"), Matches(won.token())), Applied::Stored);
    assert_eq!([fetch(s, b"k"), look(s, b"k")], ["v", "v"]);
}

pub(super) fn a_lease_lasts_as_long_as_asked_and_can_be_given_back_on_its_token(s: &dyn Store) {
    if !gives_rights(s) {
        return;
    }
    let short = find(s, Load::new(b"short").lease(SECOND));
    // A lease that is asked for with a new end of life has its own.
    let beside = Load::new(b"beside").lease(SECOND).touch(Expiry::After(HOUR));
    assert_eq!(find(s, beside).words, "leased won");
    for key in [&b"short"[..], b"beside"] {
        wait_until(ONE_SECOND_LIFE, "the lease ends", || look(s, key) == "miss");
    }
    assert_eq!(apply_one(s, b"short", store(b"v"), Matches(short.token())), Applied::Gone);
    let long = find(s, Load::new(b"long").lease(HOUR));
    assert_eq!(apply_one(s, b"long", Op::Delete, Matches(long.token())), Applied::Deleted);
    assert_eq!(fetch(s, b"long"), "leased won");
    assert_eq!(apply_one(s, b"long", Op::Delete, Matches(long.token())), Applied::Differs);
}

pub(super) fn whatever_replaces_or_invalidates_a_placeholder_voids_the_lease(s: &dyn Store) {
    if !gives_rights(s) {
        return;
    }
    for (key, op, then) in [
        (b"a", store(b"new"), "new"),
        (b"b", Op::Delete, "leased won"),
        (b"c", INVALIDATE, "leased won"),
    ] {
        let lease = find(s, Load::new(key).lease(HOUR));
        assert_eq!(lease.words, "leased won");
        apply_one(s, key, op, Always);
        let late = apply_one(s, key, store(b"late"), Matches(lease.token()));
        assert!(matches!(late, Applied::Differs | Applied::Gone), "{late:?}");
        assert_eq!(fetch(s, key), then);
    }
}

pub(super) fn an_empty_value_is_not_a_placeholder(s: &dyn Store) {
    apply_one(s, b"k", store(b""), Always);
    assert_eq!([fetch(s, b"k"), look(s, b"k")], ["", ""]);
}

pub(super) fn an_invalidated_value_is_stale_and_one_caller_renews_it(s: &dyn Store) {
    apply_one(s, b"k", store(b"v"), Always);
    let before = load_one(s, b"k").token();
    if !gives_rights(s) {
        assert_eq!(apply_one(s, b"k", INVALIDATE, Always), Applied::Deleted);
        assert_eq!(look(s, b"k"), "miss");
        return;
    }
    assert_eq!(apply_one(s, b"k", INVALIDATE, Always), Applied::Invalidated);
    assert_eq!(apply_one(s, b"k", store(b"w"), Matches(before)), Applied::Differs);
    assert_eq!(apply_one(s, b"k", store(b"w"), Absent), Applied::Exists);
    let won = find(s, Load::new(b"k").lease(HOUR));
    assert_eq!(won.words, "v stale won");
    assert_eq!([fetch(s, b"k"), look(s, b"k")], ["v stale taken", "v stale taken"]);
    assert_eq!(apply_one(s, b"k", store(b"new"), Matches(won.token())), Applied::Stored);
    assert_eq!([fetch(s, b"k"), look(s, b"k")], ["new", "new"]);
}

pub(super) fn invalidating_obeys_tokens_and_sets_the_grace(s: &dyn Store) {
    assert_eq!(apply_one(s, b"none", INVALIDATE, Always), Applied::Gone);
    apply_one(s, b"k", store(b"1"), Always);
    let old = load_one(s, b"k").token();
    apply_one(s, b"k", store(b"2"), Always);
    let new = load_one(s, b"k").token();
    let grace = Op::Invalidate { grace: Some(Expiry::After(SECOND)) };
    assert_eq!(apply_one(s, b"k", grace, Matches(old)), Applied::Differs);
    assert_eq!(look(s, b"k"), "2");
    let outcomes = apply(s, &[Change::new(b"k", grace, Absent)]);
    assert!(matches!(&outcomes[..], [Err(StoreError::Refused(_))]), "{outcomes:?}");
    let done = apply_one(s, b"k", grace, Matches(new));
    assert!(matches!(done, Applied::Invalidated | Applied::Deleted), "{done:?}");
    let again = apply_one(s, b"k", grace, Matches(new));
    assert!(matches!(again, Applied::Differs | Applied::Gone), "{again:?}");
    if done == Applied::Invalidated {
        let left = find(s, Load::new(b"k").with_life()).life.and_then(|life| life.left());
        assert!(left.is_some_and(|left| left <= SECOND), "{left:?}");
    }
}

/// On memcached, the first that looks gets the right. It has to be handed back.
pub(super) fn a_plain_load_a_touch_or_a_count_never_uses_up_the_right_to_renew(s: &dyn Store) {
    if !gives_rights(s) {
        return;
    }
    apply_one(s, b"k", store(b"v"), Always);
    apply_one(s, b"k", INVALIDATE, Always);
    for _ in 0..3 {
        assert_eq!(look(s, b"k"), "v stale");
        let touch = Op::Touch { expiry: Expiry::After(HOUR) };
        assert_eq!(apply_one(s, b"k", touch, Always), Applied::Touched);
        let load = Load::new(b"k").with_life().touch(Expiry::After(HOUR));
        let found = find(s, load);
        assert_eq!(found.words, "v stale");
        assert!(found.life.is_some());
    }
    // The number becomes longer, so its end of life is set once more, and has room where it is.
    apply_one(s, b"n", store(b"9 "), Always);
    apply_one(s, b"n", INVALIDATE, Always);
    let count = Op::Count(Count::add(1).touch(Expiry::After(HOUR)));
    assert_eq!(apply_one(s, b"n", count, Always), Applied::Counted(10));
    assert_eq!([fetch(s, b"n"), fetch(s, b"n")], ["10 stale won", "10 stale taken"]);
    // Many at once, of several keys, and one that is asked for twice.
    for n in 0..50 {
        let key = format!("many-{n}");
        apply_one(s, key.as_bytes(), store(b"v"), Always);
        apply_one(s, key.as_bytes(), INVALIDATE, Always);
    }
    let keys: Vec<_> = (0..100).map(|n| format!("many-{}", n % 50)).collect();
    let loads: Vec<_> = keys.iter().map(|key| Load::new(key.as_bytes())).collect();
    let mut many = 0;
    s.load_many(&loads, &mut |_, loaded| many += usize::from(loaded.is_ok()));
    assert_eq!(many, 100);
    for key in &keys[..50] {
        assert_eq!(fetch(s, key.as_bytes()), "v stale won");
    }
    assert_eq!([fetch(s, b"k"), fetch(s, b"k")], ["v stale won", "v stale taken"]);
    // The placeholder of a lease that was invalidated.
    fetch(s, b"lease");
    apply_one(s, b"lease", INVALIDATE, Always);
    assert_eq!([look(s, b"lease"), look(s, b"lease")], ["leased", "leased"]);
    assert_eq!([fetch(s, b"lease"), fetch(s, b"lease")], ["leased won", "leased"]);
}

/// Handing the right back may change the version.
pub(super) fn a_stale_value_is_replaced_on_the_token_of_a_load_that_is_to_replace_it(
    s: &dyn Store,
) {
    if !gives_rights(s) {
        return;
    }
    apply_one(s, b"k", store(b"v"), Always);
    apply_one(s, b"k", INVALIDATE, Always);
    let token = load_one(s, b"k").token();
    for op in [store(b"w"), Op::Delete, INVALIDATE] {
        if apply_one(s, b"k", op, Matches(token)) == Applied::Unproven {
            continue;
        }
        // A store whose plain loads change nothing.
        apply_one(s, b"k", store(b"v"), Always);
        apply_one(s, b"k", INVALIDATE, Always);
        break;
    }
    let found = find(s, Load::new(b"k").to_replace());
    assert_eq!(found.words, "v stale won");
    assert_eq!(apply_one(s, b"k", store(b"w"), Matches(found.token())), Applied::Stored);
    assert_eq!(look(s, b"k"), "w");
    // It asks for no lease, and for no right to renew a value that is not stale.
    assert_eq!(find(s, Load::new(b"k").to_replace()).words, "w");
    assert_eq!(find(s, Load::new(b"none").to_replace()).words, "miss");
    assert_eq!(look(s, b"none"), "miss");
}

pub(super) fn one_caller_renews_a_value_that_has_little_life_left(s: &dyn Store) {
    let minute = Duration::from_secs(60);
    let within = |key, left| find(s, Load::new(key).renew_within(left)).words;
    for key in [b"k", b"l"] {
        apply_one(s, key, store_for(b"v", minute), Always);
    }
    apply_one(s, b"ever", store(b"v"), Always);
    assert_eq!([within(b"ever", HOUR), within(b"none", HOUR)], ["v", "miss"]);
    assert_eq!(within(b"k", minute / 2), "v");
    if !gives_rights(s) {
        assert_eq!(within(b"k", HOUR), "v");
        return;
    }
    assert_eq!(within(b"k", HOUR), "v won");
    assert_eq!([within(b"k", HOUR), look(s, b"k"), fetch(s, b"k")], ["v taken"; 3]);
    // The life that the value was found with decides, and not the one that it gets.
    let load = Load::new(b"l").renew_within(HOUR).touch(Expiry::After(2 * HOUR)).with_life();
    let found = find(s, load);
    assert_eq!(found.words, "v won");
    let left = found.life.and_then(|life| life.left()).expect("it expires");
    assert!(left > HOUR, "{left:?}");
    let token = found.token();
    assert_eq!(apply_one(s, b"l", store_for(b"w", minute), Matches(token)), Applied::Stored);
    assert_eq!(within(b"l", HOUR), "w won");
}
