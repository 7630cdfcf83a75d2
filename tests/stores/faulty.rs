//! The store that the tests of sessions fail with, held to what it says.

use memdict::{Applied, Change, Condition, MemoryStore, StoreError};
use memdict_tests::{Fault, FaultyStore, Got, apply, apply_one, load, load_one, store};

use Condition::Always;

#[test]
fn only_the_chosen_operation_fails() {
    let s = FaultyStore::new(MemoryStore::new());
    s.fail_in(1, Fault::Down);
    let changes = [b"a", b"b", b"c"].map(|key| Change::new(key, store(b"v"), Always));
    let outcomes = apply(&s, &changes);
    assert!(matches!(outcomes[..], [Ok(_), Err(StoreError::Down(_)), Ok(_)]), "{outcomes:?}");
    assert_eq!(load_one(s.inner(), b"b"), Got::Miss);
    assert_eq!((s.changes(), s.loads()), (3, 0));
}

#[test]
fn a_lost_acknowledgement_was_applied_and_a_lost_request_was_not() {
    let s = FaultyStore::new(MemoryStore::new());
    for (fault, applied) in [(Fault::AckLost, true), (Fault::SentAndLost, false)] {
        s.fail_in(0, fault);
        let outcomes = apply(&s, &[Change::new(b"k", store(b"v"), Always)]);
        assert!(matches!(outcomes[..], [Err(StoreError::Unknown(_))]), "{outcomes:?}");
        assert_eq!(load_one(s.inner(), b"k") != Got::Miss, applied);
        apply_one(s.inner(), b"k", memdict::What::Delete, Always);
    }
}

#[test]
fn an_evicted_value_is_gone_before_the_operation() {
    let s = FaultyStore::new(MemoryStore::new());
    apply_one(&s, b"k", store(b"v"), Always);
    let token = load_one(&s, b"k").token();
    s.fail_in(0, Fault::Evicted);
    let outcome = apply_one(&s, b"k", store(b"w"), Condition::Matches(token));
    assert_eq!(outcome, Applied::Gone);
}

#[test]
fn a_store_that_always_fails_recovers_when_told_to() {
    let s = FaultyStore::new(MemoryStore::new());
    s.fail_always(Some(Fault::Down));
    assert!(matches!(load(&s, &[b"k"])[..], [Err(StoreError::Down(_))]));
    s.fail_always(None);
    assert_eq!(load_one(&s, b"k"), Got::Miss);
}
