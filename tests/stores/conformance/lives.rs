//! Ends of life: set anew, told, and kept.

use std::time::{Duration, SystemTime};

use memdict::{Applied, Change, Condition, Expiry, Load, Op, Store, StoreError};
use memdict_tests::{
    Got, ONE_SECOND_LIFE, apply, apply_one, find, load_one, store, store_for, wait_until,
};

use Condition::{Absent, Always, Matches};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3_600);

fn touch(s: &dyn Store, key: &[u8], expiry: Expiry) -> Applied {
    apply_one(s, key, Op::Touch { expiry }, Always)
}

/// Returns the seconds that are left of a value's life, `None` for ever. Panics if it is not told.
fn left(s: &dyn Store, key: &[u8]) -> Option<u64> {
    let life = find(s, Load::new(key).with_life()).life.expect("the life is told");
    life.left().map(|left| left.as_secs())
}

/// Returns whether the store tells how much life is left. Its abilities may promise more than those
/// of a server that turns out to need the classic client.
fn tells_lives(s: &dyn Store) -> bool {
    apply_one(s, b"probe", store(b"v"), Always);
    find(s, Load::new(b"probe").with_life()).life.is_some()
}

pub(super) fn a_touch_sets_the_end_of_life_anew_and_keeps_value_and_version(s: &dyn Store) {
    let keys = [&b"longer"[..], b"forever", b"loaded"];
    for key in keys {
        apply_one(s, key, store_for(b"v", SECOND), Always);
    }
    apply_one(s, b"shorter", store_for(b"v", HOUR), Always);
    let token = load_one(s, b"longer").token();
    assert_eq!(touch(s, b"longer", Expiry::After(HOUR)), Applied::Touched);
    assert_eq!(touch(s, b"forever", Expiry::Never), Applied::Touched);
    assert_eq!(touch(s, b"shorter", Expiry::After(SECOND)), Applied::Touched);
    let loaded = find(s, Load::new(b"loaded").touch(Expiry::After(HOUR)));
    assert_eq!(loaded.words, "v");
    if tells_lives(s) {
        let hours = keys.map(|key| left(s, key).map(|left| (3_590..=3_600).contains(&left)));
        assert_eq!(hours, [Some(true), None, Some(true)]);
        assert!(left(s, b"shorter").is_some_and(|left| left <= 1));
    } else {
        wait_until(ONE_SECOND_LIFE, "it is shorter", || load_one(s, b"shorter") == Got::Miss);
        for key in keys {
            assert_eq!(load_one(s, key).value(), Some(&b"v"[..]), "{}", key.escape_ascii());
        }
    }
    assert_eq!(load_one(s, b"longer").token(), token);
    assert!(matches!(apply_one(s, b"longer", store(b"w"), Matches(token)), Applied::Stored));
}

pub(super) fn a_touch_of_nothing_says_so_and_stores_nothing(s: &dyn Store) {
    assert_eq!(touch(s, b"k", Expiry::After(HOUR)), Applied::Gone);
    assert_eq!(find(s, Load::new(b"k").touch(Expiry::Never)).words, "miss");
    assert_eq!(load_one(s, b"k"), Got::Miss);
}

pub(super) fn a_touch_has_no_condition(s: &dyn Store) {
    apply_one(s, b"k", store(b"v"), Always);
    let token = load_one(s, b"k").token();
    for when in [Absent, Matches(token)] {
        let change = Change::new(b"k", Op::Touch { expiry: Expiry::After(SECOND) }, when);
        let outcomes = apply(s, &[change]);
        assert!(matches!(&outcomes[..], [Err(StoreError::Refused(_))]), "{outcomes:?}");
    }
}

pub(super) fn touches_and_stores_on_one_key_take_effect_in_order(s: &dyn Store) {
    let touch = Op::Touch { expiry: Expiry::After(HOUR) };
    let ops = [touch, store_for(b"v", SECOND), touch, Op::Delete, touch, store(b"w"), touch, touch];
    let changes = ops.map(|op| Change::new(b"k", op, Always));
    use Applied::{Deleted, Gone, Stored, Touched};
    let expected = [Gone, Stored, Touched, Deleted, Gone, Stored, Touched, Touched];
    for changes in [changes, changes.map(Change::quiet)] {
        apply_one(s, b"k", Op::Delete, Always);
        let outcomes: Vec<_> = apply(s, &changes).into_iter().flatten().collect();
        assert_eq!(outcomes, expected);
    }
}

pub(super) fn a_value_whose_time_has_passed_expires_at_once(s: &dyn Store) {
    let past = Expiry::At(SystemTime::now() - HOUR);
    for expiry in [past, Expiry::At(SystemTime::UNIX_EPOCH)] {
        apply_one(s, b"k", store(b"old"), Always);
        let gone = Op::Store { bytes: b"v", expiry };
        assert_eq!(apply_one(s, b"k", gone, Always), Applied::Stored);
        assert_eq!(load_one(s, b"k"), Got::Miss);
        apply_one(s, b"k", store(b"old"), Always);
        assert_eq!(touch(s, b"k", expiry), Applied::Touched);
        assert_eq!(load_one(s, b"k"), Got::Miss);
    }
}

pub(super) fn a_time_to_come_is_when_a_value_expires(s: &dyn Store) {
    let soon = Expiry::At(SystemTime::now() + SECOND);
    let later = Expiry::At(SystemTime::now() + HOUR);
    apply_one(s, b"soon", Op::Store { bytes: b"v", expiry: soon }, Always);
    apply_one(s, b"later", Op::Store { bytes: b"v", expiry: later }, Always);
    assert_eq!(load_one(s, b"soon").value(), Some(&b"v"[..]));
    if tells_lives(s) {
        assert!(left(s, b"soon").is_some_and(|left| left <= 1));
        assert!(left(s, b"later").is_some_and(|left| (3_590..=3_600).contains(&left)));
    } else {
        wait_until(ONE_SECOND_LIFE, "it expires", || load_one(s, b"soon") == Got::Miss);
        assert_eq!(load_one(s, b"later").value(), Some(&b"v"[..]));
    }
}

pub(super) fn the_life_that_is_left_is_told_in_whole_seconds(s: &dyn Store) {
    if !tells_lives(s) {
        return;
    }
    apply_one(s, b"ever", store(b"v"), Always);
    apply_one(s, b"hour", store_for(b"v", HOUR), Always);
    assert_eq!(left(s, b"ever"), None);
    assert!((3_590..=3_600).contains(&left(s, b"hour").expect("it expires")));
    let load = Load::new(b"hour").touch(Expiry::After(2 * HOUR)).with_life();
    let life = find(s, load).life.expect("the life is told");
    let left = life.left().expect("it expires").as_secs();
    assert!((7_190..=7_200).contains(&left), "that after the touch: {left}");
    assert_eq!(find(s, Load::new(b"hour")).life, None, "it was not asked");
}

pub(super) fn a_value_can_expire_when_the_one_that_it_replaces_does(s: &dyn Store) {
    if !tells_lives(s) {
        return;
    }
    for (key, expiry) in [(b"hour", Expiry::After(HOUR)), (b"ever", Expiry::Never)] {
        apply_one(s, key, Op::Store { bytes: b"v", expiry }, Always);
        let found = find(s, Load::new(key).with_life());
        let life = found.life.expect("the life is told");
        let again = Op::Store { bytes: b"w", expiry: Expiry::With(life) };
        assert_eq!(apply_one(s, key, again, Matches(found.token())), Applied::Stored);
        let now = find(s, Load::new(key).with_life()).life.expect("the life is told");
        let (was, is) = (life.left(), now.left());
        assert!(is == was || is.zip(was).is_some_and(|(is, was)| is.abs_diff(was) <= 10 * SECOND));
    }
}
